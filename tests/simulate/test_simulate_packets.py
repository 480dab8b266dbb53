"""Packets: what goes in is what a receiver puts together again."""

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beffroi.domain.errors import BadInputError
from simulate.clips import tiny
from simulate.nal import Codec, nal_type, split_annexb
from simulate.packets import fragments, load_clip, packetise


def _joined(codec: Codec, payloads: list[bytes]) -> list[bytes]:
    """An independent, minimal depacketiser: RFC 6184 §5.8 and RFC 7798 §4.4.3."""
    units: list[bytes] = []
    size = 1 if codec == "h264" else 2
    for payload in payloads:
        kind = payload[0] & 0x1F if codec == "h264" else payload[0] >> 1 & 0x3F
        if kind != (28 if codec == "h264" else 49):
            units.append(payload)
            continue
        flags = payload[size]
        if flags & 0x80:
            if codec == "h264":
                units.append(bytes([payload[0] & 0xE0 | flags & 0x1F]))
            else:
                units.append(bytes([payload[0] & 0x81 | (flags & 0x3F) << 1, payload[1]]))
        units[-1] += payload[size + 1 :]
    return units


@given(codec=st.sampled_from(["h264", "h265"]), body=st.binary(min_size=1, max_size=6000), kind=st.integers(1, 20))
def test_fragments_join_again(codec: Codec, body: bytes, kind: int) -> None:
    header = bytes([0x60 | kind]) if codec == "h264" else bytes([kind << 1, 1])
    unit = header + body
    pieces = fragments(codec, unit)
    assert all(len(piece) <= 1400 for piece in pieces)
    assert _joined(codec, pieces) == [unit]


@given(units=st.lists(st.binary(min_size=2, max_size=4000), min_size=1, max_size=5))
def test_packets_walk_and_only_the_last_has_the_marker(units: list[bytes]) -> None:
    units = [bytes([0x65]) + unit for unit in units]
    data, starts = packetise("h264", units)
    at, seen, marked = 0, [], []
    while at < len(data):
        dollar, channel, length, first, second = struct.unpack_from("!BBHBB", data, at)
        assert (dollar, channel, first, second & 0x7F) == (0x24, 0, 0x80, 96)
        seen.append(at)
        marked.append(bool(second & 0x80))
        at += 4 + length
    assert tuple(seen) == starts
    assert at == len(data)
    assert marked == [False] * (len(seen) - 1) + [True]


@given(data=st.binary(max_size=300))
def test_splitting_garbage_never_fails_nor_invents(data: bytes) -> None:
    units = split_annexb(data)
    assert all(unit and unit in data and b"\x00\x00\x01" not in unit for unit in units)


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("bframes", [0, 2])
def test_a_loop_goes_on_without_a_seam(codec: Codec, bframes: int) -> None:
    clip = load_clip(tiny(codec, seconds=1.0, gop=25, bframes=bframes))
    assert clip.frames[0].key
    assert len(clip.sets) == (2 if codec == "h264" else 3)
    numbers = range(17 * 25, 20 * 25)
    times = sorted(clip.timestamp(number) for number in numbers)
    assert [later - sooner for sooner, later in itertools.pairwise(times)] == [3600] * (len(times) - 1)
    for number in numbers:
        packets = len(clip.frames[number % 25].starts)
        assert clip.sequence(number + 1) == (clip.sequence(number) + packets) & 0xFFFF
    kinds = [nal_type(codec, unit) for unit in clip.sets]
    assert kinds == ([7, 8] if codec == "h264" else [32, 33, 34])


def test_what_is_not_video_is_refused_with_a_sentence(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("bad") / "notes.mp4"
    path.write_bytes(b"not a video" * 100)
    with pytest.raises(BadInputError) as caught:
        load_clip(path)
    assert "notes.mp4" in caught.value.text.fr
