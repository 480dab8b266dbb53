"""How long an image may live: calendar days from the first image of its hour, never more than one month (L.252-5)."""

import calendar
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_LONGEST_DAYS: Final = 31


def term_end(first_image: datetime, retention_days: int, time_zone: str) -> datetime:
    """First instant (UTC) at which an image is past its term.

    The term is counted date to date in legal time from the start of the image's hour (an hour shares one key, hence
    one end); one month date to date is the cap, the last day of a shorter month included. A time that does not exist
    or exists twice on the last day (change of clock) takes its earlier reading.
    """
    hour = first_image.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    local = hour.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
    ends = min(local + timedelta(days=min(max(retention_days, 0), _LONGEST_DAYS)), _one_month_later(local))
    zone = ZoneInfo(time_zone)
    readings = (ends.replace(tzinfo=zone, fold=0).astimezone(UTC), ends.replace(tzinfo=zone, fold=1).astimezone(UTC))
    return min(readings)


def _one_month_later(local: datetime) -> datetime:
    year, month = (local.year + 1, 1) if local.month == 12 else (local.year, local.month + 1)
    last = calendar.monthrange(year, month)[1]
    return local.replace(year=year, month=month, day=min(local.day, last))
