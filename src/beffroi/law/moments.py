"""When an answer of the law may change by itself: dates written in documents, hours, the hours of municipal police.

These instants only say *when to ask again*; what is allowed in between is the engine's affair. One too many costs a
question; one too few would hide a change: `tests/law/test_law_matrix_moments.py` looks for those.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from beffroi.domain.documents import LEGAL_TIME_ZONE, Document, DocumentKind

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}\S*")
_HOURS: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)\s*-\s*([01]\d|2[0-4]):([0-5]\d)")
_ALERT: Final = timedelta(minutes=15)
"""How long an alert record opens common parts (law.md CSI-L272-2)."""
_ORDER_MONTHS: Final = (4, 60)
"""Longest provisional and normal orders, in months from their first day (L.252-4, L.252-6)."""
MORNING: Final = time(8)
"""When the night shift ends."""
POLICE_HOURS: Final = (time(6), time(23))
"""Municipal police without a night clause (L.512-4)."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, end excluded. ``start == end`` is one instant.

    Raises:
        ValueError: an instant without time zone, or an end before the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None or self.end < self.start:
            raise ValueError("a span goes from an instant to a later one, both with their time zone")

    def holds(self, at: datetime) -> bool:
        """Whether an instant is strictly inside."""
        return self.start < at < self.end


def tonight(at: datetime, time_zone: str = LEGAL_TIME_ZONE) -> Span:
    """The coming shift: from now to the next morning, 08:00 legal time."""
    start = at.astimezone(UTC)
    return Span(start, daily(MORNING, Span(start, start + timedelta(days=2)), time_zone)[0])


def moments(document: Document, span: Span) -> tuple[datetime, ...]:
    """The instants strictly inside the span at which what this version opens or closes may change."""
    return tuple(sorted({at for at in _all(document, span) if span.holds(at)}))


def turns(document: Document, span: Span) -> tuple[datetime, ...]:
    """As `moments`, of the version's own dates alone: where it begins, ends, or changes its status."""
    return tuple(sorted({at for at in _own(document) if span.holds(at)}))


def daily(clock_time: time, span: Span, time_zone: str = LEGAL_TIME_ZONE) -> tuple[datetime, ...]:
    """Each time strictly inside the span that the legal clock shows this time."""
    zone = ZoneInfo(time_zone)
    day, last = span.start.astimezone(zone).date(), span.end.astimezone(zone).date()
    found = []
    while day <= last:
        for fold in (0, 1):  # in the autumn night one hour comes twice
            at = datetime.combine(day, clock_time, zone).replace(fold=fold).astimezone(UTC)
            if span.holds(at) and at not in found:
                found.append(at)
        day += timedelta(days=1)
    return tuple(found)


def _own(document: Document) -> Iterator[datetime]:
    yield document.begins
    if document.ends is not None:
        yield document.ends
    if document.status_at is not None:
        yield document.status_at.astimezone(UTC)


def _all(document: Document, span: Span) -> Iterator[datetime]:
    yield from _own(document)
    if document.kind is DocumentKind.PREFECT_ORDER:
        first = document.begins.astimezone(ZoneInfo(document.time_zone)).date()
        for months in _ORDER_MONTHS:
            yield from _both_midnights(_months_later(first, months), document.time_zone)
    for value in document.fields.values():
        yield from _written(value, document, span)


def _written(value: object, document: Document, span: Span) -> Iterator[datetime]:
    """The instants that a field tells, however deep."""
    if isinstance(value, list):
        for one in value:
            yield from _written(one, document, span)
    elif isinstance(value, dict):
        yield from _written(list(value.values()), document, span)
    elif isinstance(value, str) and len(value) >= len("6:00-7:00"):
        yield from _told(value, document, span)


def _told(text: str, document: Document, span: Span) -> Iterator[datetime]:
    hours = _HOURS.fullmatch(text.strip())
    if hours is not None:
        for hour, minute in (hours.group(1, 2), hours.group(3, 4)):
            yield from daily(time(int(hour) % 24, int(minute)), span, document.time_zone)
        return
    try:
        if _DAY.fullmatch(text):
            yield from _both_midnights(date.fromisoformat(text), document.time_zone)
        elif _INSTANT.fullmatch(text):
            at = datetime.fromisoformat(text)
            at = at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(document.time_zone))
            yield at.astimezone(UTC)
            if document.kind is DocumentKind.ALERT_RECORD:
                yield at.astimezone(UTC) + _ALERT
    except (ValueError, OverflowError):
        return  # not a date after all: the law reads none in it either


def _both_midnights(day: date, time_zone: str) -> Iterator[datetime]:
    """The two ends of a day: a date may be meant as a first or as a last one."""
    for one in (day, day + timedelta(days=1)):
        yield datetime.combine(one, time(), ZoneInfo(time_zone)).astimezone(UTC)


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(day.year + year, month + 1, last)
        except ValueError:
            continue
    return day
