"""What the console says of the machine's disk: counts and bytes, to those who look after it."""

from typing import Any

import pytest
from tests.support.centre import Town

from beffroi.server.machine import disk_notices

QUIET: dict[str, Any] = {
    "known": True, "size": 8e12, "free": 4e12, "used_percent": 50.0, "line": 4e11, "alarm": 0, "holds_days": 40.0,
    "short": False, "stopped": [], "refused": [], "text": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, []),
        ({"alarm": 80, "used_percent": 81.0}, ["disk-fills"]),
        ({"short": True, "holds_days": 12.34}, ["disk-short"]),
        ({"stopped": ["a", "b"], "alarm": 95}, ["disk-stopped"]),
        ({"refused": ["a"], "short": True}, ["disk-refused", "disk-short"]),
    ],
)
def test_each_trouble_has_its_sentence_and_names_no_camera(change: dict[str, Any], codes: list[str]) -> None:
    told = disk_notices(QUIET | change)
    assert [one.code for one in told] == codes
    for one in told:
        assert one.text.fr != one.text.en
        assert " a " not in f" {one.text.fr} ".replace(" a la ", "")


def test_without_a_recorder_the_disk_is_not_known(town: Town) -> None:
    answer = town.person("adminE").call("GET", "/api/health/system")
    assert answer.status == 200
    assert answer.body["disk"] is None
    assert "recorder-silent" in [one["code"] for one in answer.body["notices"]]


@pytest.mark.parametrize("person", ["agentE", "mayorX", "pmX"])
def test_others_are_not_told(town: Town, person: str) -> None:
    assert town.person(person).call("GET", "/api/health/system").status in {403, 404}


def test_the_answer_of_a_recorder_is_passed_on_in_counts(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    true = town.centre.recorder.call  # the centre asks for other things meanwhile

    async def call(method: str, params: dict[str, Any]) -> Any:
        if method != "disk":
            return await true(method, params)
        assert params == {}
        return QUIET | {"stopped": ["secret-place"], "alarm": 95}

    monkeypatch.setattr(town.centre.recorder, "call", call)
    answer = town.person("technician").call("GET", "/api/health/system")
    assert answer.body["disk"]["stopped"] == 1
    assert answer.body["notices"][0]["code"] in {"disk-stopped", "recorder-silent"}
    assert b"secret-place" not in answer.raw
