"""Who may see what: people × communes × acts during a stretch of time, by asking the engine and nothing else.

Speed comes from asking once for all cameras, all persons and all instants between which the law sees no difference
(`shapes`, `moments`). What a cell says in words is asked again for the person and the camera themselves: an answer
obtained for another person is only counted, never read out.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from beffroi.domain.acts import Act, Verdict
from beffroi.domain.decision import Decision
from beffroi.domain.facts import Facts, Person
from beffroi.domain.ids import BodyId, CameraId, PersonId
from beffroi.law.engine import LawEngine
from beffroi.law.tonight.asking import Asking
from beffroi.law.tonight.classes import CameraClass, camera_classes
from beffroi.law.tonight.moments import Span
from beffroi.law.tonight.shapes import Shapes
from beffroi.law.tonight.when import When

TONIGHT: Final = (Act.LIVE, Act.REPLAY, Act.PTZ)
"""The acts of a shift. An extract is asked for with its title, one by one."""


class State(StrEnum):
    """What a cell shows at an instant."""

    OPEN = "open"
    PARTIAL = "partial"
    UNSETTLED = "unsettled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Standing:
    """From an instant on: the classes of cameras that are open, to be confirmed with the préfecture, refused.

    Cameras that the person may not know of are in none of the three.
    """

    at: datetime
    open: tuple[CameraClass, ...]
    unsettled: tuple[CameraClass, ...]
    refused: tuple[CameraClass, ...]

    @property
    def opened(self) -> int:
        """How many cameras are open."""
        return sum(len(one.cameras) for one in self.open)

    @property
    def total(self) -> int:
        """How many cameras the person may know of."""
        return sum(len(one.cameras) for one in (*self.open, *self.unsettled, *self.refused))

    @property
    def state(self) -> State:
        """The state of the whole."""
        if self.open:
            return State.PARTIAL if self.unsettled or self.refused else State.OPEN
        return State.UNSETTLED if self.unsettled else State.REFUSED

    def same_as(self, other: "Standing") -> bool:
        """Whether the same cameras stand the same way."""
        return (self.open, self.unsettled, self.refused) == (other.open, other.unsettled, other.refused)


Course = tuple[Standing, ...]
"""The standings of a cell, in order of time; the first one holds from the start of the span."""
Cell = tuple[PersonId, BodyId, Act]


@dataclass(frozen=True)
class Matrix:
    """The answer. ``courses`` has no cell where the person has no link with the commune throughout the span."""

    facts: Facts
    span: Span
    persons: tuple[PersonId, ...]
    communes: tuple[BodyId, ...]
    acts: tuple[Act, ...]
    courses: dict[Cell, Course]
    asked: int
    """How many questions the engine answered."""

    def course(self, person: PersonId, commune: BodyId, act: Act = Act.LIVE) -> Course | None:
        """The standings of one cell; None: no link."""
        return self.courses.get((person, commune, act))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some cameras of a cell stand as they do from an instant on."""

    at: datetime
    cameras: tuple[CameraId, ...]
    decision: Decision


Progress = Callable[[int, int], None]
"""Told after each commune: how many are done, of how many. It may raise to stop."""


def draw(
    engine: LawEngine,
    facts: Facts,
    span: Span,
    *,
    persons: Iterable[PersonId] | None = None,
    communes: Iterable[BodyId] | None = None,
    acts: Sequence[Act] = TONIGHT,
    progress: Progress | None = None,
) -> Matrix:
    """Draw the matrix of some persons (all by default) and some communes (all that have a camera)."""
    some = tuple(facts.persons) if persons is None else tuple(one for one in persons if one in facts.persons)
    drawing = _Drawing(engine, facts, span, some, tuple(acts))
    wanted = None if communes is None else set(communes)
    places = tuple(one for one in sorted(drawing.classes) if wanted is None or one in wanted)
    courses: dict[Cell, Course] = {}
    for number, commune in enumerate(places):
        courses |= drawing.of_commune(commune, some)
        if progress is not None:
            progress(number + 1, len(places))
    return Matrix(facts, span, some, places, tuple(acts), courses, drawing.asked)


def reasons(engine: LawEngine, matrix: Matrix, cell: Cell, since: datetime | None = None) -> list[Reason]:
    """The decisions behind a cell, asked for this very person, class by class, refusals first; from an instant on
    (default: the whole span)."""
    person, _, act = cell
    course = matrix.courses.get(cell, ())
    start = since or matrix.span.start
    current = [one for one in course if one.at <= start][-1:]
    asking = Asking(engine, matrix.facts)
    return [
        Reason(standing.at, one.cameras, asking.decide(person, one.representative, act, max(standing.at, start)))
        for standing in (*current, *(one for one in course if one.at > start))
        for one in (*standing.refused, *standing.unsettled, *standing.open)
    ]


def why_closed(engine: LawEngine, matrix: Matrix, cell: Cell, closed: Standing) -> Reason:
    """Why cameras are closed in one standing of a cell, in the words meant for this person: of the classes that another
    standing opens if there is one (what lacks then is what changes), and of the largest.

    Raises:
        ValueError: nothing is closed.
    """
    person, _, act = cell
    opened = {one for standing in matrix.courses.get(cell, ()) for one in standing.open}
    largest = max((*closed.refused, *closed.unsettled), key=lambda one: (one in opened, len(one.cameras)))
    decision = Asking(engine, matrix.facts).decide(person, largest.representative, act, closed.at)
    return Reason(closed.at, largest.cameras, decision)


def first_refusal(engine: LawEngine, matrix: Matrix, cell: Cell) -> Reason | None:
    """Why a cell is closed when it first is; None while everything stays open."""
    closed = next((one for one in matrix.courses.get(cell, ()) if one.refused or one.unsettled), None)
    return None if closed is None else why_closed(engine, matrix, cell, closed)


class _Drawing:
    """One run: what was already asked about a shape of person and a shape of place."""

    def __init__(
        self, engine: LawEngine, facts: Facts, span: Span, persons: tuple[PersonId, ...], acts: tuple[Act, ...]
    ) -> None:
        self._facts = facts
        self._acts = acts
        self._asking = Asking(engine, facts)
        self._shapes = Shapes(facts, span, frozenset(persons))
        self.classes: dict[BodyId, list[tuple[Hashable, CameraClass]]] = defaultdict(list)
        numbers: dict[Hashable, int] = {}
        for one in camera_classes(facts, span, self._shapes.papers.values()):
            number = numbers.setdefault(self._shapes.place(one), len(numbers))
            self.classes[one.commune].append((number, one))
        self._when = When(facts, span, self._shapes)
        self._answers: dict[tuple[Hashable, Hashable], _Answers] = {}

    @property
    def asked(self) -> int:
        """Questions answered so far."""
        return self._asking.asked

    def of_commune(self, commune: BodyId, persons: Iterable[PersonId]) -> dict[Cell, Course]:
        """The cells of one commune, where there is a link."""
        known: dict[Hashable, dict[Act, Course]] = {}
        cells: dict[Cell, Course] = {}
        for person in persons:
            one = self._facts.persons[person]
            key = self._shapes.person(one, commune)
            if key not in known:
                known[key] = self._courses(one, key, commune)
            for act, course in known[key].items():
                cells[person, commune, act] = course
        return cells

    def _courses(self, person: Person, key: Hashable, commune: BodyId) -> dict[Act, Course]:
        answered = []
        when: tuple[datetime, ...] = ()
        for shape, one in self.classes[commune]:
            answers = self._answers.get((key, shape))
            if answers is None:
                when = when or self._when.of(person, commune)
                answers = self._answers[key, shape] = self._ask(person.id, one.representative, when)
            if answers.linked:
                answered.append((one, answers))
        if not answered:
            return {}
        return {act: _course(act, answered) for act in self._acts}

    def _ask(self, person: PersonId, camera: CameraId, when: Sequence[datetime]) -> "_Answers":
        verdicts: dict[Act, list[tuple[datetime, Verdict | None]]] = {act: [] for act in self._acts}
        for at in when:
            told = True
            for act, course in verdicts.items():
                verdict = None
                if told:  # what is not told for one act is told for none: the person has no link with the place
                    decision = self._asking.decide(person, camera, act, at)
                    told = decision.disclosable
                    verdict = decision.verdict if told else None
                if not course or course[-1][1] is not verdict:
                    course.append((at, verdict))
        linked = any(verdict is not None for course in verdicts.values() for _, verdict in course)
        return _Answers(linked, {act: tuple(course) for act, course in verdicts.items()})


@dataclass(frozen=True, slots=True)
class _Answers:
    """The verdicts of one class of cameras for one shape of person: each from an instant on; None: nothing is told."""

    linked: bool
    verdicts: dict[Act, tuple[tuple[datetime, Verdict | None], ...]]


def _course(act: Act, answered: list[tuple[CameraClass, _Answers]]) -> Course:
    """The classes of one commune together."""
    made: list[Standing] = []
    for at in sorted({at for _, answers in answered for at, _ in answers.verdicts[act]}):
        found: dict[Verdict, list[CameraClass]] = defaultdict(list)
        for one, answers in answered:
            verdict = next(verdict for since, verdict in reversed(answers.verdicts[act]) if since <= at)
            if verdict is not None:
                found[verdict].append(one)
        standing = Standing(at, *(tuple(found[one]) for one in (Verdict.ALLOW, Verdict.UNSETTLED, Verdict.DENY)))
        if not made or not made[-1].same_as(standing):
            made.append(standing)
    return tuple(made)
