"""Cameras that the law cannot tell apart, so that a question about one is a question about all.

Two cameras are alike when they stand in the same commune, with the same origin, system, controller and state of
placement, and the same documents name them; a document that names one camera alone (a mask) is alike another that says
the same. Nothing here decides: it only says which answers must be equal (see `beffroi.law.shapes`, which goes further).
"""

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import Camera, Facts
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.law.moments import Span, turns

_READ: Final[dict[DocumentKind, frozenset[str]]] = {
    DocumentKind.MASK: frozenset(),
    DocumentKind.ACCREDITATION: frozenset({"employer", "departements", "also_for"}),
    DocumentKind.DESIGNATION: frozenset({"authority", "acts"}),
}
"""Fields whose value the law reads in papers drawn up for one camera or one person; of the others it reads at most that
they are filled in. For kinds not listed here every value counts."""


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
    """All versions of one document, as the law may read them during a span; what any of them names."""

    def __init__(self, versions: Iterable[Document], span: Span) -> None:
        self.versions = tuple(sorted(versions, key=lambda one: one.version))
        self._span = span
        first, *later = self.versions
        self.id, self.kind = first.id, first.kind
        self.bodies: frozenset[BodyId] = first.scope.bodies.union(*(one.scope.bodies for one in later))
        self.cameras: frozenset[CameraId] = first.scope.cameras.union(*(one.scope.cameras for one in later))
        self.systems: frozenset[str] = first.scope.systems.union(*(one.scope.systems for one in later))
        self.persons: frozenset[PersonId] = first.scope.persons.union(*(one.scope.persons for one in later))

    def names(self, camera: CameraId) -> tuple[bool, ...]:
        """Which versions name this camera."""
        return tuple(camera in one.scope.cameras for one in self.versions)

    @cached_property
    def said(self) -> tuple[Hashable, ...]:
        """What each version says and when it holds, without the bodies, cameras, systems and persons it names."""
        return tuple(self._said(one) for one in self.versions)

    def _said(self, one: Document) -> Hashable:
        read = _READ.get(one.kind)
        if read is None:
            dates = (one.valid_from, one.valid_until, one.time_zone, one.status, one.status_at)
            return (dates, one.confirmed_by is None, json.dumps(dict(one.fields), sort_keys=True, default=repr))
        told = {key: value for key, value in one.fields.items() if key in read}
        shape = tuple(sorted((key, type(value).__name__, bool(value)) for key, value in one.fields.items()))
        # What the version was before the span, or will be after it, tells nothing.
        course = tuple((at, _state(one, at)) for at in turns(one, self._span))
        return (_state(one, self._span.start), course, json.dumps(told, sort_keys=True, default=repr), shape)


def papers_of(facts: Facts, span: Span) -> dict[DocumentId, Paper]:
    """Every document, by id."""
    grouped: dict[DocumentId, list[Document]] = defaultdict(list)
    for document in facts.documents:
        grouped[document.id].append(document)
    return {key: Paper(several, span) for key, several in grouped.items()}


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
    ends = one.ends
    return (one.begins <= at, ends is not None and ends <= at, one.status_on(at), one.confirmed_by is None)
