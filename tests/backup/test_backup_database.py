"""Rows in and out: the same facts, to the byte, whatever the database they came from or go to."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import pytest
from sqlalchemy import Engine, text
from tests.support.identities import administrator, newcomer, room

from beffroi.backup.database import NOT_RESTORED, dump, load
from beffroi.backup.errors import BackupFailedError, BackupRefusedError, RestoreFailedError
from beffroi.base.clock import SystemClock
from beffroi.base.db import session_scope
from beffroi.domain.clock import ManualClock
from beffroi.identity.tables import AccountRow
from beffroi.registry.store import Registry

Files = dict[str, bytes]


def dumped(engine: Engine) -> tuple[Files, dict[str, Any]]:
    files: Files = {}

    def add(name: str, pieces: Iterable[bytes]) -> None:
        files[name] = b"".join(pieces)

    return files, dump(engine, add)


def tell(line: str) -> None:
    sys.stdout.write(f"\n{line}\n")


def lines_of(files: Files) -> Callable[[str], Iterator[bytes]]:
    return lambda table: iter(files[f"database/{table}.jsonl"].splitlines(keepends=True))


def test_the_same_facts_come_back_on_either_database(filled: Engine, empty: Engine) -> None:
    clock = ManualClock(wall=1_772_000_000_000_000)
    administrator(room(filled, clock), clock)
    with session_scope(filled) as session:
        assert session.query(AccountRow).count() == 1
    files, info = dumped(filled)
    load(empty, info, lines_of(files), name="x")
    before, after = (Registry(engine, SystemClock(), register=None) for engine in (filled, empty))
    assert after.facts() == before.facts()
    assert after.facts().revision == before.facts().revision > 10
    for revision in range(0, before.revision(), 25):
        assert after.facts_at(revision) == before.facts_at(revision)
    again, told = dumped(empty)
    assert again == files
    assert told["rows"] == info["rows"]
    tell(f"{filled.dialect.name} -> {empty.dialect.name}: {sum(info['rows'].values())} rows, identical dumps")


def test_doors_opened_once_are_not_restored(filled: Engine, empty: Engine) -> None:
    clock = ManualClock(wall=1_772_000_000_000_000)
    identity = room(filled, clock)
    first, _ = administrator(identity, clock)
    identity.invite(newcomer("second"), by=first)
    with session_scope(filled) as session:
        assert session.execute(text("SELECT count(*) FROM invitations")).scalar_one() == 1
    files, info = dumped(filled)
    assert not {f"database/{name}.jsonl" for name in NOT_RESTORED} & set(files)
    load(empty, info, lines_of(files), name="x")
    with session_scope(empty) as session:
        assert session.execute(text("SELECT count(*) FROM invitations")).scalar_one() == 0
        assert session.execute(text("SELECT count(*) FROM accounts")).scalar_one() == 2


def test_a_target_that_holds_something_is_left_alone(filled: Engine) -> None:
    files, info = dumped(filled)
    with pytest.raises(RestoreFailedError):
        load(filled, info, lines_of(files), name="x")
    assert dumped(filled)[0] == files


SPOILED: Final[list[Callable[[Files, dict[str, Any]], None]]] = [
    lambda files, info: info.update(revision="9999"),
    lambda files, info: info.update(rows=None),
    lambda files, info: info["rows"].update(passwords=1),
    lambda files, info: info["rows"].update(changes=info["rows"]["changes"] + 1),
    lambda files, info: files.update({"database/changes.jsonl": b"[]\n"}),
    lambda files, info: files.update({"database/changes.jsonl": b'{"no_such_column": 1}\n'}),
    lambda files, info: files.update({"database/changes.jsonl": b'{"at": "yesterday"}\n'}),
    lambda files, info: files.update({"database/changes.jsonl": b"[" * 100_000 + b"\n"}),
    lambda files, info: files.update({"database/changes.jsonl": b"\xff\n"}),
]


def test_rows_that_make_no_sense_are_refused_and_leave_nothing(filled: Engine, empty: Engine) -> None:
    whole, told = dumped(filled)
    for spoil in SPOILED:
        files, info = dict(whole), json.loads(json.dumps(told))
        spoil(files, info)
        with pytest.raises(BackupRefusedError):
            load(empty, info, lines_of(files), name="x")
    load(empty, told, lines_of(whole), name="x")  # nothing was left: the good one still goes in
    assert dumped(empty)[0] == whole


def test_rows_that_the_schema_refuses_leave_nothing(filled: Engine, empty: Engine) -> None:
    files, info = dumped(filled)
    bodies = files["database/bodies.jsonl"]
    orphan = json.loads(bodies.splitlines()[0]) | {"revision": 999_999}
    files["database/bodies.jsonl"] = json.dumps(orphan).encode() + b"\n"
    info["rows"]["bodies"] = 1
    with pytest.raises(RestoreFailedError):
        load(empty, info, lines_of(files), name="x")
    with session_scope(empty) as session:
        assert session.execute(text("SELECT count(*) FROM changes")).scalar_one() == 0


def test_a_table_of_no_known_room_is_not_silently_left_out(filled: Engine) -> None:
    with session_scope(filled) as session:
        session.execute(text("CREATE TABLE strange (one INTEGER PRIMARY KEY)"))
    with pytest.raises(BackupFailedError):
        dumped(filled)
