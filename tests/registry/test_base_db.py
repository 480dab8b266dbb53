"""The database's door: instants, read and write scopes, migrations that give exactly the models' schema."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import OperationalError

from beffroi.base.db import Base, Instant, insert_missing, open_engine, session_scope
from beffroi.base.secrets import (
    SecretBox,
    SecretBrokenError,
    load_or_create_key,
    private_folder,
    read_secret,
    write_secret,
)
from beffroi.identity.tables import ThrottleRow
from beffroi.registry.migrate import upgrade
from beffroi.registry.tables import HeadRow

AT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))


def test_migrations_give_the_schema_of_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    with session_scope(engine) as session:
        session.get_one(HeadRow, 1).revision = 7
    upgrade(engine)
    with session_scope(engine, read_only=True) as session:
        assert session.get_one(HeadRow, 1).revision == 7


def test_an_instant_comes_back_aware_in_utc_to_the_microsecond(engine: Engine) -> None:
    with session_scope(engine) as session:
        session.add(ThrottleRow(key_hash=b"k" * 32, failures=1, last_at=AT))
    with session_scope(engine, read_only=True) as session:
        found = session.scalars(select(ThrottleRow.last_at)).one()
    assert found == AT
    assert found.tzinfo is UTC
    with pytest.raises(ValueError, match="time zone"):
        Instant().process_bind_param(datetime(2026, 1, 1), engine.dialect)  # noqa: DTZ001  the error under test


def test_a_scope_that_fails_leaves_nothing(engine: Engine) -> None:
    def step() -> None:
        with session_scope(engine) as session:
            session.get_one(HeadRow, 1).revision = 99
            session.flush()
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        step()
    with session_scope(engine, read_only=True) as session:
        assert session.get_one(HeadRow, 1).revision == 0


def test_a_read_scope_sees_one_snapshot(engine: Engine) -> None:
    with session_scope(engine, read_only=True) as reading:
        before = reading.scalars(select(HeadRow.revision)).one()
        with session_scope(engine) as session:
            session.get_one(HeadRow, 1).revision = before + 1
        assert reading.scalars(select(HeadRow.revision)).one() == before


def test_writers_wait_for_one_another_and_lose_nothing(engine: Engine) -> None:
    def add() -> None:
        for _ in range(10):
            with session_scope(engine) as session:
                session.get_one(HeadRow, 1, with_for_update=True).revision += 1

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with session_scope(engine, read_only=True) as session:
        assert session.get_one(HeadRow, 1).revision == 40


def test_inserting_what_is_there_changes_nothing(engine: Engine) -> None:
    for failures in (1, 2):
        with session_scope(engine) as session:
            insert_missing(session, ThrottleRow, {"key_hash": b"k" * 32, "failures": failures, "last_at": AT})
    with session_scope(engine, read_only=True) as session:
        assert session.scalars(select(ThrottleRow.failures)).all() == [1]


def test_sqlite_is_durable_and_checks_its_keys(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")
    with engine.connect() as connection:
        answers = [
            connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert answers == ["wal", 2, 1]


def test_postgresql_refuses_a_write_in_a_read_scope(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    with pytest.raises(Exception, match="read-only"), session_scope(engine, read_only=True) as session:
        session.execute(text("CREATE TABLE x (y int)"))
    engine.dispose()


def test_another_database_is_refused() -> None:
    with pytest.raises(ValueError, match="mysql"):
        open_engine("mysql://localhost/x")


def test_an_unreachable_database_says_so(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'nowhere' / 'a.sqlite'}")
    with pytest.raises(OperationalError), session_scope(engine, read_only=True) as session:
        session.get(HeadRow, 1)


def test_a_secret_is_for_its_owner_and_never_overwritten(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "secrets")
    assert folder.stat().st_mode & 0o777 == 0o700
    path = folder / "a.key"
    write_secret(path, b"x")
    assert read_secret(path) == b"x"
    with pytest.raises(FileExistsError):
        write_secret(path, b"y")
    path.chmod(0o640)
    with pytest.raises(SecretBrokenError):
        read_secret(path)
    (folder / "link").symlink_to(path)
    with pytest.raises(SecretBrokenError):
        read_secret(folder / "link")
    with pytest.raises(SecretBrokenError):
        read_secret(folder / "none")
    key = load_or_create_key(folder / "box.key")
    assert load_or_create_key(folder / "box.key") == key
    write_secret(folder / "short.key", b"short")
    with pytest.raises(SecretBrokenError):
        load_or_create_key(folder / "short.key")


def test_a_sealed_value_opens_only_where_it_belongs() -> None:
    box = SecretBox(bytes(32))
    sealed = box.seal(b"secret", about="totp/a")
    assert box.open(sealed, about="totp/a") == b"secret"
    assert sealed != box.seal(b"secret", about="totp/a")
    for altered, about in (
        (sealed, "totp/b"),
        (sealed[:-1], "totp/a"),
        (b"", "totp/a"),
        (b"\0" + sealed[1:], "totp/a"),
    ):
        with pytest.raises(SecretBrokenError):
            box.open(altered, about=about)
    with pytest.raises(SecretBrokenError):
        SecretBox(b"1" * 32).open(sealed, about="totp/a")
