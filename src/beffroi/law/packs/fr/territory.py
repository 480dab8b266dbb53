"""What can be said of facts once for all questions: who pools whom, and when something begins to be read otherwise."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from beffroi.domain.documents import LEGAL_TIME_ZONE, Document, DocumentKind
from beffroi.domain.facts import Body, BodyKind, Facts
from beffroi.domain.ids import BodyId

from . import missions
from .reading import hours, later, moment, word

ALERT: Final = timedelta(minutes=15)
"""How long an alert opens common parts, and how long a renewal does (our value)."""
NIGHT_ENDS, NIGHT_BEGINS = 6 * 60, 23 * 60

_LEGAL_ZONE: Final = ZoneInfo(LEGAL_TIME_ZONE)
_MONTHS: Final = {"provisional": 4, "event": 4}


class Territory:
    """Indexes over one set of facts. Nothing in it changes once made."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    @cached_property
    def _pooled(self) -> dict[BodyId, frozenset[BodyId]]:
        direct: dict[BodyId, set[BodyId]] = defaultdict(set)
        for body in self.facts.bodies.values():
            for member in body.members:
                direct[member].add(body.id)
        found = {}
        for member, bodies in direct.items():
            through = {
                outer for inner in bodies if self._kind(inner) is BodyKind.EPCI for outer in direct.get(inner, ())
            }
            found[member] = frozenset(bodies | through)
        return found

    def pooled_by(self, commune: BodyId) -> frozenset[BodyId]:
        """The bodies of which a commune is a member, directly or through an EPCI."""
        return self._pooled.get(commune, frozenset())

    @cached_property
    def _departements(self) -> dict[str, BodyId]:
        bodies = sorted(self.facts.bodies.values(), key=lambda one: one.id, reverse=True)
        return {one.departement: one.id for one in bodies if one.kind is BodyKind.DEPARTEMENT}

    def departement_of(self, commune: Body | None) -> BodyId | None:
        """The département, as a body, where a commune lies."""
        return self._departements.get(commune.departement) if commune and commune.departement else None

    def _kind(self, body: BodyId) -> BodyKind | None:
        found = self.facts.bodies.get(body)
        return found.kind if found else None

    @cached_property
    def edges(self) -> list[datetime]:
        """The instants at which a document begins to be read otherwise, in order."""
        return sorted({at for document in self.facts.documents for at in _edges(document)})

    @cached_property
    def _hour_limits(self) -> list[int]:
        limits = {NIGHT_ENDS, NIGHT_BEGINS}
        for document in self.facts.documents:
            if document.kind in {DocumentKind.PREFECT_ORDER, DocumentKind.AGREEMENT}:
                limits.update(hours(document))
        return sorted(limits)

    def stretch(self, at: datetime) -> int:
        """The minute of the day since which no hours began or ended: between two limits all minutes are alike."""
        place = bisect_right(self._hour_limits, minute_of(at))
        return self._hour_limits[place - 1] if place else 0


def minute_of(at: datetime) -> int:
    """The minute of the day that the legal clock shows."""
    local = at.astimezone(_LEGAL_ZONE)
    return local.hour * 60 + local.minute


def order_limit(order: Document) -> datetime:
    """First instant at which an order has outlived what the law allows to its type."""
    return later(order.begins, _MONTHS.get(word(order, "type"), 60), order.time_zone)


def event_over(order: Document, at: datetime) -> bool:
    """Whether the event for which an order was made is over. A date that is not understood closes."""
    if order.fields.get("event_ended_on") in {None, ""}:
        return False
    ended = moment(order, "event_ended_on", last=True)
    return ended is None or ended <= at


def alert_open(record: Document, at: datetime) -> bool:
    """Whether an alert is open: 15 minutes from its opening or its renewal, never past its end."""
    opened, closed = moment(record, "opened_at"), moment(record, "closed_at")
    if (
        opened is None
        or at < opened
        or (record.fields.get("closed_at") is not None and (closed is None or closed <= at))
    ):
        return False
    renewed = moment(record, "renewed_at")
    return at < opened + ALERT or (renewed is not None and opened <= renewed <= at < renewed + ALERT)


def _edges(document: Document) -> Iterator[datetime]:
    yield document.begins
    if document.ends is not None:
        yield document.ends
    if document.status_at is not None:
        yield document.status_at
    if document.kind is DocumentKind.PREFECT_ORDER:
        yield order_limit(document)
        ended = moment(document, "event_ended_on", last=True)
        if ended is not None:
            yield ended
    if document.kind is DocumentKind.MISSION_LETTER:
        yield from missions.edges(document)
    if document.kind is DocumentKind.ALERT_RECORD:
        for field in ("opened_at", "closed_at", "renewed_at"):
            at = moment(document, field)
            if at is not None:
                yield from (at, at + ALERT)
