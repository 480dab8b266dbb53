"""Cameras that do not keep to the rules, over real TCP: each does one thing that cameras of the field do.

with odd_cameras({"sei": Odd(marker="sei"), "deaf": Odd(reports=False)}) as sim:
    sim.url("sei")                  # rtsp://127.0.0.1:PORT/sei/main
    sim.dropped["lossy"]            # RTP packets that it numbered and did not send
"""

import contextlib
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Literal

from tests.support.clips import clip
from tests.support.rtppackets import SEI, Marker, Packet, Wire, fragments, interleaved, marked
from tests.support.rtspcamera import SDP, Camera, read_requests

from beffroi.media.frame import Frame
from beffroi.media.nal import split_lengths

_FPS = 25
_NTP_1970_S = 2_208_988_800
After = Literal["goes on", "closes", "mute", "silent"]


@dataclass(frozen=True)
class Odd:
    """What a camera does. ``after``: once it has sent ``pictures``; ``mute``: it answers requests and sends nothing;
    ``silent``: it never answers anything."""

    marker: Marker = "last"
    reports: bool = True
    ssrc: Literal["one", "each picture", "each packet"] = "one"
    loss: float = 0.0
    glued: bool = False
    after: After = "goes on"
    pictures: int = 0
    announces_sets: bool = True


@dataclass
class OddCameras:
    """The server. ``cameras`` is what `tests.support.recorder` wants to know of them."""

    odd: dict[str, Odd]
    port: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    ending: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.cameras = {name: SimpleNamespace(user="", password="") for name in self.odd}
        self.config, self.frames = clip("h264", count=50, gop=10, slices=2)
        self._epoch_s = time.monotonic()

    def url(self, camera: str, stream: str = "main", *, credentials: bool = True) -> str:
        """The address of a camera; it has no password."""
        del credentials
        return f"rtsp://127.0.0.1:{self.port}/{camera}/{stream}"

    def sent(self, camera: str) -> list[bytes]:
        """The access units of a camera's loop, as lengths and NAL units, without the parameter sets."""
        units = [_nals(frame, self.odd[camera]) for frame in self.frames]
        return [b"".join(len(nal).to_bytes(4, "big") + nal for nal in unit) for unit in units]

    def serve(self, listener: socket.socket) -> None:
        """Take calls until the listener is closed."""
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._call, args=(link,), daemon=True).start()

    def _call(self, link: socket.socket) -> None:
        with link, contextlib.suppress(OSError):
            link.settimeout(60.0)
            received, camera, name = b"", None, ""
            while camera is None or not camera.asked or camera.asked[-1].method != "PLAY":
                data = link.recv(65_536)
                if not data:
                    return
                requests, received = read_requests(received + data)
                for request in requests:
                    name = request.url.split("/")[3]
                    odd = self.odd[name]
                    if odd.after == "silent":
                        self.ending.wait()
                        return
                    camera = camera or Camera(sdp=SDP if odd.announces_sets else SDP.partition(";sprop")[0] + "\r\n")
                    link.sendall(camera.answers(request))
            self.calls[name] += 1
            self._play(link, name, self.odd[name])

    def _play(self, link: socket.socket, name: str, odd: Odd) -> None:
        chance = random.Random(f"{name}/{self.calls[name]}")  # noqa: S311  a repeatable fault
        wire = Wire(sequence=chance.randrange(65_536), ssrc=chance.randrange(1 << 32))
        first = int((time.monotonic() - self._epoch_s) * _FPS) + 1
        sent = 0
        while not self.ending.is_set():
            if odd.after != "goes on" and sent >= odd.pictures:
                if odd.after == "closes":
                    return
                self.ending.wait()
                return
            number = first + sent
            self.ending.wait(max(0.0, self._epoch_s + number / _FPS - time.monotonic()))
            link.sendall(self._report(number, odd) + self._picture(name, odd, number, wire, chance))
            sent += 1

    def _picture(self, name: str, odd: Odd, number: int, wire: Wire, chance: random.Random) -> bytes:
        frame = self.frames[number % len(self.frames)]
        nals = _nals(frame, odd)
        if frame.key:
            nals[:0] = self.config.parameter_sets
            if odd.glued:
                nals = [b"\0\0\0\1".join(nals)]
        pieces: list[tuple[bytes, bytes]] = []
        for nal in nals:
            cut = [nal] if len(nal) < 300 and not odd.glued else fragments("h264", nal, range(300, 60_000, 300))
            pieces += [(piece, b"") for piece in cut[:-1]] + [(cut[-1], nal)]
        wire.ssrc += odd.ssrc == "each picture"
        out = b""
        for packet in marked(pieces, (number * 90_000 // _FPS) & 0xFFFFFFFF, odd.marker, "h264"):
            wire.ssrc += odd.ssrc == "each packet"
            data = wire.frame(Packet(packet.payload, packet.rtp_time, packet.marker))
            if odd.loss and chance.random() < odd.loss:
                self.dropped[name] += 1
            else:
                out += data
        return out

    def _report(self, number: int, odd: Odd) -> bytes:
        if not odd.reports or number % _FPS:
            return b""
        wall_s = time.time()
        ntp = (int(wall_s) + _NTP_1970_S) << 32 | int(wall_s % 1 * (1 << 32))
        rtp_time = (number * 90_000 // _FPS) & 0xFFFFFFFF
        return interleaved(1, struct.pack(">BBHIQIII", 0x80, 200, 6, 7, ntp, rtp_time, 0, 0))


def _nals(frame: Frame, odd: Odd) -> list[bytes]:
    nals = [frame.data[at : at + size] for at, size in split_lengths(frame.data)]
    return [SEI["h264"], *nals] if odd.marker == "sei" else nals


@contextlib.contextmanager
def odd_cameras(odd: dict[str, Odd]) -> Iterator[OddCameras]:
    """Serve these cameras for the time of the block."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    cameras = OddCameras(odd, listener.getsockname()[1])
    threading.Thread(target=cameras.serve, args=(listener,), daemon=True).start()
    try:
        yield cameras
    finally:
        cameras.ending.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
