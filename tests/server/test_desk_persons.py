"""Whose step each step of a delivery is, once: nobody does another's, nobody does it twice."""

import asyncio
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from tests.server.test_desk_delivery import SECOND, ask, journal_in_register, reason, requisition, store_of
from tests.support import worlds
from tests.support.clips import clip
from tests.support.desktown import AGENT, CLERK, DeskTown, desk_town
from tests.support.missionletter import letter

from beffroi.domain.documents import DocumentKind, JsonValue
from beffroi.domain.errors import RefusedError
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.evidence import deskstore
from beffroi.server.deskbuild import package_path
from beffroi.server.session import Caller


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskTown]:
    with desk_town(tmp_path_factory.mktemp("persons") / "data") as one:
        one.record("cx", clip(count=250))
        yield one


def prepared(place: DeskTown, name: str) -> tuple[str, str]:
    """A case with a delivery that waits for the second person."""
    case = place.open_case()
    assert place.hold(case, {"cx": (0, 9)}).body["holds"][0]["complete"]
    ask(place, case, "requisition", {"document": requisition(place, name, "cx", 0, 60)})
    status, told = ask(place, case, "packages", {"second": SECOND})
    assert status == 201, told
    return case, str(told["packages"][0]["id"])


def test_a_word_without_two_factors_is_none(place: DeskTown) -> None:
    case, name = prepared(place, "weak")
    account = next(one for one in place.town.centre.identity.accounts() if one.person == PersonId(SECOND))
    weak = Caller(account, "a" * 64, strong=False)
    store, deliveries = store_of(place), place.town.app.state.deliveries
    with pytest.raises(RefusedError):
        asyncio.run(deliveries.agree(store.case(case), name, weak))
    assert store.case(case).package(name).agreed_us is None


def test_the_second_person_agrees_and_does_not_make_it_and_one_receipt_is_all(place: DeskTown) -> None:
    case, name = prepared(place, "steps")
    assert ask(place, case, f"packages/{name}/agree", {}, SECOND)[0] == 200
    assert ask(place, case, f"packages/{name}/agree", {}, SECOND)[0] == 422, "once"
    journal_in_register(place)
    body = {"reason": reason(place)}
    status, told = ask(place, case, f"packages/{name}/build", body, SECOND)
    assert (status, "préparée" in told["error"]["text"]["fr"]) == (403, True), "who agrees does not build"
    status, told = ask(place, case, f"packages/{name}/build", body)
    assert status == 200, told
    assert ask(place, case, f"packages/{name}/build", body)[0] == 422, "once"
    first = {"signed_on": "2026-03-02", "signed_by": "OPJ de permanence", "reference": "R-17"}
    assert ask(place, case, f"packages/{name}/receipt", first)[0] == 200
    second = {**first, "signed_by": "quelqu'un d'autre", "reference": "R-18"}
    assert ask(place, case, f"packages/{name}/receipt", second)[0] == 422, "a receipt is not replaced"
    kept = store_of(place).case(case).package(name)
    assert (kept.signed_by, kept.reference) == ("OPJ de permanence", "R-17")


def test_a_requisition_about_no_camera_of_the_centre_is_not_attached(place: DeskTown) -> None:
    case = place.open_case()
    place.hold(case, {"cx": (0, 1)})
    fields: dict[str, JsonValue] = {"opj": "OPJ", "service": "gendarmerie", "frame": "flagrance", "article": "60-1"}
    fields |= {"from": "2026-03-02T08:00:00+01:00", "to": "2026-03-02T10:00:00+01:00"}
    elsewhere = worlds.paper(DocumentKind.REQUISITION, "elsewhere", cameras=("cz",), fields=fields)
    place.town.centre.registry.propose(elsewhere, by=CLERK)
    place.town.centre.registry.confirm_all([elsewhere.id], by=PersonId("mayorZ"))
    for document in (elsewhere.id, "requisition/none", "agreement/E-Y", ""):
        status, told = ask(place, case, "requisition", {"document": document})
        assert status == 422, (document, told)
    assert place.town.person(AGENT).get(f"/api/desk/cases/{case}").body["papers"] == []


def test_a_case_keeps_the_frame_that_was_given(place: DeskTown) -> None:
    case = place.open_case()
    assert place.hold(case, {"cx": (0, 1)}, frame="flagrance").status == 200
    assert place.hold(case, {"cx": (2, 3)}, frame="information").status == 422, "another frame is another case"
    told = place.town.person(AGENT).get(f"/api/desk/cases/{case}").body
    assert (told["call"]["frame"], len(told["holds"])) == ("flagrance", 1)


def test_an_inspector_s_letter_bounds_the_cases_too(place: DeskTown) -> None:
    """A case is read whole or not at all: when the letter is about one of its cameras."""
    town, inspector = place.town, place.town.person("inspector")
    inside, outside, empty = place.open_case(), place.open_case(), place.open_case()
    assert place.hold(inside, {"cx": (7, 8), "cy": (7, 8)}).status == 200
    assert place.hold(outside, {"cy": (8, 9)}).status == 200

    def told() -> tuple[set[str], list[int]]:
        listed = {one["id"] for one in inspector.get("/api/desk/cases").body} & {inside, outside, empty}
        paths = [f"/api/desk/cases/{one}{more}" for one in (inside, outside, empty) for more in ("", "/onsite")]
        return listed, [inspector.get(path).status for path in paths]

    assert told() == ({inside, outside, empty}, [200] * 6), "without a letter everything is open"
    with letter(town, "one-camera", cameras="cx"):
        assert told() == ({inside, empty}, [200, 200, 404, 404, 200, 200])
        unknown = inspector.get("/api/desk/cases/D-20260302-00000000")
        assert inspector.get(f"/api/desk/cases/{outside}").body == unknown.body, "as if it were not there"
    with letter(town, "everything"):
        assert told()[0] == {inside, outside, empty}


def test_cases_outside_a_letter_take_no_place_in_the_list(place: DeskTown) -> None:
    town, inspector = place.town, place.town.person("inspector")
    inside, outside = place.open_case(), [place.open_case() for _ in range(2)]
    assert place.hold(inside, {"cx": (9, 10)}).status == 200
    for number, case in enumerate(outside, start=9):
        assert place.hold(case, {"cy": (number, number + 1)}).status == 200
    with patch.object(deskstore, "_MANY", 2), letter(town, "one-place", cameras="cx"):
        listed = [one["id"] for one in inspector.get("/api/desk/cases").body]
    assert inside in listed, "two newer ones that are not theirs to read hide it"
    assert not set(outside) & set(listed)


def test_a_requisition_of_another_case_finishes_no_delivery_of_this_one(
    place: DeskTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This case's paper is withdrawn while its images are read; another, of other people, covers the same minutes."""
    requisition(place, "theirs", "cx", 0, 60)
    case, name = prepared(place, "ours")
    assert ask(place, case, f"packages/{name}/agree", {}, SECOND)[0] == 200
    journal_in_register(place)
    centre = place.town.centre
    release = centre.cases.release_held

    def withdrawn(*given: Any, **more: Any) -> bytes:
        centre.registry.suspend(DocumentId("requisition/ours"), by=PersonId("mayorX"), reason="essai")
        return release(*given, **more)

    monkeypatch.setattr(centre.cases, "release_held", withdrawn)
    status, told = ask(place, case, f"packages/{name}/build", {"reason": reason(place)})
    assert (status, set(told["error"]["text"])) == (403, {"fr", "en"})
    assert not package_path(centre, name).exists()


def test_the_law_is_asked_at_the_download_not_the_requisition_alone(place: DeskTown) -> None:
    """Last of this file: the requisition stands, the convention does not; what was made leaves no more."""
    case, name = prepared(place, "right")
    assert ask(place, case, f"packages/{name}/agree", {}, SECOND)[0] == 200
    journal_in_register(place)
    assert ask(place, case, f"packages/{name}/build", {"reason": reason(place)})[0] == 200
    path = f"/api/desk/cases/{case}/packages/{name}/remise.zip"
    assert place.town.person(AGENT).get(path).status == 200
    place.town.centre.registry.suspend(DocumentId("agreement/E-X"), by=PersonId("mayorX"), reason="essai")
    refused = place.town.person(AGENT).get(path)
    assert (refused.status, set(refused.body["error"]["text"])) == (403, {"fr", "en"})
    ledger = place.town.centre.ledger
    assert "fetch_refused" in {ledger.record(number).outcome for number in range(ledger.size)}
