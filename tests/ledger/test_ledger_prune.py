"""A pruned register: same root, same proofs above; what is gone without a pruning that holds is found."""

import contextlib
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.faultmatrix import record
from tests.support.register import DAY_S, KEY, ORIGIN, aged, bundle, fill, open_ledger, view_entry
from typer.testing import CliRunner

from beffroi.cli.ledger import app
from beffroi.domain.clock import ManualClock
from beffroi.domain.errors import BadInputError, BeffroiError
from beffroi.ledger import leaf, merkle, tiles
from beffroi.ledger.entry import Entry, EntryKind, EntryRefusedError, Source
from beffroi.ledger.findings import FindingKind, Report
from beffroi.ledger.keeping import Keeping
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.note import Verifier, open_note
from beffroi.ledger.proofs import Prover
from beffroi.ledger.pruning import PrunedEntryError, months_before, newest_pruning
from beffroi.ledger.reading import records
from beffroi.ledger.store import LedgerDamagedError
from beffroi.ledger.stretch import Stretch, verify_stretch
from beffroi.ledger.tiles import ENTRIES, TileId
from beffroi.ledger.verify import verify

VERIFIER = Verifier(ORIGIN, KEY.public_key())


def run(folder: Path, older: bytes | None = None) -> Report:
    return verify(folder / "ledger", VERIFIER, older=older, payloads=folder / "payloads.sqlite")


def kinds(report: Report) -> set[FindingKind]:
    return {finding.kind for finding in report.findings}


@pytest.fixture(scope="module")
def pruned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """600 old entries and 300 young ones, pruned at their term; and checkpoints kept from before."""
    folder = tmp_path_factory.mktemp("pruned")
    clock = ManualClock()
    ledger = open_ledger(folder, clock=clock)
    notes = []
    for count in (100, 156, 200, 144):
        fill(ledger, count)
        notes.append(ledger.checkpoint_note())
    clock.advance(400 * DAY_S)
    fill(ledger, 300)
    notes.append(ledger.checkpoint_note())
    kept = Keeping(ledger).look(clock.wall_us())
    assert kept.pruning is not None
    assert kept.pruning.to == 512
    ledger.close()
    return folder, notes


@pytest.fixture
def copy(pruned: tuple[Path, list[bytes]], tmp_path: Path) -> Path:
    shutil.copytree(pruned[0], tmp_path / "copy")
    return tmp_path / "copy"


def test_what_is_left_verifies_against_every_older_checkpoint(pruned: tuple[Path, list[bytes]]) -> None:
    folder, notes = pruned
    assert not bundle(folder, 0).exists()
    assert not bundle(folder, 1).exists()
    for note in notes:
        report = run(folder, note)
        assert report.findings == ()
        assert (report.entries, report.pruned) == (901 - 512, 512)
        assert verify_stretch(folder / "ledger", VERIFIER, Stretch(), older=note).pruned == 512
        head, old = Prover(folder / "ledger", 901), open_note(note, VERIFIER)
        proof = head.consistency(old.size)
        assert merkle.verify_consistency(old.size, old.root, 901, head.root(901), proof)


def test_names_are_gone_at_their_term_and_later_entries_keep_theirs(pruned: tuple[Path, list[bytes]]) -> None:
    folder, _ = pruned
    report = run(folder)
    assert (report.payloads_erased, report.payloads_held) == (600 - 512, 301)
    for path in folder.glob("payloads.sqlite*"):
        raw = path.read_bytes()
        assert b"Op\xc3\xa9rateur de permanence" in raw or path.suffix != ".sqlite"  # the young ones
    assert [record.index for record in records(folder / "ledger", VERIFIER)] == list(range(512, 901))


def test_a_pruned_entry_is_told_as_such(copy: Path) -> None:
    ledger = open_ledger(copy)
    assert ledger.first == 512
    with pytest.raises(PrunedEntryError):
        ledger.record(511)
    assert ledger.record(512).index == 512
    with pytest.raises(PrunedEntryError):
        Prover(copy / "ledger", 901).inclusion(3)
    assert all(record.index >= 512 for record in ledger.own_entries(view_entry(0).actor or "", limit=900))  # type: ignore[arg-type]  # a person
    ledger.close()


@pytest.mark.parametrize("lost", ["index", "nothing"])
def test_a_pruned_register_opens_and_goes_on(copy: Path, lost: str) -> None:
    if lost == "index":
        for path in copy.glob("ledger-index*"):
            path.unlink()
    ledger = open_ledger(copy)
    assert (ledger.first, ledger.size) == (512, 901)
    fill(ledger, 200)
    ledger.close()
    assert run(copy).findings == ()


def test_a_thief_who_takes_one_bundle_more_is_found(copy: Path) -> None:
    bundle(copy, 2).unlink()
    assert FindingKind.MISSING in kinds(run(copy))
    found = verify_stretch(copy / "ledger", VERIFIER, Stretch())
    assert FindingKind.MISSING in kinds(found)
    for path in copy.glob("ledger-index*"):
        path.unlink()
    with pytest.raises(LedgerDamagedError):
        open_ledger(copy)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_old_bundles_that_go_without_a_pruning_are_found(tmp_path: Path, number: int) -> None:
    ledger, _ = aged(tmp_path, 600, 300)
    ledger.close()
    for index in range(number + 1):
        bundle(tmp_path, index).unlink()
    assert [f.kind for f in run(tmp_path).findings] == [FindingKind.MISSING] * (number + 1)
    assert kinds(verify_stretch(tmp_path / "ledger", VERIFIER, Stretch())) == {FindingKind.MISSING}


@pytest.mark.parametrize("tile", [TileId(0, 0), TileId(0, 1)])
def test_the_hashes_of_what_was_pruned_are_still_held(copy: Path, tile: TileId) -> None:
    path = copy / "ledger" / tile.path
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert not run(copy).clean
    path.unlink()
    assert FindingKind.MISSING in kinds(run(copy))


def forge(folder: Path, **changes: Any) -> None:
    """A pruning that whoever holds the running centre and its key writes, then carries out by hand."""
    ledger, clock = aged(folder, 600, 300)
    to = int(changes.get("to", 512))
    detail = {
        "from": 0,
        "to": to,
        "entries": to,
        "root": Prover(folder / "ledger", ledger.size).root(to).hex(),
        "before_us": months_before(clock.wall_us(), 12),
        "months": 12,
        "sources": {},
        **changes,
    }
    with contextlib.suppress(BeffroiError):  # the index refuses some: the register dies, its entry is published
        ledger._submit(Entry(EntryKind.REGISTER_PRUNED, detail=detail), own=True).result(30)
    for number in range(to // 256):
        bundle(folder, number).unlink(missing_ok=True)
    ledger.close()


FORGED: dict[str, dict[str, Any]] = {
    "young entries": {"to": 768},
    "another root": {"root": "ab" * 32},
    "half a bundle": {"to": 500, "entries": 500, "root": "00" * 32},
    "a shorter term": {"months": 1},
    "a later limit": {"to": 768, "before_us": 2**52},
    "a miscount": {"entries": 511},
    "a stray key": {"note": 1},
    "no sources": {"sources": None},
    "a truth value": {"from": False},
    "text": {"months": "12"},
}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_pruning_is_found(tmp_path: Path, case: str) -> None:
    forge(tmp_path, **FORGED[case])
    report = run(tmp_path)
    assert FindingKind.PRUNING_REFUSED in kinds(report), case
    assert not verify_stretch(tmp_path / "ledger", VERIFIER, Stretch()).clean


def test_nobody_but_a_pruning_says_that_it_pruned(tmp_path: Path) -> None:
    ledger, clock = aged(tmp_path, 600, 10)
    with pytest.raises(EntryRefusedError):
        ledger.append(Entry(EntryKind.REGISTER_PRUNED))
    for to, before_us in ((512, 0), (100, clock.wall_us()), (1024, clock.wall_us()), (0, clock.wall_us())):
        with pytest.raises(EntryRefusedError):
            ledger.prune(to, before_us=before_us, months=12)
    assert ledger.size == 610
    ledger.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(old=st.integers(0, 1100), young=st.integers(1, 600), kept=st.integers(0, 1700))
def test_same_root_and_same_proofs_for_any_size_and_minimum(
    tmp_path_factory: pytest.TempPathFactory, old: int, young: int, kept: int
) -> None:
    folder = tmp_path_factory.mktemp("any")
    ledger, clock = aged(folder, old, young)
    size, root, note = ledger.size, ledger.checkpoint().root, ledger.checkpoint_note()
    before = Prover(folder / "ledger", size)
    sample = [min(kept, size - 1), size - 1, *range(0, size, 97)]
    proofs = {index: before.inclusion(index) for index in sample}
    consistent = {older: before.consistency(older) for older in {min(kept, size), old, size // 2}}
    pruning = Keeping(ledger).look(clock.wall_us()).pruning
    ledger.close()
    to = 0 if pruning is None else pruning.to
    assert to == max((old - 1) // 256 * 256, 0)
    after = Prover(folder / "ledger", size + (pruning is not None))
    assert after.root(size) == root
    for older, proof in consistent.items():
        assert merkle.consistency_proof(after._node, older, size) == proof
    for index, included in proofs.items():
        assert merkle.inclusion_proof(after._node, index, size) == list(included.path)  # of what was pruned too
        if index >= to:
            assert after.inclusion(index).leaf == included.leaf
    report = run(folder, note)
    assert report.findings == ()
    assert report.pruned == to
    shutil.rmtree(folder)


OPERATIONS = ((os, "write"), (os, "open"), (Path, "replace"), (Path, "unlink"), (Path, "mkdir"), (Path, "rmdir"))


class _CrashError(Exception):
    """The power went."""


def test_stopped_before_any_file_operation_of_a_pruning(tmp_path: Path) -> None:
    base = tmp_path / "base"
    ledger, clock = aged(base, 300, 5)
    ledger.close()
    budget, ends = 0, set()
    while True:
        folder = tmp_path / str(budget)
        shutil.copytree(base, folder)
        ledger = open_ledger(folder, clock=clock)
        with pytest.MonkeyPatch.context() as patch:
            left = [budget]
            for owner, name in OPERATIONS:
                patch.setattr(owner, name, _guarded(getattr(owner, name), left))
            try:
                Keeping(ledger).look(clock.wall_us())
                done = True
            except (_CrashError, BeffroiError):
                done = False
        _abandon(ledger)
        assert verify_stretch(folder / "ledger", VERIFIER, Stretch()).findings == (), budget
        again = open_ledger(folder, clock=clock)
        ends.add((again.size, again.first))
        assert (again.size, again.first) in {(305, 0), (306, 256)}
        assert bundle(folder, 0).exists() == (again.first == 0)
        fill(again, 1)
        again.close()
        assert run(folder).findings == ()
        shutil.rmtree(folder)
        if done:
            break
        budget += 1
    record("prune-stopped", seen=f"{budget} file operations, 0 entries lost", runs=budget, seed=None)
    assert ends == {(305, 0), (306, 256)}
    assert budget >= 10


def _guarded(real: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    def wrapper(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise _CrashError
        return real(*arguments, **named)

    return wrapper


def _abandon(ledger: Ledger) -> None:
    """What the death of the process does: nothing more is written, files and lock are let go."""
    with ledger._wake:
        ledger._closing = True
        ledger._queue.clear()
        ledger._wake.notify_all()
    ledger._thread.join(10)
    ledger._payloads.close()
    ledger._index.close()
    os.close(ledger._lock_fd)


def test_a_recorders_journal_is_not_taken_in_again_after_a_pruning(tmp_path: Path) -> None:
    clock = ManualClock()
    ledger = open_ledger(tmp_path, clock=clock)
    for seq in range(1, 4):
        ledger.append(Entry(EntryKind.RECORDER, source=Source("recorder", seq)))
    fill(ledger, 300)
    clock.advance(400 * DAY_S)
    assert Keeping(ledger).look(clock.wall_us()).pruning is not None
    ledger.close()
    for lost in (False, True):
        for path in tmp_path.glob("ledger-index*") if lost else ():
            path.unlink()
        ledger = open_ledger(tmp_path, clock=clock)
        assert ledger.last_seq("recorder") == 3
        size = ledger.size
        ledger.append(Entry(EntryKind.RECORDER, source=Source("recorder", 2)))
        assert ledger.size == size
        ledger.close()


def test_a_long_term_needs_its_reason_and_both_outlive_the_prunings(tmp_path: Path) -> None:
    clock = ManualClock()
    ledger = open_ledger(tmp_path, clock=clock)
    keeping = Keeping(ledger)
    assert keeping.term().months == 12
    for months, why in ((5, "x" * 40), (37, "x" * 40), (24, "court")):
        with pytest.raises(BadInputError):
            keeping.set_term(months, who="DPO", justification=why)
    why = "Contrôle interne des extractions, avis du DPO du 3 mars"
    keeping.set_term(24, who="DPO", justification=why)
    since_us = keeping.term().since_us
    for _ in range(5):
        fill(ledger, 600)
        clock.advance(365 * DAY_S)
        keeping.look(clock.wall_us())
    assert ledger.first > 512
    term = keeping.term()
    assert (term.months, term.justification, term.who, term.since_us) == (24, why, "DPO", since_us)
    ledger.close()
    assert run(tmp_path).findings == ()


def test_a_hold_suspends_everything_until_its_end(tmp_path: Path) -> None:
    ledger, clock = aged(tmp_path, 600, 10)
    keeping = Keeping(ledger)
    until_us = clock.wall_us() + 10 * 86_400_000_000
    for wrong in (clock.wall_us(), clock.wall_us() + 400 * 86_400_000_000):
        with pytest.raises(BadInputError):
            keeping.hold("affaire-1", until_us=wrong, reason="réquisition", who="DPO", now_us=clock.wall_us())
    keeping.hold("affaire-1", until_us=until_us, reason="réquisition", who="DPO", now_us=clock.wall_us())
    assert keeping.look(clock.wall_us()).held == ("affaire-1",)
    assert ledger.payload(0) is not None
    keeping.hold("affaire-2", until_us=until_us, reason="réquisition", who="DPO", now_us=clock.wall_us())
    keeping.end_hold("affaire-2", who="DPO", now_us=clock.wall_us())
    assert list(keeping.holds(clock.wall_us())) == ["affaire-1"]
    clock.advance(11 * DAY_S)
    kept = keeping.look(clock.wall_us())
    assert kept.pruning is not None
    assert kept.held == ()
    with pytest.raises(PrunedEntryError):
        ledger.payload(0)
    ledger.close()


def test_a_second_pruning_goes_on_from_the_first(tmp_path: Path) -> None:
    ledger, clock = aged(tmp_path, 600, 300)
    first = Keeping(ledger).look(clock.wall_us()).pruning
    clock.advance(400 * DAY_S)
    second = Keeping(ledger).look(clock.wall_us()).pruning
    assert first is not None
    assert second is not None
    assert (first.to, second.first, second.to) == (512, 512, 768)
    ledger.close()
    assert run(tmp_path).findings == ()
    found = newest_pruning(tmp_path / "ledger", 902)
    assert found == second
    entries = tiles.decode_bundle((tmp_path / "ledger" / TileId(ENTRIES, 3, 134).path).read_bytes(), 134)
    assert leaf.parse(entries[second.index % 256], second.index).kind is EntryKind.REGISTER_PRUNED


@pytest.mark.parametrize(
    ("at", "months", "then"),
    [("2026-03-31", 1, "2026-02-28"), ("2024-02-29", 12, "2023-02-28"), ("2026-11-22", 36, "2023-11-22")],
)
def test_calendar_months(at: str, months: int, then: str) -> None:
    us = int(datetime.fromisoformat(f"{at}T12:00:00+00:00").timestamp()) * 1_000_000
    back = datetime.fromtimestamp(months_before(us, months) / 1_000_000, UTC)
    assert back.date().isoformat() == then


class LongAgo(ManualClock):
    """The year 2001."""

    def wall_us(self) -> int:
        return 1_000_000_000_000_000


def test_the_command_says_and_does(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "centre" / "ledger", LongAgo(), KEY)
    fill(ledger, 300)
    ledger.close()
    folder = tmp_path / "centre" / "secrets"
    folder.mkdir(mode=0o700)
    pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "register.key").write_bytes(pem)
    (folder / "register.key").chmod(0o600)

    def call(*arguments: str) -> str:
        result = CliRunner().invoke(app, [*arguments])
        assert result.exit_code == 0, result.output
        return result.output

    data = str(tmp_path)
    assert "12 mois" in call("term", data)
    assert "24 mois" in call(
        "term", data, "--months", "24", "--justification", "Contrôle interne, avis du DPO", "--who", "DPO"
    )
    assert "n° 256" in call("prune", data, "--dry-run")
    day = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    call("hold", data, "affaire-1", "--until", day, "--reason", "réquisition", "--who", "DPO")
    assert "gel en cours" in call("prune", data)
    call("hold", data, "affaire-1", "--end", "--who", "DPO")
    assert "256 écritures effacées" in call("prune", data)
    assert "256 écritures ont été effacées à leur terme" in call("verify", str(tmp_path / "centre" / "ledger"))
