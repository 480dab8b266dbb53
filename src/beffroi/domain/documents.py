"""Documents: the acts on paper that open or close a right. What a document must contain is the pack's affair.

A document has numbered versions. Of one document, at one instant, a single version is in charge: see
`beffroi.domain.facts.Facts.in_charge`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.domain.text import Text

LEGAL_TIME_ZONE: Final = "Europe/Paris"

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


class DocumentKind(StrEnum):
    """Kinds of documents that the law reads. The value is the first half of a document id."""

    APPLICATION = "application"
    PREFECT_ORDER = "prefect_order"
    AGREEMENT = "agreement"
    STATE_AGREEMENT = "state_agreement"
    ACCREDITATION = "accreditation"
    DESIGNATION = "designation"
    DELIBERATION = "deliberation"
    COORDINATION = "coordination"
    IMPACT_ASSESSMENT = "impact_assessment"
    CNIL_COMMITMENT = "cnil_commitment"
    PROCESSING_RECORD = "processing_record"
    STATUTES = "statutes"
    NOTICE = "notice"
    CONFORMITY = "conformity"
    REQUISITION = "requisition"
    DELEGATION = "delegation"
    COMMON_PARTS_AGREEMENT = "common_parts_agreement"
    ROLE_ACT = "role_act"
    SECURITY_APPROVAL = "security_approval"
    COMMISSIONING = "commissioning"
    SERVICE_DESIGNATION = "service_designation"
    PREFECTURE_POSITION = "prefecture_position"
    MASK = "mask"
    ELECTION = "election"
    POLICE_ACCREDITATION = "police_accreditation"
    POLICE_POOLING = "police_pooling"
    SECONDMENT = "secondment"
    SERVICE_CONTRACT = "service_contract"
    ALERT_RECORD = "alert_record"
    COMMAND_PRESENCE = "command_presence"
    ADMINISTRATIVE_REQUEST = "administrative_request"
    MISSION_LETTER = "mission_letter"
    SUBJECT_REQUEST = "subject_request"


class DocumentStatus(StrEnum):
    """Where a version stands. Only ``confirmed`` opens anything."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a document is about. An empty set names nothing (it never means “everything”)."""

    bodies: frozenset[BodyId] = frozenset()
    cameras: frozenset[CameraId] = frozenset()
    systems: frozenset[str] = frozenset()
    persons: frozenset[PersonId] = frozenset()


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one document.

    ``valid_until`` given as a plain date is the last valid day, inclusive, in ``time_zone``; given as an instant it is
    the first instant at which the document no longer holds; None: no end. ``valid_from`` alike (a date begins at its
    midnight). ``status_at`` is when the status was reached; ``awaiting`` is the body whose designated person must
    confirm. ``fields`` follow the document type of the pack (`beffroi.law.documents`).
    """

    id: DocumentId
    kind: DocumentKind
    number: str
    signed_on: date
    signatory: str
    valid_from: date | datetime
    valid_until: date | datetime | None
    version: int = 1
    scope: Scope = Scope()
    fields: Mapping[str, JsonValue] = field(default_factory=dict)
    status: DocumentStatus = DocumentStatus.PROPOSED
    status_at: datetime | None = None
    awaiting: BodyId | None = None
    confirmed_by: PersonId | None = None
    file_sha256: str | None = None
    time_zone: str = LEGAL_TIME_ZONE

    def __post_init__(self) -> None:
        if not self.id.startswith(f"{self.kind.value}/") or len(self.id) == len(self.kind.value) + 1:
            raise BadInputError(
                Text(
                    fr=f"« {self.id} » n'est pas l'identifiant d'une pièce de type « {self.kind.value} » : "
                    f"il doit s'écrire « {self.kind.value}/nom ».",
                    en=f"“{self.id}” is not the id of a “{self.kind.value}” document: write “{self.kind.value}/name”.",
                )
            )
        if self.status in {DocumentStatus.CONFIRMED, DocumentStatus.SUSPENDED} and self.confirmed_by is None:
            raise BadInputError(
                Text(
                    fr=f"La pièce « {self.id} » ne peut compter sans le nom de la personne qui l'a confirmée.",
                    en=f"Document “{self.id}” cannot count without the person who confirmed it.",
                )
            )
        for instant in (self.valid_from, self.valid_until, self.status_at):
            if isinstance(instant, datetime) and instant.tzinfo is None:
                raise BadInputError(
                    Text(
                        fr=f"Une date de la pièce « {self.id} » n'a pas de fuseau horaire : précisez-le.",
                        en=f"An instant of document “{self.id}” has no time zone: give one.",
                    )
                )

    @property
    def begins(self) -> datetime:
        """First instant (UTC) at which the version holds."""
        return _start(self.valid_from, self.time_zone)

    @property
    def ends(self) -> datetime | None:
        """First instant (UTC) at which the version no longer holds; None: no end."""
        if self.valid_until is None:
            return None
        if isinstance(self.valid_until, datetime):
            return self.valid_until.astimezone(UTC)
        return _start(self.valid_until + timedelta(days=1), self.time_zone)

    def status_on(self, at: datetime) -> DocumentStatus:
        """The status as it stood at this instant: before it was reached, a confirmation was still a proposal and a
        suspension or withdrawal had not happened."""
        if self.status_at is None or at >= self.status_at:
            return self.status
        if self.status in {DocumentStatus.CONFIRMED, DocumentStatus.PROPOSED} or self.confirmed_by is None:
            return DocumentStatus.PROPOSED
        return DocumentStatus.CONFIRMED

    def was_confirmed(self, at: datetime) -> bool:
        """Whether this version had ever been confirmed at this instant (a proposal that is withdrawn never was)."""
        status = self.status_on(at)
        return status is not DocumentStatus.PROPOSED and self.confirmed_by is not None

    def holds(self, at: datetime) -> bool:
        """Whether this version, taken alone, is confirmed and inside its dates at this instant."""
        ends = self.ends
        return self.status_on(at) is DocumentStatus.CONFIRMED and self.begins <= at and (ends is None or at < ends)


@lru_cache(maxsize=4096)
def _start(day: date | datetime, time_zone: str) -> datetime:
    if isinstance(day, datetime):
        return day.astimezone(UTC)
    return datetime.combine(day, time(), ZoneInfo(time_zone)).astimezone(UTC)
