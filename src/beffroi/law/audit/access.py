"""What the law would refuse today: every expected act asked of the engine, refusals gathered by the paper at fault.

A refusal that no paper cures is what the law wants: it is counted, it is no fault.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from beffroi.domain.acts import Act, Origin, Verdict
from beffroi.domain.decision import Decision
from beffroi.domain.documents import LEGAL_TIME_ZONE, Document, DocumentKind
from beffroi.domain.errors import BrokenError
from beffroi.domain.facts import Camera, CameraKind, Facts, Person, PersonStatus
from beffroi.domain.ids import CameraId, DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.law.audit.model import AccessRow, Finding, Gravity
from beffroi.law.audit.reading import about_place
from beffroi.law.audit.roots import Cause, Root, order_about, roots_of, unmet
from beffroi.law.audit.sentences import fault_of
from beffroi.law.engine import LawEngine
from beffroi.law.tonight.asking import Asking

EXPECTED: Final = (
    PersonStatus.MAYOR,
    PersonStatus.ELECTED_DELEGATED,
    PersonStatus.MUNICIPAL_POLICE,
    PersonStatus.AGREED_AGENT,
    PersonStatus.EPCI_AGENT,
    PersonStatus.SYNDICAT_AGENT,
    PersonStatus.CONTROLLER_AGENT,
    PersonStatus.DEPARTEMENT_AGENT,
    PersonStatus.POLICE_GENDARMERIE,
)
"""Qualities that the decision table lets watch: they are asked about. The others are refused whatever the papers."""

_HOURS: Final = (time(10), time(22), time(2))
"""A day is asked about at these hours: an order or an agreement for the night is no refusal by day."""

_OF_PLACES: Final = frozenset(
    {
        DocumentKind.COMMISSIONING,
        DocumentKind.CNIL_COMMITMENT,
        DocumentKind.IMPACT_ASSESSMENT,
        DocumentKind.PROCESSING_RECORD,
        DocumentKind.NOTICE,
        DocumentKind.COMMON_PARTS_AGREEMENT,
    }
)
"""Papers about places alone: neither persons nor acts."""

_KINDS: Final = {"commune_consent": DocumentKind.DELIBERATION, "position": DocumentKind.PREFECTURE_POSITION}
"""Cures that go by another name than the kind of their paper."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One expected act and its answer; ``roots`` is empty when allowed, or closed by the law whatever the papers."""

    person: Person
    act: Act
    camera: CameraId
    decision: Decision
    roots: tuple[Root, ...]


def ask_all(engine: LawEngine, facts: Facts, at: datetime) -> list[Asked]:
    """Ask every expected act: each person who may watch by quality, each camera that they may know of.

    Raises:
        BrokenError: the engine failed on a question: an audit that leaves it out would be false.
    """
    return list(_ask_all(engine, facts, at))


@dataclass
class _Gathered:
    root: Root
    unsettled: bool
    cameras: set[CameraId] = field(default_factory=set)
    persons: set[PersonId] = field(default_factory=set)
    acts: set[Act] = field(default_factory=set)
    papers: dict[DocumentId, Document] = field(default_factory=dict)


def gathered(facts: Facts, at: datetime, asked: Iterable[Asked]) -> dict[Cause, Finding]:
    """One finding for each cause of refusal."""
    causes: dict[Cause, _Gathered] = {}
    for one in asked:
        for root in one.roots:
            unsettled = one.decision.verdict is Verdict.UNSETTLED
            cause = causes.setdefault(root.cause, _Gathered(root, unsettled))
            cause.cameras.add(one.camera)
            cause.persons.add(one.person.id)
            cause.acts.add(one.act)
            if root.paper is not None:
                cause.papers[root.paper.id] = root.paper
    return {key: _finding(facts, at, cause) for key, cause in causes.items()}


def _finding(facts: Facts, at: datetime, cause: _Gathered) -> Finding:
    condition, kind = cause.root.condition, _KINDS.get(cause.root.kind, cause.root.kind)
    paper = cause.root.paper if len(cause.papers) == 1 else None
    return Finding(
        code=f"access-{cause.root.kind.replace('_', '-')}",
        gravity=Gravity.LATE if cause.unsettled or kind is DocumentKind.PREFECTURE_POSITION else Gravity.CLOSED,
        text=fault_of(paper, at, condition.text, in_place=paper is not None and _is_in_place(facts, paper, cause)),
        article=condition.article,
        kind=kind,
        rule=cause.root.rule,
        cameras=tuple(sorted(cause.cameras)),
        persons=tuple(sorted(cause.persons)),
        documents=tuple(sorted(cause.papers)),
        acts=tuple(act for act in Act if act in cause.acts),
    )


def _is_in_place(facts: Facts, paper: Document, cause: _Gathered) -> bool:
    return paper.kind in _OF_PLACES and all(about_place(paper, facts.cameras[one]) for one in cause.cameras)


def strangers(facts: Facts, asked: Iterable[Asked]) -> list[Finding]:
    """Persons who may watch by quality, and whom nothing links to any camera: a wrong employer, members forgotten."""
    linked = {one.person.id for one in asked}
    return [
        Finding(
            code="no-link",
            gravity=Gravity.WRONG,
            text=Text(
                fr=f"rien ne relie cette personne aux caméras (employeur « {person.employer} »)",
                en=f"nothing links this person to the cameras (employer “{person.employer}”)",
            ),
            article="CSI R.253-3 II",
            kind="person_list",
            rule="CSI-R253-3-II-2",
            persons=(name,),
        )
        for name, person in sorted(facts.persons.items())
        if person.status in EXPECTED and name not in linked
    ]


def rows(asked: Iterable[Asked], places: dict[Cause, int]) -> list[AccessRow]:
    """The table by quality and act; a camera counts as open when one person of the quality may do the act there.
    ``places``: from a cause to the place of its finding."""
    groups: dict[tuple[PersonStatus, Act], list[Asked]] = {}
    for one in asked:
        groups.setdefault((one.person.status, one.act), []).append(one)
    acts = list(Act)
    made = []
    for (status, act), several in sorted(groups.items(), key=lambda g: (EXPECTED.index(g[0][0]), acts.index(g[0][1]))):
        opened = {one.camera for one in several if one.decision.allowed}
        refused = {one.camera for one in several if one.roots} - opened
        closed = {one.camera for one in several} - opened - refused
        numbers = {places[root.cause] for one in several for root in one.roots if root.cause in places}
        people = len({one.person.id for one in several})
        made.append(AccessRow(status, act, people, len(opened), len(refused), len(closed), tuple(sorted(numbers))))
    return made


def _ask_all(engine: LawEngine, facts: Facts, at: datetime) -> Iterator[Asked]:
    asking = Asking(engine, facts)
    people = [one for status in EXPECTED for _, one in sorted(facts.persons.items()) if one.status is status]
    for person in people:
        for identifier, camera in sorted(facts.cameras.items()):
            for act in _acts(camera, order_about(facts, camera, at)):
                decision = _at_the_best_hour(asking, person.id, identifier, act, at)
                _check_answered(engine, decision)
                if not decision.disclosable:
                    break  # no link with the place: nobody expects this person there
                yield Asked(person, act, identifier, decision, roots_of(engine, facts, decision, at))


def _at_the_best_hour(asking: Asking, person: PersonId, camera: CameraId, act: Act, at: datetime) -> Decision:
    zone = ZoneInfo(LEGAL_TIME_ZONE)
    day = at.astimezone(zone).date()
    answers: list[Decision] = []
    for hour in _HOURS:
        decision = asking.decide(person, camera, act, datetime.combine(day, hour, zone))
        answers.append(decision)
        if decision.allowed or not any("hour" in one.id for one in unmet(decision)):
            break
    return min(answers, key=lambda one: (not one.allowed, len(unmet(one))))


def _check_answered(engine: LawEngine, decision: Decision) -> None:
    if decision.ground == engine.pack.refusals.error.row:
        person, camera = decision.request.person, decision.request.camera
        raise BrokenError(
            Text(
                fr=f"Le droit n'a pas pu être interrogé pour « {person} » sur « {camera} » : l'audit s'arrête.",
                en=f"The law could not be asked for “{person}” on “{camera}”: the audit stops.",
            )
        )


def _acts(camera: Camera, order: Document | None) -> tuple[Act, ...]:
    """Live, replay, and PTZ where the camera turns, as far as the order opens them: what it excludes is a choice."""
    if camera.origin is Origin.COMMON_PARTS:
        return (Act.LIVE,)
    acts = [Act.LIVE, Act.REPLAY]
    if camera.kind in {CameraKind.DOME, CameraKind.MOBILE}:
        acts.append(Act.PTZ)
    opened = order.fields.get("acts") if order is not None else None
    return tuple(act for act in acts if act.value in opened) if isinstance(opened, list) and opened else tuple(acts)
