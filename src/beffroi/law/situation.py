"""A request with everything that bears on it, as a pack gathers it."""

from dataclasses import dataclass
from typing import Any, Protocol

from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import Document
from beffroi.domain.facts import Body, Camera, Facts, Person
from beffroi.domain.ids import AuthorityId


@dataclass(frozen=True, slots=True)
class Found:
    """A paper and whether its scope covers the person, the place and the parties of the request."""

    document: Document | None
    covers: bool


@dataclass(frozen=True, slots=True)
class Situation:
    """``papers`` are keyed by the slots of the schema; ``linked``: the person may know of the camera."""

    request: ActRequest
    person: Person
    camera: Camera
    employer: Body | None
    commune: Body | None
    authority: AuthorityId
    linked: bool
    papers: dict[str, Found]


class Country(Protocol):
    """What a pack gives as code: from facts and a request to what its policies read."""

    def situate(self, facts: Facts, request: ActRequest, person: Person, camera: Camera) -> Situation:
        """Gather what bears on a request."""
        ...

    def entities(self, facts: Facts, situation: Situation) -> list[dict[str, Any]]:
        """The entities of the schema, in the JSON form of Cedar."""
        ...

    def circumstances(self, situation: Situation) -> dict[str, Any]:
        """The context of the schema."""
        ...
