"""The catalogue of a recorder: which files hold which time, and which time is missing and why.

One SQLite file shared by the recorder's processes. It is an index: `beffroi.vault.rebuild` makes it again from the
files and the journal. One writer at a time in a process (a lock) and between processes (SQLite's own); each thread
reads on its own connection.
"""

import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

from beffroi.domain.gaps import Gap, GapCause
from beffroi.domain.ids import CameraId, StreamName
from beffroi.domain.ranges import WallRange
from beffroi.vault import calendar
from beffroi.vault import cataloguerows as rows
from beffroi.vault.calendar import Calendar, Destroyed
from beffroi.vault.catalogueschema import (
    CHUNK_SELECT,
    MAX_CHUNK_US,
    CatalogueError,
    ChunkRow,
    ChunkState,
    Connection,
    chunk_row,
    connect,
)
from beffroi.vault.chunkformat import ChunkHeader, CloseReason, GopEntry, unpack_entries

__all__ = ["MAX_CHUNK_US", "Catalogue", "CatalogueError", "ChunkRow", "ChunkState"]

UNFINISHED: Final = "WHERE c.state <> 'closed'"
"""SQLite takes a partial index only for a question that repeats the index's own condition."""

_MAX_CARRIED_GAPS: Final = 256


class Catalogue:
    """See the module. All wall times in microseconds since 1970, UTC. Every method may raise `CatalogueError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._writer = connect(path)
        self._owner: int | None = None  # thread inside a transaction; guarded by the lock
        self._local = threading.local()
        self._readers: weakref.WeakSet[Connection] = weakref.WeakSet()  # those of threads still alive

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or create the catalogue file; its directory must exist."""
        return cls(path)

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def close(self) -> None:
        """Close all connections. No other thread may be using the catalogue."""
        with self._lock:
            for db in [self._writer, *self._readers]:
                db.close()
            self._readers.clear()

    # --- writing: chunks ---

    def open_chunk(self, header: ChunkHeader, path: str, size: int) -> int:
        """Enter a file that was just created durably; its header's gaps become carried by it. Returns its id.

        Its sealed key is not entered: it lies in the file's head alone, where destruction overwrites it. Pages and the
        log of a database keep old bytes in places that cannot all be reached.
        """
        with self._transaction() as db:
            stream_id = rows.stream_id(db, header.camera, header.stream)
            db.execute(
                "INSERT INTO run (stream_id, run, recorder, codec_string, config_digest, width, height) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (stream_id, header.run, header.recorder, header.codec_string, header.config_digest, header.width,
                 header.height),
            )  # fmt: skip
            run_id = db.execute(
                "SELECT id FROM run WHERE stream_id = ? AND run = ?", (stream_id, header.run)
            ).fetchone()
            chunk_id = db.execute(
                "INSERT INTO chunk (stream_id, run_id, path, wall_start_us, wall_end_us, start_90k, authority, "
                "term_days, hour, kid, sealed_key, size, gops, frames, state) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 'open')",
                (stream_id, run_id[0], path, header.wall_start_us, header.wall_start_us, header.start_90k,
                 header.authority, header.term_days, header.hour, header.kid, None, size),
            ).lastrowid  # fmt: skip
            assert chunk_id is not None  # noqa: S101  an INSERT that did not raise has a row id
            for gap in header.gaps:
                db.execute(
                    "INSERT INTO gap (stream_id, from_us, to_us, cause, carried_by) VALUES (?, ?, ?, ?, ?) "
                    "ON CONFLICT DO UPDATE SET carried_by = excluded.carried_by",
                    (stream_id, gap.range.from_us, gap.range.to_us, gap.cause.value, chunk_id),
                )
            return chunk_id

    def checkpoint(self, chunk_id: int, durable: int, entries: Sequence[GopEntry]) -> None:
        """The disk confirmed ``durable`` bytes; ``entries`` are the fragments since the previous checkpoint."""
        if not entries:
            return
        with self._transaction() as db:
            packed = b"".join(entry.pack() for entry in entries)
            db.execute("INSERT INTO tail (chunk_id, durable, entries) VALUES (?, ?, ?)", (chunk_id, durable, packed))
            db.execute(
                "UPDATE chunk SET size = ?, gops = gops + ?, frames = frames + ?, wall_end_us = ? WHERE id = ?",
                (durable, len(entries), sum(entry.frames for entry in entries), entries[-1].end_us, chunk_id),
            )

    def close_chunk(
        self, chunk_id: int, *, size: int, entries: Sequence[GopEntry], root: bytes, reason: CloseReason
    ) -> None:
        """The file has its footer, on disk."""
        with self._transaction() as db:
            db.execute(
                "UPDATE chunk SET size = ?, gops = ?, frames = ?, wall_end_us = ?, root = ?, reason = ?, "
                "state = 'closed' WHERE id = ?",
                (size, len(entries), sum(entry.frames for entry in entries), entries[-1].end_us, root, reason.value,
                 chunk_id),
            )  # fmt: skip
            db.execute("DELETE FROM tail WHERE chunk_id = ?", (chunk_id,))

    def discard_chunk(self, chunk_id: int) -> None:
        """Forget a file that never held a picture and is gone; its gaps wait for the next file."""
        with self._transaction() as db:
            db.execute("UPDATE gap SET carried_by = NULL WHERE carried_by = ?", (chunk_id,))
            db.execute("DELETE FROM tail WHERE chunk_id = ?", (chunk_id,))
            rows.forget(db, chunk_id)

    def mark_lost(self, chunk_id: int) -> None:
        """The file is missing or beyond repair: the time it covered is shown as lost."""
        with self._transaction() as db:
            db.execute("UPDATE chunk SET state = 'lost' WHERE id = ?", (chunk_id,))
            db.execute("DELETE FROM tail WHERE chunk_id = ?", (chunk_id,))

    # --- writing: destruction, in three durable steps: garbage -> file unlinked -> destroyed ---

    def mark_garbage(self, chunk_ids: Sequence[int]) -> None:
        """Drop the sealed keys and announce the unlinking: after a crash `garbage` says what is left to do."""
        with self._transaction() as db:
            db.executemany(
                "UPDATE chunk SET state = 'garbage', sealed_key = NULL WHERE id = ?", [(item,) for item in chunk_ids]
            )

    def mark_destroyed(self, chunk_id: int, destroyed_us: int) -> None:
        """The file is gone, durably. Its row becomes a destroyed range, joined to the one it continues."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT stream_id, wall_start_us, wall_end_us, term_days FROM chunk WHERE id = ?", (chunk_id,)
            ).fetchone()
            if row is None:
                return
            stream_id, start, end, term_days = row
            rows.destroyed(db, (stream_id, start, max(start, end), term_days), destroyed_us)
            db.execute("DELETE FROM tail WHERE chunk_id = ?", (chunk_id,))
            rows.forget(db, chunk_id)

    def add_destroyed(
        self, camera: CameraId, stream: StreamName, span: WallRange, term_days: int, destroyed_us: int
    ) -> None:
        """Enter a destroyed range of which the file's row is no more: from the journal, when rebuilding."""
        with self._transaction() as db:
            row = (rows.stream_id(db, camera, stream), span.from_us, span.to_us, term_days)
            rows.destroyed(db, row, destroyed_us)

    def add_lost(self, camera: CameraId, stream: StreamName, span: WallRange, path: str) -> None:
        """Enter a file that was lost with all that its head said: from the journal, when rebuilding."""
        with self._transaction() as db:
            rows.lost(db, rows.stream_id(db, camera, stream), (span.from_us, span.to_us), path)

    # --- writing: gaps ---

    def add_gap(self, camera: CameraId, stream: StreamName, missing: WallRange, cause: GapCause) -> None:
        """Enter a gap. Entering it twice changes nothing; an empty range is no gap."""
        if missing.to_us == missing.from_us:
            return
        with self._transaction() as db:
            stream_id = rows.stream_id(db, camera, stream)
            db.execute(
                "INSERT INTO gap (stream_id, from_us, to_us, cause) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (stream_id, missing.from_us, missing.to_us, cause.value),
            )

    # --- reading ---

    def uncarried_gaps(self, camera: CameraId, stream: StreamName) -> tuple[Gap, ...]:
        """Gaps that no file repeats yet, the last 256: for the header of the stream's next file."""
        rows = self._read(
            "SELECT g.from_us, g.to_us, g.cause FROM gap g JOIN stream s ON s.id = g.stream_id "
            "WHERE s.camera = ? AND s.name = ? AND g.carried_by IS NULL ORDER BY g.from_us DESC LIMIT ?",
            (camera, stream, _MAX_CARRIED_GAPS),
        )
        return tuple(Gap(WallRange(start, end), GapCause(cause)) for start, end, cause in reversed(rows))

    def chunk(self, chunk_id: int) -> ChunkRow | None:
        """One chunk by id."""
        return next(iter(self._chunks("WHERE c.id = ?", (chunk_id,))), None)

    def chunk_at(self, path: str) -> ChunkRow | None:
        """One chunk by its path relative to the root."""
        return next(iter(self._chunks("WHERE c.path = ?", (path,))), None)

    def paths(self, camera: str, stream: str) -> set[str]:
        """The paths of all chunks of a stream, whatever their state, relative to the root."""
        rows = self._read(
            "SELECT c.path FROM chunk c JOIN stream s ON s.id = c.stream_id WHERE s.camera = ? AND s.name = ?",
            (camera, stream),
        )
        return {path for (path,) in rows}

    def chunks(self, camera: CameraId, stream: StreamName, asked: WallRange) -> list[ChunkRow]:
        """Open and closed chunks that overlap the range, in time order.

        An open chunk counts up to its last checkpoint, and always when it has none yet and starts in the range.
        """
        return self._chunks(
            "WHERE s.camera = ? AND s.name = ? AND c.wall_start_us >= ? AND c.wall_start_us < ? "
            "AND (c.wall_end_us > ? OR c.state = 'open') AND c.state IN ('open', 'closed') "
            "ORDER BY c.wall_start_us, c.id",
            (camera, stream, asked.from_us - MAX_CHUNK_US, asked.to_us, asked.from_us),
        )

    def all_chunks(self) -> Iterator[ChunkRow]:
        """Every chunk, by stream and time."""
        yield from self._chunks("ORDER BY s.camera, s.name, c.wall_start_us, c.id", ())

    def open_chunks(self) -> list[ChunkRow]:
        """Chunks without a footer yet, as far as the catalogue knows."""
        return self._chunks(f"{UNFINISHED} AND c.state = 'open' ORDER BY c.id", ())

    def garbage(self) -> list[ChunkRow]:
        """Chunks whose destruction was announced and not yet finished."""
        return self._chunks(f"{UNFINISHED} AND c.state = 'garbage' ORDER BY c.id", ())

    def chunks_of_hour(self, authority: str, term_days: int, hour: int) -> list[ChunkRow]:
        """The chunks whose key is sealed to one hour key: they die together."""
        return self._chunks(
            "WHERE c.hour = ? AND c.authority = ? AND c.term_days = ? ORDER BY c.id", (hour, authority, term_days)
        )

    def tail(self, chunk_id: int) -> tuple[int, list[GopEntry]]:
        """What the checkpoints of an open chunk say: bytes confirmed by the disk, and their index entries."""
        rows = self._read("SELECT durable, entries FROM tail WHERE chunk_id = ? ORDER BY id", (chunk_id,))
        entries = [entry for _, packed in rows for entry in unpack_entries(packed)]
        return (rows[-1][0] if rows else 0), entries

    def accounted_us(self, camera: CameraId, stream: StreamName) -> int | None:
        """Up to where something is known of a stream: a file, even destroyed or lost, or a gap. None: nothing is."""
        ends = self._read(
            "SELECT (SELECT wall_end_us FROM chunk c WHERE c.stream_id = s.id ORDER BY wall_start_us DESC LIMIT 1), "
            "(SELECT g.to_us FROM gap g WHERE g.stream_id = s.id ORDER BY g.from_us DESC LIMIT 1), "
            "(SELECT MAX(d.to_us) FROM destroyed d WHERE d.stream_id = s.id) "
            "FROM stream s WHERE s.camera = ? AND s.name = ?",
            (camera, stream),
        )
        return max((end for row in ends for end in row if end is not None), default=None)

    def calendar(
        self, camera: CameraId, stream: StreamName, asked: WallRange, *, growing: Sequence[WallRange] = ()
    ) -> Calendar:
        """What is recorded, missing, destroyed and lost in a range (see `beffroi.vault.calendar`).

        An open file's row is up to one checkpoint behind: ``growing`` is what such files hold by now, read from them.
        """
        found = self._read("SELECT id FROM stream WHERE camera = ? AND name = ?", (camera, stream))
        if not found:
            return Calendar((), (), (), ())
        stream_id = found[0][0]
        # A little more than asked, so that a piece which ends just outside still explains the edge.
        wide = (asked.from_us - MAX_CHUNK_US, asked.to_us + MAX_CHUNK_US)
        rows = self._read(
            "SELECT wall_start_us, wall_end_us, state FROM chunk WHERE stream_id = ? AND wall_start_us BETWEEN ? AND ?",
            (stream_id, *wide),
        )
        gaps = self._read(
            "SELECT from_us, to_us, cause FROM gap WHERE stream_id = ? AND to_us >= ? AND from_us <= ?",
            (stream_id, *wide),
        )
        gone = self._read(
            "SELECT from_us, to_us, term_days FROM destroyed WHERE stream_id = ? AND to_us >= ? AND from_us <= ?",
            (stream_id, *wide),
        )
        garbage = self._read(
            "SELECT wall_start_us, wall_end_us, term_days FROM chunk WHERE state = 'garbage' AND stream_id = ? "
            "AND wall_start_us BETWEEN ? AND ?",
            (stream_id, *wide),
        )
        return calendar.build(
            asked,
            recorded=[
                *(WallRange(start, end) for start, end, state in rows if state in {"open", "closed"}),
                *growing,
            ],
            gaps=[Gap(WallRange(start, end), GapCause(cause)) for start, end, cause in gaps],
            destroyed=[Destroyed(WallRange(start, end), days) for start, end, days in [*gone, *garbage]],
            lost=[WallRange(start, end) for start, end, state in rows if state == "lost"],
            beyond=self._neighbours(stream_id, *wide),
        )

    def facts(self) -> dict[str, list[tuple[Any, ...]]]:
        """All facts without row ids, ordered: two catalogues of the same files have equal facts."""
        gaps = self._read(
            "SELECT s.camera, s.name, g.from_us, g.to_us, g.cause, c.path FROM gap g "
            "JOIN stream s ON s.id = g.stream_id LEFT JOIN chunk c ON c.id = g.carried_by ORDER BY 1, 2, 3, 4, 5",
        )
        chunks = self._read(f"SELECT * FROM ({CHUNK_SELECT}) ORDER BY path")  # noqa: S608  a constant of ours
        return {"chunk": [row[1:] for row in chunks], "gap": gaps}

    # --- inside ---

    @contextmanager
    def one_transaction(self) -> Iterator[None]:
        """Everything this thread writes inside is committed at once, and seen by its own reads: for rebuilding."""
        with self._transaction():
            yield

    def _neighbours(self, stream_id: int, from_us: int, to_us: int) -> list[WallRange]:
        """The nearest known pieces outside a range: a hole of days is still a hole between two pieces."""
        before = "{0} < ? ORDER BY {0} DESC LIMIT 1"
        after = "{0} > ? ORDER BY {0} LIMIT 1"
        found = []
        for table, start, end in (("chunk", "wall_start_us", "wall_end_us"), ("gap", "from_us", "to_us")):
            for side, at in ((before, from_us), (after, to_us)):
                sql = f"SELECT {start}, {end} FROM {table} WHERE stream_id = ? AND {side.format(start)}"  # noqa: S608  constants
                found += self._read(sql, (stream_id, at))
        sql = "SELECT from_us, to_us FROM destroyed WHERE stream_id = ? AND to_us < ? ORDER BY to_us DESC LIMIT 1"
        found += self._read(sql, (stream_id, from_us))
        return [WallRange(start, end) for start, end in found]

    def _chunks(self, where: str, values: tuple[Any, ...]) -> list[ChunkRow]:
        return [chunk_row(row) for row in self._read(f"{CHUNK_SELECT} {where}", values)]

    def _read(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        db: Connection | None = getattr(self._local, "db", None)
        if self._owner == threading.get_ident():
            db = self._writer
        if db is None:
            db = connect(self._path, create=False)
            self._local.db = db
            with self._lock:
                self._readers.add(db)
        try:
            return db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise CatalogueError(str(error)) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            db = self._writer
            if self._owner == threading.get_ident():
                yield db
                return
            self._owner = threading.get_ident()
            try:
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                except BaseException:
                    if db.in_transaction:  # SQLite has already rolled back after some errors (disk full)
                        db.execute("ROLLBACK")
                    raise
                db.execute("COMMIT")
            except sqlite3.Error as error:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise CatalogueError(str(error)) from error
            finally:
                self._owner = None
