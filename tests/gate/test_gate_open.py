"""Opening: decision, durable entry, lease, in that order; anything that fails shows nothing."""

import asyncio
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from tests.support.gates import TableLaw, live, replay
from tests.support.register import open_ledger

from beffroi.base.clock import SystemClock
from beffroi.domain.acts import Act
from beffroi.domain.clock import ManualClock
from beffroi.domain.errors import BadInputError, NotFoundError
from beffroi.domain.ids import ConnectionId, PersonId
from beffroi.domain.lease import LeaseRefusedError, check
from beffroi.domain.ranges import WallRange
from beffroi.gate.answers import GateClosedError, GateRefusedError
from beffroi.gate.gate import Gate
from beffroi.ledger.entry import EntryKind

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
HERE = ConnectionId("c1")
PAYLOAD = {"name": "Opérateur", "reason": "vol à l'étalage", "ip": "192.0.2.7"}


async def test_a_view_is_opened_with_its_entry_and_a_short_lease(tmp_path: Path) -> None:
    clock, law = ManualClock(), TableLaw({("p1", "cam-1")})
    ledger = open_ledger(tmp_path, clock=clock)
    gate = Gate(law, ledger, KEY, clock)
    opened = await gate.open(live(), HERE, PAYLOAD, session="s1")
    lease = check(opened.lease, gate.verify_key, now_us=clock.wall, connection=HERE, act=Act.LIVE)
    assert (lease.ledger_index, lease.view, lease.person) == (opened.ledger_index, opened.id, "p1")
    assert lease.expires_us - lease.issued_us <= 3_000_000
    record = ledger.record(opened.ledger_index)
    assert (record.kind, record.view, record.camera) == (EntryKind.VIEW_OPENED, opened.id, "cam-1")
    assert record.decision is not None
    assert record.decision.rule_set_hash == "ab" * 32
    assert ledger.payload(opened.ledger_index) == PAYLOAD
    assert gate.current_lease(opened.id) == opened.lease
    with pytest.raises(LeaseRefusedError):
        check(opened.lease, gate.verify_key, now_us=clock.wall, connection=ConnectionId("c2"))
    with pytest.raises(LeaseRefusedError):
        check(opened.lease, gate.verify_key, now_us=clock.wall + 3_000_000)
    assert load_pem_public_key(gate.verify_key_pem()) == gate.verify_key
    ledger.close()


async def test_a_replay_lease_names_its_footage(tmp_path: Path) -> None:
    clock = ManualClock()
    ledger = open_ledger(tmp_path, clock=clock)
    gate = Gate(TableLaw({("p1", "cam-1")}), ledger, KEY, clock)
    footage = WallRange(clock.wall - 600_000_000, clock.wall - 300_000_000)
    opened = await gate.open(replay(footage), HERE, PAYLOAD)
    assert check(opened.lease, gate.verify_key, now_us=clock.wall, footage=footage).footage == footage
    assert ledger.record(opened.ledger_index).footage == footage
    for bad in (None, WallRange(5, 5)):
        with pytest.raises(BadInputError):
            await gate.open(replay(bad), HERE, PAYLOAD)  # type: ignore[arg-type]  # what a caller in error gives
    ledger.close()


async def test_each_refusal_is_an_entry_and_gives_no_view(tmp_path: Path) -> None:
    clock = ManualClock()
    ledger = open_ledger(tmp_path, clock=clock)
    gate = Gate(TableLaw(), ledger, KEY, clock)
    for expected in range(3):
        with pytest.raises(GateRefusedError) as refused:
            await gate.open(live(), HERE, PAYLOAD)
        assert refused.value.ledger_index == expected
    assert [record.kind for record in ledger.own_entries(PersonId("p1"))] == [EntryKind.VIEW_REFUSED] * 3
    assert gate.views() == []
    ledger.close()


async def test_an_error_in_the_law_denies_and_tells_nothing(tmp_path: Path) -> None:
    clock = ManualClock()
    ledger = open_ledger(tmp_path, clock=clock)
    gate = Gate(TableLaw({("p1", "cam-1")}, broken=True), ledger, KEY, clock)
    with pytest.raises(GateRefusedError) as refused:
        await gate.open(live(), HERE, PAYLOAD)
    assert not refused.value.decision.disclosable
    assert ledger.record(0).kind is EntryKind.VIEW_REFUSED
    ledger.close()


async def test_no_lease_while_the_disk_holds_the_entry(tmp_path: Path) -> None:
    free, held = threading.Event(), threading.Event()
    free.set()

    def disk(_fd: int, _path: Path) -> None:
        held.set()
        _pass(free)

    clock = SystemClock()
    ledger = open_ledger(tmp_path, clock=clock, fsync=disk)
    patient, gate = (
        Gate(TableLaw({("p1", "cam-1")}), ledger, KEY, clock, register_wait_s=wait_s) for wait_s in (60.0, 0.1)
    )
    free.clear()
    held.clear()
    waiting = asyncio.create_task(patient.open(live(), HERE, PAYLOAD))
    while not held.is_set():
        await asyncio.sleep(0.01)
    with pytest.raises(GateClosedError):  # its time is over: given up, with no lease
        await gate.open(live(), HERE, PAYLOAD)
    assert (waiting.done(), patient.views(), gate.views()) == (False, [], [])
    free.set()
    opened = await waiting
    assert patient.current_lease(opened.id) == opened.lease
    # the entry reaches the disk late: the register then says that nothing was shown
    while ledger.size < 3:
        await asyncio.sleep(0.01)
    kinds = [ledger.record(i).kind for i in range(3)]
    assert kinds == [EntryKind.VIEW_OPENED, EntryKind.VIEW_OPENED, EntryKind.VIEW_ENDED]
    late = ledger.record(2)
    assert (late.outcome, late.opened) == ("register_late", 1)
    assert late.sent is not None
    assert late.sent.frames == 0
    ledger.close()


def _pass(free: threading.Event) -> None:
    assert free.wait(60)


async def test_a_caller_who_leaves_meanwhile_gets_no_view(tmp_path: Path) -> None:
    free = threading.Event()
    free.set()
    clock = SystemClock()
    ledger = open_ledger(tmp_path, clock=clock, fsync=lambda _fd, _path: _pass(free))
    gate = Gate(TableLaw({("p1", "cam-1")}), ledger, KEY, clock)
    free.clear()
    task = asyncio.create_task(gate.open(live(), HERE, PAYLOAD))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    free.set()
    while ledger.size < 2:
        await asyncio.sleep(0.01)
    assert ledger.record(1).kind is EntryKind.VIEW_ENDED
    assert gate.views() == []
    ledger.close()


async def test_a_fact_that_changes_while_the_disk_writes_is_heeded(tmp_path: Path) -> None:
    clock, law = ManualClock(), TableLaw({("p1", "cam-1")})
    changed = False

    def change(_fd: int, _path: Path) -> None:
        if changed:
            law.withdraw("p1", "cam-1")

    ledger = open_ledger(tmp_path, clock=clock, fsync=change)
    gate = Gate(law, ledger, KEY, clock)
    changed = True
    with pytest.raises(GateRefusedError):
        await gate.open(live(), HERE, PAYLOAD)
    assert gate.views() == []
    ledger.close()
    again = open_ledger(tmp_path)
    kinds = [again.record(i).kind for i in range(again.size)]
    assert kinds == [EntryKind.VIEW_OPENED, EntryKind.VIEW_CUT, EntryKind.VIEW_ENDED]
    again.close()


async def test_a_lease_rests_on_a_fresh_answer_when_the_disk_is_slow(tmp_path: Path) -> None:
    clock, law = ManualClock(), TableLaw({("p1", "cam-1")})
    slow = False

    def pause(_fd: int, _path: Path) -> None:
        if slow:
            clock.advance(0.4)

    ledger = open_ledger(tmp_path, clock=clock, fsync=pause)
    gate = Gate(law, ledger, KEY, clock)
    slow = True
    opened = await gate.open(live(), HERE, PAYLOAD)
    assert law.asked == 2
    assert check(opened.lease, gate.verify_key, now_us=clock.wall).issued_us == clock.wall
    ledger.close()


async def test_a_dead_register_opens_nothing_and_cuts_all(tmp_path: Path) -> None:
    clock = ManualClock()
    broken = False

    def fail(_fd: int, _path: Path) -> None:
        if broken:
            raise OSError(5, "Input/output error")

    ledger = open_ledger(tmp_path, clock=clock, fsync=fail)
    gate = Gate(TableLaw({("p1", "cam-1")}), ledger, KEY, clock)
    opened = await gate.open(live(), HERE, PAYLOAD)
    cuts: list[str] = []
    gate.subscribe(opened.id, lambda _view, cut: cuts.append(cut.code))
    broken = True
    with pytest.raises(GateClosedError):
        await gate.open(live(), HERE, PAYLOAD)
    broken = False  # the disk is well again: the register stays closed all the same
    with pytest.raises(GateClosedError):
        await gate.open(live(), HERE, PAYLOAD)
    await gate.tick()
    assert cuts == ["register"]
    assert gate.current_lease(opened.id) is None
    with pytest.raises(NotFoundError):
        await gate.renew(opened.id)
    assert await gate.end(opened.id) is None
    ledger.close()
