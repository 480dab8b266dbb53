"""Destruction at term, as a duty of the recorder; and before the term where the order says so and the disk is full."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from beffroi.capture.paths import RecorderPaths
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BadInputError, BeffroiError
from beffroi.vault.catalogue import Catalogue, ChunkRow
from beffroi.vault.clocksettle import Settlement, take
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.destruction import Destroyer, DestructionReport
from beffroi.vault.freezer import Freezer
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.publichours import PublicHours
from beffroi.vault.signed import load_public_keys

_log = structlog.get_logger(__name__)

_KEEP_ACTS_US: Final = 90 * 86_400_000_000
"""Acts that the register holds are kept here this much longer."""


class Destroying:
    """Runs the `Destroyer` every minute, and at once when asked; one pass at a time."""

    def __init__(
        self,
        paths: RecorderPaths,
        *,
        catalogue: Catalogue,
        journal: Callable[[], Journal],
        clock: Clock,
        watch: ClockWatch,
        freezer: Freezer,
        min_days: Callable[[str], int | None],
        every_s: float,
    ) -> None:
        self._paths = paths
        self._catalogue = catalogue
        self._journal = journal
        self._clock = clock
        self._watch = watch
        self._freezer = freezer
        self._min_days = min_days
        self._every_s = every_s
        self._one = threading.Lock()
        self.last = DestructionReport()

    async def keep(self) -> None:
        """The duty."""
        while True:
            await asyncio.to_thread(self.once)
            await asyncio.sleep(self._every_s)

    def once(self) -> DestructionReport:
        """One pass now. Blocking.

        Raises:
            CatalogueError, JournalBrokenError, FsyncFailedError: as `Destroyer.run`.
        """
        with self._one:
            journal = self._journal()
            self._take_settlement(journal)
            journal.prune(self._clock.wall_us() - _KEEP_ACTS_US, batch_us=86_400_000_000)
            began_s = time.monotonic()
            self.last = report = self.destroyer(journal).run()
            frozen = self._freezer.once()
            self._watch.note()
        if frozen.copied or frozen.destroyed or frozen.problems:
            _log.info(
                "holds", copied=frozen.copied, destroyed=frozen.destroyed, ended=frozen.ended,
                problems=[str(problem) for problem in frozen.problems],
            )  # fmt: skip
        if report.destroyed or report.paused or report.problems:
            _log.info(
                "destruction at term",
                destroyed=report.destroyed,
                paused=report.paused,
                problems=len(report.problems),
                took_s=round(time.monotonic() - began_s, 2),
            )
        return report

    def _take_settlement(self, journal: Journal) -> None:
        """Two persons may have said that the clock is right."""

        def enter(said: Settlement) -> None:
            fields = {"by": list(said.by), "said_us": said.wall_us}
            journal.append(ActKind.CLOCK_SETTLED, fields, wall_us=self._clock.wall_us(), once=f"settled:{said.wall_us}")

        with contextlib.suppress(BadInputError):  # no key of the centre: nothing can be believed
            trusted = load_public_keys(self._paths.sheet_trust)
            take(self._paths.root, trusted, self._watch, self._clock, enter=enter)

    def early(self, rows: Sequence[ChunkRow]) -> int:
        """Destroy these files before their term: the disk is full and their order says so. How many went: one that is
        held stays. Blocking.

        Raises:
            CatalogueError, JournalBrokenError, FsyncFailedError: as `Destroyer.run`.
        """
        with self._one:
            return self.destroyer(self._journal()).early(rows, cause="disk_full").destroyed

    def destroyer(self, journal: Journal) -> Destroyer:
        """A destroyer that knows the legal time zones of now."""
        try:
            hours = PublicHours.load(self._paths.hours, load_public_keys(self._paths.sheet_trust))
        except BeffroiError:
            hours = PublicHours(self._paths.hours, ())
        return Destroyer(
            self._paths.root,
            catalogue=self._catalogue,
            journal=journal,
            clock=self._clock,
            watch=self._watch,
            legal_tz=hours.legal_tz,
            freezer=self._freezer,
            min_days=self._min_days,
        )
