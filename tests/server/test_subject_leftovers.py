"""What two persons agreed to is what leaves, while it is granted; and what the person wrote does not stay for ever."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.server.test_subject import SECOND, entered, entries, granted, held, prepared, reason, step
from tests.support.clips import clip
from tests.support.desktown import AGENT, DeskTown, desk_town
from tests.support.missionletter import letter

from beffroi.domain.clock import to_wall_us
from beffroi.domain.documents import DocumentKind
from beffroi.domain.errors import BadInputError, BrokenError
from beffroi.domain.ids import PersonId
from beffroi.domain.text import Text
from beffroi.evidence.deskrules import CaseKind
from beffroi.registry.subjecttables import SubjectRequestRow
from beffroi.server.subject import Subjects
from beffroi.server.subjectediting import Editings
from beffroi.server.subjectpublic import progress


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskTown]:
    with desk_town(tmp_path_factory.mktemp("leftovers") / "data") as one:
        one.record("cx", clip(count=250))
        yield one


def opened(place: DeskTown) -> tuple[str, str]:
    """A granted request and a copy of it whose pictures are open."""
    request = granted(place)
    name = prepared(place, request)
    assert step(place, request, f"copies/{name}/open", {"reason": reason(place)})[0] == 200
    return request, name


def test_a_copy_does_not_leave_once_the_access_is_withdrawn(place: DeskTown) -> None:
    request, name = opened(place)
    assert step(place, request, f"copies/{name}/build")[0] == 200
    assert step(place, request, f"copies/{name}/check", who=SECOND)[0] == 200
    path = f"/api/subject/requests/{request}/copies/{name}"
    assert place.town.person(AGENT).get(f"{path}/copie.zip").status == 200
    told = place.town.person(AGENT).get(f"/api/subject/requests/{request}").body
    place.town.centre.registry.withdraw(told["papers"][0]["id"], by=PersonId("mayorX"), reason="essai")
    for who, file in ((AGENT, "copie.zip"), (SECOND, "copie.zip"), (SECOND, "film.mp4")):
        assert place.town.person(who).get(f"{path}/{file}").status == 403, (who, file)


def test_what_was_looked_over_is_never_made_again(place: DeskTown) -> None:
    request, name = opened(place)
    editings: Editings = place.town.app.state.subjects
    editing = editings._open[name]
    before = editings.copies.subjects.store.request(request)
    assert step(place, request, f"copies/{name}/build")[0] == 200
    assert step(place, request, f"copies/{name}/check", who=SECOND)[0] == 200
    whole = editings.copies.path(name).read_bytes()
    with pytest.raises(BadInputError):  # asked of an editor that was opened while the copy was being made
        asyncio.run(editings.build(before, editing))
    assert editings.copies.path(name).read_bytes() == whole


def test_a_copy_that_the_register_does_not_have_is_not_left(place: DeskTown, monkeypatch: pytest.MonkeyPatch) -> None:
    request, name = opened(place)
    editings: Editings = place.town.app.state.subjects
    path, whole, seen = editings.copies.path(name), Subjects.enter, []

    async def silent(subjects: Subjects, outcome: str, *args: object) -> int:
        if outcome == "subject_copy_built":
            seen.append(path.exists())
            raise BrokenError(Text(fr="muet", en="silent"))
        return await whole(subjects, outcome, *args)  # type: ignore[arg-type]  # passed on as they came

    with monkeypatch.context() as shut:
        shut.setattr(Subjects, "enter", silent)
        assert step(place, request, f"copies/{name}/build")[0] == 503
    assert seen == [True], "it was made when the register fell silent"
    assert not path.exists()


@pytest.mark.parametrize(
    ("decision", "status"),
    [({"outcome": "copy"}, "confirmed"), ({"outcome": "refused", "ground": "court", "reason": "enquête"}, "withdrawn")],
)
def test_a_decision_that_the_register_did_not_take_is_made_again(
    place: DeskTown, monkeypatch: pytest.MonkeyPatch, decision: dict[str, str], status: str
) -> None:
    request, whole = held(place), Subjects.enter
    assert step(place, request, "propose")[0] == 200

    async def silent(subjects: Subjects, outcome: str, *args: object) -> int:
        if outcome == "subject_decided":
            raise BrokenError(Text(fr="muet", en="silent"))
        return await whole(subjects, outcome, *args)  # type: ignore[arg-type]  # passed on as they came

    with monkeypatch.context() as shut:
        shut.setattr(Subjects, "enter", silent)
        assert step(place, request, "decide", decision, "mayorX")[0] == 503
    code, body = step(place, request, "decide", decision, "mayorX")
    assert (code, body.get("outcome"), body["papers"][0]["status"]) == (200, decision["outcome"], status), body


def test_a_granted_access_that_was_withdrawn_meanwhile_is_not_granted(place: DeskTown) -> None:
    request = held(place)
    paper = step(place, request, "propose")[1]["papers"][0]["id"]
    place.town.centre.registry.withdraw(paper, by=PersonId("mayorX"), reason="essai")
    assert step(place, request, "decide", {"outcome": "copy"}, "mayorX")[0] == 422


def test_a_request_whose_hold_was_refused_closes_like_others(place: DeskTown) -> None:
    request = str(entered(place)["id"])
    editings: Editings = place.town.app.state.subjects
    subjects = editings.copies.subjects
    case = subjects.desk.store.open(
        CaseKind.SUBJECT, PersonId(AGENT)
    )  # as `register` leaves it when the hold is refused
    subjects.store.set(request, case=case.row.id)
    body = {"outcome": "no_image", "missing": "destroyed"}
    assert step(place, request, "decide", body, "mayorX")[0] == 200
    assert step(place, request, "answered")[0] == 200
    asyncio.run(place.town.app.state.subject_round.once())
    row = subjects.store.request(request).row
    assert (row.closed_why, row.contact) == ("answered", "")


@pytest.mark.parametrize("left", ["unrouted", "undecided", "held", "unanswered"])
def test_a_request_that_nobody_answered_ends_too(place: DeskTown, left: str) -> None:
    request = held(place) if left == "held" else str(entered(place, wish="objection", channel="desk")["id"])
    if left == "unanswered":
        assert step(place, request, "decide", {"outcome": "routed", "reason": "précision"}, "mayorX")[0] == 200
    subjects = place.town.app.state.subjects.copies.subjects
    commune = "" if left == "unrouted" else "X"
    long_ago = to_wall_us(datetime(2025, 11, 1, tzinfo=UTC))
    decided = {"decided_us": long_ago} if left == "unanswered" else {}

    def after(received_on: str, **more: int) -> SubjectRequestRow:
        """The request as it is after a round, had it been received that day."""
        known = {"received_us": long_ago, **decided, **more}
        subjects.store.set(request, commune=commune, commune_said="Bourg Neuf", received_on=received_on, **known)
        asyncio.run(place.town.app.state.subject_round.once())
        row: SubjectRequestRow = subjects.store.request(request).row
        return row

    row = after("2025-10-30")  # due with 30 November: the three months end with this day
    assert (row.closed_us, row.contact) == (None, "poste restante")
    told = place.town.person(AGENT).get(f"/api/subject/requests/{request}").body
    assert left == "unrouted" or told["due"]["late"] is (left != "unanswered"), "the alarm stays until then"
    assert after("2025-10-29", received_us=place.town.clock.wall_us()).closed_us is None, "only just entered"
    if left == "unanswered":
        assert after("2025-10-29", decided_us=place.town.clock.wall_us()).closed_us is None, "only just decided"
    row = after("2025-10-29")
    assert (row.closed_us is not None, row.closed_why) == (True, "lapsed")
    assert {row.contact, row.place, row.recognise, row.reason, row.commune_said, row.day, row.hours} == {""}
    closed = [one.detail["why"] for one in entries(place) if one.detail.get("case") == request and "why" in one.detail]
    assert closed == ["lapsed"]
    waiting = [one.row for one in subjects.store.listed(None)]
    (at,) = [n for n, one in enumerate(waiting) if one.id == request]
    assert all(one.decided_us is not None or one.closed_us is not None for one in waiting[at:]), (
        "hides none that is due"
    )
    assert "sans qu'une réponse" in progress({"closed": row.closed_why}, "")
    if left != "unrouted":
        assert place.town.person("mayorX").get(f"/api/subject/requests/{request}").body["may"]["decide"] is False


def test_an_inspector_s_letter_bounds_the_requests_too(place: DeskTown) -> None:
    town, inspector = place.town, place.town.person("inspector")
    inside, unrouted = str(entered(place)["id"]), str(entered(place)["id"])
    subjects = town.app.state.subjects.copies.subjects
    subjects.store.set(unrouted, commune="")

    def told() -> tuple[set[str], list[int]]:
        listed = {one["id"] for one in inspector.get("/api/subject/requests").body} & {inside, unrouted}
        return listed, [inspector.get(f"/api/subject/requests/{one}").status for one in (inside, unrouted)]

    assert told() == ({inside, unrouted}, [200, 200]), "without a letter everything is open"
    with letter(town, "another-commune", bodies="Y"):
        assert told() == (set(), [404, 404])
    with letter(town, "its-commune", bodies="X"):
        assert told() == ({inside}, [200, 404])


def test_an_order_that_ends_moves_no_image_s_end(place: DeskTown) -> None:
    """Last of this file: the camera's order is suspended."""
    request, case = held(place), place.open_case()
    assert place.hold(case, {"cx": (0, 3)}, frame="none", verified=False).status == 200
    registry = place.town.centre.registry

    def told() -> list[int]:
        mine = place.town.person(AGENT).get(f"/api/subject/requests/{request}").body
        desk = place.town.person(AGENT).get(f"/api/desk/cases/{case}").body
        return [mine["due"]["at_us"], mine["holds"][0]["dies_us"], desk["holds"][0]["dies_us"]]

    before = told()
    facts = registry.facts()
    orders = [one for one in facts.documents if one.kind is DocumentKind.PREFECT_ORDER and "cx" in one.scope.cameras]
    for order in {one.id for one in orders}:
        registry.suspend(order, by=PersonId("mayorX"), reason="essai")
    assert told() == before
