"""Reading the fields of documents: whatever a field holds, an answer of the right type comes out, the closing one when
it is not understood."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from beffroi.domain.documents import Document

_HOURS: Final = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*")
_DAY_MINUTES: Final = 24 * 60


def names(document: Document, field: str) -> list[str]:
    """A field that lists names; anything else is an empty list."""
    value = document.fields.get(field)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def word(document: Document, field: str) -> str:
    """A field that is a word; anything else is an empty string."""
    value = document.fields.get(field)
    return value if isinstance(value, str) else ""


def count(document: Document, field: str) -> int:
    """A field that is a whole number; anything else is 0."""
    value = document.fields.get(field)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def flag(document: Document, field: str) -> bool:
    """A field that says yes; anything else is no."""
    return document.fields.get(field) is True


def filled(document: Document, field: str) -> bool:
    """Whether a field says something in words: a value that is no text says nothing."""
    value = document.fields.get(field)
    return isinstance(value, str) and bool(value.strip())


def hours(document: Document) -> tuple[int, int]:
    """Minutes of the day between which the paper opens; all day without the field; never when it is not understood."""
    value = document.fields.get("hours")
    if value is None or value == "":
        return 0, _DAY_MINUTES
    found = _HOURS.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return 0, 0
    first, first_minute, last, last_minute = map(int, found.groups())
    opens, closes = first * 60 + first_minute, last * 60 + last_minute
    in_day = max(opens, closes) <= _DAY_MINUTES and max(first_minute, last_minute) < 60
    return (opens, closes) if in_day else (0, 0)


def open_at(told: Mapping[str, Any], minute: int) -> bool:
    """Whether hours are open (only to choose between papers: the policies decide)."""
    opens, closes = told["opens"], told["closes"]
    inside: bool = opens <= minute < closes if opens <= closes else opens <= minute or minute < closes
    return inside


def moment(document: Document, field: str, *, last: bool = False) -> datetime | None:
    """A field that is an instant, or a day: its first instant, or the first one after it (``last``).

    None when the field is empty or not understood.
    """
    value = document.fields.get(field)
    if not isinstance(value, str):
        return None
    zone = ZoneInfo(document.time_zone)
    try:
        if len(value) == len("2026-03-02"):
            day = date.fromisoformat(value) + timedelta(days=1 if last else 0)
            return datetime.combine(day, time(), zone).astimezone(UTC)
        at = datetime.fromisoformat(value)
    except (ValueError, OverflowError):
        return None
    return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=zone).astimezone(UTC)


def later(start: datetime, months: int, time_zone: str) -> datetime:
    """The instant that many months later, date to date in legal time (the last day of a shorter month)."""
    zone = ZoneInfo(time_zone)
    local = start.astimezone(zone).replace(tzinfo=None)
    year, month = divmod(local.month - 1 + months, 12)
    for day in (local.day, 30, 29, 28):
        try:
            made = local.replace(year=local.year + year, month=month + 1, day=day)
        except ValueError:
            continue
        return made.replace(tzinfo=zone).astimezone(UTC)
    raise ValueError(f"no day {local.day} in month {month + 1}")
