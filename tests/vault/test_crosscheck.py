"""`ledger cross`: a recorder's journal and the register held against one another, offline; every hand is named."""

import asyncio
import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.crosspair import HOUR_S, NAME, VERIFIER, Pair, crossed, edited, kinds, pair, rewrite
from tests.support.faultmatrix import record
from tests.support.register import fill, open_ledger

from beffroi.domain.clock import ManualClock
from beffroi.ledger.entry import Entry, EntryKind, Source
from beffroi.ledger.keeping import Keeping
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.note import Verifier
from beffroi.ledger.verify import verify
from beffroi.vault import crosscheck
from beffroi.vault.crosscheck import cross
from beffroi.vault.crossfindings import CrossKind
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.journalentry import entry_of
from beffroi.vault.journalfile import JournalFile

DAY_S = 86_400.0


def relaid(folder: Path, change: Callable[[list[Entry]], list[Entry]], *, others: int = 180) -> None:
    """The register made anew, with its own key, by whoever holds it: the recorder's acts as ``change`` makes them."""
    old = open_ledger(folder / "centre")
    entries = [
        Entry(
            found.kind,
            camera=found.camera,
            authority=found.authority,
            outcome=found.outcome,
            source=found.source,
            at_us=found.at_us,
            detail=found.detail,
        )
        for found in map(old.record, range(old.size))
        if found.source is not None
    ]
    old.close()
    shutil.rmtree(folder / "centre")
    (folder / "centre").mkdir()
    made = open_ledger(folder / "centre")
    fill(made, others)
    for entry in change(entries):
        made.append(entry)
    made.close()


def test_an_honest_pair_agrees_to_the_last_act(cross_honest: Path) -> None:
    report = crossed(cross_honest)
    assert report.findings == ()
    assert (report.heads, report.before, report.pruned) == (6, 0, 0)
    assert report.acts >= 65
    assert report.chained >= 6
    glance = crossed(cross_honest, glance=True)
    assert glance.findings == ()
    assert glance.chained == report.chained
    assert glance.heads == 3


async def test_what_the_register_takes_in_while_the_journal_is_opened_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    opened: list[JournalFile] = []
    async with pair(tmp_path) as one:
        await one.hours(1)

        def open_then_more(path: Path) -> JournalFile:
            opened.append(JournalFile(path))
            if len(opened) == 1:  # acts that this view does not have, in the register before its checkpoint is read
                one.act(3)
                asyncio.run_coroutine_threadsafe(one.round(), loop).result(30)
            return opened[-1]

        monkeypatch.setattr(crosscheck, "JournalFile", open_then_more)
        report = await asyncio.to_thread(one.cross)
    assert report.findings == ()
    assert len(opened) == 2


FORGED: dict[str, tuple[Callable[[Path], None], set[CrossKind]]] = {
    "an act edited": (
        lambda path: rewrite(path, edited(20, camera="cam-9"), chained=False),
        {CrossKind.JOURNAL_CHANGED},
    ),
    "an act edited, the chain computed anew": (
        lambda path: rewrite(path, edited(20, camera="cam-9")),
        {CrossKind.ACT_DIFFERS, CrossKind.OFF_CHAIN},
    ),
    "a time moved, the chain computed anew": (
        lambda path: rewrite(path, lambda rows: [(r[0], r[1] - 1, *r[2:]) if r[0] == 9 else r for r in rows]),
        {CrossKind.ACT_DIFFERS, CrossKind.OFF_CHAIN},
    ),
    "only the name of an act, which the register has not": (
        lambda path: rewrite(path, lambda rows: [(*r[:4], "gap:x") if r[0] == 9 else r for r in rows]),
        {CrossKind.OFF_CHAIN},
    ),
    "an act taken out": (
        lambda path: rewrite(path, lambda rows: [r for r in rows if r[0] != 30]),
        {CrossKind.JOURNAL_CHANGED, CrossKind.ACT_NOT_IN_JOURNAL, CrossKind.OFF_CHAIN},
    ),
    "an act taken out, those after it renumbered": (
        lambda path: rewrite(path, lambda rows: [r if r[0] < 30 else (r[0] - 1, *r[1:]) for r in rows if r[0] != 30]),
        {CrossKind.ACT_DIFFERS, CrossKind.OFF_CHAIN},
    ),
    "cut short": (lambda path: rewrite(path, lambda rows: rows[:-20]), {CrossKind.JOURNAL_SHORT}),
    "emptied": (lambda path: rewrite(path, lambda _: []), {CrossKind.JOURNAL_SHORT}),
    "made anew": (
        lambda path: rewrite(path, lambda rows: [(*r[:2], "gap", "{}", None) for r in rows]),
        {CrossKind.OTHER_JOURNAL},
    ),
    "a checkpoint edited": (
        lambda path: rewrite(path, lambda rows: [_other_head(r) if r[2] == "register_head" else r for r in rows]),
        {CrossKind.HEAD_REFUSED, CrossKind.ACT_DIFFERS, CrossKind.OFF_CHAIN},
    ),
}


def _other_head(row: Any) -> Any:
    fields = json.loads(row[3])
    return (*row[:3], json.dumps({**fields, "note": fields["note"].replace("\n", "\n1", 1)}), row[4])


@pytest.mark.parametrize("name", FORGED)
def test_a_journal_written_by_another_hand_is_found(cross_copy: Path, name: str) -> None:
    hand, due = FORGED[name]
    hand(cross_copy / "journal.sqlite")
    assert kinds(crossed(cross_copy)) >= due
    for finding in crossed(cross_copy).findings:
        assert "{" not in finding.text.fr + finding.text.en


def test_an_honest_register_beside_a_forged_journal_verifies_by_itself(cross_copy: Path) -> None:
    rewrite(cross_copy / "journal.sqlite", edited(20, camera="cam-9"))
    assert verify(cross_copy / "centre" / "ledger", VERIFIER).clean
    assert crossed(cross_copy).findings
    assert crossed(cross_copy, glance=True).findings


async def test_the_journal_of_another_recorder_is_named_as_such(cross_copy: Path, tmp_path: Path) -> None:
    async with pair(tmp_path / "q") as other:
        await other.hours(8, acts=12)
    report = cross(cross_copy / "centre" / "ledger", VERIFIER, tmp_path / "q" / "journal.sqlite", recorder=NAME)
    assert CrossKind.OTHER_JOURNAL in kinds(report) or CrossKind.OFF_CHAIN in kinds(report)
    assert CrossKind.REWRITTEN in kinds(report), "its checkpoints are of another register"


async def test_a_journal_that_shares_no_act_is_another_s(cross_copy: Path, tmp_path: Path) -> None:
    async with pair(tmp_path / "q") as other:
        other.act(90, camera="elsewhere")
    report = cross(cross_copy / "centre" / "ledger", VERIFIER, tmp_path / "q" / "journal.sqlite", recorder=NAME)
    assert kinds(report) == {CrossKind.OTHER_JOURNAL}


REWRITTEN: dict[str, tuple[Callable[[list[Entry]], list[Entry]], set[CrossKind]]] = {
    "an act left out": (lambda found: [one for one in found if _seq(one) != 20], {CrossKind.ACT_NOT_IN_REGISTER}),
    "the last acts left out": (lambda found: found[:-10], {CrossKind.ACT_NOT_IN_REGISTER}),
    "all left out": (lambda _: [], {CrossKind.ACT_NOT_IN_REGISTER}),
    "an act edited": (
        lambda found: [entry_of(NAME, 20, one.at_us or 0, "gap", {}) if _seq(one) == 20 else one for one in found],
        {CrossKind.ACT_DIFFERS},
    ),
    "order changed": (
        lambda found: [*found[:10], found[11], found[10], *found[12:]],
        {CrossKind.ACTS_OUT_OF_ORDER, CrossKind.ACT_NOT_IN_REGISTER},
    ),
    "an act made up": (
        lambda found: [*found, entry_of(NAME, 10_000, 1, "gap", {})],
        {CrossKind.ACT_NOT_IN_REGISTER, CrossKind.JOURNAL_SHORT},
    ),
    "no act touched, what others did is": (lambda found: found, set()),
}


def _seq(entry: Entry) -> int:
    assert entry.source is not None
    return entry.source.seq


@pytest.mark.parametrize("name", REWRITTEN)
def test_a_register_rewritten_with_its_own_key_is_found_by_the_site(cross_copy: Path, name: str) -> None:
    change, due = REWRITTEN[name]
    relaid(cross_copy, change)
    assert verify(cross_copy / "centre" / "ledger", VERIFIER).clean, "alone, it shows nothing"
    found = kinds(crossed(cross_copy))
    assert found >= due
    assert found & {CrossKind.REWRITTEN, CrossKind.SET_BACK}
    assert kinds(crossed(cross_copy, glance=True)) & {CrossKind.REWRITTEN, CrossKind.SET_BACK}


async def test_a_register_set_back_is_found_by_the_site(tmp_path: Path) -> None:
    async with pair(tmp_path / "p") as one:
        await one.hours(2)
        one.ledger.close()
        shutil.copytree(one.folder / "centre", tmp_path / "early")
        one.serve(open_ledger(one.folder / "centre", clock=one.clock))
        await one.hours(2)
    shutil.rmtree(tmp_path / "p" / "centre")
    shutil.copytree(tmp_path / "early", tmp_path / "p" / "centre")
    report = crossed(tmp_path / "p")
    assert kinds(report) == {CrossKind.SET_BACK, CrossKind.ACT_NOT_IN_REGISTER}


def test_each_file_of_the_register_that_is_touched_is_told(cross_copy: Path) -> None:
    ledger = cross_copy / "centre" / "ledger"
    for path in sorted(ledger.rglob("*")):
        if not path.is_file():
            continue
        raw = path.read_bytes()
        path.write_bytes(raw[:-3] + bytes([raw[-3] ^ 1]) + raw[-2:])
        assert kinds(crossed(cross_copy)) == {CrossKind.REGISTER_UNREADABLE}, path
        path.unlink()
        assert kinds(crossed(cross_copy)) == {CrossKind.REGISTER_UNREADABLE}, path
        path.write_bytes(raw)
    assert crossed(cross_copy).clean
    stranger = Verifier(VERIFIER.name, Ed25519PrivateKey.generate().public_key())
    report = cross(ledger, stranger, cross_copy / "journal.sqlite", recorder=NAME)
    assert kinds(report) == {CrossKind.REGISTER_UNREADABLE}


async def test_a_pruned_journal_and_a_pruned_register_still_agree(tmp_path: Path) -> None:
    async with pair(tmp_path / "p") as one:
        await one.hours(40, entries=10, acts=5)
        one.clock.advance(100 * DAY_S)
        await one.hours(2)
        journal = one.acts.reader()
        assert journal.prune(one.clock.wall_us() - 90 * 86_400_000_000) > 100
        await one.hours(2)
        report = one.cross()
        assert report.findings == ()
        assert report.pruned > 100
        one.clock.advance(400 * DAY_S)
        await one.hours(2)
        assert Keeping(one.ledger).look(one.clock.wall_us()).pruning is not None
        await one.hours(2)
        assert one.ledger.first > 0
        report = one.cross()
        assert report.findings == ()
        assert report.heads == len(one.kept())
        assert one.cross(glance=True).findings == ()
        # the register dropped more than the journal did: what is left of both is still held together
        rewrite_all = one.acts.reader().last_seq()
        one.acts.close()
        rewrite(one.journal_file, edited(rewrite_all - 1, camera="cam-9"))
        assert CrossKind.OFF_CHAIN in one.kinds() or CrossKind.ACT_DIFFERS in one.kinds()
    record(
        "pruned-cross",
        seen=f"journal and register both pruned: {report.acts} acts and {report.heads} checkpoints still agree",
        runs=1,
        seed=None,
    )


async def test_a_forged_opening_balance_is_off_the_chain(tmp_path: Path) -> None:
    async with pair(tmp_path / "p") as one:
        await one.hours(10)
        one.clock.advance(100 * DAY_S)
        await one.hours(1)
        assert one.acts.reader().prune(one.clock.wall_us() - 90 * 86_400_000_000) > 10
        one.acts.close()
        with sqlite3.connect(one.journal_file) as db:
            db.execute("UPDATE opening SET hash = ?", (bytes(32),))
        db.close()
        rewrite(one.journal_file, lambda rows: rows)
        assert CrossKind.OFF_CHAIN in one.kinds()


async def test_the_site_s_memory_dropped_by_hand_is_no_pruning(tmp_path: Path) -> None:
    async with pair(tmp_path / "p") as one:
        await one.hours(4)
        for _ in range(2):
            one.act(3)
            await one.round()
        head, _ = one.kept()[-1]
        one.acts.close()
        with sqlite3.connect(one.journal_file) as db:  # as an honest pruning leaves it, every checkpoint included
            seq, chain = db.execute("SELECT seq, hash FROM act ORDER BY seq DESC LIMIT 1 OFFSET 1").fetchone()
            assert seq >= head
            db.execute("INSERT OR REPLACE INTO opening VALUES (1, ?, ?, 0, ?)", (seq, chain, bytes(32)))
            db.execute("DELETE FROM act WHERE seq <= ?", (seq,))
        db.close()
        (found,) = one.cross().findings
        assert (found.kind, found.first) == (CrossKind.ACT_NOT_IN_JOURNAL, head)


async def _restored(one: Pair, *, told: bool) -> None:
    await one.hours(3)
    one.ledger.close()
    shutil.rmtree(one.folder / "centre")
    (one.folder / "centre").mkdir()
    fresh = open_ledger(one.folder / "centre", clock=one.clock)
    fill(fresh, 4, person="restored")
    if told:
        fresh.append(Entry(EntryKind.RESTORED, outcome="restored", source=Source("restoration/1", 1)))
    one.serve(fresh)
    one.acts.reader().append(ActKind.REGISTER_ANEW, {"size": 0, "root": ""}, wall_us=one.clock.wall_us())
    one.clock.advance(HOUR_S)
    await one.hours(2)


async def test_what_a_restoration_lost_is_no_disagreement_when_the_register_tells_of_it(tmp_path: Path) -> None:
    async with pair(tmp_path / "p") as one:
        await _restored(one, told=True)
        report = one.cross()
        assert report.findings == ()
        assert (report.before, report.heads) == (3, 2)
    async with pair(tmp_path / "q") as one:
        await _restored(one, told=False)
        assert one.kinds() - {CrossKind.SET_BACK} == {CrossKind.BEGUN_ANEW, CrossKind.REWRITTEN}


STEPS = ("hour", "acts", "others", "restart", "journal pruned", "register pruned", "months", "index lost")


async def _life(folder: Path, steps: list[str]) -> int:
    """Whatever happens to an honest site and its centre, they agree after each step; how many acts at the end."""
    async with pair(folder) as one:
        await one.hours(1)
        for step in steps:
            match step:
                case "hour":
                    await one.hours(1)
                case "acts":
                    one.act(7)
                case "others":
                    fill(one.ledger, 300)
                case "months":
                    one.clock.advance(200 * DAY_S)
                    await one.hours(1)
                case "journal pruned":
                    one.acts.reader().prune(one.clock.wall_us() - 90 * 86_400_000_000)
                case "register pruned":
                    Keeping(one.ledger).look(one.clock.wall_us())
                case _:
                    one.ledger.close()
                    for path in (one.folder / "centre").glob("ledger-index*") if step == "index lost" else ():
                        path.unlink()
                    one.serve(open_ledger(one.folder / "centre", clock=one.clock))
            assert one.cross().findings == (), (step, steps)
            assert one.told == {}, (step, steps)
        await one.round()
        assert one.cross(glance=True).findings == ()
        return one.acts.reader().last_seq()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(st.sampled_from(STEPS), max_size=10), draw=st.randoms(use_true_random=False))
def test_any_honest_life_agrees_and_any_act_changed_after_it_does_not(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], draw: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("life") / "p"
    asyncio.run(_life(folder, steps))
    with sqlite3.connect(folder / "journal.sqlite") as db:
        first, acked = db.execute("SELECT (SELECT MIN(seq) FROM act), (SELECT seq FROM acknowledged)").fetchone()
        held = {row[0] for row in db.execute("SELECT seq FROM act WHERE seq <= ?", (acked,))}
    db.close()
    rewrite(folder / "journal.sqlite", edited(draw.choice(sorted(held)), camera="cam-elsewhere"))
    assert crossed(folder).findings, (first, acked)
    shutil.rmtree(folder)


async def test_a_recorder_and_a_centre_at_work_are_no_disagreement(tmp_path: Path) -> None:
    async with pair(tmp_path / "p") as one:
        for _ in range(20):
            await one.hours(1, entries=40)
            assert one.cross().findings == ()


def test_a_register_from_before_the_hashes_were_kept_agrees(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    (folder / "centre").mkdir(parents=True)
    clock = ManualClock()
    journal = Journal.open(folder / "journal.sqlite")
    made: Ledger = open_ledger(folder / "centre", clock=clock)
    for seq in range(1, 30):
        journal.append(ActKind.GAP, {"n": seq}, wall_us=seq)
        made.append(entry_of(NAME, seq, seq, "gap", {"n": seq}))
    journal.close()
    made.close()
    report = crossed(folder)
    assert report.findings == ()
    assert (report.acts, report.chained, report.heads) == (29, 0, 0)


def test_another_name_has_no_acts_and_every_acknowledged_one_is_missing(cross_copy: Path) -> None:
    report = cross(cross_copy / "centre" / "ledger", VERIFIER, cross_copy / "journal.sqlite", recorder="recorder-2")
    assert kinds(report) == {CrossKind.ACT_NOT_IN_REGISTER}
