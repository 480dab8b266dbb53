"""Who confirms what is not a commune's own: syndicats, départements, managers of buildings, inspectorates."""

from dataclasses import replace
from typing import Final

import pytest
from sqlalchemy import Engine
from tests.support import worlds
from tests.support.town import AGENT, DPO, MAYOR_X, MAYOR_Z, Book, manual_clock, paper_of, reopened

from beffroi.domain.acts import Form, Origin
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus, JsonValue
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Body, BodyKind, Camera, Person, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.registry.changes import ChangeKind
from beffroi.registry.concerned import communes_concerned, member_communes
from beffroi.registry.entitlement import NotEntitledToFactError, body_awaited
from beffroi.registry.store import Registry

SYNDICAT, MANAGER, POLICE = BodyId("S"), BodyId("manager"), BodyId("unit")
INSPECTOR, OTHER_INSPECTOR, CLERK = PersonId("inspector"), PersonId("inspector2"), PersonId("clerk")
PRESIDENT: Final = PersonId("presidentD")


@pytest.fixture
def registry(town: Engine) -> Registry:
    """The town, with a syndicat whose members are an EPCI and the département, and a manager of a station."""
    made, _ = reopened(town, manual_clock())
    made.add_body(
        Body(SYNDICAT, BodyKind.SYNDICAT, "Syndicat", "99", Form.E, frozenset({worlds.E, worlds.D})), by=AGENT
    )
    made.add_body(Body(MANAGER, BodyKind.OTHER, "Gestionnaire de la gare"), by=AGENT)
    made.add_body(Body(POLICE, BodyKind.GENDARMERIE, "Brigade", "99"), by=AGENT)
    words = Text(fr="x", en="x")
    made.add_people(
        [
            Person(OTHER_INSPECTOR, words, PersonStatus.INSPECTOR, worlds.STATE),
            Person(CLERK, words, PersonStatus.CONTROLLER_AGENT, MANAGER),
            Person(PersonId("gendarme2"), words, PersonStatus.POLICE_GENDARMERIE, POLICE),
        ],
        by=AGENT,
    )
    station = Camera(CameraId("hall"), "Hall", worlds.X, Origin.OPEN_PLACE, "sM", controller=MANAGER)
    made.propose_cameras([station], by=AGENT)
    return made


def paper(kind: DocumentKind, *bodies: str, persons: tuple[str, ...] = (), **fields: JsonValue) -> Document:
    made = worlds.paper(kind, "new", bodies=bodies, persons=persons)
    return replace(made, fields=dict(fields))


def refused(registry: Registry, document: Document, *persons: PersonId) -> None:
    for person in persons:
        with pytest.raises(NotEntitledToFactError):
            registry.confirm(document.id, by=person)
    assert paper_of(registry.facts(), document.id).status is DocumentStatus.PROPOSED


def test_a_camera_keeps_its_controller(registry: Registry, town: Engine) -> None:
    facts = Registry(town, manual_clock(), register=Book()).facts()
    assert facts.cameras[CameraId("hall")].responsible == MANAGER
    assert facts.cameras[CameraId("cx")].responsible == worlds.X
    with pytest.raises(Exception, match="not recorded"):
        registry.propose_cameras([replace(facts.cameras[CameraId("hall")], controller=BodyId("nobody"))], by=AGENT)


def test_a_mayor_of_a_member_epci_speaks_for_the_syndicat(registry: Registry) -> None:
    statutes = paper(DocumentKind.STATUTES, SYNDICAT)
    registry.propose(statutes, by=AGENT)
    refused(registry, statutes, MAYOR_Z, DPO)
    registry.confirm(statutes.id, by=MAYOR_X)
    assert member_communes(registry.facts(), [SYNDICAT]) == {worlds.X, worlds.Y}
    assert communes_concerned(statutes, registry.facts()) == {worlds.X, worlds.Y}


def test_a_departement_speaks_for_itself_in_an_agreement_with_the_syndicat(registry: Registry) -> None:
    agreement = paper(DocumentKind.AGREEMENT, SYNDICAT, worlds.D)
    registry.propose(agreement, by=AGENT)
    assert paper_of(registry.facts(), agreement.id).awaiting == worlds.D
    refused(registry, agreement, MAYOR_X, DPO)
    registry.confirm(agreement.id, by=PRESIDENT)


def test_the_first_who_speaks_for_a_manager_is_confirmed_by_the_dpo_and_then_speaks_alone(registry: Registry) -> None:
    voice = paper(DocumentKind.DESIGNATION, MANAGER, persons=(CLERK,), authority="controller/manager", confirm=True)
    registry.propose(voice, by=AGENT)
    refused(registry, voice, MAYOR_X, AGENT, CLERK)
    registry.confirm(voice.id, by=DPO)
    contract = paper(DocumentKind.SERVICE_CONTRACT, worlds.COMPANY, MANAGER, cnaps=True)
    registry.propose(contract, by=AGENT)
    assert paper_of(registry.facts(), contract.id).awaiting == MANAGER
    refused(registry, contract, DPO, MAYOR_X)
    registry.confirm(contract.id, by=CLERK)
    other = DocumentId(paper(DocumentKind.DESIGNATION, MANAGER).id.replace("new", "second"))
    second = replace(voice, id=other)
    registry.propose(second, by=AGENT)
    refused(registry, second, DPO)


def test_a_designation_that_lets_view_is_never_the_dpos_to_confirm(registry: Registry) -> None:
    eyes = paper(DocumentKind.DESIGNATION, MANAGER, persons=(CLERK,), authority="controller/manager", acts=["live"])
    registry.propose(eyes, by=AGENT)
    refused(registry, eyes, DPO, INSPECTOR, MAYOR_X)


def test_csi_l253_3_a_mission_letter_is_under_no_mayors_veto(registry: Registry) -> None:
    letter = paper(DocumentKind.MISSION_LETTER, persons=(INSPECTOR,), reference="PV-1", images=True)
    registry.propose(letter, by=AGENT)
    refused(registry, letter, INSPECTOR, AGENT, MAYOR_X)  # not the inspector himself, whom it names
    registry.confirm(letter.id, by=OTHER_INSPECTOR)


def test_a_chiefs_list_may_name_several_communes_and_awaits_the_pooling_body(registry: Registry) -> None:
    named = paper(DocumentKind.SERVICE_DESIGNATION, worlds.X, worlds.Y, worlds.E, persons=("gendarme2",), acts=["live"])
    registry.propose(named, by=AGENT)
    assert paper_of(registry.facts(), named.id).awaiting == worlds.E
    assert registry.confirm(named.id, by=MAYOR_X).kind is ChangeKind.CONFIRMED


def test_what_opens_images_of_several_communes_is_entered_once_for_each(registry: Registry) -> None:
    facts = registry.facts()
    for kind in (
        DocumentKind.PREFECT_ORDER,
        DocumentKind.DESIGNATION,
        DocumentKind.ROLE_ACT,
        DocumentKind.COORDINATION,
    ):
        with pytest.raises(BadInputError, match="once for each"):
            body_awaited(paper(kind, worlds.X, worlds.Y), facts)


def test_who_may_confirm_a_paper_of_the_pool_may_suspend_it(registry: Registry) -> None:
    accreditation = DocumentId("accreditation/agentE")
    with pytest.raises(NotEntitledToFactError):
        registry.suspend(accreditation, by=MAYOR_Z, reason="décision du préfet")
    registry.suspend(accreditation, by=MAYOR_X, reason="décision du préfet")
    assert paper_of(registry.facts(), accreditation).status is DocumentStatus.SUSPENDED
