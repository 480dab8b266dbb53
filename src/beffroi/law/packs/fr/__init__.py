"""The French pack. Nothing outside this folder knows an article or a French legal form.

The data files are read by `beffroi.law.pack`; `papers` finds the documents that bear on a request, `links` says who
may know of a camera, `term` counts how long an image may live.
"""

from typing import Any

from beffroi.domain.decision import ActRequest
from beffroi.domain.facts import Camera, Facts, Person
from beffroi.law.packs.fr import situation as _situation
from beffroi.law.situation import Situation


class France:
    """The French way from facts to what the policies read."""

    def situate(self, facts: Facts, request: ActRequest, person: Person, camera: Camera) -> Situation:
        """See `beffroi.law.situation.Country`."""
        return _situation.situate(facts, request, person, camera)

    def entities(self, facts: Facts, situation: Situation) -> list[dict[str, Any]]:
        """See `beffroi.law.situation.Country`."""
        return _situation.entities(facts, situation)

    def circumstances(self, situation: Situation) -> dict[str, Any]:
        """See `beffroi.law.situation.Country`."""
        return _situation.circumstances(situation)


COUNTRY = France()
