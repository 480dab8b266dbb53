"""Whoever enters a document that widens access grants nothing: a person designated by the commune does."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine
from tests.support import worlds
from tests.support.town import (
    AGENT,
    DPO,
    MAYOR_X,
    MAYOR_Y,
    MAYOR_Z,
    Book,
    founded,
    inhabited,
    manual_clock,
    paper_of,
    reopened,
)

from beffroi.domain.acts import Act
from beffroi.domain.clock import ManualClock
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus
from beffroi.domain.errors import BadInputError, NotFoundError
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.law.engine import LawEngine
from beffroi.registry.decider import RegistryDecider
from beffroi.registry.entitlement import NotEntitledToFactError
from beffroi.registry.store import Registry

AGREEMENT_X = DocumentId("agreement/E-X")
ACCREDITATION = DocumentId("accreditation/agentE")


@pytest.fixture
def clock() -> ManualClock:
    return manual_clock()


@pytest.fixture
def registry(engine: Engine, clock: ManualClock) -> Registry:
    made = founded(engine, clock, Book())
    inhabited(made)
    return made


@pytest.fixture
def complete(town: Engine, clock: ManualClock) -> Registry:
    """The registry of the town with every paper confirmed."""
    return reopened(town, clock)[0]


def _paper(identifier: str) -> Document:
    return paper_of(worlds.world(), identifier)


def test_the_engine_allows_only_once_every_paper_is_confirmed(registry: Registry, clock: ManualClock) -> None:
    decider = RegistryDecider(LawEngine.load(), registry)
    request = worlds.ask("agentE", "cx")
    assert not decider.decide(request).allowed
    papers = [paper for paper in worlds.world().documents if paper.kind is not DocumentKind.ELECTION]
    registry.propose_all(papers, by=AGENT)
    assert not decider.decide(request).allowed
    clock.advance(1)
    held = registry.facts()
    for paper in papers:
        awaiting = held.versions(paper.id)[-1].awaiting
        assert awaiting is not None
        registry.confirm(paper.id, by=MAYOR_X if awaiting == worlds.E else PersonId(f"mayor{awaiting}"))
    later = replace(request, at=worlds.NOW.replace(minute=1))
    allowed = decider.decide(later)
    assert allowed.allowed, allowed.sentence
    assert allowed.facts_hash == registry.facts().digest()
    registry.suspend(ACCREDITATION, by=DPO, reason="décision du préfet")
    assert not decider.decide(replace(later, at=worlds.NOW.replace(minute=2))).allowed


@pytest.mark.parametrize("by", [AGENT, MAYOR_Y, DPO, PersonId("presidentE"), PersonId("electedX"), PersonId("pmX")])
def test_nobody_but_the_commune_confirms(registry: Registry, by: PersonId) -> None:
    registry.propose(_paper(AGREEMENT_X), by=AGENT)
    with pytest.raises(NotEntitledToFactError):
        registry.confirm(AGREEMENT_X, by=by)
    assert paper_of(registry.facts(), AGREEMENT_X).status is DocumentStatus.PROPOSED


def test_who_entered_does_not_confirm_even_the_mayor(registry: Registry) -> None:
    registry.propose(_paper(AGREEMENT_X), by=MAYOR_X)
    with pytest.raises(NotEntitledToFactError):
        registry.confirm(AGREEMENT_X, by=MAYOR_X)


def test_nobody_confirms_a_paper_about_themselves(registry: Registry) -> None:
    named = replace(
        _paper("designation/pmX-X"), scope=replace(_paper("designation/pmX-X").scope, persons=frozenset({MAYOR_X}))
    )
    registry.propose(named, by=AGENT)
    with pytest.raises(NotEntitledToFactError):
        registry.confirm(named.id, by=MAYOR_X)


def test_a_mayor_without_an_election_record_in_force_confirms_nothing(engine: Engine, clock: ManualClock) -> None:
    registry = founded(engine, clock, Book())
    registry.propose(_paper(AGREEMENT_X), by=AGENT)
    with pytest.raises(NotEntitledToFactError):
        registry.confirm(AGREEMENT_X, by=MAYOR_X)
    registry.propose(replace(_paper("election/mayorX"), valid_until=date(2026, 3, 1)), by=AGENT)
    registry.confirm(DocumentId("election/mayorX"), by=DPO)
    with pytest.raises(NotEntitledToFactError):
        registry.confirm(AGREEMENT_X, by=MAYOR_X)


def test_once_a_commune_has_its_mayor_the_dpo_recognises_no_second_one(registry: Registry) -> None:
    usurper = replace(
        _paper("election/mayorX"),
        id=DocumentId("election/other"),
        scope=replace(_paper("election/mayorX").scope, persons=frozenset({PersonId("electedX")})),
    )
    registry.propose(usurper, by=AGENT)
    with pytest.raises(NotEntitledToFactError):
        registry.confirm(usurper.id, by=DPO)
    registry.confirm(usurper.id, by=MAYOR_X)  # the commune itself may


def test_a_person_whom_the_mayor_designates_to_confirm_may(registry: Registry) -> None:
    clerk = PersonId("dgsX")
    designation = replace(
        _paper("designation/pmX-X"),
        id=DocumentId("designation/clerk"),
        fields={**_paper("designation/pmX-X").fields, "acts": [], "confirm": True},
        scope=replace(_paper("designation/pmX-X").scope, persons=frozenset({clerk})),
    )
    registry.propose(designation, by=AGENT)
    registry.propose(_paper(AGREEMENT_X), by=AGENT)
    with pytest.raises(NotEntitledToFactError):
        registry.confirm(AGREEMENT_X, by=clerk)
    registry.confirm(designation.id, by=MAYOR_X)
    registry.confirm(AGREEMENT_X, by=clerk)
    registry.propose(_paper("agreement/E-Y"), by=AGENT)
    with pytest.raises(NotEntitledToFactError):
        registry.confirm(DocumentId("agreement/E-Y"), by=clerk)


def test_one_paper_never_opens_two_communes(registry: Registry) -> None:
    order = _paper("prefect_order/X")
    for scope in (
        replace(order.scope, bodies=frozenset({worlds.X, worlds.Y})),
        replace(order.scope, cameras=frozenset({CameraId("cx"), CameraId("cy")})),
        replace(order.scope, systems=frozenset({"sY"})),
    ):
        with pytest.raises(BadInputError):
            registry.propose(replace(order, scope=scope), by=AGENT)


def test_a_paper_about_the_pooling_body_takes_a_mayor_of_a_member(registry: Registry) -> None:
    registry.propose(_paper("statutes/E"), by=AGENT)
    for outsider in (MAYOR_Z, PersonId("presidentE"), DPO):
        with pytest.raises(NotEntitledToFactError):
            registry.confirm(DocumentId("statutes/E"), by=outsider)
    registry.confirm(DocumentId("statutes/E"), by=MAYOR_Y)


def test_a_place_is_confirmed_by_its_own_commune(engine: Engine, clock: ManualClock) -> None:
    registry = founded(engine, clock, Book())
    inhabited(registry)
    registry.propose_cameras([worlds.cameras()[0]], by=MAYOR_X)
    for by in (AGENT, MAYOR_Y, MAYOR_X):
        with pytest.raises(NotEntitledToFactError):
            registry.confirm_places([CameraId("cx")], by=by)


@pytest.mark.parametrize("by", [AGENT, MAYOR_X, DPO, PersonId("pmX"), PersonId("inspector")])
def test_one_person_concerned_suspends_alone(complete: Registry, by: PersonId) -> None:
    complete.suspend(AGREEMENT_X, by=by, reason="urgence")
    assert paper_of(complete.facts(), AGREEMENT_X).status is DocumentStatus.SUSPENDED


@pytest.mark.parametrize("by", [MAYOR_Z, PersonId("agentD"), PersonId("press"), PersonId("carrier")])
def test_a_stranger_suspends_nothing(complete: Registry, by: PersonId) -> None:
    with pytest.raises(NotEntitledToFactError):
        complete.suspend(AGREEMENT_X, by=by, reason="gêne")


def test_a_suspension_is_lifted_by_a_new_version_that_the_commune_confirms(complete: Registry) -> None:
    complete.suspend(AGREEMENT_X, by=AGENT, reason="urgence")
    with pytest.raises(BadInputError):
        complete.confirm(AGREEMENT_X, by=MAYOR_X)
    complete.propose(_paper(AGREEMENT_X), by=AGENT)
    assert complete.facts().in_charge(AGREEMENT_X, worlds.NOW) == complete.facts().versions(AGREEMENT_X)[0]
    complete.confirm(AGREEMENT_X, by=MAYOR_X)
    charge = complete.facts().in_charge(AGREEMENT_X, worlds.NOW)
    assert charge is not None
    assert (charge.version, charge.status) == (2, DocumentStatus.CONFIRMED)


def test_what_is_withdrawn_stays_withdrawn(complete: Registry) -> None:
    complete.withdraw(AGREEMENT_X, by=MAYOR_X, reason="fin")
    for act in (complete.withdraw, complete.suspend):
        with pytest.raises(BadInputError):
            act(AGREEMENT_X, by=MAYOR_X, reason="encore")
    with pytest.raises(BadInputError):
        complete.confirm(AGREEMENT_X, by=MAYOR_X)


def test_without_readable_facts_every_answer_is_a_denial(complete: Registry, town: Engine) -> None:
    decider = RegistryDecider(LawEngine.load(), complete)
    with town.begin() as connection:
        connection.exec_driver_sql("DELETE FROM registry_head")
    complete._seen_s = float("-inf")
    answers = [decider.decide(worlds.ask("agentE", camera)) for camera in ("cx", "unknown")]
    assert [answer.allowed for answer in answers] == [False, False]
    assert answers[0].sentence == answers[1].sentence
    assert not decider.decide(worlds.ask("mayorX", "cx", Act.REPLAY)).allowed


def test_bodies_of_people_are_known_before_people(registry: Registry) -> None:
    stranger = replace(worlds.persons()[0], id=PersonId("new"), employer=BodyId("nowhere"))
    with pytest.raises(NotFoundError, match="nowhere"):
        registry.add_person(stranger, by=AGENT)
