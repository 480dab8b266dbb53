"""A registry filled the way people fill it: entered by the centre, confirmed by the mayors.

The bodies, persons, cameras and papers are those of `tests.support.worlds`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Engine
from tests.support import worlds

from beffroi.base.bus import Bus
from beffroi.domain.clock import ManualClock, to_wall_us
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import Facts
from beffroi.domain.ids import PersonId
from beffroi.registry.changes import Change
from beffroi.registry.store import Registry

AGENT: Final = PersonId("agentE")
DPO: Final = PersonId("dpo")
MAYOR_X, MAYOR_Y, MAYOR_Z = PersonId("mayorX"), PersonId("mayorY"), PersonId("mayorZ")


class Book:
    """A register that keeps what it is told, for tests that are about something else."""

    def __init__(self, first: int = 0) -> None:
        self.first = first
        self.changes: list[Change] = []
        self.broken: Exception | None = None

    def record(self, changes: Sequence[Change]) -> list[int]:
        if self.broken is not None:
            raise self.broken
        start = self.first + len(self.changes)
        self.changes.extend(changes)
        return list(range(start, start + len(changes)))


def manual_clock() -> ManualClock:
    """A clock at the instant of the fixture world."""
    return ManualClock(wall=to_wall_us(worlds.NOW))


def founded(engine: Engine, clock: ManualClock, book: Book | None, bus: Bus | None = None) -> Registry:
    """Bodies and persons only."""
    registry = Registry(engine, clock, register=book, bus=bus)
    registry.found(worlds.bodies(), worlds.persons())
    return registry


def inhabited(registry: Registry) -> None:
    """Mayors recognised, cameras entered and confirmed: no other paper."""
    elections = [paper for paper in worlds.world().documents if paper.kind is DocumentKind.ELECTION]
    registry.propose_all(elections, by=AGENT)
    registry.confirm_all([paper.id for paper in elections], by=DPO)
    registry.propose_cameras(worlds.cameras(), by=AGENT)
    for mayor in (MAYOR_X, MAYOR_Y, MAYOR_Z):
        places = [camera.id for camera in worlds.cameras() if f"mayor{camera.commune}" == mayor]
        registry.confirm_places(places, by=mayor)


def papered(registry: Registry) -> None:
    """Every paper of the fixture world, proposed by the agent, confirmed by the mayor whom each awaits."""
    papers = [paper for paper in worlds.world().documents if paper.kind is not DocumentKind.ELECTION]
    registry.propose_all(papers, by=AGENT)
    facts = registry.facts()
    for mayor in (MAYOR_X, MAYOR_Y, MAYOR_Z):
        commune = facts.persons[mayor].commune
        mine = [
            paper.id
            for paper in papers
            if (held := facts.versions(paper.id)[-1]).awaiting == commune
            or (mayor == MAYOR_X and held.awaiting == worlds.E)
        ]
        registry.confirm_all(mine, by=mayor)


def build(engine: Engine) -> None:
    """The whole town, in an empty database."""
    registry = founded(engine, manual_clock(), Book())
    inhabited(registry)
    papered(registry)


def reopened(engine: Engine, clock: ManualClock, bus: Bus | None = None) -> tuple[Registry, Book]:
    """The registry of a town already built, with a register that goes on where it stood."""
    changes = Registry(engine, clock, register=None).changes(limit=10_000)
    book = Book(len(changes))
    return Registry(engine, clock, register=book, bus=bus), book


def paper_of(facts: Facts, identifier: str) -> Document:
    """The newest version of a document."""
    return next(paper for paper in reversed(facts.documents) if paper.id == identifier)


def without_history(facts: Facts) -> Facts:
    """Facts without who confirmed when: to compare with the fixture world."""
    return Facts.of(
        persons=facts.persons.values(),
        bodies=facts.bodies.values(),
        cameras=[replace(camera, placement_confirmed_by=worlds.CONFIRMER) for camera in facts.cameras.values()],
        documents=[
            replace(paper, confirmed_by=worlds.CONFIRMER, awaiting=None, status_at=None) for paper in facts.documents
        ],
    )
