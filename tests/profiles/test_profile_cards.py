"""What a card says is what the facts hold."""

import pytest

from beffroi.domain.acts import Origin
from beffroi.domain.facts import BodyKind
from beffroi.law.documents import validate
from beffroi.profiles.card import card_of
from beffroi.profiles.catalogue import PROFILES, build, world_names
from beffroi.profiles.ingeagglo_places import COMMUNES, PLACES

SEVEN = ("ingeagglo", "seine-et-yvelines", "oise", "nord-pas-de-calais", "val-d-oise", "moselle", "ingedep")


def test_the_seven_deployments_three_of_them_twice() -> None:
    assert tuple(PROFILES) == SEVEN
    assert [name for name, profile in PROFILES.items() if profile.dual] == ["seine-et-yvelines", "oise", "val-d-oise"]
    assert len(world_names()) == 10


@pytest.mark.parametrize("name", world_names())
def test_counts_of_the_card_are_those_of_the_facts(name: str) -> None:
    scene, counts = build(name), card_of(name.partition("--")[0]).counts
    facts = scene.facts
    communes = [one.id for one in facts.bodies.values() if one.kind is BodyKind.COMMUNE]
    assert sum(scene.communes.get(one, 1) for one in communes) == counts["communes"]
    assert sum(scene.weight(camera) for camera in facts.cameras) == counts["cameras"]
    assert set(scene.stands_for) <= set(facts.cameras)
    assert set(scene.communes) <= set(communes)


@pytest.mark.parametrize("name", SEVEN)
def test_every_card_says_which_figures_are_its_own(name: str) -> None:
    card = card_of(name)
    assert any(figure.ours for figure in card.figures)
    assert any(not figure.ours for figure in card.figures)


def test_figures_of_the_deployments() -> None:
    """The figures that each deployment is known by, each found in the facts."""
    yvelines, oise, val = (build(f"{name}--as-described") for name in ("seine-et-yvelines", "oise", "val-d-oise"))
    terms = [paper.fields.get("retention_days") for paper in yvelines.facts.documents]
    assert {days for days in terms if days is not None} == {15}
    connected = ("rochemont", "varigny")
    assert sum(oise.communes[one] for one in oise.communes if one in connected) == 144
    roads = [one.id for one in val.facts.cameras.values() if one.origin is Origin.DEPARTMENTAL]
    assert sum(val.weight(one) for one in roads) == 1000
    assert {val.facts.cameras[one].controller for one in roads} == {"cd-95"}
    nord = build("nord-pas-de-calais")
    assert len(nord.facts.cameras) == card_of("nord-pas-de-calais").counts["sites"] == 22


def test_ingeagglo_is_the_territory_of_the_demonstration() -> None:
    inhabitants = [commune.inhabitants for commune in COMMUNES]
    assert sum(inhabitants) == 80_000
    assert [sum(low < one <= high for one in inhabitants) for low, high in ((0, 4_999), (10_000, 24_999))] == [15, 4]
    assert max(inhabitants) == 25_000
    assert list(build("ingeagglo").facts.cameras) == [place.id for place in PLACES]


@pytest.mark.parametrize("name", world_names())
def test_every_paper_is_one_that_could_be_confirmed(name: str) -> None:
    papers = build(name).facts.documents
    assert [(paper.id, str(one)) for paper in papers for one in validate(paper)] == []


@pytest.mark.parametrize("name", world_names())
def test_papers_name_only_what_exists(name: str) -> None:
    facts = build(name).facts
    for paper in facts.documents:
        scope = paper.scope
        assert scope.bodies <= set(facts.bodies), paper.id
        assert scope.cameras <= set(facts.cameras), paper.id
        assert scope.persons <= set(facts.persons), paper.id
        assert scope.systems <= {camera.system for camera in facts.cameras.values()}, paper.id
    assert {person.employer for person in facts.persons.values()} <= set(facts.bodies)
    assert {camera.placement_confirmed_by for camera in facts.cameras.values()} <= set(facts.persons)
