"""Facts: everything that the law may know, frozen at one revision."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime
from enum import Enum, StrEnum
from functools import cached_property
from typing import Any

from beffroi.domain.acts import Form, Origin
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.domain.text import Text


class PersonStatus(StrEnum):
    """In what quality a person asks. One person who has two qualities has two accounts, except a mayor who also
    presides over a pooling body: recorded as ``mayor``, the only one of the two that gives a right."""

    MAYOR = "mayor"
    ELECTED_DELEGATED = "elected_delegated"
    ELECTED = "elected"
    DGS = "dgs"
    MUNICIPAL_POLICE = "municipal_police"
    AGREED_AGENT = "agreed_agent"
    EPCI_AGENT = "epci_agent"
    SYNDICAT_AGENT = "syndicat_agent"
    DEPARTEMENT_AGENT = "departement_agent"
    POOLING_PRESIDENT = "pooling_president"
    DEPARTEMENT_PRESIDENT = "departement_president"
    POLICE_GENDARMERIE = "police_gendarmerie"
    TECHNICIAN = "technician"
    DPO = "dpo"
    INSPECTOR = "inspector"
    PRIVATE_OPERATOR = "private_operator"
    CARRIER_AGENT = "carrier_agent"
    CONTROLLER_AGENT = "controller_agent"
    MERCHANT = "merchant"
    INVESTIGATOR = "investigator"
    COMMAND_AUTHORITY = "command_authority"
    ADMINISTRATIVE_AUTHORITY = "administrative_authority"
    DATA_SUBJECT = "data_subject"
    PRESS_OTHER = "press_other"


class BodyKind(StrEnum):
    """Kinds of bodies that employ persons or hold cameras. ``syndicat`` is a syndicat mixte; ``communes_syndicat`` a
    syndicat de communes. The four services are those that an order may name as recipients (CSI L.252-3)."""

    COMMUNE = "commune"
    EPCI = "epci"
    SYNDICAT = "syndicat"
    COMMUNES_SYNDICAT = "communes_syndicat"
    DEPARTEMENT = "departement"
    CARRIER = "carrier"
    STATE = "state"
    NATIONAL_POLICE = "national_police"
    GENDARMERIE = "gendarmerie"
    CUSTOMS = "customs"
    FIRE_SERVICE = "fire_service"
    COMPANY = "company"
    OTHER = "other"


class CameraKind(StrEnum):
    """How a camera is made, as far as people care."""

    FIXED = "fixed"
    DOME = "dome"
    PANORAMIC = "panoramic"
    MOBILE = "mobile"


@dataclass(frozen=True, slots=True)
class Person:
    """A person with an account. ``commune`` is the commune whose mandate or service the person holds, where any."""

    id: PersonId
    label: Text
    status: PersonStatus
    employer: BodyId
    commune: BodyId | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """A public body, or an employer. ``departement`` is a code (“99”); ``members`` are bodies of a pooling body."""

    id: BodyId
    kind: BodyKind
    name: str
    departement: str = ""
    form: Form | None = None
    members: frozenset[BodyId] = frozenset()


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera and its place. ``placement_confirmed_by`` is the person designated by the commune who confirmed that the
    camera stands there with this origin; None: the place is only proposed. ``controller`` is the body responsible for
    the system where that is not the commune (a département, the manager of a building, a merchant). Degrees are WGS 84.

    Raises:
        ValueError: no commune: a camera always stands somewhere.
    """

    id: CameraId
    name: str
    commune: BodyId
    origin: Origin
    system: str
    kind: CameraKind = CameraKind.FIXED
    placement_confirmed_by: PersonId | None = None
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    controller: BodyId | None = None

    @property
    def responsible(self) -> BodyId:
        """The body responsible for the system: the controller, or the commune where none is named."""
        return self.controller or self.commune

    def __post_init__(self) -> None:
        if not self.commune:
            raise ValueError("a camera stands in a commune")


@dataclass(frozen=True)
class Facts:
    """Immutable snapshot of persons, bodies, cameras and documents, with indexed look-ups.

    Raises:
        ValueError: two persons, bodies or cameras share an id, or two documents share (id, version).
    """

    revision: int = 0
    persons: Mapping[PersonId, Person] = field(default_factory=dict)
    bodies: Mapping[BodyId, Body] = field(default_factory=dict)
    cameras: Mapping[CameraId, Camera] = field(default_factory=dict)
    documents: tuple[Document, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        revision: int = 0,
        persons: Iterable[Person] = (),
        bodies: Iterable[Body] = (),
        cameras: Iterable[Camera] = (),
        documents: Iterable[Document] = (),
    ) -> "Facts":
        """Build from plain lists, refusing duplicates."""
        some_persons, some_bodies, some_cameras = tuple(persons), tuple(bodies), tuple(cameras)
        facts = cls(
            revision,
            {person.id: person for person in some_persons},
            {body.id: body for body in some_bodies},
            {camera.id: camera for camera in some_cameras},
            tuple(sorted(documents, key=lambda document: (document.id, document.version))),
        )
        sizes = (len(some_persons), len(some_bodies), len(some_cameras), len(facts.documents))
        keys = {(document.id, document.version) for document in facts.documents}
        if sizes != (len(facts.persons), len(facts.bodies), len(facts.cameras), len(keys)):
            raise ValueError("two facts share an id")
        return facts

    @cached_property
    def _versions(self) -> dict[DocumentId, tuple[Document, ...]]:
        found: dict[DocumentId, list[Document]] = {}
        for document in self.documents:
            found.setdefault(document.id, []).append(document)
        return {key: tuple(sorted(several, key=lambda one: one.version)) for key, several in found.items()}

    @cached_property
    def _index(self) -> dict[tuple[DocumentKind, str], tuple[DocumentId, ...]]:
        found: dict[tuple[DocumentKind, str], set[DocumentId]] = {}
        for document in self.documents:
            scope = document.scope
            for name in (*scope.bodies, *scope.cameras, *scope.systems, *scope.persons):
                found.setdefault((document.kind, name), set()).add(document.id)
        return {key: tuple(sorted(ids)) for key, ids in found.items()}

    def versions(self, document: DocumentId) -> tuple[Document, ...]:
        """All versions of one document, oldest first; empty when unknown."""
        return self._versions.get(document, ())

    def in_charge(self, document: DocumentId, at: datetime) -> Document | None:
        """The version that speaks for this document at this instant.

        It is the highest version that was ever confirmed and has begun: a later proposal does not disturb the version
        in charge, and a later version, once it has begun, replaces the former for good (suspending or ending it does
        not bring the former back). When there is none, the highest version, so that a refusal can say what is wrong
        with it.
        """
        several = self.versions(document)
        for version in reversed(several):
            if version.was_confirmed(at) and version.begins <= at:
                return version
        return several[-1] if several else None

    def about(self, kind: DocumentKind, name: str, at: datetime) -> tuple[Document, ...]:
        """The versions in charge of the documents of this kind that name this body, camera, system or person."""
        return tuple(
            version
            for identifier in self._index.get((kind, name), ())
            if (version := self.in_charge(identifier, at)) is not None and _names(version, name)
        )

    def about_both(self, kind: DocumentKind, one: str, other: str, at: datetime) -> tuple[Document, ...]:
        """As `about`, for documents that name both (two parties, a person and a body)."""
        first, second = self._index.get((kind, one), ()), self._index.get((kind, other), ())
        fewer, more = sorted((first, second), key=len)
        return tuple(
            version
            for identifier in fewer
            if identifier in more
            and (version := self.in_charge(identifier, at)) is not None
            and _names(version, one)
            and _names(version, other)
        )

    @cached_property
    def _digest(self) -> str:
        everything = {
            "persons": [_plain(person) for _, person in sorted(self.persons.items())],
            "bodies": [_plain(body) for _, body in sorted(self.bodies.items())],
            "cameras": [_plain(camera) for _, camera in sorted(self.cameras.items())],
            "documents": [_plain(document) for document in sorted(self.documents, key=lambda d: (d.id, d.version))],
        }
        text = json.dumps(everything, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def digest(self) -> str:
        """SHA-256 (hex) of the canonical content, without the revision number: same facts, same digest."""
        return self._digest

    def with_documents(self, *documents: Document) -> "Facts":
        """A copy where these versions are added, or replace the same (id, version); the revision grows by one."""
        keys = {(document.id, document.version) for document in documents}
        kept = [document for document in self.documents if (document.id, document.version) not in keys]
        ordered = sorted((*kept, *documents), key=lambda document: (document.id, document.version))
        return replace(self, revision=self.revision + 1, documents=tuple(ordered))

    def without_document(self, document: DocumentId) -> "Facts":
        """A copy without any version of this document; the revision grows by one."""
        kept = tuple(one for one in self.documents if one.id != document)
        return replace(self, revision=self.revision + 1, documents=kept)


_LATER = frozenset({"controller"})
"""Fields that came after the first digests were recorded: absent from the digest where they say nothing."""


def _names(document: Document, name: str) -> bool:
    scope = document.scope
    return any(name in names for names in (scope.bodies, scope.cameras, scope.systems, scope.persons))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {
            one.name: _plain(getattr(value, one.name))
            for one in fields(value)
            if one.name not in _LATER or getattr(value, one.name) is not None
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def plain(value: Person | Body | Camera | Document) -> dict[str, Any]:
    """One fact as JSON-ready data (dates in ISO 8601, sets sorted)."""
    made: dict[str, Any] = _plain(value)
    return made
