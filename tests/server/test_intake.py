"""The taking in of a journal outlives whatever it meets, and says so; what is settled while it asks is no quarrel."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.crosspair import HOUR_S, NAME, Pair, pair
from tests.support.register import DeafSigner, open_ledger, view_entry

from beffroi.domain.text import Text
from beffroi.ledger.entry import EntryKind
from beffroi.ledger.ledger import LedgerClosedError
from beffroi.server import intake
from beffroi.server.crosssign import DISAGREES, JOURNAL_MARK, CrossSigning
from beffroi.server.intake import JournalIntake


@asynccontextmanager
async def following(one: Pair, mark: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Text | None]]:
    """The centre's task on this recorder, without its pause; what it told, newest last."""
    monkeypatch.setattr(intake, "PERIOD_S", 0.01)
    told: list[Text | None] = []
    cross = CrossSigning(one.client, one.ledger, name=NAME, mark=mark, tell=one.say)
    async with JournalIntake(one.client, one.ledger, name=NAME, tell=told.append, cross=cross):
        yield told


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_mark_that_cannot_be_written_is_told_and_nothing_is_acknowledged_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pair(tmp_path / "p") as one:
        one.act(3)
        mark = one.folder / "away" / JOURNAL_MARK  # its folder is not there
        async with following(one, mark, monkeypatch) as told:
            await until(lambda: one.acts.reader().acked() >= 3)
            true = one.client.call

            async def other(method: str, params: dict[str, Any]) -> Any:
                answer = await true(method, params)
                return answer | {"chain": "0" * 64} if method == "register_state" else answer

            with monkeypatch.context() as patch:
                patch.setattr(one.client, "call", other)
                await until(lambda: bool(told) and told[-1] is not None)
                one.act(2)
                seen, held = len(told), one.acts.reader().acked()
                await until(lambda: len(told) > seen + 3)
                assert told[-1] is not None
                assert "disque" in told[-1].fr
                assert one.acts.reader().acked() == held < one.acts.reader().last_seq()
                mark.parent.mkdir()
                await until(lambda: told[-1] is None)
            await until(lambda: one.ledger.last_seq(NAME) == one.acts.reader().last_seq())
            assert mark.exists()
            assert one.acts.reader().acked() == held, "not before persons have removed the mark"


@pytest.mark.parametrize("state", [None, [], ["last"], "last", 3, True])
async def test_a_recorder_that_answers_no_object_does_not_end_the_taking_in(
    tmp_path: Path, state: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pair(tmp_path / "p") as one:

        async def says(*_: object) -> Any:
            return state

        monkeypatch.setattr(one.client, "call", says)
        async with following(one, one.folder / "centre" / JOURNAL_MARK, monkeypatch):
            for count in (3, 5):
                one.act(count - one.acts.reader().last_seq())
                await until(lambda count=count: one.ledger.last_seq(NAME) == count)  # type: ignore[misc]  # bound now
        assert one.told == {}


@pytest.mark.parametrize("lines", [None, 3, [None], [[]], ["x"], [{"seq": 1}], [{"seq": 1, "kind": "gap"}]])
async def test_a_journal_of_anything_is_told_and_the_next_one_is_taken_in(
    tmp_path: Path, lines: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pair(tmp_path / "p") as one:
        one.act(3)

        async def journal(*_: object) -> Any:
            return lines

        async with following(one, one.folder / "centre" / JOURNAL_MARK, monkeypatch) as told:
            with monkeypatch.context() as patch:
                patch.setattr(one.client, "journal", journal)
                if lines is None:  # nothing is new
                    await until(lambda: bool(told))
                else:
                    await until(lambda: bool(told) and told[-1] is not None)
                    assert one.ledger.size == 0
            await until(lambda: (one.ledger.last_seq(NAME) or 0) >= 3 and told[-1] is None)


async def test_a_batch_in_doubt_that_is_settled_while_the_recorder_answers_is_no_quarrel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pair(tmp_path / "p") as one:
        one.ledger.close()
        signer = DeafSigner()
        one.serve(open_ledger(one.folder / "centre", clock=one.clock, key=signer))
        one.act(3)
        await one.round()
        one.act(2)
        signer.lost = 1
        with pytest.raises(LedgerClosedError):
            await one.round()  # signed, and not known to be: the register says 3
        assert one.ledger.last_seq(NAME) == 3
        true = one.client.call

        async def slow(method: str, params: dict[str, Any]) -> Any:
            answer = await true(method, params)
            if method == "register_state":
                await one.ledger.append_async(view_entry(1))  # somebody opens a view: now it is known
            return answer

        with monkeypatch.context() as patch:
            patch.setattr(one.client, "call", slow)
            await one.round()
        one.clock.advance(HOUR_S)
        await one.round()
        assert one.told == {}
        assert not (one.folder / "centre" / JOURNAL_MARK).exists()
        kinds = [one.ledger.record(index) for index in range(one.ledger.size)]
        assert [entry.kind for entry in kinds if entry.outcome == DISAGREES] == []
        assert sum(entry.kind is EntryKind.VIEW_OPENED for entry in kinds) == 1
        assert one.acts.reader().acked() == one.ledger.last_seq(NAME)
        assert one.cross().findings == ()
