"""A gate that stops: all goes dark, each view has one end with what was sent, and a disk that hangs holds nobody up."""

import asyncio
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.gates import TableLaw, live
from tests.support.register import open_ledger

from beffroi.domain.clock import ManualClock
from beffroi.domain.ids import ConnectionId
from beffroi.gate import gate as gate_module
from beffroi.gate.answers import Cut, OpenedView
from beffroi.gate.gate import Gate
from beffroi.ledger.entry import EntryKind, Sent
from beffroi.ledger.ledger import Ledger

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


class Disk:
    """A disk that answers, or waits for its word."""

    def __init__(self) -> None:
        self.asked, self.free = threading.Event(), threading.Event()
        self.free.set()

    def __call__(self, _fd: int, _path: Path) -> None:
        self.asked.set()
        assert self.free.wait(60)

    def hang(self) -> None:
        """From now on it does not answer."""
        self.asked.clear()
        self.free.clear()


def opened_gate(folder: Path, disk: Disk) -> tuple[Ledger, Gate]:
    clock = ManualClock()
    ledger = open_ledger(folder, clock=clock, fsync=disk)
    return ledger, Gate(TableLaw({("p1", "cam-1")}), ledger, KEY, clock)


def ends(ledger: Ledger) -> list[tuple[str | None, int]]:
    records = [ledger.record(index) for index in range(ledger.size)]
    ended = [one for one in records if one.kind is EntryKind.VIEW_ENDED]
    return [(one.outcome, one.sent.frames) for one in ended if one.sent is not None]


async def test_a_view_that_ends_by_itself_during_the_stop_is_ended_once(tmp_path: Path) -> None:
    disk = Disk()
    ledger, gate = opened_gate(tmp_path, disk)
    await gate.open(live(), ConnectionId("c1"), {})
    other = await gate.open(live(), ConnectionId("c2"), {})
    disk.hang()
    stopping = asyncio.create_task(gate.stop())
    assert await asyncio.to_thread(disk.asked.wait, 60)
    ending = asyncio.create_task(gate.end(other.id))
    await asyncio.sleep(0)
    disk.free.set()
    await stopping
    await ending
    assert ends(ledger) == [("stopped", 0)] * 2
    ledger.close()


async def test_what_was_sent_is_entered_by_what_sent_it(tmp_path: Path) -> None:
    ledger, gate = opened_gate(tmp_path, Disk())
    opened = await gate.open(live(), ConnectionId("c1"), {})
    running: list[asyncio.Task[int | None]] = []

    async def run() -> int | None:
        for _ in range(5):  # the cut is said to the client before
            await asyncio.sleep(0)
        return await gate.end(opened.id, Sent(7, 700, None))

    def on_cut(_view: OpenedView, _cut: Cut) -> None:
        running.append(asyncio.create_task(run()))

    gate.subscribe(opened.id, on_cut)
    await gate.stop()
    assert await asyncio.gather(*running) == [1]
    assert ends(ledger) == [("cut_ended", 7)]
    ledger.close()


async def test_what_never_says_what_it_sent_is_ended_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_module, "SAY_SENT_S", 0.05)
    ledger, gate = opened_gate(tmp_path, Disk())
    opened = await gate.open(live(), ConnectionId("c1"), {})
    gate.subscribe(opened.id, lambda *_: None)
    await gate.stop()
    assert ends(ledger) == [("stopped", 0)]
    ledger.close()


async def test_a_disk_that_hangs_does_not_hold_the_stop_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "END_S", 0.05)
    disk = Disk()
    ledger, gate = opened_gate(tmp_path, disk)
    for number in range(3):
        await gate.open(live(), ConnectionId(f"c{number}"), {})
    disk.hang()
    async with asyncio.timeout(60):
        await gate.stop()
    assert (gate.views(), ends(ledger)) == ([], [])
    disk.free.set()
    ledger.close()
    again = open_ledger(tmp_path)
    assert ends(again) == [("stopped", 0)] * 3, "handed in all of them, for when it answers"
    again.close()
