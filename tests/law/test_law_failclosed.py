"""Whatever is missing, malformed or broken, the answer is a refusal: in the facts, in what Cedar is given, inside."""

import copy
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from random import Random, SystemRandom
from typing import Any

import pytest
import structlog
from tests.law.oracle import oracle
from tests.law.test_law_oracle import NOW, ask, check, everything, opened
from tests.law.worldgen import light, small_world
from tests.law.worldgen_defects import JUNK
from tests.law.worldgen_questions import relevant
from tests.law.worldgen_shape import SMALL

from beffroi.domain.acts import Act, Purpose
from beffroi.domain.decision import ActRequest
from beffroi.domain.facts import BodyKind, Facts
from beffroi.domain.ids import BodyId, PersonId
from beffroi.law.engine import LawEngine
from beffroi.law.packs.fr import COUNTRY

ENGINE = LawEngine.load()
SEED = os.environ.get("BEFFROI_SEED") or str(SystemRandom().randrange(10**9))


@cache
def openings() -> dict[str, tuple[Facts, ActRequest]]:
    """For each ground that opens something in a small world, one question that it allows."""
    found: dict[str, tuple[Facts, ActRequest]] = {}
    for shape in SMALL:
        facts = small_world(shape, NOW)
        for request in everything(facts, iter([Act.LIVE, Act.EXTRACT, Act.READ_REGISTER, Act.CONFIGURE]), Purpose.F5):
            if oracle(facts, request).allowed:
                found.setdefault(ENGINE.decide(facts, request).ground, (facts, request))
    return found


def test_junk_in_any_field_of_any_document() -> None:
    """Every field of every document says something senseless in turn: engine and reading agree, nothing fails."""
    draw = Random(f"{SEED}-junk")  # noqa: S311  repeatable, no secret
    facts = small_world(SMALL[0], NOW)
    asked = [request for request, _ in opened(facts)]
    for document in facts.documents:
        concerned = [one for one in asked if document in relevant(facts, one)]
        for name in document.fields if concerned else ():
            junk = draw.choice(JUNK)
            spoiled = light(facts.with_documents(replace(document, fields={**document.fields, name: junk})))
            for request in draw.sample(concerned, min(2, len(concerned))):
                check(spoiled, request, f"seed {SEED}: {document.id}.{name} = {junk!r}")


def hollow(facts: Facts) -> Iterator[tuple[str, Facts]]:
    """Bodies, persons and cameras of which something is missing or senseless."""
    for name, body in facts.bodies.items():
        gone = {key: one for key, one in facts.bodies.items() if key != name}
        yield f"{name} unknown", replace(facts, bodies=gone)
        for change in (
            replace(body, departement=""),
            replace(body, form=None),
            replace(body, members=frozenset()),
            replace(body, members=frozenset({name})),
            replace(body, kind=BodyKind.OTHER),
        ):
            yield f"{name} {change}", replace(facts, bodies={**facts.bodies, name: change})
    for key, person in facts.persons.items():
        nowhere = replace(person, employer=BodyId("nowhere"), commune=BodyId(""))
        yield f"{key} nowhere", replace(facts, persons={**facts.persons, key: nowhere})
    for place, camera in facts.cameras.items():
        for moved in (
            replace(camera, commune=BodyId("nowhere")),
            replace(camera, system=""),
            replace(camera, controller=BodyId("nowhere")),
            replace(camera, placement_confirmed_by=None),
        ):
            yield f"{place} {moved}", replace(facts, cameras={**facts.cameras, place: moved})


def test_hollow_facts() -> None:
    """A body, a person or a place that says nothing: engine and reading agree, nothing fails."""
    draw = Random(f"{SEED}-hollow")  # noqa: S311  repeatable, no secret
    facts = small_world(SMALL[0], NOW)
    asked = [request for request, _ in opened(facts)]
    for name, changed in hollow(facts):
        light(changed)
        for request in draw.sample(asked, 8):
            check(changed, request, f"seed {SEED}: {name}")


def test_the_president_of_what_is_no_departement() -> None:
    """Seed 2796314541 of the test above: the reading took any body that keeps the camera for a département."""
    facts = small_world(SMALL[0], NOW)
    odd = replace(facts.bodies[BodyId("D")], kind=BodyKind.OTHER)
    asked = ask("presidentD", "cdd", Act.LIVE, Purpose.F5)
    assert check(facts, asked) == "allow"
    assert check(light(replace(facts, bodies={**facts.bodies, BodyId("D"): odd})), asked) == "deny"


def test_hostile_questions() -> None:
    """Unknown names, empty names, huge names."""
    facts = small_world(SMALL[0], NOW)
    for _, request in openings().values():
        for hostile in ("", "nobody", "x" * 100_000, 'agent" || true //', "\0", "é́"):
            odd = PersonId(hostile)
            for one in (
                replace(request, person=odd),
                replace(request, camera=type(request.camera)(hostile)),
                replace(request, second=odd, act=Act.EXTRACT),
                replace(request, present=frozenset({odd})),
                replace(request, recipient=hostile, act=Act.RELAY),
            ):
                assert ENGINE.decide(facts, one).allowed <= oracle(facts, one).allowed


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every attribute, nested ones and whole records included."""
    if isinstance(value, dict) and "__entity" not in value and "__extn" not in value:
        for key, inside in value.items():
            yield from leaves(inside, (*path, key))
    if path:
        yield path


def changed(value: Any, path: tuple[Any, ...], *new: Any) -> Any:
    """A copy where one attribute is something else, or is gone."""
    made = copy.deepcopy(value)
    inside = made
    for key in path[:-1]:
        inside = inside[key]
    if new:
        inside[path[-1]] = new[0]
    else:
        del inside[path[-1]]
    return made


WRONG_TYPES: tuple[Any, ...] = (None, {}, 1.5, {"__entity": {"type": "Martian", "id": "1"}}, [[1]], 10**30)


def broken(value: Any, draw: Random) -> Iterator[tuple[str, Any, tuple[Any, ...]]]:
    """Every attribute deleted, then null or of another type."""
    for path in leaves(value):
        yield "deleted", changed(value, path), path
        wrong = draw.choice(WRONG_TYPES)
        yield f"is {wrong}", changed(value, path, wrong), path


@pytest.mark.parametrize("ground", sorted(openings()))
def test_a_corrupt_attribute_never_allows(ground: str) -> None:
    """Each attribute of each entity and of the context: refused, with an error."""
    draw = Random(f"{SEED}-{ground}")  # noqa: S311  repeatable, no secret
    facts, request = openings()[ground]
    situation = COUNTRY.situate(facts, request, facts.persons[request.person], facts.cameras[request.camera])
    question, entities = ENGINE.question(facts, situation)
    assert ENGINE.policies.decide(question, entities).allowed
    whole, context = json.loads(entities), json.loads(question["context"])
    for index, entity in enumerate(whole):
        others = [*whole[:index], *whole[index + 1 :]]
        for how, attrs, path in broken(entity["attrs"], draw):
            answer = ENGINE.policies.decide(question, json.dumps([*others, {**entity, "attrs": attrs}]))
            assert not answer.allowed, (SEED, path, how)
            assert answer.errors, (SEED, path, how)
        martian = {**entity, "uid": {"type": "Martian", "id": entity["uid"]["id"]}}
        assert not ENGINE.policies.decide(question, json.dumps([*others, martian])).allowed
        if request.act is not Act.CONFIGURE:  # settings are the technician's whatever the camera: nothing reads it
            another = {**entity, "uid": {**entity["uid"], "id": "another"}}
            for some in ([*others, another], others):
                assert not ENGINE.policies.decide(question, json.dumps(some)).allowed, entity["uid"]
    for how, made, path in broken(context, draw):
        answer = ENGINE.policies.decide({**question, "context": json.dumps(made)}, entities)
        assert not answer.allowed, (SEED, path, how)
        assert answer.errors, (SEED, path, how)


def test_an_error_inside_denies_and_is_told() -> None:
    """Whatever raises, at whatever step, and a policy that errs: a refusal, and an alarm in the log."""

    class Broken:
        """A country whose steps fail from the n-th call on."""

        def __init__(self, calls: int) -> None:
            self.calls = calls

        def __getattr__(self, name: str) -> Any:
            true = getattr(COUNTRY, name)

            def step(*args: Any, **more: Any) -> Any:
                self.calls -= 1
                if self.calls < 0:
                    raise RuntimeError("broken")
                return true(*args, **more)

            return step

    facts, request = openings()["row-13"]
    failed = 0
    for calls in range(12):
        engine = LawEngine(ENGINE.pack, Broken(calls), ENGINE.policies)
        with structlog.testing.capture_logs() as told:
            decision = engine.decide(facts, request)
        if decision.ground == "error":
            failed += 1
            assert not decision.allowed
            assert not decision.disclosable
            assert [one for one in told if one["log_level"] == "error"]
    assert failed >= 3
