"""The instants at which one asks again."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from tests.support.worlds import paper

from beffroi.domain.documents import DocumentKind, JsonValue
from beffroi.law.tonight.moments import Span, daily, moments

NIGHT = Span(datetime(2026, 3, 2, 17, 0, tzinfo=UTC), datetime(2026, 3, 3, 7, 0, tzinfo=UTC))
MIDNIGHT = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)


def test_the_hours_of_the_police_are_legal_time() -> None:
    assert daily(time(23), NIGHT) == (datetime(2026, 3, 2, 22, 0, tzinfo=UTC),)
    assert daily(time(6), NIGHT) == (datetime(2026, 3, 3, 5, 0, tzinfo=UTC),)


def test_the_hour_that_comes_twice_is_asked_twice() -> None:
    autumn = Span(datetime(2026, 10, 24, 20, 0, tzinfo=UTC), datetime(2026, 10, 25, 6, 0, tzinfo=UTC))
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert daily(time(2, 30), autumn) == (first, first + timedelta(hours=1))


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("hours", "07:00-22:30", [datetime(2026, 3, 2, 21, 30, tzinfo=UTC), datetime(2026, 3, 3, 6, 0, tzinfo=UTC)]),
        ("hours", "20:00 - 02:00", [datetime(2026, 3, 2, 19, 0, tzinfo=UTC), datetime(2026, 3, 3, 1, 0, tzinfo=UTC)]),
        ("event_ended_on", "2026-03-02", [MIDNIGHT]),
        ("event_ended_on", "2026-03-03", [MIDNIGHT]),
        ("event_ended_on", "2026-03-02T21:15:00+00:00", [datetime(2026, 3, 2, 21, 15, tzinfo=UTC)]),
        ("event_ended_on", "2026-03-02T21:15:00", [datetime(2026, 3, 2, 20, 15, tzinfo=UTC)]),
        ("hours", "toujours", []),
        ("dpo_opinion_on", "2026-13-45", []),
        ("natures", {"X": "2026-03-02"}, [MIDNIGHT]),
    ],
)
def test_what_a_field_tells(field: str, value: JsonValue, expected: list[datetime]) -> None:
    document = paper(DocumentKind.PREFECT_ORDER, "X", bodies=("X",), fields={field: value})
    assert list(moments(document, NIGHT)) == expected


def test_an_alert_lasts_a_quarter_of_an_hour() -> None:
    document = paper(DocumentKind.ALERT_RECORD, "h", fields={"opened_at": "2026-03-02T20:00:00+00:00"})
    opened = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
    assert moments(document, NIGHT) == (opened, opened + timedelta(minutes=15))


def test_the_last_minute_of_footage_enters_and_leaves_the_period_of_a_title() -> None:
    fields: dict[str, JsonValue] = {"from": "2026-03-02T20:00:00+00:00", "to": "2026-03-02T21:00:00+00:00"}
    found = moments(paper(DocumentKind.REQUISITION, "r", fields=fields), NIGHT)
    assert datetime(2026, 3, 2, 20, 1, tzinfo=UTC) in found
    assert datetime(2026, 3, 2, 21, 0, 0, 1, tzinfo=UTC) in found


@pytest.mark.parametrize(
    ("begins", "felt"), [(date(2021, 3, 3), True), (date(2025, 11, 3), True), (date(2022, 3, 3), False)]
)
def test_the_longest_life_of_an_order(begins: date, felt: bool) -> None:
    document = paper(DocumentKind.PREFECT_ORDER, "X", bodies=("X",), valid_from=begins)
    assert (MIDNIGHT in moments(document, NIGHT)) is felt


def test_the_ends_of_a_span_are_not_inside_it() -> None:
    document = paper(DocumentKind.AGREEMENT, "E-X", valid_from=NIGHT.start, valid_until=NIGHT.end)
    assert moments(document, NIGHT) == ()


@pytest.mark.parametrize("end", [NIGHT.start - timedelta(seconds=1), datetime(2026, 3, 3, 7, 0)])  # noqa: DTZ001
def test_a_span_that_is_none(end: datetime) -> None:
    with pytest.raises((ValueError, TypeError)):
        Span(NIGHT.start, end)
