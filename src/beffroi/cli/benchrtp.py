"""What taking RTP costs: sessions fed from memory in turn, as the capture loop feeds them, without sockets or disks."""

import random
import struct
import time
from dataclasses import asdict, dataclass
from typing import Final

from beffroi.capture.rtsp import Session
from beffroi.media.rtp import AccessUnit
from simulate.nal import Codec
from simulate.packets import packetise

_FPS: Final = 25
_GOP: Final = 50
_LOOP: Final = 2 * _GOP
_KEY_SIZE: Final = 4  # a key picture is so many times the mean
_STAMP: Final = struct.Struct(">HII")
_UNITS: Final[dict[Codec, tuple[tuple[bytes, ...], bytes, bytes]]] = {
    "h264": ((b"\x67\x64\x00\x1f\x80", b"\x68\xee\x3c\x80"), b"\x65\x88", b"\x41\x9a"),
    "h265": ((b"\x40\x01\x0c", b"\x42\x01\x01", b"\x44\x01\xc1"), b"\x26\x01\xaf", b"\x02\x01\xd0"),
}


@dataclass(frozen=True, slots=True)
class RtpFigures:
    """CPU of one kind of stream: microseconds a packet and a picture, milliseconds a second and stream."""

    codec: Codec
    kbit_s: int
    streams: int
    packets_s: int
    us_packet: float
    us_picture: float
    ms_s: float


def measure_rtp(streams: int = 64, seconds: float = 4.0) -> list[dict[str, object]]:
    """Figures for H.264 and H.265 at 4 Mbit/s and 0.4 Mbit/s. Pictures of the last group are kept, as the ring does."""
    return [
        asdict(_measure(codec, kbit_s, streams, round(seconds * _FPS))) for codec in _UNITS for kbit_s in (4000, 400)
    ]


def _measure(codec: Codec, kbit_s: int, streams: int, pictures: int) -> RtpFigures:
    sent, packets = _pictures(codec, kbit_s)
    sessions = [_playing(codec) for _ in range(streams)]
    kept: list[list[AccessUnit]] = [[] for _ in sessions]
    buffer = memoryview(bytearray(1 << 20))
    spent_ns = given = 0
    for number in range(pictures):
        data = _stamped(sent[number % _LOOP], number, number // _LOOP * packets)
        buffer[: len(data)] = data
        begun_ns = time.thread_time_ns()
        for session, group in zip(sessions, kept, strict=True):
            for unit in session.receive(buffer[: len(data)], 0.0):
                if unit.key:
                    group.clear()
                group.append(unit)
                given += 1
        spent_ns += time.thread_time_ns() - begun_ns
    if given < (pictures - 1) * streams:
        raise RuntimeError("pictures are missing")
    packets_s = packets * _FPS // _LOOP
    us_picture = spent_ns / 1000 / pictures / streams
    return RtpFigures(
        codec, kbit_s, streams, packets_s,
        us_packet=round(us_picture * _FPS / packets_s, 2),
        us_picture=round(us_picture, 1),
        ms_s=round(us_picture * _FPS / 1000, 3),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Picture:
    template: bytes
    starts: tuple[int, ...]
    first_packet: int


def _pictures(codec: Codec, kbit_s: int) -> tuple[list[_Picture], int]:
    """A loop of random pictures as interleaved packets, and how many packets it has."""
    chance = random.Random(kbit_s)  # noqa: S311  the same bytes each time
    sets, key_head, head = _UNITS[codec]
    mean = kbit_s * 125 / _FPS
    other = mean * (_GOP - _KEY_SIZE) / (_GOP - 1)
    out, packets = [], 0
    for number in range(_LOOP):
        key = number % _GOP == 0
        body = chance.randbytes(round(mean * _KEY_SIZE if key else other))
        template, starts = packetise(codec, [*sets, key_head + body] if key else [head + body])
        out.append(_Picture(template, starts, packets))
        packets += len(starts)
    return out, packets


def _stamped(picture: _Picture, number: int, before: int) -> bytes:
    out = bytearray(picture.template)
    for place, start in enumerate(picture.starts):
        _STAMP.pack_into(out, start + 6, (before + picture.first_packet + place) & 0xFFFF, number * 3600, 1)
    return bytes(out)


def _playing(codec: Codec) -> Session:
    """A session that was told everything it asks."""
    session = Session("rtsp://camera.invalid/main", now_s=0.0)
    body = f"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 {codec.upper()}/90000\r\n".encode()
    for headers, content in (
        ("", b""),
        (f"Content-Length: {len(body)}\r\n", body),
        ("Transport: RTP/AVP/TCP;interleaved=0-1\r\nSession: 1\r\n", b""),
        ("", b""),
    ):
        session.to_send()
        session.receive(f"RTSP/1.0 200 OK\r\n{headers}\r\n".encode() + content, 0.0)
    return session
