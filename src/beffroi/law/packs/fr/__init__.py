"""The French pack. Nothing outside this folder knows an article or a French legal form.

The data files are read by `beffroi.law.pack`. `dossier` and the `slots` modules find the documents that bear on a
request, `links` says who may know of a camera, `territory` indexes facts, `term` counts how long an image may live.
"""

from bisect import bisect_right
from collections.abc import Collection
from datetime import datetime
from typing import Final

from beffroi.domain.decision import ActRequest
from beffroi.domain.facts import Camera, Facts, Person
from beffroi.law.situation import Situation

from . import links as _links
from . import situation as _situation
from .dossier import Dossier
from .territory import Territory

_KEPT: Final = 4
"""Sets of facts, and stretches of each, whose indexes are kept: the present ones, and a few that are compared."""


class _Indexed:
    """A set of facts with its indexes and the dossiers of a few stretches."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.territory = Territory(facts)
        self.dossiers: dict[int, Dossier] = {}

    def dossier(self, at: datetime) -> Dossier:
        """The dossier of the stretch in which an instant falls."""
        stretch = bisect_right(self.territory.edges, at)
        found = self.dossiers.get(stretch)
        if found is None:
            found = Dossier(self.territory, at)
            if len(self.dossiers) >= _KEPT:
                self.dossiers = {}
            self.dossiers[stretch] = found
        return found


class France:
    """The French way from facts to what the policies read. What it keeps only spares work: it changes no answer."""

    def __init__(self) -> None:
        self._kept: tuple[_Indexed, ...] = ()

    def situate(
        self,
        facts: Facts,
        request: ActRequest,
        person: Person,
        camera: Camera,
        needed: Collection[str] | None = None,
    ) -> Situation:
        """See `beffroi.law.situation.Country`."""
        dossier = self._indexed(facts).dossier(request.at)
        return _situation.situate(dossier, request, person, camera, needed)

    def linked(self, facts: Facts, request: ActRequest, person: Person, camera: Camera) -> bool:
        """See `beffroi.law.situation.Country`."""
        return _links.linked(self._indexed(facts).territory, person, camera, request.at)

    def edges(self, facts: Facts) -> list[datetime]:
        """See `beffroi.law.situation.Country`."""
        return self._indexed(facts).territory.edges

    def stretch(self, facts: Facts, at: datetime) -> int:
        """See `beffroi.law.situation.Country`."""
        return self._indexed(facts).territory.stretch(at)

    def footage_edge(self, situation: Situation) -> datetime | None:
        """See `beffroi.law.situation.Country`."""
        return _situation.term_of(situation.request, situation.camera, situation.papers)

    def _indexed(self, facts: Facts) -> _Indexed:
        for one in self._kept:
            if one.facts is facts:
                return one
        made = _Indexed(facts)
        self._kept = (made, *self._kept[: _KEPT - 1])
        return made


COUNTRY = France()
