"""The centre's database in and out of an archive: rows as JSON lines, one file a table, from one snapshot.

Logical on purpose: the same form for SQLite and PostgreSQL, so that one may be restored into the other, and no tool of
either is needed. Rows are of the schema's revision that is written beside; a restoration starts from that revision and
migrates forward.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import groupby, islice
from typing import Any, Final

from alembic.util.exc import CommandError
from sqlalchemy import JSON, Column, Date, Engine, LargeBinary, Table, column, delete, inspect, select, table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from beffroi.backup.errors import BackupFailedError, BackupRefusedError, RestoreFailedError
from beffroi.base.db import Base, Instant, session_scope
from beffroi.identity import tables as identity_tables
from beffroi.registry import desktables as desk_tables
from beffroi.registry import onsitetables as onsite_tables
from beffroi.registry import subjecttables as subject_tables
from beffroi.registry import tables as registry_tables
from beffroi.registry.migrate import upgrade
from beffroi.vault.signed import b64, canonical, unb64

ROOMS: Final = (identity_tables, registry_tables, desk_tables, onsite_tables, subject_tables)
"""Imported so that their tables are in the metadata."""

NOT_RESTORED: Final = frozenset({"sessions", "invitations", "factor_resets"})
"""What opened a door for once or for an hour: a session ended since would live again, a link used since serve twice."""

_VERSIONS: Final = "alembic_version"
_SEEDED: Final = frozenset({_VERSIONS, "registry_head"})
_BATCH: Final = 500
Add = Callable[[str, Iterable[bytes]], None]


def dump(engine: Engine, add: Add) -> dict[str, Any]:
    """Hand every table to ``add`` (file name, pieces), all of one snapshot; returns what the manifest keeps of it.

    Raises:
        BackupFailedError: a table that this version does not know, or the database refuses.
    """
    try:
        with session_scope(engine, read_only=True) as session:
            revision = str(session.execute(text(f"SELECT version_num FROM {_VERSIONS}")).scalar_one())  # noqa: S608
            known, present = _tables(), set(inspect(session.connection()).get_table_names())
            if strange := sorted(present - set(known) - {_VERSIONS}):
                raise BackupFailedError(
                    f"la table « {strange[0]} » n'est pas de cette version", f"table “{strange[0]}” is of no known room"
                )
            counted: dict[str, int] = {}
            for name, one in known.items():
                if name not in NOT_RESTORED:
                    add(f"database/{name}.jsonl", _lines(session, one, counted))
    except SQLAlchemyError as error:
        raise BackupFailedError("la base ne répond pas", "the database does not answer") from error
    return {"dialect": engine.dialect.name, "revision": revision, "rows": counted}


def check_empty(engine: Engine) -> None:
    """A database takes a restoration only when it holds nothing.

    Raises:
        RestoreFailedError: it holds rows, or does not answer.
    """
    try:
        with engine.connect() as connection:
            for name in inspect(connection).get_table_names():
                found = connection.execute(select(text("1")).select_from(table(name)).limit(1)).first()
                if found is not None and name not in _SEEDED:
                    raise RestoreFailedError(
                        "la base de destination n'est pas vide", "the database to restore into is not empty"
                    )
    except SQLAlchemyError as error:
        raise RestoreFailedError(
            "la base de destination ne répond pas", "the database to restore into does not answer"
        ) from error


def load(engine: Engine, info: Mapping[str, Any], lines_of: Callable[[str], Iterator[bytes]], *, name: str) -> None:
    """Fill an empty database from an archive's tables, in one transaction, and bring it to the present schema.

    Args:
        engine: an empty database.
        info: what `dump` returned.
        lines_of: the lines of a table's file.
        name: the archive's, for sentences.

    Raises:
        BackupRefusedError: rows that the schema refuses, or of a newer version.
        RestoreFailedError: the database refuses.
    """
    check_empty(engine)
    counted = info.get("rows")
    if not isinstance(counted, dict) or not set(counted) <= set(_tables()):
        raise BackupRefusedError(name, "ses tables ne sont pas connues", "its tables are not known")
    try:
        upgrade(engine, str(info.get("revision")))
    except CommandError as error:
        raise BackupRefusedError(
            name,
            "elle vient d'une version plus récente : restaurez-la avec celle-là",
            "it comes from a newer version: restore it with that one",
        ) from error
    try:
        with session_scope(engine) as session:
            for one in reversed(Base.metadata.sorted_tables):
                if inspect(session.connection()).has_table(one.name):
                    session.execute(delete(table(one.name)))
            for one in Base.metadata.sorted_tables:
                if one.name in counted and _fill(session, one, lines_of(one.name)) != counted[one.name]:
                    raise BackupRefusedError(name, "des lignes y manquent", "rows are missing in it")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BackupRefusedError(name, "une ligne de table est mal formée", "a row of a table is malformed") from error
    except SQLAlchemyError as error:
        raise RestoreFailedError("la base a refusé des lignes", "the database refused rows") from error
    upgrade(engine)


def _tables() -> dict[str, Table]:
    return {one.name: one for one in Base.metadata.sorted_tables}


def _lines(session: Session, one: Table, counted: dict[str, int]) -> Iterator[bytes]:
    counted[one.name] = 0
    rows = session.execute(select(one).order_by(*one.primary_key.columns)).mappings()
    while batch := list(islice(rows, _BATCH)):
        counted[one.name] += len(batch)
        yield b"".join(canonical({key: _said(value) for key, value in row.items()}) + b"\n" for row in batch)


def _said(value: Any) -> Any:
    if isinstance(value, date):  # and every datetime
        return value.isoformat()
    return b64(value) if isinstance(value, bytes) else value


def _fill(session: Session, one: Table, lines: Iterator[bytes]) -> int:
    filled = 0
    rows = (_row(one, line) for line in lines)
    # rows of one statement have the same columns: a JSON column without value is left out, lest "null" be stored
    for columns, several in groupby(rows, key=lambda row: tuple(sorted(row))):
        into = table(one.name, *(column(key, one.columns[key].type) for key in columns))
        while batch := list(islice(several, _BATCH)):
            session.execute(into.insert(), batch)
            filled += len(batch)
    return filled


def _row(one: Table, line: bytes) -> dict[str, Any]:
    fields = json.loads(line)
    if not isinstance(fields, dict):
        raise ValueError("a row is an object")  # noqa: TRY004  callers treat all malformed input alike
    row = {key: _meant(one.columns[key], value) for key, value in fields.items()}
    return {key: value for key, value in row.items() if value is not None or not _is_json(one.columns[key])}


def _is_json(one: Column[Any]) -> bool:
    return isinstance(one.type, JSON)


def _meant(one: Column[Any], value: Any) -> Any:
    if value is None or _is_json(one):
        return value
    if isinstance(one.type, Instant):
        return datetime.fromisoformat(value)
    if isinstance(one.type, Date):
        return date.fromisoformat(value)
    return unb64(value) if isinstance(one.type, LargeBinary) else value
