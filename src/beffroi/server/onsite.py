"""Viewing on site: the joint session of an operator and an investigator, from the card to its one end.

While it lasts the investigator is declared before the operator's screen: every image that her requisition does not
open goes dark by the law itself. What is opened within it is `beffroi.server.onsiteviews`.
"""

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from sqlalchemy.orm import Session

from beffroi.base.background import Background
from beffroi.domain.clock import instant, now
from beffroi.domain.errors import BadInputError, BeffroiError, RefusedError
from beffroi.domain.ids import ConnectionId
from beffroi.domain.reasons import Reason
from beffroi.domain.text import Text
from beffroi.evidence.deskstore import CaseClosedError, CaseFile
from beffroi.evidence.onsiterules import (
    Cause,
    Limits,
    Outcome,
    Paper,
    check_ask,
    check_confirm,
    papers_of,
    why_over,
)
from beffroi.evidence.onsitestore import OnsiteFile, OnsiteStore
from beffroi.law.engine import GUEST
from beffroi.registry.onsitetables import OnsiteRow
from beffroi.server.centre import Centre
from beffroi.server.desk import Desk
from beffroi.server.posts import Post
from beffroi.server.session import Caller
from beffroi.server.viewing import Viewing, screen_id

_log = structlog.get_logger(__name__)

WATCH_S: Final = 1.0
_FORGET_EACH: Final = 20

_WEAK: Final = Text(
    fr="Un visionnage sur place demande une session ouverte avec le second facteur : reconnectez-vous.",
    en="Viewing on site needs a session opened with the second factor: log in again.",
)
_NO_DUTY: Final = Text(
    fr="Prenez d'abord votre service : un visionnage sur place se fait en service.",
    en="Take duty first: viewing on site is done on duty.",
)
_NO_POST: Final = Text(
    fr="Un visionnage sur place se fait à un poste déclaré : allez à un poste du centre, ou faites déclarer celui-ci "
    "par l'administrateur.",
    en="Viewing on site is done at a declared workstation: go to one of the centre, or have the administrator declare "
    "this one.",
)
_ALREADY: Final = Text(
    fr="Un visionnage est déjà en cours sur cet écran : terminez-le d'abord.",
    en="A viewing is under way on this screen already: end it first.",
)
_ELSEWHERE: Final = Text(
    fr="Ce visionnage se tient à un autre écran, ou n'est plus en cours : revenez-y, ou commencez-en un autre.",
    en="This viewing is held at another screen, or is over: go back to that screen, or begin another one.",
)
_DONE: Final = Text(fr="Cette étape est déjà faite.", en="This step is done already.")
_CLOSED: Final = Text(
    fr="Le visionnage sur place est terminé : les images se ferment.", en="The viewing on site is over: images close."
)


@dataclass
class Live:
    """A joint session under way, in memory: a restart ends it. Seconds are of the monotonic clock."""

    case: str
    caller: Caller
    post: Post
    reason: Reason
    service: str
    asked_s: float
    last_s: float
    opened_s: float | None = None
    ending: bool = False
    sockets: set[ConnectionId] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Words:
    """What the operator read on card and requisition. ``card``: it was seen, and is the person's own."""

    investigator: str
    service: str
    number: str
    card: bool


@dataclass(frozen=True, slots=True)
class Here:
    """Who does something in a joint session, from where; ``payload`` is kept beside the entries."""

    caller: Caller
    post: Post | None
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ends: the cause of an interruption, the delivery of an extract."""

    outcome: Outcome
    cause: Cause | None = None
    package: str = ""


@dataclass
class Onsites:
    """All joint sessions of this process. Use as a context, in the event loop."""

    centre: Centre
    desk: Desk
    viewing: Viewing
    limits: Limits = field(default_factory=Limits)
    live: dict[str, Live] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._watching = Background(self._watch, "onsite")
        self.store = OnsiteStore(self.centre.engine)

    async def __aenter__(self) -> "Onsites":
        self._watching.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._watching.stop()

    def papers(self, case: CaseFile, service: str | None = None) -> list[Paper]:
        """The requisitions of a case that open viewing on site now."""
        names = [one.document for one in case.papers]
        return papers_of(self.centre.registry.facts(), names, now(self.centre.clock), service)

    async def ask(self, case: CaseFile, who: Here, reason: Reason, words: Words) -> OnsiteFile:
        """The operator's side: card and requisition are read. No image opens before the investigator has confirmed.

        Raises:
            RefusedError: one factor, not on duty, no declared post, one under way here. NoViewingError, BadInputError:
                see `beffroi.evidence.onsiterules.check_ask`. CaseClosedError: the case is closed.
        """
        if case.row.closed_us is not None:
            raise CaseClosedError
        caller, here = who.caller, self._here(who)
        if any(one.caller.session == caller.session for one in self.live.values()):
            raise RefusedError(_ALREADY)
        papers = self.papers(case)
        check_ask(papers, investigator=words.investigator, service=words.service, number=words.number, card=words.card)
        at_us, at_s = self.centre.clock.wall_us(), self.centre.clock.monotonic_s()
        name = f"V-{instant(at_us):%Y%m%d}-{secrets.token_hex(4)}"
        # Taken before the first wait: two requests at once make one.
        self.live[name] = Live(case.row.id, caller, here, reason, words.service, at_s, at_s)
        try:
            told = {"onsite": name, "reason": reason.id, "documents": sorted({one.title.document for one in papers})}
            read = {"investigator": words.investigator, "service": words.service, "number": words.number}
            await self.desk.enter("onsite_asked", case.row.id, caller, told, {**who.payload, **read, "post": here.name})
            return self.store.add(
                OnsiteRow(
                    id=name,
                    case=case.row.id,
                    person=caller.person,
                    session=screen_id(caller.session),
                    post=here.name,
                    reason=reason.id,
                    asked_us=at_us,
                    **read,
                )
            )
        except BaseException:
            self.live.pop(name, None)
            raise

    async def confirm(self, case: CaseFile, name: str, who: Here, said: str) -> OnsiteFile:
        """The investigator's side, on the same screen: from now on this screen shows what her requisition opens, and
        nothing else.

        Raises:
            BadInputError: another name, or confirmed already. RefusedError: another screen.
        """
        live, found, caller = self.mine(case, name, who), self.store.one(case.row.id, name), who.caller
        if live.opened_s is not None:
            raise BadInputError(_DONE)
        check_confirm(found.row.investigator, said)
        self.centre.screens.came(caller.session, GUEST)
        self.viewing.restate()  # dark first: the entry follows
        at_us = self.centre.clock.wall_us()
        live.opened_s = self.centre.clock.monotonic_s()  # before the wait: it is confirmed once
        try:
            entry = await self.desk.enter("onsite_opened", case.row.id, caller, {"onsite": name})
        except BaseException:
            live.opened_s = None
            raise

        def step(one: OnsiteFile, _: Session) -> None:
            one.row.opened_us, one.row.entry = at_us, entry

        return self.store.change(case.row.id, name, step)

    def mine(self, case: CaseFile, name: str, who: Here) -> Live:
        """The joint session, when it is under way at this very screen; this counts as something done.

        Raises:
            NoOnsiteError: none of that name in this case. RefusedError: another screen, or over.
        """
        self.store.one(case.row.id, name)
        live, post = self.live.get(name), who.post
        here = live is not None and post is not None and (live.post.id, live.post.device) == (post.id, post.device)
        if live is None or live.ending or not here or live.caller.session != who.caller.session:
            raise RefusedError(_ELSEWHERE)
        live.last_s = self.centre.clock.monotonic_s()
        return live

    async def finish(self, name: str, case: str, end: Ending, caller: Caller | None) -> OnsiteFile:
        """The one end of a joint session: dark first, then the register, then the case. ``caller`` None: it ends by
        itself, and the investigator stays declared before the screen until somebody says that she has left.

        Raises:
            RefusedError: it is ending, or has ended already.
        """
        live = self.live.get(name)
        if live is not None:
            if live.ending:
                raise RefusedError(_ELSEWHERE)
            live.ending = True
            for socket in list(live.sockets):
                self.viewing.close(socket, _CLOSED)
        try:
            found = self._not_over(case, name)
            at_us = self.centre.clock.wall_us()
            seconds = 0 if found.row.opened_us is None else round((at_us - found.row.opened_us) / 1e6)
            cause = "" if end.cause is None else end.cause.value
            told: dict[str, Any] = {"onsite": name, "outcome": end.outcome.value, "cause": cause}
            told |= {"package": end.package, "seconds": seconds, "views": len(found.views), "marks": len(found.marks)}
            entry = await self.desk.enter("onsite_ended", case, caller, told)

            def step(one: OnsiteFile, _: Session) -> None:
                row = one.row
                row.ended_us, row.end_entry, row.outcome = at_us, entry, end.outcome.value
                row.cause, row.package = cause, end.package

            found = self.store.change(case, name, step)
        except BaseException:
            if live is not None:
                live.ending = False  # dark all the same; the watch tries again
            raise
        self.live.pop(name, None)
        if caller is not None:
            self.gone(caller)
        return found

    def _not_over(self, case: str, name: str) -> OnsiteFile:
        """A joint session that nothing has ended, while its extract was prepared or its name read."""
        found = self.store.one(case, name)
        if found.row.ended_us is not None:
            raise RefusedError(_ELSEWHERE)
        return found

    async def left(self, case: CaseFile, name: str, caller: Caller) -> None:
        """The investigator has left the screen, after a joint session that ended by itself.

        Raises:
            RefusedError: it is under way, or was held at another screen.
        """
        found = self.store.one(case.row.id, name)
        if found.row.ended_us is None or found.row.session != screen_id(caller.session):
            raise RefusedError(_ELSEWHERE)
        if GUEST in self.centre.screens.present(caller.session):
            await self.desk.enter("onsite_left", case.row.id, caller, {"onsite": name})
            self.gone(caller)

    def gone(self, caller: Caller) -> None:
        """Nobody but the operator is before the screen."""
        self.centre.screens.left(caller.session, GUEST)
        self.viewing.restate()

    async def look(self) -> None:
        """End what is over by itself."""
        for name, live in list(self.live.items()):
            if live.ending:
                continue
            try:
                await self._look_at(name, live)
            except Exception:  # noqa: BLE001  the watch must go on for the others; what failed is looked at again
                _log.exception("a viewing on site could not be looked at", onsite=name)

    async def _look_at(self, name: str, live: Live) -> None:
        case = await asyncio.to_thread(self.desk.store.case, live.case)
        here, at_s = await asyncio.to_thread(self._still_here, live), self.centre.clock.monotonic_s()
        cause = why_over(
            self.limits,
            asked_s=at_s - live.asked_s,
            opened_s=None if live.opened_s is None else at_s - live.opened_s,
            idle_s=at_s - live.last_s,
            papers=self.papers(case, live.service),
            logged_in=here,
            closed=case.row.closed_us is not None,
        )
        if live.ending:
            return
        if cause is not None:
            await self._end(name, live.case, cause)
        elif live.opened_s is not None and self.centre.screens.came(live.caller.session, GUEST):
            self.viewing.restate()  # somebody said that she had left; she has not

    def _here(self, who: Here) -> Post:
        if not who.caller.strong:
            raise RefusedError(_WEAK)
        if self.centre.duties.of(who.caller.session) is None:
            raise RefusedError(_NO_DUTY)
        if who.post is None:
            raise RefusedError(_NO_POST)
        return who.post

    def _still_here(self, live: Live) -> bool:
        session, post = live.caller.session, live.post
        on_duty = self.centre.duties.of(session) is not None
        posted = self.centre.posts.current(post.id, post.device) is not None
        return on_duty and posted and self.centre.identity.session_of_key(session) is not None

    async def _end(self, name: str, case: str, cause: Cause) -> None:
        try:
            await self.finish(name, case, Ending(Outcome.INTERRUPTED, cause), None)
        except BeffroiError as error:
            _log.error("a viewing on site is not ended yet", onsite=name, reason=error.text.en)

    async def _watch(self) -> None:
        for one in await asyncio.to_thread(self.store.standing):
            if one.row.id not in self.live:  # of a process that is no more
                await self._end(one.row.id, one.row.case, Cause.RESTART)
        rounds = 0
        while True:
            try:
                await self.look()
                if rounds % _FORGET_EACH == 0:
                    await asyncio.to_thread(self.store.forget_closed)
            except Exception:  # noqa: BLE001  the watch must go on: a joint session that it misses does not end
                _log.exception("the watch of viewings on site failed")
            rounds += 1
            await asyncio.sleep(WATCH_S)
