"""At term, on the recorder: the sealed key and the file die, with a proof. Hour keys die apart, where they are held
(`beffroi.vault.hourdeath`): a recorder has no code that opens them.

For each file: `garbage` mark, under the lock that holds share (`beffroi.vault.freezer`) → the catalogue's log emptied →
the file's head, the one place of its sealed key, overwritten → unlink → fsync of the folder → journal entry → the row
becomes a destroyed range. A crash between any two steps is resumed by the next `run`: after the first step no hold can
take the file.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog

from beffroi.base.files import fsync_dir, fsync_fd
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text
from beffroi.vault.catalogue import Catalogue, ChunkRow, ChunkState
from beffroi.vault.catalogueschema import connect
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.freezer import Freezer
from beffroi.vault.frozen import HEAD_BYTES
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.proofs import Cause, FileFate, LogFate, proof_fields
from beffroi.vault.recover import being_written
from beffroi.vault.remanence import remanence
from beffroi.vault.term import UNKNOWN_TZ, hour_term_end_us, minimum_end_us

_CHECKPOINT_MS: Final = 500
"""Longest wait for readers of the catalogue before its log is left for the next pass."""

_log = structlog.get_logger(__name__)


class UnlinkFailedError(BrokenError):
    """A file at its term could not be removed. It opens for nobody; it must still go."""

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(
            Text(
                fr=f"Le fichier {path}, arrivé à son terme, n'a pas pu être effacé ({error.strerror}) : sa clé est "
                "détruite, mais effacez-le. Vérifiez le disque et les droits.",
                en=f"The file {path}, at its term, could not be removed ({error.strerror}): its key is destroyed, but "
                "remove it. Check the disk and permissions.",
            )
        )


@dataclass
class DestructionReport:
    """What one pass did. ``paused``: files due by some clock, kept because the clock is in doubt. ``writing``: files at
    their term that still have a writer; they go once it has closed them, minutes later. Of files asked for early,
    ``held`` are asked for by a hold, ``early_refused`` are within their order's minimum or not known to be past it."""

    destroyed: int = 0
    paused: int = 0
    writing: int = 0
    held: int = 0
    early_refused: int = 0
    doubtful: bool = False
    problems: list[UnlinkFailedError] = field(default_factory=list)


class Destroyer:
    """The recorder's side. One pass at a time, from one process.

    ``legal_tz`` gives the time zone of (authority, term_days): `PublicHours.legal_tz`. ``freezer`` keeps the recorder's
    holds. ``min_days`` gives the minimum of a camera's order in days, None when it is not known. ``trace`` is told each
    step before it is taken, for tests that stop there.
    """

    def __init__(
        self,
        root: Path,
        *,
        catalogue: Catalogue,
        journal: Journal,
        clock: Clock,
        watch: ClockWatch,
        legal_tz: Callable[[str, int], str | None],
        freezer: Freezer | None = None,
        min_days: Callable[[str], int | None] = lambda _: None,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self._root = root.resolve()
        self._catalogue = catalogue
        self._journal = journal
        self._clock = clock
        self._watch = watch
        self._legal_tz = legal_tz
        self._freezer = freezer
        self._lock = freezer.lock if freezer else threading.RLock()
        self._min_days = min_days
        self._log = LogFate.NONE
        self._trace = trace or (lambda _: None)

    def run(self) -> DestructionReport:
        """Finish what was begun, then destroy all that is due; meant to run every minute.

        Raises:
            CatalogueError, JournalBrokenError, FsyncFailedError: let them end the process.
        """
        report = DestructionReport(doubtful=self._watch.doubtful())
        left = self._catalogue.garbage()
        if left:
            self._log = self._empty_log()
        self._finish(left, report)
        for authority, term_days, hour in self._hours():
            verdict = self._watch.judge(self._end_us(authority, term_days, hour))
            if not verdict.due and not verdict.refuse:
                continue
            rows = self._catalogue.chunks_of_hour(authority, term_days, hour)
            alive = [row for row in rows if row.state in (ChunkState.OPEN, ChunkState.CLOSED)]
            if not verdict.due:
                report.paused += len(alive)
                continue
            present = self._expire(self._left_alone(alive, report))
            self._finish(present, report)
            self._clear_lost(rows, report)
        return report

    def _left_alone(self, rows: Iterable[ChunkRow], report: DestructionReport) -> list[ChunkRow]:
        """Those that nobody writes any more, as they are now. What is written into an unlinked file is lost, and told
        by no gap. Files end soon after their hour (`beffroi.capture.rotation`): at its term one is only open still when
        a clock leapt."""
        found: list[ChunkRow | None] = []
        for row in rows:
            if row.state is not ChunkState.OPEN:
                found.append(row)
            elif self._being_written(row):
                report.writing += 1
                _log.warning("file at term still being written", path=row.path)
            else:
                found.append(self._catalogue.chunk(row.id))  # closed meanwhile, perhaps: longer than it was
        return [row for row in found if row is not None]

    def _being_written(self, row: ChunkRow) -> bool:
        try:
            return being_written(self._root / row.path)
        except OSError:  # missing, or unreadable: the steps of destruction say so
            return False

    def early(self, rows: Iterable[ChunkRow], *, cause: Cause | str = Cause.DISK_FULL) -> DestructionReport:
        """Destroy closed files before their term, oldest first as given, for a cause that their order knows. One that a
        hold asks for stays, and so does one that may be within its order's minimum (its last image, in legal time, by
        either clock); the report counts both. A file whose term has come dies by `run`, as any other.

        Raises:
            CatalogueError, JournalBrokenError, FsyncFailedError: let them end the process.
        """
        report = DestructionReport(doubtful=self._watch.doubtful())
        with self._lock:
            fresh = [self._catalogue.chunk(row.id) for row in rows]
            alive = [row for row in fresh if row is not None and row.state is ChunkState.CLOSED]
            free = [row for row in alive if self._may_go_early(row, report)]
            present = self._expire(free)
        self._finish(present, report, cause=Cause(cause))
        return report

    def _may_go_early(self, row: ChunkRow, report: DestructionReport) -> bool:
        if self._freezer and self._freezer.holds_of(row):
            report.held += 1
            return False
        least = self._min_days(row.camera)
        zone = self._legal_tz(row.authority, row.term_days)
        now_us = min(self._clock.wall_us(), self._watch.steady_us())
        if least is None or (least and (zone is None or now_us < minimum_end_us(row.range.to_us, least, zone))):
            report.early_refused += 1
            return False
        return True

    def _expire(self, rows: Iterable[ChunkRow]) -> list[ChunkRow]:
        """Log the intent: from here on no hold takes these files."""
        with self._lock:
            present = [row for row in rows if not self._noted_lost(row)]
            if not present:
                return present
            if self._freezer:
                for row in present:
                    self._freezer.told_unmet(row)
            self._trace("mark garbage")
            self._catalogue.mark_garbage([row.id for row in present])
        self._log = self._empty_log()
        return present

    def _empty_log(self) -> LogFate:
        """Move the catalogue's write-ahead log into the database and cut it to nothing, readers permitting."""
        self._trace("empty log")
        with closing(connect(self._root / "catalogue.sqlite", create=False)) as db:
            db.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_MS}")
            busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return LogFate.BUSY if busy else LogFate.TRUNCATED

    def _hours(self) -> Iterator[tuple[str, int, int]]:
        """Every (authority, term_days, hour) with a file, leaping from one to the next in the index."""
        oldest_first = (
            "SELECT hour, authority, term_days FROM chunk WHERE (hour, authority, term_days) > (?, ?, ?) "
            "ORDER BY hour, authority, term_days LIMIT 1"
        )
        with closing(connect(self._root / "catalogue.sqlite", create=False)) as db:
            at: tuple[int, str, int] = (-1, "", 0)
            while row := db.execute(oldest_first, at).fetchone():
                at = row
                yield at[1], at[2], at[0]

    def _end_us(self, authority: str, term_days: int, hour: int) -> int:
        return hour_term_end_us(hour, term_days, self._legal_tz(authority, term_days) or UNKNOWN_TZ)

    def _finish(self, rows: Iterable[ChunkRow], report: DestructionReport, *, cause: Cause | None = None) -> None:
        for row in rows:
            try:
                how = self._remove(row)
            except OSError as error:
                report.problems.append(UnlinkFailedError(row.path, error))
                _log.error("file at term not removed", path=row.path, error=str(error))
                continue
            self._trace("journal")
            self._journal_destruction(row, how, cause)
            self._trace("drop row")
            self._catalogue.mark_destroyed(row.id, self._clock.wall_us())
            report.destroyed += 1

    def _noted_lost(self, row: ChunkRow) -> bool:
        """A file that went missing before its term was not destroyed by us: it is lost, and said to be."""
        if os.path.lexists(self._root / row.path):
            return False
        fields = {"camera": row.camera, "stream": row.stream, "path": row.path, "found": "missing at its term"}
        span = {"from_us": row.wall_start_us, "to_us": row.range.to_us}
        self._journal.append(
            ActKind.CHUNK_LOST, {**fields, **span}, wall_us=self._clock.wall_us(), once=f"lost:{row.path}"
        )
        self._catalogue.mark_lost(row.id)
        return True

    def _clear_lost(self, rows: Iterable[ChunkRow], report: DestructionReport) -> None:
        """A file given up as lost may still lie there: it goes too, and stays lost in the calendar."""
        for row in rows:
            if row.state is ChunkState.LOST and (self._root / row.path).exists():
                try:
                    self._journal_destruction(row, self._remove(row), None)
                except OSError as error:
                    report.problems.append(UnlinkFailedError(row.path, error))

    def _remove(self, row: ChunkRow) -> FileFate:
        path = self._root / row.path
        if not path.parent.resolve().is_relative_to(self._root):
            raise PermissionError(1, "outside the recorder's folder")
        self._trace("overwrite head")
        try:
            _overwrite_head(path)
        except FileNotFoundError:
            if path.parent.is_dir():
                fsync_dir(path.parent)
            return FileFate.ALREADY_GONE
        self._trace("unlink")
        path.unlink(missing_ok=True)
        self._trace("fsync directory")
        fsync_dir(path.parent)
        return FileFate.UNLINKED

    def _journal_destruction(self, row: ChunkRow, how: FileFate, cause: Cause | None) -> None:
        end = self._watch.judge(self._end_us(row.authority, row.term_days, row.hour))
        # Resumed after a crash: a file announced as garbage while in its term can only have gone early.
        cause = cause or (Cause.TERM if end.due or end.refuse else Cause.DISK_FULL)
        fields: dict[str, Any] = {
            "camera": row.camera,
            "stream": row.stream,
            "run": row.run,
            "path": row.path,
            "kid": row.kid.hex(),
            "authority": row.authority,
            "term_days": row.term_days,
            "hour": row.hour,
            "term_end_us": self._end_us(row.authority, row.term_days, row.hour),
            "from_us": row.wall_start_us,
            "to_us": row.range.to_us,
            "size": row.size,
            "root": row.root.hex() if row.root else None,
            "store": "rolling",
            **proof_fields(cause, file=how, log=self._log, remains=remanence(self._root)),
            "clock_in_doubt": self._watch.doubtful(),
        }
        self._journal.append(ActKind.DESTRUCTION, fields, wall_us=self._clock.wall_us(), once=f"destroyed:{row.path}")


def _overwrite_head(path: Path) -> None:
    fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        size = os.fstat(fd).st_size
        os.pwrite(fd, bytes(min(size, HEAD_BYTES)), 0)
        fsync_fd(fd, path, data_only=True)
    finally:
        os.close(fd)
