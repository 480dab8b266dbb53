"""The desk's round: what was still being recorded is secured, what is over is destroyed, each case closes by itself."""

import asyncio
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from beffroi.base.background import Background
from beffroi.domain.clock import now, to_wall_us
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.errors import BeffroiError
from beffroi.evidence.deskrules import DAY_US, GRACE_US, CaseKind, Minutes
from beffroi.evidence.deskstore import CaseFile
from beffroi.registry.desktables import DeskPackageRow
from beffroi.server.centre import Centre
from beffroi.server.deskdelivery import Deliveries
from beffroi.server.desklapse import lapsed_holds, lapsed_packages, lines_of

_log = structlog.get_logger(__name__)

PERIOD_S: Final = 20.0
DUE_US: Final = GRACE_US - DAY_US
"""The centre's copy goes a day before its seven days are over: a centre that stands still for a day is not late."""


class DeskRound:
    """A task in the centre. Whatever fails is tried again at the next round."""

    def __init__(self, centre: Centre, deliveries: Deliveries) -> None:
        self._centre = centre
        self._deliveries = deliveries
        self._desk = deliveries.desk
        self._task = Background(self._run, "desk")

    async def __aenter__(self) -> "DeskRound":
        await asyncio.to_thread(self._deliveries.tidy)
        self._task.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._task.stop()

    async def once(self) -> None:
        """One round over every case that is not closed."""
        if self._deliveries.untidy:
            await asyncio.to_thread(self._deliveries.tidy)
        for case in self._desk.store.standing():
            try:
                await self._one(case)
            except BeffroiError as error:
                _log.error("a case of the desk waits", case=case.row.id, reason=error.text.en)
            except Exception:  # noqa: BLE001  a disk that refuses one file must not keep the other cases' holds alive
                _log.exception("a case of the desk waits", case=case.row.id)

    async def _one(self, case: CaseFile) -> None:
        now_us, name = self._centre.clock.wall_us(), case.row.id
        for package in case.packages:
            since_us = receipt_us(package)
            if since_us is not None and now_us >= since_us + DUE_US and package.destroyed_us is None:
                await self._deliveries.destroy(case, package, "received")
        async with self._desk.holds.turn(name):
            case = await self._lapse(self._desk.store.case(name))
            why = _over(case, now_us)
            if why:
                await self.close(case, why)
                return
        if case.holds:
            await self._deliveries.settle(name, None)
            await self._desk.holds.secure(name)

    async def _lapse(self, case: CaseFile) -> CaseFile:
        """End what no requisition in force speaks of any more and whose images' own term is over: the copy first."""
        titles, facts, at = self._deliveries.titles(case), self._centre.registry.facts(), now(self._centre.clock)
        for package in lapsed_packages(case, titles, facts, at):
            await self._deliveries.destroy(case, package, "lapsed")
        for row in lapsed_holds(case, titles, facts, at):
            await self._desk.holds.end(row, None, "lapsed")
        return self._desk.store.case(case.row.id)

    async def close(self, case: CaseFile, why: str) -> None:
        """End all of a case: copies, pieces, keys; then the case itself. Each step is safe to do again."""
        for package in case.packages:
            if package.built_us is not None and package.destroyed_us is None:
                await self._deliveries.destroy(case, package, why)
        for row in case.holds:
            if row.ended_us is None:
                await self._desk.holds.end(row, None, why)
        for row in {one.authority: one for one in case.holds}.values():
            await self._desk.holds.end_case(row)
        await self._desk.enter("closed", case.row.id, None, {"why": why})
        self._desk.store.close(case.row.id, why)

    async def _run(self) -> None:
        while True:
            try:
                await self.once()
            except Exception:  # noqa: BLE001  the round must go on for the other cases; what failed is tried again
                _log.exception("the desk's round failed")
            await asyncio.sleep(PERIOD_S)


def _over(case: CaseFile, now_us: int) -> str:
    """Why a case is over; empty while it is not."""
    if not case.holds:  # opened, searched perhaps, and nothing was ever held
        return "empty" if case.kind is not CaseKind.SUBJECT and now_us >= case.row.opened_us + GRACE_US else ""
    if handed_over(case):
        return "received"
    return "ended" if all(one.ended_us is not None or now_us >= one.until_us for one in case.holds) else ""


def handed_over(case: CaseFile) -> bool:
    """Whether all that was to leave has left and is destroyed here: nothing else is prepared, nothing was held since.

    What is still held then goes with the case; a delivery given up for another one of the same minutes keeps nothing.
    """
    # A copy destroyed without a receipt (its requisition lapsed) is no hand-over.
    made = [one for one in case.packages if one.built_us and (one.received_us is not None or one.destroyed_us is None)]
    if not made or any(one.destroyed_us is None for one in made):
        return False
    given = [line for one in made for line in lines_of(one)]
    wanted = [line for one in case.packages if one.built_us is None for line in lines_of(one)]
    last_us = max(one.received_us or 0 for one in made)
    since = any(one.ended_us is None and (one.placed_us is None or one.placed_us > last_us) for one in case.holds)
    return not since and all(any(covers(one, line) for one in given) for line in wanted)


def covers(whole: Minutes, part: Minutes) -> bool:
    """Whether one has all of the other."""
    return whole.camera == part.camera and whole.range.contains(part.range)


def receipt_us(package: DeskPackageRow) -> int | None:
    """When a delivery was received: the day on which the receipt was signed, often before it was written down here."""
    if package.received_us is None:
        return None
    day = datetime.combine(date.fromisoformat(package.signed_on), time.min, ZoneInfo(LEGAL_TIME_ZONE))
    return min(package.received_us, to_wall_us(day.astimezone(UTC)))
