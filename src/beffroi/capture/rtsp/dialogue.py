"""The requests of a session, one after the other: OPTIONS, DESCRIBE, SETUP, PLAY, then a keep-alive now and then.

Only the video is ever set up. Sound and metadata tracks of the description are not asked for: there is nothing to drop.
"""

import re
from typing import Final

from beffroi.capture.ends import RunEnd
from beffroi.capture.rtsp.address import Address, base_url, control_url
from beffroi.capture.rtsp.auth import Credentials
from beffroi.capture.rtsp.errors import SourceError, unreadable
from beffroi.capture.rtsp.message import Message
from beffroi.capture.rtsp.sdp import Track, read_sdp

_AGENT: Final = "Beffroi"
_MAX_REDIRECTS: Final = 3
_MAX_TRIES: Final = 3  # without proof, with it, and once more when the nonce was stale
_INTERLEAVED = re.compile(r"interleaved\s*=\s*(\d{1,3})(?:\s*-\s*(\d{1,3}))?", re.IGNORECASE | re.ASCII)
_TIMEOUT = re.compile(r";\s*timeout\s*=\s*(\d{1,6})", re.IGNORECASE | re.ASCII)
_SESSION = re.compile(r"[\x21-\x3a\x3c-\x7e]{1,256}\Z")
_DEFAULT_TIMEOUT_S: Final = 60


class Dialogue:
    """Says what to send next. Knows no clock and no bytes but those of its requests."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._credentials = Credentials(address.user, address.password) if address.user is not None else None
        self._url = address.url
        self._aggregate = address.url
        self._track_url = address.url
        self._session = ""
        self._public: frozenset[str] = frozenset()
        self._sequence = self._tries = self._redirects = 0
        self._asked: tuple[str, str, tuple[str, ...]] | None = None
        self._keep_alive = ""
        self.track: Track | None = None
        self.channels = (0, 1)
        self.timeout_s = _DEFAULT_TIMEOUT_S
        self.playing = False
        self._out = bytearray()
        self._ask("OPTIONS", self._url)

    @property
    def waiting(self) -> str:
        """The method of the request that was not answered yet; empty when none."""
        return self._asked[0] if self._asked else ""

    @property
    def is_set_up(self) -> bool:
        """Whether the camera set the video up: frames may come on `channels`."""
        return bool(self._session)

    def to_send(self) -> bytes:
        """The bytes to send, given once."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def send(self, data: bytes) -> None:
        """Other bytes for the same connection."""
        self._out += data

    def keep_alive(self) -> None:
        """Tell the camera that we are still there."""
        if not self._keep_alive:
            self._keep_alive = "GET_PARAMETER" if "GET_PARAMETER" in self._public else "OPTIONS"
        self._ask(self._keep_alive, self._aggregate)

    def teardown(self) -> None:
        """End the session, if there is one."""
        if self._session:
            self._ask("TEARDOWN", self._aggregate)

    def take(self, message: Message) -> None:
        """Take what the camera said.

        Raises:
            SourceError: it refused, or what it said cannot be followed.
        """
        if message.status == 0:  # a request of the camera's (RFC 2326 allows a few): none is ours to serve
            sequence = message.header("cseq")
            number = sequence if sequence.isascii() and sequence.isdigit() and len(sequence) < 10 else "0"
            self._out += f"RTSP/1.0 501 Not Implemented\r\nCSeq: {number}\r\n\r\n".encode()
            return
        if message.status < 200 or self._asked is None:
            return
        method, url, extra = self._asked
        self._asked = None
        if message.status == 401:
            self._prove(method, url, extra, message)
        elif self.playing:
            self._kept_alive(method, message.status)
        elif message.status in {301, 302, 303, 307} and method in {"OPTIONS", "DESCRIBE"}:
            self._redirect(message)
        elif method == "OPTIONS":
            self._offered(message)
        elif message.status >= 300:
            raise _refusal(message.status)
        elif method == "DESCRIBE":
            self._described(message)
        elif method == "SETUP":
            self._set_up(message)
        elif method == "PLAY":
            self.playing = True

    def _prove(self, method: str, url: str, extra: tuple[str, ...], message: Message) -> None:
        self._tries += 1
        offers = message.headers.get("www-authenticate", [])
        if self._credentials is None or self._tries >= _MAX_TRIES or not self._credentials.challenged(offers):
            raise SourceError(RunEnd.UNAUTHORISED, "credentials")
        self._ask(method, url, *extra, again=True)

    def _kept_alive(self, method: str, status: int) -> None:
        if status in {454, 455}:
            raise SourceError(RunEnd.CLOSED, "session")
        if status >= 300 and method == "GET_PARAMETER":
            self._keep_alive = "OPTIONS"

    def _redirect(self, message: Message) -> None:
        self._redirects += 1
        url = self._address.same_host(message.header("location"))
        if url is None or self._redirects > _MAX_REDIRECTS:
            raise SourceError(RunEnd.REFUSED, "redirect")
        self._url = self._aggregate = url
        self._ask("DESCRIBE", url, "Accept: application/sdp")

    def _offered(self, message: Message) -> None:
        """OPTIONS is a courtesy: a camera that does not know it is asked for its streams all the same."""
        offered = ",".join(message.headers.get("public", []))
        self._public = frozenset(one.strip().upper() for one in offered.split(","))
        self._ask("DESCRIBE", self._url, "Accept: application/sdp")

    def _described(self, message: Message) -> None:
        track, session_control = read_sdp(message.body)
        written = message.header("content-base") or message.header("content-location")
        base = base_url(written, self._url) if written else self._url
        self.track = track
        self._aggregate = control_url(base, session_control)
        self._track_url = control_url(base, track.control)
        self._ask("SETUP", self._track_url, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")

    def _set_up(self, message: Message) -> None:
        transport = message.header("transport")
        if found := _INTERLEAVED.search(transport):
            first = int(found[1])
            second = int(found[2]) if found[2] else first + 1
            if max(first, second) > 255 or first == second:
                raise unreadable("transport")
            self.channels = (first, second)
        elif transport and "TCP" not in transport.upper():
            raise unreadable("transport")
        written = message.header("session")
        session = written.partition(";")[0].strip()
        if not _SESSION.match(session):
            raise unreadable("session")
        self._session = session
        if found := _TIMEOUT.search(written):
            self.timeout_s = max(2, int(found[1]))
        self._ask("PLAY", self._aggregate, "Range: npt=0.000-")

    def _ask(self, method: str, url: str, *extra: str, again: bool = False) -> None:
        if not again:
            self._tries = 0
        self._sequence += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._sequence}", f"User-Agent: {_AGENT}", *extra]
        if self._session:
            lines.append(f"Session: {self._session}")
        proof = self._credentials.header(method, url) if self._credentials else None
        if proof:
            lines.append(f"Authorization: {proof}")
        self._asked = (method, url, extra)
        self._out += ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def _refusal(status: int) -> SourceError:
    if status in {401, 403, 407}:
        return SourceError(RunEnd.UNAUTHORISED, str(status))
    return SourceError(RunEnd.REFUSED, str(status))
