"""Deadlines and closed grounds of a filmed person's request."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beffroi.domain.clock import instant, to_wall_us
from beffroi.domain.errors import BadInputError
from beffroi.evidence.deskrules import Call, CaseKind, Frame, beyond_us, check_call
from beffroi.evidence.subjectrules import (
    BEFORE_TERM_US,
    DAY_US,
    Decision,
    DueWhy,
    Ground,
    Missing,
    Outcome,
    Regime,
    Wish,
    check_decision,
    due,
    regime_of,
)
from beffroi.publish.subjectletter import Answered, letter_pdf, paragraphs

PARIS = ZoneInfo("Europe/Paris")
DAYS = st.dates(date(2024, 1, 1), date(2032, 12, 31))


def end_of(day: date) -> int:
    return to_wall_us(datetime.combine(day + timedelta(days=1), datetime.min.time(), PARIS).astimezone(UTC))


@pytest.mark.parametrize(
    ("received", "last"),
    [
        (date(2026, 3, 2), date(2026, 4, 2)),
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2028, 1, 31), date(2028, 2, 29)),
        (date(2026, 12, 15), date(2027, 1, 15)),
        (date(2026, 2, 28), date(2026, 3, 28)),
        (date(2026, 9, 25), date(2026, 10, 25)),  # the night when clocks go back: 25 hours
    ],
)
def test_a_month_date_to_date_to_the_end_of_the_day(received: date, last: date) -> None:
    found = due(received)
    assert (found.at_us, found.why) == (end_of(last), DueWhy.MONTH)


@given(received=DAYS, terms=st.lists(st.integers(-5, 60), max_size=4))
def test_whichever_comes_first_and_never_later_than_either(received: date, terms: list[int]) -> None:
    begun = to_wall_us(datetime.combine(received, datetime.min.time(), PARIS).astimezone(UTC))
    ends = [begun + days * DAY_US for days in terms]
    found = due(received, ends)
    month = due(received).at_us
    assert found.at_us == min([month, *(one - BEFORE_TERM_US for one in ends)])
    assert 28 * DAY_US <= month - begun <= 33 * DAY_US
    assert found.late(found.at_us)
    assert not found.late(found.at_us - 1)
    assert found.soon(found.at_us - 3 * DAY_US)
    later = due(received, [one + DAY_US for one in ends])
    assert later.at_us >= found.at_us, "images that live longer never shorten the delay"


@given(
    wish=st.sampled_from(Wish),
    outcome=st.sampled_from(Outcome),
    ground=st.none() | st.sampled_from(Ground),
    missing=st.none() | st.sampled_from(Missing),
    reason=st.sampled_from(["", "  ", "enquête"]),
    nobody=st.booleans(),
    cameras=st.integers(0, 2),
    identified=st.booleans(),
)
def test_which_decisions_there_are(  # noqa: PLR0917  the whole table
    wish: Wish,
    outcome: Outcome,
    ground: Ground | None,
    missing: Missing | None,
    reason: str,
    nobody: bool,
    cameras: int,
    identified: bool,
) -> None:
    images = wish in {Wish.VIEWING, Wish.COPY}
    fits = {
        Outcome.ROUTED: not images,
        Outcome.REFUSED: images and ground is not None and bool(reason.strip()),
        Outcome.NO_IMAGE: images and missing is not None,
        Outcome.COPY: images and identified and cameras > 0,
        Outcome.VIEWING: images and identified and cameras > 0 and nobody,
    }[outcome]
    decision = Decision(outcome, ground, missing, reason, nobody)
    if fits:
        check_decision(wish, decision, cameras=cameras, identified=identified)
        return
    with pytest.raises(BadInputError) as refused:
        check_decision(wish, decision, cameras=cameras, identified=identified)
    assert refused.value.text.fr
    assert refused.value.text.en


def test_the_hold_of_a_request_never_lengthens_an_image() -> None:
    for frame in Frame:
        assert beyond_us(CaseKind.SUBJECT, Call(frame=frame), paper=False) == 0
    with pytest.raises(BadInputError):
        check_call(CaseKind.SUBJECT, Call(frame=Frame.FLAGRANCE))


@pytest.mark.parametrize(
    ("titles", "regime"),
    [
        (["II"], Regime.GDPR),
        (["II", "II"], Regime.GDPR),
        (["II", "III"], Regime.LIL3),
        (["III-default"], Regime.LIL3),
        (["II", "IV", "III"], Regime.LIL4),
        ([], Regime.LIL3),
    ],
)
def test_the_most_restricted_regime_rules(titles: list[str], regime: Regime) -> None:
    assert regime_of(titles) is regime


def answers() -> list[Answered]:
    """Every answer there may be."""
    shapes = [(Wish.COPY, Outcome.REFUSED, one.value) for one in Ground]
    shapes += [(Wish.COPY, Outcome.NO_IMAGE, one.value) for one in Missing]
    shapes += [(one, Outcome.ROUTED, "") for one in (Wish.OBJECTION, Wish.RECTIFICATION, Wish.ERASURE)]
    shapes += [(Wish.VIEWING, one, "") for one in (Outcome.VIEWING, Outcome.COPY)]
    return [
        Answered(
            "P-1",
            "Le maire de Le Havre",
            "2 mars 2026",
            "1er mars 2026",
            wish,
            outcome,
            ground,
            "{x} #[y]",
            regime,
            "1er avril 2026",
        )
        for wish, outcome, ground in shapes
        for regime in Regime
    ]


def test_every_answer_has_its_words_and_its_remedies() -> None:
    for answer in answers():
        words = " ".join(paragraphs(answer))
        assert "{x} #[y]" in words, "what the controller wrote stands as it is"
        assert "L.253-5" in words
        assert "CNIL" in words
        assert "tribunal administratif" in words
        assert "malgré notre demande" not in words, "nothing records that identity was asked for"
        restricted = answer.outcome in {Outcome.REFUSED, Outcome.ROUTED}
        assert ("article 107" in words and "article 108" in words) is (restricted and answer.regime is Regime.LIL3)
        if answer.wish is Wish.OBJECTION:
            assert "R.253-6, V" in words


def test_the_letter_is_a_pdf_and_the_same_each_time() -> None:
    answer, on = answers()[0], instant(1_772_442_000_000_000)
    made = letter_pdf(answer, on=on)
    assert made.startswith(b"%PDF-")
    assert made == letter_pdf(answer, on=on)
