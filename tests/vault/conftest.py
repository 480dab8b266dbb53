"""An empty catalogue; six hours of a site, for the tests of `ledger cross`."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.crosspair import pair

from beffroi.vault.catalogue import Catalogue


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue.open(tmp_path / "catalogue.sqlite")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def cross_honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six hours of a site: 60 acts, 6 checkpoints kept, 180 entries of others; and two acts not taken in yet."""
    folder = tmp_path_factory.mktemp("cross") / "p"

    async def live() -> None:
        async with pair(folder) as one:
            await one.hours(6, entries=30, acts=10)
            one.act(2)

    asyncio.run(live())
    _one_file(folder / "journal.sqlite")
    return folder


def _one_file(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


@pytest.fixture
def cross_copy(cross_honest: Path, tmp_path: Path) -> Path:
    return shutil.copytree(cross_honest, tmp_path / "copy", ignore=shutil.ignore_patterns("s"))
