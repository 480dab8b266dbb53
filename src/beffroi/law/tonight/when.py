"""When to ask about whom: the instants of a span at which a person's rights in a commune may change."""

from collections import defaultdict
from datetime import datetime

from beffroi.domain.facts import Facts, Person, PersonStatus
from beffroi.domain.ids import BodyId, DocumentId
from beffroi.law.tonight.classes import Paper
from beffroi.law.tonight.moments import POLICE_HOURS, Span, daily, moments
from beffroi.law.tonight.shapes import Shapes


class When:
    """The instants of one run."""

    def __init__(self, facts: Facts, span: Span, shapes: Shapes) -> None:
        self._span = span
        self._shapes = shapes
        self._told: dict[DocumentId, frozenset[datetime]] = {}
        self._of_place: dict[BodyId, frozenset[datetime]] = {}
        self._around: dict[BodyId, set[BodyId]] = defaultdict(set)
        for camera in facts.cameras.values():
            self._around[camera.commune] |= {camera.commune, camera.responsible}
        self._everywhere = frozenset[datetime]().union(*(self._of_paper(one) for one in shapes.placeless()))
        self._police = frozenset(at for hour in POLICE_HOURS for at in daily(hour, span))

    def of(self, person: Person, commune: BodyId) -> tuple[datetime, ...]:
        """The start of the span and every instant inside that may matter."""
        if self._span.start == self._span.end:
            return (self._span.start,)
        found = self._everywhere | self._place(commune)
        for paper in self._shapes.bearing(person.id, commune):
            found |= self._of_paper(paper)
        if person.status is PersonStatus.MUNICIPAL_POLICE:
            found |= self._police
        return (self._span.start, *sorted(found))

    def _place(self, commune: BodyId) -> frozenset[datetime]:
        known = self._of_place.get(commune)
        if known is None:
            papers = (paper for one in self._around.get(commune, ()) for paper in self._shapes.of_place(one))
            known = self._of_place[commune] = frozenset[datetime]().union(*(self._of_paper(one) for one in papers))
        return known

    def _of_paper(self, paper: Paper) -> frozenset[datetime]:
        known = self._told.get(paper.id)
        if known is None:
            known = frozenset(at for version in paper.versions for at in moments(version, self._span))
            self._told[paper.id] = known
        return known
