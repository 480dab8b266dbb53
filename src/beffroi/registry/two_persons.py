"""When two persons must confirm: the dates entered are far from those that the file shows, or two communes are bound.

A slip in a year is the mistake that opens a camera for a year too long; one pair of eyes makes it, two seldom do.
"""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import BodyKind, Facts
from beffroi.domain.ids import BodyId
from beffroi.domain.text import Text
from beffroi.law.documents import field_of
from beffroi.registry.scan import ScanDates

FAR_DAYS: Final = 365

_READ: Final = (("signed_on", "scan_date"), ("valid_from", "scan_from"), ("valid_until", "scan_until"))
"""A date as entered, and the field that holds it as a person read it on the file."""

_NOTHING: Final = ScanDates()


def far_dates(document: Document, scan: ScanDates = _NOTHING) -> list[str]:
    """The fields of the file's own dates that lie `FAR_DAYS` days or more from the dates entered.

    Args:
        document: as entered, with the dates that a person read on the file.
        scan: the dates that a machine read on it: they count beside the person's.
    """
    machine = {"scan_date": scan.signed_on, "scan_until": scan.until}
    return [
        read
        for entered, read in _READ
        if _far(document, entered, _day(document, read)) or _far(document, entered, machine.get(read))
    ]


def bound_communes(document: Document, facts: Facts) -> frozenset[BodyId]:
    """The two communes that an agreement on municipal police binds: each of them confirms. Empty: not such a case."""
    if document.kind is not DocumentKind.POLICE_POOLING:
        return frozenset()
    communes = frozenset(
        body for body in document.scope.bodies if body in facts.bodies and facts.bodies[body].kind is BodyKind.COMMUNE
    )
    return communes if len(communes) > 1 else frozenset()


def why_two(document: Document, facts: Facts, scan: ScanDates = _NOTHING) -> Text | None:
    """Why two persons must confirm this document; None: one is enough."""
    far = far_dates(document, scan)
    if far:
        labels = [spec.label for name in far if (spec := field_of(document.kind, name)) is not None]
        return Text(
            fr=f"Une date saisie est à un an ou plus de celle du fichier ({', '.join(one.fr for one in labels)}) : une "
            "seconde personne doit confirmer.",
            en=f"A date entered is a year or more away from the file's ({', '.join(one.en for one in labels)}): a "
            "second person has to confirm.",
        )
    if bound_communes(document, facts):
        return Text(
            fr="Cette pièce engage deux communes : une personne de chacune doit confirmer.",
            en="This document binds two communes: a person of each has to confirm.",
        )
    return None


def _day(document: Document, read: str) -> date | None:
    on_file = document.fields.get(read)
    if not isinstance(on_file, str) or not on_file.strip():
        return None
    try:
        return date.fromisoformat(on_file)
    except ValueError:
        return date.min  # a date that cannot be read is no reason to trust the other


def _far(document: Document, entered: str, shown: date | None) -> bool:
    if shown is None:
        return False
    said = getattr(document, entered)
    if said is None:
        return True  # without end, where the file has one
    if isinstance(said, datetime):
        said = said.astimezone(ZoneInfo(document.time_zone)).date()
    return bool(abs((said - shown).days) >= FAR_DAYS)
