"""What a view needs of its surroundings: leases, a way out, a recorder. The server wires them."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from beffroi.capture.client import LiveMessage
from beffroi.domain.errors import NotFoundError
from beffroi.domain.gaps import GapCause
from beffroi.domain.ids import CameraId, StreamName, ViewId
from beffroi.domain.text import Text
from beffroi.gate.gate import OnCut
from beffroi.ledger.entry import Sent

BACKOFF_S: Final = (0.1, 0.25, 0.5, 1.0, 2.0)
"""How long before a recorder that could not give pictures is asked again; the last for all that follow."""


class ClientGoneError(Exception):
    """The viewer's connection is closed."""


class NotCapturedError(NotFoundError):
    """The recorder does not capture this stream."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="L'enregistreur ne capte pas cette caméra : vérifiez sa fiche d'enregistrement.",
                en="The recorder does not capture this camera: check its recording sheet.",
            )
        )


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


@dataclass(frozen=True, slots=True)
class Captured:
    """What a recorder captures of one camera. ``codecs``: codec string of each stream that has begun since the recorder
    started; ``awaited``: the others, each with the reason why nothing comes (None: none is known yet)."""

    codecs: Mapping[StreamName, str]
    awaited: Mapping[StreamName, GapCause | None]


class LiveCamera(Protocol):
    """Tells what is captured of a camera: `beffroi.watch.recorder.RecorderLive`."""

    async def captured(self, camera: CameraId) -> Captured:
        """Ask the recorder.

        Raises:
            BeffroiError: it does not answer.
        """
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
            NotCapturedError: nobody serves it. BeffroiError, OSError: nobody answers.
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
