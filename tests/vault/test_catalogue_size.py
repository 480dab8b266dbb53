"""A catalogue of many rows: no question reads a table from end to end, and a smaller bench runs whole."""

import sqlite3
from pathlib import Path

import pytest
from tests.support.chunks import CAMERA, START_US, write_chunk

from beffroi.cli.bench_catalogue import catalogue_figures
from beffroi.domain.gaps import GapCause
from beffroi.domain.ranges import WallRange
from beffroi.vault.catalogue import Catalogue

SMALL = {"stream", "tail"}
"""Tables that grow with the cameras, not with the days."""


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


@pytest.mark.parametrize("rows", [20_000])
def test_the_bench_runs_whole_and_stays_far_from_its_bars(tmp_path: Path, rows: int) -> None:
    """Not timed but by bars ten times too wide: a machine that does other work must pass."""
    figures = catalogue_figures(tmp_path, rows=rows, seconds=1.0, views=60)
    print(figures)  # noqa: T201  the figures
    assert figures["day_view_p99_cpu_ms"] < 500
    assert figures["bytes_per_row"] < 600
    assert figures["insert_files_per_s"] > figures["nominal_files_per_s"]
    assert figures["delete_files_per_s"] > figures["nominal_files_per_s"]
