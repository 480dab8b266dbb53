"""When an image dies. Whether the clock that says so can be believed is `beffroi.vault.clockwatch`'s.

Code de la sécurité intérieure, L.252-5 and R.253-4: recordings are destroyed within the time the authorisation fixes,
never more than one month. A month is counted date to date (*de quantième à quantième*) in the authority's legal time;
the count starts with the first image that can be under a key, which is the start of its hour.
"""

import calendar
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from beffroi.domain.clock import instant, to_wall_us
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from beffroi.vault.sealing import HOUR_US

UNKNOWN_TZ: Final = "UTC"
"""Legal time of an authority that the recorder no longer holds hours for: differs by hours at most, never by days."""

MAX_TERM_DAYS: Final = 31
"""No month is longer; what exceeds one month from its own date is cut to it by `term_end_us`."""


class TermRefusedError(BadInputError):
    """A term that the law does not allow."""

    def __init__(self, term_days: object) -> None:
        super().__init__(
            Text(
                fr=f"Une durée de conservation de {term_days!r} jours est refusée : elle va de 1 à {MAX_TERM_DAYS} "
                "jours et n'excède jamais un mois (CSI, art. L.252-5). Reprenez celle de l'arrêté.",
                en=f"A term of {term_days!r} days is refused: it goes from 1 to {MAX_TERM_DAYS} days and never beyond "
                "one month (CSI, art. L.252-5). Use the order's.",
            )
        )


def check_term_days(term_days: object) -> int:
    """Return the term when it is a whole number of days from 1 to 31.

    Raises:
        TermRefusedError: otherwise.
    """
    if not isinstance(term_days, int) or isinstance(term_days, bool) or not 1 <= term_days <= MAX_TERM_DAYS:
        raise TermRefusedError(term_days)
    return term_days


def legal_zone(name: str) -> ZoneInfo:
    """The time zone of an authority, by its IANA name (``Europe/Paris``, ``Indian/Reunion``…).

    Raises:
        BadInputError: unknown zone, or a name that is a path trick.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInputError(
            Text(
                fr=f"« {name[:60]} » n'est pas un fuseau horaire connu : écrivez par exemple Europe/Paris.",
                en=f"“{name[:60]}” is not a known time zone: write for instance Europe/Paris.",
            )
        ) from error


def term_end_us(start_us: int, term_days: int, tz: str) -> int:
    """The instant at which an image taken at ``start_us`` must be gone: wall time in microseconds, UTC.

    The same legal time of day ``term_days`` dates later, or one month later, date to date, when that comes first (30
    days from 1 February end on 1 March). A time of day that does not exist or exists twice that night (change of hour)
    ends at the earlier of its two readings: a term is a maximum.

    Raises:
        TermRefusedError: a term outside 1…31 days.
        BadInputError: an unknown time zone.
    """
    zone = legal_zone(tz)
    local = instant(start_us).astimezone(zone).replace(tzinfo=None)
    by_days = local + timedelta(days=check_term_days(term_days))
    return to_wall_us(min(_earliest(by_days, zone), _earliest(_next_month(local), zone)))


@lru_cache(maxsize=8192)
def hour_term_end_us(hour: int, term_days: int, tz: str) -> int:
    """`term_end_us` of a key's whole hour, counted from the start of that hour (its first possible image)."""
    return term_end_us(hour * HOUR_US, term_days, tz)


def minimum_end_us(wall_us: int, min_days: int, tz: str) -> int:
    """Until when an image taken at ``wall_us`` must be kept by an order's minimum: the same legal time of day
    ``min_days`` dates later, at the later of its two readings. 0 days: no minimum, the image's own instant."""
    if min_days <= 0:
        return wall_us
    zone = legal_zone(tz)
    local = instant(wall_us).astimezone(zone).replace(tzinfo=None) + timedelta(days=min_days)
    return to_wall_us(max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)))


def _next_month(local: datetime) -> datetime:
    year, month = (local.year + 1, 1) if local.month == 12 else (local.year, local.month + 1)
    return local.replace(year=year, month=month, day=min(local.day, calendar.monthrange(year, month)[1]))


def _earliest(local: datetime, zone: ZoneInfo) -> datetime:
    return min(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
