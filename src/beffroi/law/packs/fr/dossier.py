"""The documents of one set of facts between two edges, as slots of the schema: what is found is kept and found again.

Between two edges (`Territory.edges`) no document begins, ends or changes: what was found for one question serves the
next. Where several documents could serve, any that serves is enough: the one that meets most of what is asked is kept.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus
from beffroi.domain.facts import Body, Camera, Facts, Person
from beffroi.domain.ids import BodyId, DocumentId
from beffroi.law.situation import Found

from .territory import Territory

IN_FORCE: Final = "in_force"
ABSENT: Final = "absent"

Describe = Callable[[Document], tuple[bool, Mapping[str, Any]]]
"""Of a document: whether its scope covers what is asked about, and what the policies read of it."""
Rank = Callable[[Found], tuple[bool | int, ...]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the bodies that take part in it."""

    request: ActRequest
    person: Person
    camera: Camera
    employer: Body | None
    commune: Body | None
    host: BodyId | None
    departement: BodyId | None
    minute: int

    def part(self, body: str | None) -> str:
        """What a body is called in the question, so that no policy reads an id."""
        if not body:
            return ""
        parts = (
            (self.camera.commune, "here"),
            (self.camera.responsible, "responsible"),
            (self.person.employer, "employer"),
            (self.host, "host"),
            (self.departement, "departement"),
        )
        return next((name for one, name in parts if one == body), "other")

    def authority(self, text: str) -> str:
        """An authority as the question calls it: ``maire/99001`` becomes ``maire/here``."""
        kind, _, body = text.partition("/")
        return f"{kind}/{self.part(body)}"


class Dossier:
    """Papers found, kept under what they depend on. One for each set of facts and stretch between two edges."""

    def __init__(self, territory: Territory, at: datetime) -> None:
        self.territory = territory
        self.facts: Facts = territory.facts
        self.at = at
        self._found: dict[tuple[Any, ...], tuple[Found, ...]] = {}

    def best(
        self, key: tuple[Any, ...], candidates: Callable[[], Iterable[Document]], describe: Describe, rank: Rank
    ) -> Found:
        """The paper of a slot. ``key``: all on which candidates and description depend; the slot comes first."""
        several = self._found.get(key)
        if several is None:
            several = tuple(self.found(document, describe) for document in candidates())
            self._found[key] = several
        if not several:
            return self.absent(key[0], describe)
        return several[0] if len(several) == 1 else max(several, key=lambda one: _order(one, rank))

    def found(self, document: Document, describe: Describe, state: str | None = None) -> Found:
        """One document as it is told."""
        covers, told = describe(document)
        return _told(document, state or self.state(document), covers, told)

    def absent(self, slot: str, describe: Describe) -> Found:
        """No document: what the schema reads of an empty one."""
        known = self._found.get(("absent", slot))
        if known is None:
            _, told = describe(_EMPTY)
            known = (_told(None, ABSENT, False, told),)
            self._found["absent", slot] = known
        return known[0]

    def state(self, document: Document) -> str:
        """The state of a version that is in charge, at this instant."""
        status = document.status_on(self.at)
        if status is not DocumentStatus.CONFIRMED:
            return status.value
        if self.at < document.begins:
            return "future"
        ends = document.ends
        return IN_FORCE if ends is None or self.at < ends else "ended"

    def about(self, kind: DocumentKind, *names: str | None) -> list[Document]:
        """The versions in charge of this kind whose scope names any of these, each once, in order of id."""
        found = {one.id: one for name in names if name for one in self.facts.about(kind, name, self.at)}
        return [found[key] for key in sorted(found)]

    def between(self, kind: DocumentKind, one: str | None, other: str | None) -> tuple[Document, ...]:
        """The versions in charge of this kind whose scope names both."""
        return self.facts.about_both(kind, one, other, self.at) if one and other else ()


Slot = Callable[[Dossier, Asked], Found]
"""Finds the paper of a slot."""


def about_place(document: Document, camera: Camera) -> bool:
    """The commune is named, and, where the paper names cameras or systems, this camera is among them."""
    scope = document.scope
    if camera.commune not in scope.bodies:
        return False
    return not (scope.cameras or scope.systems) or camera.id in scope.cameras or camera.system in scope.systems


def serves_nothing(_: Found) -> tuple[bool | int, ...]:
    """Nothing to choose by but what holds and covers."""
    return ()


def _order(found: Found, rank: Rank) -> tuple[bool | int, ...]:
    """One that holds and covers; failing that, the one that is about this place, so that a refusal tells its state."""
    holds = found.state == IN_FORCE
    return (holds and found.covers, found.covers, *rank(found), holds)


def _told(document: Document | None, state: str, covers: bool, told: Mapping[str, Any]) -> Found:
    whole = {**told, "state": state}
    return Found(document, state, covers, whole, json.dumps(whole))


_EMPTY: Final = Document(
    id=DocumentId("prefect_order/none"),
    kind=DocumentKind.PREFECT_ORDER,
    number="",
    signed_on=date(9000, 1, 1),
    signatory="",
    valid_from=date(9000, 1, 1),
    valid_until=None,
)
