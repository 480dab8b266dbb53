"""The round of filmed persons' requests: derived copies destroyed in time, viewings of ended sessions ended, what is
over closed, and what the person wrote erased with it."""

import asyncio
from datetime import date
from typing import Final

import structlog

from beffroi.base.background import Background
from beffroi.domain.errors import BeffroiError
from beffroi.evidence.subjectrules import COPY_US, HANDED_US, LAPSED, lapses_us
from beffroi.evidence.subjectstore import RequestFile
from beffroi.server.centre import Centre
from beffroi.server.subjectediting import Editings
from beffroi.server.subjectviewing import Supervised

_log = structlog.get_logger(__name__)

PERIOD_S: Final = 20.0
_WRITTEN: Final = ("contact", "reason", "recognise", "place", "commune_said", "day", "hours")
"""Erased with the end of a request: all that the person wrote, as the public page promises, and why."""


class SubjectRound:
    """A task in the centre. Whatever fails is tried again at the next round."""

    def __init__(self, centre: Centre, editings: Editings, supervised: Supervised) -> None:
        self._centre = centre
        self._editings = editings
        self._copies = editings.copies
        self._supervised = supervised
        self._task = Background(self._run, "subject")

    async def __aenter__(self) -> "SubjectRound":
        self._task.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._task.stop()

    async def once(self) -> None:
        """One round over every request that is not closed."""
        if self._copies.untidy:
            await asyncio.to_thread(self._copies.tidy)
        for request in self._copies.subjects.store.standing():
            try:
                await self._one(request)
            except BeffroiError as error:
                _log.error("a filmed person's request waits", request=request.row.id, reason=error.text.en)
            except Exception:  # noqa: BLE001  a disk that refuses one file must not keep what others wrote
                _log.exception("a filmed person's request waits", request=request.row.id)

    async def _one(self, request: RequestFile) -> None:
        now_us, subjects = self._centre.clock.wall_us(), self._copies.subjects
        for viewing in request.viewings:
            if viewing.ended_us is None and self._centre.identity.session_of_key(viewing.session) is None:
                await self._supervised.end(request, viewing.id, "", None)
        for copy in request.copies:
            if copy.built_us is None or copy.destroyed_us is not None:
                continue
            handed = copy.handed_us is not None and now_us >= copy.handed_us + HANDED_US
            if handed or now_us >= copy.built_us + COPY_US:
                await self._copies.destroy(request, copy, "handed" if handed else "kept")
        request = subjects.store.request(request.row.id)
        case = subjects.case(request)
        left = [one for one in request.copies if one.built_us is not None and one.destroyed_us is None]
        held = case is not None and case.row.closed_us is None and bool(case.holds)
        row = request.row
        if row.answered_us is not None and not held and not left:
            await self._close(request, "answered")
        elif (
            # What is still held dies at its own term, request or not.
            row.answered_us is None
            and not left
            and now_us >= lapses_us(date.fromisoformat(row.received_on), row.received_us, row.decided_us)
        ):
            await self._close(request, LAPSED)

    async def _close(self, request: RequestFile, why: str) -> None:
        subjects = self._copies.subjects
        for viewing in request.viewings:
            if viewing.ended_us is None:
                await self._supervised.end(request, viewing.id, "", None)
        if await self._editings.stop(request):
            return  # a copy was being made: it ends without its lease, and what became of it is seen at the next round
        await subjects.enter("subject_closed", request, None, {"why": why})
        gone = dict.fromkeys(_WRITTEN, "")
        subjects.store.set(request.row.id, closed_us=self._centre.clock.wall_us(), closed_why=why, **gone)

    async def _run(self) -> None:
        while True:
            try:
                await self.once()
            except Exception:  # noqa: BLE001  the round must go on for other requests; what failed is tried again
                _log.exception("the round of filmed persons' requests failed")
            await asyncio.sleep(PERIOD_S)
