"""Any range as one MP4 that exists nowhere: its layout is known before a picture is read, and no byte is moved."""

import io
import random
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.boxtree import tree
from tests.support.chunks import START_US, Written, begin, write_chunk
from tests.support.clips import clip, gops
from tests.support.faultmatrix import draws, record, run_seed

from beffroi.domain.ranges import WallRange
from beffroi.media.boxes import walk
from beffroi.media.clear import clear_fragment
from beffroi.media.codec import config_from_init
from beffroi.media.errors import MalformedMediaError
from beffroi.vault import rangefile
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.chunkformat import GopEntry
from beffroi.vault.export import Source, export_clear
from beffroi.vault.rangeerrors import DamagedFootageError, NoFootageError, SettingsChangedError
from beffroi.vault.rangefile import RangeFile
from beffroi.vault.reader import ChunkReader

FLIPS = 60
WHOLE = WallRange(START_US - 60_000_000, START_US + 600_000_000)


def packets(data: bytes) -> list[tuple[bytes, int, int, bool]]:
    with av.open(io.BytesIO(data), "r") as container:
        return [
            (bytes(item), item.dts or 0, item.pts or 0, item.is_keyframe)
            for item in container.demux(video=0)
            if item.size
        ]


def file_of(written: list[Written], asked: WallRange) -> bytes:
    return b"".join(export_clear([Source(one.path, one.key) for one in written], asked))


def laid_out(written: list[Written], asked: WallRange) -> tuple[RangeFile, Callable[[int, int], bytes], list[int]]:
    """The layout, a reader of any bytes of it, and the offsets of the fragments that were read."""
    sources, kept, touched = [], {}, []
    for one in written:
        with ChunkReader.open(one.path) as reader:
            sources.append(rangefile.Source(reader.header, reader.gops))
            kept[one.header.kid] = one
    selection = rangefile.select(sources, asked)
    number, gop = selection.steps[selection.anchor]
    with ChunkReader.open(kept[selection.sources[number].header.kid].path) as reader:
        config = config_from_init(reader.init())
        layout = rangefile.lay_out(selection, config, reader.read(gop.offset, gop.length))

    def read(start: int, end: int) -> bytes:
        out = b""
        for part in layout.slices(start, end):
            if part.placed is None:
                out += layout.head[part.start : part.end]
                continue
            one = kept[selection.sources[part.placed.source].header.kid]
            with ChunkReader.open(one.path) as reader:
                stored = reader.read(part.placed.gop.offset, part.placed.gop.length)
            touched.append(part.placed.sequence)
            out += layout.open_fragment(part.placed, stored, one.key)[part.start : part.end]
        return out

    return layout, read, touched


SHAPES: dict[str, dict[str, Any]] = {
    "h264": {},
    "h264 B-frames": {"b_frames": 3},
    "h265 B-frames": {"codec": "h265", "b_frames": 2},
    "variable rate": {"vfr": True},
    "four slices": {"slices": 4},
    "more slices than the table holds": {"count": 50, "width": 96, "height": 768, "slices": 45},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_two_runs_two_keys_one_file_packet_by_packet(tmp_path: Path, catalogue: Catalogue, shape: str) -> None:
    source = clip(**{"count": 75, **SHAPES[shape]})
    one = write_chunk(tmp_path, catalogue, source, run="a1" * 16)
    two = write_chunk(tmp_path, catalogue, source, run="b2" * 16, wall_start_us=START_US + 10_000_000)

    got = packets(file_of([two, one], WHOLE))

    first_pts = source[1][0].pts_90k
    assert [item[0] for item in got] == [frame.data for frame in source[1]] * 2
    assert [item[3] for item in got] == [frame.key for frame in source[1]] * 2
    runs = [*source[1], *(replace(f, pts_90k=f.pts_90k + 900_000, dts_90k=f.dts_90k + 900_000) for f in source[1])]
    assert [item[2] for item in got] == [frame.pts_90k - first_pts for frame in runs], "the hole stays a hole"
    assert [item[1] for item in got] == [frame.dts_90k - first_pts for frame in runs]


def test_a_start_inside_a_group_is_shown_from_its_very_picture(tmp_path: Path, catalogue: Catalogue) -> None:
    """The pictures before it are needed to decode it: an edit list hides them, and the layout says how many seconds."""
    written = write_chunk(tmp_path, catalogue, clip(count=75, b_frames=2))
    asked = WallRange(START_US + 1_400_000, START_US + 2_500_000)

    layout, read, _ = laid_out([written], asked)
    got = packets(read(0, layout.size))

    assert layout.lead_in_us == 400_000
    assert layout.footage == WallRange(START_US + 1_000_000, START_US + 3_000_000), "whole groups, and it says so"
    assert sorted(item[2] for item in got)[:11] == [90 * 40 * (n - 10) for n in range(11)], "0 is the instant asked for"
    assert got[0][3]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, RangeFile, Callable[[int, int], bytes], list[int]]:
    folder = tmp_path_factory.mktemp("three")
    opened = Catalogue.open(folder / "catalogue.sqlite")
    source = clip(count=75, b_frames=2)
    written = [
        write_chunk(folder, opened, source, run=run * 16, wall_start_us=START_US + at * 1_000_000)
        for run, at in (("a1", 0), ("b2", 3), ("c3", 20))
    ]
    opened.close()
    return (file_of(written, WHOLE), *laid_out(written, WHOLE))


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_those_of_the_whole_file_and_touch_no_more(three: Any, data: st.DataObject) -> None:
    whole, layout, read, touched = three
    assert len(whole) == layout.size
    near = st.sampled_from([placed.at for placed in layout.fragments]).flatmap(lambda at: st.integers(at - 2, at + 2))
    start = data.draw(st.integers(0, layout.size - 1) | near)
    end = data.draw(st.integers(start + 1, layout.size) | near.filter(lambda at: at > start))
    touched.clear()

    assert read(start, end) == whole[start:end]

    needed = [p.sequence for p in layout.fragments if p.at < end and p.at + p.gop.length > start]
    assert touched == needed


def test_the_same_footage_has_the_same_tag_and_other_footage_another(tmp_path: Path, catalogue: Catalogue) -> None:
    one = write_chunk(tmp_path, catalogue)
    two = write_chunk(tmp_path, catalogue, wall_start_us=START_US + 10_000_000)
    tags = [laid_out(files, WHOLE)[0].etag for files in ([one, two], [two, one], [one], [two])]
    later = laid_out([one, two], WallRange(START_US + 1_100_000, WHOLE.to_us))[0].etag
    assert tags[0] == tags[1]
    assert len({*tags, later}) == 4
    assert all(tag.startswith('"') and tag.endswith('"') for tag in tags)


def test_a_file_that_grows_keeps_its_tag_over_the_same_range(tmp_path: Path, catalogue: Catalogue) -> None:
    """While it is written it has no hashes; what is written stays written."""
    config, frames = clip(count=75)
    writer, key = begin(tmp_path, catalogue, config)
    groups = gops(frames)
    asked = WallRange(START_US, START_US + 2_000_000)
    tags = []
    for number, group in enumerate(groups):
        writer.write_gop(group, START_US + number * 1_000_000, next_dts_90k=(number + 1) * 90_000)
        if number:
            written = Written(writer.path, writer.header, key, config, frames, writer.chunk_id)
            tags.append(laid_out([written], asked)[0].etag)
    writer.abandon()
    assert len(tags) == 2
    assert len(set(tags)) == 1


def test_a_change_of_settings_is_refused_with_the_ranges_to_ask(tmp_path: Path, catalogue: Catalogue) -> None:
    one = write_chunk(tmp_path, catalogue)
    other = clip(count=50, width=320, height=180)
    two = write_chunk(tmp_path, catalogue, other, run="b2" * 16, wall_start_us=START_US + 5_000_000)
    asked = WallRange(START_US + 500_000, START_US + 6_500_000)

    with pytest.raises(SettingsChangedError) as refused:
        laid_out([one, two], asked)

    first, second = refused.value.ranges
    assert first == WallRange(START_US + 500_000, START_US + 3_000_000)
    assert second == WallRange(START_US + 5_000_000, START_US + 6_500_000)
    assert "2026-02-02 02:40:00.500" in refused.value.text.fr
    assert "2026-02-02 02:40:05.000" in refused.value.text.en
    assert [len(packets(file_of([one, two], part))) for part in refused.value.ranges] == [75, 50]


def test_a_start_in_a_later_piece_of_a_long_group_is_that_instant_too(tmp_path: Path, catalogue: Catalogue) -> None:
    frames = clip(count=125, gop=125, b_frames=2)[1]
    written = write_chunk(tmp_path, catalogue, clip(count=125, gop=125, b_frames=2))
    layout, read, _ = laid_out([written], WallRange(START_US + 3_400_000, START_US + 3_500_000))
    got = packets(read(0, layout.size))
    assert layout.lead_in_us == 3_400_000
    assert [item[2] for item in got] == [f.pts_90k - frames[0].pts_90k - 306_000 for f in frames[: len(got)]]
    assert len(got) == 100, "the piece that holds the instant, and those before"


def test_the_pieces_of_a_long_group_bear_the_time_their_first_picture_was_shown(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    config, frames = clip(count=125, gop=125, b_frames=3)
    written = write_chunk(tmp_path, catalogue, (config, frames))
    with ChunkReader.open(written.path) as reader:
        starts = [sum(gop.frames for gop in reader.gops[:number]) for number in range(len(reader.gops))]
        walls = [gop.wall_us for gop in reader.gops]
    assert len(starts) == 3
    assert walls == [START_US + (frames[at].pts_90k - frames[0].pts_90k) * 100 // 9 for at in starts]


def test_nothing_held_is_said(tmp_path: Path, catalogue: Catalogue) -> None:
    one = write_chunk(tmp_path, catalogue)
    with pytest.raises(NoFootageError):
        laid_out([one], WallRange(START_US + 100_000_000, START_US + 101_000_000))
    with pytest.raises(NoFootageError):
        rangefile.select([], WHOLE)


def test_a_flipped_bit_is_never_given_out(tmp_path: Path, catalogue: Catalogue) -> None:
    """Anywhere in a fragment, tables and digest included: what comes before it leaves, of it nothing."""
    one = write_chunk(tmp_path, catalogue)
    layout, read, _ = laid_out([one], WHOLE)
    true = read(0, layout.size)
    rngs = [random.Random(seed) for seed in draws("flip-in-a-range")]  # noqa: S311  choice of cases
    flips = [(rng.choice(layout.fragments), rng.random(), 1 << rng.randrange(8)) for rng in rngs for _ in range(FLIPS)]
    for placed, share, bit in flips:
        at = placed.gop.offset + int(share * placed.gop.length)
        flip(one.path, at, bit)
        assert read(0, placed.at) == true[: placed.at]
        with pytest.raises(DamagedFootageError, match="beffroi vault check"):
            read(placed.at, placed.at + 1)
        flip(one.path, at, bit)
    assert read(0, layout.size) == true
    seen = f"{len(flips)} of {len(flips)} flips refused, 0 bytes of them given out"
    record("flip-in-a-range", seen=seen, runs=len(flips), seed=run_seed())


def flip(path: Path, at: int, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ bit]))


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_hostile_fragments_raise_the_typed_error_only(three: Any, data: st.DataObject) -> None:
    whole, layout, _, _ = three
    placed = layout.fragments[0]
    good = bytearray(whole[placed.at : placed.at + placed.gop.length])
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, 400))] = data.draw(st.integers(0, 255))
    cut = bytes(good[: data.draw(st.integers(0, len(good)))])
    for hostile in (bytes(good), cut):
        try:
            assert len(clear_fragment(hostile, bytes(16), sequence=1, base_dts_90k=0)) == len(hostile)
        except MalformedMediaError:
            continue


def test_the_file_says_when_it_was_taken_how_long_it_is_and_where_to_seek(three: Any, tmp_path: Path) -> None:
    whole = three[0]
    path = tmp_path / "range.mp4"
    path.write_bytes(whole)
    asked = "format=duration:format_tags=creation_time:stream=codec_tag_string,nb_read_frames"
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_entries", asked, "-of", "default=nw=1", str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stderr == ""
    said = dict(line.split("=", 1) for line in told.stdout.split())
    assert said["codec_tag_string"] == "avc1"
    assert said["nb_read_frames"] == "225"
    assert float(said["duration"]) == pytest.approx(23.0, abs=0.1)
    assert said["TAG:creation_time"] == "2026-02-02T02:40:00.000000Z"
    kinds = [item.kind for item in walk(whole)]
    assert kinds[:3] == [b"ftyp", b"moov", b"sidx"]
    assert [kind for kind in kinds[3:] if kind != b"free"] == [b"moof", b"mdat"] * 9
    assert not {b"senc", b"saiz", b"saio", b"encv"} & {node.kind for node in _all(tree(whole))}
    with av.open(str(path)) as container:
        container.seek(21_600_000, backward=True)
        landed = next(item for item in container.demux(video=0) if item.size)
        assert landed.is_keyframe
        assert landed.pts == 21 * 90_000, "the index leads to the key frame before, in the third run"


def _all(nodes: Any) -> list[Any]:
    return [item for node in nodes for item in (node, *(_all(node.content) if isinstance(node.content, tuple) else ()))]


def test_more_groups_than_the_index_has_lines() -> None:
    """An all-intra camera over hours: lines are joined, the sum stays."""
    gops_ = [GopEntry(n * 10, 10, START_US + n * 40_000, n * 3600, 3600, 1, True, b"") for n in range(140_000)]
    lines = rangefile._references(gops_, [n * 3600 for n in range(140_001)])
    assert len(lines) <= 65_535
    assert sum(line.size for line in lines) == 1_400_000
    assert sum(line.duration_90k for line in lines) == 140_000 * 3600


def test_an_endless_group_never_makes_a_line_too_long() -> None:
    gops_ = [GopEntry(n, 4 << 20, n, n * 9000, 9000, 2, n == 0, b"") for n in range(2_000)]
    lines = rangefile._references(gops_, [n * 9000 for n in range(2_001)])
    assert max(line.size for line in lines) < 1 << 31
    assert [line.key for line in lines][:2] == [True, False]
