"""The box walker and the repair meet bytes that nobody vouches for."""

import contextlib
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.boxtree import Node, tree, write
from tests.support.clips import clip

from beffroi.media.boxes import box, walk
from beffroi.media.errors import MalformedMediaError
from beffroi.media.fmp4 import Protection, fragment, init_segment
from beffroi.media.repair import whole_fragments

_LEAVES = st.sampled_from([b"mdat", b"tfhd", b"uuid", b"free", b"abcd"])
_CONTAINERS = st.sampled_from([b"moov", b"moof", b"traf", b"trak", b"schi"])
_NODES = st.recursive(
    st.builds(Node, _LEAVES, st.binary(max_size=40)),
    lambda inner: st.builds(Node, _CONTAINERS, st.lists(inner, max_size=4).map(tuple)),
    max_leaves=20,
)


@given(st.lists(_NODES, max_size=5).map(tuple))
def test_parsing_what_was_written_gives_it_back(nodes: tuple[Node, ...]) -> None:
    assert tree(write(nodes)) == nodes


_BOXY = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.builds(lambda size, kind, tail: size.to_bytes(4, "big") + kind + tail,
                  st.integers(0, 60), st.one_of(_LEAVES, _CONTAINERS), st.binary(max_size=20)),
    ),
    max_size=12,
).map(b"".join)  # fmt: skip


@given(_BOXY)
@settings(max_examples=400)
def test_random_bytes_end_with_the_typed_error_or_cover_everything(data: bytes) -> None:
    try:
        found = list(walk(data))
    except MalformedMediaError:
        found = []
        with contextlib.suppress(MalformedMediaError):
            found.extend(walk(data))
        assert all(item.end <= len(data) for item in found)
    else:
        assert sum(item.end - item.start for item in found) == len(data)
    whole = whole_fragments(data, codec="h264")
    assert 0 <= whole.length <= len(data)
    with contextlib.suppress(MalformedMediaError):
        tree(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00",
        b"\x00\x00\x00\x07moof",
        b"\x00\x00\x00\x00moof",
        b"\x00\x00\x00\x01mdat\x00\x00\x00\x00",
        b"\x00\x00\x00\x01mdat" + (15).to_bytes(8, "big"),
        b"\x00\x00\x00\x01mdat" + (2**64 - 1).to_bytes(8, "big"),
        b"\xff\xff\xff\xffmdat",
        bytes(64),
    ],
    ids=["cut", "too small", "endless", "cut 64", "small 64", "huge 64", "huge", "zeros"],
)
def test_each_hostile_size_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedMediaError):
        list(walk(data))


def test_a_64_bit_size_and_an_endless_mdat_are_read() -> None:
    large = b"\x00\x00\x00\x01mdat" + (20).to_bytes(8, "big") + b"abcd"
    assert [(item.kind, item.body, item.end) for item in walk(large)] == [(b"mdat", 16, 20)]
    assert [(item.kind, item.end) for item in walk(b"\x00\x00\x00\x00mdatabc")] == [(b"mdat", 11)]


def test_nesting_is_bounded() -> None:
    data = b""
    for _ in range(5000):
        data = box(b"moov", data)
    with pytest.raises(MalformedMediaError, match="deep"):
        tree(data)


@pytest.fixture(scope="module", params=["clear", "encrypted"])
def three(request: pytest.FixtureRequest) -> tuple[bytes, list[int], bytes | None]:
    """A file of three fragments of two frames, and where it is whole."""
    config, frames = clip(count=6, gop=2, width=64, height=48)
    protection = Protection(b"k" * 16, b"s" * 16) if request.param == "encrypted" else None
    data, ends = init_segment(config, protection=protection), []
    ends.append(len(data))
    for number in range(3):
        group = frames[2 * number : 2 * number + 2]
        data += b"".join(
            fragment(group, sequence=number + 1, protection=protection, first_sample=2 * number, codec="h264")
        )
        ends.append(len(data))
    return data, ends, protection.key if protection else None


def test_cut_at_every_byte_only_whole_fragments_remain(three: tuple[bytes, list[int], bytes | None]) -> None:
    data, ends, _ = three
    assert whole_fragments(data, codec="h264").length == len(data)
    for cut in range(ends[0], len(data)):
        whole = whole_fragments(data[:cut], codec="h264")
        expected = max(end for end in ends if end <= cut)
        assert whole.length == expected, cut
        assert len(whole.fragments) == ends.index(expected), cut


def test_what_repair_keeps_opens_and_gives_every_packet(
    three: tuple[bytes, list[int], bytes | None], tmp_path: Path
) -> None:
    data, ends, key = three
    path = tmp_path / "cut.mp4"
    for cut in range(ends[1], len(data), 41):
        kept = whole_fragments(data[:cut], codec="h264").length
        path.write_bytes(data[:kept])
        with av.open(path, options={"decryption_key": key.hex()} if key else {}) as container:
            assert sum(1 for packet in container.demux(video=0) if packet.size) == 2 * ends.index(kept)


def test_zeros_where_frames_were_promised_end_the_file(three: tuple[bytes, list[int], bytes | None]) -> None:
    data, ends, _ = three
    mdat = data.index(b"mdat", ends[2]) + 4
    zeroed = data[:mdat] + bytes(len(data) - mdat)
    assert whole_fragments(zeroed, codec="h264").length == ends[2]
    assert whole_fragments(data + bytes(4096), codec="h264").length == len(data), "zeros after the end are cut away"


def test_every_flipped_bit_of_the_headers_is_harmless(three: tuple[bytes, list[int], bytes | None]) -> None:
    """No exception, no fragment beyond the file, whatever byte of a fragment header is changed."""
    data, ends, _ = three
    for at in range(ends[0], data.index(b"mdat", ends[0]) + 4):
        for bit in (0, 3, 7):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            assert whole_fragments(bytes(changed), codec="h264").length <= len(data)
