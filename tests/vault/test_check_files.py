"""A lost catalogue, missing files, flipped bits: what is wrong is named."""

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.chunks import CAMERA, START_US, Written, begin, feed, write_chunk
from tests.support.clips import clip, gops

from beffroi.domain.gaps import GapCause
from beffroi.domain.ranges import WallRange
from beffroi.vault.catalogue import Catalogue, ChunkRow
from beffroi.vault.check import CheckLevel, FindingKind, check, findings
from beffroi.vault.chunk import CloseReason
from beffroi.vault.chunkformat import DamagedChunkError
from beffroi.vault.journal import Journal
from beffroi.vault.reader import ChunkReader
from beffroi.vault.rebuild import rebuild
from beffroi.vault.recover import Outcome


def test_the_catalogue_is_rebuilt_equal_from_the_files(tmp_path: Path, catalogue: Catalogue) -> None:
    source = clip(count=75)
    for number in range(4):
        start = START_US + number * 10_000_000
        if number:
            hole = WallRange(start - 7_000_000, start)
            catalogue.add_gap(CAMERA, "main", hole, GapCause.STREAM_STALLED)
        write_chunk(tmp_path, catalogue, source, wall_start_us=start, run=f"{number:032x}")
        write_chunk(tmp_path, catalogue, source, wall_start_us=start, stream="sub", camera="gare")
    before = catalogue.facts()
    day = WallRange(START_US - 10_000_000, START_US + 90_000_000)

    again, journal = Catalogue.open(tmp_path / "again.sqlite"), Journal.open(tmp_path / "journal.sqlite")
    assert {item.outcome for item in rebuild(tmp_path, again, journal)} == {Outcome.FINISHED}

    assert again.facts() == before
    assert len(before["gap"]) == 3
    assert again.calendar(CAMERA, "main", day) == catalogue.calendar(CAMERA, "main", day)
    assert rebuild(tmp_path, again, journal) == []
    again.close()
    journal.close()


def test_check_names_what_is_missing_unknown_unfinished_or_of_another_size(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    written = [write_chunk(tmp_path, catalogue, wall_start_us=START_US + n * 3_000_000) for n in range(3)]
    writer, _ = begin(tmp_path, catalogue, clip(count=75)[0], wall_start_us=START_US + 90_000_000)
    writer.abandon()
    stranger = written[0].path.with_name("1-aaaaaaaa-bbbbbbbb.mp4")
    stranger.write_bytes(written[0].path.read_bytes())
    written[0].path.unlink()
    with written[1].path.open("ab") as file:
        file.write(b"x")

    present = check(tmp_path, catalogue, level=CheckLevel.PRESENT)
    assert {item.kind for item in present} == {FindingKind.MISSING, FindingKind.UNKNOWN_FILE, FindingKind.UNFINISHED}
    sized = check(tmp_path, catalogue)
    assert FindingKind.WRONG_SIZE in {item.kind for item in sized}
    for item in sized:
        assert item.path in item.text.fr
        assert item.path in item.text.en
    with pytest.raises(ValueError, match="deep"):
        check(tmp_path, catalogue, level="deep")


def test_a_file_that_is_finished_while_it_is_looked_at_is_well(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row said "open" when it was read; the writer let the file go before the check asked who holds it."""
    config, frames = clip(count=75)
    writer, _ = begin(tmp_path, catalogue, config)
    feed(writer, gops(frames))
    asked = []

    def just_finished(path: Path) -> bool:
        asked.append(path)
        writer.close(CloseReason.ROTATED)
        return False

    monkeypatch.setattr("beffroi.vault.check.being_written", just_finished)
    assert check(tmp_path, catalogue, level=CheckLevel.HASH) == []
    assert asked == [writer.path]


def test_a_file_that_is_destroyed_at_its_term_meanwhile_is_not_missing(tmp_path: Path, catalogue: Catalogue) -> None:
    """A check of a whole disk takes hours: rows are older than the files when their turn comes."""
    written = [write_chunk(tmp_path, catalogue, wall_start_us=START_US + n * 3_000_000) for n in range(2)]
    rows = list(catalogue.all_chunks())

    class Slow:
        """The catalogue, whose list of files was read before the destruction."""

        chunk, chunk_at = catalogue.chunk, catalogue.chunk_at

        def all_chunks(self) -> list[ChunkRow]:
            return rows

    chunk = rows[0].id
    catalogue.mark_garbage([chunk])
    catalogue.mark_destroyed(chunk, START_US)
    written[0].path.unlink()
    assert list(findings(tmp_path, cast(Catalogue, Slow()), CheckLevel.HASH)) == []
    written[1].path.unlink()
    found = list(findings(tmp_path, cast(Catalogue, Slow()), CheckLevel.HASH))
    assert [one.kind for one in found] == [FindingKind.MISSING]


def test_an_unreadable_file_is_a_finding(tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    write_chunk(tmp_path, catalogue)

    def broken(fd: int, length: int, offset: int) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pread", broken)
    assert [item.kind for item in check(tmp_path, catalogue)] == [FindingKind.UNREADABLE]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Catalogue, Written]:
    root = tmp_path_factory.mktemp("sound")
    catalogue = Catalogue.open(root / "catalogue.sqlite")
    return root, catalogue, write_chunk(root, catalogue)


@given(data=st.data())
@settings(
    max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None
)
def test_any_flipped_bit_is_found(sound: tuple[Path, Catalogue, Written], data: st.DataObject) -> None:
    root, catalogue, written = sound
    good = written.path.read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        written.path.write_bytes(bad)
        findings = check(root, catalogue, level="hash")
    finally:
        written.path.write_bytes(good)
    assert findings, f"byte {at} of {len(good)}"
    assert all(item.path == str(written.header.relative_path()) for item in findings)


def test_a_flipped_byte_names_its_gop(sound: tuple[Path, Catalogue, Written]) -> None:
    root, catalogue, written = sound
    good = written.path.read_bytes()
    with ChunkReader.open(written.path) as reader:
        second = reader.gops[1]
    bad = bytearray(good)
    bad[second.offset + second.length - 3] ^= 4
    try:
        written.path.write_bytes(bad)
        (found,) = check(root, catalogue, level="hash")
        assert check(root, catalogue, level="size") == [], "sizes alone do not see it"
    finally:
        written.path.write_bytes(good)
    assert (found.kind, found.gop, found.wall_us) == (FindingKind.GOP_CHANGED, 2, second.wall_us)
    assert "groupe d'images 2" in found.text.fr
    assert check(root, catalogue, level="hash") == []


@given(st.binary(max_size=400))
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_hostile_files_raise_the_typed_error_only(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "hostile.mp4"
    path.write_bytes(data)
    with pytest.raises(DamagedChunkError):
        ChunkReader.open(path)


def test_a_flipped_index_is_refused_without_any_catalogue(sound: tuple[Path, Catalogue, Written]) -> None:
    good = sound[2].path.read_bytes()
    with ChunkReader.open(sound[2].path) as reader:
        entry = good.index(reader.gops[1].pack(), reader.footer_offset)
    bad = bytearray(good)
    bad[entry + 20] ^= 1  # inside the wall time
    other = sound[0] / "flipped.mp4"
    other.write_bytes(bad)
    with pytest.raises(DamagedChunkError, match="footer root"):
        ChunkReader.open(other)


def test_a_file_rewritten_with_a_consistent_index_contradicts_the_catalogue(
    sound: tuple[Path, Catalogue, Written],
) -> None:
    root, catalogue, written = sound
    good = written.path.read_bytes()
    with ChunkReader.open(written.path) as reader:
        footer, end = reader.footer, reader.footer_offset
    assert footer is not None
    forged = replace(footer, entries=(*footer.entries[:-1], replace(footer.entries[-1], wall_us=START_US)))
    try:
        written.path.write_bytes(good[:end] + forged.to_box())
        kinds = [item.kind for item in check(root, catalogue, level="hash")]
    finally:
        written.path.write_bytes(good)
    assert kinds == [FindingKind.CONTRADICTION]
