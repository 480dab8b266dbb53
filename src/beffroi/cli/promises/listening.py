"""A viewer without manners: told that the view is cut, it goes on reading, and asks for more."""

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from websockets.exceptions import ConnectionClosed

from beffroi.cli.promises.client import KIND_FRAGMENT, Json, Person, ViewSocket
from beffroi.cli.promises.report import demand
from beffroi.domain.clock import to_wall_us

_WAIT_S: Final = 0.2
_RANGE: Final = timedelta(seconds=10)
_SEEK_BACK_US: Final = 3_000_000


@dataclass
class Listener:
    """One open view. Times are monotonic seconds."""

    socket: ViewSocket
    fragments: list[tuple[float, int]] = field(default_factory=list)
    cut: dict[str, Any] | None = None
    cut_s: float | None = None
    stop: bool = False
    seek_to_us: int | None = None
    _seeks: int = 0

    def listen(self) -> None:
        """Read until stopped."""
        while not self.stop and self.socket.closed is None:
            self.read()

    def read(self) -> None:
        """One message, or none for a while."""
        message = self.socket.receive(_WAIT_S)
        if isinstance(message, tuple) and message[0] == KIND_FRAGMENT:
            self.fragments.append((time.monotonic(), len(message[1])))
        elif isinstance(message, dict) and message.get("type") == "timeline":
            self.ask_more()
        elif isinstance(message, dict) and message.get("type") == "cut":
            self.cut, self.cut_s = message, time.monotonic()

    def ask_more(self) -> None:
        """Ask for the end of the range again, whether or not the view was cut."""
        if self.seek_to_us is not None:
            self._seeks += 1
            with contextlib.suppress(ConnectionClosed):
                self.socket.send({"type": "seek", "seek": self._seeks, "at_us": self.seek_to_us, "speed": 1})

    @property
    def bytes_after_cut(self) -> int:
        """How many bytes of pictures came after the cut."""
        return sum(length for at_s, length in self.fragments if self.cut_s is not None and at_s > self.cut_s)


@contextmanager
def listening(person: Person, camera: str, act: str = "live") -> Iterator[Listener]:
    """A view open and read in a thread of its own; a replay plays the last seconds.

    Raises:
        PromiseBrokenError: the view is refused.
    """
    end = datetime.now(UTC) - timedelta(seconds=1)
    more: Json = {}
    if act == "replay":
        more = {"from": (end - _RANGE).isoformat(), "to": end.isoformat(), "reason": "watch"}
    with person.socket() as socket:
        opened = person.obtain_view(socket.connection_id, camera, act, **more)
        demand(opened.status == 201, f"Vue refusée : {opened.body}", f"View refused: {opened.body}")
        listener = Listener(socket, seek_to_us=to_wall_us(end) - _SEEK_BACK_US if act == "replay" else None)
        socket.send({"type": "lease", "lease": opened.body["lease"]})
        thread = threading.Thread(target=listener.listen, daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            listener.stop = True
            thread.join(timeout=5)
