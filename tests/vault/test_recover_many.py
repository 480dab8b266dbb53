"""The start after a crash: its work grows with what was being written, not with what is kept."""

import os
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.support.chunks import begin, feed
from tests.support.clips import clip, gops

from beffroi.vault.catalogue import Catalogue
from beffroi.vault.catalogueschema import connect
from beffroi.vault.recover import Outcome, recover

CAMERAS, FILES = 64, 300
_INSERT = (
    "INSERT INTO chunk (stream_id, run_id, path, wall_start_us, wall_end_us, start_90k, authority, term_days, hour, "
    "kid, size, gops, frames, root, state, reason) "
    "VALUES (?, ?, ?, ?, ?, 0, 'maire/99001', 30, 0, ?, 1, 1, 1, ?, 'closed', 'rotated')"
)


def _store(root: Path, catalogue: Catalogue) -> list[Path]:
    """Rows and files of two days of 64 cameras; each was writing one more when the power went. Those files."""
    config, frames = clip(count=50)
    torn = []
    for number in range(CAMERAS):
        camera = f"cam-{number:02d}"
        writer, _ = begin(root, catalogue, config, camera=camera)
        feed(writer, gops(frames))
        writer.sync()
        writer.abandon()
        torn.append(writer.path)
        with closing(connect(root / "catalogue.sqlite")) as db:
            stream, run = db.execute(
                "SELECT s.id, r.id FROM stream s JOIN run r ON r.stream_id = s.id WHERE s.camera = ?", (camera,)
            ).fetchone()
            folder = f"streams/{camera}/main"
            rows = [
                (stream, run, f"{folder}/{at:013d}-x.mp4", at, at + 1, os.urandom(16), bytes(32)) for at in range(FILES)
            ]
            db.execute("BEGIN")
            db.executemany(_INSERT, rows)
            db.execute("COMMIT")
        for row in rows:
            os.link(writer.path, root / row[2])
    return torn


def test_a_start_after_a_crash_asks_no_question_for_each_file_it_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = Catalogue.open(tmp_path / "catalogue.sqlite")
    torn = _store(tmp_path, catalogue)
    asked: list[str] = []
    read = Catalogue._read

    def counted(self: Catalogue, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        asked.append(sql)
        return read(self, sql, values)

    monkeypatch.setattr(Catalogue, "_read", counted)
    (tmp_path / "streams" / "cam-00" / "main" / "not-a-chunk.mp4").write_bytes(bytes(100))
    began_s, cpu_s = time.monotonic(), time.process_time()
    done = recover(tmp_path, catalogue)
    took_s, cpu_s = time.monotonic() - began_s, time.process_time() - cpu_s
    print(f"{CAMERAS} × {FILES} files kept, {len(torn)} torn: {took_s:.2f} s, processor {cpu_s:.2f} s")  # noqa: T201
    outcomes = {item.path: item.outcome for item in done}
    assert [outcomes.pop(str(path.relative_to(tmp_path))) for path in torn] == [Outcome.CUT] * CAMERAS
    assert list(outcomes.values()) == [Outcome.EMPTY], "and a file of zeros that has no row"
    assert len(asked) < 6 * CAMERAS
    assert recover(tmp_path, catalogue) == []
    catalogue.close()
