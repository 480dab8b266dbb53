"""The recorder's side of holds: copies what is asked into the frozen store, keeps its seals, destroys it at its end.

Per file and hold, one order, each step on disk before the next:

    held (hold.json) → copied (piece, renamed into place) → sealed (case key in its place) → ending (logged) → gone

and for the rolling file: kept → expiring (`garbage`, under `lock`) → purged. A copy begins only while the file is kept
and within its term by both clocks, and ends before the file may expire; an image is *held* once it is sealed. What is
copied and never sealed dies at its own term. Docs: docs/design/holds.md.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import structlog

from beffroi.base.files import FsyncFailedError, fsync_dir, unlink_durable
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BeffroiError
from beffroi.domain.ids import STREAM_NAMES
from beffroi.vault.catalogue import Catalogue, ChunkRow, ChunkState
from beffroi.vault.chunkformat import DamagedChunkError
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.frozen import PIECE_SUFFIX, FrozenPiece, write_piece, write_seal
from beffroi.vault.frozendeath import DYING_SUFFIX, PieceDeath, told_names
from beffroi.vault.hold import Hold, HoldBook, HoldEnd, HoldEndingError, HoldStore, NoHoldError, checked
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.proofs import Cause
from beffroi.vault.reader import ChunkReader
from beffroi.vault.term import UNKNOWN_TZ, hour_term_end_us

_PART: Final = ".part"
_log = structlog.get_logger(__name__)


class PieceState(StrEnum):
    """How far one file of a hold is."""

    GROWING = "growing"  # still being written: copied when it is closed
    WAITING = "waiting"  # closed, not copied yet (the disk refused)
    COPIED = "copied"  # copied, its key not sealed to the case yet: not held
    SEALED = "sealed"  # held
    PAST_TERM = "past_term"  # too late: the image is past its own term, the file only waits to be destroyed
    DAMAGED = "damaged"  # torn, the file or its copy: cannot be read


@dataclass
class FreezeReport:
    """What one pass did."""

    copied: int = 0
    destroyed: int = 0
    paused: int = 0
    ended: int = 0
    problems: list[BeffroiError | OSError] = field(default_factory=list)


class Freezer:
    """One per recorder. For several threads; ``lock`` is shared with the `Destroyer`. ``trace`` is told each step
    before it is taken."""

    def __init__(
        self,
        root: Path,
        *,
        catalogue: Catalogue,
        journal: Callable[[], Journal],
        clock: Clock,
        watch: ClockWatch,
        legal_tz: Callable[[str, int], str | None],
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self._root = root.resolve()
        self.store = HoldStore(self._root)
        self._catalogue = catalogue
        self._journal = journal
        self._clock = clock
        self._watch = watch
        self._legal_tz = legal_tz
        self._trace = trace or (lambda _: None)
        self._death = PieceDeath(self._post, journal, watch, self._trace)
        self.lock = threading.RLock()
        self._told: set[Path] = set()

    def place(self, asked: Hold) -> Hold:
        """Place a hold, or lengthen the one of the same case, camera and minutes (its file is written anew, when it was
        torn); then copy what is closed. On return the hold is on disk; its pieces say how far each file is.

        Raises:
            BadInputError: malformed, past or too far. HoldEndingError: this hold has ended already.
            OSError, FsyncFailedError, JournalBrokenError: the disk refuses.
        """
        checked(asked, self._clock.wall_us())
        with self.lock:
            held = self.store.sound(asked.id)
            if held and held.ending:
                raise HoldEndingError(held.case)
            hold = asked if held is None else _longer(held, asked)
            if hold != held:
                self._trace("hold: log")
                self.store.write(hold)
            self._trace("hold: journal")
            once = f"hold:{hold.id}:{hold.until_us}:{hold.beyond_us}:{hold.asked_us}"  # held again, once ended: anew
            self._post(ActKind.HOLD_PLACED, hold.as_fields(), once=once)
            self._copy_all(hold, FreezeReport())
        return hold

    def pieces(self, hold: Hold) -> Iterator[tuple[PieceState, str, ChunkRow | None, FrozenPiece | None]]:
        """How far each file of a hold is, and its key id. A piece is open while it is looked at, and closed after."""
        seen = set()
        known = {row.kid.hex(): row for row in self._rows(hold)}
        for path in self._piece_paths(hold):
            seen.add(path.stem)
            try:
                piece = FrozenPiece.open(path)
            except (DamagedChunkError, FileNotFoundError):
                yield PieceState.DAMAGED, path.stem, known.get(path.stem), None
                continue
            with piece:
                yield (PieceState.SEALED if piece.sealed else PieceState.COPIED), path.stem, None, piece
        for kid, row in known.items():
            if kid not in seen and (state := self._row_state(hold, row)) is not None:
                yield state, kid, row, None

    def open(self, hold: Hold, kid: str) -> FrozenPiece:
        """One piece for reading, while its hold lasts, by either clock.

        Raises:
            NoHoldError: no such piece, it is past its end, or it is being destroyed. DamagedChunkError: cut or changed.
        """
        path = self._piece(hold, kid)
        if hold.ending or path.with_suffix(DYING_SUFFIX).exists():
            raise NoHoldError
        try:
            piece = FrozenPiece.open(path)
        except FileNotFoundError as error:
            raise NoHoldError from error
        if not piece.sealed or self._watch.judge(hold.end_us(piece.facts.term_end_us)).refuse:
            piece.close()
            raise NoHoldError
        return piece

    def seal(self, hold_id: str, kid: str, beyond_us: int, sealed_key: bytes) -> None:
        """Keep the content key sealed to the case in its piece: on return the image is held.

        Raises:
            NoHoldError: no such piece, or it is being destroyed. HoldEndingError, DamagedChunkError, ValueError,
            OSError, FsyncFailedError, JournalBrokenError.
        """
        with self.lock:
            hold = self._hold(hold_id)
            path = self._piece(hold, kid)
            if path.with_suffix(DYING_SUFFIX).exists() or not path.exists():
                raise NoHoldError
            if beyond_us > hold.beyond_us:
                raise ValueError("sealed for longer than the hold")
            with FrozenPiece.open(path):
                pass
            self._trace("seal: write")
            write_seal(path, beyond_us, sealed_key)
            self._trace("seal: journal")
            named = {"hold": hold.id, "case": hold.case, "authority": hold.authority, "kid": kid}
            _, sealed, _ = told_names(self._journal(), hold.id, kid)
            self._post(ActKind.HOLD_SEALED, {**named, "beyond_us": beyond_us}, once=f"{sealed}:{beyond_us}")

    def end(self, hold_id: str, why: HoldEnd = HoldEnd.ASKED, *, told: Hold | None = None) -> FreezeReport:
        """End a hold now: log it, then destroy its pieces, each with its proof. ``told``: the hold of that name, by who
        asks, for one whose file is torn.

        Raises:
            NoHoldError, HoldDamagedError, OSError, FsyncFailedError, JournalBrokenError.
        """
        report = FreezeReport()
        with self.lock:
            hold = self.store.get(hold_id) if told is None else self.store.sound(hold_id) or told
            if hold is None:
                raise NoHoldError
            if not hold.ending:
                self._trace("end: log")
                hold = self.store.end(hold, why)
            self._destroy_hold(hold, report)
        return report

    def once(self) -> FreezeReport:
        """Finish what was begun, copy what has closed since, destroy what has ended; meant to run every minute.

        Raises:
            CatalogueError, JournalBrokenError, FsyncFailedError: let them end the process.
        """
        report = FreezeReport()
        with self.lock:
            book = self._book()
            report.problems += book.problems
            for hold in book.holds:
                try:
                    self._attend(hold, report)
                except FsyncFailedError:
                    raise
                except OSError as error:
                    report.problems.append(error)
        return report

    def holds_of(self, row: ChunkRow) -> list[Hold]:
        """The holds that ask for a part of this file."""
        return [hold for hold in self._book().holds if not hold.ending and _asks_for(hold, row)]

    def told_unmet(self, row: ChunkRow) -> None:
        """The file is about to expire: say which holds did not get it (never copied, or never sealed)."""
        for hold in self.holds_of(row):
            path = self._piece(hold, row.kid.hex())
            if not _is_sealed(path):
                named = {"hold": hold.id, "case": hold.case, "authority": hold.authority, "kid": row.kid.hex()}
                span = {"from_us": row.wall_start_us, "to_us": row.range.to_us, "camera": row.camera}
                fields = {**named, **span, "copied": path.exists()}
                self._post(ActKind.HOLD_UNMET, fields, once=f"unmet:{hold.id}:{row.kid.hex()}")

    # --- inside, under the lock ---

    def _attend(self, hold: Hold, report: FreezeReport) -> None:
        self._sweep(hold, report)
        if not hold.ending:
            verdict = self._watch.judge(hold.until_us)
            if verdict.due:
                self._trace("end: log")
                hold = self.store.end(hold, HoldEnd.REACHED)
        if hold.ending:
            self._destroy_hold(hold, report)
            return
        for path in self._piece_paths(hold):
            self._attend_piece(hold, path, report)
        self._copy_all(hold, report)

    def _attend_piece(self, hold: Hold, path: Path, report: FreezeReport) -> None:
        try:
            with FrozenPiece.open(path) as piece:
                term_us, sealed = piece.facts.term_end_us, piece.sealed
                own_us = min(hold.until_us, term_us + piece.beyond_us) if sealed else term_us
        except DamagedChunkError as error:
            report.problems.append(error)
            return
        verdict = self._watch.judge(own_us)
        if verdict.due:
            self._death.destroy(hold, path, Cause.HOLD_ENDED if sealed else Cause.TERM)
            report.destroyed += 1
        elif verdict.refuse:
            report.paused += 1

    def _copy_all(self, hold: Hold, report: FreezeReport) -> None:
        for row in self._rows(hold):
            path = self._piece(hold, row.kid.hex())
            if path.with_suffix(DYING_SUFFIX).exists():
                continue
            try:
                if not path.exists():
                    self._copy(hold, row, path, report)
                if path.exists():
                    self._tell_copied(hold, path)
            except FsyncFailedError:
                raise
            except (OSError, DamagedChunkError) as error:
                report.problems.append(error)
                _log.error("a held file could not be copied", path=row.path, error=str(error))

    def _copy(self, hold: Hold, row: ChunkRow, path: Path, report: FreezeReport) -> None:
        fresh = self._catalogue.chunk(row.id)
        term_end_us = self._term_end_us(row)
        if fresh is None or fresh.state is not ChunkState.CLOSED or self._watch.judge(term_end_us).refuse:
            return
        with ChunkReader.open(self._root / row.path) as reader:
            footer, chosen = reader.footer, reader.gops_in(hold.range)
            if footer is None or not chosen or reader.header.kid != row.kid:
                return
            part = path.with_suffix(_PART)
            part.unlink(missing_ok=True)
            self._trace("copy: write")
            write_piece(reader, footer, chosen, part, hold=hold.id, case=hold.case, term_end_us=term_end_us)
        self._trace("copy: rename")
        part.replace(path)
        self._told.discard(path)  # held before, and ended
        fsync_dir(path.parent)
        report.copied += 1

    def _tell_copied(self, hold: Hold, path: Path) -> None:
        """Once a process, for what the one before may not have said."""
        if path in self._told:
            return
        with FrozenPiece.open(path) as piece:
            header, span = piece.header, piece.range
            fields = {"hold": hold.id, "case": hold.case, "authority": hold.authority, "camera": header.camera}
            fields |= {"stream": header.stream, "kid": header.kid.hex(), "root": piece.facts.root.hex()}
            numbers = {"from_us": span.from_us, "to_us": span.to_us, "size": piece.size}
            numbers |= {"term_end_us": piece.facts.term_end_us}
        self._trace("copy: journal")
        copied, _, _ = told_names(self._journal(), hold.id, path.stem)
        self._post(ActKind.HOLD_COPIED, {**fields, **numbers}, once=copied)
        self._told.add(path)

    def _sweep(self, hold: Hold, report: FreezeReport) -> None:
        """Finish what a crash left in the hold's folder: copies that never were whole, deaths that were under way."""
        for part in self.store.directory(hold.id).glob(f"*{_PART}"):
            self._trace("part: unlink")
            unlink_durable(part)
        report.destroyed += self._death.finish_all(self.store.directory(hold.id))

    def _destroy_hold(self, hold: Hold, report: FreezeReport) -> None:
        self._sweep(hold, report)
        for path in self._piece_paths(hold):
            self._death.destroy(hold, path, Cause.HOLD_ENDED)
            report.destroyed += 1
        self._trace("end: journal")
        self._post(ActKind.HOLD_ENDED, hold.as_fields(), once=f"hold_ended:{hold.id}:{hold.until_us}:{hold.asked_us}")
        self._trace("end: forget")
        self.store.remove(hold)
        report.ended += 1

    def _book(self) -> HoldBook:
        return self.store.book()

    def _hold(self, hold_id: str) -> Hold:
        hold = self.store.get(hold_id)
        if hold is None:
            raise NoHoldError
        if hold.ending:
            raise HoldEndingError(hold.case)
        return hold

    def _rows(self, hold: Hold) -> list[ChunkRow]:
        found = []
        for stream in STREAM_NAMES:
            rows = self._catalogue.chunks(hold.camera, stream, hold.range)
            found += [row for row in rows if _asks_for(hold, row)]
        return found

    def _row_state(self, hold: Hold, row: ChunkRow) -> PieceState | None:
        """How far a file is that was not copied; None when it has no picture of the hold."""
        if self._watch.judge(self._term_end_us(row)).refuse:
            return PieceState.PAST_TERM
        if row.state is ChunkState.OPEN:
            return PieceState.GROWING
        try:
            with ChunkReader.open(self._root / row.path) as reader:
                if reader.footer is None or reader.header.kid != row.kid:
                    return PieceState.DAMAGED
                return PieceState.WAITING if reader.gops_in(hold.range) else None
        except (DamagedChunkError, FileNotFoundError):
            return PieceState.DAMAGED
        except OSError:
            return PieceState.WAITING

    def _piece_paths(self, hold: Hold) -> list[Path]:
        return sorted(self.store.directory(hold.id).glob(f"*{PIECE_SUFFIX}"))

    def _piece(self, hold: Hold, kid: str) -> Path:
        if len(kid) != 32 or not all(letter in "0123456789abcdef" for letter in kid):
            raise NoHoldError
        return self.store.directory(hold.id) / f"{kid}{PIECE_SUFFIX}"

    def _term_end_us(self, row: ChunkRow) -> int:
        zone = self._legal_tz(row.authority, row.term_days) or UNKNOWN_TZ
        return hour_term_end_us(row.hour, row.term_days, zone)

    def _post(self, kind: ActKind, fields: dict[str, Any], *, once: str) -> None:
        self._journal().append(kind, fields, wall_us=self._clock.wall_us(), once=once)


def _longer(held: Hold, asked: Hold) -> Hold:
    """A renewal lengthens a hold and never shortens it; who asked last is kept, the journal has them all."""
    until_us, beyond_us = max(held.until_us, asked.until_us), max(held.beyond_us, asked.beyond_us)
    if (until_us, beyond_us) == (held.until_us, held.beyond_us):
        return held
    return replace(asked, until_us=until_us, beyond_us=beyond_us, asked_us=held.asked_us)


def _asks_for(hold: Hold, row: ChunkRow) -> bool:
    if hold.camera != row.camera or hold.authority != row.authority:
        return False
    # The row of a file that is being written is up to a checkpoint behind: it reaches to now.
    return row.wall_start_us < hold.to_us if row.state is ChunkState.OPEN else hold.range.overlaps(row.range)


def _is_sealed(path: Path) -> bool:
    try:
        with FrozenPiece.open(path) as piece:
            return piece.sealed
    except (FileNotFoundError, DamagedChunkError):
        return False
