"""Tonight and the roster through the centre's doors: who reads what, what is refused, what is written."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.centre import Town, running

from beffroi.cli.promises.client import Answer
from beffroi.domain.clock import now

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running(tmp_path_factory.mktemp("tonight") / "data") as one:
        yield one


def whole_night(town: Town, person: str) -> dict[str, Any]:
    """The matrix of everybody, once it is drawn."""
    for _ in range(400):
        answer = town.person(person).get("/api/tonight?who=all")
        assert answer.status == 200, answer.body
        if answer.body["drawing"] is None:
            body: dict[str, Any] = answer.body
            return body
    raise AssertionError("never drawn")


def states(night: dict[str, Any]) -> dict[tuple[str, str], str]:
    """(person, commune) → state of live, now."""
    found = {}
    for row in night["rows"]:
        for commune, number in zip(night["order"], row["cells"], strict=True):
            if number >= 0:
                found[row["person"], commune] = night["courses"][number][0][0]["state"]
    return found


def tomorrow(town: Town, hours: float) -> str:
    start = (now(town.clock) + timedelta(days=2)).replace(hour=10, minute=0, second=0, microsecond=0)
    return (start + timedelta(hours=hours)).isoformat()


def enter(town: Town, person: str, communes: list[str], hours: tuple[float, float] = (0, 4)) -> Answer:
    starts, ends = (tomorrow(town, one) for one in hours)
    body = {"person": person, "communes": communes, "starts": starts, "ends": ends}
    return town.person("supervisorE").post("/api/roster", body)


def cancel(town: Town, shift: str) -> None:
    assert town.person("supervisorE").post(f"/api/roster/{shift}/cancel", {}).status == 200


def test_the_supervisor_sees_the_communes_served(town: Town) -> None:
    night = whole_night(town, "supervisorE")
    assert [one["id"] for one in night["communes"]] == ["X", "Y"]
    found = states(night)
    assert found["agentE", "X"] == found["agentE", "Y"] == "open"
    assert found["supervisorE", "X"] == "refused"
    assert ("pmX", "Y") not in found
    assert not any(one["person"].endswith("Z") for one in night["rows"])


def test_a_mayor_sees_his_column_only(town: Town) -> None:
    night = whole_night(town, "mayorX")
    assert night["order"] == ["X"]
    assert states(night)["agentE", "X"] == "open"
    assert {one["id"] for one in night["persons"]} & {"pmY", "mayorY", "asvpY", "pmZ"} == set()


def test_the_data_protection_officer_reads_all_and_writes_nothing(town: Town) -> None:
    assert whole_night(town, "dpo")["order"] == ["X", "Y", "Z"]
    answer = town.person("dpo").post("/api/roster", {"person": "agentE", "communes": ["X"]} | times(town))
    assert answer.status == 403


def times(town: Town) -> dict[str, str]:
    return {"starts": tomorrow(town, 0), "ends": tomorrow(town, 1)}


@pytest.mark.parametrize("person", ["agentE", "pmX", "technician", "inspector"])
def test_the_others_are_told_whom_to_ask(town: Town, person: str) -> None:
    answer = town.person(person).get("/api/tonight")
    assert answer.status == 403
    assert "chef de salle" in answer.body["error"]["text"]["fr"]


def test_a_cell_opens_to_its_decisions(town: Town) -> None:
    answer = town.person("supervisorE").get("/api/tonight/cell?person=supervisorE&commune=X&act=live")
    assert answer.status == 200
    (reason, *_) = answer.body["reasons"]
    assert reason["cameras"]
    assert reason["card"]["verdict"] == "deny"
    assert reason["card"]["cure"]["kind"] == "accreditation"
    assert any(not one["met"] for one in reason["card"]["conditions"])


def test_another_commune_is_as_unknown_as_none(town: Town) -> None:
    answers = [
        town.person("mayorX").get(f"/api/tonight/cell?person={person}&commune={commune}&act=live")
        for person, commune in (("agentE", "Y"), ("agentE", "nowhere"), ("pmY", "X"), ("nobody", "X"))
    ]
    assert {one.status for one in answers} == {404}


def test_what_if_tells_and_touches_nothing(town: Town) -> None:
    revision = town.centre.registry.revision()
    body = {"changes": [{"verb": "end", "document": "agreement/E-X", "on": "2026-03-01"}], "who": "all"}
    answer = town.person("supervisorE").post("/api/tonight/what-if", body)
    assert answer.status == 200, answer.body
    lost = {(one["person"], one["commune"], one["act"]): one["lost"] for one in answer.body["gaps"]}
    assert lost["agentE", "X", "live"] == 2
    assert all(one["gained"] == 0 for one in answer.body["gaps"])
    assert town.centre.registry.revision() == revision
    assert states(whole_night(town, "supervisorE"))["agentE", "X"] == "open"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"verb": "end", "document": "agreement/none"}, 404),
        ({"verb": "suspend", "document": "prefect_order/Z"}, 404),
        ({"verb": "accredit", "person": "nobody", "departements": ["95"]}, 404),
        ({"verb": "designate", "person": "agentE", "commune": "Z", "acts": ["live"]}, 404),
        ({"verb": "amend", "document": "prefect_order/X", "fields": {"acts": ["live"]}}, 200),
        ({"verb": "accredit", "person": "supervisorE", "departements": ["99"]}, 200),
        ({"verb": "designate", "person": "agentE", "commune": "X", "acts": ["extract"]}, 200),
        ({"verb": "withdraw", "document": "prefect_order/X"}, 200),
        ({"verb": "burn", "document": "prefect_order/X"}, 422),
    ],
)
def test_changes_that_may_be_supposed(town: Town, change: dict[str, Any], status: int) -> None:
    answer = town.person("supervisorE").post("/api/tonight/what-if", {"changes": [change], "who": "all"})
    assert answer.status == status, answer.body


def test_a_shift_is_entered_listed_replaced_and_cancelled(town: Town) -> None:
    entered = enter(town, "agentE", ["X"])
    assert entered.status == 201, entered.body
    shift = entered.body["shift"]["id"]
    span = f"begin={tomorrow(town, -1)}&end={tomorrow(town, 9)}".replace("+", "%2B")
    listed = town.person("supervisorE").get(f"/api/roster?{span}").body
    assert [one["id"] for one in listed["shifts"]] == [shift]
    assert {"agentE", "pmX", "pmY"} <= {one["id"] for one in listed["persons"]}
    assert "mayorX" not in {one["id"] for one in listed["persons"]}
    candidates = town.person("supervisorE").get(f"/api/roster/{shift}/candidates").body
    assert [one["id"] for one in candidates] == ["pmX"]
    replaced = town.person("supervisorE").post(f"/api/roster/{shift}/replace", {"person": "pmX"})
    assert replaced.status == 200, replaced.body
    assert [one["person"] for one in town.person("mayorX").get(f"/api/roster?{span}").body["shifts"]] == ["pmX"]
    assert town.person("mayorY").get(f"/api/roster?{span}").body["shifts"] == []
    ledger = town.centre.ledger
    outcomes = [ledger.record(index).outcome for index in range(ledger.size)]
    assert [one for one in outcomes if one and one.startswith("shift_")][-2:] == ["shift_entered", "shift_replaced"]
    cancel(town, replaced.body["shift"]["id"])
    assert town.person("supervisorE").get(f"/api/roster?{span}").body["shifts"] == []


def test_a_shift_that_the_law_refuses_is_explained(town: Town) -> None:
    refused = enter(town, "supervisorE", ["X", "Y"])
    assert refused.status == 409
    assert {one["commune"] for one in refused.body["obstacles"]} == {"X", "Y"}
    assert refused.body["obstacles"][0]["card"]["cure"]["kind"] == "accreditation"
    assert "ne pourrait pas voir" in refused.body["error"]["text"]["fr"]


def test_one_who_is_not_entitled_does_not_replace(town: Town) -> None:
    shift = enter(town, "agentE", ["X", "Y"]).body["shift"]["id"]
    answer = town.person("supervisorE").post(f"/api/roster/{shift}/replace", {"person": "pmX"})
    assert answer.status == 409
    assert [one["commune"] for one in answer.body["obstacles"]] == ["Y"]
    cancel(town, shift)


def test_on_the_roster_is_on_duty(town: Town) -> None:
    at = now(town.clock)
    body = {"person": "agentE", "communes": ["X"], "starts": at.isoformat(), "ends": (at + HOUR).isoformat()}
    shift = town.person("supervisorE").post("/api/roster", body).body["shift"]["id"]
    for who in ("duty", "rostered"):
        night = town.person("supervisorE").get(f"/api/tonight?who={who}").body
        assert [(one["id"], one["duty"]) for one in night["persons"]] == [("agentE", True)]
    cancel(town, shift)
    assert town.person("supervisorE").get("/api/tonight").body["persons"] == []


@pytest.mark.parametrize(
    "query",
    ["begin=x&end=y", "begin=2026-03-02", "begin=0001-01-01T00:00:00Z&end=9999-12-31T00:00:00Z",
     "begin=2026-03-02T00:00:00Z&end=2026-12-02T00:00:00Z", "begin=2026-03-03T00:00:00Z&end=2026-03-02T00:00:00Z"],
)  # fmt: skip
def test_days_that_cannot_be_listed(town: Town, query: str) -> None:
    assert town.person("supervisorE").get(f"/api/roster?{query}").status == 422


def test_a_shift_in_another_age_is_refused(town: Town) -> None:
    for year in (1, 2000, 9999):
        at = datetime(year, 1, 2, tzinfo=UTC)
        body = {"person": "agentE", "communes": ["X"], "starts": at.isoformat(), "ends": (at + HOUR).isoformat()}
        assert town.person("supervisorE").post("/api/roster", body).status == 422
