"""What an audit says: findings in order of gravity, what is refused today, the checklist of papers."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from beffroi.domain.acts import Act
from beffroi.domain.facts import Body, Facts, PersonStatus
from beffroi.domain.ids import CameraId, DocumentId, PersonId
from beffroi.domain.text import Text


class View(StrEnum):
    """How a camera frames, in the sense of the order of 3 August 2007: narrow (plan étroit) or wide (plan large)."""

    NARROW = "narrow"
    WIDE = "wide"


@dataclass(frozen=True, slots=True)
class CameraSheet:
    """What the commune's own list says of a camera beyond the facts: None where the list says nothing.

    ``line`` is the line of the list, ``identifier`` the name of the camera as written there. Sizes are pixels, the rate
    is images per second, the term is days.
    """

    line: int
    identifier: str = ""
    view: View | None = None
    width_px: int | None = None
    height_px: int | None = None
    rate_fps: float | None = None
    purposes: tuple[str, ...] = ()
    retention_days: int | None = None
    sound: bool | None = None


@dataclass(frozen=True, slots=True)
class Dossier:
    """A commune as it describes itself: the facts drawn from its list and papers, and the sheets of its cameras."""

    commune: Body
    facts: Facts
    sheets: dict[CameraId, CameraSheet] = field(default_factory=dict)


class Gravity(StrEnum):
    """How grave a finding is, gravest first."""

    OFFENCE = "offence"  # the Code pénal punishes it
    CLOSED = "closed"  # the law refuses images today because of it
    WRONG = "wrong"  # papers contradict one another, the field, or a text
    LATE = "late"  # a step that should have been taken by now, or a point to have confirmed


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault with one cure. ``kind`` is the kind of document that cures it, ``rule`` a rule id where one exists."""

    code: str
    gravity: Gravity
    text: Text
    article: str
    kind: str
    rule: str | None = None
    cameras: tuple[CameraId, ...] = ()
    persons: tuple[PersonId, ...] = ()
    documents: tuple[DocumentId, ...] = ()
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessRow:
    """For one quality and one act: on how many cameras it is open, refused for want of a paper, closed by the law
    whatever the papers, and the findings that close it (their places in `Report.findings`)."""

    status: PersonStatus
    act: Act
    persons: int
    open: int
    refused: int
    closed_by_law: int
    findings: tuple[int, ...]


class PaperState(StrEnum):
    """Where a kind of paper stands in a commune."""

    PRESENT = "present"
    INCOMPLETE = "incomplete"
    EXPIRED = "expired"
    ABSENT = "absent"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True, slots=True)
class ChecklistRow:
    """One line of the checklist D1–D23. ``blocks`` says what stops without it, ``note`` what to know here."""

    code: str
    name: Text
    state: PaperState
    blocks: Text
    note: Text | None = None
    documents: tuple[DocumentId, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The whole audit.

    ``open_cameras`` are those that at least one person may watch live today, ``closed_cameras`` those that nobody may
    watch for want of a paper; the others open on a title of the moment (an alert), or to nobody listed.
    """

    dossier: Dossier
    at: datetime
    findings: tuple[Finding, ...]
    access: tuple[AccessRow, ...]
    checklist: tuple[ChecklistRow, ...]
    open_cameras: frozenset[CameraId]
    closed_cameras: frozenset[CameraId]
    rule_set_hash: str
    facts_hash: str
