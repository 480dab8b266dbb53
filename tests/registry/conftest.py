"""Every test that asks for ``engine`` runs on SQLite and on PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.support.centre_db import postgres_centre, prepare_template, sqlite_centre
from tests.support.postgres import postgres_server
from tests.support.town import build


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


@pytest.fixture(scope="session")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    with sqlite_centre(folder) as made:
        build(made)
    return folder / "beffroi.sqlite"


@pytest.fixture(scope="session")
def town_template(postgres_url: str) -> str:
    prepare_template(postgres_url, "beffroi_town", build)
    return "beffroi_town"


@pytest.fixture(params=["sqlite", "postgresql"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database that holds the whole fixture town, papers confirmed."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("town_file"), tmp_path / "beffroi.sqlite")
        with sqlite_centre(tmp_path) as made:
            yield made
    else:
        template = request.getfixturevalue("town_template")
        with postgres_centre(request.getfixturevalue("postgres_url"), template) as made:
            yield made
