"""The recorder's journal of its own acts: a durable outbox that the centre takes into the register, once each.

SQLite in WAL mode with a full fsync at each commit. Appends of several threads share one commit. A sequence number,
once given, is never given again; an entry stays until the centre has acknowledged it.
"""

import json
import queue
import sqlite3
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from beffroi.base.files import FsyncFailedError, fsync_dir
from beffroi.domain.errors import BadInputError, BrokenError
from beffroi.domain.text import Text
from beffroi.vault import journalchain
from beffroi.vault.journalchain import ChainFault
from beffroi.vault.signed import canonical

MAX_FIELDS_BYTES: Final = 64 * 1024
_BATCH: Final = 512
_BUSY_TIMEOUT_MS: Final = 15_000
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS acknowledged (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL);
INSERT OR IGNORE INTO acknowledged (one, seq) VALUES (1, 0);
"""


class ActKind(StrEnum):
    """What a recorder does that must be known."""

    RECORDER_STARTED = "recorder_started"
    RECORDER_STOPPED = "recorder_stopped"
    RECORDING_STARTED = "recording_started"
    RECORDING_ENDED = "recording_ended"
    GAP = "gap"
    CHUNK_CLOSED = "chunk_closed"
    CHUNK_LOST = "chunk_lost"
    DESTRUCTION = "destruction"
    HOLD_PLACED = "hold_placed"
    HOLD_COPIED = "hold_copied"
    HOLD_SEALED = "hold_sealed"
    HOLD_UNMET = "hold_unmet"
    HOLD_ENDED = "hold_ended"
    SHEET_APPLIED = "sheet_applied"
    SHEET_ENDED = "sheet_ended"
    SHEET_REFUSED = "sheet_refused"
    HOURS_APPLIED = "hours_applied"
    CLOCK_DOUBT = "clock_doubt"
    CLOCK_SETTLED = "clock_settled"
    REGISTER_HEAD = "register_head"
    REGISTER_ANEW = "register_anew"
    ALARM = "alarm"
    RECOVERY = "recovery"


class JournalBrokenError(BrokenError):
    """The journal could not be written or read. The process must end: what it did may not be known."""

    def __init__(self, why: str) -> None:
        super().__init__(
            Text(
                fr=f"Le journal de l'enregistreur ne répond plus ({why}) : le programme s'arrête. Vérifiez le disque.",
                en=f"The recorder's journal no longer answers ({why}): the program stops. Check the disk.",
            )
        )


class AckRefusedError(BadInputError):
    """An acknowledgement of entries that do not exist."""

    def __init__(self, seq: int, last: int) -> None:
        super().__init__(
            Text(
                fr=f"L'accusé de réception {seq} dépasse le dernier acte du journal ({last}) : il est refusé.",
                en=f"Acknowledgement {seq} is beyond the journal's last act ({last}): it is refused.",
            )
        )


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One act. ``seq`` grows by commit order, over all the recorder's processes; ``chain`` is the hash over all acts up
    to this one."""

    seq: int
    wall_us: int
    kind: ActKind
    fields: dict[str, Any]
    chain: bytes = b""


@dataclass(frozen=True, slots=True)
class _Pending:
    row: tuple[int, str, str, str | None]
    done: "Future[int]"


class Journal:
    """One journal file. Several threads and several processes may append and read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = _connect(path)
        self._read_lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Pending | None] = queue.SimpleQueue()
        self._broken: JournalBrokenError | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, path: Path) -> "Journal":
        """Open or create the journal; its folder must exist.

        Raises:
            JournalBrokenError: not a journal, or the disk refuses.
        """
        return cls(path)

    def post(self, kind: ActKind, fields: Mapping[str, Any], *, wall_us: int, once: str | None = None) -> "Future[int]":
        """Hand in an act without waiting; the future gives its number when it is on disk.

        Args:
            kind: what was done.
            fields: JSON values; no secret, no name of a person.
            wall_us: when, wall time in microseconds.
            once: a name of the act: a second act of that name is the first one (for what is resumed after a crash).

        Raises:
            ValueError: fields that are not JSON, or too long.
            JournalBrokenError: an earlier write failed.
        """
        text = canonical(dict(fields)).decode()
        if len(text) > MAX_FIELDS_BYTES:
            raise ValueError("a journal entry has at most 64 KiB of fields")
        if self._broken:
            raise self._broken
        if self._closed:
            raise JournalBrokenError("closed")
        pending = _Pending((wall_us, ActKind(kind).value, text, once), Future())
        self._queue.put(pending)
        return pending.done

    def append(self, kind: ActKind, fields: Mapping[str, Any], *, wall_us: int, once: str | None = None) -> int:
        """Write an act and return its number once it is on disk. Raises as `post`."""
        return self.post(kind, fields, wall_us=wall_us, once=once).result()

    def read_after(self, seq: int, limit: int = 1000) -> list[JournalEntry]:
        """Acts with a greater number, in order. What is returned is on disk."""
        rows = self._read(
            "SELECT seq, wall_us, kind, fields, hash FROM act WHERE seq > ? ORDER BY seq LIMIT ?",
            (seq, max(0, min(limit, 10_000))),
        )
        return [
            JournalEntry(number, wall, ActKind(kind), json.loads(fields), chain or b"")
            for number, wall, kind, fields, chain in rows
        ]

    def chain_at(self, seq: int) -> bytes | None:
        """The hash over all acts up to this number; None when that act is not here, nor the last one dropped."""
        rows = self._read(
            "SELECT hash FROM act WHERE seq = ?1 UNION ALL SELECT hash FROM opening WHERE seq = ?1", (seq,)
        )
        return bytes(rows[0][0] or b"") if rows else journalchain.NOTHING if seq == 0 else None

    def ack(self, seq: int) -> None:
        """The centre has everything up to this number, durably. Never goes back.

        Raises:
            AckRefusedError: beyond the last act.
        """
        last = self.last_seq()
        if not 0 <= seq <= last:
            raise AckRefusedError(seq, last)
        self._write("UPDATE acknowledged SET seq = MAX(seq, ?) WHERE one = 1", (seq,))

    def acked(self) -> int:
        """The number up to which the centre has everything."""
        return int(self._read("SELECT seq FROM acknowledged", ())[0][0])

    def last_seq(self) -> int:
        """The number of the last act ever written; 0 for none."""
        rows = self._read("SELECT seq FROM sqlite_sequence WHERE name = 'act'", ())
        return int(rows[0][0]) if rows else 0

    def last_wall_us(self) -> int:
        """Wall time of the last act still here, for `ClockWatch`; 0 for none."""
        rows = self._read("SELECT wall_us FROM act ORDER BY seq DESC LIMIT 1", ())
        return int(rows[0][0]) if rows else 0

    def prune(self, before_us: int, *, batch_us: int = 0) -> int:
        """Drop acknowledged, settled acts older than an instant, never the last one; returns how many.

        What they said of the streams' time stays, in the opening balance (`beffroi.vault.journalchain.prune`).
        """
        with self._read_lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    dropped = journalchain.prune(self._db, before_us, batch_us)
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                raise JournalBrokenError(str(error)) from error
        return dropped

    def faults(self) -> list[ChainFault]:
        """Acts and lines of the opening balance that another hand took out or changed. Keeps no other reader waiting.

        Raises:
            JournalBrokenError: it cannot be read.
        """
        try:
            with closing(journalchain.view(f"{self._path.absolute().as_uri()}?mode=ro")) as db:
                return list(journalchain.faults(db))
        except sqlite3.Error as error:
            raise JournalBrokenError(str(error)) from error

    def select(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Rows of the journal's tables, for the accounts; what is returned is on disk."""
        return self._read(sql, values)

    def close(self) -> None:
        """Write what was handed in, then close."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()
            with self._read_lock:
                self._db.close()

    def _run(self) -> None:
        db: sqlite3.Connection | None = None
        while True:
            batch, last = self._take()
            if batch:
                try:
                    db = db or _connect(self._path)
                    numbers = _commit(db, batch)
                except Exception as error:  # noqa: BLE001  whatever it is, those who wait must hear of it
                    self._broken = JournalBrokenError(str(error))
                    for item in batch:
                        item.done.set_exception(self._broken)
                else:
                    for item, number in zip(batch, numbers, strict=True):
                        item.done.set_result(number)
            if last:
                if db:
                    db.close()
                return

    def _take(self) -> tuple[list[_Pending], bool]:
        batch: list[_Pending] = []
        item = self._queue.get()
        while item is not None:
            if self._broken:
                item.done.set_exception(self._broken)
            else:
                batch.append(item)
            if len(batch) >= _BATCH or self._queue.empty():
                return batch, False
            item = self._queue.get()
        return batch, True

    def _read(self, sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._read_lock:
            try:
                return self._db.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise JournalBrokenError(str(error)) from error

    def _write(self, sql: str, values: tuple[Any, ...]) -> int:
        with self._read_lock:
            try:
                return self._db.execute(sql, values).rowcount
            except sqlite3.Error as error:
                raise JournalBrokenError(str(error)) from error


def _commit(db: sqlite3.Connection, batch: list[_Pending]) -> list[int]:
    numbers: list[int] = []
    db.execute("BEGIN IMMEDIATE")
    try:
        seq, before = journalchain.end(db)
        for item in batch:
            once = item.row[3]
            held = once and db.execute("SELECT seq FROM act WHERE once = ?", (once,)).fetchone()
            if held:
                numbers.append(held[0])
                continue
            seq += 1
            before = journalchain.act_hash(before, (seq, *item.row))
            db.execute(
                "INSERT INTO act (seq, wall_us, kind, fields, once, hash) VALUES (?, ?, ?, ?, ?, ?)",
                (seq, *item.row, before),
            )
            numbers.append(seq)
        db.execute("COMMIT")
    except sqlite3.Error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return numbers


def _connect(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        db.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        if db.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise sqlite3.OperationalError("no write-ahead log")  # SQLite says nothing
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(_SCHEMA)
        journalchain.prepare(db)
        fsync_dir(path.parent)  # SQLite ignores a failure here, and without its log's name the last commits are gone
    except (sqlite3.Error, OSError, FsyncFailedError) as error:
        raise JournalBrokenError(str(error)) from error
    return db
