"""Each piece of the Cedar text matters: a row or a limit with one piece changed gives a wrong answer somewhere.

The cases are the questions that open a row, each with one thing otherwise (`worldgen_near`); the right answers are
those of the independent reading, row by row. Rows are tried without the limits, which would hide a hole in a row; each
limit is tried with the clauses that it doubles taken out of the rows.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import cedarpy
import pytest
from tests.law.oracle import papers_and_settings
from tests.law.oracle_papers import Question, midnight
from tests.law.oracle_rows import ROWS, Row, in_force, position
from tests.law.test_law_oracle import NOW, ask
from tests.law.worldgen import small_world
from tests.law.worldgen_mutations import body_mutants, clause_mutants
from tests.law.worldgen_near import near
from tests.law.worldgen_questions import LIKELY
from tests.law.worldgen_shape import SMALL

from beffroi.domain.acts import IMAGE_ACTS, Act, Purpose
from beffroi.domain.decision import ActRequest
from beffroi.domain.facts import Facts
from beffroi.law.engine import LawEngine
from beffroi.law.packs.fr import COUNTRY
from beffroi.law.policies import Ground, policy_set

pytestmark = pytest.mark.soak  # minutes of work: asked for by name, `pytest -m soak tests/law/test_law_mutants.py`

ENGINE = LawEngine.load()
SOURCE = ENGINE.policies.source
REGISTER = "register"
ALL = {"op": "All"}

EQUIVALENT: dict[str, str] = {}
"""Mutants that answer everything alike, and why."""


@dataclass(frozen=True, eq=False)
class Case:
    """A question put to policies, whether the row opens it, and the conditions that hold."""

    request: dict[str, Any]
    entities: cedarpy.Entities
    right: bool
    met: frozenset[str]


def group_of(ground: Ground) -> str:
    """The grounds that together are one row; those of registers and settings make one group."""
    return ground.row.row if set(ground.acts) & {one.value for one in IMAGE_ACTS} else REGISTER


GROUPS: dict[str, list[Ground]] = {}
for one in ENGINE.policies.grounds:
    GROUPS.setdefault(group_of(one), []).append(one)
PAIRS = sorted({(one, two) for ones, twos in LIKELY for one in ones.split() for two in twos.split()})
READING = {row.number: row for row in ROWS}


def opens(row: Row | None, q: Question) -> bool:
    """What the reading says of one row, whoever else is let in by another."""
    if row is None:
        return q.request.strong_auth and papers_and_settings(q).allowed
    if q.act not in row.acts or not in_force(row, q) or row.opens(q) is None:
        return False
    said = position(q, row)
    return "open" in said if row.unsettled else not (row.interpretation and "closed" in said)


def question(facts: Facts, request: ActRequest) -> Question:
    return Question(facts, request, facts.persons[request.person], facts.cameras[request.camera])


@cache
def world_at(shape: int, at: datetime) -> Facts:
    return small_world(SMALL[shape], at)


def starts(group: str) -> Iterator[tuple[Facts, ActRequest, bool]]:
    """Questions that the row opens, one for each act, quality and origin; whether to look all around it."""
    acts = sorted({act for ground in GROUPS[group] for act in ground.acts}, key=lambda one: (one != "live", one))
    row, looked = READING.get(group), set[str]()
    for act in acts:
        found: set[tuple[str, str]] = set()
        for facts in (world_at(0, NOW), world_at(1, NOW)):
            for person, camera in PAIRS:
                request = ask(person, camera, Act(act), Purpose.F5)
                kind = (facts.persons[request.person].status.value, facts.cameras[request.camera].origin.value)
                if kind not in found and opens(row, question(facts, request)):
                    found.add(kind)
                    ground = next(one.id for one in GROUPS[group] if act in one.acts and kind[0] in one.row.who)
                    yield facts, request, ground not in looked
                    looked.add(ground)


def dated(group: str, request: ActRequest) -> Iterator[tuple[Facts, ActRequest]]:
    """The same question on the eve and the day of each law, and after the last of them."""
    row = READING.get(group)
    days = [midnight(row.since)] if row else []
    days += [datetime(year, 6, 1, tzinfo=UTC) for year in (2015, 2022, 2024, 2030)] + [datetime(2023, 8, 1, tzinfo=UTC)]
    for day in days:
        for at in (day, day - timedelta(microseconds=1)):
            for shape in (0, 1):
                facts = world_at(shape, at)
                moved = replace(request, at=at, footage=ask("pmX", "cv", request.act, None).footage and _before(at))
                yield facts, moved
                for kind in ("cnil_commitment", "impact_assessment", "processing_record"):
                    yield replace(facts, documents=tuple(one for one in facts.documents if one.kind != kind)), moved


def _before(at: datetime) -> Any:
    made = ask("pmX", "cv", Act.REPLAY, None).footage
    shift = int((at - NOW).total_seconds()) * 1_000_000
    return made and replace(made, from_us=made.from_us + shift, to_us=made.to_us + shift)


@cache
def cases(group: str) -> tuple[Case, ...]:
    """Questions that lack at most one condition of a ground of the group, each once."""
    row, found = READING.get(group), list[Case]()
    seen: set[tuple[str, str]] = set()
    for facts, start, whole in starts(group):
        for changed, request in (*near(facts, start, whole=whole), *(dated(group, start) if whole else ())):
            person, camera = changed.persons[request.person], changed.cameras[request.camera]
            employer = changed.bodies.get(person.employer)
            if person.status == "departement_president" and (employer is None or employer.kind != "departement"):
                continue  # nobody presides over a département that is something else
            asked, entities = ENGINE.question(changed, COUNTRY.situate(changed, request, person, camera))
            key = (json.dumps(asked, sort_keys=True), entities)
            if key in seen:
                continue
            seen.add(key)
            met = ENGINE.policies.conditions_met(asked, entities)
            if any(request.act.value in one.acts and len(set(one.conditions) - met) <= 1 for one in GROUPS[group]):
                right = opens(row, question(changed, request))
                found.append(Case(asked, cedarpy.Entities.from_json_str(entities), right, met))
    return tuple(found)


def answers(parsed: cedarpy.PolicySet, case: Case) -> bool:
    """What these policies say."""
    result = cedarpy.is_authorized(case.request, parsed, case.entities)
    return bool(result.allowed and not result.diagnostics.errors)


def survives(policies: dict[str, Any], tried: list[Case]) -> bool:
    """Whether these policies answer every case rightly. What killed one mutant is tried first on the next."""
    parsed = policy_set(policies)
    for place, case in enumerate(tried):
        if answers(parsed, case) != case.right:
            tried.insert(0, tried.pop(place))
            return False
    return True


def text_of(group: str) -> dict[str, Any]:
    """The grounds of a group, without any limit."""
    return {one.id: SOURCE[one.id] for one in GROUPS[group]}


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_rows_say_what_the_reading_says(group: str) -> None:
    """Without limits, on every case; and cases fall on both sides."""
    assert {one.right for one in cases(group)} == {True, False}
    assert survives(text_of(group), list(cases(group)))


SHARED: dict[str, list[str]] = {}
"""For each condition, the groups that ask it: its inner mutants are killed in one of them."""
for name, grounds in GROUPS.items():
    for ground in grounds:
        for condition in ground.conditions:
            if name not in SHARED.setdefault(condition, []):
                SHARED[condition].append(name)


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_mutants_of_rows_are_killed(group: str) -> None:
    """Each clause of each row dropped or negated; each clause changed inside, in the first row that asks it."""
    tried, survivors = list(cases(group)), []
    for ground in GROUPS[group]:
        policy = SOURCE[ground.id]
        for index, condition in enumerate(ground.conditions):
            mutants = list(clause_mutants(policy, index))
            for how, mutant in mutants:
                if survives({**text_of(group), ground.id: mutant}, tried):
                    survivors.append(f"{ground.id}: {condition} {how}")
            if SHARED[condition][0] == group:
                survivors += inner(condition)
    assert [one for one in survivors if one not in EQUIVALENT] == []


def inner(condition: str) -> list[str]:
    """The inner mutants of a condition that survive in every row that asks it."""
    left: set[str] | None = None
    for group in SHARED[condition]:
        tried, here = list(cases(group)), set[str]()
        for ground in GROUPS[group]:
            if condition not in ground.conditions:
                continue
            index = ground.conditions.index(condition)
            for how, mutant in body_mutants(SOURCE[ground.id], index):
                if (left is None or how in left) and survives({**text_of(group), ground.id: mutant}, tried):
                    here.add(how)
        left = here if left is None else left & here
        if not left:
            return []
    return [f"{condition} {how}" for how in sorted(left or ())]


BELTS: dict[str, tuple[str, ...]] = {
    "limit-two-factor": ("two-factor",),
    "limit-order": ("order", "order-length", "order-event"),
    "limit-purpose": ("purpose-in-order",),
    "limit-order-viewer": ("order-viewer", "order-recipient"),
    "limit-order-act": ("order-act",),
    "limit-mask": ("mask",),
    "limit-term": ("footage-term",),
    "limit-extract": ("extract-title",),
    "limit-relay": ("relay-recipient",),
    "limit-never-viewers": ("status",),
    "limit-private": ("origin",),
    "limit-accreditation": ("accreditation",),
    "limit-common-parts": ("status", "alert", "origin"),
    "limit-merchant": ("status", "origin"),
}
"""The clauses of rows that each limit doubles (by name, or by the beginning of the name)."""


def test_every_limit_has_its_belt() -> None:
    assert set(BELTS) == set(ENGINE.policies.limits)


def loosened(limit: str, policy: dict[str, Any], conditions: tuple[str, ...]) -> dict[str, Any]:
    """A ground without the clauses that the limit doubles."""
    kept = [
        clause
        for name, clause in zip(conditions, policy["conditions"], strict=True)
        if not any(name == one or (name.startswith(f"{one}-") and one in {"status", "origin"}) for one in BELTS[limit])
    ]
    return {**policy, "conditions": kept}


@pytest.mark.parametrize("limit", sorted(BELTS))
def test_mutants_of_limits_are_killed(limit: str) -> None:
    """Where the rows have lost the clauses that it doubles, the limit stops what it must, and its mutants do not."""
    asked: list[Case] = []
    for group, grounds in GROUPS.items():
        loose = policy_set({one.id: loosened(limit, SOURCE[one.id], one.conditions) for one in grounds})
        asked += [one for one in cases(group) if answers(loose, one)]
    anyone = {
        "effect": "permit",
        **{key: {"op": "All"} for key in ("principal", "action", "resource")},
        "conditions": [],
    }

    def right(policy: dict[str, Any]) -> set[int]:
        parsed = policy_set({"anyone": anyone, "limit": policy})
        return {place for place, case in enumerate(asked) if answers(parsed, case) == case.right}

    policy = SOURCE[limit]
    whole = right(policy)
    stopped = [place for place in whole if not asked[place].right]
    assert stopped, "the limit stops nothing that the rows would let in"
    assert {place for place, case in enumerate(asked) if case.right} <= whole, "the limit stops what a row opens"
    survivors = []
    for index in range(len(policy["conditions"])):
        for how, mutant in (*clause_mutants(policy, index), *body_mutants(policy, index)):
            if not whole - right(mutant):
                survivors.append(f"{limit} {how}")
    assert [one for one in survivors if one not in EQUIVALENT] == []
