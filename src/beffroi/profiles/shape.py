"""What a profile is: a card of figures, and a scene (facts, and how many real cameras each one stands for)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from beffroi.domain.acts import Purpose
from beffroi.domain.documents import Document
from beffroi.domain.facts import Body, Facts, Person
from beffroi.domain.ids import BodyId, CameraId, PersonId
from beffroi.domain.text import Text


class Variant(StrEnum):
    """The state of a deployment: as it is told, or after what the law asks has been done."""

    AS_DESCRIBED = "as-described"
    REGULARISED = "regularised"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a card; ``ours``: a hypothesis of the profile, where the deployment's description gives none."""

    text: Text
    ours: bool


@dataclass(frozen=True, slots=True)
class Card:
    """What is told of a deployment. ``counts`` (communes, cameras, sites) are held against the facts by the tests."""

    title: Text
    summary: Text
    counts: Mapping[str, int]
    figures: tuple[Figure, ...]
    network: tuple[Text, ...]
    hours: Text
    retention: Text
    scale: Text


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way: papers, and the bodies and persons that change with them (a form, a president)."""

    id: str
    title: Text
    documents: tuple[Document, ...]
    bodies: tuple[Body, ...] = ()
    persons: tuple[Person, ...] = ()
    optional: bool = False

    def apply(self, facts: Facts) -> Facts:
        """The facts once this step is done."""
        after = facts.with_documents(*self.documents)
        if not self.bodies and not self.persons:
            return after
        return Facts.of(
            revision=after.revision,
            persons={**facts.persons, **{person.id: person for person in self.persons}}.values(),
            bodies={**facts.bodies, **{body.id: body for body in self.bodies}}.values(),
            cameras=after.cameras.values(),
            documents=after.documents,
        )


@dataclass(frozen=True, slots=True)
class Scene:
    """A world and how to read it.

    Attributes:
        at: the instant at which its papers are in force.
        stands_for: how many real cameras a camera of the facts stands for (1 where not named).
        communes: how many real communes a commune of the facts stands for (1 where not named).
        watchers: the persons of the shared body whose view is counted along the way.
        cast: who is shown in “who may see what”, in that order.
        purposes: the purpose asked for on a camera, where it is not F5.
        steps: the way to the lawful form, where there is one.
        post: the workstation from which the tables ask.
    """

    facts: Facts
    at: datetime
    cast: tuple[PersonId, ...]
    stands_for: Mapping[CameraId, int] = field(default_factory=dict)
    communes: Mapping[BodyId, int] = field(default_factory=dict)
    watchers: tuple[PersonId, ...] = ()
    purposes: Mapping[CameraId, Purpose] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    post: str | None = None

    def weight(self, camera: CameraId) -> int:
        """How many real cameras this one stands for."""
        return self.stands_for.get(camera, 1)

    def purpose(self, camera: CameraId) -> Purpose:
        """The purpose under which this camera is asked for in the tables."""
        return self.purposes.get(camera, Purpose.F5)


@dataclass(frozen=True, slots=True)
class Profile:
    """A deployment: its name, its card, and what builds its scene. ``dual``: it exists in two variants."""

    name: str
    dual: bool
    make: Callable[[], Scene]
    """The scene as described, with the steps of the way where it is dual."""
