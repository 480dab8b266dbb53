"""The centre's database: SQLite on one machine, PostgreSQL 15 on several; same models, same migrations.

Synchronous on purpose: a statement on the local file costs tens of microseconds, less than a thread hop. Web routes
call the stores from the thread pool. The recorder never imports this module.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import JSON, DateTime, Dialect, Engine, MetaData, String, create_engine, event, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

_NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraint names are fixed, so that a migration can name what it alters on both databases."""

_READ_ONLY: Final = "beffroi_read_only"

SQLITE_BUSY_MS: Final = 5_000
"""A writer waits this long for another one (SQLite has one writer at a time) before it gives up."""

JsonColumn = JSON().with_variant(JSONB(), "postgresql")
"""A JSON column: text in SQLite, jsonb in PostgreSQL."""


class UnwritableTextError(BadInputError):
    """A text is too long for its place, or holds what no database keeps (a NUL, half of a character)."""

    def __init__(self, name: str, limit: int | None) -> None:
        most = limit or "…"
        super().__init__(
            Text(
                fr=f"« {name} » ne peut être enregistré : {most} caractères au plus, sans caractère nul ni incomplet.",
                en=f"“{name}” cannot be recorded: at most {most} characters, none of them NUL or incomplete.",
            )
        )


class Base(DeclarativeBase):
    """Base of all tables of the centre: one metadata. A room's tables live in the room."""

    metadata = MetaData(naming_convention=_NAMES)


class Instant(TypeDecorator[datetime]):
    """An instant, kept in UTC; always aware on the Python side. SQLite has no time zones: UTC is put back on read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def open_engine(url: str) -> Engine:
    """An engine for ``sqlite:////path`` or ``postgresql+psycopg://…``, set up for durability.

    SQLite: write-ahead log, foreign keys enforced, ``synchronous=FULL`` (a commit that returned survives a power cut).

    Raises:
        ValueError: for another kind of database.
    """
    backend = make_url(url).get_backend_name()
    if backend == "postgresql":
        return create_engine(url, pool_pre_ping=True)
    if backend != "sqlite":
        raise ValueError(f"unsupported database: {backend}")
    engine = create_engine(url)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def session_scope(engine: Engine, *, read_only: bool = False) -> Iterator[Session]:
    """One transaction: committed at the end, rolled back on any exception.

    A read-only scope sees one snapshot for all its statements; a writing scope takes SQLite's write lock at once, so
    that it never finds out half-way that another writer came first.
    """
    options: dict[str, Any] = {_READ_ONLY: read_only}
    if read_only and engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with Session(engine.execution_options(**options), expire_on_commit=False) as session, session.begin():
        event.listen(session, "before_flush", _refuse_unwritable)
        yield session


def insert_missing(session: Session, table: type[Base], values: dict[str, Any]) -> None:
    """Insert a row unless one with its key is there: safe when two transactions do it at once."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(table).values(**values).on_conflict_do_nothing())


def _refuse_unwritable(session: Session, *_: object) -> None:
    """One limit for both databases: SQLite ignores lengths and takes a NUL, PostgreSQL fails on either."""
    for row in (*session.new, *session.dirty):
        state = inspect(row)
        for attribute in state.mapper.column_attrs:
            kind, value = attribute.columns[0].type, state.dict.get(attribute.key)
            limit = kind.length if isinstance(kind, String) else None
            if not _writable(value) or (limit is not None and isinstance(value, str) and len(value) > limit):
                raise UnwritableTextError(attribute.key, limit)


def _writable(value: object) -> bool:
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, dict):
        return all(_writable(key) and _writable(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return all(_writable(one) for one in value)
    return True


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # The driver must not open transactions by itself: `_begin_sqlite` does.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
