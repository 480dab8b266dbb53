"""A period of whole legal days, and the closed calendar months in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from beffroi.domain.clock import instant, to_wall_us
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.errors import BadInputError
from beffroi.domain.legaltime import paper_time
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text

ZONE: Final = ZoneInfo(LEGAL_TIME_ZONE)
MAX_DAYS: Final = 366
_BAD: Final = Text(
    fr=f"Une période va d'un jour à un autre, du plus ancien au plus récent, sur {MAX_DAYS} jours au plus : corrigez "
    "les dates.",
    en=f"A period goes from one day to another, the oldest first, over at most {MAX_DAYS} days: correct the dates.",
)
_BAD_MONTH: Final = Text(
    fr="Ce mois n'existe pas : écrivez-le AAAA-MM, par exemple 2026-10.",
    en="There is no such month: write it YYYY-MM, for example 2026-10.",
)
_FIRST, _LAST = date(2000, 1, 1), date(2199, 12, 31)


@dataclass(frozen=True, slots=True)
class Period:
    """Legal days ``first`` to ``last``, both included.

    Raises:
        BadInputError: the last day comes first, or the period is longer than `MAX_DAYS`.
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        in_range = _FIRST <= self.first <= self.last <= _LAST
        if not in_range or (self.last - self.first).days >= MAX_DAYS:
            raise BadInputError(_BAD)

    @classmethod
    def month(cls, name: str) -> "Period":
        """A calendar month, written ``2026-10``.

        Raises:
            BadInputError: there is no such month.
        """
        try:
            first = datetime.strptime(name, "%Y-%m").replace(tzinfo=UTC).date()
        except ValueError as error:
            raise BadInputError(_BAD_MONTH) from error
        if name != first.strftime("%Y-%m"):
            raise BadInputError(_BAD_MONTH)
        return cls(first, following(first) - timedelta(days=1))

    @property
    def span(self) -> WallRange:
        """From the first midnight to the last, in legal time."""
        return WallRange(_midnight(self.first), _midnight(self.last + timedelta(days=1)))

    def closed_months(self, today: date) -> Iterator["Period"]:
        """The calendar months that lie wholly in this period and are over, oldest first."""
        first = self.first if self.first.day == 1 else following(self.first)
        while (after := following(first)) <= min(self.last + timedelta(days=1), today):
            yield Period(first, after - timedelta(days=1))
            first = after

    @property
    def name(self) -> str:
        """``2026-10`` for a calendar month, else both days."""
        whole = self.first.day == 1 and following(self.first) == self.last + timedelta(days=1)
        return self.first.strftime("%Y-%m") if whole else f"{self.first.isoformat()}_{self.last.isoformat()}"


def following(day: date) -> date:
    """The first day of the month after this day's."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def legal_day(wall_us: int) -> date:
    """The legal day of an instant."""
    return instant(wall_us).astimezone(ZONE).date()


def told(wall_us: int) -> str:
    """An instant in legal time, to the second: “01/10/2026 14:03:22”."""
    return paper_time(wall_us, ZONE)


def told_range(span: WallRange | None) -> str:
    """A range in legal time; the second day only where it differs."""
    if span is None or span.duration_s <= 0:
        return ""
    begin, end = told(span.from_us), told(span.to_us)
    return f"{begin} – {end[11:] if begin[:10] == end[:10] else end}"


def _midnight(day: date) -> int:
    return to_wall_us(datetime.combine(day, time(), ZONE))
