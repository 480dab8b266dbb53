"""The short ways through RTP are the long way: the same pictures and counts of any bytes, hostile ones and any cut."""

from itertools import pairwise
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.rtppackets import Packet, Wire, fragments, interleaved, picture, single

from beffroi.media.errors import MalformedMediaError
from beffroi.media.nal import CODECS, Codec
from beffroi.media.rtp import AccessUnit, Bytes, Depacketiser
from beffroi.media.rtp_h264 import H264Depacketiser
from beffroi.media.rtp_h265 import H265Depacketiser


class _LongWay(Depacketiser):
    """Takes every packet by `packet`."""

    def _middles(self, data: Bytes, at: int, end: int) -> int:
        return at

    def _end_of_unit(self, data: Bytes, at: int, end: int, out: list[AccessUnit]) -> int:
        return 0

    def _start_of_picture(self, data: Bytes, at: int, end: int, out: list[AccessUnit]) -> int:
        return 0


class _LongH264(_LongWay, H264Depacketiser):
    pass


class _LongH265(_LongWay, H265Depacketiser):
    pass


class _Counted:
    """How often each short way was taken over all examples: a property of ways never taken proves nothing."""

    ways: ClassVar[dict[str, int]] = {}

    @classmethod
    def count(cls, way: str, taken: bool) -> None:
        cls.ways[way] = cls.ways.get(way, 0) + taken


class _Short(Depacketiser):
    def _middles(self, data: Bytes, at: int, end: int) -> int:
        after = super()._middles(data, at, end)
        _Counted.count("middles", after > at)
        return after

    def _end_of_unit(self, data: Bytes, at: int, end: int, out: list[AccessUnit]) -> int:
        after = super()._end_of_unit(data, at, end, out)
        _Counted.count("end", after > 0)
        return after

    def _start_of_picture(self, data: Bytes, at: int, end: int, out: list[AccessUnit]) -> int:
        after = super()._start_of_picture(data, at, end, out)
        _Counted.count("start", after > 0)
        return after


class _ShortH264(_Short, H264Depacketiser):
    pass


class _ShortH265(_Short, H265Depacketiser):
    pass


def _both(codec: Codec, *, donl: bool) -> tuple[Depacketiser, Depacketiser]:
    if codec == "h264":
        return _ShortH264(96), _LongH264(96)
    return _ShortH265(96, donl=donl), _LongH265(96, donl=donl)


@st.composite
def _frames(draw: st.DrawFn, codec: Codec, *, donl: bool) -> list[bytes]:
    """Interleaved frames of a stream in fragments of equal length, as cameras send it, with whatever goes wrong."""
    wire = Wire(sequence=draw(st.sampled_from((0, 7, 65_500, 65_530, 65_535))))
    out: list[bytes] = []
    size = draw(st.integers(1, 20))
    for number in range(draw(st.integers(1, 10))):
        slices = [bytes(range(draw(st.integers(1, 120)))) for _ in range(draw(st.sampled_from((1, 1, 1, 2))))]
        shown = picture(codec, number, key=draw(st.booleans()), slices=slices, sei=draw(st.booleans()))
        parts = [
            part
            for nal in shown.nals
            for part in (
                fragments(codec, nal, range(size, 200, size), donl=donl)
                if len(nal) > size
                else [single(codec, nal, donl=donl)]
            )
        ]
        for place, part in enumerate(parts):
            mishap = draw(st.sampled_from(("", "", "", "", "", "", "", "", *_MISHAPS)))
            if mishap == "lost":
                wire.lose(draw(st.sampled_from((1, 2, 40_000))))
                continue
            if mishap == "source":
                wire.ssrc += 1
            frame = bytearray(wire.frame(Packet(part, shown.rtp_time, place == len(parts) - 1)))
            out += _spoilt(draw, frame, mishap)
    return out


_MISHAPS = (
    "lost",
    "source",
    "type",
    "padding",
    "extension",
    "sources",
    "flip",
    "twice",
    "time",
    "short",
    "other",
    "marker",
    "marker",
)


def _spoilt(draw: st.DrawFn, frame: bytearray, mishap: str) -> list[bytes]:
    """A frame after what happened to it."""
    head, rest = frame[4:16], bytes(frame[16:])
    out = [bytes(frame)]
    match mishap:
        case "type":
            frame[5] = frame[5] & 0x80 | draw(st.sampled_from((72, 97, 0)))
            out = [bytes(frame)]
        case "padding":
            head[0] |= 0x20
            out = [interleaved(0, bytes(head) + rest + bytes((0, 0, draw(st.sampled_from((3, 3, 0, 255))))))]
        case "extension":
            head[0] |= 0x10
            out = [interleaved(0, bytes(head) + b"\xbe\xde\0\1abcd" + rest)]
        case "sources":
            head[0] |= 0x02
            out = [interleaved(0, bytes(head) + bytes(8) + rest)]
        case "flip":
            frame[draw(st.integers(4, len(frame) - 1))] ^= 1 << draw(st.integers(0, 7))
            out = [bytes(frame)]
        case "marker":
            frame[5] ^= 0x80
            out = [bytes(frame)]
        case "time":
            frame[8:12] = draw(st.binary(min_size=4, max_size=4))
            out = [bytes(frame)]
        case "short":
            out = [interleaved(0, bytes(frame[4 : draw(st.integers(4, len(frame)))]))]
        case "twice":
            out *= 2
        case "other":
            out.append(interleaved(1, b"\x80\xc8\0\0"))
    return out


def _fed(video: Depacketiser, feeds: list[bytes]) -> list[object]:
    """What comes out and what is counted, after each feed."""
    told: list[object] = []
    rest = b""
    for feed in feeds:
        rest += feed
        out: list[AccessUnit] = []
        try:
            at = 0
            while True:
                at = video.interleaved(memoryview(rest), at, out)
                stop = at + 4 + int.from_bytes(rest[at + 2 : at + 4], "big")
                if len(rest) - at < 4 or stop > len(rest):
                    break
                at = stop  # of another channel
            rest = rest[at:]
        except MalformedMediaError as error:
            return [*told, out, error.what]
        told.append((out, video.received, video.lost, video.ssrc, video.highest_sequence, video.held_bytes))
    return told


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@settings(max_examples=600, deadline=None)
@given(
    drawn=st.data(),
    codec=st.sampled_from(CODECS),
    donl=st.booleans(),
    places=st.lists(st.integers(0, 1 << 20), max_size=6),
)
def test_short_ways_give_what_the_long_way_gives(
    drawn: st.DataObject, codec: Codec, donl: bool, places: list[int]
) -> None:
    donl = donl and codec == "h265"
    data = b"".join(drawn.draw(_frames(codec, donl=donl)))
    short, long = _both(codec, donl=donl)
    assert _fed(short, _cut(data, places)) == _fed(long, _cut(data, places))


@pytest.mark.parametrize("codec", CODECS)
def test_a_slice_behind_the_marker_of_its_own_picture_begins_no_picture(codec: Codec) -> None:
    short, long = _both(codec, donl=False)
    _Counted.ways.clear()
    wire, frames = Wire(), list[bytes]()
    for number in range(8):
        # The fifth picture goes on after its marker, in fragments that begin as those of a next one would.
        slices = [bytes(100)] * (2 if number == 4 else 1)
        shown = picture(codec, number, key=False, slices=slices)
        for nal in shown.nals:
            parts = fragments(codec, nal, range(10, 100, 10))
            frames += [wire.frame(Packet(part, shown.rtp_time, part is parts[-1])) for part in parts]
    given = _fed(short, frames)
    assert _Counted.ways["start"] > 0, "the markers were proven: the short way was open"
    assert given == _fed(long, frames)
    pictures: list[AccessUnit] = [unit for told in given for unit in told[0]]  # type: ignore[index]  # (pictures, counts)
    assert [unit.rtp_time // 3600 for unit in pictures] == list(range(len(pictures))), "no time comes twice"
    assert [unit.rtp_time // 3600 for unit in pictures if unit.lost] == [5], "the next picture tells what was left out"


def test_the_short_ways_were_taken() -> None:
    short, _ = _both("h264", donl=False)
    _Counted.ways.clear()
    wire = Wire()
    for number in range(6):
        shown = picture("h264", number, key=False, slices=[bytes(100)])
        parts = fragments("h264", shown.nals[0], range(10, 100, 10))
        data = b"".join(wire.frame(Packet(part, shown.rtp_time, part is parts[-1])) for part in parts)
        out: list[AccessUnit] = []
        assert short.interleaved(data, 0, out) == len(data)
    assert _Counted.ways == {"middles": 6, "end": 6, "start": 2}, (
        "proven markers end a picture, then its start is known"
    )
