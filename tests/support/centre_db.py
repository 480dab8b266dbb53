"""The centre's database for a test, migrated, on either of the two engines."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from beffroi.base.db import open_engine
from beffroi.registry.migrate import upgrade

_numbers = count(1)
MIGRATED = "beffroi_migrated"


@contextmanager
def sqlite_centre(folder: Path) -> Iterator[Engine]:
    """A fresh file in this folder."""
    engine = open_engine(f"sqlite:///{folder / 'beffroi.sqlite'}")
    upgrade(engine)
    yield engine
    engine.dispose()


def prepare_template(server_url: str, name: str = MIGRATED, fill: Callable[[Engine], None] | None = None) -> None:
    """Migrate and fill one database; `postgres_centre` copies it (30 ms instead of all that for each test)."""
    _administer(server_url, f"CREATE DATABASE {name}")
    engine = open_engine(_database(server_url, name))
    upgrade(engine)
    if fill is not None:
        fill(engine)
    engine.dispose()


@contextmanager
def postgres_centre(server_url: str, template: str = MIGRATED) -> Iterator[Engine]:
    """A fresh copy of a template on this server."""
    name = f"beffroi_{next(_numbers)}"
    _administer(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
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
