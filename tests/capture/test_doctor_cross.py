"""`beffroi doctor` on a recorder and a register that vouch for one another, or no longer do."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.crosspair import Pair, edited, pair, rewrite
from tests.support.register import fill, open_ledger

from beffroi.cli.doctor.crosssigned import register_and_journal
from beffroi.cli.doctor.findings import Code, Level


@asynccontextmanager
async def house(data: Path, *, key: bool = True) -> AsyncIterator[Pair]:
    """A pair where the doctor looks for one."""
    data.mkdir()
    (data / "centre").symlink_to(data / "recorder" / "centre")
    async with pair(data / "recorder", key=key) as one:
        yield one


def looked(data: Path) -> list[tuple[Level, str]]:
    found = register_and_journal(data)
    assert {one.code for one in found} <= {Code.CROSS}
    return [(one.level, one.text.fr) for one in found]


async def test_the_doctor_says_that_they_agree_while_both_are_at_work(tmp_path: Path) -> None:
    async with house(tmp_path / "d") as one:
        await one.hours(3)
        assert looked(tmp_path / "d") == [(Level.OK, "Journal et registre s'accordent.")]
    assert looked(tmp_path / "d") == [(Level.OK, "Journal et registre s'accordent.")]


async def test_a_rewritten_journal_is_bad_and_says_which_act(tmp_path: Path) -> None:
    async with house(tmp_path / "d") as one:
        await one.hours(3)
        one.acts.close()
        rewrite(one.journal_file, edited(2, camera="cam-9"))
        ((level, words),) = looked(tmp_path / "d")
        assert level is Level.BAD
        assert "ne sont pas sur sa chaîne" in words


async def test_a_rewritten_register_is_bad(tmp_path: Path) -> None:
    async with house(tmp_path / "d") as one:
        await one.hours(3)
        one.ledger.close()
        for path in sorted((one.folder / "centre").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        one.ledger = open_ledger(one.folder / "centre", clock=one.clock)
        fill(one.ledger, 90)
        assert {level for level, _ in looked(tmp_path / "d")} == {Level.BAD}


async def test_a_recorder_without_the_key_is_told_what_to_run(tmp_path: Path) -> None:
    async with house(tmp_path / "d", key=False) as one:
        await one.hours(1)
        ((level, words),) = looked(tmp_path / "d")
        assert level is Level.WARN
        assert "beffroi recorder register" in words


async def test_a_centre_that_takes_acts_in_and_hands_no_checkpoint_is_told(tmp_path: Path) -> None:
    async with house(tmp_path / "d") as one:
        await one.hours(2)  # in the past, by the machine's clock
        one.act(2)
        one.acts.reader().ack(one.acts.reader().last_seq())
        ((level, words),) = looked(tmp_path / "d")
        assert level is Level.WARN
        assert "point de contrôle" in words


def test_where_there_is_no_register_or_no_journal_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert register_and_journal(tmp_path) == []
    (tmp_path / "recorder").mkdir()
    with sqlite3.connect(tmp_path / "recorder" / "journal.sqlite") as db:
        db.execute("CREATE TABLE x (y)")
    db.close()
    assert register_and_journal(tmp_path) == []
