"""The case files of the deployments hold, and each deployment has enough of them."""

from collections import Counter
from pathlib import Path

import pytest

from beffroi.law.cases.model import Expected
from beffroi.law.cases.run import Question, ask, questions
from beffroi.law.engine import LawEngine
from beffroi.profiles.catalogue import world_names
from beffroi.profiles.worlds import register

CASES = Path(__file__).parents[2] / "cases" / "profiles"


@pytest.fixture(scope="module")
def asked() -> list[Question]:
    register()
    return questions([CASES])


def test_every_case_holds(asked: list[Question], engine: LawEngine) -> None:
    failed = [
        f"{one.world} {one.case.id}: {[str(text) for text in one.differences]}"
        for one in ask(asked, engine)
        if not one.holds
    ]
    assert failed == []


def test_every_deployment_has_at_least_six_cases_of_both_kinds(asked: list[Question]) -> None:
    by_world = Counter(one.world for one in asked)
    assert set(by_world) == {f"profile/{name}" for name in world_names()}
    assert min(by_world.values()) >= 6
    for world in by_world:
        cases = [one.case for one in asked if one.world == world]
        assert any(case.expect is Expected.ALLOW and case.authority for case in cases), world
        assert any(case.expect is not Expected.ALLOW and (case.rules or case.row) for case in cases), world


def test_no_two_cases_of_a_file_share_a_name(asked: list[Question]) -> None:
    names = Counter((one.world, one.case.id) for one in asked)
    assert [name for name, count in names.items() if count > 1] == []
