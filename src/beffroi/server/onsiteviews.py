"""What is opened and marked during a viewing on site, and how it ends.

Each view is the gate's: the operator's row and the investigator's are both asked, the entry names case and joint
session, the lease names minutes of the requisition and no other.
"""

import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from beffroi.domain.acts import Act
from beffroi.domain.errors import BadInputError, RefusedError
from beffroi.domain.ids import DocumentId
from beffroi.domain.text import Text
from beffroi.evidence.deskrules import MOST, Minutes, checked_minutes
from beffroi.evidence.deskstore import CaseFile
from beffroi.evidence.onsiterules import (
    Cause,
    Outcome,
    PastTermError,
    check_end,
    check_mark,
    lines_of,
    title_for,
)
from beffroi.evidence.onsitestore import OnsiteFile
from beffroi.gate.answers import GateRefusedError, OpenedView
from beffroi.ledger.index import REVIEW
from beffroi.publish.registers.privacy import ONSITE
from beffroi.registry.onsitetables import OnsiteMarkRow, OnsiteViewRow
from beffroi.server.asking import question
from beffroi.server.centre import Centre
from beffroi.server.deskdelivery import Deliveries
from beffroi.server.deskholds import Who
from beffroi.server.duty import purpose_for
from beffroi.server.onsite import Ending, Here, Live, Onsites

_UNCONFIRMED = Text(
    fr="L'enquêteur n'a pas encore confirmé sur cet écran : qu'il saisisse son nom.",
    en="The investigator has not confirmed on this screen yet: they type their name.",
)
_OVER = Text(
    fr="Le visionnage vient de se terminer : commencez-en un autre.",
    en="The viewing has just ended: begin another one.",
)
_PREPARING = Text(
    fr="L'extrait est en cours de préparation : attendez un instant, puis regardez le dossier.",
    en="The extract is being prepared: wait a moment, then look at the case.",
)
_MANY = Text(
    fr=f"{MOST} repères au plus : supprimez-en, ou préparez l'extrait.",
    en=f"{MOST} marks at most: remove some, or prepare the extract.",
)
_NO_MARK = Text(fr="Ce repère n'existe plus.", en="This mark is there no more.")
_NO_SECOND = Text(
    fr="Dites qui sera la seconde personne de la remise : choisissez-la dans la liste.",
    en="Say who will be the second person of the delivery: choose from the list.",
)


@dataclass(frozen=True, slots=True)
class Socket:
    """The view socket that is to carry a view, and whether its browser plays H.265."""

    connection: str
    h265: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """How the operator ends it; ``second`` is the second person of an extract's delivery."""

    outcome: Outcome
    cause: Cause | None
    second: str


@dataclass
class OnsiteViews:
    """Views and marks of the joint sessions of one process."""

    onsites: Onsites
    deliveries: Deliveries
    centre: Centre = field(init=False)
    _preparing: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.centre = self.onsites.centre

    async def open(self, case: CaseFile, name: str, asked: Minutes, socket: Socket, here: Here) -> OpenedView:
        """Open minutes of the requisition before both.

        Raises:
            RefusedError: not confirmed, over, or at another screen. NoViewingError, OutsideScopeError: not within a
                requisition that provides for it. PastTermError: past their term. GateRefusedError: the law.
        """
        live = self._open(case, name, here)
        document = title_for(asked, self.onsites.papers(case, live.service))
        request = question(
            self.centre,
            here.caller,
            asked.camera,
            Act.REPLAY,
            live.reason.purpose,
            footage=asked.range,
            post=here.post,
            guest=document,
        )
        purpose = purpose_for(
            live.reason, lambda one: self.centre.decider.decide(replace(request, purpose=one)).allowed
        )
        heard = _Heard(live, self.onsites)
        try:
            view = await self.onsites.viewing.open(
                here.caller,
                socket.connection,
                replace(request, purpose=purpose),
                here.payload,
                h265=socket.h265,
                post=here.post,
                detail={"case": case.row.id, ONSITE: name, **({REVIEW: live.reason.id} if live.reason.review else {})},
                heard=heard,
            )
        except GateRefusedError as refused:
            if any(one.id == "footage-term" and not one.met for one in refused.decision.conditions):
                raise PastTermError from refused
            raise
        live.sockets.add(view.connection)
        try:
            self._keep(case, name, live, view, document)
        except BaseException:
            self.onsites.viewing.close(view.connection, _OVER)
            raise
        return view

    async def mark(self, case: CaseFile, name: str, asked: Minutes, here: Here) -> OnsiteFile:
        """Mark minutes for the extract.

        Raises:
            OutsideScopeError, BadInputError: see `beffroi.evidence.onsiterules.check_mark`; too many.
        """
        live, found = self._open(case, name, here), self.onsites.store.one(case.row.id, name)
        check_mark(asked, self.onsites.papers(case, live.service), found.seen)
        if len(found.marks) >= MOST:
            raise BadInputError(_MANY)
        span = asked.range
        row = OnsiteMarkRow(
            id=secrets.token_hex(8),
            onsite=name,
            camera=asked.camera,
            from_us=span.from_us,
            to_us=span.to_us,
            marked_us=self.centre.clock.wall_us(),
        )
        told = {"onsite": name, "asked": [[asked.camera, span.from_us, span.to_us]]}
        await self.onsites.desk.enter("onsite_marked", case.row.id, here.caller, told)
        return self._change(case, name, live, lambda _, session: session.add(row))

    async def unmark(self, case: CaseFile, name: str, mark: str, here: Here) -> OnsiteFile:
        """Remove a mark.

        Raises:
            BadInputError: there is none of that name.
        """
        live, found = self._open(case, name, here), self.onsites.store.one(case.row.id, name)
        if all(one.id != mark for one in found.marks):
            raise BadInputError(_NO_MARK)
        await self.onsites.desk.enter("onsite_unmarked", case.row.id, here.caller, {"onsite": name})

        def step(one: OnsiteFile, session: Session) -> None:
            for row in one.marks:
                if row.id == mark:
                    session.delete(row)

        return self._change(case, name, live, step)

    async def end(self, case: CaseFile, name: str, wish: Wish, who: Who, here: Here) -> OnsiteFile:
        """End it with exactly one of three: an extract of what was marked is prepared (and held, where it was not);
        nothing was found; it was interrupted.

        Raises:
            BadInputError: see `beffroi.evidence.onsiterules.check_end`. RefusedError: not confirmed, being prepared
            already, ended meanwhile. What holding and preparing raise: then it goes on.
        """
        live = self.onsites.mine(case, name, here)
        found = self.onsites.store.one(case.row.id, name)
        outcome, cause = wish.outcome, wish.cause
        if live.opened_s is None and outcome is not Outcome.INTERRUPTED:
            raise RefusedError(_UNCONFIRMED)
        check_end(outcome, cause, viewed=bool(found.views), marks=len(found.marks))
        if live.opened_s is None:
            cause = Cause.UNCONFIRMED  # given up before anybody confirmed: the register says that, and no more
        if outcome is not Outcome.EXTRACT:
            return await self.onsites.finish(name, case.row.id, Ending(outcome, cause), here.caller)
        if not wish.second:
            raise BadInputError(_NO_SECOND)
        if name in self._preparing:
            raise RefusedError(_PREPARING)
        self._preparing.add(name)  # before the first wait: two asks make one delivery
        try:
            package = await self._prepare(case, found, wish.second, who, here)
            return await self.onsites.finish(name, case.row.id, Ending(outcome, cause, package), here.caller)
        finally:
            self._preparing.discard(name)

    async def _prepare(self, case: CaseFile, found: OnsiteFile, second: str, who: Who, here: Here) -> str:
        """The delivery of what was marked; its name."""
        self.onsites.desk.check_person(here.caller, second)
        fresh, lines = lines_of(found.marked, case.held)
        if fresh:
            desk = self.onsites.desk
            async with desk.holds.turn(case.row.id):
                case = desk.store.case(case.row.id)
                wanted = checked_minutes(fresh, self.centre.clock.wall_us(), held=case.held)
                await desk.holds.place(case, wanted, who, here.payload)
            case = await desk.holds.secure(case.row.id)
        before = {one.id for one in case.packages}
        case = await self.deliveries.prepare(case, lines, second, here.caller)
        return next(one.id for one in case.packages if one.id not in before)

    def _open(self, case: CaseFile, name: str, here: Here) -> Live:
        live = self.onsites.mine(case, name, here)
        if live.opened_s is None:
            raise RefusedError(_UNCONFIRMED)
        return live

    def _keep(self, case: CaseFile, name: str, live: Live, view: OpenedView, document: DocumentId) -> None:
        """What was opened belongs to the joint session, unless that ended meanwhile.

        Raises:
            RefusedError: it did.
        """
        asked = view.request.footage
        if live.ending or self.onsites.live.get(name) is not live or asked is None:
            raise RefusedError(_OVER)
        row = OnsiteViewRow(
            entry=view.ledger_index,
            onsite=name,
            camera=view.request.camera,
            from_us=asked.from_us,
            to_us=asked.to_us,
            document=document,
            opened_us=self.centre.clock.wall_us(),
        )
        self.onsites.store.change(case.row.id, name, lambda _, session: session.add(row))

    def _change(self, case: CaseFile, name: str, live: Live, step: Any) -> OnsiteFile:
        if live.ending:
            raise RefusedError(_OVER)
        return self.onsites.store.change(case.row.id, name, step)


class _Heard:
    """What a replaying client says counts as something done when it moves: a picture that stands still does not."""

    def __init__(self, live: Live, onsites: Onsites) -> None:
        self._live, self._onsites = live, onsites
        self._at: object = None

    def __call__(self, message: Any) -> None:
        at = message.get("at_us") if isinstance(message, dict) else None
        if at != self._at:
            self._at = at
            self._live.last_s = self._onsites.centre.clock.monotonic_s()
