"""What a case tells its handlers for a screen: names, papers that may be attached, what is inside, what dies when."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.server.test_desk_delivery import SECOND, ask, requisition
from tests.support import worlds
from tests.support.clips import clip
from tests.support.desktown import AGENT, BEGIN_US, CLERK, DeskTown, desk_town, span

from beffroi.domain.documents import LEGAL_TIME_ZONE, DocumentKind
from beffroi.domain.ids import PersonId
from beffroi.evidence.deskrules import DAY_US
from beffroi.vault.sealing import hour_of
from beffroi.vault.term import hour_term_end_us


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskTown]:
    with desk_town(tmp_path_factory.mktemp("desk") / "data") as one:
        one.record("cx", clip(count=250))
        one.record("cy", clip(count=250))
        yield one


def case_of(place: DeskTown, case: str, who: str = AGENT) -> dict[str, Any]:
    return dict(place.town.person(who).get(f"/api/desk/cases/{case}").body)


def offered(place: DeskTown, case: str, who: str = AGENT) -> dict[str, dict[str, Any]]:
    found = place.town.person(who).get(f"/api/desk/cases/{case}/requisitions").body
    return {one["document"]: one for one in found}


def test_what_is_inside_of_the_requisition_and_what_dies_when(place: DeskTown) -> None:
    case = place.open_case()
    place.hold(case, {"cx": (1, 9), "cy": (1, 9)})
    told = case_of(place, case)
    assert told["names"] == {AGENT: {"fr": AGENT, "en": AGENT}}
    term_us = hour_term_end_us(hour_of(BEGIN_US), 30, LEGAL_TIME_ZONE)
    assert {one["dies_us"] for one in told["holds"]} == {term_us + 7 * DAY_US}, "the image's own term, and the grace"
    assert all(one["inside"] == [] and not one["lengthened"] for one in told["holds"])

    paper = requisition(place, "told", "cx", 4, 60)
    before = offered(place, case)[paper]
    assert (before["in_force"], before["attached"], before["awaiting"]) == (True, False, None)
    assert before["cameras"] == [{"camera": "cx", "name": "Place du Marché"}]
    ask(place, case, "requisition", {"document": paper})
    assert offered(place, case)[paper]["attached"]
    told = case_of(place, case)
    assert [one["document"] for one in told["titles"]] == [paper]
    inside = {one["camera"]: one["inside"] for one in told["holds"]}
    assert inside == {"cx": [[BEGIN_US + 4_000_000, BEGIN_US + 9_000_000]], "cy": []}


def test_one_that_its_commune_has_not_confirmed_says_so(place: DeskTown) -> None:
    case = place.open_case()
    place.hold(case, {"cx": (1, 9)})
    fields = {"opj": "OPJ", "service": "police", "frame": "flagrance", "article": "60-1", **span(0, 60)}
    paper = worlds.paper(DocumentKind.REQUISITION, "waits", cameras=("cx",), fields=dict(fields))
    place.town.centre.registry.propose(paper, by=CLERK)
    told = offered(place, case)[str(paper.id)]
    assert (told["in_force"], told["status"], told["awaiting"]) == (False, "proposed", "Bourg-Neuf")
    assert ask(place, case, "requisition", {"document": paper.id})[1]["titles"][0]["in_force"] is False
    assert case_of(place, case)["holds"][0]["inside"] == []
    place.town.centre.registry.confirm_all([paper.id], by=PersonId("mayorX"))
    assert case_of(place, case)["holds"][0]["inside"] == [[BEGIN_US + 1_000_000, BEGIN_US + 9_000_000]]


def test_another_communes_requisition_is_not_offered(place: DeskTown) -> None:
    fields = {"opj": "OPJ", "service": "police", "frame": "flagrance", "article": "60-1", **span(0, 60)}
    for commune, camera in (("Y", "cy"), ("Z", "cz")):
        paper = worlds.paper(DocumentKind.REQUISITION, f"of-{commune}", cameras=(camera,), fields=dict(fields))
        place.town.centre.registry.propose(paper, by=CLERK)
        place.town.centre.registry.confirm_all([paper.id], by=PersonId(f"mayor{commune}"))
    names = set(offered(place, place.open_case()))
    assert "requisition/of-Y" in names
    assert "requisition/of-Z" not in names, "no member"
    of_x = place.open_case("pmX")
    assert "requisition/of-Y" not in offered(place, of_x, "pmX")
    assert place.town.person("pmY").get(f"/api/desk/cases/{of_x}/requisitions").status == 404


def test_whose_word_a_delivery_waits_for(place: DeskTown) -> None:
    case = place.open_case()
    place.hold(case, {"cx": (2, 9)})
    ask(place, case, "requisition", {"document": requisition(place, "word", "cx", 0, 60)})
    assert ask(place, case, "packages", {"second": SECOND})[0] == 201

    def seen(who: str) -> tuple[bool, bool]:
        (one,) = case_of(place, case, who)["packages"]
        assert one["asked"][0]["name"] == "Place du Marché"
        return one["yours"], one["awaits_you"]

    assert (seen(AGENT), seen(SECOND), seen("dpo")) == ((True, False), (False, True), (False, False))
    name = case_of(place, case)["packages"][0]["id"]
    ask(place, case, f"packages/{name}/agree", {}, SECOND)
    assert seen(SECOND) == (False, False)
    assert set(case_of(place, case)["names"]) == {AGENT, SECOND}


def test_what_is_refused_is_said_with_the_names_of_cameras_that_one_may_know_of(place: DeskTown) -> None:
    case = place.open_case()
    long_ago = -40 * 86_400.0
    for camera, called in (("cx", "Place du Marché"), ("cz", "cz"), ("none", "none")):
        answer = place.hold(case, {camera: (long_ago, long_ago + 9)})
        assert answer.status == 422, answer.body
        assert f"« {called} »" in answer.body["error"]["text"]["fr"], "one of no member, and one that is not: as typed"
    place.hold(case, {"cx": (2.5, 9)})
    ask(place, case, "requisition", {"document": requisition(place, "names", "cx", 4, 60)})
    lines = [{"camera": "cx", **span(2.5, 9)}]
    status, body = ask(place, case, "packages", {"second": SECOND, "cameras": lines})
    assert status == 403
    assert "« Place du Marché »" in body["error"]["text"]["fr"]


def test_the_hold_of_a_filmed_persons_request_is_no_case_that_one_opens(place: DeskTown) -> None:
    who = place.town.person(AGENT)
    assert who.post("/api/desk/cases", {"kind": "subject"}).status == 422
    assert {who.post("/api/desk/cases", {"kind": kind}).status for kind in ("requisition", "safeguard")} == {201}
