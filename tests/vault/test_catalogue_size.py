"""A catalogue of many rows: no question reads a table from end to end, a day's work takes as many steps among many rows
as among few, and a smaller bench runs whole."""

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.chunks import CAMERA, START_US, header_for, write_chunk
from tests.support.clips import clip

from beffroi.cli.bench_catalogue import START_US as FIRST_US
from beffroi.cli.bench_catalogue import catalogue_figures, fill
from beffroi.cli.benchbars import CATALOGUE
from beffroi.domain.gaps import GapCause
from beffroi.domain.ids import CameraId
from beffroi.domain.ranges import WallRange
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.chunkformat import CloseReason, GopEntry

SMALL = {"stream", "tail"}
"""Tables that grow with the cameras, not with the days."""

FILLED = CameraId("cam-000")
"""The bench's first camera."""


def test_no_question_reads_a_table_from_end_to_end(tmp_path: Path) -> None:
    """Every statement of a day's work, asked of the planner of a database whose tables were analysed as large."""
    catalogue = Catalogue.open(tmp_path / "catalogue.sqlite")
    asked: list[str] = []
    catalogue._writer.set_trace_callback(asked.append)  # what is sent to SQLite is judged
    with catalogue.one_transaction():  # its own reads go through the writer
        written = write_chunk(tmp_path, catalogue)
        day = WallRange(START_US - 86_400_000_000, START_US + 86_400_000_000)
        catalogue.add_gap(CAMERA, "main", WallRange(START_US + 3_000_000, START_US + 9_000_000), GapCause.UNKNOWN)
        catalogue.uncarried_gaps(CAMERA, "main")
        catalogue.calendar(CAMERA, "main", day)
        catalogue.chunks(CAMERA, "main", day)
        catalogue.chunk(written.chunk_id)
        catalogue.chunk_at("streams/x/main/1.mp4")
        catalogue.paths(CAMERA, "main")
        catalogue.open_chunks()
        catalogue.garbage()
        catalogue.chunks_of_hour("maire/99001", 15, written.header.hour)
        catalogue.tail(written.chunk_id)
        catalogue.accounted_us(CAMERA, "main")
        catalogue.mark_garbage([written.chunk_id])
        catalogue.mark_destroyed(written.chunk_id, START_US)
    catalogue.close()
    scans = []
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as db:
        for text in dict.fromkeys(asked):
            if not text.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
                continue
            for *_, step in db.execute(f"EXPLAIN QUERY PLAN {text}"):
                if step.startswith("SCAN") and "USING INDEX" not in step and step.split()[1] not in SMALL:
                    scans.append((step, text[:120]))
    assert len(asked) > 25
    assert not [scan for scan in scans if scan[0] != "SCAN CONSTANT ROW"], scans


def steps(catalogue: Catalogue, work: Callable[[], object]) -> int:
    """Instructions of SQLite's machine that some work takes: what time does not change, and load neither."""
    counted = itertools.count()
    with catalogue.one_transaction():  # its own reads go through the writer
        catalogue._writer.set_progress_handler(lambda: next(counted) < 0, 1)
        work()
        catalogue._writer.set_progress_handler(None, 0)
    return next(counted)


@contextmanager
def filled(folder: Path, *, streams: int, files: int) -> Iterator[Catalogue]:
    """A catalogue of so many files of each stream."""
    folder.mkdir()
    catalogue = Catalogue.open(folder / "catalogue.sqlite")
    fill(catalogue.path, streams * files, streams=streams)
    yield catalogue
    catalogue.close()


def day_seen(catalogue: Catalogue, from_us: int) -> None:
    day = WallRange(from_us, from_us + 86_400_000_000)
    assert len(catalogue.chunks(FILLED, "main", day)) >= 144
    assert catalogue.calendar(FILLED, "main", day).recorded


def file_coming(catalogue: Catalogue) -> None:
    config, _ = clip()
    at_us = FIRST_US + 400 * 86_400_000_000
    header = header_for(config, camera=FILLED, wall_start_us=at_us)
    chunk = catalogue.open_chunk(header, str(header.relative_path()), 1000)
    entry = GopEntry(0, 100, at_us, 0, 180_000, 50, True, bytes(32))
    for _ in range(60):
        catalogue.checkpoint(chunk, 2000, [entry] * 5)
    catalogue.close_chunk(chunk, size=3000, entries=[entry], root=bytes(32), reason=CloseReason.ROTATED)


def file_going(catalogue: Catalogue) -> None:
    oldest = catalogue.chunks(FILLED, "main", WallRange(FIRST_US, FIRST_US + 1))[0]
    catalogue.mark_garbage([oldest.id])
    assert [row.id for row in catalogue.garbage()] == [oldest.id]
    catalogue.mark_destroyed(oldest.id, FIRST_US)
    assert catalogue.chunk(oldest.id) is None


def counted(catalogue: Catalogue, files: int) -> dict[str, int]:
    """What a recorder and its viewers do all day, in steps."""
    return {
        "first day": steps(catalogue, lambda: day_seen(catalogue, FIRST_US)),
        "last day": steps(catalogue, lambda: day_seen(catalogue, FIRST_US + (files - 144) * 600_000_000)),
        "known until": steps(catalogue, lambda: catalogue.accounted_us(FILLED, "main")),
        "unfinished": steps(catalogue, lambda: (catalogue.open_chunks(), catalogue.garbage())),
        "coming": steps(catalogue, lambda: file_coming(catalogue)),
        "going": steps(catalogue, lambda: file_going(catalogue)),
    }


@pytest.mark.parametrize(("streams", "files"), [(4, 12_000), (200, 300)], ids=["days", "cameras"])
def test_a_days_work_takes_as_many_steps_in_a_large_catalogue(tmp_path: Path, streams: int, files: int) -> None:
    """Forty times the days, or fifty times the cameras: what is looked at stays a day of a stream. The gaps before
    it are passed over (four a day here), hence not quite the same number."""
    with filled(tmp_path / "small", streams=4, files=300) as catalogue:
        small = counted(catalogue, 300)
    with filled(tmp_path / "large", streams=streams, files=files) as catalogue:
        large = counted(catalogue, files)
    print(small, large)  # noqa: T201  the figures
    assert not {name: (small[name], taken) for name, taken in large.items() if taken > 1.5 * small[name]}


def test_the_count_of_steps_tells_a_missing_index(tmp_path: Path) -> None:
    with filled(tmp_path / "indexed", streams=4, files=3000) as catalogue:
        indexed = steps(catalogue, lambda: day_seen(catalogue, FIRST_US))
        catalogue._writer.execute("DROP INDEX chunk_by_time")
        assert steps(catalogue, lambda: day_seen(catalogue, FIRST_US)) > 10 * indexed


def test_the_bench_runs_whole_and_gives_each_figure_that_has_a_bar(tmp_path: Path) -> None:
    """The figures are held to their bars by `make bench`, of a million rows: a disk that stalls for seconds tells
    nothing about the catalogue."""
    figures = catalogue_figures(tmp_path, rows=20_000, seconds=1.0, views=60)
    print(figures)  # noqa: T201  the figures
    assert {bar.key for bar in CATALOGUE} <= figures.keys()
    assert all(figures[bar.key] > 0 for bar in CATALOGUE)
    assert figures["bytes_per_row"] < 600
