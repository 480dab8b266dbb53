"""Rules of viewing on site as laws: no view outside of a requisition that says so, lines are the marks, one end."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import worlds

from beffroi.domain.documents import Document, DocumentKind, JsonValue
from beffroi.domain.errors import BadInputError, RefusedError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId, DocumentId
from beffroi.domain.ranges import WallRange
from beffroi.evidence.deskrules import Minutes, Title
from beffroi.evidence.onsiterules import (
    Cause,
    Limits,
    NoViewingError,
    Outcome,
    Paper,
    check_ask,
    check_confirm,
    check_end,
    check_mark,
    lines_of,
    papers_of,
    same,
    title_for,
    why_over,
)

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
CAMERAS = st.sampled_from([CameraId("a"), CameraId("b")])
RANGES = st.tuples(st.integers(0, 60), st.integers(1, 30)).map(lambda one: WallRange(one[0], one[0] + one[1]))
LINES = st.builds(Minutes, CAMERAS, RANGES)
PAPERS = st.lists(
    st.builds(
        Paper,
        st.builds(Title, st.just(DocumentId("requisition/x")), st.frozensets(CAMERAS), RANGES),
        st.just("1"),
        st.just("service"),
        st.just("opj"),
    ),
    max_size=4,
)


def instants(lines: Sequence[Minutes]) -> set[tuple[str, int]]:
    return {(one.camera, at) for one in lines for at in range(one.range.from_us, one.range.to_us)}


def disjoint(lines: Sequence[Minutes]) -> bool:
    return sum(one.range.to_us - one.range.from_us for one in lines) == len(instants(lines))


@given(LINES, PAPERS)
def test_what_is_seen_lies_within_one_paper(asked: Minutes, papers: list[Paper]) -> None:
    within = any(instants([asked]) <= instants([Minutes(c, p.title.range) for c in p.title.cameras]) for p in papers)
    if within:
        assert title_for(asked, papers) == "requisition/x"
    else:
        with pytest.raises(RefusedError):
            title_for(asked, papers)


@given(LINES, PAPERS, st.lists(LINES, max_size=3))
def test_a_mark_lies_within_the_paper_and_within_what_was_opened(
    asked: Minutes, papers: list[Paper], seen: list[Minutes]
) -> None:
    try:
        check_mark(asked, papers, seen)
    except (RefusedError, BadInputError):
        return
    assert title_for(asked, papers)
    assert any(instants([asked]) <= instants([one]) for one in seen)


@given(st.lists(LINES, max_size=5), st.lists(LINES, max_size=5))
def test_the_lines_of_a_delivery_are_the_marks(marks: list[Minutes], wanted: list[Minutes]) -> None:
    held: list[Minutes] = []
    for one in wanted:  # holds of one camera never overlap
        if not any(one.camera == other.camera and one.range.overlaps(other.range) for other in held):
            held.append(one)
    fresh, lines = lines_of(marks, held)
    assert instants(lines) == instants(marks)
    assert disjoint(lines)
    assert all(any(instants([line]) <= instants([mark]) for mark in marks) for line in lines), "each within one mark"
    assert all(any(instants([line]) <= instants([one]) for one in [*held, *fresh]) for line in lines), "and one hold"
    assert instants(fresh) == instants(marks) - instants(held)
    assert set(fresh) <= set(lines)


def d15(name: str, **more: JsonValue) -> Document:
    fields: dict[str, JsonValue] = {
        "opj": "OPJ",
        "service": "Brigade  de Recherches",
        "frame": "flagrance",
        "article": "60-1",
        "from": "2026-03-02T09:00:00+01:00",
        "to": "2026-03-02T10:00:00+01:00",
        **more,
    }
    return worlds.paper(DocumentKind.REQUISITION, name, cameras=("cx",), fields=fields)


def test_only_a_requisition_that_says_so_opens_viewing() -> None:
    papers = [d15("yes", onsite_viewing=True), d15("no", onsite_viewing=False), d15("unsaid")]
    papers += [d15("word", onsite_viewing="oui"), d15("other", onsite_viewing=True, service="police")]
    facts = Facts.of(revision=1, persons=[], bodies=worlds.bodies(), cameras=worlds.cameras(), documents=papers)
    names = [str(one.id) for one in papers]
    assert [one.title.document for one in papers_of(facts, names, AT)] == ["requisition/yes", "requisition/other"]
    assert [one.title.document for one in papers_of(facts, names, AT, "brigade de RECHERCHES ")] == ["requisition/yes"]
    assert papers_of(facts, ["prefect_order/none", "requisition/none"], AT) == []
    suspended = worlds.suspended(facts, "requisition/yes")
    assert [one.title.document for one in papers_of(suspended, names, AT)] == ["requisition/other"]


PAPER = Paper(Title(DocumentId("requisition/x"), frozenset(), WallRange(0, 1)), "2026/12", "Brigade", "OPJ")
READ = {"investigator": "Adjudante", "service": "brigade ", "number": "2026/12"}


@pytest.mark.parametrize(
    "more", [{"card": False}, {"investigator": "  "}, {"service": "police"}, {"number": "2026/13"}, {"number": ""}]
)
def test_card_and_paper_are_compared(more: dict[str, object]) -> None:
    check_ask([PAPER], **READ, card=True)
    with pytest.raises(BadInputError):
        check_ask([PAPER], **{**READ, "card": True, **more})  # type: ignore[arg-type]  # one of them wrong at a time
    with pytest.raises(NoViewingError):
        check_ask([], **READ, card=True)


def test_a_name_is_the_same_but_for_case_and_spaces() -> None:
    check_confirm("Adjudante  Essai", "adjudante essai")
    assert not same("", " ")
    for wrong in ("", "Adjudante", "Adjudante Essais"):
        with pytest.raises(BadInputError):
            check_confirm("Adjudante Essai", wrong)


@given(st.sampled_from(Outcome), st.sampled_from([None, *Cause]), st.booleans(), st.integers(0, 3))
def test_one_end_and_what_it_needs(outcome: Outcome, cause: Cause | None, viewed: bool, marks: int) -> None:
    may = {
        Outcome.EXTRACT: marks > 0 and cause is None,
        Outcome.NOTHING: viewed and marks == 0 and cause is None,
        Outcome.INTERRUPTED: cause in {Cause.LEFT, Cause.CALLED, Cause.FAULT},
    }[outcome]
    if may:
        check_end(outcome, cause, viewed=viewed, marks=marks)
    else:
        with pytest.raises(BadInputError):
            check_end(outcome, cause, viewed=viewed, marks=marks)


def test_it_is_over_by_itself() -> None:
    limits = Limits(longest_s=100, idle_s=10, confirm_s=20)

    def over(
        asked_s: float = 0,
        opened_s: float | None = 0.0,
        idle_s: float = 0,
        papers: Sequence[Paper] = (PAPER,),
        *,
        here: bool = True,
        closed: bool = False,
    ) -> Cause | None:
        return why_over(
            limits,
            asked_s=asked_s,
            opened_s=opened_s,
            idle_s=idle_s,
            papers=papers,
            logged_in=here,
            closed=closed,
        )

    assert over(99, 99.9, 9.9) is None
    assert over(19.9, None, 19) is None
    assert over(20, None) is Cause.UNCONFIRMED
    assert over(100, 100.0) is Cause.TIME
    assert over(50, 50.0, 10) is Cause.IDLE
    assert over(papers=()) is Cause.WITHDRAWN
    assert over(here=False) is Cause.SESSION
    assert over(papers=(), here=False, closed=True) is Cause.CLOSED
