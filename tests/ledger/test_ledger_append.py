"""Appending: many callers, durable before acknowledged, dead for good after a failed fsync, whole after a crash."""

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.register import KEY, fill, open_ledger, view_entry

from beffroi.base.files import FsyncFailedError, fsync_fd
from beffroi.domain.clock import ManualClock
from beffroi.domain.ids import CameraId, PersonId, ViewId
from beffroi.domain.ranges import WallRange
from beffroi.ledger.entry import Entry, EntryKind, EntryRefusedError, Source
from beffroi.ledger.ledger import Ledger, LedgerClosedError
from beffroi.ledger.note import Checkpoint, open_note
from beffroi.ledger.signing import OwnKey, Proof, SignerGoneError
from beffroi.ledger.store import LedgerDamagedError
from beffroi.ledger.verify import verify


def clean(folder: Path, ledger: Ledger) -> None:
    report = verify(folder / "ledger", ledger.verifier, payloads=folder / "payloads.sqlite")
    assert report.clean, [f.text.en for f in report.findings]
    assert report.entries == ledger.size


def test_many_threads_each_get_their_own_index(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    with ThreadPoolExecutor(16) as pool:
        indices = list(pool.map(lambda n: ledger.append(view_entry(n)), range(600)))
    assert sorted(indices) == list(range(600))
    assert all(ledger.record(index).view == f"view-{n}" for n, index in enumerate(indices))
    clean(tmp_path, ledger)
    ledger.close()


async def test_the_async_variant_leaves_the_loop_free(tmp_path: Path) -> None:
    hold = threading.Event()

    def held(fd: int, path: Path) -> None:
        assert hold.wait(60)
        fsync_fd(fd, path)

    hold.set()
    ledger = open_ledger(tmp_path, fsync=held)
    hold.clear()
    task = asyncio.create_task(ledger.append_async(view_entry(1)))
    done, _ = await asyncio.wait([task], timeout=0.05)
    assert not done
    assert ledger.size == 0
    hold.set()
    assert await task == 0
    ledger.close()


async def test_cancelling_the_wait_does_not_withdraw_the_entry(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    task = asyncio.create_task(ledger.append_async(view_entry(1)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await ledger.append_async(view_entry(2)) == 1
    ledger.close()


def test_what_is_acknowledged_was_forced_to_disk_first_checkpoint_last(tmp_path: Path) -> None:
    synced: list[str] = []

    def spy(fd: int, path: Path) -> None:
        synced.append(path.relative_to(tmp_path).as_posix())
        fsync_fd(fd, path)

    ledger = open_ledger(tmp_path, fsync=spy)
    synced.clear()
    ledger.append(view_entry(0))
    assert synced[-2:] == ["ledger/checkpoint", "ledger"]
    files = {"ledger/tile/entries/000.p/1", "ledger/tile/0/000.p/1"}
    assert files <= set(synced[:2])
    # each folder that got a new name was forced too, before the checkpoint
    assert {"ledger/tile", "ledger/tile/0", "ledger/tile/0/000.p", "ledger/tile/entries"} <= set(synced[2:-2])
    ledger.close()


def test_a_failed_fsync_closes_for_good_and_is_never_retried(tmp_path: Path) -> None:
    fail = threading.Event()
    calls: list[Path] = []

    def breaking(fd: int, path: Path) -> None:
        if fail.is_set():
            calls.append(path)
            raise OSError(5, "Input/output error")
        fsync_fd(fd, path)

    ledger = open_ledger(tmp_path, fsync=breaking)
    ledger.append(view_entry(0))
    fail.set()
    with pytest.raises(FsyncFailedError):
        ledger.append(view_entry(1))
    fail.clear()
    with pytest.raises(FsyncFailedError):
        ledger.append(view_entry(2))
    assert len(calls) == 1
    assert isinstance(ledger.failure, FsyncFailedError)
    assert ledger.size == 1
    ledger.close()
    again = open_ledger(tmp_path)
    assert again.size == 1
    assert again.append(view_entry(3)) == 1
    clean(tmp_path, again)
    again.close()


def test_all_who_wait_learn_of_the_failure(tmp_path: Path) -> None:
    hold, entered = threading.Event(), threading.Event()
    armed = False

    def breaking(_fd: int, _path: Path) -> None:
        if armed:
            entered.set()
            assert hold.wait(60)
            raise OSError(5, "Input/output error")

    ledger = open_ledger(tmp_path, fsync=breaking)
    armed = True
    first = ledger.submit(view_entry(0))
    assert entered.wait(60)
    later = [ledger.submit(view_entry(n)) for n in range(1, 5)]
    hold.set()
    for future in (first, *later):
        with pytest.raises(FsyncFailedError):
            future.result(60)
    ledger.close()


def test_a_full_disk_refuses_this_entry_and_not_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = open_ledger(tmp_path)
    ledger.append(view_entry(0))
    real = os.write

    def full(fd: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(LedgerClosedError):
        ledger.append(view_entry(1))
    monkeypatch.setattr(os, "write", real)
    assert ledger.failure is None
    assert ledger.append(view_entry(2)) == 1
    clean(tmp_path, ledger)
    ledger.close()


def act(seq: int, recorder: str = "rec-1") -> Entry:
    return Entry(EntryKind.RECORDER, source=Source(recorder, seq), at_us=5, detail={"what": "run_started"})


class HungUp(OwnKey):
    """A signer that hangs up once, when it is told to, on the commit that is then under way."""

    def __init__(self) -> None:
        super().__init__(KEY, "beffroi.example/register")
        self.armed, self.asked, self.go = threading.Event(), threading.Event(), threading.Event()

    def sign(self, head: Checkpoint, proof: Proof) -> bytes:
        if self.armed.is_set():
            self.armed.clear()
            self.asked.set()
            assert self.go.wait(60)
            raise SignerGoneError("it hung up")
        return super().sign(head, proof)


def test_no_act_overtakes_one_that_a_commit_refused(tmp_path: Path) -> None:
    signer = HungUp()
    ledger = Ledger.open(tmp_path / "ledger", ManualClock(), signer)
    assert ledger.append(act(1)) == 0
    signer.armed.set()
    first = ledger.submit_all([act(2)])
    assert signer.asked.wait(60)
    later = ledger.submit_all([act(seq) for seq in range(3, 600)])
    others = [ledger.submit(view_entry(1)), *ledger.submit_all([act(1, "rec-2")])]
    signer.go.set()
    for future in (*first, *later):
        with pytest.raises(SignerGoneError):
            future.result(60)
    assert [future.result(60) for future in others] == [1, 2], "what has no order with it goes on"
    assert ledger.last_seq("rec-1") == 1, "the next round begins at the refused act"
    handed = ledger.submit_all([act(seq) for seq in range(2, 600)])
    assert [future.result(60) for future in handed] == list(range(3, 601))
    clean(tmp_path, ledger)
    ledger.close()


def test_acts_before_one_without_a_spelling_are_taken_in(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    bad = Entry(EntryKind.RECORDER, source=Source("rec-1", 3), detail={"x": 1.5})
    with pytest.raises(EntryRefusedError):
        ledger.submit_all([act(1), act(2), bad, act(4)])
    assert ledger.append(view_entry(1)) == 2
    assert ledger.last_seq("rec-1") == 2
    ledger.close()


def test_an_entry_that_has_no_spelling_is_refused_alone(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    for bad in ({"x": 1.5}, {"x": "\ud800"}, {"x": object()}, {"x": 2**60}):
        with pytest.raises(EntryRefusedError):
            ledger.append(Entry(EntryKind.LOGIN, payload=bad))
        with pytest.raises(EntryRefusedError):
            ledger.append(Entry(EntryKind.LOGIN, detail=bad))
    with pytest.raises(EntryRefusedError):
        ledger.append(Entry(EntryKind.LOGIN, detail={"x": "y" * 20_000}))
    assert ledger.append(view_entry(0)) == 0
    ledger.close()


def test_a_recorders_line_is_taken_in_once(tmp_path: Path) -> None:
    def line(seq: int) -> Entry:
        return Entry(EntryKind.RECORDER, source=Source("rec-1", seq), at_us=5, detail={"what": "run_started"})

    ledger = open_ledger(tmp_path)
    futures = [ledger.submit(line(seq)) for seq in (1, 2, 1, 2, 3)]
    assert [future.result(60) for future in futures] == [0, 1, 0, 1, 2]
    ledger.close()
    again = open_ledger(tmp_path)
    assert again.append(line(2)) == 1
    assert again.append(line(4)) == 3
    assert again.last_seq("rec-1") == 4
    assert again.last_seq("rec-2") is None
    assert again.record(0).happened_us == 5
    again.close()


def test_a_person_finds_their_own_entries_and_no_other(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    for number in range(10):
        ledger.append(view_entry(number, person=f"operateur-{number % 2}"))
    mine = ledger.own_entries(PersonId("operateur-1"), limit=3)
    assert [record.index for record in mine] == [9, 7, 5]
    assert [r.index for r in ledger.own_entries(PersonId("operateur-1"), before=5)] == [3, 1]
    assert ledger.own_entries(PersonId("unknown")) == []
    assert [r.index for r in ledger.entries_of_view(ViewId("view-4"))] == [4]
    ledger.close()


def test_entries_of_a_camera_and_a_day(tmp_path: Path) -> None:
    clock = ManualClock()
    ledger = open_ledger(tmp_path, clock=clock)
    start = clock.wall
    for number in range(4):
        ledger.append(view_entry(number * 7))
        clock.advance(3600)
    found = ledger.entries_between(WallRange(start + 1, start + 7_200_000_001), camera=CameraId("cam-0"))
    assert [record.index for record in found] == [1, 2]
    assert ledger.entries_between(WallRange(0, 2**60), camera=CameraId("cam-1")) == []
    ledger.close()


def test_erasing_leaves_the_proofs(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    fill(ledger, 5)
    before = ledger.checkpoint()
    assert ledger.payload(2) is not None
    ledger._payloads.erase([ledger.record(2).commitment], 1)
    assert ledger.payload(2) is None
    assert ledger.payload(3) is not None
    assert len(ledger.own_entries(PersonId("operateur-1"))) == 5, "something is held of them: the pseudonym stays"
    ledger.expire(2**62)
    assert ledger.own_entries(PersonId("operateur-1")) == []
    assert ledger.payload(3) is None
    assert ledger.checkpoint() == before
    clean(tmp_path, ledger)
    # while it is open: the write-ahead log is on disk too
    on_disk = b"".join(path.read_bytes() for path in tmp_path.glob("payloads.sqlite*"))
    assert "réquisition".encode() not in on_disk
    assert b"operateur-1" not in on_disk
    ledger.close()


def test_the_index_is_rebuilt_when_deleted_or_damaged(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    fill(ledger, 300)
    ledger.close()
    index = tmp_path / "ledger-index.sqlite"
    for damage in (index.unlink, lambda: index.write_bytes(b"not a database" * 100)):
        damage()
        for tail in tmp_path.glob("ledger-index.sqlite-*"):
            tail.unlink()
        again = open_ledger(tmp_path)
        assert len(again.own_entries(PersonId("operateur-1"), limit=1000)) == 300
        again.close()


def test_closing_does_not_wait_for_ever_on_a_disk_that_hangs(tmp_path: Path) -> None:
    free = threading.Event()
    free.set()

    def held(_fd: int, _path: Path) -> None:
        assert free.wait(60)

    ledger = open_ledger(tmp_path, fsync=held)
    free.clear()
    future = ledger.submit(view_entry(0))
    ledger.close(timeout_s=0.1)
    assert not future.done()
    free.set()
    assert future.result(60) == 0
    ledger.close()


def test_two_processes_cannot_hold_it(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    with pytest.raises(LedgerClosedError):
        open_ledger(tmp_path)
    ledger.close()
    open_ledger(tmp_path).close()


def test_a_checkpoint_is_signed_at_each_commit(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    for size in range(1, 4):
        ledger.append(view_entry(size))
        assert open_note((tmp_path / "ledger/checkpoint").read_bytes(), ledger.verifier).size == size
        assert ledger.checkpoint_note() == (tmp_path / "ledger/checkpoint").read_bytes()
    ledger.close()


@pytest.mark.parametrize("size", [1, 255, 256, 257, 300, 512, 520])
def test_a_torn_tail_is_repaired(tmp_path: Path, size: int) -> None:
    ledger = open_ledger(tmp_path)
    fill(ledger, size)
    note = ledger.checkpoint_note()
    kept = {p: p.read_bytes() for p in (tmp_path / "ledger").rglob("*") if p.is_file()}
    fill(ledger, 256)
    ledger.close()
    # the state that a crash leaves: all tiles of the longer tree published, the checkpoint still the older one
    for path, data in kept.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "ledger/checkpoint").write_bytes(note)
    (tmp_path / "ledger/tile/0/.000.deadbeef").write_bytes(b"torn")
    again = open_ledger(tmp_path)
    assert again.size == size
    clean(tmp_path, again)
    assert again.append(view_entry(1)) == size
    clean(tmp_path, again)
    again.close()


def test_a_damaged_edge_is_not_built_upon(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    fill(ledger, 10)
    ledger.close()
    tile = tmp_path / "ledger/tile/entries/000.p/10"
    tile.write_bytes(tile.read_bytes().replace(b"view-3", b"view-4"))
    with pytest.raises(LedgerDamagedError):
        open_ledger(tmp_path)


def test_a_register_that_vanished_is_not_quietly_begun_again(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    fill(ledger, 3)
    ledger.close()
    (tmp_path / "ledger/checkpoint").unlink()
    with pytest.raises(LedgerDamagedError):
        open_ledger(tmp_path)
    (tmp_path / "ledger").rename(tmp_path / "gone")
    with pytest.raises(LedgerDamagedError):
        open_ledger(tmp_path)


def test_another_key_does_not_open_it(tmp_path: Path) -> None:
    open_ledger(tmp_path).close()
    with pytest.raises(LedgerDamagedError):
        Ledger.open(tmp_path / "ledger", ManualClock(), KEY, origin="other.example/register")


def test_ones_own_entries_are_numbered_among_ones_own(tmp_path: Path) -> None:
    ledger, me, other = open_ledger(tmp_path), PersonId("p-me"), PersonId("p-other")
    for number in range(7):
        ledger.append(Entry(EntryKind.LOGIN, actor=me if number % 2 else other))
    ranked = ledger.own_numbered(me)
    assert [(rank, record.index) for rank, record in ranked] == [(3, 5), (2, 3), (1, 1)]
    assert [rank for rank, _ in ledger.own_numbered(me, limit=2)] == [3, 2]
    assert [rank for rank, _ in ledger.own_numbered(me, before=2, limit=2)] == [1]
    assert ledger.own_numbered(me, before=1) == []
    assert ledger.own_numbered(me, before=99) == ranked
    assert ledger.own_numbered(PersonId("p-nobody")) == []
    ledger.close()
