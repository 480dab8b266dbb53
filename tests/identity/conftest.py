"""Every test that asks for ``engine`` runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.support.centre_db import postgres_centre, prepare_template, sqlite_centre
from tests.support.postgres import postgres_server


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres_server() as url:
        prepare_template(url)
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        with sqlite_centre(tmp_path) as made:
            yield made
    else:
        with postgres_centre(request.getfixturevalue("postgres_url")) as made:
            yield made
