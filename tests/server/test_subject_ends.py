"""Derived copies leave under the law's answer of the moment; what is open ends where it was begun, and is told."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.types import Message
from tests.server.test_desk_fetch import session_of
from tests.server.test_subject import SECOND, entries, granted, outcomes, prepared, reason, step
from tests.server.test_subject_leftovers import opened
from tests.support.clips import clip
from tests.support.desktown import AGENT, DeskTown, desk_town
from tests.support.held import held_back
from tests.support.ports import wait_for
from tests.support.register import silent

from beffroi.domain.ids import PersonId
from beffroi.evidence.deskrules import Call, CaseKind
from beffroi.evidence.deskstore import CaseClosedError
from beffroi.ledger.entry import EntryKind
from beffroi.registry.desktables import DeskPackageRow
from beffroi.server import desksending
from beffroi.server.byterange import Span
from beffroi.server.deskbuild import packages_folder
from beffroi.server.deskdelivery import Deliveries
from beffroi.server.deskround import DeskRound
from beffroi.server.safeguard import Safeguards
from beffroi.server.subjectcopy import Copies
from beffroi.server.subjectediting import Editings
from beffroi.server.subjectfetch import CopyFetch


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskTown]:
    with desk_town(tmp_path_factory.mktemp("ends") / "data") as one:
        one.record("cx", clip(count=250))
        yield one


def checked(place: DeskTown) -> tuple[str, str]:
    """A request and its derived copy that was looked over."""
    request, name = opened(place)
    assert step(place, request, f"copies/{name}/build")[0] == 200
    assert step(place, request, f"copies/{name}/check", who=SECOND)[0] == 200
    return request, name


def test_a_copy_is_announced_before_it_leaves_and_counted_after(place: DeskTown) -> None:
    request, name = checked(place)
    path, agent = f"/api/subject/requests/{request}/copies/{name}", place.town.person(AGENT)
    editings: Editings = place.town.app.state.subjects
    whole = editings.copies.path(name).read_bytes()
    answer = agent.call("GET", f"{path}/copie.zip")
    assert (answer.status, answer.raw) == (200, whole)
    film = agent.call("GET", f"{path}/film.mp4")
    assert film.raw[4:8] == b"ftyp"
    assert film.raw in whole, "the film of the zip file, as it is"
    wait_for(lambda: outcomes(place, request).count("subject_copy_fetched") == 2, what="the entries")
    told = outcomes(place, request)
    assert told.index("subject_copy_begun") < told.index("subject_copy_fetched")
    details = [one.detail for one in entries(place) if one.detail.get("copy") == name][-4:]
    assert sorted(int(one.get("bytes", 0)) for one in details) == [0, 0, len(film.raw), len(whole)]
    with silent(place.town.centre.ledger):
        answer = agent.call("GET", f"{path}/copie.zip")
        assert answer.status == 503
        assert whole[:64] not in answer.raw


def test_a_copy_stops_on_the_way_when_session_title_or_right_ends(
    place: DeskTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre, editings = place.town.centre, place.town.app.state.subjects
    monkeypatch.setattr(desksending, "_BLOCK", 1000)
    monkeypatch.setattr(desksending, "AGAIN_S", 0.0)  # the second and a half is over at each block
    request, name = checked(place)
    papers = editings.copies.subjects.papers(editings.copies.subjects.store.request(request))

    async def blocks(happens: Callable[[str], object]) -> int:
        token, caller = session_of(place, AGENT)
        fetch = CopyFetch(editings.copies, caller, None, request, name)
        piece = fetch.piece(fetch.permitted(), film=False)
        answer = desksending.PieceAnswer(fetch, piece, span=Span(0, 5000, partial=True), headers={})
        sizes: list[int] = []

        async def send(message: Message) -> None:
            sizes.append(len(message.get("body", b"")))
            if sum(sizes) == 2000:
                happens(token)

        async def receive() -> Message:
            await asyncio.Event().wait()  # the client stays
            raise AssertionError

        await answer({"type": "http"}, receive, send)
        return sum(sizes)

    def withdrawn(_: str) -> None:
        centre.registry.withdraw(papers[0].id, by=PersonId("mayorX"), reason="essai")

    for happens, sent in ((lambda _: None, 5000), (centre.identity.logout, 2000), (withdrawn, 2000)):
        assert asyncio.run(blocks(happens)) == sent
        last = [one for one in entries(place) if one.outcome == "subject_copy_fetched"][-1]
        assert last.detail["bytes"] == sent, "a broken download too"


def test_what_a_crash_left_is_destroyed_as_an_entry_or_waits(place: DeskTown) -> None:
    copies: Copies = place.town.app.state.subjects.copies
    deliveries: Deliveries = place.town.app.state.deliveries
    centre = place.town.centre
    halves = [copies.path("P-1-none"), copies.path("P-2-none").with_suffix(".making")]
    halves += [packages_folder(centre) / "D-1-none.zip", packages_folder(centre) / "D-2-none.part"]
    for one in halves:
        one.parent.mkdir(exist_ok=True)
        one.write_bytes(b"left by a crash")
    with silent(centre.ledger):
        copies.tidy()
        deliveries.tidy()
    assert all(one.exists() for one in halves), "nothing is destroyed that the register does not tell"
    round_of_desk = DeskRound(centre, deliveries)
    for _ in range(2):
        asyncio.run(place.town.app.state.subject_round.once())
        asyncio.run(round_of_desk.once())
    assert not any(one.exists() for one in halves)
    told = [one for one in entries(place) if one.kind is EntryKind.DESTRUCTION and one.detail.get("why") == "crash"]
    assert sorted(str(one.detail["file"]) for one in told) == sorted(one.name for one in halves), "one each"
    assert {one.outcome for one in told} == {"derived_destroyed", "package_destroyed"}


def on_its_loop(place: DeskTown, doing: Coroutine[Any, Any, Any]) -> Any:
    """As the centre's own tasks do."""
    sweeping: asyncio.Task[None] = place.town.app.state.subjects._sweeping._task
    loop = sweeping.get_loop()
    return asyncio.run_coroutine_threadsafe(doing, loop).result(60)


def test_a_request_that_closes_ends_what_runs(place: DeskTown) -> None:
    editings: Editings = place.town.app.state.subjects
    subjects, once = editings.copies.subjects, place.town.app.state.subject_round.once
    watched, (drawn, name) = granted(place, "viewing", nobody_else=True), opened(place)
    status, body = step(place, watched, "viewings")
    assert status == 201, body
    editings.copies.making.add(name)  # its copy is being made
    for request in (watched, drawn):
        assert step(place, request, "answered")[0] == 200
        subjects.store.set(request, case="")  # as when its hold is over
    on_its_loop(place, once())
    told = subjects.store.request(watched)
    assert told.row.closed_us is not None
    assert told.viewings[0].ended_us is not None
    assert place.town.person(AGENT).get("/api/screen").body["present"] == []
    assert outcomes(place, watched)[-2:] == ["subject_viewing_ended", "subject_closed"]
    assert name not in editings._open, "the copy goes on without its lease"
    assert subjects.store.request(drawn).row.closed_us is None, "what becomes of it is waited for"
    editings.copies.making.discard(name)
    on_its_loop(place, once())
    assert subjects.store.request(drawn).row.closed_us is not None


def test_pictures_asked_for_twice_at_once_are_one_view(place: DeskTown) -> None:
    request = granted(place)
    name = prepared(place, request)
    asked = (place, request, f"copies/{name}/open", {"reason": reason(place)})
    with ThreadPoolExecutor(1) as pool, held_back(Editings, "_view") as held:
        first = pool.submit(step, *asked)
        held.begun()
        assert step(*asked)[0] == 422
        held.go()
        assert first.result(30)[0] == 200
    views = [one for one in entries(place) if one.detail.get("copy") == name and one.kind is EntryKind.VIEW_OPENED]
    assert len(views) == 1, "nothing is left open that nobody can close"


def test_nothing_is_entered_on_a_closed_case(place: DeskTown) -> None:
    deliveries: Deliveries = place.town.app.state.deliveries
    desk, (_, caller) = deliveries.desk, session_of(place, SECOND)
    case = desk.store.open(CaseKind.SAFEGUARD, caller.person)
    package = DeskPackageRow(
        id=f"{case.row.id}-1", case=case.row.id, asked=[], prepared_us=1, prepared_by=AGENT, second=SECOND
    )
    desk.store.change(case.row.id, lambda _, session: session.add(package))
    desk.store.close(case.row.id, "empty")
    case, size = desk.store.case(case.row.id), place.town.centre.ledger.size
    with pytest.raises(CaseClosedError):
        asyncio.run(deliveries.agree(case, f"{case.row.id}-1", caller))
    with pytest.raises(CaseClosedError):
        asyncio.run(Safeguards(place.town.centre, desk).report(case, Call(service="x"), caller))
    mine = [one for one in entries(place)[size:] if one.detail.get("case") == case.row.id]
    assert not mine, "no word of what did not happen"


def test_a_copy_does_not_leave_without_the_law(place: DeskTown) -> None:
    """Last of this file: the agent's own right is suspended."""
    request, name = checked(place)
    path, registry = f"/api/subject/requests/{request}/copies/{name}", place.town.centre.registry
    mine = {one.id for one in registry.facts().documents if AGENT in one.scope.persons and one.awaiting == "X"}
    assert mine
    for one in mine:
        registry.suspend(one, by=PersonId("mayorX"), reason="essai")
    for file in ("copie.zip", "film.mp4"):
        answer = place.town.person(AGENT).get(f"{path}/{file}")
        assert answer.status == 403, (file, answer.body)
        assert outcomes(place, request)[-1] == "subject_copy_refused"
