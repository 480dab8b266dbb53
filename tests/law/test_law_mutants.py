"""Each clause of the Cedar text matters: a policy with one piece changed or dropped gives a wrong answer somewhere."""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import cedarpy
import pytest
from tests.law.cases import lacking, variations
from tests.law.oracle import oracle
from tests.support.worlds import NOW, X, ask, persons, world

from beffroi.domain.acts import Act
from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import Document, JsonValue, Scope
from beffroi.domain.facts import Facts
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.law.engine import LawEngine
from beffroi.law.packs.fr import COUNTRY
from beffroi.law.policies import Ground, policy_set

ENGINE = LawEngine.load()
SOURCE = ENGINE.policies.source
VIEWERS = (("agentE", "cx"), ("agentE", "cd"), ("pmX", "cx"), ("mayorX", "cx"))


@dataclass(frozen=True, eq=False)
class Case:
    """A question put to policies, and what the independent model answers."""

    name: str
    request: dict[str, Any]
    entities: cedarpy.Entities
    allowed: bool
    met: frozenset[str]


def _case(name: str, facts: Facts, request: ActRequest) -> Case:
    situation = COUNTRY.situate(facts, request, facts.persons[request.person], facts.cameras[request.camera])
    asked, entities = ENGINE.question(facts, situation)
    met = ENGINE.policies.conditions_met(asked, entities)
    return Case(name, asked, cedarpy.Entities.from_json_str(entities), oracle(facts, request).allowed, met)


def _cases() -> Iterator[Case]:
    yield from _valid_cases()
    facts = world()
    order = facts.versions(DocumentId("prefect_order/X"))[0]
    week = facts.with_documents(replace(order, fields={**order.fields, "retention_days": 7}))
    for age in (timedelta(days=7), timedelta(days=7, hours=-1)):
        for person, camera in VIEWERS:
            yield _case("a week", week, ask(person, camera, Act.REPLAY, footage_age=age))
    for name, varied in variations():
        yield from _titled_cases(name, varied) if name.startswith("titles") else _varied_cases(name, varied)


def _valid_cases() -> Iterator[Case]:
    facts = world()
    for person in persons():
        for camera in ("cx", "cd", "cz"):
            for act in Act:
                yield _case("valid", facts, ask(person.id, camera, act))
    for who, camera in (*VIEWERS, ("dpo", "cx"), ("technician", "cx")):
        for request in lacking(who, camera):
            if request.at.year >= 2024:  # before the rules were law: dated rules, not policies, refuse
                yield _case("lacking", facts, request)


def _titled_cases(name: str, facts: Facts) -> Iterator[Case]:
    for person in persons():
        for camera in ("cx", "cd", "cz"):
            for act in (Act.LIVE, Act.READ_REGISTER, Act.CONFIGURE):
                yield _case(name, facts, ask(person.id, camera, act))


def _varied_cases(name: str, facts: Facts) -> Iterator[Case]:
    for person, camera in VIEWERS:
        yield _case(name, facts, ask(person, camera))
        if name.startswith(("mask", "designation")):
            yield _case(name, facts, ask(person, camera, Act.REPLAY))
        if "purposes" in name:
            yield _case(name, facts, ask(person, camera, purpose=None))
    yield _case(name, facts, ask("mayorX", "cx", Act.READ_REGISTER))


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Cases whose verdict can differ, each distinct question once."""
    seen: dict[str, Case] = {}
    for case in _cases():
        seen.setdefault(json.dumps(case.request, sort_keys=True) + str(case.entities), case)
    return list(seen.values())


def wrong(policies: dict[str, Any], cases: list[Case]) -> Case | None:
    """The first case that these policies answer otherwise than the model."""
    parsed = policy_set(policies)
    for case in cases:
        result = cedarpy.is_authorized(case.request, parsed, case.entities)
        if (result.allowed and not result.diagnostics.errors) != case.allowed:
            return case
    return None


def mutations(tree: Any) -> Iterator[Any]:
    """Every tree that differs by one piece: a side dropped, a comparison changed."""
    if isinstance(tree, list):
        for index, one in enumerate(tree):
            for changed in mutations(one):
                yield [*tree[:index], changed, *tree[index + 1 :]]
        return
    if not isinstance(tree, dict):
        return
    for operator, inside in tree.items():
        if operator in {"&&", "||"}:
            yield inside["left"]
            yield inside["right"]
        swaps = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", "&&": "||", "||": "&&"}
        if operator in swaps:
            yield {swaps[operator]: inside}
        for changed in mutations(inside):
            yield {**tree, operator: changed}


def mutants(policy: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A policy with one clause dropped, negated, or changed inside."""
    for index, clause in enumerate(policy["conditions"]):
        others = [*policy["conditions"][:index], *policy["conditions"][index + 1 :]]
        yield f"clause {index} dropped", {**policy, "conditions": others}
        negated = {"kind": "unless" if clause["kind"] == "when" else "when", "body": clause["body"]}
        yield f"clause {index} negated", {**policy, "conditions": [*others, negated]}
        for number, body in enumerate(mutations(clause["body"])):
            changed = {"kind": clause["kind"], "body": body}
            yield f"clause {index} change {number}: {json.dumps(body)}", {**policy, "conditions": [*others, changed]}
    yield "permit and forbid swapped", {**policy, "effect": "forbid" if policy["effect"] == "permit" else "permit"}


def test_the_true_text_is_right(cases: list[Case]) -> None:
    assert wrong(SOURCE, cases) is None


@pytest.mark.parametrize("ground", ENGINE.policies.grounds, ids=lambda one: one.id)
def test_mutants_of_grounds_are_killed(ground: Ground, cases: list[Case]) -> None:
    """Alone, without limits (a limit would hide a hole in a ground), on the cases that lack at most one condition."""
    acting = [one for one in cases if _speaks_of(ground, one)]
    others = [one for one in ENGINE.policies.grounds if one is not ground]
    alone = [
        one
        for one in acting
        if not any(one.met.issuperset(other.conditions) and _speaks_of(other, one) for other in others)
    ]
    near = [one for one in alone if sum(name not in one.met for name in ground.conditions) <= 1]
    near.sort(key=lambda one: one.allowed)
    assert wrong({ground.id: SOURCE[ground.id]}, near) is None
    survivors = []
    for name, mutant in mutants(SOURCE[ground.id]):
        killer = wrong({ground.id: mutant}, near)
        if killer is None:
            survivors.append(name)
        else:  # what killed one mutant is tried first on the next
            near.remove(killer)
            near.insert(0, killer)
    assert survivors == []


def _speaks_of(ground: Ground, case: Case) -> bool:
    return case.request["action"]["id"] in ground.acts


def test_ground_removed_is_noticed(cases: list[Case]) -> None:
    for ground in ENGINE.policies.grounds:
        rest = {name: one for name, one in SOURCE.items() if name != ground.id}
        assert wrong(rest, [one for one in cases if one.allowed]) is not None


# A limit is a second belt, so it is tested alone, beside a permit for everybody: what it must stop, what it must not.
def _stopped_by(limit: str, facts: Facts, request: ActRequest) -> bool:  # noqa: PLR0911  one line for each limit
    person = facts.persons[request.person]
    image = request.act not in {Act.READ_REGISTER, Act.CONFIGURE}
    order = next((one for one in facts.documents if one.id == "prefect_order/X" and one.scope != Scope()), None)
    listed = {key: _list(order, key) for key in ("purposes", "viewers", "acts")}
    if limit == "limit-two-factor":
        return not request.strong_auth
    if limit == "limit-order":
        return image and not (
            order is not None
            and order.holds(request.at)
            and request.camera in order.scope.cameras
            and X in order.scope.bodies
        )
    if limit == "limit-purpose":
        return image and request.purpose not in listed["purposes"]
    if limit == "limit-order-viewer":
        return image and person.status not in listed["viewers"]
    if limit == "limit-order-act":
        return image and request.act not in listed["acts"]
    if limit == "limit-never-viewers":
        never = "elected dgs pooling_president technician dpo inspector private_operator carrier_agent press_other"
        return image and person.status.value in never.split()
    return image and request.act in {Act.EXTRACT, Act.RELAY}


def _list(document: Document | None, field: str) -> list[JsonValue]:
    value = document.fields.get(field) if document else None
    return value if isinstance(value, list) else []


PREDICATES = (
    "limit-two-factor",
    "limit-order",
    "limit-purpose",
    "limit-order-viewer",
    "limit-order-act",
    "limit-never-viewers",
    "limit-desk",
)


def _limit_worlds() -> Iterator[tuple[Facts, ActRequest]]:
    facts = world()
    for person in persons():
        for act in Act:
            yield facts, ask(person.id, "cx", act)
    for request in lacking("agentE", "cx"):
        if request.at == NOW:
            yield facts, request
    for name, varied in variations():
        if name.startswith("prefect_order/X") and "v2" not in name and "suspended" not in name:
            for act in (Act.LIVE, Act.REPLAY, Act.READ_REGISTER):
                yield varied, ask("agentE", "cx", act)


@pytest.mark.parametrize("limit", PREDICATES)
def test_limits_stop_alone_and_their_mutants_are_killed(limit: str) -> None:
    asked = [(_case("", facts, request), _stopped_by(limit, facts, request)) for facts, request in _limit_worlds()]
    assert {stopped for _, stopped in asked} == {True, False}
    _kill(limit, asked)


@pytest.mark.parametrize(
    ("limit", "paper", "acts"),
    [
        ("limit-mask", "mask/cx", (Act.LIVE, Act.PTZ)),
        ("limit-accreditation", "accreditation/agentE", (Act.LIVE, Act.REPLAY, Act.PTZ, Act.EXTRACT, Act.RELAY)),
    ],
)
def test_limits_on_a_paper(limit: str, paper: str, acts: tuple[Act, ...]) -> None:
    asked = []
    for name, facts in variations():
        if name != "valid" and not name.startswith((paper, "X without")):
            continue
        versions = [one for one in facts.versions(DocumentId(paper)) if one.version == 1]
        sane = all(word not in name for word in ("v2", "X without"))
        for act in Act if sane else (Act.LIVE,):
            for person in ("agentE", "mayorX"):
                held = any(_covers(paper, one) and one.holds(NOW) for one in versions)
                concerned = act in acts and (limit == "limit-mask" or person == "agentE")
                if "v2" in name:
                    continue
                stray = name.startswith("X without") and limit == "limit-accreditation"
                asked.append((_case(name, facts, ask(person, "cx", act)), concerned and (stray or not held)))
    _kill(limit, asked)


def _covers(paper: str, document: Any) -> bool:
    if paper.startswith("mask"):
        return "cx" in document.scope.cameras
    departements = document.fields.get("departements") or []
    return PersonId("agentE") in document.scope.persons and "99" in departements


def test_limit_on_the_term() -> None:
    facts = world()
    asked = []
    for act in Act:
        for days, past in ((2, False), (40, True)):
            replay = act in {Act.REPLAY, Act.EXTRACT}
            request = ask("agentE", "cx", act, footage_age=timedelta(days=days))
            asked.append((_case("", facts, request), replay and past))
    order = facts.versions(DocumentId("prefect_order/X"))[0]
    week = facts.with_documents(replace(order, fields={**order.fields, "retention_days": 7}))
    exactly = ask("agentE", "cx", Act.REPLAY, footage_age=timedelta(days=7))
    _kill("limit-term", [*asked, (_case("", week, exactly), True)])


def _kill(limit: str, asked: list[tuple[Case, bool]]) -> None:
    anyone = {
        "effect": "permit",
        **{key: {"op": "All"} for key in ("principal", "action", "resource")},
        "conditions": [],
    }

    def right(policy: dict[str, Any]) -> bool:
        parsed = policy_set({"anyone": anyone, "limit": policy})
        for case, stopped in asked:
            result = cedarpy.is_authorized(case.request, parsed, case.entities)
            if result.diagnostics.errors or result.allowed == stopped:
                return False
        return True

    assert right(SOURCE[limit])
    survivors = [name for name, mutant in mutants(copy.deepcopy(SOURCE[limit])) if right(mutant)]
    assert survivors == []
