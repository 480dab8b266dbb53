"""At term, on the recorder: the sealed key and the file die, with a proof. Hour keys die apart, where they are held
(`beffroi.vault.hourdeath`): a recorder has no code that opens them.

For each file: `garbage` mark, which drops the sealed key from the catalogue → the file's head, where the
sealed key also lies, overwritten → unlink → fsync of the folder → journal entry → the row becomes a destroyed range. A
crash between any two steps is resumed by the next `run`: after the first step nothing can open the file again.
"""

import os
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
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.term import hour_term_end_us

HEAD_BYTES: Final = 1 << 20
"""What is overwritten at the start of a file: no header is longer."""

UNKNOWN_TZ: Final = "UTC"
"""Legal time of an authority that the recorder no longer holds hours for: differs by hours at most, never by days."""

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
    """What one pass did. ``paused``: files due by some clock, kept because the clock is in doubt."""

    destroyed: int = 0
    paused: int = 0
    doubtful: bool = False
    problems: list[UnlinkFailedError] = field(default_factory=list)


class Destroyer:
    """The recorder's side. One pass at a time, from one process.

    ``legal_tz`` gives the time zone of (authority, term_days): `PublicHours.legal_tz`. ``trace`` is told each step
    before it is taken, for tests that stop there.
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
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self._root = root.resolve()
        self._catalogue = catalogue
        self._journal = journal
        self._clock = clock
        self._watch = watch
        self._legal_tz = legal_tz
        self._trace = trace or (lambda _: None)

    def run(self) -> DestructionReport:
        """Finish what was begun, then destroy all that is due; meant to run every minute.

        Raises:
            CatalogueError, JournalBrokenError, FsyncFailedError: let them end the process.
        """
        report = DestructionReport(doubtful=self._watch.doubtful())
        self._finish(self._catalogue.garbage(), report)
        for authority, term_days, hour in self._hours():
            verdict = self._watch.judge(self._end_us(authority, term_days, hour))
            if not verdict.due and not verdict.refuse:
                continue
            rows = self._catalogue.chunks_of_hour(authority, term_days, hour)
            alive = [row for row in rows if row.state in (ChunkState.OPEN, ChunkState.CLOSED)]
            if not verdict.due:
                report.paused += len(alive)
                continue
            present = [row for row in alive if not self._noted_lost(row)]
            self._trace("mark garbage")
            self._catalogue.mark_garbage([row.id for row in present])
            self._finish(present, report)
            self._clear_lost(rows, report)
        return report

    def early(self, rows: Iterable[ChunkRow], *, cause: str) -> DestructionReport:
        """Destroy closed files before their term, for a cause that their order knows ("disk_full"). The caller answers
        for the order; a file whose term has come dies by `run`, as any other.

        Raises:
            CatalogueError, JournalBrokenError, FsyncFailedError: let them end the process.
        """
        report = DestructionReport(doubtful=self._watch.doubtful())
        fresh = [self._catalogue.chunk(row.id) for row in rows]
        alive = [row for row in fresh if row is not None and row.state is ChunkState.CLOSED]
        present = [row for row in alive if not self._noted_lost(row)]
        self._trace("mark garbage")
        self._catalogue.mark_garbage([row.id for row in present])
        self._finish(present, report, cause=cause)
        return report

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

    def _finish(self, rows: Iterable[ChunkRow], report: DestructionReport, *, cause: str = "") -> None:
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
                    self._journal_destruction(row, self._remove(row), "")
                except OSError as error:
                    report.problems.append(UnlinkFailedError(row.path, error))

    def _remove(self, row: ChunkRow) -> str:
        path = self._root / row.path
        if not path.parent.resolve().is_relative_to(self._root):
            raise PermissionError(1, "outside the recorder's folder")
        self._trace("overwrite head")
        try:
            _overwrite_head(path)
        except FileNotFoundError:
            if path.parent.is_dir():
                fsync_dir(path.parent)
            return "already_gone"
        self._trace("unlink")
        path.unlink(missing_ok=True)
        self._trace("fsync directory")
        fsync_dir(path.parent)
        return "unlinked"

    def _journal_destruction(self, row: ChunkRow, how: str, cause: str) -> None:
        end = self._watch.judge(self._end_us(row.authority, row.term_days, row.hour))
        # Resumed after a crash: a file announced as garbage while in its term can only have gone early.
        cause = cause or ("term" if end.due or end.refuse else "disk_full")
        fields: dict[str, Any] = {
            "cause": cause,
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
            "sealed_key": "erased",
            "file": how,
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
