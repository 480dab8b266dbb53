"""Cameras that send odd streams once, over real RTSP and TCP, at their own pace, and keep the list of what they sent.

with odd_cameras({"rue-1": OddCamera(clip)}) as sim:
    sim.url("rue-1"); sim.wait_sent("rue-1")

RTP time is presentation time, from near the wrap of its 32 bits on. When all is sent, the connection is closed and the
camera answers nobody any more.
"""

import asyncio
import struct
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from tests.support.oddclips import TICKS, OddClip
from tests.support.ports import wait_for

from simulate.nal import sdp_format
from simulate.packets import VIDEO_TYPE, packetise
from simulate.request import BadRequestError, Request, read_request

WRAP: Final = 1 << 32
_REPORT: Final = struct.Struct("!BBHBBHIIIIII")
_STAMP: Final = struct.Struct("!HII")
_NTP_1970_S: Final = 2_208_988_800
_SSRC: Final = 0x0DD0CA11


@dataclass(eq=False)
class OddCamera:
    """One stream to be sent once. ``first_time``: RTP time of media time 0 (a second and a half before the wrap);
    ``reports``: whether sender reports tell the camera's clock."""

    clip: OddClip
    reports: bool = False
    first_time: int = WRAP - 3 * TICKS // 2
    served: bool = False
    sent: int = 0
    done: bool = False
    clock_zero_us: int = 0
    sent_us: list[int] = field(default_factory=list)
    """When each picture was handed to the network, by the machine's clock: on a busy one later than it was due."""
    _sequence: int = field(default=65_500, repr=False)

    def packets(self, number: int) -> bytes:
        """The n-th picture as interleaved RTP packets."""
        picture = self.clip.pictures[number]
        data, starts = packetise(self.clip.codec, list(picture.units))
        out = bytearray(data)
        stamp = (self.first_time + picture.shown_90k) % WRAP
        for start in starts:
            _STAMP.pack_into(out, start + 6, self._sequence & 0xFFFF, stamp, _SSRC)
            self._sequence += 1
        return bytes(out)

    def zero_us(self, numbers: Iterable[int]) -> int:
        """When media time 0 was, by the least late of these pictures: what can be known of it from outside."""
        return min(self.sent_us[number] - self.clip.pictures[number].sent_90k * 100 // 9 for number in numbers)

    def report(self, wall_us: int) -> bytes:
        """A sender report: the camera's clock is the machine's."""
        seconds, micros = divmod(wall_us, 1_000_000)
        stamp = (self.first_time + (wall_us - self.clock_zero_us) * 9 // 100) % WRAP
        ntp = (seconds + _NTP_1970_S) & 0xFFFFFFFF, (micros << 32) // 1_000_000
        return _REPORT.pack(0x24, 1, 28, 0x80, 200, 6, _SSRC, *ntp, stamp, 0, 0)

    def description(self) -> str:
        """SDP."""
        lines = [
            *("v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=odd", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*"),
            f"m=video 0 RTP/AVP {VIDEO_TYPE}",
            f"a=rtpmap:{VIDEO_TYPE} {self.clip.codec.upper()}/90000",
            f"a=fmtp:{VIDEO_TYPE} {sdp_format(self.clip.codec, self.clip.sets)}",
            "a=control:video",
        ]
        return "\r\n".join(lines) + "\r\n"


class OddServer:
    """RTSP over TCP for some odd cameras, in a thread of its own."""

    def __init__(self, cameras: Mapping[str, OddCamera]) -> None:
        self.cameras = dict(cameras)
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def url(self, camera: str) -> str:
        """Address of a camera's stream."""
        return f"rtsp://127.0.0.1:{self.port}/{camera}/main"

    def wait_sent(self, camera: str, timeout_s: float = 60) -> OddCamera:
        """Until a camera has sent all it has."""
        odd = self.cameras[camera]
        wait_for(lambda: odd.done, timeout_s=timeout_s, what=f"{camera} to send its {len(odd.clip.pictures)} pictures")
        return odd

    def start(self) -> None:
        """Listen on a free port."""
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._accept, "127.0.0.1", 0), self._loop)
        self.port = server.result(10).sockets[0].getsockname()[1]

    def stop(self) -> None:
        """End."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await read_request(reader)) is not None:
                camera = self.cameras.get(request.path[0]) if request.path else None
                if camera is None or (camera.served and request.method in {"DESCRIBE", "OPTIONS"}):
                    break
                writer.write(_answer(camera, request))
                if request.method == "PLAY" and not camera.served:
                    camera.served = True
                    reading = asyncio.ensure_future(_ignore(reader, writer))
                    await _send_all(camera, writer)
                    reading.cancel()
                    break
                if request.method == "TEARDOWN":
                    break
        except (BadRequestError, ConnectionError):
            pass
        finally:
            writer.close()


async def _ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Keep-alives are answered while the stream runs."""
    while (request := await read_request(reader)) is not None:
        writer.write(_reply(request))


async def _send_all(camera: OddCamera, writer: asyncio.StreamWriter) -> None:
    begin_s, camera.clock_zero_us = time.monotonic(), time.time_ns() // 1000
    report_s = 0.0
    for number, picture in enumerate(camera.clip.pictures):
        due_s = begin_s + picture.sent_90k / TICKS
        if (wait_s := due_s - time.monotonic()) > 0:
            await asyncio.sleep(wait_s)
        if camera.reports and time.monotonic() >= report_s:
            report_s = time.monotonic() + 1.0
            writer.write(camera.report(time.time_ns() // 1000))
        data = camera.packets(number)
        camera.sent_us.append(time.time_ns() // 1000)
        writer.write(data)
        await writer.drain()
        camera.sent += 1
    await asyncio.sleep(0.2)
    camera.done = True


def _answer(camera: OddCamera, request: Request) -> bytes:
    if request.method == "DESCRIBE":
        body = camera.description()
        head = f"Content-Base: {request.url.rstrip('/')}/\r\nContent-Type: application/sdp\r\n"
        return _reply(request, f"{head}Content-Length: {len(body)}\r\n") + body.encode()
    if request.method == "SETUP":
        return _reply(request, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 0DD;timeout=60\r\n")
    return _reply(request, "Session: 0DD\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n")


def _reply(request: Request, headers: str = "") -> bytes:
    return f"RTSP/1.0 200 OK\r\nCSeq: {request.headers['cseq']}\r\n{headers}\r\n".encode()


@contextmanager
def odd_cameras(cameras: Mapping[str, OddCamera]) -> Iterator[OddServer]:
    """Serve these cameras for the time of the block."""
    server = OddServer(cameras)
    server.start()
    try:
        yield server
    finally:
        server.stop()
