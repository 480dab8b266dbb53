"""The fixture town in a database of its own, with a register that keeps what it is told."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.centre_db import sqlite_centre
from tests.support.town import Book, build, manual_clock, reopened

from beffroi.domain.clock import ManualClock
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.law.engine import LawEngine
from beffroi.registry.store import Registry
from beffroi.room.roster import Roster


@dataclass
class Room:
    """What a room supervisor works with."""

    roster: Roster
    registry: Registry
    law: LawEngine
    clock: ManualClock
    book: Book

    def amend(self, document: str, *, by: str = "mayorX", fields: dict[str, Any] | None = None, **changes: Any) -> None:
        """A new version of a document, confirmed."""
        newest = self.registry.facts().versions(DocumentId(document))[-1]
        amended = replace(newest, fields={**newest.fields, **(fields or {})}, **changes)
        self.registry.propose(amended, by=PersonId("agentE"))
        self.registry.confirm(DocumentId(document), by=PersonId(by))


@pytest.fixture(scope="session")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("room-town")
    with sqlite_centre(folder) as made:
        build(made)
    return folder / "beffroi.sqlite"


@pytest.fixture
def room(town_file: Path, tmp_path: Path) -> Iterator[Room]:
    shutil.copy(town_file, tmp_path / "beffroi.sqlite")
    with sqlite_centre(tmp_path) as engine:
        clock = manual_clock()
        registry, book = reopened(engine, clock)
        law = LawEngine.load()
        yield Room(Roster(registry, law, clock), registry, law, clock, book)
