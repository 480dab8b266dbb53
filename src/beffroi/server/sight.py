"""What a caller may know of besides cameras: documents, persons, accounts. Nothing here opens an image.

A person is tied to communes by structure alone: the mandate or service, or the members of the employer. What belongs to
another commune must look, from outside, exactly as if it were not there (docs/reference/routes.md).
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from beffroi.domain.documents import Document
from beffroi.domain.errors import NotFoundError
from beffroi.domain.facts import BodyKind, Camera, Facts, Person, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.registry.entitlement import communes_of

_NOT_YOURS: Final = Text(
    fr="Cette pièce ne concerne ni votre commune ni votre organisme : nommez-les dans sa portée.",
    en="This document concerns neither your commune nor your body: name them in its scope.",
)
TERRITORIAL: Final = frozenset(
    {BodyKind.COMMUNE, BodyKind.EPCI, BodyKind.SYNDICAT, BodyKind.COMMUNES_SYNDICAT, BodyKind.DEPARTEMENT}
)
"""Bodies that belong to a territory, and are not named outside it."""
_OF_ALL: Final = frozenset({PersonStatus.TECHNICIAN, PersonStatus.DPO, PersonStatus.INSPECTOR})


@dataclass(frozen=True, slots=True)
class Sight:
    """The communes and pooling bodies that a person is tied to; ``everything`` for those who serve or control all."""

    everything: bool
    communes: frozenset[BodyId]
    bodies: frozenset[BodyId]
    employer: BodyId | None = None

    def commune(self, commune: BodyId) -> bool:
        """Whether what belongs to this commune may be known."""
        return self.everything or commune in self.communes

    def camera(self, camera: Camera | None) -> bool:
        """Whether this camera may be known."""
        return camera is not None and self.commune(camera.commune)

    def person(self, facts: Facts, person: Person | None) -> bool:
        """Whether this person may be named: those of another commune may not."""
        if person is None:
            return False
        employer = facts.bodies.get(person.employer)
        if person.commune is not None:
            return self.commune(person.commune)
        return employer is None or employer.kind is not BodyKind.COMMUNE or self.commune(employer.id)

    def employs(self, facts: Facts, body: BodyId) -> bool:
        """Whether this body may be named as an employer or a controller: those of another territory may not."""
        found = facts.bodies.get(body)
        if found is None:
            return False
        return self.everything or found.kind not in TERRITORIAL or body in self.bodies or self.commune(body)

    def document(self, facts: Facts, document: Document | None) -> bool:
        """Whether this document may be read: it names one of the person's communes, or none at all but a body that the
        person belongs to, or the person's own employer is a party to it."""
        if document is None:
            return False
        if self.everything:
            return True
        scope, communes = document.scope, communes_of(document, facts)
        employers = {facts.persons[one].employer for one in scope.persons if one in facts.persons}
        named = set(scope.bodies) | employers
        if communes:
            return bool(communes & self.communes) or self.employer in named
        return bool((named | {document.awaiting}) & self.bodies)

    def paper_name(self, facts: Facts, document: Document) -> Document:
        """The document under the id it will bear: that of one the person may know of, or one that begins with the code
        of a commune or body it is about, so that an id taken elsewhere is never met.

        Raises:
            NotFoundError: it concerns nothing that the person is tied to.
        """
        if not self.document(facts, document):
            raise NotFoundError(_NOT_YOURS)
        if self._newest(facts, document.id):
            return document
        kind, name = document.id.split("/", 1)
        own = {self.own, *(communes_of(document, facts) & self.communes)}
        if not any(body and name.startswith(f"{body}-") for body in own):
            document = replace(document, id=DocumentId(f"{kind}/{self.own}-{name}"))
        if facts.versions(document.id) and not self._newest(facts, document.id):
            raise NotFoundError(_NOT_YOURS)
        return document

    def _newest(self, facts: Facts, document: DocumentId) -> bool:
        several = facts.versions(document)
        return bool(several) and self.document(facts, several[-1])

    @property
    def own(self) -> BodyId | None:
        """The body that speaks through this person: the commune served, or the employer."""
        return self.employer or next(iter(self.communes), None)


def sight_of(facts: Facts, person: PersonId) -> Sight:
    """What a person may know of."""
    found = facts.persons.get(person)
    if found is None:
        return Sight(everything=False, communes=frozenset(), bodies=frozenset())
    if found.status in _OF_ALL:
        return Sight(everything=True, communes=frozenset(), bodies=frozenset({found.employer}))
    if found.commune is not None:
        pools = {body.id for body in facts.bodies.values() if found.commune in body.members}
        return Sight(
            everything=False,
            communes=frozenset({found.commune}),
            bodies=frozenset({found.commune, found.employer, *pools}),
        )
    employer = facts.bodies.get(found.employer)
    members = employer.members if employer else frozenset()
    own = {found.employer} if employer is not None and employer.kind is BodyKind.COMMUNE else set()
    return Sight(
        everything=False,
        communes=frozenset(members | own),
        bodies=frozenset({found.employer}),
        employer=found.employer,
    )


def slug(body: BodyId) -> str:
    """A body's code as the beginning of a camera id."""
    return re.sub(r"[^a-z0-9]", "-", body.lower())


def camera_name(commune: BodyId, typed: str) -> CameraId:
    """The id of a new camera: it begins with its commune's code, so that an id taken elsewhere is never met."""
    return CameraId(typed if typed.startswith(f"{slug(commune)}-") else f"{slug(commune)}-{typed}")


def unknown(what: str) -> NotFoundError:
    """The answer for what is not there, and for what may not be known: the same."""
    return NotFoundError(Text(fr=f"« {what} » n'est pas enregistré.", en=f"“{what}” is not recorded."))
