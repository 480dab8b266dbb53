"""The register: many callers, one committer, one checkpoint a commit.

No entry is acknowledged before it, its tiles and its checkpoint are on disk.
"""

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beffroi.base.files import FsyncFailedError, fsync_fd
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BrokenError
from beffroi.ledger import leaf
from beffroi.ledger.beside import align, pruned_to, remove_pruned
from beffroi.ledger.closed import LedgerClosedError
from beffroi.ledger.entry import Entry, EntryKind, EntryRefusedError, leaf_bytes, payload_bytes
from beffroi.ledger.index import Index
from beffroi.ledger.note import Checkpoint, open_note
from beffroi.ledger.payloads import Payloads, bind
from beffroi.ledger.proofs import Prover
from beffroi.ledger.pruning import Pruning, pruning_detail, pruning_of
from beffroi.ledger.readings import Readings
from beffroi.ledger.signing import OwnKey, Signer, catch_up
from beffroi.ledger.store import Fsync, LedgerDamagedError, Staged, TileStore, is_fresh
from beffroi.ledger.tiles import CHECKPOINT, WIDTH

_log = structlog.get_logger(__name__)

__all__ = ["BATCH_LIMIT", "DEFAULT_ORIGIN", "VERIFIER_FILE", "Ledger", "LedgerClosedError"]

DEFAULT_ORIGIN: Final = "beffroi/register"
VERIFIER_FILE: Final = "ledger.vkey"
"""Beside the register, for convenience: whoever verifies in earnest holds the key from elsewhere."""

BATCH_LIMIT: Final = 256
_SQLITE_IOERR: Final = 10
_NO_PERSON: Final = "0" * 32


@dataclass(slots=True)
class _Waiting:
    entry: Entry
    body: bytes
    time_us: int
    future: "Future[int]"


class Ledger(Readings):
    """Open one per folder and process; the folder is locked. Thread-safe."""

    def __init__(self, store: TileStore, beside: Path, clock: Clock, signer: Signer) -> None:
        """Use `Ledger.open`."""
        self.directory = store.root
        self.verifier = signer.verifier
        self._store = store
        self._clock = clock
        self._signer = signer
        self._doubt: tuple[Staged, list[bytes]] | None = None
        self._payloads = Payloads(beside / "payloads.sqlite")
        self._index = Index(beside / "ledger-index.sqlite")
        self._queue: list[_Waiting] = []
        self._wake = threading.Condition()
        self._closing = False
        self._failure: BrokenError | None = None
        self._busy_since_s: float | None = None
        self._note = b""
        self._removed = 0
        self._lock_fd = -1
        self._thread = threading.Thread(target=self._run, name="ledger-committer", daemon=True)

    @classmethod
    def open(
        cls,
        directory: Path,
        clock: Clock,
        key: Ed25519PrivateKey | Signer,
        *,
        origin: str = DEFAULT_ORIGIN,
        fsync: Fsync = fsync_fd,
    ) -> "Ledger":
        """Open or create the register in ``directory``; payloads and index lie beside it, in its parent.

        Args:
            directory: only this register's files lie there.
            clock: gives the time of each entry.
            key: signs the checkpoints; a signer behind a socket keeps it from this process.
            origin: the register's name in its checkpoints (a signer has its own).
            fsync: what forces a file descriptor to disk (tests hold it or make it fail).

        Raises:
            LedgerDamagedError: what is on disk is not whole; nothing was changed.
            LedgerClosedError: another process has it open, or the signer is gone.
            SignerRefusedError: the signer has signed more than is here, or another history.
        """
        signer = OwnKey(key, origin) if isinstance(key, Ed25519PrivateKey) else key
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock_fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock_fd)
            raise LedgerClosedError("another process has it open") from error
        try:
            fresh = is_fresh(directory)
            if not fresh:
                catch_up(directory, signer)
            store = TileStore.create(directory, fsync) if fresh else TileStore.open(directory, signer.verifier, fsync)
            ledger = cls(store, directory.parent, clock, signer)
            ledger._lock_fd = lock_fd
            if fresh:
                ledger._refuse_orphaned_payloads()
                signer.last()
                store.publish(store.stage([]), signer.sign(store.head(signer.verifier.name), lambda _: []))
            ledger._note = (directory / CHECKPOINT).read_bytes()
            (directory.parent / VERIFIER_FILE).write_text(ledger.verifier.encode() + "\n")
            ledger._first = ledger._removed = align(store, ledger._index, ledger._payloads)
        except BaseException:
            os.close(lock_fd)
            raise
        ledger._thread.start()
        return ledger

    # --- writing ---

    def append(self, entry: Entry, *, timeout_s: float | None = None) -> int:
        """Write one entry; returns its index once it, its tiles and its checkpoint are on disk.

        Raises:
            EntryRefusedError: this entry cannot be written; others can.
            FsyncFailedError, LedgerClosedError: the register is closed for good, or refused this commit.
            TimeoutError: not durable in time; it may still be written.
        """
        return self._submit(entry).result(timeout_s)

    async def append_async(self, entry: Entry) -> int:
        """As `append`, without holding the event loop. Cancelling the wait does not withdraw the entry."""
        return await asyncio.wrap_future(self._submit(entry))

    def submit(self, entry: Entry) -> "Future[int]":
        """Hand in an entry and get its future: for callers that must know how a late write ended."""
        return self._submit(entry)

    def submit_all(self, entries: Iterable[Entry]) -> "list[Future[int]]":
        """Hand in a recorder's acts in their order, all at once: when a commit is refused, what waits behind it of the
        same recorder is refused with it. An act that a later one has overtaken would never be taken in.

        Raises:
            EntryRefusedError: one cannot be written; those before it were handed in.
            FsyncFailedError, LedgerClosedError: as `append`.
        """
        made: list[_Waiting] = []
        try:
            for entry in entries:
                made.append(_waiting(entry, self._clock.wall_us()))
        finally:
            self._hand_in(made)
        return [one.future for one in made]

    @property
    def failure(self) -> BrokenError | None:
        """Why the register is closed for good, or None."""
        return self._failure

    def stalled_s(self) -> float:
        """For how long the current commit has been waiting for the disk (0 when idle), in seconds."""
        since = self._busy_since_s
        return 0.0 if since is None else self._clock.monotonic_s() - since

    def close(self, *, timeout_s: float = 30.0) -> None:
        """Write what is queued, then close. A dead register closes at once; one whose disk hangs is abandoned."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        if self._thread.is_alive():
            # its files stay open under the hung call; nothing that waits was acknowledged
            _log.critical("ledger abandoned: the disk does not answer")
            return
        self._payloads.close()
        self._index.close()
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1

    # --- reading ---

    @property
    def size(self) -> int:
        """How many entries are durable."""
        return self._store.size

    def checkpoint(self) -> Checkpoint:
        """The published head."""
        return self._store.head(self.verifier.name)

    def checkpoint_note(self) -> bytes:
        """The signed note, as on disk: to hand to a witness."""
        return self._note

    # --- erasing what lies beside ---

    def expire(self, before_us: int) -> None:
        """Erase what was kept beside the entries that happened before an instant (wall, µs), and the pseudonym's key of
        whoever nothing is held of any more. The entries and all proofs stay."""
        self._payloads.erase(self._index.commitments_before(before_us, self._first), self._clock.wall_us())

    def prune(self, to: int, *, before_us: int, months: int) -> Pruning:
        """Write that entries below ``to`` reached their term of ``months`` before ``before_us``, then remove them.

        Raises:
            EntryRefusedError: they did not all, or ``to`` is not the number of whole bundles; nothing was written.
            FsyncFailedError, LedgerClosedError: as `append`. OSError, sqlite3.Error: told, not all removed yet.
        """
        if to % WIDTH or not self._first < to < self.size or self.record(to).time_us >= before_us:
            raise EntryRefusedError(f"pruning below {to}")
        detail = pruning_detail(self._first, to, before_us, months)
        detail |= {"root": Prover(self.directory, self.size).root(to).hex(), "sources": self._index.sources_below(to)}
        index = self._submit(Entry(EntryKind.REGISTER_PRUNED, detail=detail), own=True).result()
        self.finish_pruning()
        return pruning_of(self.record(index))

    def finish_pruning(self) -> None:
        """Remove what a pruning that was cut has told; as `prune`, and at each opening."""
        to = pruned_to(self._store, self._index)
        if to > self._removed:
            self._first = to
            remove_pruned(self._store, self._index, self._payloads, to)
            self._removed = to

    # --- the committer ---

    def _submit(self, entry: Entry, *, own: bool = False) -> "Future[int]":
        if entry.kind is EntryKind.REGISTER_PRUNED and not own:
            raise EntryRefusedError("only a pruning says so")
        waiting = _waiting(entry, self._clock.wall_us())
        self._hand_in([waiting])
        return waiting.future

    def _hand_in(self, made: list[_Waiting]) -> None:
        with self._wake:
            if self._failure is not None:
                raise self._failure
            if self._closing:
                raise LedgerClosedError("it is closing")
            self._queue += made
            self._wake.notify()

    def _run(self) -> None:
        for batch in self._batches():
            self._busy_since_s = self._clock.monotonic_s()
            try:
                indices = self._commit(batch)
            except LedgerClosedError as error:
                _log.error("ledger commit refused", error=error)
                _fail([*batch, *self._behind(batch)], error)
            except BrokenError as error:
                self._die(batch, error)
            except Exception as error:  # noqa: BLE001  whatever failed here, what is on disk is no longer known
                _log.exception("ledger committer failed")
                self._die(batch, LedgerClosedError(type(error).__name__))
            else:
                for waiting, index in zip(batch, indices, strict=True):
                    waiting.future.set_result(index)
            finally:
                self._busy_since_s = None

    def _batches(self) -> Iterator[list[_Waiting]]:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._queue or self._closing or self._failure)
                if self._failure is not None or not self._queue:
                    return
                batch, self._queue = self._queue[:BATCH_LIMIT], self._queue[BATCH_LIMIT:]
            yield batch

    def _behind(self, batch: list[_Waiting]) -> list[_Waiting]:
        """Take out of the queue the acts that would overtake a refused one of the same recorder."""
        recorders = {one.entry.source.recorder for one in batch if one.entry.source}
        left: list[_Waiting] = []
        behind: list[_Waiting] = []
        with self._wake:
            for one in self._queue:
                source = one.entry.source
                (behind if source and source.recorder in recorders else left).append(one)
            self._queue = left
        return behind

    def _die(self, batch: list[_Waiting], error: BrokenError) -> None:
        _log.critical("ledger closed for good", error=error)
        with self._wake:
            self._failure = error
            left, self._queue = self._queue, []
        _fail([*batch, *left], error)

    def _commit(self, batch: list[_Waiting]) -> list[int]:
        self._settle()
        told = [one.entry.detail["from"] for one in batch if one.entry.kind is EntryKind.REGISTER_PRUNED]
        if told and told != [pruned_to(self._store, self._index)]:  # one whose signature had not come back is settled
            raise LedgerClosedError("the same was pruned already")
        placed: list[int | None] = []
        fresh: list[_Waiting] = []
        seen: dict[tuple[str, int], int] = {}
        for waiting in batch:
            source = waiting.entry.source
            index = self._index.of_source(source) if source else None
            if source and index is None:
                index = seen.get((source.recorder, source.seq))
            if index is None:
                index = self._store.size + len(fresh)
                fresh.append(waiting)
                if source:
                    seen[source.recorder, source.seq] = index
            placed.append(index)
        if fresh:
            self._write(fresh)
        return [index for index in placed if index is not None]

    def _write(self, fresh: list[_Waiting]) -> None:
        sealed = [bind(waiting.entry.actor, waiting.body) for waiting in fresh]
        people = sorted({waiting.entry.actor for waiting in fresh if waiting.entry.actor is not None})
        try:
            names = self._payloads.write(sealed, people)
        except sqlite3.Error as error:
            raise _sqlite_failure(error, self.directory.parent / "payloads.sqlite") from error
        leaves = [
            leaf_bytes(
                waiting.entry,
                time_us=waiting.time_us,
                actor=names[waiting.entry.actor] if waiting.entry.actor is not None else None,
                bound=row.bound,
            )
            for waiting, row in zip(fresh, sealed, strict=True)
        ]
        try:
            staged = self._store.stage(leaves)
        except OSError as error:
            raise LedgerClosedError(error.strerror or "disk") from error
        self._store.place(staged)
        self._doubt = (staged, leaves)
        head = staged.head(self.verifier.name)
        self._publish(self._signer.sign(head, Prover(self.directory, head.size).consistency))

    def _publish(self, note: bytes) -> None:
        if self._doubt is None:
            return
        (staged, leaves), first = self._doubt, self._store.size
        self._store.publish(staged, note)
        self._doubt, self._note = None, note
        self._index.add(leaf.parse(data, first + i) for i, data in enumerate(leaves))

    def _settle(self) -> None:
        """A signature that was asked for and not answered: given after all, or not. Until that is known nothing more is
        written: two heads of one size would be a fork."""
        if self._doubt is None:
            return
        note = self._signer.last()
        staged = self._doubt[0]
        if note is not None and open_note(note, self.verifier) == staged.head(self.verifier.name):
            self._publish(note)
        else:
            self._store.withdraw(staged)
            self._doubt = None

    def _refuse_orphaned_payloads(self) -> None:
        if self._payloads.count():
            raise LedgerDamagedError("payloads are there, the register is not")


def _waiting(entry: Entry, time_us: int) -> _Waiting:
    body = payload_bytes(entry.payload)
    # refused here, to this caller alone: in the committer it would fail a whole commit
    leaf_bytes(entry, time_us=time_us, actor=_NO_PERSON if entry.actor else None, bound=bytes(32))
    future: Future[int] = Future()
    future.set_running_or_notify_cancel()
    return _Waiting(entry, body, time_us, future)


def _fail(batch: list[_Waiting], error: BrokenError) -> None:
    for waiting in batch:
        waiting.future.set_exception(error)


def _sqlite_failure(error: sqlite3.Error, path: Path) -> BrokenError:
    """An input/output error (failed fsync among them) closes for good; a full or busy file refuses this commit."""
    code = getattr(error, "sqlite_errorcode", _SQLITE_IOERR)
    if code & 0xFF == _SQLITE_IOERR:
        return FsyncFailedError(path)
    return LedgerClosedError(str(error))
