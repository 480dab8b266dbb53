"""The term: date to date in legal time, at most a month, through nights of changing hour and ends of month."""

import calendar
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beffroi.domain.clock import ManualClock, instant, to_wall_us
from beffroi.domain.errors import BadInputError
from beffroi.vault.clockwatch import ABSENCE_MAX_US, PAUSE_MAX_S, STEP_TOLERANCE_US, ClockWatch
from beffroi.vault.sealing import HOUR_US
from beffroi.vault.term import (
    TermRefusedError,
    check_term_days,
    hour_term_end_us,
    legal_zone,
    term_end_us,
)

ZONES = ["Europe/Paris", "Indian/Reunion", "America/Martinique", "Pacific/Noumea", "America/Miquelon", "Pacific/Tahiti"]
"""Metropolitan and overseas legal times; Saint-Pierre-et-Miquelon changes its hour on American dates."""

DAY_US = 86_400_000_000
hours = st.integers(int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) // 3600, 17_532 * 3 + 490_000)
terms = st.integers(1, 31)


def local(text: str, zone: str = "Europe/Paris", fold: int = 0) -> int:
    return to_wall_us(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold))


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-03-02T09:00", 15, "2026-03-17T09:00"),
        ("2026-01-31T10:00", 31, "2026-02-28T10:00"),
        ("2026-01-31T10:00", 30, "2026-02-28T10:00"),
        ("2026-01-30T10:00", 30, "2026-02-28T10:00"),
        ("2026-02-01T10:00", 30, "2026-03-01T10:00"),
        ("2024-02-01T10:00", 30, "2024-03-01T10:00"),
        ("2024-01-31T10:00", 31, "2024-02-29T10:00"),
        ("2024-01-31T10:00", 29, "2024-02-29T10:00"),
        ("2026-03-31T10:00", 31, "2026-04-30T10:00"),
        ("2026-07-01T10:00", 31, "2026-08-01T10:00"),
        ("2026-07-01T10:00", 30, "2026-07-31T10:00"),
        ("2026-12-15T23:00", 31, "2027-01-15T23:00"),
        ("2026-12-31T23:00", 1, "2027-01-01T23:00"),
    ],
)
def test_date_to_date_and_never_more_than_a_month(start: str, days: int, end: str) -> None:
    assert term_end_us(local(start), days, "Europe/Paris") == local(end)


def test_the_night_that_loses_an_hour() -> None:
    """29 March 2026: 02:00 to 03:00 does not exist in Paris. The term ends at the earlier reading, 01:30 UTC+1."""
    assert term_end_us(local("2026-03-27T02:30"), 2, "Europe/Paris") == to_wall_us(
        datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    )
    over = local("2026-03-20T12:00")
    assert term_end_us(over, 15, "Europe/Paris") - over == 15 * DAY_US - HOUR_US


def test_the_night_that_has_an_hour_twice() -> None:
    """25 October 2026: 02:00 to 03:00 exists twice. The term ends at the first."""
    assert term_end_us(local("2026-10-24T02:30"), 1, "Europe/Paris") == local("2026-10-25T02:30", fold=0)
    for fold in (0, 1):
        start = local("2026-10-25T02:30", fold=fold)
        assert term_end_us(start, 1, "Europe/Paris") == local("2026-10-26T02:30")


def test_overseas_has_its_own_dates() -> None:
    """The same instant is another date in Nouméa: its month ends on another day."""
    start = to_wall_us(datetime(2026, 1, 30, 20, 0, tzinfo=UTC))
    assert instant(term_end_us(start, 31, "Europe/Paris")) == datetime(2026, 2, 28, 20, 0, tzinfo=UTC)
    assert instant(term_end_us(start, 31, "Pacific/Noumea")) == datetime(2026, 2, 27, 20, 0, tzinfo=UTC)
    for zone in ("Indian/Reunion", "America/Martinique", "Pacific/Noumea"):
        assert term_end_us(local("2026-03-20T12:00", zone), 15, zone) == local("2026-03-20T12:00", zone) + 15 * DAY_US


@settings(max_examples=400, deadline=None)
@given(hour=hours, days=terms, zone=st.sampled_from(ZONES))
def test_laws_of_the_term(hour: int, days: int, zone: str) -> None:
    start, end = hour * HOUR_US, hour_term_end_us(hour, days, zone)
    began, ends = instant(start).astimezone(ZoneInfo(zone)), instant(end).astimezone(ZoneInfo(zone))
    assert end > start, "an image has a life"
    assert end - start <= days * DAY_US + HOUR_US, "at most the days of the order, and the hour the night gives back"
    month = calendar.monthrange(began.year, began.month)[1]
    assert end - start <= month * DAY_US + HOUR_US, "at most one month"
    assert ends.date() <= began.date() + timedelta(days=days)
    assert (ends.year * 12 + ends.month) - (began.year * 12 + began.month) <= 1
    assert days == 1 or end >= hour_term_end_us(hour, days - 1, zone), "a longer term never ends earlier"


@settings(max_examples=200, deadline=None)
@given(hour=hours, days=st.integers(1, 27), zone=st.sampled_from(ZONES))
def test_below_a_month_a_later_hour_never_dies_before_an_earlier_one(hour: int, days: int, zone: str) -> None:
    assert hour_term_end_us(hour + 1, days, zone) >= hour_term_end_us(hour, days, zone)


@settings(max_examples=200, deadline=None)
@given(hour=hours, days=terms, zone=st.sampled_from(ZONES), inside=st.integers(0, HOUR_US - 1))
def test_no_image_of_the_hour_outlives_its_own_term(hour: int, days: int, zone: str, inside: int) -> None:
    """The key's term, counted from the start of its hour, comes at or before that of every image under it."""
    assert hour_term_end_us(hour, days, zone) <= term_end_us(hour * HOUR_US + inside, days, zone)


@pytest.mark.parametrize("bad", [0, -1, 32, 365, True, 15.0, "15", None])
def test_a_term_out_of_the_law_is_refused(bad: object) -> None:
    with pytest.raises(TermRefusedError) as caught:
        check_term_days(bad)
    assert "L.252-5" in caught.value.text.fr


@pytest.mark.parametrize(
    "bad", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "Europe/Paris\x00", "Europe"]
)
def test_a_zone_out_of_this_world_is_refused(bad: str) -> None:
    with pytest.raises(BadInputError):
        legal_zone(bad)


class TestClockDoubt:
    def test_clocks_that_agree(self) -> None:
        clock = ManualClock()
        watch = ClockWatch(clock)
        end = clock.wall_us() + 60_000_000
        assert not watch.judge(end).due
        clock.advance(60)
        assert (watch.judge(end).due, watch.judge(end).doubtful, watch.judge(end).refuse) == (True, False, True)

    def test_drift_within_500_ppm_over_a_month_is_no_doubt(self) -> None:
        clock = ManualClock()
        watch = ClockWatch(clock)
        for _ in range(30):
            clock.advance(86_400)
            clock.step(86_400 * 0.0004)
            assert not watch.doubtful()

    @pytest.mark.parametrize("jump_s", [-3600, -6, 6, 3600, 40 * 86_400])
    def test_a_step_is_a_doubt_and_either_clock_refuses(self, jump_s: float) -> None:
        clock = ManualClock()
        watch = ClockWatch(clock)
        clock.step(jump_s)
        verdict = watch.judge(clock.wall_us())
        assert verdict.doubtful
        assert not verdict.due
        assert verdict.refuse
        far = watch.judge(max(clock.wall_us(), watch.steady_us()) + DAY_US)
        assert not far.refuse

    def test_a_small_step_is_none(self) -> None:
        clock = ManualClock()
        watch = ClockWatch(clock)
        clock.step(STEP_TOLERANCE_US / 1_000_000 - 0.1)
        assert not watch.doubtful()

    def test_a_clock_found_before_the_last_known_instant(self) -> None:
        clock = ManualClock()
        watch = ClockWatch(clock, last_wall_us=clock.wall_us() + 3_600_000_000)
        assert watch.doubtful()
        assert watch.judge(clock.wall_us()).refuse

    def test_the_pause_lasts_a_day_and_ends_when_the_clocks_agree(self) -> None:
        clock = ManualClock()
        watch = ClockWatch(clock)
        end = clock.wall_us() + 3_600_000_000
        clock.step(-7200)
        assert watch.doubtful()
        clock.advance(PAUSE_MAX_S - 1)
        assert not watch.judge(end).due
        clock.advance(1)
        assert watch.judge(end).due
        clock.step(7200)
        assert watch.doubt_s() == 0
        assert not watch.judge(end).doubtful

    def test_a_start_long_after_the_last_known_instant_waits_a_day_then_the_wall_decides(self) -> None:
        """Off for long, or set wrong? One day to say so; then the term is a maximum."""
        clock = ManualClock()
        watch = ClockWatch(clock, last_wall_us=clock.wall_us() - ABSENCE_MAX_US - 1)
        end = clock.wall_us()
        assert (watch.judge(end).due, watch.judge(end).doubtful, watch.judge(end).refuse) == (False, True, True)
        clock.advance(PAUSE_MAX_S)
        assert (watch.judge(end).due, watch.judge(end).doubtful) == (True, False)
        settled = ClockWatch(clock, last_wall_us=clock.wall_us() - ABSENCE_MAX_US - 1)
        settled.settle()
        assert settled.judge(end).due

    def test_a_start_after_a_short_stop_or_the_very_first_is_no_doubt(self) -> None:
        clock = ManualClock()
        assert not ClockWatch(clock, last_wall_us=clock.wall_us() - ABSENCE_MAX_US).doubtful()
        assert not ClockWatch(clock).doubtful()
