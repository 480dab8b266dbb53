"""Cameras that the law cannot tell apart, so that a question about one is a question about all.

Two cameras are alike when they stand in the same commune, with the same origin, system, controller and state of
placement, and the same documents name them; a document that names one camera alone (a mask) is alike another that says
the same. Nothing here decides: it only says which answers must be equal (`beffroi.law.tonight.shapes` goes further).
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from beffroi.domain.documents import Document, DocumentKind, JsonValue
from beffroi.domain.facts import Camera, Facts
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.law.tonight.moments import Span, last_days, turns

READ: Final[dict[DocumentKind, frozenset[str]]] = {
    DocumentKind.PREFECT_ORDER: frozenset(
        {"purposes", "viewers", "acts", "agent_acts", "posts", "hours", "recipients", "type", "event_ended_on"}
        | {"retention_days", "minimum_days", "recipient_days"}
    ),
    DocumentKind.COMMISSIONING: frozenset(),
    DocumentKind.CNIL_COMMITMENT: frozenset(),
    DocumentKind.IMPACT_ASSESSMENT: frozenset({"residual_risk"}),
    DocumentKind.PROCESSING_RECORD: frozenset({"retention_days"}),
    DocumentKind.MASK: frozenset(),
    DocumentKind.ROLE_ACT: frozenset(),
    DocumentKind.AGREEMENT: frozenset({"viewing_staff", "hours"}),
    DocumentKind.DELIBERATION: frozenset({"object", "body", "pooling_body"}),
    DocumentKind.COORDINATION: frozenset({"night_clause", "hours"}),
    DocumentKind.ACCREDITATION: frozenset({"employer", "departements", "also_for"}),
    DocumentKind.DESIGNATION: frozenset({"authority", "acts"}),
    DocumentKind.POLICE_ACCREDITATION: frozenset(),
    DocumentKind.ELECTION: frozenset({"function"}),
    DocumentKind.DELEGATION: frozenset({"function"}),
}
"""Fields whose value the law reads, in the papers that every commune, camera or person has their own of; of the others
it reads at most that they are filled in. For kinds not listed here every value counts.
`tests/law/test_law_matrix_classes.py` alters all that is said not to be read, and no answer may move."""


@dataclass(frozen=True, slots=True)
class CameraClass:
    """Cameras of one commune that get the same answers. The first one stands for all."""

    number: int
    commune: BodyId
    cameras: tuple[CameraId, ...]

    @property
    def representative(self) -> CameraId:
        """The camera to ask about."""
        return self.cameras[0]


class Paper:
    """All versions of one document, oldest first, as the law may read them during a span; what any of them names."""

    def __init__(self, versions: Sequence[Document], span: Span) -> None:
        self.versions = tuple(versions)
        self._span = span
        first = self.versions[0]
        self.id, self.kind, scope = first.id, first.kind, first.scope
        self.bodies: frozenset[BodyId] = scope.bodies
        self.cameras: frozenset[CameraId] = scope.cameras
        self.systems: frozenset[str] = scope.systems
        self.persons: frozenset[PersonId] = scope.persons
        for later in self.versions[1:]:
            self.bodies |= later.scope.bodies
            self.cameras |= later.scope.cameras
            self.systems |= later.scope.systems
            self.persons |= later.scope.persons

    def names(self, camera: CameraId) -> tuple[bool, ...]:
        """Which versions name this camera."""
        return tuple(camera in one.scope.cameras for one in self.versions)

    @cached_property
    def said(self) -> tuple[Hashable, ...]:
        """What each version says and when it holds, without the bodies, cameras, systems and persons it names."""
        return tuple(self._said(one) for one in self.versions)

    def _said(self, one: Document) -> Hashable:
        read = READ.get(one.kind)
        if read is None:
            dates = (one.valid_from, one.valid_until, one.time_zone, one.status, one.status_at)
            return (dates, one.confirmed_by is None, repr(sorted(one.fields.items())))
        told = [(key, value) for key, value in sorted(one.fields.items()) if key in read]
        shape = tuple(sorted((key, type(value).__name__, _filled(value)) for key, value in one.fields.items()))
        # What the version was before the span, or will be after it, tells nothing.
        course = tuple((at, _state(one, at)) for at in turns(one, self._span))
        return (_state(one, self._span.start), course, repr(told), shape)


def papers_of(facts: Facts, span: Span, persons: Set[PersonId] | None = None) -> dict[DocumentId, Paper]:
    """Every document, by id; with ``persons``, without those that only tell of other persons."""
    wanted = None if persons is None else _bearing_on(facts, persons)
    grouped: dict[DocumentId, list[Document]] = defaultdict(list)
    for document in facts.documents:
        if wanted is None or document.id in wanted:
            grouped[document.id].append(document)
    return {key: Paper(sorted(several, key=_version), span) for key, several in grouped.items()}


def _bearing_on(facts: Facts, persons: Set[PersonId]) -> set[DocumentId]:
    """Documents that name no person, or one of these, or that tie two bodies to one another."""
    found = set()
    for document in facts.documents:
        scope = document.scope
        if not scope.persons or len(scope.bodies) > 1 or not scope.persons.isdisjoint(persons):
            found.add(document.id)
    return found


def _version(document: Document) -> int:
    return document.version


def camera_classes(facts: Facts, span: Span, papers: Iterable[Paper] | None = None) -> tuple[CameraClass, ...]:
    """The classes of cameras during a span, by commune, then by their first camera."""
    named: dict[CameraId, set[Hashable]] = defaultdict(set)
    for paper in papers_of(facts, span).values() if papers is None else papers:
        for camera in paper.cameras:
            if len(paper.cameras) == 1:
                named[camera].add((paper.kind, paper.said, paper.bodies, paper.systems, paper.persons))
            else:
                named[camera].add((paper.id, paper.names(camera)))
    alike: dict[Hashable, list[Camera]] = defaultdict(list)
    for identifier in sorted(facts.cameras):
        one = facts.cameras[identifier]
        placed = one.placement_confirmed_by is not None
        key = (one.commune, one.origin, one.system, one.controller, placed, frozenset(named.get(identifier, ())))
        alike[key].append(one)
    ordered = sorted(alike.values(), key=lambda several: (several[0].commune, several[0].id))
    return tuple(
        CameraClass(number, several[0].commune, tuple(one.id for one in several))
        for number, several in enumerate(ordered)
    )


def _state(one: Document, at: datetime) -> Hashable:
    ended = tuple(end <= at for end in last_days(one))
    return (one.begins <= at, ended, one.status_on(at), one.confirmed_by is None, one.time_zone)


def _filled(value: JsonValue) -> bool:
    return bool(value.strip()) if isinstance(value, str) else bool(value)
