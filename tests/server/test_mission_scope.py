"""A mission letter that names a commune, a camera or dates bounds what the inspection gets: rows, papers, images."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.centre import Town, running
from tests.support.missionletter import letter
from tests.support.registeracts import view

from beffroi.domain.ids import DocumentId, PersonId

SPAN = "from=2026-03-01&to=2026-03-03"
DAY = "2026-03-02"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running(tmp_path_factory.mktemp("scope") / "data") as one:
        for camera in ("cx", "cd", "cy"):
            view(one, camera, f"plain-{camera}")
        yield one


def get(town: Town, path: str) -> tuple[int, Any]:
    answer = town.person("inspector").get(path)
    return answer.status, answer.body


def cameras_of_day(town: Town) -> set[str]:
    status, told = get(town, f"/api/register?day={DAY}")
    assert status == 200
    return {one["camera"] for one in told["entries"] if one["kind"].startswith("view_")}


def rows(town: Town, commune: str) -> list[str]:
    status, told = get(town, f"/api/registers/accesses?commune={commune}&{SPAN}")
    assert status == 200, told
    return [str(one["cells"]) for one in told["rows"]]


NAMES = {"cx": "Place du Marché", "cd": "Route départementale", "cy": "Rue Haute"}


def test_without_a_letter_or_under_one_that_names_nothing_the_register_is_whole(town: Town) -> None:
    assert cameras_of_day(town) == set(NAMES.values())
    with letter(town, "all"):
        assert cameras_of_day(town) == set(NAMES.values())
        assert get(town, f"/api/register?day={DAY}")[1]["bound"] is None
        assert len(rows(town, "Y")) == 1


def test_a_commune_named_bounds_rows_papers_and_communes(town: Town) -> None:
    with letter(town, "X", bodies="X"):
        assert cameras_of_day(town) == {NAMES["cx"], NAMES["cd"]}
        assert "CDV-X" in get(town, f"/api/register?day={DAY}")[1]["bound"]["fr"], "what is left out is told"
        assert {one["id"] for one in get(town, "/api/registers")[1]["communes"]} == {"X"}
        assert len(rows(town, "X")) == 2
        told = get(town, f"/api/registers/accesses?commune=X&{SPAN}")[1]
        assert any("CDV-X" in note["fr"] for note in told["notes"])
        for path in (
            f"/api/registers/accesses?commune=Y&{SPAN}",
            f"/api/inspection/pack.zip?commune=Y&{SPAN}",
            f"/api/seen?camera=cy&day={DAY}",
        ):
            status, refused = get(town, path)
            assert status == 403, path
            assert "CDV-X" in refused["error"]["text"]["fr"]
            assert "complete it" in refused["error"]["text"]["en"], "and what to do"
        assert get(town, f"/api/seen?camera=cx&day={DAY}")[0] == 200
        pack = town.person("inspector").get(f"/api/inspection/pack.zip?commune=X&{SPAN}")
        with zipfile.ZipFile(io.BytesIO(pack.raw)) as archive:
            papers = json.loads(archive.read("documents.json"))
            settings = json.loads(archive.read("reglages.json"))
            assert "CDV-X" in archive.read("registres/accesses.csv").decode()
        assert {one["id"] for one in settings["cameras"]} == {"cx", "cd"}
        assert not [one["id"] for one in papers if one["communes"] and not {"X", "E"} & set(one["communes"])]
        assert any(one["id"] == "mission_letter/X" for one in papers)


def test_a_camera_named_bounds_to_it_and_entries_of_others_are_not_proven(town: Town) -> None:
    ledger = town.centre.ledger
    records = [ledger.record(number) for number in range(ledger.size)]
    numbers = {str(record.camera): record.index for record in records if record.camera}
    with letter(town, "cx", cameras="cx"):
        assert cameras_of_day(town) == {NAMES["cx"]}
        assert all(NAMES["cx"] in one for one in rows(town, "X"))
        assert get(town, f"/api/register/{numbers['cx']}/proof")[0] == 200
        for what in ("proof", "person"):
            assert get(town, f"/api/register/{numbers['cy']}/{what}")[0] == 403, what
        assert get(town, f"/api/seen?camera=cd&day={DAY}")[0] == 403


def test_two_letters_add_up_and_a_suspended_one_widens_nothing(town: Town) -> None:
    with letter(town, "two-x", cameras="cx"):
        with letter(town, "two-y", bodies="Y"):
            assert cameras_of_day(town) == {NAMES["cx"], NAMES["cy"]}
        town.centre.registry.suspend(DocumentId("mission_letter/two-x"), by=PersonId("dpo"), reason="essai")
        assert cameras_of_day(town) == {NAMES["cx"]}, "suspending a letter must not open what it did not name"


def test_dates_bound_rows_and_what_they_leave_out_is_refused(town: Town) -> None:
    with letter(town, "dates", **{"from": "2026-03-01", "to": "2026-03-01"}):
        assert cameras_of_day(town) == set(), "the acts are of the day after"
        assert get(town, f"/api/registers/accesses?commune=X&{SPAN}")[0] == 403
        assert get(town, "/api/registers/accesses?commune=X&from=2026-03-01&to=2026-03-01")[0] == 200
        assert get(town, f"/api/seen?camera=cx&day={DAY}")[0] == 403
    with letter(town, "later", **{"from": DAY}):
        assert cameras_of_day(town) == set(NAMES.values())


def test_images_follow_the_same_letter(town: Town) -> None:
    inspector = town.person("inspector")
    with letter(town, "images", bodies="X"):
        inside = inspector.post("/api/why", {"camera": "cx", "act": "live"}).body
        outside = inspector.post("/api/why", {"camera": "cy", "act": "live"}).body
    assert (inside["verdict"], outside["verdict"]) == ("allow", "deny")
    assert "ne porte pas sur cette caméra" in json.dumps(outside, ensure_ascii=False)


def test_a_letter_bounds_nobody_else(town: Town) -> None:
    with letter(town, "own", cameras="cx"):
        told = town.person("dpo").get(f"/api/register?day={DAY}").body
        assert told["bound"] is None
        assert {one["camera"] for one in told["entries"] if one["kind"].startswith("view_")} == set(NAMES.values())


def test_what_the_room_tells_of_a_letter(town: Town) -> None:
    with letter(town, "told", bodies="X", cameras="cx", **{"from": DAY}):
        (found,) = get(town, "/api/inspection")[1]["missions"]
    assert (found["bodies"], found["devices"], found["dates"]) == (["Bourg-Neuf"], [NAMES["cx"]], [DAY, ""])
