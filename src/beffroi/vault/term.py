"""When an image dies, and whether the clock that says so can be believed.

Code de la sécurité intérieure, L.252-5 and R.253-4: recordings are destroyed within the time the authorisation fixes,
never more than one month. A month is counted date to date (*de quantième à quantième*) in the authority's legal time;
the count starts with the first image that can be under a key, which is the start of its hour.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from beffroi.domain.clock import Clock, instant, to_wall_us
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from beffroi.vault.sealing import HOUR_US

MAX_TERM_DAYS: Final = 31
"""No month is longer; what exceeds one month from its own date is cut to it by `term_end_us`."""

PAUSE_MAX_S: Final = 24 * 3600.0
"""Clock doubt pauses destruction for at most a day (docs/design/keys.md)."""

DRIFT_PPM: Final = 500
STEP_TOLERANCE_US: Final = 5_000_000

ABSENCE_MAX_US: Final = 7 * 86_400_000_000
"""A start that finds the clock further than this past the last known instant may have found a clock set wrong."""


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


def _next_month(local: datetime) -> datetime:
    year, month = (local.year + 1, 1) if local.month == 12 else (local.year, local.month + 1)
    return local.replace(year=year, month=month, day=min(local.day, calendar.monthrange(year, month)[1]))


def _earliest(local: datetime, zone: ZoneInfo) -> datetime:
    return min(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


@dataclass(frozen=True, slots=True)
class Due:
    """Whether something is to be destroyed now, may still be seen, and whether the clock is in doubt."""

    due: bool
    doubtful: bool
    refuse: bool


class ClockWatch:
    """Compares the wall clock with what monotonic time says it should be, and counts how long they have disagreed.

    ``last_wall_us`` is the last wall time known before this start (the newest journal entry; 0: none). A clock found
    earlier than that has gone back; one found a week later has either stood still or jumped, and is doubted for
    `PAUSE_MAX_S`. A step beyond 5 s, or a drift beyond 500 ppm, is a doubt until the clocks agree again or persons
    `settle` it.
    """

    def __init__(self, clock: Clock, *, last_wall_us: int = 0) -> None:
        self._clock = clock
        self._anchor_wall_us = max(clock.wall_us(), last_wall_us)
        self._anchor_s = clock.monotonic_s()
        self._doubt_since_s: float | None = None
        absent_us = clock.wall_us() - last_wall_us
        self._absence_doubted = bool(last_wall_us) and absent_us > ABSENCE_MAX_US
        self.doubtful()

    def steady_us(self) -> int:
        """Wall time by the monotonic clock: the anchor plus what has elapsed since."""
        return self._anchor_wall_us + round((self._clock.monotonic_s() - self._anchor_s) * 1_000_000)

    def doubtful(self) -> bool:
        """Whether the two clocks disagree now by more than drift can explain."""
        elapsed_us = round((self._clock.monotonic_s() - self._anchor_s) * 1_000_000)
        tolerance_us = STEP_TOLERANCE_US + elapsed_us * DRIFT_PPM // 1_000_000
        if self._absence_doubted and elapsed_us >= PAUSE_MAX_S * 1_000_000:
            self._absence_doubted = False
        disagree = self._absence_doubted or abs(self._clock.wall_us() - self.steady_us()) > tolerance_us
        if not disagree:
            self._doubt_since_s = None
        elif self._doubt_since_s is None:
            self._doubt_since_s = self._clock.monotonic_s()
        return disagree

    def doubt_s(self) -> float:
        """How long the clock has been in doubt, in seconds; 0 when it is not."""
        if not self.doubtful() or self._doubt_since_s is None:
            return 0.0
        return self._clock.monotonic_s() - self._doubt_since_s

    def settle(self) -> None:
        """Persons have settled it: the wall clock is right from now on."""
        self._anchor_wall_us = self._clock.wall_us()
        self._anchor_s = self._clock.monotonic_s()
        self._doubt_since_s = None
        self._absence_doubted = False

    def judge(self, end_us: int) -> Due:
        """Judge a term that ends at ``end_us``.

        No doubt: the wall clock decides. In doubt: nothing is destroyed for `PAUSE_MAX_S`, then the steady clock
        decides alone, since what is doubted is a step. What is past its term by either clock is refused at once.
        """
        by_wall, by_steady = self._clock.wall_us() >= end_us, self.steady_us() >= end_us
        if not self.doubtful():
            return Due(due=by_wall, doubtful=False, refuse=by_wall)
        paused = self.doubt_s() < PAUSE_MAX_S
        return Due(due=by_steady and not paused, doubtful=True, refuse=by_wall or by_steady)
