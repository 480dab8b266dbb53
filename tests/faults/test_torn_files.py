"""Files cut anywhere, with zeros or older data inside, with bits flipped in any region; databases too.

What is whole is kept, what is not is cut or named; no picture is served that was not sent. Drawn by the run's seed;
BEFFROI_TORN=5000 for the long run.
"""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from random import Random

import pytest
from tests.support.chunks import START_US, Written, begin, feed, write_chunk
from tests.support.clips import clip, gops
from tests.support.faultmatrix import draws, record, run_seed, seeds
from tests.support.frames import clear_frames

from beffroi.domain.errors import BeffroiError
from beffroi.vault.catalogue import Catalogue, ChunkState
from beffroi.vault.check import CheckLevel, check
from beffroi.vault.chunkformat import DIGEST_BOX_BYTES, DamagedChunkError
from beffroi.vault.reader import ChunkReader
from beffroi.vault.recover import recover

CASES = int(os.environ.get("BEFFROI_TORN", "150"))


@contextlib.contextmanager
def opened(root: Path) -> Iterator[Catalogue]:
    catalogue = Catalogue.open(root / "catalogue.sqlite")
    try:
        yield catalogue
    finally:
        catalogue.close()


def torn_template(root: Path, *, confirmed: int) -> tuple[Path, bytes]:
    """Three groups without a footer; a checkpoint names the first ones. The file's path under the root, and its key."""
    root.mkdir()
    config, frames = clip(count=75)
    with opened(root) as catalogue:
        writer, key = begin(root, catalogue, config)
        feed(writer, gops(frames)[:confirmed])
        if confirmed:
            writer.sync()
        for number, group in enumerate(gops(frames)[confirmed:], confirmed):
            writer.write_gop(group, START_US + number * 1_000_000)
        writer.abandon()
    return writer.path.relative_to(root), key


def spoil(data: bytearray, rng: Random, start: int, old: bytes) -> str:
    """What a disk may leave of bytes that it had not confirmed: from ``start`` on. Says what."""
    at = rng.randrange(start, len(data))
    length = rng.choice([1, 64, 512, 4096, len(data) - at])
    match rng.choice(["cut", "zeros", "old", "flip", "tail"]):
        case "cut":
            del data[at:]
            return f"cut at {at}"
        case "zeros":
            data[at : at + length] = bytes(len(data[at : at + length]))
            return f"{length} zeros at {at}"
        case "old":
            at -= at % 512
            at = max(at, start)
            data[at : at + length] = old[at : at + length][: len(data) - at]
            return f"{length} old bytes at {at}"
        case "flip":
            data[at] ^= 1 << rng.randrange(8)
            return f"bit of byte {at}"
        case _:
            data += old[rng.randrange(len(old)) :]
            return "old data after the end"


def pictures_are_those_sent(path: Path, key: bytes) -> int:
    """Every picture that a finished file serves is the one that was sent at that place. How many groups."""
    sent = [frame.data for frame in clip(count=75)[1]]
    with ChunkReader.open(path) as reader:
        got = [frame.data for gop in reader.gops for frame in clear_frames(reader, gop, key)]
        assert got == sent[: len(got)]
        return len(reader.gops)


def test_an_unfinished_file_spoilt_anywhere_serves_what_was_sent_and_keeps_what_was_confirmed(quick_path: Path) -> None:
    kept, cases = 0, seeds("torn-file", CASES)
    templates = {n: torn_template(quick_path / f"template-{n}", confirmed=n) for n in (0, 1, 2)}
    _, other_key = torn_template(quick_path / "other", confirmed=0)
    assert other_key
    old = next((quick_path / "other").rglob("*.mp4")).read_bytes()
    for seed in cases:
        rng = Random(seed)  # noqa: S311  choice of cases
        confirmed = rng.randrange(3)
        relative, key = templates[confirmed]
        root = quick_path / "trial"
        shutil.copytree(quick_path / f"template-{confirmed}", root)
        with opened(root) as catalogue:
            (row,) = catalogue.open_chunks()
            start = max(catalogue.tail(row.id)[0], row.size)  # what a checkpoint confirmed is not the disk's to lose
            data = bytearray((root / relative).read_bytes())
            what = spoil(data, rng, start, old)
            (root / relative).write_bytes(data)
            recover(root, catalogue)
            assert recover(root, catalogue) == [], f"seed {seed}: {what}"
            assert check(root, catalogue, level=CheckLevel.HASH) == [], f"seed {seed}: {what}"
            groups = pictures_are_those_sent(root / relative, key) if (root / relative).exists() else 0
            assert groups >= confirmed, f"seed {seed}: {what}"
            kept += groups
        shutil.rmtree(root)
    seen = f"0 pictures served that were not sent, 0 confirmed groups lost, {kept} groups kept"
    record("torn-file", seen=seen, runs=len(cases), seed=run_seed())


def regions(written: Written) -> dict[str, range]:
    """Where the parts of a closed file lie."""
    with ChunkReader.open(written.path) as reader:
        first, last = reader.gops[0], reader.gops[-1]
        return {
            "head": range(reader.head_length),
            "fragment": range(first.offset, last.offset + last.length - DIGEST_BOX_BYTES),
            "digest": range(last.offset + last.length - DIGEST_BOX_BYTES, last.offset + last.length),
            "footer": range(reader.footer_offset, reader.size),
        }


@pytest.mark.parametrize("region", ["head", "fragment", "digest", "footer"])
def test_a_flipped_bit_of_a_closed_file_is_found_wherever_it_is(quick_path: Path, region: str) -> None:
    with opened(quick_path) as catalogue:
        written = write_chunk(quick_path, catalogue)
        good = written.path.read_bytes()
        lies = regions(written)[region]
        flips = list(chain.from_iterable(drawn_flips(seed, lies) for seed in draws("bit-flip")))
        for place, bit in flips:
            data = bytearray(good)
            data[place] ^= bit
            written.path.write_bytes(data)
            assert check(quick_path, catalogue, level=CheckLevel.HASH), f"byte {place} of the {region}"
        written.path.write_bytes(good)
        assert check(quick_path, catalogue, level=CheckLevel.HASH) == []
    seen = f"{len(flips)} of {len(flips)} flipped bits of a {region} found by check"
    record("bit-flip", seen=seen, runs=len(flips), seed=run_seed())


def drawn_flips(seed: int, lies: range) -> list[tuple[int, int]]:
    """Bytes of a region, each with one bit of it."""
    rng = Random(seed)  # noqa: S311  choice of cases
    return [(place, 1 << rng.randrange(8)) for place in rng.sample(lies, min(len(lies), CASES // 3))]


def test_no_bit_of_a_closed_files_index_is_without_meaning(quick_path: Path) -> None:
    """All of them, one after the other: refused, or told by the root or the reason that the catalogue knows."""
    with opened(quick_path) as catalogue:
        written = write_chunk(quick_path, catalogue)
        (row,) = catalogue.all_chunks()
    data, silent = bytearray(written.path.read_bytes()), []
    lies = regions(written)["footer"]
    for bit in range(lies.start * 8, lies.stop * 8):
        data[bit // 8] ^= 1 << bit % 8
        written.path.write_bytes(data)
        data[bit // 8] ^= 1 << bit % 8
        with contextlib.suppress(DamagedChunkError), ChunkReader.open(written.path) as reader:
            if reader.footer and (reader.footer.root, reader.footer.reason) == (row.root, row.reason):
                silent.append(bit)
    assert silent == []


def test_a_time_spoilt_wherever_the_catalogue_keeps_it_is_told(quick_path: Path) -> None:
    """In its table, and in each index of it: SQLite itself sees no difference between the two."""
    with opened(quick_path) as catalogue:
        for hour in range(3):
            write_chunk(quick_path, catalogue, wall_start_us=START_US + hour * 3_600_000_000)
        truth = [(row.path, row.wall_start_us) for row in catalogue.all_chunks()]
    base = quick_path / "catalogue.sqlite"
    good, at, places = base.read_bytes(), -1, 0
    while (at := good.find(START_US.to_bytes(8, "big"), at + 1)) >= 0:
        places += 1
        data = bytearray(good)
        data[at + 5] ^= 1
        base.write_bytes(data)
        with opened(quick_path) as catalogue:
            found = check(quick_path, catalogue, level=CheckLevel.SIZE)
            assert found or truth == [(row.path, row.wall_start_us) for row in catalogue.all_chunks()], f"at {at}"
    assert places >= 2, "a table and an index"


def test_a_spoilt_catalogue_is_told_or_says_the_truth_never_something_else(quick_path: Path) -> None:
    """A page of the catalogue flipped: an error, a finding, or no change in what it says. The files make it again."""
    with opened(quick_path) as catalogue:
        for hour in range(20):
            write_chunk(quick_path, catalogue, wall_start_us=START_US + hour * 3_600_000_000)
        truth = [(row.path, row.wall_start_us, row.root, row.state) for row in catalogue.all_chunks()]
    base = quick_path / "catalogue.sqlite"
    good, told = base.read_bytes(), 0
    rngs = [Random(seed) for seed in draws("spoilt-catalogue")]  # noqa: S311  choice of cases
    spoils = [(rng.randrange(len(good)), rng.randbytes(16)) for rng in rngs for _ in range(CASES // 3)]
    for at, spoilt in spoils:
        data = bytearray(good)
        data[at : at + 16] = spoilt[: len(good) - at]
        base.write_bytes(data)
        try:
            with opened(quick_path) as catalogue:
                found = check(quick_path, catalogue, level=CheckLevel.SIZE)
                says = [(row.path, row.wall_start_us, row.root, row.state) for row in catalogue.all_chunks()]
        except (BeffroiError, ValueError, TypeError, sqlite3.Error):
            told += 1
            continue
        told += bool(found)
        assert found or says == truth, f"16 bytes at {at}"
    base.unlink()
    for beside in quick_path.glob("catalogue.sqlite-*"):
        beside.unlink()
    with opened(quick_path) as catalogue:
        recover(quick_path, catalogue)
        again = sorted((row.path, row.wall_start_us, row.root) for row in catalogue.all_chunks())
    assert again == sorted((path, start, root) for path, start, root, state in truth if state is ChunkState.CLOSED)
    seen = f"{told} of {len(spoils)} told, the others changed no answer; made again from the files: 20 of 20 rows"
    record("spoilt-catalogue", seen=seen, runs=len(spoils), seed=run_seed())
