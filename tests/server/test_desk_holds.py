"""The phone call: cameras of a place as a list, a hold in every commune at once, seen by nobody, over by itself."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.clips import clip
from tests.support.desktown import AGENT, BEGIN_US, DAY_S, DeskTown, desk_town

from beffroi.capture.client import RecorderClient
from beffroi.domain.errors import RefusedError
from beffroi.domain.ids import AuthorityId, DocumentId, PersonId
from beffroi.domain.lease import LeaseRefusedError
from beffroi.evidence import deskstore
from beffroi.gate.keeping import Kept
from beffroi.ledger.entry import EntryKind
from beffroi.server.deskholds import keep_of
from beffroi.vault.casekey import CaseKeys
from beffroi.vault.caserelease import HeldKey
from beffroi.vault.keyslots import KeyState
from beffroi.vault.sealing import hour_of
from beffroi.vault.signed import unb64
from beffroi.vault.term import hour_term_end_us
from beffroi.watch.holds import claim_of


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskTown]:
    with desk_town(tmp_path_factory.mktemp("desk") / "data") as one:
        for camera in ("cx", "cy", "cd"):
            one.record(camera, clip(count=250))
        yield one


def test_a_place_gives_names_and_nothing_else(place: DeskTown) -> None:
    case, who = place.open_case(), place.town.person(AGENT)
    found = who.post(f"/api/desk/cases/{case}/search", {"text": "orville"})
    assert [one["id"] for one in found.body] == ["cy"]
    assert set(found.body[0]) == {"id", "name", "commune", "authority", "distance_m", "may_watch"}
    assert who.post(f"/api/desk/cases/{case}/search", {"text": "place marche"}).body[0]["id"] == "cx"
    assert who.post(f"/api/desk/cases/{case}/search", {"text": "gare"}).body == [], "no member: not there"
    place.town.clock.advance(47)
    assert who.get(f"/api/desk/cases/{case}").body["search_s"] == 47, "it goes on until something is held"
    assert place.hold(case, {"cx": (1, 2)}).status == 200
    place.town.clock.advance(30)
    assert who.get(f"/api/desk/cases/{case}").body["search_s"] == 47, "the search is over, its time stands"


def test_the_cases_of_others_push_none_of_one_s_own_out_of_the_list(
    place: DeskTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deskstore, "_MANY", 3)
    case = place.open_case("pmX")
    for _ in range(3):
        place.open_case()
    assert [one["id"] for one in place.town.person("pmX").get("/api/desk/cases").body] == [case]


def test_three_cameras_two_communes_in_one_call(place: DeskTown, capsys: pytest.CaptureFixture[str]) -> None:
    case = place.open_case()
    done = place.hold(case, {"cx": (1, 4), "cy": (1, 4), "cd": (2, 5)})
    assert done.status == 200, done.body
    holds = done.body["holds"]
    assert [one["camera"] for one in holds] == ["cd", "cx", "cy"]
    assert all(one["complete"] and one["files"]["held"] == 1 for one in holds), holds
    took_s = max(one["placed_us"] for one in holds) / 1e6 - done.body["opened_us"] / 1e6
    with capsys.disabled():
        sys.stdout.write(f"\nheld {took_s:.2f} s after the case was opened (bar: 60 s)\n")
    assert took_s <= 60
    assert {one["entry"] for one in holds} == {None}, "a number tells how much happens elsewhere"
    numbered = place.town.person("dpo").get(f"/api/desk/cases/{case}").body["holds"]
    entries = [place.town.centre.ledger.record(one["entry"]) for one in numbered]
    assert {(one.kind, one.camera, one.authority, one.outcome) for one in entries} == {
        (EntryKind.HOLD, "cd", "maire/X", "held"),
        (EntryKind.HOLD, "cx", "maire/X", "held"),
        (EntryKind.HOLD, "cy", "maire/Y", "held"),
    }
    assert all("gendarmerie" not in str(one.detail) for one in entries), "who called is beside the leaf"
    again = place.hold(case, {"cx": (1, 4)})
    assert (again.status, len(again.body["holds"])) == (200, 3), "asked again: held already"


def test_a_camera_that_one_may_not_see_can_be_held_and_stays_unseen(place: DeskTown) -> None:
    """The convention with Y is suspended: nobody of the centre sees cy; its minutes are held for the mayor of Y."""
    town, who = place.town, place.town.person(AGENT)
    paper = DocumentId("agreement/E-Y")
    town.centre.registry.suspend(paper, by=PersonId("mayorY"), reason="essai")
    try:
        case = place.open_case()
        listed = who.post(f"/api/desk/cases/{case}/search", {"text": "orville"}).body
        assert [one["may_watch"] for one in listed] == [False]
        done = place.hold(case, {"cy": (5, 6)})
        assert (done.status, done.body["holds"][0]["complete"]) == (200, True), done.body
        body = {"camera": "cy", "reason": "watch", "second": "pmY", "from": "2026-03-02T08:40:05Z"}
        taken = who.post("/api/extracts", {**body, "to": "2026-03-02T08:40:06Z"})
        assert taken.status in {403, 422}
    finally:
        held = town.centre.registry.facts().versions(paper)[-1]
        town.centre.registry.propose(held, by=PersonId("clerkE"))
        town.centre.registry.confirm_all([paper], by=PersonId("mayorY"))


def test_what_the_call_must_say(place: DeskTown) -> None:
    case = place.open_case()
    for more in ({"caller": ""}, {"service": " "}, {"verified": False}, {"callback": ""}):
        refused = place.hold(case, {"cx": (0, 1)}, **more)
        assert refused.status == 422, more
        assert set(refused.body["error"]["text"]) == {"fr", "en"}
    assert place.hold(case, {"cx": (0, 1)}, frame="none", verified=False, callback="").status == 200
    wrong: tuple[dict[str, tuple[float, float]], ...] = (
        {}, {"cx": (3, 2)}, {"cx": (0, 50_000)}, {"cx": (0.5, 1.5)},
    )  # fmt: skip
    for lines in wrong:
        assert place.hold(case, lines).status == 422, lines
    assert place.hold(case, {"cz": (0, 1)}).status == 403, "no member"


def test_a_case_is_there_for_those_who_handle_it(place: DeskTown) -> None:
    case, town = place.open_case(), place.town
    place.hold(case, {"cx": (7, 8)})
    for stranger in ("pmX", "mayorX", "mayorY", "pmZ", "supervisorE"):
        assert town.person(stranger).get(f"/api/desk/cases/{case}").status == 404
        unknown = town.person(stranger).get("/api/desk/cases/D-20260302-00000000")
        assert town.person(stranger).get(f"/api/desk/cases/{case}").body == unknown.body, "as if it were not there"
        assert case not in str(town.person(stranger).get("/api/desk/cases").body)
        assert place.hold(case, {"cx": (8, 9)}, who=stranger).status == 404
    for control in ("dpo", "inspector"):
        assert town.person(control).get(f"/api/desk/cases/{case}").status == 200
        assert town.person(control).post(f"/api/desk/cases/{case}/search", {"text": "gare"}).status == 403
    assert town.person("technician").get("/api/desk/cases").status == 403
    assert town.person(AGENT).post(f"/api/desk/cases/{case}/handlers", {"person": "pmZ"}).status == 404
    assert town.person(AGENT).post(f"/api/desk/cases/{case}/handlers", {"person": "pmX"}).status == 200
    assert town.person("pmX").get(f"/api/desk/cases/{case}").status == 200


@pytest.mark.parametrize(("frame", "days"), [("none", 0), ("flagrance", 7)])
def test_without_a_requisition_nothing_survives(tmp_path: Path, frame: str, days: int) -> None:
    """Days of the injected clock: just before its end everything is there; after it no piece, no key, no hold."""
    with desk_town(tmp_path / "data") as place:
        place.record("cx", clip(count=100))
        case = place.open_case()
        assert place.hold(case, {"cx": (0, 3)}, frame=frame).body["holds"][0]["complete"]
        ends_us = hour_term_end_us(hour_of(BEGIN_US), 30, "Europe/Paris")
        place.days_pass((ends_us - place.town.clock.wall_us()) / 1e6 + days * DAY_S - 60)
        assert len(place.pieces()) == 1, "there until the end"
        place.days_pass(120)
        assert place.pieces() == []
        assert not list((place.root / "streams" / "cx" / "main").glob("*.mp4"))
        place.days_pass(10 * DAY_S)
        ring = place.town.centre.supply.keepers[AuthorityId("maire/X")].keyring
        assert CaseKeys(ring).slot(case).state is KeyState.DESTROYED
        assert not place.holding.freezer.store.book().holds


def test_a_lease_to_hold_opens_nothing(place: DeskTown) -> None:
    """It keeps, seals and ends; no ciphertext, no calendar, no index, no key comes out under it."""
    done = place.hold(place.open_case(), {"cd": (6, 9)})
    store, centre = place.town.app.state.deliveries.desk, place.town.centre
    (held,) = store.store.case(done.body["id"]).holds
    kept = Kept(keep_of(held), held.entry)

    def lease() -> str:
        return str(store.holds.keeper.lease(kept))

    async def ask(method: str, **params: Any) -> Any:
        async with RecorderClient(centre.recorder_socket) as recorder:
            return await recorder.call(method, {**params, "lease": lease()})

    (piece,) = asyncio.run(ask("hold_pieces", hold=held.name))["pieces"]
    assert not {"gops", "entries", "root", "paths", "head_length"} & set(piece), "no size of any picture"
    span_of_it = {"camera": "cd", "stream": "main", "from_us": held.from_us, "to_us": held.to_us}
    for method, params in (
        ("hold_read", {"hold": held.name, "kid": piece["kid"], "offset": 0, "length": 16}),
        ("calendar", span_of_it),
        ("chunks", span_of_it),
        ("read", {"id": 1, "offset": 0, "length": 16}),
    ):
        with pytest.raises(RefusedError):
            asyncio.run(ask(method, **params))
    sealed = HeldKey(held.case, int(piece["beyond_us"]), unb64(piece["held_key"]))
    with pytest.raises(LeaseRefusedError):
        centre.cases.release_held(claim_of(piece), sealed, lease(), now_us=place.town.clock.wall_us())
    with pytest.raises(LeaseRefusedError):
        centre.releaser.release(claim_of(piece), lease(), now_us=place.town.clock.wall_us())
