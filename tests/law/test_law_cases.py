"""All of `cases/`, put to the law; what they cover; and that a case can fail."""

from collections import defaultdict
from pathlib import Path

import pytest
from tests.law.oracle import oracle

from beffroi.domain.acts import Verdict
from beffroi.domain.facts import Facts
from beffroi.law.cases.compare import differences
from beffroi.law.cases.model import Expected
from beffroi.law.cases.run import Outcome, ask, questions
from beffroi.law.engine import LawEngine

CASES = Path(__file__).parents[2] / "cases"
FILES = sorted(CASES.glob("*.yaml"))  # those of the deployments have their own test, with their own worlds

# Rows that open something, to somebody in order (law.md §7): unsettled ones too, which a written position opens.
POLICE_AND_AGENTS = ["6", "7", "8", "8bis", "10", "11", "13", "15", "16", "17", "18", "19"]
OPENING = ["1", "3", "4", *POLICE_AND_AGENTS, "22", "23", "25", "27", "28", "29", "31", "32", "33", "34", "36", "38"]
OPENING += ["40", "41", "43a", "43b"]
CLOSED = ["2", "5", "9", "12", "14", "20", "21", "24", "26", "30", "35", "37", "39", "42", "43c"]


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return list(ask(questions(FILES)))


@pytest.fixture(scope="module")
def engine() -> LawEngine:
    return LawEngine.load()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_law_answers_as_the_case_says(path: Path, outcomes: list[Outcome]) -> None:
    differing = [
        f"{one.case.id}: {'; '.join(text.en for text in one.differences)}"
        for one in outcomes
        if one.place.file == str(path) and not one.holds
    ]
    assert differing == []
    assert any(one.place.file == str(path) for one in outcomes)


def test_there_are_cases_enough(outcomes: list[Outcome]) -> None:
    assert len(outcomes) >= 250
    verdicts = {verdict: sum(one.decision.verdict is verdict for one in outcomes) for verdict in Verdict}
    assert verdicts[Verdict.ALLOW] >= 100
    assert verdicts[Verdict.DENY] >= 150
    assert verdicts[Verdict.UNSETTLED] >= 10


def test_every_row_is_asked_in_order_missing_ended_and_suspended(outcomes: list[Outcome]) -> None:
    told: dict[str, set[str]] = defaultdict(set)
    for one in outcomes:
        row, verbs = _row(one), {change.verb for change in one.case.change}
        if one.decision.verdict is Verdict.DENY:
            told[row] |= verbs & {"remove", "end", "suspend"} | {"refused"}
        elif not verbs:
            told[row].add("in order")
    wanted = {"in order", "remove", "end", "suspend"}
    assert {row: wanted - told[row] for row in OPENING if not wanted <= told[row]} == {}
    assert [row for row in CLOSED if "refused" not in told[row]] == []


def test_every_rule_decides_a_case(outcomes: list[Outcome], engine: LawEngine) -> None:
    """Named by the case, and cited by a refusal: taking the rule's citation away makes that case differ."""
    named = {rule for one in outcomes if not one.decision.allowed for rule in one.case.rules}
    undecided = [name for name, rule in engine.pack.rules.items() if not {name, *rule.aliases} & named]
    assert undecided == []


def test_a_rule_that_a_case_names_exists(outcomes: list[Outcome], engine: LawEngine) -> None:
    known = {name for rule in engine.pack.rules.values() for name in (rule.id, *rule.aliases)}
    assert {rule for one in outcomes for rule in one.case.rules} <= known


def test_dated_cases_stand_on_both_sides_of_a_line(outcomes: list[Outcome]) -> None:
    lines = ["2012-05-01", "2014-06-20", "2017-11-05", "2019-07-27", "2020-02-12", "2021-05-27", "2023-05-21"]
    lines += ["2023-11-30", "2029-01-01"]
    days = {one.decision.request.at.date().isoformat() for one in outcomes if "timeline" in one.place.file}
    assert len([one for one in outcomes if "timeline" in one.place.file]) >= 12
    for line in lines:
        assert any(day < line for day in days)
        assert any(day >= line for day in days)
    assert {"2021-05-26", "2021-05-27", "2023-05-20", "2023-05-21", "2023-11-29", "2023-11-30"} <= days


def test_each_case_can_fail(outcomes: list[Outcome], engine: LawEngine) -> None:
    """With the opposite expectation every case is told to differ; so is one whose rule, cure or row is another's."""
    for one in outcomes:
        other = Expected.DENY if one.decision.allowed else Expected.ALLOW
        turned = one.case.model_copy(update={"expect": other, "documents": []})
        assert differences(turned, one.decision, Facts(), engine.pack)
        nearly = one.case.model_copy(update={"rules": ["CSI-L000-0"], "documents": []})
        assert differences(nearly, one.decision, Facts(), engine.pack)


def test_an_unsettled_answer_must_say_so(outcomes: list[Outcome]) -> None:
    unsettled = [one for one in outcomes if one.decision.verdict is Verdict.UNSETTLED]
    assert all("à confirmer avec la préfecture" in one.decision.sentence.fr for one in unsettled)


def _row(one: Outcome) -> str:
    return one.decision.ground.removeprefix("row-").lstrip("0").removesuffix("-register")


def test_a_second_reading_of_the_table_expects_the_same() -> None:
    """Three readings of one text: the cases, the engine, and the oracle, which shares nothing with either."""
    differing = []
    for one in questions(FILES):
        read, expected, authority = oracle(one.facts, one.request), one.case.expect, one.case.authority
        same = expected.value == read.verdict or (expected is Expected.REFUSE and not read.allowed)
        if authority is not None and read.allowed and read.authority is not None:
            same = same and authority.replace("president_cd", "president-cd") == read.authority
        if not same:
            differing.append(f"{one.place.file}:{one.place.line} {one.case.id}: {read}")
    assert differing == []
