"""A table to find entries by person, camera, day, view or source.

Derived: it can be deleted, it is rebuilt from the leaves.
"""

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from beffroi.domain.ids import CameraId, ViewId
from beffroi.ledger.entry import EntryKind, Record, Source

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entry (
    idx INTEGER PRIMARY KEY, kind TEXT NOT NULL, happened_us INTEGER NOT NULL, actor TEXT, camera TEXT, authority TEXT,
    view TEXT, recorder TEXT, seq INTEGER, commitment BLOB NOT NULL, UNIQUE (recorder, seq)
) STRICT;
CREATE INDEX IF NOT EXISTS entry_actor ON entry (actor, idx);
CREATE INDEX IF NOT EXISTS entry_camera ON entry (camera, happened_us);
CREATE INDEX IF NOT EXISTS entry_view ON entry (view);
CREATE INDEX IF NOT EXISTS entry_time ON entry (happened_us);
CREATE TABLE IF NOT EXISTS review (idx INTEGER PRIMARY KEY, done INTEGER) STRICT;
"""

REVIEW: Final = "review"
"""The key of an entry's detail that says that somebody has to look at the act afterwards."""


class Index:
    """Lookups only; the leaves are the truth."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            self._open(path)
        except sqlite3.DatabaseError:
            path.unlink(missing_ok=True)
            self._open(path)

    def _open(self, path: Path) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        # derived data: after a power cut `Ledger.open` compares and rebuilds, so it need not be durable
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def clear(self) -> None:
        """Empty the table, before a rebuild."""
        with self._lock:
            self._db.execute("DELETE FROM entry")
            self._db.execute("DELETE FROM review")

    def last(self) -> tuple[int, bytes | None]:
        """How many entries are indexed (0 when there are holes) and the last one's commitment."""
        with self._lock:
            count, top = self._db.execute("SELECT count(*), max(idx) FROM entry").fetchone()
            if count == 0 or top != count - 1:
                return 0, None
            row = self._db.execute("SELECT commitment FROM entry WHERE idx = ?", (top,)).fetchone()
        return count, row[0]

    def add(self, records: Iterable[Record]) -> None:
        """Index entries, all or none."""
        records = list(records)
        rows = [
            (
                record.index,
                record.kind.value,
                record.happened_us,
                record.actor,
                record.camera,
                record.authority,
                record.view,
                record.source.recorder if record.source else None,
                record.source.seq if record.source else None,
                record.commitment,
            )
            for record in records
        ]
        asked = [(record.index,) for record in records if REVIEW in record.detail]
        done = [(record.index, record.opened) for record in records if record.kind is EntryKind.REVIEWED]
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
                self._db.executemany("INSERT INTO review VALUES (?, NULL)", asked)
                self._db.executemany("UPDATE review SET done = ? WHERE idx = ?", done)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def commitments(self) -> set[bytes]:
        """Every commitment of the register."""
        with self._lock:
            return {row[0] for row in self._db.execute("SELECT commitment FROM entry")}

    def of_source(self, source: Source) -> int | None:
        """The entry that took in this line of a recorder's journal."""
        with self._lock:
            row = self._db.execute(
                "SELECT idx FROM entry WHERE recorder = ? AND seq = ?", (source.recorder, source.seq)
            ).fetchone()
        return None if row is None else int(row[0])

    def last_seq(self, recorder: str) -> int | None:
        """The highest journal number taken in from a recorder."""
        with self._lock:
            row = self._db.execute("SELECT max(seq) FROM entry WHERE recorder = ?", (recorder,)).fetchone()
        return None if row[0] is None else int(row[0])

    def of_actor(self, actor: str, *, before: int | None, limit: int) -> list[int]:
        """Entries of a pseudonym, newest first, below index ``before``."""
        return self._indices(
            "SELECT idx FROM entry WHERE actor = ? AND idx < ? ORDER BY idx DESC LIMIT ?",
            (actor, 2**62 if before is None else before, limit),
        )

    def numbered_of_actor(self, actor: str, *, before: int | None, limit: int) -> list[tuple[int, int]]:
        """(rank, entry) of a pseudonym's own entries, newest first, below rank ``before``; the first has rank 1."""
        with self._lock:
            total = int(self._db.execute("SELECT count(*) FROM entry WHERE actor = ?", (actor,)).fetchone()[0])
        last = total if before is None else max(0, min(total, before - 1))
        first = max(0, last - limit)
        found = self._indices(
            "SELECT idx FROM entry WHERE actor = ? ORDER BY idx LIMIT ? OFFSET ?", (actor, last - first, first)
        )
        return [(first + place, index) for place, index in enumerate(found, start=1)][::-1]

    def of_camera(self, camera: CameraId | None, from_us: int, to_us: int, limit: int) -> list[int]:
        """Entries about one camera (None: any) that happened in ``[from_us, to_us)``, oldest first."""
        return self._indices(
            "SELECT idx FROM entry WHERE (?1 IS NULL OR camera = ?1) AND happened_us >= ?2 AND happened_us < ?3 "
            "ORDER BY happened_us, idx LIMIT ?4",
            (camera, from_us, to_us, limit),
        )

    def select(self, condition: str, arguments: tuple[object, ...]) -> list[int]:
        """Entries that meet an SQL condition on this table's columns (`beffroi.ledger.choosing` writes it)."""
        return self._indices(f"SELECT idx FROM entry WHERE {condition}", arguments)  # noqa: S608  no word of a caller

    def of_view(self, view: ViewId) -> list[int]:
        """Entries about one view, in order."""
        return self._indices("SELECT idx FROM entry WHERE view = ? ORDER BY idx", (view,))

    def to_review(self, *, limit: int) -> list[int]:
        """Entries marked for a review that nobody has done yet, oldest first."""
        return self._indices("SELECT idx FROM review WHERE done IS NULL ORDER BY idx LIMIT ?", (limit,))

    def _indices(self, query: str, arguments: tuple[object, ...]) -> list[int]:
        with self._lock:
            return [int(row[0]) for row in self._db.execute(query, arguments)]
