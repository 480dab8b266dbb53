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
from beffroi.law.packs.fr.reading import later

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}\S*")
_HOURS: Final = re.compile(r"(\d{1,2}):([0-5]\d)\s*-\s*(\d{1,2}):([0-5]\d)")
_FOOTAGE: Final = (timedelta(microseconds=1), timedelta(minutes=1))
_LATER: Final[dict[DocumentKind, tuple[timedelta, ...]]] = {
    DocumentKind.ALERT_RECORD: (timedelta(minutes=15),),
    DocumentKind.REQUISITION: _FOOTAGE,
    DocumentKind.ADMINISTRATIVE_REQUEST: _FOOTAGE,
    DocumentKind.SUBJECT_REQUEST: _FOOTAGE,
    DocumentKind.MISSION_LETTER: _FOOTAGE,
}
"""What follows an instant that a field tells: the end of an alert (L.272-2); the last minute of footage, that enters a
title's period a minute after its start and leaves it after its end."""
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
    start, end = span.start, span.end
    found = [at for at in _own(document) if start < at < end]
    return tuple(sorted(set(found))) if found else ()


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


def last_days(document: Document) -> tuple[datetime, ...]:
    """The instants at which a version may be over: its end, and the longest lives that the law gives to an order."""
    end = document.ends
    ends = () if end is None else (end,)
    if document.kind is not DocumentKind.PREFECT_ORDER:
        return ends
    try:
        return (*ends, *(later(document.begins, months, document.time_zone) for months in _ORDER_MONTHS))
    except (ValueError, OverflowError):  # beyond the last year that there is: the law opens nothing on it
        return ends


def _own(document: Document) -> tuple[datetime, ...]:
    changed = () if document.status_at is None else (document.status_at.astimezone(UTC),)
    return (document.begins, *last_days(document), *changed)


def _all(document: Document, span: Span) -> Iterator[datetime]:
    yield from _own(document)
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
            yield from daily(time(int(hour) % 24, int(minute)), span)
        return
    try:
        if _DAY.fullmatch(text):
            yield from _both_midnights(date.fromisoformat(text), document.time_zone)
        elif _INSTANT.fullmatch(text):
            at = datetime.fromisoformat(text)
            at = at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(document.time_zone))
            yield from (at.astimezone(UTC) + later for later in (timedelta(), *_LATER.get(document.kind, ())))
    except (ValueError, OverflowError):
        return  # not a date after all: the law reads none in it either


def _both_midnights(day: date, time_zone: str) -> Iterator[datetime]:
    """The two ends of a day: a date may be meant as a first or as a last one."""
    for one in (day, day + timedelta(days=1)):
        yield datetime.combine(one, time(), ZoneInfo(time_zone)).astimezone(UTC)
