"""The order's minimum: whatever is accepted can be kept, in every zone and on every date; what is refused cannot."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from beffroi.domain.clock import to_wall_us
from beffroi.domain.termrule import longest_minimum, minimum_fits
from beffroi.vault.sealing import HOUR_US
from beffroi.vault.term import hour_term_end_us, minimum_end_us

ZONES = [
    *("Europe/Paris", "Indian/Reunion", "America/Martinique", "Pacific/Noumea", "America/Miquelon"),
    *("Pacific/Tahiti", "Indian/Mayotte", "America/Cayenne", "Pacific/Wallis"),
]
FIRST_HOUR = to_wall_us(datetime(2023, 12, 1, tzinfo=UTC)) // HOUR_US
hours = st.integers(FIRST_HOUR, FIRST_HOUR + 24 * 366 * 6)


@settings(max_examples=600, deadline=None)
@given(hour=hours, most=st.integers(1, 31), zone=st.sampled_from(ZONES), data=st.data())
def test_nothing_within_an_accepted_minimum_dies_early(hour: int, most: int, zone: str, data: st.DataObject) -> None:
    """The first and the last image of the hour are both kept their minimum when the hour's key dies at its term."""
    least = data.draw(st.integers(0, longest_minimum(most)))
    inside = data.draw(st.sampled_from([0, HOUR_US // 2, HOUR_US - 1]))
    image_us = hour * HOUR_US + inside
    assert minimum_fits(least, most)
    assert minimum_end_us(image_us, least, zone) <= hour_term_end_us(hour, most, zone)


def test_what_is_refused_would_break_on_some_date() -> None:
    """For each refused pair there is an hour whose last image would die within its minimum: the rule is tight."""
    zone, checked = "Europe/Paris", 0
    starts = [
        to_wall_us(datetime(2026, 1, 31, 10, tzinfo=ZoneInfo(zone)) + timedelta(days=n)) // HOUR_US for n in range(60)
    ]
    for most in range(1, 32):
        for least in range(longest_minimum(most) + 1, 32):
            assert not minimum_fits(least, most)
            assert any(
                minimum_end_us((hour + 1) * HOUR_US - 1, least, zone) > hour_term_end_us(hour, most, zone)
                for hour in starts
            ), (least, most)
            checked += 1
    assert checked == sum(31 - longest_minimum(most) for most in range(1, 32))
