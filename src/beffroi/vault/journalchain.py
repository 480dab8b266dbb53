"""The chain of the journal: each act is numbered without a hole and carries a hash over itself and the one before.

An act that was taken out, added or changed by another hand is named by its number. Who may write the file may compute
the whole chain again: the register, which has taken the acts in, is what tells then.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from beffroi.vault import journalcarry
from beffroi.vault.signed import canonical

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS act (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, wall_us INTEGER NOT NULL, kind TEXT NOT NULL, fields TEXT NOT NULL,
    once TEXT UNIQUE, hash BLOB
);
-- Acts that were dropped after their time: the last of them, and where the chain of what remains begins.
CREATE TABLE IF NOT EXISTS opening (
    one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash BLOB NOT NULL, carried INTEGER NOT NULL,
    carried_hash BLOB NOT NULL
);
"""

_PIECES: Final = """
-- What an act says of a piece of a stream's time, found by that time whenever it was said.
CREATE INDEX IF NOT EXISTS act_by_piece ON act (
    json_extract(fields, '$.camera'), json_extract(fields, '$.stream'), json_extract(fields, '$.to_us')
) WHERE kind IN ('chunk_closed', 'chunk_lost', 'destruction');
CREATE INDEX IF NOT EXISTS act_by_gap ON act (
    json_extract(fields, '$.camera'), json_extract(fields, '$.stream'), json_extract(fields, '$.to_us')
) WHERE kind = 'gap';
CREATE INDEX IF NOT EXISTS act_by_head ON act (seq) WHERE kind IN ('register_head', 'register_anew');
CREATE INDEX IF NOT EXISTS act_by_sheet ON act (json_extract(fields, '$.camera')) WHERE kind = 'sheet_applied';
"""

NOTHING: Final = bytes(32)
"""What the first act of all is chained to."""


class FaultKind(StrEnum):
    """What another hand did."""

    MISSING = "missing"
    CHANGED = "changed"
    OPENING = "opening"
    CARRIED = "carried"


@dataclass(frozen=True, slots=True)
class ChainFault:
    """Acts ``first`` to ``last``, both included; of `FaultKind.CARRIED`, lines of the opening balance."""

    kind: FaultKind
    first: int
    last: int


def view(uri: str) -> sqlite3.Connection:
    """A journal as it is at one instant, for reading, whatever others append and drop meanwhile. Close it.

    Args:
        uri: the file, as SQLite spells it.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    try:
        db.execute("BEGIN")
        db.execute("SELECT 1 FROM act LIMIT 1").fetchone()  # the view begins with the first read
    except sqlite3.Error:
        db.close()
        raise
    return db


def prepare(db: sqlite3.Connection) -> None:
    """Make the tables; a journal from before the chain is chained as it stands."""
    db.executescript(SCHEMA + journalcarry.SCHEMA)
    if "hash" not in {row[1] for row in db.execute("PRAGMA table_info(act)")}:
        db.execute("BEGIN IMMEDIATE")
        if "hash" not in {row[1] for row in db.execute("PRAGMA table_info(act)")}:  # another process was first
            db.execute("ALTER TABLE act ADD COLUMN hash BLOB")
            before = NOTHING
            for row in db.execute("SELECT seq, wall_us, kind, fields, once FROM act ORDER BY seq").fetchall():
                before = act_hash(before, row)
                db.execute("UPDATE act SET hash = ? WHERE seq = ?", (before, row[0]))
            first = db.execute("SELECT MIN(seq) FROM act").fetchone()[0]
            if first is not None and first > 1:
                db.execute("INSERT INTO opening VALUES (1, ?, ?, 0, ?)", (first - 1, NOTHING, NOTHING))
        db.execute("COMMIT")
    db.executescript(_PIECES)


def act_hash(before: bytes, row: tuple[Any, ...]) -> bytes:
    """The hash of an act (seq, wall_us, kind, fields, once) that follows the act hashed ``before``."""
    return hashlib.sha256(before + canonical(list(row))).digest()


def end(db: sqlite3.Connection) -> tuple[int, bytes]:
    """Number of the last act ever given, and what the next one is chained to. Inside a write transaction."""
    given = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'act'").fetchone()
    last = db.execute("SELECT hash FROM act ORDER BY seq DESC LIMIT 1").fetchone()
    last = last or db.execute("SELECT hash FROM opening").fetchone()
    return (given[0] if given else 0), (last[0] if last else NOTHING)


def faults(db: sqlite3.Connection) -> Iterator[ChainFault]:
    """Everything that another hand took out or changed, in order. Of a `view`: between two statements outside of one,
    an act that is appended or dropped looks taken out."""
    opening = db.execute("SELECT seq, hash, carried, carried_hash FROM opening").fetchone()
    expected, before = (opening[0] + 1, opening[1]) if opening else (1, NOTHING)
    yield from _carried_faults(db, *(opening[2:] if opening else (0, NOTHING)))
    known = True
    for *row, found in db.execute("SELECT seq, wall_us, kind, fields, once, hash FROM act ORDER BY seq"):
        if row[0] != expected:
            yield ChainFault(FaultKind.MISSING, expected, row[0] - 1)
            known = False
        if known and act_hash(before, tuple(row)) != found:
            yield ChainFault(FaultKind.CHANGED, row[0], row[0])
        expected, before, known = row[0] + 1, found or NOTHING, True
    given = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'act'").fetchone()
    if given and given[0] >= expected:
        yield ChainFault(FaultKind.MISSING, expected, given[0])


def _carried_faults(db: sqlite3.Connection, count: int, last: bytes) -> Iterator[ChainFault]:
    expected, before = 1, NOTHING
    for *row, found in db.execute(
        "SELECT n, kind, camera, stream, from_us, to_us, detail, hash FROM carried ORDER BY n"
    ):
        if row[0] != expected:
            yield ChainFault(FaultKind.CARRIED, expected, row[0] - 1)
        elif act_hash(before, tuple(row)) != found:
            yield ChainFault(FaultKind.CARRIED, row[0], row[0])
        expected, before = row[0] + 1, found
    if expected <= count:
        yield ChainFault(FaultKind.CARRIED, expected, count)
    elif expected == count + 1 and before != last:
        yield ChainFault(FaultKind.OPENING, 1, 1)


def _kept_head(db: sqlite3.Connection) -> list[int]:
    row = db.execute("SELECT MAX(seq) FROM act WHERE kind IN ('register_head', 'register_anew')").fetchone()
    return [] if row[0] is None else [row[0]]


def prune(db: sqlite3.Connection, before_us: int, batch_us: int = 0) -> int:
    """Drop the acts from the first on that are older than an instant, acknowledged and settled; how many.

    Stops before the first act that is younger, or that tells of a file not yet destroyed nor lost, and before the last
    head of the register that was kept: without it the site would believe any other. What the acts
    said of the streams' time is carried into the opening balance, in the same transaction. Nothing is done before
    the oldest act is ``batch_us`` older than that: the balance has a line a day, not one a file.
    """
    opened = db.execute("SELECT seq, hash, carried, carried_hash FROM opening").fetchone() or (0, NOTHING, 0, NOTHING)
    first = db.execute("SELECT wall_us FROM act ORDER BY seq LIMIT 1").fetchone()
    if first is None or first[0] >= before_us - batch_us:
        return 0
    young = db.execute("SELECT seq FROM act WHERE wall_us >= ? ORDER BY seq LIMIT 1", (before_us,)).fetchone()
    last = db.execute("SELECT MAX(seq) FROM act").fetchone()[0] or 0
    stop = min(last, young[0] if young else last, db.execute("SELECT seq FROM acknowledged").fetchone()[0] + 1)
    stop = min([stop, *journalcarry.unsettled(db, stop), *_kept_head(db)])
    edge = db.execute("SELECT seq, hash FROM act WHERE seq < ? ORDER BY seq DESC LIMIT 1", (stop,)).fetchone()
    if edge is None:
        return 0
    count, carried_hash = opened[2], opened[3]
    for piece in journalcarry.pieces_before(db, stop):
        count += 1
        row = (count, *piece)
        carried_hash = act_hash(carried_hash, row)
        db.execute("INSERT INTO carried VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, carried_hash))
    db.execute("INSERT OR REPLACE INTO opening VALUES (1, ?, ?, ?, ?)", (*edge, count, carried_hash))
    return db.execute("DELETE FROM act WHERE seq < ?", (stop,)).rowcount
