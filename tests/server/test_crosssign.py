"""Recorder and register sign for one another while both are at work; whoever rewrites the one is met by the other."""

import asyncio
import base64
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.crosspair import HOUR_S, NAME, Pair, edited, pair, rewrite
from tests.support.faultmatrix import record
from tests.support.register import KEY, ORIGIN, fill, open_ledger

from beffroi.capture.params import bad
from beffroi.domain.errors import BadInputError, BeffroiError, RefusedError
from beffroi.ledger.entry import EntryKind
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.note import Checkpoint, open_note, sign
from beffroi.ledger.proofs import Prover
from beffroi.server.crosssign import DISAGREES, JOURNAL_MARK
from beffroi.vault.journal import ActKind


def chains(ledger: Ledger) -> dict[int, str]:
    """The hashes of the journal that the register holds, by act."""
    found = [ledger.record(index).source for index in range(ledger.size)]
    return {one.seq: one.chain for one in found if one is not None and one.chain is not None}


async def offer(one: Pair, note: bytes, old: int | None = None, proof: list[bytes] | None = None) -> Any:
    """A checkpoint handed to the recorder by hand."""
    state = await one.client.call("register_state", {"seq": 0})
    steps = [base64.b64encode(step).decode() for step in proof or []]
    asked = {"old": state["size"] if old is None else old, "proof": steps, "note": note.decode()}
    return await one.client.call("register_head", asked)


async def test_each_batch_carries_the_journal_s_hash_and_each_hour_a_checkpoint_is_kept(tmp_path: Path) -> None:
    async with pair(tmp_path / "p") as one:
        await one.hours(4)
        journal = {act.seq: act.chain.hex() for act in one.acts.reader().read_after(0)}
        held = chains(one.ledger)
        assert held
        assert held == {seq: journal[seq] for seq in held}
        assert max(held) == one.acts.reader().last_seq() == one.ledger.last_seq(NAME)
        assert len(one.kept()) == 4
        sizes = [size for _, size in one.kept()]
        assert sizes == sorted(set(sizes))
        assert one.told == {}
        assert one.alarms() == []


async def test_no_second_checkpoint_within_the_hour_and_a_clock_set_back_does_not_stop_them(tmp_path: Path) -> None:
    async with pair(tmp_path / "p") as one:
        await one.hours(1)
        one.clock.advance(-HOUR_S)
        for _ in range(5):
            fill(one.ledger, 3)
            one.clock.advance(600)
            await one.round()
        assert len(one.kept()) == 1
        one.clock.step(-86_400 * 365)
        await one.round()
        assert len(one.kept()) == 2


async def test_a_recorder_without_the_key_says_so_and_is_taken_in_all_the_same(tmp_path: Path) -> None:
    async with pair(tmp_path / "p", key=False) as one:
        await one.hours(2)
        assert one.kept() == []
        assert set(one.told) == {"key"}
        assert one.ledger.last_seq(NAME) == 10
        with pytest.raises(RefusedError):
            await offer(one, one.ledger.checkpoint_note())
        assert one.alarms() == []


@pytest.mark.parametrize("change", ["edited", "cut", "other", "gone"])
async def test_a_journal_that_is_no_longer_the_one_taken_in_is_told_at_once(tmp_path: Path, change: str) -> None:
    async with pair(tmp_path / "p") as one, pair(tmp_path / "q") as other:
        await one.hours(2)
        before = one.ledger.size
        other.act(40, camera="elsewhere")
        one.acts.close()
        if change == "edited":
            rewrite(one.journal_file, edited(3, camera="cam-9"))
        elif change == "cut":
            rewrite(one.journal_file, lambda rows: rows[:-2])
        else:
            for path in one.folder.glob("journal.sqlite*"):
                path.unlink()
            if change == "other":
                other.acts.close()
                shutil.copy(other.journal_file, one.journal_file)
        for _ in range(3):
            await one.round()
        assert set(one.told) >= {"journal"}
        said = [one.ledger.record(index) for index in range(before, one.ledger.size)]
        assert [found.detail["recorder"] for found in said if found.outcome == DISAGREES] == [NAME]
        assert all(found.kind is EntryKind.RECORDER for found in said if found.outcome == DISAGREES)
        one.act(60)  # it goes on: what is new is taken in, the notice stays
        await one.round()
        assert one.ledger.last_seq(NAME) == one.acts.reader().last_seq()
        assert "journal" in one.told
        # New acts may bear the numbers of others that the register has: nothing is let go, also after a restart.
        one.serve(one.ledger)
        acknowledged = one.acts.reader().acked()
        one.act(5)
        await one.round()
        assert "journal" in one.told
        assert one.acts.reader().acked() == acknowledged < (one.ledger.last_seq(NAME) or 0)
        (one.folder / "centre" / JOURNAL_MARK).unlink()  # those who looked into it are content
        one.act(5)
        await one.round()
        assert "journal" not in one.told
        assert one.acts.reader().acked() == one.ledger.last_seq(NAME)


def lay(folder: Path, count: int, salt: str) -> Ledger:
    """Another register under the same key."""
    folder.mkdir()
    made = open_ledger(folder)
    fill(made, count, person=salt)
    return made


async def test_a_register_set_back_or_rewritten_is_refused_by_the_recorder_and_told_once_an_hour(
    tmp_path: Path,
) -> None:
    async with pair(tmp_path / "p") as one:
        await one.hours(1)
        one.ledger.close()
        early = tmp_path / "early"
        shutil.copytree(one.folder / "centre", early)
        one.serve(open_ledger(one.folder / "centre", clock=one.clock))
        await one.hours(3)
        kept = one.kept()
        one.ledger.close()
        shutil.rmtree(one.folder / "centre")
        shutil.copytree(early, one.folder / "centre")
        one.serve(open_ledger(one.folder / "centre", clock=one.clock))
        one.clock.advance(HOUR_S)
        for _ in range(3):
            await one.round()
        assert [alarm["cause"] for alarm in one.alarms()] == ["set_back"]
        assert one.told["head"].en.startswith("The recorder knew a longer register")
        fill(one.ledger, 400)  # longer than it ever was, and another history
        for _ in range(3):
            await one.round()
        assert [alarm["cause"] for alarm in one.alarms()] == ["set_back", "not_proven"]
        note = one.alarms()[1]["note"].encode()
        assert open_note(note, one.ledger.verifier).size > 400, "the alarm holds the signed proof"
        assert one.kept() == kept
        one.clock.advance(HOUR_S)
        await one.round()
        assert [alarm["cause"] for alarm in one.alarms()] == ["set_back", "not_proven", "not_proven"]
        one.ledger.close()
        one.ledger = open_ledger(one.folder / "centre", clock=one.clock)
    record(
        "register-rewritten",
        seen="2 of 2 (set back; rewritten and longer) refused at the next round, signed proof kept",
        runs=2,
        seed=None,
    )


async def test_after_a_restoration_persons_begin_anew_and_it_is_an_act(tmp_path: Path) -> None:
    async with pair(tmp_path / "p") as one:
        await one.hours(2)
        one.ledger.close()
        one.serve(lay(tmp_path / "restored", 5, "restored"))
        one.clock.advance(HOUR_S)
        await one.round()
        await one.round()
        assert "head" in one.told
        one.acts.reader().append(ActKind.REGISTER_ANEW, {"size": 1, "root": ""}, wall_us=one.clock.wall_us())
        await one.round()
        assert "head" not in one.told
        assert one.kept()[-1][1] <= one.ledger.size
        one.ledger.close()
        one.ledger = open_ledger(one.folder / "centre", clock=one.clock)


NOTES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "not text": lambda _: b"\xff\xfe" * 10,
    "long": lambda note: note + b"x" * 9000,
    "many lines": lambda note: note * 20,
    "unsigned": lambda note: note.split(b"\n\n")[0] + b"\n\n",
    "a bit": lambda note: note.replace(b"\n1", b"\n2", 1) if b"\n1" in note else note[:-5] + b"AAA=\n",
    "a control character": lambda note: note.replace(b"\n", b"\r\n"),
    "a null": lambda note: b"\x00" + note,
    "base64 in another spelling": lambda note: note[:-2] + b"B=\n",
    "another key": lambda _: sign(Checkpoint(ORIGIN, 10**6, bytes(32)), Ed25519PrivateKey.generate()),
    "another name": lambda _: sign(Checkpoint("other", 10**6, bytes(32)), KEY),
    "a negative size": lambda note: note.replace(b"\n", b"\n-", 1),
    "a size of twenty digits": lambda note: note.replace(b"\n", b"\n" + b"9" * 20, 1),
}


@pytest.mark.parametrize("name", NOTES)
async def test_a_hostile_checkpoint_note_is_refused_and_nothing_is_kept(tmp_path: Path, name: str) -> None:
    async with pair(tmp_path / "p") as one:
        await one.hours(1)
        kept, note = one.kept(), NOTES[name](one.ledger.checkpoint_note())
        state = await one.client.call("register_state", {"seq": 0})
        asked = {"old": state["size"], "proof": [], "note": note.decode(errors="surrogateescape")}
        for _ in range(3):
            with pytest.raises(BeffroiError):
                await one.client.call("register_head", asked)
        assert one.kept() == kept
        assert [alarm["cause"] for alarm in one.alarms()] == ["not_signed"], "once, not three times"


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"old": -1, "proof": [], "note": ""},
        {"old": True, "proof": [], "note": ""},
        {"old": 1.5, "proof": [], "note": ""},
        {"old": 1 << 70, "proof": [], "note": ""},
        {"old": 0, "proof": "AA==", "note": ""},
        {"old": 0, "proof": [3], "note": ""},
        {"old": 0, "proof": ["AA=="], "note": ""},
        {"old": 0, "proof": ["é" * 44], "note": ""},
        {"old": 0, "proof": ["AA"], "note": ""},
        {"old": 0, "proof": [base64.b64encode(bytes(32)).decode()] * 64, "note": ""},
        {"old": 0, "proof": [], "note": 3},
        {"old": 0, "proof": [], "note": None},
    ],
)
async def test_a_malformed_request_is_refused_with_a_sentence(tmp_path: Path, asked: dict[str, Any]) -> None:
    async with pair(tmp_path / "p") as one:
        one.act()
        with pytest.raises(BadInputError):
            await one.client.call("register_head", asked)
        with pytest.raises(BadInputError):
            await one.client.call("register_state", {"seq": asked.get("proof")})
        assert one.kept() == []
        assert one.alarms() == []


async def test_a_proof_that_is_not_of_the_size_kept_changes_nothing(tmp_path: Path) -> None:
    async with pair(tmp_path / "p") as one:
        await one.hours(2)
        one.clock.advance(HOUR_S)
        (_, size), note = one.kept()[-1], one.ledger.checkpoint_note()
        assert await offer(one, note, old=size - 1) == {"size": size, "kept": False}
        good = Prover(one.ledger.directory, one.ledger.size).consistency(size)
        draw = random.Random(5)  # noqa: S311  choice of cases
        for _ in range(20):
            forged = [bytes(draw.randbytes(32)) if draw.random() < 0.5 else step for step in good][: draw.randint(0, 9)]
            if forged != good:
                with pytest.raises(RefusedError):
                    await offer(one, note, proof=forged)
        assert one.kept()[-1][1] == size
        assert await offer(one, note, proof=good) == {"size": one.ledger.size, "kept": True}


async def test_two_stories_of_the_same_length_are_two_stories(tmp_path: Path) -> None:
    async with pair(tmp_path / "p") as one:
        await one.hours(1)
        size = one.kept()[-1][1]
        with pytest.raises(RefusedError, match="two histories"):
            await offer(one, sign(Checkpoint(ORIGIN, size, bytes(32)), KEY))
        assert [alarm["cause"] for alarm in one.alarms()] == ["other_root"]


@pytest.mark.parametrize("step", ["register_state", "register_head", "journal", "journal_ack"])
async def test_a_centre_killed_at_any_step_takes_up_where_it_was(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pair(tmp_path / "p") as one:
        await one.hours(1)
        one.clock.advance(HOUR_S)
        one.act(3)

        async def dies(*_: object) -> None:
            raise ConnectionError("killed")

        whole = one.client.call

        async def call(method: str, params: dict[str, Any]) -> Any:
            if method == step:
                answer = await whole(method, params)  # the recorder has done it; the centre never hears
                raise ConnectionError(answer)
            return await whole(method, params)

        with monkeypatch.context() as patched:
            if step.startswith("register"):
                patched.setattr(one.client, "call", call)
            else:
                patched.setattr(one.client, step, dies)
            with pytest.raises(ConnectionError):
                await one.round()
        one.ledger.close()
        one.serve(open_ledger(one.folder / "centre", clock=one.clock))
        await one.round()
        await one.round()
        assert len(one.kept()) == 2
        assert one.ledger.last_seq(NAME) == one.acts.reader().last_seq()
        assert one.told == {}
        assert one.cross().findings == ()


async def test_a_recorder_of_an_earlier_version_is_taken_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with pair(tmp_path / "p") as one:
        one.act(3)

        async def unknown(*_: object) -> Any:
            raise bad("method")

        monkeypatch.setattr(one.client, "call", unknown)
        assert await one.round() == 3
        assert one.told == {}


@pytest.mark.parametrize(
    "state",
    [
        None,
        [{"last": 10}],
        {},
        {"last": "x", "size": 0},
        {"last": 10, "size": -1, "due": True, "key": True},
        {"last": 10, "size": None, "due": True, "key": True},
        {"last": 10**30, "chain": ["x"] * 5, "size": 10**30, "due": True, "key": True},
        {"last": 10, "chain": "x" * 100_000, "size": 0, "due": False, "key": True},
    ],
)
async def test_a_hostile_recorder_s_state_never_stops_the_register(
    tmp_path: Path, state: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pair(tmp_path / "p") as one:
        one.act(3)
        await one.round()
        one.act(2)

        async def says(method: str, _: dict[str, Any]) -> Any:
            return state if method == "register_state" else {}

        monkeypatch.setattr(one.client, "call", says)
        assert await one.round() >= 2
        assert one.ledger.failure is None


@pytest.mark.parametrize("chain", [3, "x", "A" * 64, "a" * 63, ["a"], {"a": 1}])
async def test_a_hostile_hash_of_the_journal_does_not_reach_the_register(
    tmp_path: Path, chain: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pair(tmp_path / "p") as one:
        line = {"seq": 1, "kind": "gap", "wall_us": 1, "fields": {}, "chain": chain}

        async def journal(*_: object) -> list[dict[str, Any]]:
            return [line]

        monkeypatch.setattr(one.client, "journal", journal)
        with pytest.raises((ValueError, TypeError)):
            await one.round()
        assert one.ledger.size == 0
        assert one.ledger.failure is None


async def test_many_rounds_at_once_keep_one_checkpoint(tmp_path: Path) -> None:
    async with pair(tmp_path / "p") as one:
        one.act(5)
        fill(one.ledger, 30)
        await one.round()
        await asyncio.gather(*(one.round() for _ in range(8)))
        assert len(one.kept()) == 1


async def test_the_newest_checkpoint_outlives_the_acts_around_it(tmp_path: Path) -> None:
    async with pair(tmp_path / "p") as one:
        await one.hours(3)
        size = one.kept()[-1][1]
        one.clock.advance(200 * 86_400)
        one.act(5)
        one.acts.reader().ack(one.acts.reader().last_seq())
        assert one.acts.reader().prune(one.clock.wall_us() - 86_400_000_000) > 0
        assert [kept[1] for kept in one.kept()] == [size]
        with sqlite3.connect(one.journal_file) as db:
            assert db.execute("SELECT seq FROM opening").fetchone()[0] == one.kept()[0][0] - 1
        with pytest.raises(RefusedError):
            await offer(one, sign(Checkpoint(ORIGIN, size - 1, bytes(32)), KEY))
