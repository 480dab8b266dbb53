"""A recorder at work for a long time: its memory stays flat and nothing is missing."""

import os
import sys
import time
from pathlib import Path

import pytest
from tests.support.cameras import CameraSpec, simulated_cameras
from tests.support.recorder import RunningRecorder, recorder

pytestmark = [pytest.mark.soak, pytest.mark.timeout(0)]

CAMERAS = tuple(f"rue-{number}" for number in range(16))
SOAK_S = float(os.environ.get("BEFFROI_SOAK_S", "600"))
WARM_UP_S = 60.0
GROWTH = 1.1


def test_memory_stays_flat(tmp_path: Path) -> None:
    with (
        simulated_cameras([CameraSpec(name) for name in CAMERAS]) as sim,
        recorder(tmp_path, sim, cores=2) as running,
    ):
        running.wait_all(*CAMERAS)
        _live(running, WARM_UP_S)
        warm_kib = _pss_kib(running)
        _live(running, SOAK_S)
        end_kib = _pss_kib(running)
        sys.stderr.write(f"\n{len(CAMERAS)} streams, {SOAK_S:.0f} s: {warm_kib} KiB warm, {end_kib} KiB at the end\n")
        assert end_kib <= warm_kib * GROWTH
        for name in CAMERAS:
            assert running.calendar(name)["gaps"] == []


def _live(running: RunningRecorder, seconds: float) -> None:
    """Let time pass, as long as the recorder answers."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        running.ask("ping")
        time.sleep(1)  # a soak is made of time


def _pss_kib(running: RunningRecorder) -> int:
    total = 0
    for pid in running.worker_pids():
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total
