"""Filmed persons' requests, from their receipt to the controller's decision. Images are held at once, opened by nobody.

The law answers an agent's question, as for any replay or extract; where the person stands before the screen, hers too,
under the controller's decision (row 41). No account is opened for her: she is recorded under the request's number.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from beffroi.domain.clock import instant, now
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus, Scope
from beffroi.domain.errors import BadInputError, NotFoundError, RefusedError
from beffroi.domain.facts import Facts, Person, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.evidence.deskrules import CaseKind, Minutes, checked_minutes
from beffroi.evidence.deskstore import CaseFile
from beffroi.evidence.safeguards import dies_us
from beffroi.evidence.subjectrules import Channel, Decision, Due, Identity, Outcome, check_decision, due
from beffroi.evidence.subjectstore import Asked, RequestFile, SubjectStore
from beffroi.law.timeline import day_of
from beffroi.registry.entitlement import speaks_for
from beffroi.registry.sheets import term_days_of
from beffroi.server.centre import Centre, authority_name, commune_name
from beffroi.server.desk import CONTROLLERS, Desk
from beffroi.server.deskholds import Who
from beffroi.server.missionscope import reach_of
from beffroi.server.session import Caller
from beffroi.server.sight import sight_of, slug

_DONE: Final = Text(fr="Cette étape est déjà faite.", en="This step is done already.")
_CLOSED: Final = Text(fr="Cette demande est close.", en="This request is closed.")
_NOT_CONTROLLER: Final = Text(
    fr="La décision revient au responsable du traitement : le maire de la commune, ou la personne qu'il a désignée.",
    en="The decision is the controller's: the mayor of the commune, or the person designated for it.",
)
_TOO_LATE: Final = Text(
    fr="La date de réception est dans l'avenir, ou remonte à plus d'un an : vérifiez-la.",
    en="The date of receipt is in the future, or more than a year ago: check it.",
)
_YEAR: Final = timedelta(days=366)
_LASTS: Final = timedelta(days=62)
"""How long the decision of access is in force: longer than any image lives."""


@dataclass
class Subjects:
    """The requests of one centre."""

    centre: Centre
    desk: Desk
    store: SubjectStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = SubjectStore(self.centre.engine, self.centre.clock)

    # --- who may know of what ---

    def communes(self, caller: Caller) -> Collection[BodyId] | None:
        """Whose requests a caller may read: those of the communes served; for those who control, all that are within
        their mission."""
        facts = self.centre.registry.facts()
        if caller.role not in CONTROLLERS:
            return sight_of(facts, caller.person).communes
        reach = reach_of(facts, caller.person, now(self.centre.clock))
        return (
            reach.communes(facts, frozenset(one.commune for one in facts.cameras.values())) if reach.letters else None
        )

    def request(self, caller: Caller, name: str, *, open_: bool = False) -> RequestFile:
        """A request that this caller may read; ``open_``: one that is not closed.

        Raises:
            NoRequestError: none, or another commune's. BadInputError: closed.
        """
        found = self.store.request(name, self.communes(caller))
        if open_ and found.row.closed_us is not None:
            raise BadInputError(_CLOSED)
        return found

    def case(self, request: RequestFile) -> CaseFile | None:
        """The desk's case that holds its minutes, when there is one."""
        return self.desk.store.case(request.row.case) if request.row.case else None

    def held(self, request: RequestFile) -> list[Minutes]:
        """The minutes that are held for it."""
        case = self.case(request)
        return case.held if case is not None else []

    def terms_us(self, request: RequestFile) -> list[int]:
        """When the images held for it die."""
        case, facts, found = self.case(request), self.centre.registry.facts(), []
        for hold in case.holds if case is not None else ():
            camera = facts.cameras.get(CameraId(hold.camera))
            minutes = Minutes(CameraId(hold.camera), WallRange(hold.from_us, hold.to_us))
            # The keys were made for the term of the day of filming; the law opens nothing past that of today either.
            dates = (instant(hold.from_us), now(self.centre.clock))
            several = [] if camera is None else [term_days_of(facts, camera, at) for at in dates]
            days = min((one for one in several if one is not None), default=None)
            found.append(dies_us(minutes, hold.until_us, hold.beyond_us, days))
        return found

    def due(self, request: RequestFile) -> Due:
        """Until when it is answered."""
        return due(date.fromisoformat(request.row.received_on), self.terms_us(request))

    def decides(self, caller: Caller, request: RequestFile) -> bool:
        """Whether this caller speaks for the controller of the request's commune."""
        facts, commune = self.centre.registry.facts(), BodyId(request.row.commune)
        return bool(commune) and speaks_for(facts, caller.person, commune, now(self.centre.clock))

    # --- steps ---

    async def receive(
        self, asked: Asked, channel: Channel, received_on: date, commune: BodyId | None, caller: Caller | None
    ) -> tuple[RequestFile, str]:
        """Write a request down, whichever way it came; the follow-up code is told once.

        Raises:
            BadInputError: received in the future, or long ago.
        """
        today = day_of(now(self.centre.clock))
        if not today - _YEAR <= received_on <= today:
            raise BadInputError(_TOO_LATE)
        by = caller.person if caller else ""
        found, code = self.store.receive(asked, channel, received_on.isoformat(), commune, by)
        await self.enter("subject_received", found, caller, {"channel": channel.value, "wish": asked.wish.value})
        return found, code

    def named(self, said: str) -> BodyId | None:
        """The commune that somebody wrote, when there is exactly one of that name with a camera."""
        facts, wanted = self.centre.registry.facts(), _plain(said)
        filmed = {camera.commune for camera in facts.cameras.values()}
        found = [one.id for one in facts.bodies.values() if one.id in filmed and _plain(one.name) == wanted]
        return found[0] if len(found) == 1 else None

    async def route(self, request: RequestFile, commune: BodyId, caller: Caller) -> RequestFile:
        """Say whose request it is: the data protection officer's step, where the name was not understood."""
        if request.row.case or request.row.decided_us is not None:
            raise BadInputError(_DONE)
        if commune not in {camera.commune for camera in self.centre.registry.facts().cameras.values()}:
            raise NotFoundError(Text(fr="Cette commune n'a pas de caméra ici.", en="This commune has no camera here."))
        found = self.store.set(request.row.id, commune=commune)
        await self.enter("subject_routed", found, caller, {})
        return found

    async def register(
        self, request: RequestFile, wanted: Sequence[Minutes], who: Who, caller: Caller, account: str
    ) -> RequestFile:
        """Choose cameras and minutes: they are held at once, for this request alone; each image dies at its own term.

        Raises:
            BadInputError: nothing to hold for this wish, or minutes that cannot be held. NotFoundError: a camera of
            another commune. HoldRefusedError: this person may not; it is in the register.
        """
        async with self.desk.holds.turn(request.row.id):  # two at once would open two cases
            found, lines = await self._hold(self.store.request(request.row.id), wanted, who, caller, account)
            await self.desk.holds.secure(found.row.case)
            at_us = self.centre.clock.wall_us()
            found = self.store.set(request.row.id, registered_by=caller.person, registered_us=at_us)
            await self.enter("subject_registered", found, caller, {"lines": lines})
            return found

    async def _hold(
        self, request: RequestFile, wanted: Sequence[Minutes], who: Who, caller: Caller, account: str
    ) -> tuple[RequestFile, int]:
        """In the request's turn: how many lines were held."""
        if request.row.closed_us is not None:
            raise BadInputError(_CLOSED)
        if not request.wish.of_images or request.row.decided_us is not None:
            raise BadInputError(_DONE if request.wish.of_images else _NO_IMAGES)
        facts = self.centre.registry.facts()
        for one in wanted:
            camera = facts.cameras.get(one.camera)
            if camera is None or camera.commune != request.row.commune:
                raise NotFoundError(
                    Text(fr=f"« {one.camera} » n'est pas enregistrée.", en=f"“{one.camera}” is not recorded.")
                )
        checked_minutes(wanted, self.centre.clock.wall_us(), held=self.held(request))  # before a case is opened
        if not request.row.case:
            opened = self.desk.store.open(CaseKind.SUBJECT, caller.person)
            self.desk.store.change(opened.row.id, lambda one, _: setattr(one.row, "handlers", []))
            request = self.store.set(request.row.id, case=opened.row.id)
        async with self.desk.holds.turn(request.row.case):
            case = self.desk.store.case(request.row.case)
            lines = checked_minutes(wanted, self.centre.clock.wall_us(), held=case.held)
            await self.desk.holds.place(case, lines, who, {"account": account, "request": request.row.id})
        return request, len(lines)

    async def identify(self, request: RequestFile, how: Identity, on: date, caller: Caller) -> RequestFile:
        """Identity was checked, that way, that day, by the caller. Of what was shown nothing is kept.

        Raises:
            BadInputError: another day than one between the receipt and today.
        """
        received = date.fromisoformat(request.row.received_on)
        if not received <= on <= day_of(now(self.centre.clock)):
            raise BadInputError(
                Text(
                    fr="L'identité se vérifie après la réception de la demande, aujourd'hui au plus tard.",
                    en="Identity is checked after the request was received, today at the latest.",
                )
            )
        found = self.store.set(
            request.row.id, identity=how.value, identity_on=on.isoformat(), identity_by=caller.person
        )
        await self.enter("subject_identified", found, caller, {"how": how.value})
        return found

    async def propose(self, request: RequestFile, caller: Caller) -> RequestFile:
        """Put the access before the controller: one document for each camera, which opens nothing until confirmed.

        Raises:
            BadInputError: without identity or minutes; done already.
        """
        if request.row.document or request.row.decided_us is not None:
            raise BadInputError(_DONE)
        held = self.held(request)
        check_decision(request.wish, Decision(Outcome.COPY), cameras=len(held), identified=bool(request.row.identity))
        facts, base = self.centre.registry.facts(), self._paper_name(request)
        subject = subject_of(request)
        if subject not in facts.persons:
            label = Text(fr=f"personne filmée, demande {request.row.id}", en=f"person filmed, request {request.row.id}")
            commune = BodyId(request.row.commune)
            self.centre.registry.add_person(
                Person(subject, label, PersonStatus.DATA_SUBJECT, commune), by=caller.person
            )
            facts = self.centre.registry.facts()
        papers = [self._paper(facts, request, f"{base}-{n}", one) for n, one in enumerate(held, 1)]
        self.centre.registry.propose_all(papers, by=caller.person)
        found = self.store.set(request.row.id, document=base)
        await self.enter("subject_proposed", found, caller, {"documents": [one.id for one in papers]})
        return found

    async def decide(self, request: RequestFile, decision: Decision, caller: Caller) -> RequestFile:
        """The controller decides. Access counts from the documents' confirmation on, by another person than the one
        who prepared them; anything else withdraws them.

        Raises:
            RefusedError: not the controller. BadInputError: decided already, or not a decision of this request.
            NotEntitledToFactError: the person who prepared the access may not confirm it.
        """
        if not self.decides(caller, request) or not caller.strong:
            raise RefusedError(_NOT_CONTROLLER)
        if request.row.decided_us is not None:
            raise BadInputError(_DONE)
        check_decision(request.wish, decision, cameras=len(self.held(request)), identified=bool(request.row.identity))
        papers = self.papers(request)
        if decision.outcome in {Outcome.VIEWING, Outcome.COPY}:
            if not papers:
                raise BadInputError(
                    Text(
                        fr="L'accès n'est pas encore préparé : l'agent qui suit la demande le soumet d'abord.",
                        en="The access is not prepared yet: the agent in charge submits it first.",
                    )
                )
            # What a first try confirmed or withdrew before the register fell silent stands: the second one goes on.
            waiting = [one.id for one in papers if one.status is not DocumentStatus.CONFIRMED]
            if waiting:
                self.centre.registry.confirm_all(waiting, by=caller.person)
        else:
            for one in papers:
                if one.status is not DocumentStatus.WITHDRAWN:
                    self.centre.registry.withdraw(one.id, by=caller.person, reason="demande non accordée")
        at_us, deadline = self.centre.clock.wall_us(), self.due(request)
        told = {"outcome": decision.outcome.value, "late": deadline.late(at_us)}
        ground = decision.ground or decision.missing
        told |= {"ground": ground.value} if ground else {}
        await self.enter("subject_decided", request, caller, told)
        return self.store.set(
            request.row.id,
            decided_us=at_us,
            decided_by=caller.person,
            outcome=decision.outcome.value,
            ground=ground.value if ground else "",
            reason=decision.reason,
            recognise="",  # it served to find the images, and serves no more
        )

    async def answered(self, request: RequestFile, caller: Caller) -> RequestFile:
        """The answer was sent or handed over."""
        if request.row.decided_us is None or request.row.answered_us is not None:
            raise BadInputError(_DONE if request.row.answered_us else _UNDECIDED)
        found = self.store.set(request.row.id, answered_us=self.centre.clock.wall_us())
        await self.enter("subject_answered", found, caller, {})
        return found

    # --- the documents of an access ---

    def papers(self, request: RequestFile) -> list[Document]:
        """The documents of the access, newest version of each."""
        facts, found, number = self.centre.registry.facts(), [], 1
        while request.row.document and (several := facts.versions(DocumentId(f"{request.row.document}-{number}"))):
            found.append(several[-1])
            number += 1
        return found

    async def enter(self, outcome: str, request: RequestFile, caller: Caller | None, detail: Mapping[str, Any]) -> int:
        """One step, in the register, durably: by the request's number, without a name."""
        return await self.desk.enter(outcome, request.row.id, caller, detail)

    def _paper_name(self, request: RequestFile) -> str:
        return f"{DocumentKind.SUBJECT_REQUEST.value}/{request.row.commune}-{request.row.id}"

    def _paper(self, facts: Facts, request: RequestFile, name: str, one: Minutes) -> Document:
        today, camera = day_of(now(self.centre.clock)), facts.cameras[one.camera]
        commune = commune_name(facts, camera.commune)
        return Document(
            id=DocumentId(name),
            kind=DocumentKind.SUBJECT_REQUEST,
            number=request.row.id,
            signed_on=today,
            signatory=authority_name(facts, f"maire/{camera.commune}", commune).fr,
            valid_from=today,
            valid_until=today + _LASTS,
            scope=Scope(cameras=frozenset({one.camera}), persons=frozenset({subject_of(request)})),
            fields={
                "identity_checked": True,
                "place": camera.name,
                "from": instant(one.range.from_us).isoformat(),
                "to": instant(one.range.to_us).isoformat(),
                "decision": "granted",
                "blurred": True,
            },
        )


_NO_IMAGES: Final = Text(
    fr="Cette demande ne porte pas sur des images : il n'y a rien à geler, répondez directement.",
    en="This request is not about images: there is nothing to hold, answer directly.",
)
_UNDECIDED: Final = Text(fr="Rien n'est encore décidé.", en="Nothing is decided yet.")


def subject_of(request: RequestFile) -> PersonId:
    """The person of a request, as the law knows her: by its number."""
    return PersonId(f"{slug(BodyId(request.row.commune))}-{request.row.id.lower()}")


def _plain(name: str) -> str:
    return " ".join(name.replace("-", " ").split()).casefold()
