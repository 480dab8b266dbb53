"""A viewing in the filmed person's presence: she is declared before the agent's screen, and the law does the rest.

From then on each image on that screen is decided for both: for the agent, whose question it is, and for the person
under the controller's decision (row 41), which covers the minutes of her request and nothing else. What else was open
on the screen goes dark at once; each replay is a view of the gate with its entry.
"""

import secrets
from dataclasses import dataclass, field

from beffroi.domain.errors import BadInputError, NotFoundError, RefusedError
from beffroi.domain.text import Text
from beffroi.evidence.subjectrules import Outcome
from beffroi.evidence.subjectstore import RequestFile
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.registry.subjecttables import SubjectViewingRow
from beffroi.server.centre import Centre
from beffroi.server.session import Caller
from beffroi.server.subject import Subjects, subject_of
from beffroi.server.viewing import Viewing, screen_id


@dataclass
class Supervised:
    """The supervised viewings of one centre."""

    centre: Centre
    subjects: Subjects
    viewing: Viewing
    _beginning: set[tuple[str, str]] = field(default_factory=set)
    _ending: set[str] = field(default_factory=set)

    async def begin(self, request: RequestFile, caller: Caller) -> RequestFile:
        """The person is before the caller's screen.

        Raises:
            RefusedError: no viewing was granted, or no second factor. BadInputError: a viewing is open here already.
        """
        request = self.subjects.store.request(request.row.id)
        if request.row.outcome != Outcome.VIEWING.value or not caller.strong:
            raise RefusedError(
                Text(
                    fr="Aucun visionnage n'est accordé pour cette demande, ou votre session n'a pas de second facteur.",
                    en="No viewing is granted for this request, or your session has no second factor.",
                )
            )
        place = (request.row.id, caller.session)
        if place in self._beginning or _standing(request, caller.session):
            raise BadInputError(Text(fr="Un visionnage est déjà en cours ici.", en="A viewing is under way here."))
        self._beginning.add(place)  # taken before the first wait: two requests at once make one
        try:
            return await self._begin(request, caller)
        finally:
            self._beginning.discard(place)

    async def _begin(self, request: RequestFile, caller: Caller) -> RequestFile:
        self.centre.screens.came(caller.session, subject_of(request))
        self.viewing.restate()  # dark first: the entries follow
        row = SubjectViewingRow(
            id=secrets.token_hex(6),
            request=request.row.id,
            person=caller.person,
            session=caller.session,
            begun_us=self.centre.clock.wall_us(),
        )
        name = row.id
        await self._screen(request, caller, "came")
        found = self.subjects.store.add(request.row.id, row)
        await self.subjects.enter("subject_viewing", found, caller, {"viewing": name})
        return found

    async def end(self, request: RequestFile, name: str, note: str, caller: Caller | None) -> RequestFile:
        """The viewing is over; ``note`` is what the agent wrote of it. ``caller`` None: the session ended by itself.

        Raises:
            NotFoundError: no such viewing under way in this session.
        """
        request = self.subjects.store.request(request.row.id)
        row = next((one for one in request.viewings if one.id == name and one.ended_us is None), None)
        elsewhere = row is not None and caller is not None and row.session != caller.session
        if row is None or elsewhere or name in self._ending:
            raise NotFoundError(
                Text(fr="Ce visionnage n'est pas en cours sur ce poste.", en="This viewing is not under way here.")
            )
        self._ending.add(name)  # before the first wait: until it has ended, no other begins here
        try:
            return await self._end(request, row, note, caller)
        finally:
            self._ending.discard(name)

    async def _end(self, request: RequestFile, row: SubjectViewingRow, note: str, caller: Caller | None) -> RequestFile:
        name = row.id
        if len(_standing(request, row.session)) == 1:  # before another one of hers the screen stays as it is
            await self._screen(request, caller, "left")  # in the register before anything opens again
            self.centre.screens.left(row.session, subject_of(request))
            self.viewing.restate()
        at_us = self.centre.clock.wall_us()

        def step(found: RequestFile, _: object) -> None:
            for one in found.viewings:
                if one.id == name:
                    one.ended_us, one.note = at_us, note

        found = self.subjects.store.change(request.row.id, step)
        await self.subjects.enter("subject_viewing_ended", found, caller, {"viewing": name})
        return found

    async def _screen(self, request: RequestFile, caller: Caller | None, outcome: str) -> None:
        await self.centre.ledger.append_async(
            Entry(
                EntryKind.SCREEN_CHANGED,
                actor=caller.person if caller else None,
                session=screen_id(caller.session) if caller else None,
                outcome=outcome,
                payload={"person": subject_of(request)},
            )
        )


def _standing(request: RequestFile, session: str) -> list[SubjectViewingRow]:
    """The viewings of a request that are under way in a session."""
    return [one for one in request.viewings if one.session == session and one.ended_us is None]
