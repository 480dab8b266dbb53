"""A ring whose process is killed while it makes and destroys keys: what was confirmed stands, nothing else is lost."""

import os
import random
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.keys import AUTHORITY, CHEAP, PASSPHRASE
from tests.support.ports import wait_for

from beffroi.domain.clock import ManualClock
from beffroi.vault.hourkeys import HourKeyring
from beffroi.vault.keyslots import SLOT_BYTES, KeyState

WORKER = """
import sys
from pathlib import Path
from beffroi.domain.clock import ManualClock
from beffroi.vault.hourkeys import HourKeyring
ring = HourKeyring.open(Path(sys.argv[1]), sys.argv[2], clock=ManualClock())
first = int(sys.argv[3])
for hour in range(first, first + 20_000, 2):
    ring.prepare(30, hour, 1)
    print("made", hour, flush=True)
    if hour % 3 == 0:
        ring.destroy(30, hour, before_term=True)
        print("destroyed", hour, flush=True)
"""


@pytest.mark.parametrize("seed", range(2))
def test_kill_9_while_keys_are_made_and_destroyed(tmp_path: Path, seed: int) -> None:
    """Two processes share the ring, on even and odd hours of the same day files; both are killed at random."""
    rng = random.Random(seed)  # noqa: S311  chooses when to kill, protects nothing
    clock = ManualClock()
    ring = HourKeyring.create(tmp_path / "ring", AUTHORITY, PASSPHRASE, clock=clock, cost=CHEAP)
    first = clock.wall_us() // 3_600_000_000
    outputs = [tmp_path / "even", tmp_path / "odd"]
    running = []
    for parity, output in enumerate(outputs):
        with output.open("wb") as file:
            command = [sys.executable, "-c", WORKER, str(tmp_path / "ring"), PASSPHRASE, str(first + parity)]
            running.append(subprocess.Popen(command, stdout=file))
    wanted = rng.randint(500, 3000)
    wait_for(lambda: all(output.stat().st_size > wanted for output in outputs), timeout_s=60, what="keys made")
    for process in running:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    lines = [line.split() for output in outputs for line in output.read_text().splitlines(keepends=True)[:-1]]
    made = {int(hour) for act, hour in lines if act == "made"}
    destroyed = {int(hour) for act, hour in lines if act == "destroyed"}
    assert made
    assert destroyed
    for hour in made - destroyed:
        assert ring.state(30, hour) in (KeyState.HELD, KeyState.DESTROYED)
        assert hour % 3 == 0 or ring.has(30, hour)
    for hour in destroyed:
        raw = next((tmp_path / "ring" / "30d").glob(f"{_day(hour)}.keys")).read_bytes()
        slot = raw[hour % 24 * SLOT_BYTES :][:SLOT_BYTES]
        assert ring.state(30, hour) is KeyState.DESTROYED
        assert not any(slot[40:100]), "nonce and wrapped private half are zeros"
    assert ring.prepare(30, min(destroyed), 1) == 0
    count = max(made) - first + 1
    ring.prepare(30, first, count)
    dead = sum(ring.state(30, hour) is KeyState.DESTROYED for hour in range(first, first + count))
    assert len([hour for hour in ring.held_hours(30) if hour < first + count]) == count - dead, "no hour is stuck"


def _day(hour: int) -> str:
    return f"{datetime.fromtimestamp(hour * 3600, UTC):%Y-%m-%d}"
