"""One RTSP connection: requests in, answers out, and a place among the viewers of a feed while it plays."""

import asyncio
import re
import secrets
from dataclasses import dataclass, field
from typing import Final

from simulate.config import Camera
from simulate.faults import Fault
from simulate.feed import Feed, Viewer
from simulate.pace import WallClock
from simulate.request import BadRequestError, Request, challenge, digest_is_right, read_request
from simulate.sdp import describe

_METHODS: Final = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
}
_IDLE_S: Final = 60.0
_INTERLEAVED = re.compile(r"interleaved=(\d{1,3})-(\d{1,3})")


@dataclass(eq=False)
class Served:
    """A camera being served: its settings, its feeds, its fault, its open connections."""

    camera: Camera
    feeds: dict[str, Feed]
    fault: Fault = field(default_factory=Fault)
    connections: set["Connection"] = field(default_factory=set)


class _CutError(Exception):
    """The camera's fault closes this connection without an answer."""


class Connection:
    """Lives as long as its TCP connection. Whatever is received, it ends with itself and never with the server."""

    def __init__(
        self, cameras: dict[str, Served], now_us: WallClock, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._cameras, self._now_us, self._reader, self._writer = cameras, now_us, reader, writer
        self._nonce = secrets.token_hex(16)
        self._session = secrets.token_hex(4).upper()
        self._served: Served | None = None
        self._feed: Feed | None = None
        self._channels: dict[str, int] = {}
        self._viewer: Viewer | None = None

    def abort(self) -> None:
        """Close at once, without a word."""
        self._writer.transport.abort()

    async def run(self) -> None:
        """Answer requests until the connection ends."""
        try:
            while request := await asyncio.wait_for(read_request(self._reader), None if self._viewer else _IDLE_S):
                if self._silenced(request):
                    continue
                if not self._answer(request):
                    break
                await self._writer.drain()
        except BadRequestError:
            self._reply(400, "0")
        except (_CutError, TimeoutError, ConnectionError):
            pass
        finally:
            self._leave()
            if self._served:
                self._served.connections.discard(self)
            self._writer.close()

    def _silenced(self, request: Request) -> bool:
        served = self._served or self._cameras.get(request.path[0] if request.path else "")
        if not served:
            return False
        self._served = served
        served.connections.add(self)
        if served.fault.kind == "refuse":
            raise _CutError
        return served.fault.kind == "silent"

    def _answer(self, request: Request) -> bool:
        """Answer one request; False when the connection is to be closed."""
        sequence = request.headers["cseq"]
        if request.method == "OPTIONS":
            self._reply(200, sequence, f"Public: {_METHODS}")
            return True
        path = request.path
        served = self._cameras.get(path[0]) if path else None
        if served is None or len(path) < 2 or path[1] not in served.feeds:
            self._reply(404, sequence)
            return True
        if served is not self._served:  # a connection belongs to the camera that it first named
            self._reply(400, sequence)
            return False
        if served.camera.password and not digest_is_right(
            request, user=served.camera.user, password=served.camera.password, nonce=self._nonce
        ):
            self._reply(401, sequence, f"WWW-Authenticate: {challenge(self._nonce)}")
            return True
        return self._allowed(request, served.feeds[path[1]], sequence)

    def _allowed(self, request: Request, feed: Feed, sequence: str) -> bool:
        method = request.method
        if method == "DESCRIBE":
            body = describe(feed.serving, audio=feed.audio)
            base = request.url.rstrip("/") + "/"
            self._reply(200, sequence, f"Content-Base: {base}", "Content-Type: application/sdp", body=body)
        elif method == "SETUP":
            self._set_up(request, feed, sequence)
        elif method not in ("PLAY", "GET_PARAMETER", "TEARDOWN"):
            self._reply(501, sequence, f"Allow: {_METHODS}")
        elif method == "GET_PARAMETER" and "session" not in request.headers:
            self._reply(200, sequence)
        elif not self._channels or request.headers.get("session", "").partition(";")[0] != self._session:
            self._reply(454, sequence)
        elif method == "PLAY":
            self._play(request, sequence)
        else:
            self._reply(200, sequence, f"Session: {self._session}")
            return method != "TEARDOWN"
        return True

    def _set_up(self, request: Request, feed: Feed, sequence: str) -> None:
        transport = request.headers.get("transport", "")
        track = request.path[2] if len(request.path) > 2 else "video"
        if track not in (("video", "audio") if feed.audio else ("video",)):
            self._reply(404, sequence)
            return
        if self._viewer or (self._feed and self._feed is not feed):
            self._reply(455, sequence)
            return
        choice = next((one for one in transport.split(",") if one.strip().upper().startswith("RTP/AVP/TCP")), None)
        if choice is None:
            self._reply(461, sequence)
            return
        asked = _INTERLEAVED.search(choice)
        channel = int(asked[1]) if asked else 2 * len(self._channels)
        if channel > 254 or any(abs(channel - used) < 2 for name, used in self._channels.items() if name != track):
            self._reply(461, sequence)
            return
        self._feed = feed
        self._channels[track] = channel
        self._reply(
            200,
            sequence,
            f"Transport: RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}",
            f"Session: {self._session};timeout=60",
        )

    def _play(self, request: Request, sequence: str) -> None:
        feed = self._feed
        if feed is None or self._viewer:
            self._reply(200 if self._viewer else 455, sequence, f"Session: {self._session}")
            return
        viewer = Viewer(self._writer.transport, self._channels.get("video"), self._channels.get("audio"))
        first = feed.first_for(self._now_us())
        url = request.url.rstrip("/")
        tracks = [f"url={url}/video;seq={feed.sequence(first)};rtptime={feed.rtp_time(first)}"]
        if viewer.audio_channel is not None:
            tracks.append(f"url={url}/audio;seq={feed.audio_sequence(first)};rtptime={feed.audio_time(first)}")
        self._reply(200, sequence, f"Session: {self._session}", "Range: npt=now-", f"RTP-Info: {','.join(tracks)}")
        feed.join_viewer(viewer, first, self._now_us())
        self._viewer = viewer

    def _leave(self) -> None:
        if self._viewer and self._feed:
            self._feed.viewers.discard(self._viewer)
        self._viewer = None

    def _reply(self, code: int, sequence: str, *headers: str, body: str = "") -> None:
        lines = [f"RTSP/1.0 {code} {_REASONS[code]}", f"CSeq: {sequence}", "Server: Simulated camera", *headers]
        if body:
            lines.append(f"Content-Length: {len(body.encode())}")
        if not self._writer.is_closing():
            self._writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
