"""The engine against the independent model: an exhaustive small world, then thousands of random ones."""

import os
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.law.cases import lacking, requests, variations
from tests.law.oracle import oracle
from tests.support.worlds import NOW, E, ask, cameras, persons, world

from beffroi.domain.acts import Act, Form, Origin, Purpose
from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus
from beffroi.domain.facts import BodyKind, Facts
from beffroi.domain.ids import BodyId, CameraId, DocumentId
from beffroi.law.engine import LawEngine

ENGINE = LawEngine.load()
VARIATIONS = dict(variations())
WORLD = world()
IDS = sorted({one.id for one in WORLD.documents})
WORLDS = int(os.environ.get("BEFFROI_WORLDS", "2000"))


def check(facts: Facts, request: ActRequest) -> bool:
    """Engine and model agree on the verdict and on the authority; the verdict."""
    expected, decision = oracle(facts, request), ENGINE.decide(facts, request)
    assert decision.allowed == expected.allowed, (request, decision.ground, decision.sentence.fr)
    assert not decision.allowed or decision.authority == expected.authority
    assert decision.ground != "error", request
    return decision.allowed


def test_everybody_everywhere_in_the_valid_world() -> None:
    facts = world()
    allowed = 0
    for person in persons():
        for camera in (*(one.id for one in cameras()), CameraId("unknown")):
            for act in Act:
                allowed += check(facts, ask(person.id, camera, act))
            for request in lacking(person.id, camera):
                check(facts, request)
    # live, replay, ptz: three cameras for agentE, one each for three mayors and three police; registers; configure
    assert allowed >= 3 * (3 + 3 + 3)


@pytest.mark.parametrize("name", VARIATIONS)
def test_one_fact_wrong(name: str) -> None:
    for request in requests():
        check(VARIATIONS[name], request)


def test_the_small_world_is_felt() -> None:
    """The variations are not idle: most of them close something that the valid world opens."""
    valid = [check(world(), request) for request in requests()]
    felt = [name for name, facts in VARIATIONS.items() if [oracle(facts, one).allowed for one in requests()] != valid]
    assert len(felt) > len(VARIATIONS) / 2


DAYS = st.sampled_from([date(2024, 1, 1), date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3), date(2027, 12, 31)])
NAMES = st.sampled_from(["X", "Y", "Z", "E", "99", "98", "live", "replay", "ptz", "F5", "F1", "F4", "mayor", ""])
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(0, 40), NAMES, st.lists(NAMES, max_size=3), st.just({"a": 1})
)


@st.composite
def changed(draw: st.DrawFn, document: Document) -> Document:
    """A document changed in one or two ways, most of the time slightly."""
    status = draw(st.sampled_from([DocumentStatus.CONFIRMED] * 3 + list(DocumentStatus)))
    at = draw(st.sampled_from([None, NOW - timedelta(days=1), NOW, NOW + timedelta(days=1)]))
    fields: dict[str, Any] = dict(document.fields)
    touched: bool = draw(st.booleans())
    if fields and touched:
        fields[draw(st.sampled_from(sorted(fields)))] = draw(VALUES)
    scope = document.scope
    if draw(st.integers(0, 3)) == 0:
        scope = replace(
            scope,
            bodies=frozenset(map(BodyId, draw(st.sets(st.sampled_from(["X", "Y", "Z", "E"]))))),
            cameras=frozenset(map(CameraId, draw(st.sets(st.sampled_from(["cx", "cy", "cd"]))))),
            systems=frozenset(draw(st.sets(st.sampled_from(["sX", "sY"]), max_size=1))),
        )
    return replace(
        document,
        status=status,
        status_at=at,
        confirmed_by=None if status is DocumentStatus.PROPOSED else document.confirmed_by,
        valid_from=draw(st.sampled_from([date(2024, 1, 1), date(2024, 1, 1), date(2026, 3, 3), NOW])),
        valid_until=draw(st.one_of(DAYS, st.just(date(2027, 12, 31)), st.none(), st.just(NOW))),
        fields=fields,
        scope=scope,
        version=draw(st.sampled_from([1, 1, 2])),
    )


@st.composite
def worlds(draw: st.DrawFn) -> Facts:
    """The fixture world with a few documents changed, doubled, removed, and a few places changed."""
    facts = WORLD
    for name in draw(st.lists(st.sampled_from(IDS), max_size=4, unique=True)):
        original = facts.versions(name)[0]
        kind = draw(st.integers(0, 3))
        if kind == 0:
            facts = facts.without_document(name)
        elif kind == 1:  # a second document of the same kind beside the first
            twin = draw(changed(replace(original, id=DocumentId(f"{name}-bis"))))
            facts = facts.with_documents(twin)
        else:
            facts = facts.with_documents(draw(changed(original)))
    if draw(st.integers(0, 4)) == 0:
        name_of_camera = CameraId(draw(st.sampled_from(["cx", "cd", "cy"])))
        camera = replace(
            facts.cameras[name_of_camera],
            origin=draw(st.sampled_from(list(Origin))),
            commune=BodyId(draw(st.sampled_from(["X", "Y", "Z", "nowhere"]))),
            placement_confirmed_by=draw(st.sampled_from([None, facts.cameras[name_of_camera].placement_confirmed_by])),
        )
        facts = replace(facts, cameras={**facts.cameras, camera.id: camera})
    if draw(st.integers(0, 5)) == 0:
        body = replace(
            facts.bodies[E],
            kind=draw(st.sampled_from(list(BodyKind))),
            form=draw(st.sampled_from([*Form, None])),
            members=frozenset(map(BodyId, draw(st.sets(st.sampled_from(["X", "Y", "Z"]))))),
        )
        facts = replace(facts, bodies={**facts.bodies, E: body})
    return facts


INSTANTS = st.sampled_from([NOW, NOW, NOW + timedelta(days=1), NOW - timedelta(days=200), NOW + timedelta(days=700)])


@st.composite
def asked(draw: st.DrawFn) -> ActRequest:
    """A request, most often one that the valid world allows."""
    return ask(
        draw(st.sampled_from(["agentE"] * 4 + ["pmX", "mayorX"] * 2 + [one.id for one in persons()])),
        draw(st.sampled_from(["cx", "cx", "cd", "cy", "cz"])),
        draw(st.sampled_from([Act.LIVE, Act.LIVE, Act.REPLAY, Act.REPLAY, Act.PTZ, *Act])),
        purpose=draw(st.sampled_from([Purpose.F5, Purpose.F5, Purpose.F1, Purpose.F4, Purpose.F11, None])),
        at=draw(INSTANTS),
        footage_age=timedelta(hours=draw(st.integers(0, 24 * 32))),
    )


@settings(max_examples=WORLDS, deadline=None, suppress_health_check=list(HealthCheck))
@given(facts=worlds(), request=asked())
def test_random_worlds(facts: Facts, request: ActRequest) -> None:
    check(facts, request)


def test_random_worlds_are_not_all_refusals() -> None:
    """The strategy reaches both sides often enough to mean something."""
    seen: list[bool] = []

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(facts=worlds())
    def look(facts: Facts) -> None:
        seen.append(oracle(facts, ask("agentE", "cx")).allowed)

    look()
    assert 0.15 < sum(seen) / len(seen) < 0.9


def test_kinds_of_the_fixture() -> None:
    """Every kind that the law reads is in the fixture world, save the préfecture's position (nothing reads it yet)."""
    assert {one.kind for one in world().documents} == set(DocumentKind) - {DocumentKind.PREFECTURE_POSITION}
