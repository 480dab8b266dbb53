"""The worlds hold what their names say: every paper in order, every name known, every quality of the table."""

from datetime import date, datetime

import pytest

from beffroi.domain.acts import Form, Origin
from beffroi.domain.facts import PersonStatus
from beffroi.domain.ids import DocumentId
from beffroi.law.documents import longest_end, validate
from beffroi.law.worlds.builder import Territory
from beffroi.law.worlds.catalog import WORLDS, world

NAMED_BY_THE_TABLE = {"agentE", "pmX", "mayorX", "electedX", "presidentE", "technician", "dpo"}


@pytest.mark.parametrize("name", WORLDS)
def test_every_paper_is_in_order(name: str) -> None:
    found = world(name)
    assert found.name == name
    wrong = [(paper.id, text.en) for paper in found.facts.documents for text in validate(paper)]
    assert wrong == []
    assert [paper.id for paper in found.facts.documents if not paper.holds(found.at)] == []
    late = [one.id for one in found.facts.documents if (end := longest_end(one)) and one.ends and one.ends > end]
    assert late == []


@pytest.mark.parametrize("name", WORLDS)
def test_every_name_is_known(name: str) -> None:
    facts = world(name).facts
    for paper in facts.documents:
        scope = paper.scope
        assert set(scope.bodies) <= set(facts.bodies), paper.id
        assert set(scope.cameras) <= set(facts.cameras), paper.id
        assert set(scope.persons) <= set(facts.persons), paper.id
        assert set(scope.systems) <= {camera.system for camera in facts.cameras.values()}, paper.id
    for person in facts.persons.values():
        assert person.employer in facts.bodies, person.id
    for camera in facts.cameras.values():
        assert {camera.commune, camera.responsible} <= set(facts.bodies), camera.id
    for persons in world(name).seconds.values():
        assert set(persons) <= set(facts.persons)


def test_the_world_of_the_table_names_what_the_table_names() -> None:
    facts = world("pooled-epci").facts
    assert {"E", "X", "Y", "Z", "D"} <= set(facts.bodies)
    assert set(facts.cameras) == {"cX", "cY", "cZ", "cD"}
    assert set(facts.persons) >= NAMED_BY_THE_TABLE
    assert {one.status for one in facts.persons.values()} == set(PersonStatus)
    ids = {one.id for one in facts.documents}
    assert ids >= {
        "agreement/E-X",
        "prefect_order/X",
        "mask/cX",
        "statutes/E",
        "requisition/cX",
        "designation/agentE-X",
    }
    papers = [one for one in facts.documents if one.kind != "requisition"]
    assert {(one.valid_from, one.valid_until) for one in papers} == {(date(2024, 1, 1), date(2027, 12, 31))}


def test_there_is_a_world_for_each_form_and_origin() -> None:
    bodies = [body for name in WORLDS for body in world(name).facts.bodies.values()]
    assert {body.form for body in bodies} - {None} >= set(Form) - {Form.B}
    assert "police-shared" in WORLDS, "form B is an agreement between communes: no body bears it"
    assert {camera.origin for name in WORLDS for camera in world(name).facts.cameras.values()} == set(Origin)
    assert {f"origin-{letter}" for letter in "dehmtn"} <= set(WORLDS)


def test_the_second_person_is_never_the_asker() -> None:
    found = world("pooled-epci")
    assert found.second_for("agentE", "X") == "agentE2"
    assert found.second_for("agentE2", "X") == "agentE"
    assert found.second_for("mayorZ", "Z") == "pmZ"


def test_a_territory_refuses_two_papers_of_one_name_and_a_mayor_of_nowhere() -> None:
    land = Territory().commune("X").camera("cX", "X").ready("X")
    with pytest.raises(ValueError, match="there already"):
        land.ready("X")
    land.company("company").person("technician", "technician", "company")
    with pytest.raises(ValueError, match="of no commune"):
        land.elect("technician")


def test_a_territory_is_built_in_sentences() -> None:
    land = Territory("95").commune("X").epci("E", members=["X"]).camera("cX", "X").person("agentE", "epci_agent", "E")
    land.ready("X", retention_days=15).pooling("E").pooled("E", "X").accredit("agentE").designate("agentE", "X")
    facts = land.facts(revision=7)
    assert facts.revision == 7
    by_id = {one.id: one for one in facts.documents}
    assert by_id[DocumentId("accreditation/agentE")].fields["departements"] == ["95"]
    assert facts.cameras.keys() == {"cX"}
    assert [one.holds(datetime.fromisoformat("2026-01-01T00:00:00+01:00")) for one in facts.documents].count(False) == 0
