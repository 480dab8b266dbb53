"""What is asked twice at once is done once, and who ends the session in the middle of something ends it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.server.test_subject import entries, granted, outcomes, prepared, reason, step
from tests.support.clips import clip
from tests.support.desktown import AGENT, BEGIN_US, DeskTown, desk_town
from tests.support.held import held_back
from tests.support.ports import wait_for

from beffroi.cli.promises.client import Answer
from beffroi.ledger.entry import EntryKind
from beffroi.registry.subjecttables import SubjectViewingRow
from beffroi.server.subjectediting import Editing, Editings
from beffroi.server.subjectviewing import Supervised


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskTown]:
    with desk_town(tmp_path_factory.mktemp("atonce") / "data") as one:
        one.record("cx", clip(count=250))
        yield one


def before_the_screen(place: DeskTown) -> list[str]:
    return [one["id"] for one in place.town.person(AGENT).get("/api/screen").body["present"]]


def screen_told(place: DeskTown, subject: str) -> list[str]:
    """What the register says of her before the screen."""
    ledger = place.town.centre.ledger
    changes = [one for one in entries(place) if one.kind is EntryKind.SCREEN_CHANGED]
    return [str(one.outcome) for one in changes if (ledger.payload(one.index) or {}).get("person") == subject]


def test_a_viewing_is_begun_and_ended_once(place: DeskTown) -> None:
    request = granted(place, "viewing", nobody_else=True)
    with ThreadPoolExecutor(1) as pool, held_back(Supervised, "_screen") as held:
        first = pool.submit(step, place, request, "viewings")
        held.begun()
        assert len(before_the_screen(place)) == 1, "dark before the register has it"
        assert step(place, request, "viewings")[0] == 422, "one is beginning here"
        held.go()
        status, body = first.result(30)
    assert status == 201, body
    (viewing,), subject = [one["id"] for one in body["viewings"]], body["subject"]
    with ThreadPoolExecutor(1) as pool, held_back(Supervised, "_screen") as held:
        first = pool.submit(step, place, request, f"viewings/{viewing}/end", {"note": "vu"})
        held.begun()
        assert step(place, request, f"viewings/{viewing}/end")[0] == 404, "it is ending"
        assert step(place, request, "viewings")[0] == 422, "it has not ended yet"
        held.go()
        status, body = first.result(30)
    assert (status, [one["note"] for one in body["viewings"]]) == (200, ["vu"])
    assert before_the_screen(place) == []
    assert screen_told(place, subject) == ["came", "left"]
    assert outcomes(place, request)[-2:] == ["subject_viewing", "subject_viewing_ended"]


def test_two_viewings_of_one_screen_end_with_the_last(place: DeskTown) -> None:
    """As a centre began them before it took the place first."""
    request = granted(place, "viewing", nobody_else=True)
    status, body = step(place, request, "viewings")
    assert status == 201, body
    store, first, subject = (
        place.town.app.state.subjects.copies.subjects.store,
        body["viewings"][0]["id"],
        body["subject"],
    )
    (row,) = store.request(request).viewings
    store.add(
        request,
        SubjectViewingRow(id="second", request=request, person=row.person, session=row.session, begun_us=row.begun_us),
    )
    assert step(place, request, f"viewings/{first}/end")[0] == 200
    assert before_the_screen(place) == [subject], "she is there for the other one"
    assert step(place, request, "viewings/second/end")[0] == 200
    assert before_the_screen(place) == []
    assert screen_told(place, subject) == ["came", "left"]


@pytest.mark.parametrize(("step_of", "asked"), [("_one_picture", "picture"), ("_make", "build")])
def test_pictures_close_with_the_session_also_while_they_are_read(place: DeskTown, step_of: str, asked: str) -> None:
    request = granted(place)
    name, agent = prepared(place, request), place.town.session(AGENT)
    path, editings = f"/api/subject/requests/{request}/copies/{name}", place.town.app.state.subjects
    assert agent.post(f"{path}/open", {"reason": reason(place)}).status == 200
    view = editings._open[name].view.id

    def told() -> list[tuple[EntryKind, str | None, int]]:
        records = place.town.centre.ledger.entries_of_view(view)
        return [(one.kind, one.outcome, one.sent.frames) for one in records if one.sent is not None]

    def ask() -> Answer:
        read = asked == "picture"
        return agent.get(f"{path}/picture?at_us={BEGIN_US + 2_000_000}") if read else agent.post(f"{path}/{asked}")

    with ThreadPoolExecutor(1) as pool, held_back(Editings, step_of, done=asked == "picture") as held:
        shown = pool.submit(ask)
        held.begun()
        place.town.centre.identity.logout(next(iter(agent.cookies.values())))
        wait_for(lambda: told() == [(EntryKind.VIEW_ENDED, "disconnected", 0)], what="the end meanwhile")
        held.go()
        answer = shown.result(60)
    assert (answer.status, answer.raw[:2]) == (403, b'{"'), "what was read does not leave"
    assert (name in editings._open, name in editings.copies.making, len(told())) == (False, False, 1)
    assert not list(editings.copies.path(name).parent.glob(f"{name}*")), "and nothing is left of it"


def test_pictures_opened_again_while_their_copy_is_made_close_with_their_own_view(place: DeskTown) -> None:
    """Who reloads the page meanwhile: the copy's end is not the end of what was opened after it."""
    request = granted(place)
    name, agent = prepared(place, request), place.town.person(AGENT)
    path, editings = f"/api/subject/requests/{request}/copies/{name}", place.town.app.state.subjects
    ask = {"reason": reason(place)}
    assert agent.post(f"{path}/open", ask).status == 200
    first = editings._open[name]
    with ThreadPoolExecutor(1) as pool, held_back(Editings, "_make") as held:
        making = pool.submit(agent.post, f"{path}/build")
        held.begun()
        assert agent.post(f"{path}/open", ask).status == 200
        second = editings._open[name]
        held.go()
        assert making.result(60).status == 403, "the view that it was made under has ended"
    assert agent.get(f"{path}/picture?at_us={BEGIN_US + 2_000_000}").status == 200, "what is open is found"
    assert agent.post(f"{path}/close").status == 200

    def ends(editing: Editing) -> list[int]:
        records = place.town.centre.ledger.entries_of_view(editing.view.id)
        return [one.sent.frames for one in records if one.kind is EntryKind.VIEW_ENDED and one.sent is not None]

    assert [ends(one) for one in (first, second)] == [[0], [1]]
    assert editings.viewing.gate.views() == []
