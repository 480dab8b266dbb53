"""Killed between the entry and the lease: an entry without a lease, never a lease without an entry."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.register import open_ledger

from beffroi.ledger.entry import EntryKind

_CHILD = """
import asyncio, os, sys
from pathlib import Path
from beffroi.base.clock import SystemClock
from beffroi.base.log import configure
from beffroi.domain.ids import ConnectionId
from beffroi.gate import gate as room
from tests.gate.test_gate_open import KEY
from tests.support.gates import TableLaw, live
from tests.support.register import durable_ledger

configure()
crash_at = sys.argv[2]

async def main():
    clock = SystemClock()
    ledger = durable_ledger(Path(sys.argv[1]), clock)
    gate = room.Gate(TableLaw({("p1", "cam-1")}), ledger, KEY, clock, register_wait_s=60.0)
    if crash_at == "lease":
        gate._signer.sign = lambda **_: os._exit(9)
    if crash_at == "entry":
        ledger._store.publish = lambda *_: os._exit(9)

    async def viewer():
        while True:
            view = await gate.open(live(), ConnectionId("c"), {"name": "x"})
            sys.stdout.write(f"{view.ledger_index} {view.id}\\n")
            sys.stdout.flush()

    await asyncio.gather(*(viewer() for _ in range(4)))

asyncio.run(main())
"""


def _start(folder: Path, crash_at: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", _CHILD, str(folder), crash_at], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("crash_at", "entries"), [("lease", 1), ("entry", 0)])
def test_a_crash_between_two_steps_never_leaves_a_lease_without_its_entry(
    tmp_path: Path, crash_at: str, entries: int
) -> None:
    child = _start(tmp_path, crash_at)
    out, _ = child.communicate(timeout=60)
    assert child.returncode == 9
    assert out == ""
    ledger = open_ledger(tmp_path)
    kinds = [ledger.record(i).kind for i in range(ledger.size)]
    ledger.close()
    assert set(kinds) <= {EntryKind.VIEW_OPENED}
    assert len(kinds) >= entries
    assert bool(kinds) is bool(entries)


@pytest.mark.parametrize("attempt", range(3))
def test_every_lease_ever_seen_has_its_entry_after_a_kill(tmp_path: Path, attempt: int) -> None:
    noise = random.Random(attempt)  # noqa: S311  a test's dice
    child = _start(tmp_path, "never")
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(noise.randrange(10, 150))]
    child.send_signal(signal.SIGKILL)
    rest, _ = child.communicate()
    seen = [line.split() for line in ("".join(lines) + rest).rpartition("\n")[0].splitlines()]
    ledger = open_ledger(tmp_path)
    for index, view in seen:
        record = ledger.record(int(index))
        assert (record.kind, record.view) == (EntryKind.VIEW_OPENED, view)
    assert len(seen) >= 10
    ledger.close()
