"""What a view needs of its surroundings: leases, a way out, a recorder. The server wires them."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from beffroi.capture.client import LiveMessage
from beffroi.domain.ids import CameraId, StreamName, ViewId
from beffroi.gate.gate import OnCut
from beffroi.ledger.entry import Sent


class ClientGoneError(Exception):
    """The viewer's connection is closed."""


class Sink(Protocol):
    """A viewer's connection (a WebSocket). Both raise `ClientGoneError` once it is closed."""

    async def text(self, message: dict[str, Any]) -> None:
        """Send one JSON message."""
        ...

    async def binary(self, data: bytes) -> None:
        """Send one binary message."""
        ...


class Leases(Protocol):
    """What a view asks of `beffroi.gate.gate.Gate`."""

    def current_lease(self, view: ViewId) -> str | None:
        """The view's lease now, or None."""
        ...

    def subscribe(self, view: ViewId, on_cut: OnCut) -> Callable[[], None]:
        """Be told of a cut."""
        ...

    async def end(self, view: ViewId, sent: Sent = ..., *, outcome: str = ...) -> int | None:
        """Register what was really sent."""
        ...


class LiveConnection(Protocol):
    """One upstream of live pictures: `beffroi.capture.client.LiveClient`."""

    def renew(self, lease: str) -> None:
        """Hand in a fresh lease of the view that opened it."""
        ...

    def __aiter__(self) -> AsyncIterator[LiveMessage]: ...

    async def close(self) -> None:
        """Leave."""
        ...


class LiveConnector(Protocol):
    """Opens an upstream; finds by itself which worker serves the stream."""

    async def __call__(self, camera: CameraId, stream: StreamName, lease: str) -> LiveConnection:
        """Connect.

        Raises:
            BeffroiError: nobody serves it.
        """
        ...


class Footage(Protocol):
    """What a replay asks of a recorder: `beffroi.capture.client.RecorderClient`."""

    async def calendar(self, camera: str, stream: str, from_us: int, to_us: int, lease: str) -> dict[str, Any]:
        """Recorded, gaps, destroyed, lost."""
        ...

    async def chunks(self, camera: str, stream: str, from_us: int, to_us: int, lease: str) -> list[dict[str, Any]]:
        """Headers and indexes of the files that overlap a range."""
        ...

    async def read(self, chunk: int, offset: int, length: int, lease: str) -> bytes:
        """Stored bytes of a file."""
        ...
