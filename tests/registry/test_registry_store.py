"""The registry keeps facts exactly, numbers every change, and lets nothing widen before it is in the register."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine
from tests.support import worlds
from tests.support.town import (
    AGENT,
    DPO,
    MAYOR_X,
    Book,
    founded,
    inhabited,
    manual_clock,
    paper_of,
    papered,
    reopened,
    without_history,
)

from beffroi.base.bus import Bus
from beffroi.domain.acts import Origin
from beffroi.domain.clock import ManualClock
from beffroi.domain.documents import DocumentStatus
from beffroi.domain.errors import BadInputError, NotFoundError
from beffroi.domain.facts import Camera
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.registry.changes import ChangeKind, FactsChanged
from beffroi.registry.store import Registry

ORDER_X = DocumentId("prefect_order/X")


@pytest.fixture
def clock() -> ManualClock:
    return manual_clock()


@pytest.fixture
def opened(town: Engine, clock: ManualClock) -> tuple[Registry, Book]:
    return reopened(town, clock)


@pytest.fixture
def registry(opened: tuple[Registry, Book]) -> Registry:
    return opened[0]


@pytest.fixture
def book(opened: tuple[Registry, Book]) -> Book:
    return opened[1]


def test_what_is_read_back_is_what_was_entered(registry: Registry, town: Engine, clock: ManualClock) -> None:
    facts = registry.facts()
    assert without_history(facts).digest() == without_history(worlds.world()).digest()
    assert Registry(town, clock, register=None).facts() == facts


def test_a_day_and_an_instant_stay_what_they_are(registry: Registry) -> None:
    order = paper_of(registry.facts(), ORDER_X)
    instant = datetime(2026, 3, 2, 9, 10, 0, 123456, tzinfo=UTC)
    for end in (date(2026, 3, 2), instant, None):
        registry.propose(replace(order, valid_until=end), by=AGENT)
        held = paper_of(registry.facts(), ORDER_X)
        assert held.valid_until == end
        assert type(held.valid_until) is type(end)


def test_the_snapshot_is_the_same_object_until_something_changes(registry: Registry) -> None:
    facts = registry.facts()
    assert registry.facts() is facts
    change = registry.suspend(ORDER_X, by=MAYOR_X, reason="travaux")
    assert registry.facts() is not facts
    assert registry.revision() == change.revision > facts.revision
    assert facts.versions(ORDER_X)[-1].status is DocumentStatus.CONFIRMED  # the old snapshot did not move


def test_another_process_is_seen_within_a_moment(registry: Registry, town: Engine, clock: ManualClock) -> None:
    other = Registry(town, clock, register=Book())
    before = registry.revision()
    other.suspend(ORDER_X, by=MAYOR_X, reason="travaux")
    clock.advance(0.2)
    assert registry.revision() == before + 1
    assert paper_of(registry.facts(), ORDER_X).status is DocumentStatus.SUSPENDED


def test_past_facts_can_be_read_again(registry: Registry, clock: ManualClock) -> None:
    before = registry.facts()
    clock.advance(60)
    registry.suspend(ORDER_X, by=MAYOR_X, reason="travaux")
    clock.advance(60)
    registry.propose(paper_of(before, ORDER_X), by=AGENT)
    registry.confirm(ORDER_X, by=MAYOR_X)
    registry.retire_camera(CameraId("cx"), by=AGENT, reason="déposée")
    again = registry.facts_at(before.revision)
    assert again == before
    assert again.digest() == before.digest()
    assert CameraId("cx") not in registry.facts().cameras


def test_each_change_is_in_the_register_once_with_its_author(engine: Engine, clock: ManualClock) -> None:
    book = Book()
    registry = founded(engine, clock, book)
    inhabited(registry)
    papered(registry)
    changes = registry.changes(limit=10_000)
    assert sorted(change.revision for change in book.changes) == [change.revision for change in changes]
    assert [change.ledger_index for change in changes] == list(range(len(changes)))
    suspension = registry.suspend(ORDER_X, by=MAYOR_X, reason="travaux")
    assert suspension.ledger_index == len(changes)
    assert (suspension.actor, suspension.kind, suspension.reason) == (MAYOR_X, ChangeKind.SUSPENDED, "travaux")
    assert registry.changes(subject=ORDER_X)[-1] == suspension


def test_nothing_widens_when_the_register_fails(registry: Registry, book: Book) -> None:
    order = paper_of(registry.facts(), ORDER_X)
    registry.withdraw(ORDER_X, by=MAYOR_X, reason="fin")
    registry.propose(order, by=AGENT)
    book.broken = RuntimeError("disk")
    with pytest.raises(RuntimeError):
        registry.confirm(ORDER_X, by=MAYOR_X)
    assert paper_of(registry.facts(), ORDER_X).status is DocumentStatus.PROPOSED
    book.broken = None
    assert registry.settle() == 1
    assert paper_of(registry.facts(), ORDER_X).status is DocumentStatus.CONFIRMED
    assert registry.settle() == 0


def test_what_narrows_counts_even_when_the_register_fails(registry: Registry, book: Book) -> None:
    book.broken = RuntimeError("disk")
    with pytest.raises(RuntimeError):
        registry.suspend(ORDER_X, by=MAYOR_X, reason="urgence")
    assert paper_of(registry.facts(), ORDER_X).status is DocumentStatus.SUSPENDED


def test_a_command_beside_the_centre_widens_only_once_the_centre_took_it_in(
    registry: Registry, town: Engine, clock: ManualClock, book: Book
) -> None:
    order = paper_of(registry.facts(), ORDER_X)
    registry.withdraw(ORDER_X, by=MAYOR_X, reason="fin")
    beside = Registry(town, clock, register=None)
    beside.propose(order, by=AGENT)
    beside.confirm(ORDER_X, by=MAYOR_X)
    clock.advance(1)
    assert paper_of(registry.facts(), ORDER_X).status is DocumentStatus.PROPOSED
    assert registry.settle() == 2
    assert paper_of(registry.facts(), ORDER_X).status is DocumentStatus.CONFIRMED
    assert [change.kind for change in book.changes[-2:]] == [ChangeKind.PROPOSED, ChangeKind.CONFIRMED]


def test_a_suspension_that_follows_an_unsettled_confirmation_wins(
    registry: Registry, town: Engine, clock: ManualClock
) -> None:
    order = paper_of(registry.facts(), ORDER_X)
    registry.withdraw(ORDER_X, by=MAYOR_X, reason="fin")
    registry.propose(order, by=AGENT)
    Registry(town, clock, register=None).confirm(ORDER_X, by=MAYOR_X)
    clock.advance(1)
    registry.withdraw(ORDER_X, by=AGENT, reason="erreur", version=2)
    registry.settle()
    assert paper_of(registry.facts(), ORDER_X).status is DocumentStatus.WITHDRAWN


def test_events_tell_the_revision_at_which_a_change_counts(
    town: Engine, clock: ManualClock, registry: Registry
) -> None:
    bus = Bus()
    seen: list[FactsChanged] = []
    statuses: list[DocumentStatus] = []
    mine = Registry(town, clock, register=Book(), bus=bus)

    def note(event: FactsChanged) -> None:
        seen.append(event)
        statuses.append(paper_of(mine.facts(), ORDER_X).status)

    bus.subscribe(FactsChanged, note)
    mine.suspend(ORDER_X, by=MAYOR_X, reason="travaux")
    mine.propose(paper_of(mine.facts(), ORDER_X), by=AGENT)
    mine.confirm(ORDER_X, by=MAYOR_X)
    assert statuses == [DocumentStatus.SUSPENDED, DocumentStatus.PROPOSED, DocumentStatus.CONFIRMED]
    assert [event.revision for event in seen] == sorted(event.revision for event in seen)
    assert seen[-1].revision == mine.revision()


def test_versions_entered_together_follow_one_another(registry: Registry) -> None:
    order = paper_of(registry.facts(), ORDER_X)
    other = replace(order, id=DocumentId("prefect_order/X-2"))
    changes = registry.propose_all([order, other, order, other], by=AGENT)
    assert [(change.subject, change.version) for change in changes] == [
        (ORDER_X, 2),
        (other.id, 1),
        (ORDER_X, 3),
        (other.id, 2),
    ]
    assert [one.version for one in registry.facts().versions(ORDER_X)] == [1, 2, 3]


def test_a_failed_step_leaves_nothing(registry: Registry) -> None:
    before = registry.facts()
    order = paper_of(before, ORDER_X)
    with pytest.raises(NotFoundError):
        registry.propose_all(
            [order, replace(order, scope=replace(order.scope, cameras=frozenset({CameraId("nowhere")})))], by=AGENT
        )
    assert registry.facts() == before
    with pytest.raises(NotFoundError):
        registry.suspend(ORDER_X, by=PersonId("nobody"), reason="x")
    with pytest.raises(BadInputError):
        registry.suspend(ORDER_X, by=MAYOR_X, reason=" ")
    assert registry.facts() == before


def test_the_registry_is_founded_once(registry: Registry) -> None:
    with pytest.raises(BadInputError):
        registry.found([], [])


def test_a_person_is_never_altered(registry: Registry) -> None:
    with pytest.raises(BadInputError):
        registry.add_person(worlds.persons()[0], by=AGENT)


def test_moving_a_camera_takes_the_place_back_until_the_new_commune_confirms(registry: Registry) -> None:
    moved = Camera(CameraId("cx"), "Rue Haute", BodyId("Y"), Origin.PUBLIC_WAY, "sY")
    registry.propose_cameras([moved], by=AGENT)
    assert registry.facts().cameras[CameraId("cx")].placement_confirmed_by is None
    registry.confirm_places([CameraId("cx")], by=PersonId("mayorY"))
    assert registry.facts().cameras[CameraId("cx")].commune == "Y"
    assert registry.facts().cameras[CameraId("cx")].placement_confirmed_by == "mayorY"


def test_members_join_through_the_register(engine: Engine, clock: ManualClock) -> None:
    registry = founded(engine, clock, Book())
    registry.set_members(worlds.E, frozenset({worlds.X, worlds.Y, worlds.Z}), by=DPO)
    assert worlds.Z in registry.facts().bodies[worlds.E].members


@pytest.mark.parametrize("bad", ["a\0b", "half \ud83d", "x" * 201])
def test_what_no_database_keeps_is_refused_alike_on_both(registry: Registry, bad: str) -> None:
    before = registry.facts()
    order = paper_of(before, ORDER_X)
    camera = worlds.cameras()[0]
    with pytest.raises(BadInputError):
        registry.propose(replace(order, number=bad), by=AGENT)
    with pytest.raises(BadInputError):
        registry.propose_cameras([replace(camera, name=bad)], by=AGENT)
    if len(bad) < 200:
        with pytest.raises(BadInputError):
            registry.propose(replace(order, fields={**order.fields, "note": ["x", {"y": bad}]}), by=AGENT)
        with pytest.raises(BadInputError):
            registry.suspend(ORDER_X, by=MAYOR_X, reason=bad)
    assert registry.facts() == before
