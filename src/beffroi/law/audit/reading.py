"""Reading a dossier: papers in force, their fields, dates in legal time."""

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from beffroi.domain.acts import Origin
from beffroi.domain.documents import LEGAL_TIME_ZONE, Document, DocumentKind
from beffroi.domain.facts import Camera
from beffroi.domain.ids import CameraId
from beffroi.law.audit.model import Dossier

MAX_DAYS: Final = 31
"""A term in days above which it exceeds one month whatever the month (CSI L.252-5)."""

OUTSIDE_NORMS: Final = frozenset({Origin.NON_PUBLIC, Origin.COMMON_PARTS})
"""Origins to which neither the prefect's order nor the norms of 2007 apply."""


def in_force(dossier: Dossier, kind: DocumentKind, at: datetime) -> list[Document]:
    """The documents of a kind that hold at this instant, in order of id."""
    return [one for one in in_charge(dossier, kind, at) if one.holds(at)]


def in_charge(dossier: Dossier, kind: DocumentKind, at: datetime) -> list[Document]:
    """The versions in charge of the documents of a kind, whether they hold or not, in order of id."""
    facts = dossier.facts
    identifiers = sorted({one.id for one in facts.documents if one.kind is kind})
    return [found for one in identifiers if (found := facts.in_charge(one, at)) is not None]


def about_place(document: Document, camera: Camera) -> bool:
    """Whether a paper is about where this camera stands: its commune, and no other camera or system in particular."""
    scope = document.scope
    if camera.commune not in scope.bodies:
        return False
    return camera.id in scope.cameras or camera.system in scope.systems or not (scope.cameras or scope.systems)


def texts(document: Document, field: str) -> tuple[str, ...]:
    """A field that lists texts; empty where it does not."""
    value = document.fields.get(field)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def number(document: Document, field: str) -> int | None:
    """A field that holds a whole number; None where it does not."""
    value = document.fields.get(field)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def day_of(document: Document, field: str) -> date | None:
    """A field that holds a date; None where it does not."""
    value = document.fields.get(field)
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def legal_day(at: datetime) -> date:
    """The day of an instant in legal time."""
    return at.astimezone(ZoneInfo(LEGAL_TIME_ZONE)).date()


def months_later(day: date, months: int) -> date:
    """Date to date, or the last day of a month that is too short."""
    year, month = divmod(day.month - 1 + months, 12)
    first_of_next = date(day.year + year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(day.year + year, month + 1, 1) + timedelta(days=day.day - 1), first_of_next - timedelta(days=1))


def cameras_of(dossier: Dossier, document: Document) -> tuple[CameraId, ...]:
    """The cameras that a paper bears upon."""
    cameras = dossier.facts.cameras
    named = document.scope.cameras & cameras.keys()
    if named or document.kind in {DocumentKind.PREFECT_ORDER, DocumentKind.MASK} or document.scope.persons:
        return tuple(sorted(named))
    return tuple(name for name, camera in sorted(cameras.items()) if about_place(document, camera))


def order_of(dossier: Dossier, camera: CameraId, at: datetime) -> Document | None:
    """The order in force that names a camera."""
    return next((one for one in in_force(dossier, DocumentKind.PREFECT_ORDER, at) if camera in one.scope.cameras), None)
