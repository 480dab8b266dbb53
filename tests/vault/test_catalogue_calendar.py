"""What is held, what is missing and why: facts in, calendar out."""

import gc
import multiprocessing
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.chunks import CAMERA, START_US, begin, feed, write_chunk
from tests.support.clips import clip, gops

from beffroi.domain.gaps import Gap, GapCause
from beffroi.domain.ids import CameraId
from beffroi.domain.ranges import WallRange
from beffroi.vault import calendar
from beffroi.vault.calendar import Calendar, Destroyed
from beffroi.vault.catalogue import Catalogue, CatalogueError, ChunkState
from beffroi.vault.chunkformat import CloseReason

S = 1_000_000


def at(start_s: float, end_s: float) -> WallRange:
    return WallRange(START_US + round(start_s * S), START_US + round(end_s * S))


def test_recorded_gap_and_unknown_hole(tmp_path: Path, catalogue: Catalogue) -> None:
    write_chunk(tmp_path, catalogue)  # 0..3 s
    catalogue.add_gap(CAMERA, "main", at(3, 20), GapCause.CAMERA_UNREACHABLE)
    write_chunk(tmp_path, catalogue, wall_start_us=START_US + 20 * S)
    write_chunk(tmp_path, catalogue, wall_start_us=START_US + 30 * S)

    found = catalogue.calendar(CAMERA, "main", at(-10, 100))

    assert found.recorded == (at(0, 3), at(20, 23), at(30, 33))
    assert found.gaps == (Gap(at(3, 20), GapCause.CAMERA_UNREACHABLE), Gap(at(23, 30), GapCause.UNKNOWN))
    assert catalogue.calendar(CAMERA, "main", at(10, 21)) == Calendar(
        (at(20, 21),), (Gap(at(10, 20), GapCause.CAMERA_UNREACHABLE),), (), ()
    )
    assert catalogue.calendar(CAMERA, "sub", at(0, 10)) == Calendar((), (), (), ())
    assert catalogue.accounted_us(CAMERA, "main") == START_US + 33 * S
    assert catalogue.accounted_us(CameraId("other"), "main") is None


def test_a_hole_of_days_is_still_a_hole(tmp_path: Path, catalogue: Catalogue) -> None:
    hour, day = 3600, 86_400
    write_chunk(tmp_path, catalogue)
    middle = at(3 * day, 3 * day + hour)
    assert catalogue.calendar(CAMERA, "main", middle).gaps == (), "nothing is known after it yet"
    write_chunk(tmp_path, catalogue, wall_start_us=START_US + 6 * day * S)
    assert catalogue.calendar(CAMERA, "main", middle).gaps == (Gap(middle, GapCause.UNKNOWN),)
    catalogue.add_gap(CAMERA, "main", at(3, 6 * day), GapCause.RECORDER_STOPPED)
    assert catalogue.calendar(CAMERA, "main", middle).gaps == (Gap(middle, GapCause.RECORDER_STOPPED),)


def test_a_full_database_says_so_and_goes_on(tmp_path: Path, catalogue: Catalogue) -> None:
    pages = catalogue._writer.execute("PRAGMA page_count").fetchone()[0]
    catalogue._writer.execute(f"PRAGMA max_page_count = {pages + 1}")

    def fill() -> None:
        for number in range(1000):
            catalogue.add_gap(CAMERA, "main", at(number * 10, number * 10 + 5), GapCause.OVERRUN)

    with pytest.raises(CatalogueError) as caught:
        fill()
    assert isinstance(caught.value.__cause__, sqlite3.Error)
    assert caught.value.__cause__.sqlite_errorcode == sqlite3.SQLITE_FULL
    catalogue._writer.execute("PRAGMA max_page_count = 100000")
    catalogue.add_gap(CAMERA, "sub", at(0, 5), GapCause.DISK_FULL)
    assert len(catalogue.uncarried_gaps(CAMERA, "sub")) == 1
    write_chunk(tmp_path, catalogue)


def test_chunks_of_a_range(tmp_path: Path, catalogue: Catalogue) -> None:
    paths = [write_chunk(tmp_path, catalogue, wall_start_us=START_US + n * 3 * S).path for n in range(4)]
    found = catalogue.chunks(CAMERA, "main", at(2.5, 6.5))
    assert [tmp_path / row.path for row in found] == paths[:3]
    assert catalogue.chunks(CAMERA, "main", at(12, 20)) == []
    assert catalogue.chunk_at(found[0].path) == found[0]
    row = found[0]
    assert catalogue.chunks_of_hour(row.authority, row.term_days, row.hour)[0] == row
    assert catalogue.chunks_of_hour(row.authority, row.term_days + 1, row.hour) == []


def test_an_open_chunk_is_found_before_its_first_checkpoint(tmp_path: Path, catalogue: Catalogue) -> None:
    config, frames = clip(count=75)
    writer, _ = begin(tmp_path, catalogue, config)
    feed(writer, gops(frames)[:1])
    assert [row.state for row in catalogue.chunks(CAMERA, "main", at(0, 1))] == [ChunkState.OPEN]
    writer.abandon()


def test_destruction_leaves_a_destroyed_range_and_no_sealed_key(tmp_path: Path, catalogue: Catalogue) -> None:
    written = [write_chunk(tmp_path, catalogue, wall_start_us=START_US + n * 3 * S) for n in range(3)]
    ids = [item.chunk_id for item in written[:2]]
    catalogue.mark_garbage(ids)
    assert [row.sealed_key for row in catalogue.garbage()] == [None, None]
    assert catalogue.chunks(CAMERA, "main", at(0, 6)) == []
    assert catalogue.calendar(CAMERA, "main", at(0, 9)).destroyed == (Destroyed(at(0, 6), 15),), "joined"
    for item in written[:2]:
        item.path.unlink()
        catalogue.mark_destroyed(item.chunk_id, START_US + 100 * S)
        catalogue.mark_destroyed(item.chunk_id, START_US + 100 * S)
    found = catalogue.calendar(CAMERA, "main", at(-5, 9))
    assert found.destroyed == (Destroyed(at(0, 6), 15),), "joined: a month of files is one row"
    assert found.recorded == (at(6, 9),)
    assert found.gaps == ()


def test_lost_files_are_shown_as_lost(tmp_path: Path, catalogue: Catalogue) -> None:
    written = write_chunk(tmp_path, catalogue)
    catalogue.mark_lost(written.chunk_id)
    found = catalogue.calendar(CAMERA, "main", at(0, 9))
    assert (found.recorded, found.lost) == ((), (at(0, 3),))


def test_gaps_are_entered_once_and_travel_in_the_next_header(tmp_path: Path, catalogue: Catalogue) -> None:
    for _ in range(2):
        catalogue.add_gap(CAMERA, "main", at(-5, 0), GapCause.NO_ORDER)
    catalogue.add_gap(CAMERA, "sub", at(-5, 0), GapCause.NO_ORDER)
    catalogue.add_gap(CAMERA, "main", at(-5, -5), GapCause.UNKNOWN)
    assert catalogue.uncarried_gaps(CAMERA, "main") == (Gap(at(-5, 0), GapCause.NO_ORDER),)
    assert write_chunk(tmp_path, catalogue).header.gaps == (Gap(at(-5, 0), GapCause.NO_ORDER),)
    assert catalogue.uncarried_gaps(CAMERA, "main") == ()
    assert len(catalogue.uncarried_gaps(CAMERA, "sub")) == 1


def test_every_cause_has_its_sentences() -> None:
    for cause in GapCause:
        assert cause.text.fr.endswith(".")
        assert cause.text.en.endswith(".")


ranges = st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda pair: WallRange(pair[0] * S, sum(pair) * S))


@given(recorded=st.lists(ranges, max_size=6), missing=st.lists(ranges, max_size=4), lost=st.lists(ranges, max_size=2))
def test_conservation_every_instant_between_known_ends_is_recorded_missing_or_lost(
    recorded: list[WallRange], missing: list[WallRange], lost: list[WallRange]
) -> None:
    asked = WallRange(0, 100 * S)
    gaps = [Gap(item, GapCause.OVERRUN) for item in missing]
    found = calendar.build(asked, recorded=recorded, gaps=gaps, destroyed=[], lost=lost)
    known = [*recorded, *missing, *lost]
    if not known:
        assert found == Calendar((), (), (), ())
        return
    pieces = [*found.recorded, *(gap.range for gap in found.gaps), *found.lost]
    for second in range(min(item.from_us for item in known) // S, max(item.to_us for item in known) // S):
        instant = WallRange(second * S, second * S + S)
        assert any(piece.overlaps(instant) for piece in pieces), "no instant is left unexplained"
        is_recorded = any(item.overlaps(instant) for item in recorded)
        assert any(item.overlaps(instant) for item in found.recorded) >= is_recorded
        if is_recorded:
            assert not any(gap.range.overlaps(instant) for gap in found.gaps), "a picture wins over a gap"
    assert list(found.recorded) == sorted(found.recorded)


def test_threads_that_end_take_their_connection_with_them(catalogue: Catalogue) -> None:
    for _ in range(30):
        thread = threading.Thread(target=catalogue.open_chunks)
        thread.start()
        thread.join()
    gc.collect()
    assert len(catalogue._readers) <= 1


def _other_process(path: Path, root: Path, number: int) -> None:
    catalogue = Catalogue.open(path)
    for step in range(5):
        write_chunk(root, catalogue, clip(count=10, gop=10), camera=f"cam-{number}", wall_start_us=START_US + step * S)
        catalogue.add_gap(CameraId(f"cam-{number}"), "sub", at(step * 10, step * 10 + 5), GapCause.OVERRUN)
    catalogue.close()


def test_several_processes_share_one_catalogue(tmp_path: Path, catalogue: Catalogue) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_other_process, args=(tmp_path / "catalogue.sqlite", tmp_path, number))
        for number in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(list(catalogue.all_chunks())) == 10


def test_a_file_that_is_no_database_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "bad.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(CatalogueError) as caught:
        Catalogue.open(path)
    assert "catalogue" in caught.value.text.fr


def test_a_day_view_stays_quick_among_many_rows(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty days of ten-minute files of twenty streams: a day is found by its index, not by reading the table."""
    asked: list[tuple[str, tuple[Any, ...]]] = []
    read = Catalogue._read

    def heard(self: Catalogue, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        asked.append((sql, values))
        return read(self, sql, values)

    monkeypatch.setattr(Catalogue, "_read", heard)
    minute = 60 * S
    write_chunk(tmp_path, catalogue)
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(chunk)")]
        template = dict(zip(columns, db.execute("SELECT * FROM chunk").fetchone(), strict=True))
        db.executemany("INSERT INTO stream (camera, name) VALUES (?, 'main')", [(f"c{n}",) for n in range(20)])
        rows = [
            template | {"id": None, "stream_id": 2 + n, "path": f"{n}/{k}", "wall_start_us": START_US + k * 10 * minute,
                        "wall_end_us": START_US + (k + 1) * 10 * minute}
            for n in range(20) for k in range(30 * 144)
        ]  # fmt: skip
        marks = ",".join(f":{name}" for name in columns)
        db.executemany(f"INSERT INTO chunk VALUES ({marks})", rows)  # noqa: S608  column names of our own schema
    day = WallRange(START_US + 10 * 144 * 10 * minute, START_US + 11 * 144 * 10 * minute)
    found = catalogue.calendar(CameraId("c7"), "main", day)
    assert found.recorded == (day,)
    assert len(catalogue.chunks(CameraId("c7"), "main", day)) == 144
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as db:
        plans = [row[3] for sql, values in asked for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert any("chunk_by_time" in step for step in plans), plans
    assert [step for step in plans if step.startswith("SCAN")] == []


def test_a_stored_gap_is_never_swallowed_however_short() -> None:
    quick = Gap(WallRange(10_000_000, 10_960_000), GapCause.STREAM_CLOSED)
    found = calendar.build(
        WallRange(0, 20_000_000),
        recorded=[WallRange(0, 10_000_000), WallRange(10_960_000, 20_000_000)],
        gaps=[quick],
        destroyed=[],
        lost=[],
    )
    assert found.gaps == (quick,)
    assert found.recorded == (WallRange(0, 10_000_000), WallRange(10_960_000, 20_000_000))


def test_an_open_file_counts_for_what_it_holds_by_now(tmp_path: Path, catalogue: Catalogue) -> None:
    written = write_chunk(tmp_path, catalogue)  # 0..3 s
    row = catalogue.chunk(written.chunk_id)
    assert row is not None
    found = catalogue.calendar(CAMERA, "main", at(0, 10), growing=[at(3, 8)])
    assert found.recorded == (at(0, 8),)


def test_a_row_number_is_never_given_twice(tmp_path: Path) -> None:
    """A file destroyed while it is open (a clock that jumped past its term): its writer closes nobody else's row."""
    catalogue = Catalogue.open(tmp_path / "catalogue.sqlite")
    config, frames = clip(count=25)
    first, _ = begin(tmp_path, catalogue, config)
    feed(first, gops(frames))
    catalogue.mark_garbage([first.chunk_id])
    catalogue.mark_destroyed(first.chunk_id, START_US)
    second, _ = begin(tmp_path, catalogue, config, wall_start_us=START_US + 3_600_000_000)
    feed(second, gops(frames))
    first.close(CloseReason.ROTATED)
    row = catalogue.chunk(second.chunk_id)
    assert row is not None
    assert (row.state, row.root) == (ChunkState.OPEN, None)
    second.close(CloseReason.ROTATED)
    catalogue.close()
