"""The opening balance of the journal: what the acts that were dropped said of each stream's time.

A line is a piece of time: recorded, a gap with its cause, destroyed at its term, lost. Pieces that touch and say the
same are one line: about one a day and stream, where the acts were three hundred. Gaps stay as they are: the catalogue
has a row for each.
"""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any, Final

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS carried (
    n INTEGER PRIMARY KEY, kind TEXT NOT NULL, camera TEXT NOT NULL, stream TEXT NOT NULL, from_us INTEGER NOT NULL,
    to_us INTEGER NOT NULL, detail TEXT NOT NULL, hash BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS carried_by_piece ON carried (camera, stream, to_us);
"""

TOUCH_US: Final = 2
"""Two files of one run are up to this far apart: 90 kHz does not divide into microseconds."""

Piece = tuple[str, str, str, int, int, str]
"""kind, camera, stream, from_us, to_us, detail (a gap's cause, a term in days)."""


def unsettled(db: sqlite3.Connection, before: int) -> list[int]:
    """The first act under this number whose file was neither destroyed nor lost yet, as a list of one or none."""
    row = db.execute(
        "SELECT MIN(a.seq) FROM act a WHERE a.seq < ? AND a.kind = 'chunk_closed' "
        "AND json_extract(a.fields, '$.to_us') IS NOT NULL AND NOT EXISTS (SELECT 1 FROM act d WHERE d.once IN ("
        "'destroyed:' || json_extract(a.fields, '$.path'), 'lost:' || json_extract(a.fields, '$.path')))",
        (before,),
    ).fetchone()
    return [] if row[0] is None else [row[0]]


def pieces_before(db: sqlite3.Connection, seq: int) -> Iterator[Piece]:
    """What the acts under this number said, by stream and time, joined."""
    rows = db.execute(
        "SELECT kind, fields FROM act WHERE seq < ? AND kind IN ('chunk_closed', 'chunk_lost', 'destruction', 'gap')",
        (seq,),
    )
    found = sorted(piece for kind, fields in rows for piece in piece_of(kind, json.loads(fields)))
    last: Piece | None = None
    for piece in found:
        kind, camera, stream, start, end, detail = piece
        if last and last[:3] == piece[:3] and kind != "gap" and last[5] == detail and abs(start - last[4]) <= TOUCH_US:
            last = (kind, camera, stream, last[3], max(last[4], end), detail)
            continue
        if last:
            yield last
        last = piece
    if last:
        yield last


def piece_of(kind: str, fields: dict[str, Any]) -> Iterator[Piece]:
    """The piece of time that an act tells of, if it does."""
    camera, stream = fields.get("camera"), fields.get("stream")
    start, end = fields.get("from_us"), fields.get("to_us")
    if isinstance(camera, str) and isinstance(stream, str) and isinstance(start, int) and isinstance(end, int):
        detail = fields.get("cause") if kind == "gap" else fields.get("term_days", "")
        yield kind, camera, stream, start, end, str(detail)
