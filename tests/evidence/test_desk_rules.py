"""The desk's rules as laws: nothing outside a requisition ever passes, whatever is asked; what passes is inside."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import worlds

from beffroi.domain.documents import Document, DocumentKind, JsonValue
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Camera, Facts
from beffroi.domain.ids import CameraId, DocumentId
from beffroi.domain.ranges import WallRange
from beffroi.evidence.deskrules import (
    DAY_US,
    GRACE_US,
    Call,
    CaseKind,
    Frame,
    Minutes,
    OutsideScopeError,
    Title,
    beyond_us,
    check_call,
    check_scope,
    checked_minutes,
    titles_of,
    until_us,
    within,
)
from beffroi.evidence.desksearch import Place, search

CAMERAS = st.sampled_from([CameraId("a"), CameraId("b"), CameraId("c")])
RANGES = st.tuples(st.integers(0, 60), st.integers(1, 30)).map(lambda one: WallRange(one[0], one[0] + one[1]))
LINES = st.lists(st.builds(Minutes, CAMERAS, RANGES), max_size=5)
TITLES = st.lists(st.builds(Title, st.just(DocumentId("requisition/x")), st.frozensets(CAMERAS), RANGES), max_size=4)


def instants(one: Minutes) -> set[tuple[str, int]]:
    return {(one.camera, at) for at in range(one.range.from_us, one.range.to_us)}


def let_leave(titles: list[Title]) -> set[tuple[str, int]]:
    return {
        (camera, at) for one in titles for camera in one.cameras for at in range(one.range.from_us, one.range.to_us)
    }


@given(asked=LINES, titles=TITLES)
def test_nothing_outside_passes(asked: list[Minutes], titles: list[Title]) -> None:
    try:
        check_scope(asked, titles)
    except OutsideScopeError:
        return
    assert set().union(*map(instants, asked)) <= let_leave(titles)


@given(held=LINES, titles=TITLES)
def test_all_that_may_leave_is_held_and_inside_and_nothing_else(held: list[Minutes], titles: list[Title]) -> None:
    found = within(held, titles)
    check_scope(found, titles)
    told: set[tuple[str, int]] = set().union(*map(instants, found))
    assert told == set().union(*map(instants, held)) & let_leave(titles)


@given(
    asked=LINES,
    titles=TITLES,
    more=st.builds(Title, st.just(DocumentId("requisition/y")), st.frozensets(CAMERAS), RANGES),
)
def test_a_complement_only_widens(asked: list[Minutes], titles: list[Title], more: Title) -> None:
    try:
        check_scope(asked, titles)
    except OutsideScopeError:
        return
    check_scope(asked, [*titles, more])


def paper(**fields: JsonValue) -> Document:
    told: dict[str, JsonValue] = {"from": "2026-03-02T08:00:00+01:00", "to": "2026-03-02T09:00:00+01:00", **fields}
    return worlds.paper(DocumentKind.REQUISITION, "x", cameras=("cx",), fields=told)


@pytest.mark.parametrize(
    "wrong",
    [{"from": "hier"}, {"to": "2026-03-02T07:00:00+01:00"}, {"from": 3}, {"to": ""}, {"from": "2026-13-01T00:00:00Z"}],
)
def test_a_requisition_that_cannot_be_read_lets_nothing_leave(wrong: dict[str, JsonValue]) -> None:
    at = datetime(2026, 3, 3, tzinfo=UTC)
    assert len(titles_of(Facts.of(documents=[paper()]), ["requisition/x"], at)) == 1
    assert titles_of(Facts.of(documents=[paper(**wrong)]), ["requisition/x"], at) == []
    assert titles_of(Facts.of(documents=[paper()]), ["requisition/other"], at) == []
    assert titles_of(Facts.of(documents=[paper()]), ["requisition/x"], datetime(2031, 1, 1, tzinfo=UTC)) == []


def test_how_long_each_kind_lasts() -> None:
    called = Call("OPJ", "service", "01", verified=True, frame=Frame.FLAGRANCE)
    assert beyond_us(CaseKind.REQUISITION, called, paper=False) == GRACE_US == 7 * DAY_US
    assert beyond_us(CaseKind.REQUISITION, Call("OPJ", "service"), paper=False) == 0
    assert beyond_us(CaseKind.SAFEGUARD, Call(), paper=False) == 0
    span = WallRange(0, DAY_US)
    assert until_us(span, 0, 5 * DAY_US, paper=False) == 33 * DAY_US
    check_call(CaseKind.REQUISITION, called)
    for wrong in (Call("OPJ", "s", "01", verified=False, frame=Frame.PRELIMINARY), Call("", "s"), Call("OPJ", "")):
        with pytest.raises(BadInputError):
            check_call(CaseKind.REQUISITION, wrong)
    with pytest.raises(BadInputError):
        check_call(CaseKind.SAFEGUARD, called)


@given(wanted=LINES)
def test_lines_that_are_held_never_cross(wanted: list[Minutes]) -> None:
    try:
        found = checked_minutes(wanted, 100)
    except BadInputError:
        return
    for one in found:
        assert not any(
            one != other and one.camera == other.camera and one.range.overlaps(other.range) for other in found
        )
    with pytest.raises(BadInputError):
        checked_minutes([], 100, held=found)


def test_a_camera_without_coordinates_is_found_by_words_alone() -> None:
    cameras: list[Camera] = worlds.cameras()
    placed = [
        Camera(CameraId("near"), "Église", worlds.X, cameras[0].origin, "sX", latitude_deg=49.0, longitude_deg=2.0)
    ]
    found = search([*cameras, *placed], worlds.NAMES, Place(49.001, 2.0, 200, "place du marche"))
    assert [one.camera.id for one in found] == ["near", "cx"]
    assert found[0].distance_m is not None
    assert 100 < found[0].distance_m < 120
    assert search(placed, worlds.NAMES, Place(49.01, 2.0, 200)) == []
    assert [one.camera.id for one in search(placed, worlds.NAMES, Place(words="eglise"))] == ["near"]
    assert search(placed, worlds.NAMES, Place(words="  ")) == []
