"""A request with everything that bears on it, as a pack gathers it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import Document
from beffroi.domain.facts import Camera, Facts, Person
from beffroi.domain.ids import AuthorityId


@dataclass(frozen=True, slots=True)
class Found:
    """The paper of a slot: its state at the instant asked about, whether its scope covers the person, the place and the
    parties of the request, and what the policies read of it (``told``, and the same as JSON)."""

    document: Document | None
    state: str
    covers: bool
    told: Mapping[str, Any]
    text: str


@dataclass(frozen=True, slots=True)
class Situation:
    """``papers`` are keyed by the slots of the schema; ``linked``: the person may know of the camera; ``authorities``
    by the kinds that rows name; ``names`` are what sentences call the bodies of the question."""

    request: ActRequest
    person: Person
    camera: Camera
    linked: bool
    authorities: Mapping[str, AuthorityId]
    names: Mapping[str, str]
    papers: Mapping[str, Found]
    person_text: str
    camera_text: str
    circumstances: Mapping[str, Any]


class Country(Protocol):
    """What a pack gives as code: from facts and a request to what its policies read."""

    def situate(
        self,
        facts: Facts,
        request: ActRequest,
        person: Person,
        camera: Camera,
        needed: Collection[str] | None = None,
    ) -> Situation:
        """Gather what bears on a request; slots that are not ``needed`` may be left empty (None: all are)."""
        ...

    def linked(self, facts: Facts, request: ActRequest, person: Person, camera: Camera) -> bool:
        """Whether the person may know of the camera."""
        ...

    def edges(self, facts: Facts) -> list[datetime]:
        """The instants, in order, at which something in these facts begins to be read otherwise."""
        ...

    def stretch(self, facts: Facts, at: datetime) -> int:
        """A number that changes within a day where some hours begin or end."""
        ...

    def footage_edge(self, situation: Situation) -> datetime | None:
        """The instant at which the images asked for are past their term; None without footage."""
        ...
