"""What happens to facts, and how the register learns of it."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from beffroi.domain.ids import BodyId, CameraId, PersonId
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.ledger.ledger import Ledger
from beffroi.registry.tables import ChangeRow


class ChangeKind(StrEnum):
    """The closed list of changes."""

    BODY_ADDED = "body_added"
    MEMBERS_SET = "members_set"
    PERSON_ADDED = "person_added"
    SYSTEM_ADDED = "system_added"
    CAMERA_PROPOSED = "camera_proposed"
    CAMERA_CONFIRMED = "camera_confirmed"
    CAMERA_RETIRED = "camera_retired"
    PROPOSED = "document_proposed"
    CONFIRMED = "document_confirmed"
    SUSPENDED = "document_suspended"
    WITHDRAWN = "document_withdrawn"
    FIRST_CONFIRMED = "document_first_confirmed"
    ATTACHED = "document_attached"
    ANNOUNCED = "deadline_announced"
    ACKNOWLEDGED = "deadline_acknowledged"
    SHIFT_ENTERED = "shift_entered"
    SHIFT_REPLACED = "shift_replaced"
    SHIFT_CANCELLED = "shift_cancelled"


WIDENING = frozenset({ChangeKind.MEMBERS_SET, ChangeKind.CAMERA_CONFIRMED, ChangeKind.CONFIRMED})
"""Changes that may open something: they count only once they are in the register."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the facts. ``reason`` (free text) and ``about`` (a person who is not the subject) stay out of the
    register's leaves; ``detail`` goes into them: no name, no free text there."""

    revision: int
    at: datetime
    actor: PersonId | None
    kind: ChangeKind
    subject: str
    version: int | None = None
    commune: BodyId | None = None
    reason: str | None = None
    about: PersonId | None = None
    detail: Mapping[str, str | int] = field(default_factory=dict)
    ledger_index: int | None = None

    @property
    def widens(self) -> bool:
        """Whether it waits for its register entry before it counts."""
        return self.kind in WIDENING


@dataclass(frozen=True, slots=True)
class FactsChanged:
    """Event for `beffroi.base.bus`: the facts in force are now those of this revision."""

    revision: int
    changes: tuple[Change, ...]


class ChangeRegister(Protocol):
    """Where changes are written down before they count."""

    def record(self, changes: Sequence[Change]) -> list[int]:
        """Write the changes durably; their indexes. Raises when that cannot be done."""
        ...


class LedgerRegister:
    """The register of `beffroi.ledger`. Entries of one call share a commit."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def record(self, changes: Sequence[Change]) -> list[int]:
        futures: list[Future[int]] = [self._ledger.submit(entry_of(change)) for change in changes]
        return [future.result() for future in futures]


def entry_of(change: Change) -> Entry:
    """The register entry of a change. A person's id and the reason go into the erasable payload only."""
    about_person = change.kind is ChangeKind.PERSON_ADDED
    detail: dict[str, str | int] = {**change.detail, "revision": change.revision}
    if not about_person:
        detail["subject"] = change.subject
    if change.version is not None:
        detail["version"] = change.version
    if change.commune is not None:
        detail["commune"] = change.commune
    payload: dict[str, str] = {}
    if change.reason is not None:
        payload["reason"] = change.reason
    if about_person:
        payload["person"] = change.subject
    elif change.about is not None:
        payload["person"] = change.about
    return Entry(
        kind=EntryKind.DOCUMENT_CHANGED,
        actor=change.actor,
        camera=CameraId(change.subject) if change.kind.value.startswith("camera_") else None,
        outcome=change.kind.value,
        at_us=None,
        detail=detail,
        payload=payload,
    )


def change_of(row: ChangeRow) -> Change:
    """The value of a row."""
    return Change(
        revision=row.revision,
        at=row.at,
        actor=PersonId(row.actor) if row.actor is not None else None,
        kind=ChangeKind(row.kind),
        subject=row.subject,
        version=row.version,
        commune=BodyId(row.commune) if row.commune is not None else None,
        reason=row.reason,
        about=PersonId(row.about) if row.about is not None else None,
        detail=row.detail or {},
        ledger_index=row.ledger_index,
    )
