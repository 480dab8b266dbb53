"""The centre's database for a test, migrated, on either of the two engines."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from beffroi.base.db import open_engine
from beffroi.registry.migrate import upgrade

_numbers = count(1)
_TEMPLATE = "beffroi_template"


@contextmanager
def sqlite_centre(folder: Path) -> Iterator[Engine]:
    """A fresh file in this folder."""
    engine = open_engine(f"sqlite:///{folder / 'beffroi.sqlite'}")
    upgrade(engine)
    yield engine
    engine.dispose()


def prepare_template(server_url: str) -> None:
    """Migrate one database; `postgres_centre` copies it (30 ms instead of a migration for each test)."""
    _administer(server_url, f"CREATE DATABASE {_TEMPLATE}")
    engine = open_engine(_database(server_url, _TEMPLATE))
    upgrade(engine)
    engine.dispose()


@contextmanager
def postgres_centre(server_url: str) -> Iterator[Engine]:
    """A fresh database on this server."""
    name = f"beffroi_{next(_numbers)}"
    _administer(server_url, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    engine = open_engine(_database(server_url, name))
    yield engine
    engine.dispose()
    _administer(server_url, f"DROP DATABASE {name} WITH (FORCE)")


def _database(server_url: str, name: str) -> str:
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def _administer(server_url: str, statement: str) -> None:
    engine = open_engine(server_url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    engine.dispose()
