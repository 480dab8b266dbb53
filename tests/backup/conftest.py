"""A PostgreSQL server for the folder, and both databases for the tests that ask for ``engine``."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.support.centre_db import postgres_centre, prepare_template, sqlite_centre
from tests.support.postgres import postgres_server
from tests.support.town import build

from beffroi.base.db import open_engine


def fill(engine: Engine) -> None:
    """A town's papers."""
    build(engine)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres_server() as url:
        prepare_template(url, "filled", fill)
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database with a town's papers."""
    if request.param == "sqlite":
        (tmp_path / "filled").mkdir()
        with sqlite_centre(tmp_path / "filled") as made:
            build(made)
            yield made
    else:
        with postgres_centre(request.getfixturevalue("postgres_url"), "filled") as made:
            yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without a table."""
    if request.param == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path / 'empty.sqlite'}")
        yield engine
        engine.dispose()
    else:
        with postgres_centre(request.getfixturevalue("postgres_url"), "template1") as made:
            yield made
