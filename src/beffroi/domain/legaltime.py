"""Legal time as papers write it: on the day on which clocks change, with how far it is from UTC."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from beffroi.domain.clock import instant

_LAST = time.max.replace(fold=1)


def paper_time(wall_us: int, zone: ZoneInfo) -> str:
    """A wall time in microseconds, in legal time to the second: “25/10/2026 02:30:00 (UTC+2)”.

    The offset is written on the whole day of the change, and on no other: in autumn two instants an hour apart read
    alike without it, and in spring an hour seems to be missing from a range.
    """
    at = instant(wall_us).astimezone(zone)
    return f"{at:%d/%m/%Y %H:%M:%S}{f' (UTC{_hours(at)})' if _changes(at, zone) else ''}"


def _changes(at: datetime, zone: ZoneInfo) -> bool:
    begin, end = (datetime.combine(at.date(), when, zone) for when in (time.min, _LAST))
    return begin.utcoffset() != end.utcoffset()


def _hours(at: datetime) -> str:
    minutes = (at.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours}{f':{rest:02d}' if rest else ''}"
