"""Publish and subscribe inside one process. A subscriber that fails does not stop the others."""

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import structlog

_log = structlog.get_logger(__name__)

Handler = Callable[[Any], None]


class Bus:
    """Topics are event types; handlers are called in the publisher's thread and must be quick."""

    def __init__(self) -> None:
        self._handlers: dict[type, list[Handler]] = defaultdict(list)
        self._lock = threading.Lock()

    def subscribe(self, event_type: type, handler: Handler) -> Callable[[], None]:
        """Call ``handler`` for each event of this type. Returns a function that ends the subscription."""
        with self._lock:
            self._handlers[event_type].append(handler)

        def end() -> None:
            with self._lock:
                if handler in self._handlers[event_type]:
                    self._handlers[event_type].remove(handler)

        return end

    def publish(self, event: object) -> None:
        """Hand one event to all who asked for its type."""
        with self._lock:
            handlers = list(self._handlers[type(event)])
        for handler in handlers:
            try:
                handler(event)
            except Exception:  # noqa: BLE001  one subscriber's fault must not silence the others
                _log.exception("bus handler failed", event_type=type(event).__name__)
