"""Pictures cut into RTP packets in every way that RFC 6184 and RFC 7798 allow, by code of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from beffroi.media.nal import Codec
from beffroi.media.rtp import AccessUnit

Marker = Literal["last", "none", "every", "sei", "first"]
MARKERS: tuple[Marker, ...] = ("last", "none", "every", "sei", "first")

AUD = {"h264": b"\x09\xf0", "h265": b"\x46\x01\x50"}
SETS = {
    "h264": (b"\x67\x64\x00\x1f\xac\xd9", b"\x68\xee\x3c\x80"),
    "h265": (b"\x40\x01\x0c\x01", b"\x42\x01\x01\x01", b"\x44\x01\xc1\x72"),
}
SEI = {"h264": b"\x06\x05\x04abcd\x80", "h265": b"\x4e\x01\x05\x04abcd\x80"}


@dataclass(frozen=True)
class Packet:
    """One RTP packet before it gets its number."""

    payload: bytes
    rtp_time: int
    marker: bool = False


@dataclass(frozen=True)
class Picture:
    """An access unit as its NAL units."""

    codec: Codec
    rtp_time: int
    nals: tuple[bytes, ...]
    key: bool = False

    def kept(self) -> list[bytes]:
        """The NAL units that an access unit holds."""
        return [nal for nal in self.nals if nal not in SETS[self.codec] and nal != AUD[self.codec]]

    def expected(self, *, lost: bool = False) -> AccessUnit:
        """What the depacketiser must make of it."""
        data = b"".join(len(nal).to_bytes(4, "big") + nal for nal in self.kept())
        sets = tuple(nal for nal in self.nals if nal in SETS[self.codec])
        return AccessUnit(data, self.key, sets, self.rtp_time & 0xFFFFFFFF, None, lost)


def slice_nal(codec: Codec, *, key: bool, first: bool, body: bytes) -> bytes:
    """A slice whose first-slice bit is right; ``body`` follows."""
    start = b"\x88" if first else b"\x48"
    if codec == "h264":
        return (b"\x65" if key else b"\x41") + start + body
    return (b"\x26\x01" if key else b"\x02\x01") + start + body


def picture(
    codec: Codec, number: int, *, key: bool, slices: Sequence[bytes], sei: bool = False, aud: bool = False
) -> Picture:
    """A picture at 25 a second, its parameter sets before it when it is a key picture."""
    nals = [AUD[codec]] if aud else []
    nals += SETS[codec] if key else ()
    nals += [SEI[codec]] if sei else []
    nals += [slice_nal(codec, key=key, first=place == 0, body=body) for place, body in enumerate(slices)]
    return Picture(codec, number * 3600, tuple(nals), key)


def fragments(codec: Codec, nal: bytes, cuts: Sequence[int], *, donl: bool = False) -> list[bytes]:
    """FU-A or FU payloads: the NAL unit's body cut at these places."""
    header = 1 if codec == "h264" else 2
    body = nal[header:]
    places = [0, *sorted({cut for cut in cuts if 0 < cut < len(body)}), len(body)]
    out = []
    for start, end in pairwise(places):
        flags = (0x80 if start == 0 else 0) | (0x40 if end == len(body) else 0)
        order = b"\x00\x07" if donl and start == 0 else b""
        if codec == "h264":
            head = bytes((nal[0] & 0xE0 | 28, flags | nal[0] & 0x1F))
        else:
            head = bytes((nal[0] & 0x81 | 49 << 1, nal[1], flags | nal[0] >> 1 & 0x3F))
        out.append(head + order + body[start:end])
    return out


def aggregate(codec: Codec, nals: Sequence[bytes], *, donl: bool = False) -> bytes:
    """STAP-A or AP payload."""
    out = bytes((24,)) if codec == "h264" else bytes((48 << 1, 1))
    for place, nal in enumerate(nals):
        order = (b"\x00\x07" if place == 0 else b"\x01") if donl else b""
        out += order + len(nal).to_bytes(2, "big") + nal
    return out


def single(codec: Codec, nal: bytes, *, donl: bool = False) -> bytes:
    """A payload that is the NAL unit."""
    return nal[:2] + b"\x00\x07" + nal[2:] if donl and codec == "h265" else nal


def marked(packets: list[tuple[bytes, bytes]], rtp_time: int, policy: Marker, codec: Codec) -> Iterator[Packet]:
    """(payload, last NAL unit in it or empty) of a picture, with the marker where this camera puts it."""
    for place, (payload, ends) in enumerate(packets):
        marker = {
            "last": place == len(packets) - 1,
            "none": False,
            "every": bool(ends),
            "sei": ends == SEI[codec],
            "first": place == 0,
        }[policy]
        yield Packet(payload, rtp_time, marker)


@dataclass
class Wire:
    """Numbers packets and lays them behind one another as interleaved frames."""

    sequence: int = 0
    ssrc: int = 0x1234
    channel: int = 0
    payload_type: int = 96
    extra: dict[str, int] = field(default_factory=dict)

    def frame(self, packet: Packet) -> bytes:
        """The next packet as an interleaved frame."""
        second = (0x80 if packet.marker else 0) | self.payload_type
        rtp = bytes((0x80, second)) + self.sequence.to_bytes(2, "big")
        rtp += (packet.rtp_time & 0xFFFFFFFF).to_bytes(4, "big") + self.ssrc.to_bytes(4, "big") + packet.payload
        self.sequence = self.sequence + 1 & 0xFFFF
        return interleaved(self.channel, rtp)

    def lose(self, packets: int = 1) -> None:
        """These packets never arrive."""
        self.sequence = self.sequence + packets & 0xFFFF


def interleaved(channel: int, data: bytes) -> bytes:
    """An interleaved frame (RFC 2326 §10.12)."""
    return b"$" + bytes((channel,)) + len(data).to_bytes(2, "big") + data
