"""Who would gain and who would lose, from when: the matrices before and after some changes, compared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from beffroi.domain.acts import Act
from beffroi.domain.facts import BodyKind, Facts
from beffroi.domain.ids import BodyId, CameraId, PersonId
from beffroi.law.engine import LawEngine
from beffroi.law.tonight.matrix import TONIGHT, Cell, Course, Matrix, Progress, draw
from beffroi.law.tonight.moments import Span
from beffroi.law.tonight.whatif import Accredit, Add, Change, Designate, apply, effective

DAY: Final = timedelta(days=1)
"""How far around each change one looks: a day holds every hour that an order or a coordination may tell."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What one person gains and loses in one commune for one act: the cameras, and the first instant."""

    person: PersonId
    commune: BodyId
    act: Act
    first: datetime
    gained: frozenset[CameraId]
    lost: frozenset[CameraId]


def suppose(
    engine: LawEngine,
    facts: Facts,
    changes: Sequence[Change],
    at: datetime,
    *,
    persons: Iterable[PersonId] | None = None,
    communes: Iterable[BodyId] | None = None,
    acts: Sequence[Act] = TONIGHT,
    progress: Progress | None = None,
) -> list[Gap]:
    """The difference that some changes would make, from ``at`` on, for some persons and communes (all by default).

    Raises:
        BadInputError: a change names what is not there.
    """
    supposed = apply(facts, changes, at)
    who, where = concerned(supposed, changes)
    some = [one for one in (facts.persons if persons is None else persons) if who is None or one in who]
    places = {camera.commune for camera in facts.cameras.values()} if communes is None else set(communes)
    if where is not None:
        places &= where
    found: dict[Cell, Gap] = {}
    for span in _spans(facts, changes, at):
        before = draw(engine, facts, span, persons=some, communes=places, acts=acts, progress=progress)
        after = draw(engine, supposed, span, persons=some, communes=places, acts=acts, progress=progress)
        for gap in compare(before, after):
            found[gap.person, gap.commune, gap.act] = _joined(found.get((gap.person, gap.commune, gap.act)), gap)
    return sorted(found.values(), key=lambda one: (one.first, one.commune, one.person, one.act))


def compare(before: Matrix, after: Matrix) -> list[Gap]:
    """The cells of two matrices of the same span that differ in some camera at some instant."""
    cells = {*before.courses, *after.courses}
    several = (_gap(cell, before.courses.get(cell, ()), after.courses.get(cell, ())) for cell in cells)
    return [gap for gap in several if gap is not None]


def concerned(facts: Facts, changes: Iterable[Change]) -> tuple[frozenset[PersonId] | None, frozenset[BodyId] | None]:
    """The persons and the communes that changes may bear on; None: any. Too many is only slower."""
    who: set[PersonId] = set()
    where: set[BodyId] = set()
    anybody = anywhere = False
    for change in changes:
        persons, communes = _named(facts, change)
        anybody, anywhere = anybody or not persons, anywhere or not communes
        who |= persons
        where |= communes
    return (None if anybody else frozenset(who), None if anywhere else frozenset(where))


def _named(facts: Facts, change: Change) -> tuple[set[PersonId], set[BodyId]]:
    match change:
        case Accredit():
            return {change.person}, set()
        case Designate():
            return {change.person}, {change.commune}
        case Add():
            scopes = [change.document.scope]
        case _:
            scopes = [one.scope for one in facts.versions(change.document)]
    persons, communes = set[PersonId](), set[BodyId]()
    controllers = {one.controller for one in facts.cameras.values() if one.controller}
    for scope in scopes:
        if controllers & scope.bodies:  # it may bear on their cameras, wherever these stand
            return set(), set()
        persons |= scope.persons
        communes |= {one for one in scope.bodies if one in facts.bodies and facts.bodies[one].kind is BodyKind.COMMUNE}
        communes |= {facts.cameras[one].commune for one in scope.cameras if one in facts.cameras}
        communes |= {one.commune for one in facts.cameras.values() if one.system in scope.systems}
    return persons, communes


def _spans(facts: Facts, changes: Iterable[Change], at: datetime) -> list[Span]:
    """A day from now, and a day from each later instant at which a change is felt."""
    spans = [Span(at, at + DAY)]
    for since in sorted({effective(facts, change, at) for change in changes}):
        if since > spans[-1].end - DAY / 2:
            spans.append(Span(since, since + DAY))
    return spans


def _gap(cell: Cell, before: Course, after: Course) -> Gap | None:
    instants = sorted({standing.at for course in (before, after) for standing in course})
    first: datetime | None = None
    gained, lost = set[CameraId](), set[CameraId]()
    for at in instants:
        was, would_be = _open(before, at), _open(after, at)
        if was != would_be:
            first = first or at
            gained |= would_be - was
            lost |= was - would_be
    return None if first is None else Gap(*cell, first, frozenset(gained), frozenset(lost))


def _open(course: Course, at: datetime) -> frozenset[CameraId]:
    standing = next((one for one in reversed(course) if one.at <= at), None)
    return frozenset(camera for one in standing.open for camera in one.cameras) if standing else frozenset()


def _joined(one: Gap | None, other: Gap) -> Gap:
    if one is None:
        return other
    first = min(one.first, other.first)
    return Gap(other.person, other.commune, other.act, first, one.gained | other.gained, one.lost | other.lost)
