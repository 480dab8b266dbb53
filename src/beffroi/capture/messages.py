"""What supervisor and worker say to one another: one JSON object a line, over a socket pair that both inherit."""

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from beffroi.capture.mandate import Mandate, StreamKey
from beffroi.domain.ids import AuthorityId, CameraId
from beffroi.vault.cameraurl import CameraUrl, SecretUrl
from beffroi.vault.credentials import RecorderIdentity, open_credentials
from beffroi.vault.sheet import RecordingSheet

NEVER_US: Final = 1 << 62
MAX_LINE_BYTES: Final = 16 * 1024 * 1024


class Channel:
    """One end of the pair. Sending is safe from several threads."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._lock = threading.Lock()
        self._rest = b""

    def fileno(self) -> int:
        """For `select`."""
        return self._link.fileno()

    def send(self, message: dict[str, Any]) -> None:
        """Send one message.

        Raises:
            OSError: the other end is gone.
        """
        line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            self._link.sendall(line)

    def receive(self) -> list[dict[str, Any]] | None:
        """The messages that have come, after `select` said so; None at the end."""
        data = self._link.recv(1 << 16)
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [json.loads(line) for line in lines]


@dataclass(frozen=True, slots=True)
class Assignment:
    """One stream for a worker: its sheet's words, credentials still sealed. ``cause`` (`GapCause`): why it was not
    recorded until now; "": for the reason that the worker was not there. ``paused``: see `Mandate`."""

    camera: str
    stream: str
    authority: str
    term_days: int
    from_us: int
    until_us: int
    serial: int
    url: str
    credentials: str
    cause: str = ""
    paused: bool = False

    def mandate(self, identity: RecorderIdentity) -> Mandate:
        """The mandate, whose address is unsealed each time the camera is called and kept nowhere."""
        return Mandate(
            key=StreamKey(CameraId(self.camera), "main" if self.stream == "main" else "sub"),
            authority=AuthorityId(self.authority),
            term_days=self.term_days,
            from_us=self.from_us,
            until_us=self.until_us,
            serial=self.serial,
            address=self.url,
            paused=self.paused,
            open_url=_opener(identity, self.camera, self.url, self.credentials),
        )


def assignments_of(sheet: RecordingSheet, *, on_trust: bool) -> list[Assignment]:
    """The streams of a sheet. On trust (the clock is in doubt) the supervisor alone ends it."""
    return [
        Assignment(
            camera=sheet.camera,
            stream=stream.name,
            authority=sheet.authority,
            term_days=sheet.term_days,
            from_us=0 if on_trust else sheet.valid_from_us,
            until_us=NEVER_US if on_trust else sheet.valid_until_us,
            serial=sheet.serial,
            url=stream.url,
            credentials=sheet.credentials,
        )
        for stream in sheet.streams
    ]


def _opener(identity: RecorderIdentity, camera: str, url: str, sealed: str) -> Callable[[], str]:
    def reveal() -> str:
        opened = open_credentials(identity, sealed, camera=camera)
        return SecretUrl(CameraUrl.parse(url), opened.user, opened.password).reveal()

    return reveal
