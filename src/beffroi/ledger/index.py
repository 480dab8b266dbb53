"""A table to find entries by person, camera, day, view or source.

Derived: it can be deleted, it is rebuilt from the leaves.
"""

import json
import sqlite3
import threading
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from beffroi.domain.ids import CameraId, ViewId
from beffroi.ledger.entry import EntryKind, Record, Source
from beffroi.ledger.pruning import pruning_of

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entry (
    idx INTEGER PRIMARY KEY, kind TEXT NOT NULL, happened_us INTEGER NOT NULL, actor TEXT, camera TEXT, authority TEXT,
    view TEXT, recorder TEXT, seq INTEGER, commitment BLOB NOT NULL, UNIQUE (recorder, seq)
) STRICT;
CREATE INDEX IF NOT EXISTS entry_actor ON entry (actor, idx);
CREATE INDEX IF NOT EXISTS entry_camera ON entry (camera, happened_us);
CREATE INDEX IF NOT EXISTS entry_view ON entry (view);
CREATE INDEX IF NOT EXISTS entry_time ON entry (happened_us);
CREATE INDEX IF NOT EXISTS entry_register ON entry (kind, idx) WHERE kind IN ('register_term', 'register_pruned');
CREATE TABLE IF NOT EXISTS review (idx INTEGER PRIMARY KEY, done INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS carried (recorder TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
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
            self._db.execute("DELETE FROM carried")

    def span(self) -> tuple[int, int, bytes | None]:
        """The first entry indexed, the one after the last (both 0 when none, or when there are holes), and the last
        one's commitment."""
        with self._lock:
            count, first, top = self._db.execute("SELECT count(*), min(idx), max(idx) FROM entry").fetchone()
            if count == 0 or top - first != count - 1:
                return 0, 0, None
            row = self._db.execute("SELECT commitment FROM entry WHERE idx = ?", (top,)).fetchone()
        return first, top + 1, row[0]

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
        carried = [
            (recorder, seq)
            for record in records
            if record.kind is EntryKind.REGISTER_PRUNED
            for recorder, seq in pruning_of(record).sources.items()
        ]
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
                self._db.executemany("INSERT INTO review VALUES (?, NULL)", asked)
                self._db.executemany("UPDATE review SET done = ? WHERE idx = ?", done)
                self._db.executemany("INSERT OR REPLACE INTO carried VALUES (?, ?)", carried)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def commitments(self) -> set[bytes]:
        """Every commitment of the register."""
        with self._lock:
            return {row[0] for row in self._db.execute("SELECT commitment FROM entry")}

    def commitments_before(self, wall_us: int, below: int) -> list[bytes]:
        """Commitments of entries that happened before an instant, or are below an index."""
        with self._lock:
            rows = self._db.execute(
                "SELECT commitment FROM entry WHERE happened_us < ? UNION SELECT commitment FROM entry WHERE idx < ?",
                (wall_us, below),
            )
            return [row[0] for row in rows]

    def drop_below(self, index: int) -> None:
        """Forget pruned entries."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("DELETE FROM entry WHERE idx < ?", (index,))
            self._db.execute("DELETE FROM review WHERE idx < ?", (index,))
            self._db.execute("COMMIT")

    def last_of_kind(self, kind: EntryKind, *, limit: int = 1) -> list[int]:
        """The newest entries of one of the register's own kinds, newest first."""
        found = "SELECT idx FROM entry WHERE kind = ? AND kind IN ('register_term', 'register_pruned') "
        return self._indices(f"{found} ORDER BY idx DESC LIMIT ?", (kind.value, limit))

    def sources_below(self, index: int) -> dict[str, int]:
        """The last journal number taken in below an index, by recorder; pruned ones included."""
        query = "SELECT recorder, max(seq) FROM entry WHERE recorder IS NOT NULL AND idx < ? GROUP BY recorder"
        with self._lock:
            found = dict(self._db.execute("SELECT recorder, seq FROM carried").fetchall())
            found.update(self._db.execute(query, (index,)).fetchall())
        return {str(recorder): int(seq) for recorder, seq in sorted(found.items())}

    def of_source(self, source: Source) -> int | None:
        """The entry that took in this line of a recorder's journal (0 when it was pruned since)."""
        with self._lock:
            row = self._db.execute(
                "SELECT idx FROM entry WHERE recorder = ?1 AND seq = ?2 "
                "UNION ALL SELECT 0 FROM carried WHERE recorder = ?1 AND seq >= ?2",
                (source.recorder, source.seq),
            ).fetchone()
        return None if row is None else int(row[0])

    def last_seq(self, recorder: str) -> int | None:
        """The highest journal number taken in from a recorder."""
        with self._lock:
            row = self._db.execute(
                "SELECT max(seq) FROM (SELECT seq FROM entry WHERE recorder = ?1 "
                "UNION ALL SELECT seq FROM carried WHERE recorder = ?1)",
                (recorder,),
            ).fetchone()
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

    def to_review(self, cameras: Collection[CameraId], *, limit: int) -> list[int]:
        """Entries about these cameras, marked for a review that nobody has done yet, oldest first."""
        return self._indices(
            "SELECT idx FROM review JOIN entry USING (idx) WHERE done IS NULL "
            "AND camera IN (SELECT value FROM json_each(?)) ORDER BY idx LIMIT ?",
            (json.dumps(sorted(cameras)), limit),
        )

    def _indices(self, query: str, arguments: tuple[object, ...]) -> list[int]:
        with self._lock:
            return [int(row[0]) for row in self._db.execute(query, arguments)]
