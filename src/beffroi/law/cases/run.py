"""Runs case files: each case is a world, changed, and one question put to the law."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from beffroi.domain.acts import Act
from beffroi.domain.clock import to_wall_us
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.errors import BeffroiError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.law.cases.change import changed
from beffroi.law.cases.compare import differences
from beffroi.law.cases.filled import Subject
from beffroi.law.cases.malformed import MalformedCaseError, Place, WrongError
from beffroi.law.cases.model import Case, CaseFile
from beffroi.law.cases.names import resolve, thing
from beffroi.law.cases.reading import files_in, load, place_of
from beffroi.law.cases.source import Source
from beffroi.law.engine import LawEngine
from beffroi.law.worlds.catalog import world as catalog
from beffroi.law.worlds.world import World

Worlds = Callable[[str], World]
NOBODY: Final = "none"
"""``second: none``: nobody is on call."""

_NEEDS_FOOTAGE: Final = frozenset({Act.REPLAY, Act.EXTRACT})
_AGE: Final = timedelta(days=2)
_LENGTH: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case that was run."""

    place: Place
    case: Case
    world: str
    decision: Decision
    differences: tuple[Text, ...]

    @property
    def holds(self) -> bool:
        """Whether the law answered as expected."""
        return not self.differences


@dataclass(frozen=True)
class Question:
    """One case ready to be asked: its facts and its request."""

    place: Place
    case: Case
    world: str
    facts: Facts
    request: ActRequest


def questions(paths: Iterable[Path], worlds: Worlds = catalog, word: str = "") -> list[Question]:
    """All cases of these files, checked before any is asked; ``word`` keeps those whose file, id or note holds it.

    Raises:
        MalformedCaseError: with the sentences of all files that cannot be run.
    """
    found: list[Question] = []
    sentences: list[Text] = []
    for path in files_in(paths):
        try:
            found += _of_file(*load(path), worlds, word)
        except MalformedCaseError as error:
            sentences += error.sentences
    if sentences:
        raise MalformedCaseError(sentences)
    return found


def ask(several: Iterable[Question], engine: LawEngine | None = None) -> Iterator[Outcome]:
    """Put each question to the law and compare."""
    engine = engine or LawEngine.load()
    for one in several:
        decision = engine.decide(one.facts, one.request)
        found = tuple(differences(one.case, decision, one.facts, engine.pack))
        yield Outcome(one.place, one.case, one.world, decision, found)


def _of_file(file: CaseFile, source: Source, worlds: Worlds, word: str) -> list[Question]:
    world = _world(file, source, worlds)
    found: list[Question] = []
    sentences: list[Text] = []
    bases: dict[object, Facts] = {}
    for number, case in enumerate(file.cases):
        if word.casefold() not in f"{source.name} {case.id} {case.note or ''}".casefold():
            continue
        try:
            found.append(_question(file, source, world, number, bases))
        except MalformedCaseError as error:
            sentences += error.sentences
    if sentences:
        raise MalformedCaseError(dict.fromkeys(sentences))
    return found


def _world(file: CaseFile, source: Source, worlds: Worlds) -> World:
    try:
        return worlds(file.world)
    except BeffroiError as error:
        raise MalformedCaseError([Place(source.name, source.line(("world",))).says(error.text)]) from error


def _question(file: CaseFile, source: Source, world: World, number: int, bases: dict[object, Facts]) -> Question:
    case = file.cases[number]
    at = case.at or file.at or world.at
    facts = bases.get(at)
    if facts is None:
        facts = world.facts
        for step, change in enumerate(file.change):
            with _At(Place(source.name, source.line(("change", step)))):
                facts = changed(facts, change, at)
        bases[at] = facts
    asking = _Asking(case, source, number, facts)
    camera, who = asking.name("camera", case.camera), asking.name("who", case.who)
    subject = Subject(PersonId(who), CameraId(camera))
    for step, change in enumerate(case.change):
        with _At(place_of(source, number, ("change", step))):
            facts = changed(facts, change, at, subject)
    for step, name in enumerate(case.documents):
        with _At(asking.place("documents", step)):
            resolve(facts, name)
    request = ActRequest(
        person=subject.person,
        act=case.act,
        camera=subject.camera,
        purpose=case.purpose,
        at=at,
        footage=_footage(case, to_wall_us(at)),
        strong_auth=case.two_factor,
        recipient=case.recipient or (world.recipient if case.act is Act.RELAY else None),
        second=_second(asking, world, who, facts.cameras[subject.camera].commune),
        post=case.post,
        present=frozenset(PersonId(asking.name("present", one)) for one in case.present),
    )
    return Question(place_of(source, number), case, file.world, facts, request)


def _footage(case: Case, at_us: int) -> WallRange | None:
    """As asked; where nothing is said, one minute that is two days old."""
    if case.footage is not None:
        return WallRange(to_wall_us(case.footage.from_), to_wall_us(case.footage.to))
    if case.act not in _NEEDS_FOOTAGE:
        return None
    start = at_us - _AGE // timedelta(microseconds=1)
    return WallRange(start, start + _LENGTH // timedelta(microseconds=1))


def _second(asking: "_Asking", world: World, who: str, commune: str) -> PersonId | None:
    case = asking.case
    if case.second == NOBODY:
        return None
    if case.second is not None:
        return PersonId(asking.name("second", case.second))
    on_call = world.second_for(who, commune) if case.act is Act.EXTRACT else None
    return PersonId(on_call) if on_call else None


@dataclass(frozen=True)
class _Asking:
    case: Case
    source: Source
    number: int
    facts: Facts

    def place(self, *way: str | int) -> Place:
        return place_of(self.source, self.number, way)

    def name(self, key: str, name: str) -> str:
        """A person or camera of the world, by its id."""
        with _At(self.place(key)):
            if key == "camera":
                return thing(name, self.facts.cameras, "de caméra", "camera")
            return thing(name, self.facts.persons, "de personne", "person")


class _At:
    """Gives its place to what is wrong inside."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        del kind, trace
        if isinstance(error, WrongError):
            raise MalformedCaseError([self._place.says(error.text)]) from error
