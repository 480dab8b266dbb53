"""A method of the running centre that stands still for a moment, so that a test can do something meanwhile."""

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Final
from unittest.mock import patch

_WAIT_S: Final = 60.0


@dataclass
class Held:
    """The first call of a method: where it stands, and its way on."""

    _begun: Event = field(default_factory=Event)
    _go: Event = field(default_factory=Event)

    def begun(self) -> None:
        """Wait until it stands there."""
        assert self._begun.wait(_WAIT_S), "it was not called"

    def go(self) -> None:
        """Let it go on."""
        self._go.set()

    def stand(self) -> None:
        """The first call waits, each other passes."""
        if not self._begun.is_set():
            self._begun.set()
            assert self._go.wait(_WAIT_S), "nobody let it go on"


@contextmanager
def held_back(owner: type, name: str, *, done: bool = False) -> Iterator[Held]:
    """The first call of a method, a coroutine or not, stands still before it does anything; ``done``: before it returns
    what it did. It goes on with the end of the block at the latest."""
    whole, held = getattr(owner, name), Held()

    async def later(*args: Any, **named: Any) -> Any:
        if not done:
            await asyncio.to_thread(held.stand)
        answer = await whole(*args, **named)
        if done:
            await asyncio.to_thread(held.stand)
        return answer

    def now(*args: Any, **named: Any) -> Any:
        if not done:
            held.stand()
        answer = whole(*args, **named)
        if done:
            held.stand()
        return answer

    with patch.object(owner, name, later if inspect.iscoroutinefunction(whole) else now):
        try:
            yield held
        finally:
            held.go()
