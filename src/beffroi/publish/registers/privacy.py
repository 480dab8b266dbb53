"""What a commune reads of an act, and what it only counts.

Requisitions, holds, viewings on site and relays to forces belong to a procedure that is not the commune's. It reads how
many there were in a calendar month that is over, “< 5” under five (nought included: that there was none is also
something); never a total from which such a number could be taken away, never a period shorter than a month, whose
difference with a longer one would tell. Whoever handles one, the DPO and inspectors read the detail.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from beffroi.domain.acts import Act
from beffroi.domain.documents import DocumentKind
from beffroi.domain.ids import BodyId
from beffroi.domain.text import Text
from beffroi.ledger.entry import EntryKind, Record
from beffroi.publish.registers.period import Period, legal_day

_LATER_STEPS: Final = frozenset({"ended", "refused"})
ONSITE: Final = "onsite"
"""In the detail of a view: the joint session with an investigator to which it belongs."""

FEW: Final = 5
"""Below this a commune reads “< 5”."""


class Secret(StrEnum):
    """Acts that a commune only counts."""

    REQUISITION = "requisition"
    HOLD = "hold"
    ON_SITE = "on_site"
    RELAY = "relay"

    @property
    def text(self) -> Text:
        """In words."""
        return _WORDS[self]


_WORDS: Final = {
    Secret.REQUISITION: Text(fr="Extractions sur réquisition", en="Extracts on requisition"),
    Secret.HOLD: Text(fr="Gels demandés", en="Holds asked for"),
    Secret.ON_SITE: Text(fr="Visionnages sur place", en="Viewings on site"),
    Secret.RELAY: Text(fr="Renvois d'images aux forces de l'ordre", en="Relays of images to forces"),
}
_OF_A_PROCEDURE: Final = frozenset(
    {DocumentKind.REQUISITION.value, DocumentKind.ADMINISTRATIVE_REQUEST.value, DocumentKind.COMMAND_PRESENCE.value}
)
_OWN_TITLES: Final = frozenset({DocumentKind.SUBJECT_REQUEST.value, DocumentKind.MISSION_LETTER.value})
"""Titles of an extract that the commune reads in full: its own answer to a resident, and an inspection."""
_KINDS: Final[tuple[tuple[str, Secret], ...]] = (
    ("hold", Secret.HOLD),
    ("onsite", Secret.ON_SITE),
    ("on_site", Secret.ON_SITE),
    ("relay", Secret.RELAY),
    ("case", Secret.REQUISITION),
    ("desk", Secret.REQUISITION),
    ("requisition", Secret.REQUISITION),
    ("extract", Secret.REQUISITION),
)


def secret_of(record: Record) -> Secret | None:
    """Which of the acts that a commune only counts this entry belongs to, or None. In doubt, it does."""
    if record.kind in {EntryKind.VIEW_OPENED, EntryKind.VIEW_REFUSED, EntryKind.VIEW_CUT, EntryKind.VIEW_ENDED}:
        return _of_view(record)
    if record.kind in {EntryKind.RECORDER, EntryKind.DESTRUCTION}:
        of_case = record.detail.get("store") == "frozen" or record.detail.get("cause") == "hold_ended"
        named = (record.outcome or "").startswith(("hold", "case"))
        return Secret.HOLD if of_case or named or "case" in record.detail else None
    return next((secret for prefix, secret in _KINDS if record.kind.value.startswith(prefix)), None)


def _of_view(record: Record) -> Secret | None:
    if record.act is Act.RELAY:
        return Secret.RELAY
    if ONSITE in record.detail:  # a refusal does not always cite the requisition
        return Secret.ON_SITE
    titles = {one.partition("/")[0] for one in record.decision.documents} if record.decision else set[str]()
    if record.act is Act.EXTRACT:
        return None if titles & _OWN_TITLES and not titles & _OF_A_PROCEDURE else Secret.REQUISITION
    return Secret.ON_SITE if titles & _OF_A_PROCEDURE else None


@dataclass(frozen=True, slots=True)
class Count:
    """How many acts of a kind a month had. ``shown`` is what may be read: the number, or “< 5”."""

    month: Period
    secret: Secret
    shown: str


def shown(number: int, *, whole: bool) -> str:
    """A number as its reader may have it."""
    return str(number) if whole or number >= FEW else f"< {FEW}"


def counts(records: Iterable[Record], period: Period, today: date, *, whole: bool) -> list[Count]:
    """The months of a period that are over, each with a number for each kind of act: a month that still runs would tell
    the hour of the fifth."""
    found: dict[tuple[date, Secret], set[str]] = {}
    for record in records:
        secret = secret_of(record)
        if secret is not None and _begins(record):
            month = legal_day(record.happened_us).replace(day=1)
            found.setdefault((month, secret), set()).add(_case(record))
    return [
        Count(month, secret, shown(len(found.get((month.first, secret), ())), whole=whole))
        for month in period.closed_months(today)
        for secret in Secret
    ]


def _begins(record: Record) -> bool:
    """Whether an entry begins an act: its later steps are not counted again, and a refusal is none."""
    if record.kind is EntryKind.HOLD and record.outcome in _LATER_STEPS:
        return False
    return record.kind not in {
        EntryKind.VIEW_ENDED,
        EntryKind.VIEW_CUT,
        EntryKind.VIEW_REFUSED,
        EntryKind.RECORDER,
        EntryKind.DESTRUCTION,
    }


def _case(record: Record) -> str:
    case: Mapping[str, object] = record.detail
    return str(case.get(ONSITE) or case.get("case") or case.get("hold") or record.view or record.index)


def agent_number(record: Record, commune: BodyId) -> str:
    """The person of an entry as a number, the same through one calendar month of one commune, unlike any other's; empty
    when the system acted. It is drawn from the pseudonym, whose key the register can forget."""
    if record.actor is None:
        return ""
    month = legal_day(record.happened_us).strftime("%Y-%m")
    drawn = int.from_bytes(hashlib.sha256(f"{month}|{commune}|{record.actor}".encode()).digest()[:8], "big") % 10**8
    return f"{drawn // 10**4:04d}-{drawn % 10**4:04d}"
