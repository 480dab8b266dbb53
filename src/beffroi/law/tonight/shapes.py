"""What the law sees of a person and of a place, without their names: same shapes, same answers.

A commune is called “here”: two communes whose papers say the same, down to their own name, get the same answers
(renaming communes changes nothing: an invariant of the engine). Persons likewise. A document about several communes, or
about none, keeps its name: only the part that this commune plays in it is told. Nothing here decides; a test compares
every answer obtained this way with the engine's own (`tests/law/test_law_matrix.py`).
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Set
from typing import Final

from beffroi.domain.facts import BodyKind, Facts, Person
from beffroi.domain.ids import BodyId, DocumentId, PersonId
from beffroi.law.tonight.classes import CameraClass, Paper, papers_of
from beffroi.law.tonight.moments import Span

_HERE: Final = "§"


class Shapes:
    """The shapes of one run: of classes of cameras, and of some persons (all by default) as seen from a commune."""

    def __init__(self, facts: Facts, span: Span, persons: Set[PersonId] | None = None) -> None:
        self._facts = facts
        self.papers = papers_of(facts, span, persons)
        self._communes = frozenset(body.id for body in facts.bodies.values() if body.kind is BodyKind.COMMUNE)
        self._systems: dict[str, set[BodyId]] = defaultdict(set)
        self._controllers: dict[BodyId, set[BodyId]] = defaultdict(set)
        for camera in facts.cameras.values():
            self._systems[camera.system].add(camera.commune)
            self._controllers[camera.commune].add(camera.responsible)
        self._pools: dict[BodyId, set[BodyId]] = defaultdict(set)
        for body in facts.bodies.values():
            for member in body.members:
                self._pools[member].add(body.id)
        self._reach: dict[DocumentId, frozenset[BodyId]] = {}
        self._of_person: dict[tuple[PersonId, BodyId | None], list[Paper]] = defaultdict(list)
        self._attached: set[PersonId] = set()
        self._of_place: dict[BodyId, list[Paper]] = defaultdict(list)
        self._anywhere: list[tuple[Paper, frozenset[BodyId]]] = []
        self._named_with: dict[BodyId, set[DocumentId]] = defaultdict(set)
        for paper in self.papers.values():
            self._sort(paper)
        self._place_keys: dict[tuple[DocumentId, BodyId], Hashable] = {}
        self._person_keys: dict[tuple[PersonId, BodyId], Hashable] = {}
        self._related: dict[tuple[BodyId, BodyId], bool] = {}

    def _sort(self, paper: Paper) -> None:
        if len(paper.bodies) > 1:
            for body in paper.bodies:
                self._named_with[body].add(paper.id)
        reach = self._reach[paper.id] = self._reached(paper)
        for person in paper.persons:
            for commune in reach or (None,):
                self._of_person[person, commune].append(paper)
        if paper.persons:
            if not paper.bodies <= self._communes:
                self._attached |= paper.persons
            return
        for commune in reach:
            self._of_place[commune].append(paper)
        if not reach:
            self._anywhere.append((paper, _mentioned(paper) & self._communes))

    def _reached(self, paper: Paper) -> frozenset[BodyId]:
        """The communes that a document is about; none: it says nothing of places."""
        found = set(paper.bodies & self._communes)
        found |= {self._facts.cameras[one].commune for one in paper.cameras if one in self._facts.cameras}
        for system in paper.systems:
            found |= self._systems.get(system, set())
        return frozenset(found)

    def bearing(self, person: PersonId, commune: BodyId) -> Iterable[Paper]:
        """The documents that name the person and may bear on this commune."""
        yield from self._of_person.get((person, commune), ())
        yield from self._of_person.get((person, None), ())

    def of_place(self, commune: BodyId) -> Iterable[Paper]:
        """The documents about this commune that name no person."""
        return self._of_place.get(commune, ())

    def placeless(self) -> Iterable[Paper]:
        """The documents that name neither a commune nor a person."""
        return (paper for paper, _ in self._anywhere)

    # Places.

    def place(self, one: CameraClass) -> Hashable:
        """The shape of a class of cameras."""
        commune = one.commune
        camera, body = self._facts.cameras[one.representative], self._facts.bodies.get(commune)
        named = {
            (
                self._told(paper, commune),
                paper.names(camera.id),
                tuple(camera.system in version.scope.systems for version in paper.versions),
            )
            for paper in self._of_place.get(commune, ())
            if not (paper.cameras or paper.systems) or camera.id in paper.cameras or camera.system in paper.systems
        }
        return (
            camera.origin,
            camera.placement_confirmed_by is not None,
            _HERE if camera.responsible == commune else camera.responsible,
            (body.kind, body.departement, body.form) if body else None,
            frozenset(self._pools.get(commune, ())),
            frozenset(paper.id for paper, mentioned in self._anywhere if commune in mentioned),
            frozenset(named),
        )

    def _told(self, paper: Paper, commune: BodyId) -> Hashable:
        """What a document says, seen from a commune that it reaches."""
        key = self._place_keys.get((paper.id, commune))
        if key is None:
            if len(self._reach[paper.id]) > 1:
                key = (paper.id, tuple(commune in one.scope.bodies for one in paper.versions), _named(paper, commune))
            else:
                key = _seen_from(paper, commune)
            self._place_keys[paper.id, commune] = key
        return key

    # Persons.

    def person(self, person: Person, commune: BodyId) -> Hashable:
        """The shape of a person, seen from a commune."""
        key = self._person_keys.get((person.id, commune))
        if key is None:
            own = frozenset(
                (
                    _seen_from(paper, commune),
                    tuple(one.scope.cameras for one in paper.versions),
                    tuple(one.scope.systems for one in paper.versions),
                    tuple(person.id in one.scope.persons for one in paper.versions),
                )
                for paper in self.bearing(person.id, commune)
            )
            attached = person.id in self._attached
            key = self._person_keys[person.id, commune] = (
                person.status,
                self._tie(person.employer, commune, attached=attached),
                None if person.commune is None else self._tie(person.commune, commune, attached=attached),
                own,
            )
        return key

    def _tie(self, body: BodyId, commune: BodyId, *, attached: bool) -> Hashable:
        """A body as the law may see it from a commune: another commune with no paper in common is any other one."""
        if body == commune:
            return _HERE
        if body not in self._communes or attached or self._is_related(body, commune):
            return body
        return ("another", self._facts.bodies[body].departement, frozenset(self._pools.get(body, ())))

    def _is_related(self, body: BodyId, commune: BodyId) -> bool:
        known = self._related.get((body, commune))
        if known is None:
            others = {commune, *self._controllers.get(commune, ())}
            mine = self._named_with.get(body, set())
            known = body in others or any(not mine.isdisjoint(self._named_with.get(one, ())) for one in others)
            self._related[body, commune] = known
        return known


def _seen_from(paper: Paper, commune: BodyId) -> Hashable:
    """What a document says where the commune's own name is “here”."""
    bodies = tuple(frozenset(_HERE if body == commune else body for body in one.scope.bodies) for one in paper.versions)
    return (paper.kind, bodies, tuple(_renamed(one, commune) for one in paper.said))


def _renamed(said: Hashable, commune: str) -> Hashable:
    """Where the commune's name stands alone or ends the name of an authority."""
    if isinstance(said, str):
        return said.replace(f"'{commune}'", f"'{_HERE}'").replace(f"/{commune}'", f"/{_HERE}'")
    if isinstance(said, tuple):
        return tuple(_renamed(one, commune) if isinstance(one, str) else one for one in said)
    return said


def _mentioned(paper: Paper) -> frozenset[BodyId]:
    """Every word of the fields that might be the name of a body."""
    found: set[BodyId] = set()
    several: list[object] = [dict(one.fields) for one in paper.versions]
    while several:
        one = several.pop()
        if isinstance(one, str):
            found.add(BodyId(one))
        elif isinstance(one, list):
            several += one
        elif isinstance(one, dict):
            several += [*one.keys(), *one.values()]
    return frozenset(found)


def _named(paper: Paper, commune: BodyId) -> bool:
    return commune in _mentioned(paper)
