"""The way from a carrier to a body that the law knows: what the engine answers after each step."""

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import pytest

from beffroi.domain.acts import Act, Origin, Verdict
from beffroi.domain.documents import JsonValue
from beffroi.domain.facts import Facts
from beffroi.domain.ids import DocumentId
from beffroi.law.engine import LawEngine
from beffroi.profiles.catalogue import PROFILES, build, scene_of
from beffroi.profiles.reading import Reader
from beffroi.profiles.shape import Scene, Step, Variant
from beffroi.profiles.way import Progress, walk

DUAL = [name for name, profile in PROFILES.items() if profile.dual]
STREET = {Origin.PUBLIC_WAY, Origin.DEPARTMENTAL}


@lru_cache(maxsize=4)
def progress(engine: LawEngine, name: str) -> list[Progress]:
    scene = build(f"{name}--as-described")
    return list(walk(Reader(engine, scene), scene.facts))


def opened(engine: LawEngine, scene: Scene, facts: Facts, act: Act) -> int:
    reader = Reader(engine, scene)
    answers = ((camera.id, reader.nearest(act, camera, facts)) for camera in facts.cameras.values())
    return sum(scene.weight(camera) for camera, answer in answers if answer is not None and answer.allowed)


def after(scene: Scene, steps: list[Step]) -> Facts:
    facts = scene.facts
    for step in steps:
        facts = step.apply(facts)
    return facts


@pytest.mark.parametrize("name", DUAL)
def test_as_described_the_body_s_agents_see_nothing_and_are_told_what_is_missing(name: str, engine: LawEngine) -> None:
    scene = build(f"{name}--as-described")
    reader = Reader(engine, scene)
    for camera in scene.facts.cameras.values():
        for act in (Act.LIVE, Act.REPLAY, Act.PTZ):
            answer = reader.nearest(act, camera)
            assert answer is not None
            assert answer.verdict is not Verdict.ALLOW
        answer = reader.nearest(Act.LIVE, camera)
        if camera.origin in STREET:
            assert answer is not None
            unmet = [one for one in answer.conditions if not one.met]
            assert len(unmet) >= 5, answer.sentence
    articles = {one.article for one in reader.missing()}
    assert any("132-14" in article for article in articles)


@pytest.mark.parametrize("name", DUAL)
def test_the_way_ends_where_the_regularised_world_stands(name: str, engine: LawEngine) -> None:
    scene, regularised = scene_of(PROFILES[name]), scene_of(PROFILES[name], Variant.REGULARISED)
    wanted = [step for step in scene.steps if not step.optional]
    assert after(scene, wanted).digest() == regularised.facts.digest()
    assert opened(engine, scene, regularised.facts, Act.LIVE) > 0
    assert opened(engine, scene, scene.facts, Act.LIVE) == 0


@pytest.mark.parametrize("name", DUAL)
def test_no_step_closes_anything(name: str, engine: LawEngine) -> None:
    states = progress(engine, name)
    for before, later in pairwise(states):
        assert later.live >= before.live, later.step
        assert later.replay >= before.replay, later.step
        assert later.unmet <= before.unmet, later.step


@pytest.mark.parametrize("name", DUAL)
def test_every_step_is_needed(name: str, engine: LawEngine) -> None:
    """Leave one step out: something that the whole way opens stays closed."""
    scene = build(f"{name}--as-described")
    steps = list(scene.steps)
    whole = [opened(engine, scene, after(scene, steps), act) for act in (Act.LIVE, Act.REPLAY)]
    for left_out in steps:
        if left_out.id == "competence":  # the statutes of the next step hold its result; see the test below
            continue
        rest = after(scene, [step for step in steps if step is not left_out])
        assert [opened(engine, scene, rest, act) for act in (Act.LIVE, Act.REPLAY)] < whole, left_out.id


@pytest.mark.parametrize("name", ["oise", "val-d-oise"])
def test_a_mayor_who_presides_is_not_enough_nor_is_the_competence_alone(name: str, engine: LawEngine) -> None:
    scene = build(f"{name}--regularised")
    statutes = scene.facts.versions(DocumentId("statutes/syndicat"))[-1]
    without: dict[str, JsonValue] = {**_natures(statutes.fields["natures"]), **dict.fromkeys(_epcis(scene), "epci")}
    worse_fields: dict[str, JsonValue] = {"president_mandate": "departmental", "natures": without}
    for field, value in worse_fields.items():
        worse = _with_field(scene.facts, statutes.id, field, value)
        streets = [one for one in worse.cameras.values() if one.origin in STREET]
        reader = Reader(engine, scene)
        answers = [reader.nearest(Act.LIVE, camera, worse) for camera in streets]
        assert [one.verdict for one in answers if one is not None] == [Verdict.DENY] * len(streets), field


def _natures(value: object) -> dict[str, str]:
    assert isinstance(value, dict)
    return {str(key): str(one) for key, one in value.items()}


def _epcis(scene: Scene) -> list[str]:
    return [one.id for one in scene.facts.bodies.values() if one.kind.value == "epci"]


def _with_field(facts: Facts, document: DocumentId, field: str, value: JsonValue) -> Facts:
    paper = facts.versions(document)[-1]
    return facts.with_documents(replace(paper, fields={**paper.fields, field: value}))


@pytest.mark.parametrize("name", DUAL)
def test_optional_steps_are_the_written_positions_and_open_only_what_was_to_be_confirmed(
    name: str, engine: LawEngine
) -> None:
    for before, later in pairwise(progress(engine, name)):
        assert later.step is not None
        if later.step.optional:
            assert [paper.kind.value for paper in later.step.documents] == ["prefecture_position"]
            assert later.live - before.live == before.unsettled - later.unsettled > 0


def test_seine_et_yvelines_opens_wave_by_wave(engine: LawEngine) -> None:
    """Counts told beforehand from the law: a commune opens with its order, its replay with the designation."""
    states = {one.step.id: one for one in progress(engine, "seine-et-yvelines") if one.step}
    assert [states[f"order-{town}"].live for town in ("valmorin", "courtepierre", "bellerive")] == [120, 280, 400]
    assert [states[f"order-{town}"].replay for town in ("valmorin", "courtepierre", "bellerive")] == [0, 120, 280]
    assert states["designation-bellerive"].replay == 400
    assert states["position-accueils-78"].live == 1600


def test_oise_opens_the_connected_communes_and_no_other(engine: LawEngine) -> None:
    last = progress(engine, "oise")[-1]
    assert last.live == 960 + 960 + 400 + 60
    assert last.live < 5061


def test_val_d_oise_opens_what_its_agreements_name(engine: LawEngine) -> None:
    last = progress(engine, "val-d-oise")[-1]
    assert (last.live, last.replay) == (300 + 460 + 1000, 300 + 460 + 1000)
