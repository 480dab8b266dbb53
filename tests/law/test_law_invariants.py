"""Laws that hold whatever the case: nothing lost opens anything, an order only narrows, errors deny, replays agree."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.law.cases import requests, variations
from tests.law.test_law_oracle import asked, worlds
from tests.support.worlds import NOW, ask, cameras, persons, proposed, suspended, world

from beffroi.domain.acts import IMAGE_ACTS, Act, Purpose
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.documents import Document, DocumentStatus, Scope
from beffroi.domain.facts import Body, Camera, Facts, Person
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.law.engine import LawEngine
from beffroi.law.packs.fr import COUNTRY
from beffroi.law.policies import Policies

ENGINE = LawEngine.load()
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def allowed(facts: Facts, request: ActRequest) -> bool:
    return ENGINE.decide(facts, request).allowed


@QUICK
@given(facts=worlds(), request=asked(), data=st.data())
def test_losing_a_document_never_opens(facts: Facts, request: ActRequest, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted({one.id for one in facts.documents})))
    several = facts.versions(name)
    suspension, withdrawal = DocumentStatus.SUSPENDED, DocumentStatus.WITHDRAWN
    less = [
        facts.without_document(name),
        facts.with_documents(*(replace(one, status=suspension, status_at=None) for one in _held(several))),
        facts.with_documents(*(replace(one, status=withdrawal, status_at=None) for one in _held(several))),
        facts.with_documents(*(replace(one, valid_until=date(2020, 1, 1)) for one in several)),
        proposed(facts, name),
    ]
    if not allowed(facts, request):
        assert not any(allowed(one, request) for one in less)


def _held(several: tuple[Document, ...]) -> list[Document]:
    return [one for one in several if one.confirmed_by is not None]


@QUICK
@given(facts=worlds(), request=asked(), data=st.data())
def test_an_order_only_narrows(facts: Facts, request: ActRequest, data: st.DataObject) -> None:
    """Whatever is taken out of an order, nothing opens; and no order opens what the law closes."""
    orders = [one for one in facts.documents if one.kind == "prefect_order"]
    if not orders:
        return
    order = data.draw(st.sampled_from(orders))
    field = data.draw(st.sampled_from(["purposes", "viewers", "acts", "retention_days"]))
    value = order.fields.get(field)
    less: Any = value[1:] if isinstance(value, list) else data.draw(st.sampled_from([0, 1, None]))
    if isinstance(value, int) and isinstance(less, int):
        less = min(value, less)
    narrowed = facts.with_documents(replace(order, fields={**order.fields, field: less}))
    if not allowed(facts, request):
        assert not allowed(narrowed, request)


def test_no_order_opens_what_the_law_closes() -> None:
    """An order that names every quality, act and purpose still lets in only those whom the law lets in."""
    facts = world()
    order = facts.versions(DocumentId("prefect_order/X"))[0]
    everything: dict[str, Any] = {
        **order.fields,
        "viewers": sorted({one.status.value for one in facts.persons.values()}),
        "acts": [one.value for one in Act],
        "purposes": [one.value for one in Purpose],
    }
    wide = facts.with_documents(replace(order, fields=everything))
    for person in persons():
        for act in IMAGE_ACTS:
            if allowed(wide, ask(person.id, "cx", act)):
                assert person.id in {"agentE", "pmX", "mayorX"}
                assert act in {Act.LIVE, Act.REPLAY, Act.PTZ}


@QUICK
@given(facts=worlds(), request=asked())
def test_moving_past_every_end_never_opens(facts: Facts, request: ActRequest) -> None:
    ends = sorted({one.ends for one in facts.documents if one.ends and one.ends > request.at})
    if request.act in {Act.CONFIGURE, Act.READ_REGISTER} or not ends:
        return
    begins = [one.begins for one in facts.documents] + [one.status_at for one in facts.documents if one.status_at]
    later = replace(request, at=ends[-1])
    if not any(request.at < one <= later.at for one in begins) and not allowed(facts, request):
        assert not allowed(facts, later)


@QUICK
@given(facts=worlds(), request=asked())
def test_renaming_communes_changes_nothing(facts: Facts, request: ActRequest) -> None:
    names = {"X": "99001", "Y": "99002", "Z": "99003", "E": "200000001"}
    renamed, before = _renamed(facts, names), ENGINE.decide(facts, request)
    after = ENGINE.decide(renamed, request)
    assert (after.verdict, after.ground, after.disclosable) == (before.verdict, before.ground, before.disclosable)
    if before.allowed and before.authority:
        assert after.authority == "maire/" + names[before.authority.removeprefix("maire/")]


def _renamed(facts: Facts, names: dict[str, str]) -> Facts:
    def body(one: str) -> BodyId:
        return BodyId(names.get(one, one))

    def fields(value: Any) -> Any:
        if isinstance(value, list):
            return [fields(one) for one in value]
        if isinstance(value, str) and value.startswith("maire/"):
            return "maire/" + body(value.removeprefix("maire/"))
        return body(value) if isinstance(value, str) else value

    def person(one: Person) -> Person:
        return replace(one, employer=body(one.employer), commune=body(one.commune) if one.commune else None)

    def place(one: Camera) -> Camera:
        return replace(one, commune=body(one.commune))

    def organism(one: Body) -> Body:
        return replace(one, id=body(one.id), members=frozenset(map(body, one.members)))

    def document(one: Document) -> Document:
        scope: Scope = replace(one.scope, bodies=frozenset(map(body, one.scope.bodies)))
        return replace(one, scope=scope, fields={key: fields(value) for key, value in one.fields.items()})

    return Facts.of(
        revision=facts.revision,
        persons=map(person, facts.persons.values()),
        bodies=map(organism, facts.bodies.values()),
        cameras=map(place, facts.cameras.values()),
        documents=map(document, facts.documents),
    )


@QUICK
@given(facts=worlds(), request=asked())
def test_a_ground_permits_when_all_its_conditions_hold(facts: Facts, request: ActRequest) -> None:
    """The twin set speaks for the grounds: each ground alone permits exactly when all its conditions are met."""
    camera, person = facts.cameras[request.camera], facts.persons[request.person]
    question, entities = ENGINE.question(facts, COUNTRY.situate(facts, request, person, camera))
    met = ENGINE.policies.conditions_met(question, entities)
    answer = ENGINE.policies.decide(question, entities)
    complete = [one.id for one in GROUNDS if request.act.value in one.acts and met.issuperset(one.conditions)]
    assert answer.allowed == bool(complete)
    if answer.allowed:
        assert set(answer.reasons) == set(complete)


GROUNDS = ENGINE.policies.grounds


@QUICK
@given(facts=worlds(), request=asked())
def test_a_decision_replays_identically(facts: Facts, request: ActRequest) -> None:
    again = Facts.of(
        revision=facts.revision + 7,
        persons=reversed(list(facts.persons.values())),
        bodies=reversed(list(facts.bodies.values())),
        cameras=reversed(list(facts.cameras.values())),
        documents=reversed(facts.documents),
    )
    first, second = ENGINE.decide(facts, request), ENGINE.decide(again, copy.deepcopy(request))
    assert first == second
    assert first.facts_hash == again.digest()
    assert first.rule_set_hash == ENGINE.pack.hash


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict) and "__entity" not in value:
        for key, inside in value.items():
            yield from _leaves(inside, (*path, key))
        if path:
            yield path
        return
    yield path


def _without(value: Any, path: tuple[Any, ...]) -> Any:
    made = copy.deepcopy(value)
    inside = made
    for key in path[:-1]:
        inside = inside[key]
    del inside[path[-1]]
    return made


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    made = copy.deepcopy(value)
    inside = made
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = new
    return made


@pytest.mark.parametrize(("person", "camera"), [("agentE", "cx"), ("agentE", "cd"), ("pmX", "cx"), ("mayorX", "cx")])
def test_a_corrupt_attribute_never_allows(person: str, camera: str) -> None:
    """Every attribute of every entity and of the context, deleted or of another type: refused, with an error."""
    facts, request = world(), ask(person, camera)
    situation = COUNTRY.situate(facts, request, facts.persons[request.person], facts.cameras[request.camera])
    question, entities = ENGINE.question(facts, situation)
    assert ENGINE.policies.decide(question, entities).allowed
    whole, context = json.loads(entities), json.loads(question["context"])
    for index, entity in enumerate(whole):
        for path in _leaves(entity["attrs"]):
            attrs = entity["attrs"]
            for broken in (_without(attrs, path), _with(attrs, path, {}), _with(attrs, path, None)):
                corrupt = copy.deepcopy(whole)
                corrupt[index]["attrs"] = broken
                answer = ENGINE.policies.decide(question, json.dumps(corrupt))
                assert not answer.allowed, path
                assert answer.errors, path
        answer = ENGINE.policies.decide(question, json.dumps(whole[:index] + whole[index + 1 :]))
        assert not answer.allowed
    for path in _leaves(context):
        for broken in (_without(context, path), _with(context, path, {}), _with(context, path, None)):
            answer = ENGINE.policies.decide({**question, "context": json.dumps(broken)}, entities)
            assert not answer.allowed, path


def test_an_exception_inside_is_a_refusal() -> None:
    class Broken:
        def situate(self, *_: Any) -> Any:
            raise RuntimeError("broken")

        entities = circumstances = situate

    engine = LawEngine(ENGINE.pack, Broken(), ENGINE.policies)
    decision = engine.decide(world(), ask("agentE", "cx"))
    assert not decision.allowed
    assert decision.ground == "error"
    assert not decision.disclosable


def _shape(decision: Decision) -> tuple[Any, ...]:
    """All that a person could be shown: everything but the request and the digest of the facts."""
    return (
        decision.verdict,
        decision.authority,
        decision.ground,
        decision.rules,
        decision.articles,
        decision.documents,
        decision.conditions,
        decision.sentence,
        decision.cure,
        decision.disclosable,
    )


def test_a_camera_one_may_not_know_of_is_as_one_that_does_not_exist() -> None:
    """In every variation of the world, for everybody and every act."""
    for name, facts in variations():
        if not name.startswith(("cx ", "E X left")) and name not in {"valid", "prefect_order/X missing"}:
            continue
        for person in persons():
            for act in Act:
                unknown = ENGINE.decide(facts, ask(person.id, "unknown", act))
                assert not unknown.disclosable
                assert unknown.articles
                for camera in cameras():
                    decision = ENGINE.decide(facts, ask(person.id, camera.id, act))
                    if not decision.disclosable:
                        assert _shape(decision) == _shape(unknown), (name, person.id, camera.id, act)


def test_who_may_know_of_what() -> None:
    known = {
        (person.id, camera.id)
        for person in persons()
        for camera in cameras()
        if ENGINE.decide(world(), ask(person.id, camera.id)).disclosable
    }
    for person in ("pmX", "mayorX", "electedX", "asvpX", "dgsX"):
        assert {camera for who, camera in known if who == person} == {"cx", "cd"}
    for person in ("agentE", "presidentE"):
        assert {camera for who, camera in known if who == person} == {"cx", "cd", "cy"}
    for person in ("private", "press", "gendarme", "agentD", "presidentD"):
        assert not {camera for who, camera in known if who == person}


def test_suspension_at_an_instant() -> None:
    """The urgent suspension of an accreditation counts from its instant, not before, and has no grace."""
    at = NOW + timedelta(minutes=1)
    facts = suspended(world(), "accreditation/agentE", at)
    assert allowed(facts, ask("agentE", "cx", at=at - timedelta(microseconds=1)))
    assert not allowed(facts, ask("agentE", "cx", at=at))


def test_adding_an_unrelated_world_changes_nothing() -> None:
    """What happens in Z is not felt by those who have no right on Z, save through the digest."""
    facts = world()
    other = replace(facts.cameras[CameraId("cz")], name="Ailleurs", placement_confirmed_by=PersonId("somebody"))
    changed = replace(
        facts, cameras={**facts.cameras, other.id: other, CameraId("cz2"): replace(other, id=CameraId("cz2"))}
    )
    changed = changed.without_document(DocumentId("prefect_order/Z"))
    for request in requests(cameras=("cx", "cd", "cy", "cz")):
        if request.person == "dpo":
            continue
        assert _shape(ENGINE.decide(facts, request)) == _shape(ENGINE.decide(changed, request))


def test_policies_that_do_not_fit_the_schema_are_refused_at_load() -> None:
    text = ENGINE.pack.policies
    for wrong in (
        text.replace("context.two_factor", "context.two_factors"),
        text.replace("principal.status ==", "principal.status <"),
        text.replace('@conditions("status-technician two-factor")', '@conditions("status-technician")'),
        text.replace('@conditions("status-technician two-factor")', '@conditions("status-technician unheard-of")'),
        text.replace('@conditions("status-technician two-factor")', '@conditions("two-factor status-technician")'),
        text.replace('@rule("CSI-L253-3")', '@rule("CSI-unheard")'),
        text.replace('@id("row-15")', '@id("row-13")'),
        text + "permit (",
    ):
        assert wrong != text
        with pytest.raises(ValueError, match=r".+"):
            Policies(ENGINE.pack, wrong)
