"""`ledger cross` on files of any hand: nothing in them is believed, and what is said is said in two languages."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.crosspair import NAME, VERIFIER, crossed, edited, pair, rewrite
from typer.testing import CliRunner

from beffroi.cli.ledger import app
from beffroi.domain.errors import BadInputError
from beffroi.vault.crosscheck import cross
from beffroi.vault.crossfindings import CrossKind
from beffroi.vault.journal import ActKind
from beffroi.vault.journalfile import JournalUnreadableError

HOSTILE: dict[str, Callable[[sqlite3.Connection], object]] = {
    "fields that are no JSON": lambda db: db.execute("UPDATE act SET fields = '{' WHERE seq = 5"),
    "fields that are a list": lambda db: db.execute("UPDATE act SET fields = '[1]' WHERE seq = 5"),
    "fields that are bytes": lambda db: db.execute("UPDATE act SET fields = x'ff00' WHERE seq = 5"),
    "fields nested ten thousand deep": lambda db: db.execute(
        "UPDATE act SET fields = ? WHERE seq = 5", ('{"a":' + "[" * 10_000 + "]" * 10_000 + "}",)
    ),
    "fields nested nine hundred deep": lambda db: db.execute(
        "UPDATE act SET fields = ? WHERE seq = 5", ('{"a":' + "[" * 900 + "]" * 900 + "}",)
    ),
    "fields of a megabyte": lambda db: db.execute(
        "UPDATE act SET fields = ? WHERE seq = 5", ('{"a":"' + "x" * 10**6 + '"}',)
    ),
    "a time that is text": lambda db: db.execute("UPDATE act SET wall_us = 'soon' WHERE seq = 5"),
    "a time that is bytes": lambda db: db.execute("UPDATE act SET wall_us = x'00' WHERE seq = 5"),
    "a kind of nobody": lambda db: db.execute("UPDATE act SET kind = 'party' WHERE seq = 5"),
    "a hash that is none": lambda db: db.execute("UPDATE act SET hash = NULL WHERE seq = 5"),
    "a hash that is short": lambda db: db.execute("UPDATE act SET hash = x'00' WHERE seq = 5"),
    "a head without a note": lambda db: db.execute("UPDATE act SET fields = '{}' WHERE kind = 'register_head'"),
    "a head with a number for a note": lambda db: db.execute(
        'UPDATE act SET fields = \'{"note":7,"size":1,"root":""}\' WHERE kind = \'register_head\''
    ),
    "a head with a huge note": lambda db: db.execute(
        "UPDATE act SET fields = ? WHERE kind = 'register_head'",
        ('{"note":"' + "a\\n" * 15_000 + '","size":1,"root":""}',),
    ),
    "a head of another size": lambda db: db.execute(
        "UPDATE act SET fields = json_set(fields, '$.size', 1) WHERE kind = 'register_head'"
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_journal_is_told_and_never_believed(cross_copy: Path, name: str) -> None:
    with sqlite3.connect(cross_copy / "journal.sqlite") as db:
        HOSTILE[name](db)
    db.close()
    with suppress(JournalUnreadableError):
        assert crossed(cross_copy).findings
    with suppress(JournalUnreadableError):
        crossed(cross_copy, glance=True)


SCHEMAS: dict[str, Callable[[sqlite3.Connection], object]] = {
    "no acts": lambda db: db.execute("DROP TABLE act"),
    "no acknowledgement": lambda db: db.execute("DROP TABLE acknowledged"),
    "an acknowledgement of text": lambda db: db.execute("UPDATE acknowledged SET seq = 'x'"),
    "an opening that is text": lambda db: db.execute("INSERT INTO opening VALUES (1, 'x', 'y', 0, x'00')"),
    "an opening whose hash is a number": lambda db: db.execute(
        "INSERT INTO opening VALUES (1, 0, 9000000000, 0, x'00')"
    ),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_file_that_is_no_journal_is_refused_with_a_sentence(cross_copy: Path, name: str) -> None:
    with sqlite3.connect(cross_copy / "journal.sqlite") as db:
        SCHEMAS[name](db)
    db.close()
    with pytest.raises(JournalUnreadableError):
        crossed(cross_copy)


@pytest.mark.parametrize("raw", [b"", b"x", b"SQLite format 3\x00", b"SQLite format 3\x00" + bytes(4096)])
def test_bytes_that_are_no_journal_are_refused(cross_copy: Path, raw: bytes) -> None:
    (cross_copy / "journal.sqlite").write_bytes(raw)
    with pytest.raises(BadInputError):
        crossed(cross_copy)
    (cross_copy / "journal.sqlite").unlink()
    with pytest.raises(BadInputError):
        crossed(cross_copy)
    (cross_copy / "journal.sqlite").mkdir()
    with pytest.raises(BadInputError):
        crossed(cross_copy)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(0, 10**9), bit=st.integers(0, 7))
def test_any_bit_of_the_journal_s_file_is_told_or_changes_nothing(
    cross_honest: Path, tmp_path: Path, place: int, bit: int
) -> None:
    raw = bytearray((cross_honest / "journal.sqlite").read_bytes())
    raw[place % len(raw)] ^= 1 << bit
    path = tmp_path / "flipped.sqlite"
    path.write_bytes(raw)
    before = crossed(cross_honest)
    try:
        report = cross(cross_honest / "centre" / "ledger", VERIFIER, path, recorder=NAME)
    except JournalUnreadableError:
        return
    # A page that no act lies on (an index, free room, the header's counters) may say anything.
    assert report.findings or (report.acts, report.chained, report.heads) == (before.acts, before.chained, before.heads)


def test_the_journal_is_read_from_a_medium_that_takes_no_writing(cross_copy: Path) -> None:
    (cross_copy / "journal.sqlite").chmod(0o400)
    assert crossed(cross_copy).clean
    assert sorted(path.name for path in cross_copy.glob("journal.sqlite*"))[:1] == ["journal.sqlite"]


async def test_a_journal_whose_newest_acts_cannot_be_read_is_not_called_cut_short(tmp_path: Path) -> None:
    async with pair(tmp_path / "p") as one:
        await one.hours(2)
        copy = tmp_path / "disc" / "journal.sqlite"
        copy.parent.mkdir()
        for end in ("", "-wal"):
            shutil.copy(f"{one.journal_file}{end}", f"{copy}{end}")
        beside = copy.parent / "journal.sqlite-shm"
        beside.symlink_to(tmp_path / "nowhere" / "shm")  # as on a medium that takes no writing: it cannot be made
        with pytest.raises(JournalUnreadableError, match="can be written"):
            cross(one.register, VERIFIER, copy, recorder=NAME)
        beside.unlink()
        assert cross(one.register, VERIFIER, copy, recorder=NAME).clean


def test_the_command_says_it_in_two_languages_and_by_its_exit_code(cross_copy: Path) -> None:
    ledger, journal = str(cross_copy / "centre" / "ledger"), str(cross_copy / "journal.sqlite")
    asked = ["cross", ledger, "--key", VERIFIER.encode(), "--journal", journal]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    assert "s'accordent" in result.output
    assert "agree" in result.output
    result = CliRunner().invoke(app, [*asked, "--journal", f"{NAME}={journal}", "--json"])
    said = json.loads(result.output)
    assert (said["clean"], len(said["journals"])) == (True, 2)
    assert said["journals"][0]["findings"] == []
    rewrite(cross_copy / "journal.sqlite", edited(20, camera="cam-9"))
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 1
    assert "n'est pas le même au journal et au registre" in result.output
    result = CliRunner().invoke(app, [*asked, "--json"])
    assert result.exit_code == 1
    (report,) = json.loads(result.output)["journals"]
    assert {"act_differs", "off_chain"} <= {one["kind"] for one in report["findings"]}
    assert set(report["findings"][0]["text"]) == {"fr", "en"}


@pytest.mark.parametrize("given", ["=x", "name=", 'a"b=x', "a\nb=x", "/nowhere/journal.sqlite"])
def test_a_journal_that_is_not_understood_is_wrong_usage(cross_copy: Path, given: str) -> None:
    asked = ["cross", str(cross_copy / "centre" / "ledger"), "--key", VERIFIER.encode(), "--journal", given]
    assert CliRunner().invoke(app, asked).exit_code == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"what": "cameras_stopped_disk", "stopped": [f"une-camera-au-nom-un-peu-long-{n:04d}" for n in range(600)]},
        {"what": "é" * 9_000},
        {"run": 2**60},
        {"é": 1},
    ],
    ids=["long", "text", "number", "key"],
)
async def test_an_act_that_no_leaf_can_hold_keeps_no_other_out(tmp_path: Path, fields: dict[str, Any]) -> None:
    async with pair(tmp_path / "p") as one:
        await one.hours(1)
        one.acts.reader().append(ActKind.ALARM, fields, wall_us=one.clock.wall_us())
        one.act(5)
        await one.round()
        await one.round()
        journal = one.acts.reader()
        assert one.ledger.last_seq(NAME) == journal.last_seq() == journal.acked()
        assert one.cross().findings == ()
        number = next(act.seq for act in journal.read_after(0) if act.kind is ActKind.ALARM)
        one.acts.close()
        rewrite(one.journal_file, edited(number, **{**fields, "count": 1}))
        assert CrossKind.ACT_DIFFERS in one.kinds(), "by its hash it is compared all the same"
