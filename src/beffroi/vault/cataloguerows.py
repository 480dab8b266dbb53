"""Writes to the catalogue's tables that several of its methods share. Inside a transaction of the caller."""

import sqlite3

from beffroi.domain.ids import CameraId, StreamName
from beffroi.vault.calendar import JOIN_TOLERANCE_US
from beffroi.vault.catalogueschema import MAX_CHUNK_US


def stream_id(db: sqlite3.Connection, camera: CameraId, stream: StreamName) -> int:
    """The number of a stream, given one at need."""
    db.execute("INSERT INTO stream (camera, name) VALUES (?, ?) ON CONFLICT DO NOTHING", (camera, stream))
    row = db.execute("SELECT id FROM stream WHERE camera = ? AND name = ?", (camera, stream)).fetchone()
    found: int = row[0]
    return found


def destroyed(db: sqlite3.Connection, row: tuple[int, int, int, int], destroyed_us: int) -> None:
    """Enter a destroyed range (stream, from, to, term), joined to the one it continues."""
    stream_id, start, end, term_days = row
    before = db.execute(
        "SELECT id, to_us FROM destroyed WHERE stream_id = ? AND term_days = ? AND from_us <= ? "
        "AND to_us BETWEEN ? AND ?",
        (stream_id, term_days, start, start - JOIN_TOLERANCE_US, start + MAX_CHUNK_US),
    ).fetchone()
    if before:
        latest = (max(before[1], end), destroyed_us, before[0])
        db.execute("UPDATE destroyed SET to_us = ?, destroyed_us = ? WHERE id = ?", latest)
    else:
        db.execute(
            "INSERT INTO destroyed (stream_id, from_us, to_us, term_days, destroyed_us) VALUES (?, ?, ?, ?, ?)",
            (*row, destroyed_us),
        )


def forget(db: sqlite3.Connection, chunk_id: int) -> None:
    """Drop a chunk's row, and its run with its last chunk."""
    row = db.execute("SELECT run_id FROM chunk WHERE id = ?", (chunk_id,)).fetchone()
    db.execute("DELETE FROM chunk WHERE id = ?", (chunk_id,))
    if row and db.execute("SELECT 1 FROM chunk WHERE run_id = ? LIMIT 1", row).fetchone() is None:
        db.execute("DELETE FROM run WHERE id = ?", row)


def lost(db: sqlite3.Connection, stream: int, span: tuple[int, int], path: str) -> None:
    """Enter a file of which nothing is left but its time."""
    db.execute(
        "INSERT INTO run (stream_id, run, recorder, codec_string, config_digest, width, height) "
        "VALUES (?, '', '', '', '', 0, 0) ON CONFLICT DO NOTHING",
        (stream,),
    )
    run = db.execute("SELECT id FROM run WHERE stream_id = ? AND run = ''", (stream,)).fetchone()
    db.execute(
        "INSERT INTO chunk (stream_id, run_id, path, wall_start_us, wall_end_us, start_90k, authority, term_days, "
        "hour, kid, size, gops, frames, state) VALUES (?, ?, ?, ?, ?, 0, '', 0, ?, x'', 0, 0, 0, 'lost')",
        (stream, run[0], path, *span, span[0] // 3_600_000_000),
    )
