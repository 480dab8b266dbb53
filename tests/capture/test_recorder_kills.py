"""kill -9 at random moments, then a worker that hangs. Recording goes on, the loss is small and explained.

``BEFFROI_KILLS=20`` for the full run.
"""

import os
import random
import signal
import time
from itertools import pairwise
from pathlib import Path

from tests.support.cameras import CameraSpec, simulated_cameras
from tests.support.faultmatrix import draws, record, run_seed
from tests.support.ports import busy, wait_for
from tests.support.recorder import RunningRecorder, recorder

from beffroi.vault.check import CheckLevel, check
from beffroi.vault.journal import ActKind

KILLS = int(os.environ.get("BEFFROI_KILLS", "3"))
GOP_S = 0.4
SLACK_S = 1.0
"""Pictures on their way (the parser holds one for 40 ms, the capture loop looks each 142 ms), and a writer that waits
for its turn on a busy machine. What a kill costs at each system call: tests/faults/test_syscall_faults.py, exactly."""

AGAIN_S = 5.0
HANG_AGAIN_S = 10.0


def test_a_worker_killed_at_any_moment_costs_a_group_of_pictures_and_a_told_gap(tmp_path: Path) -> None:
    rngs = [random.Random(seed) for seed in draws("recorder-kill")]  # noqa: S311  a test's choice of moments
    moments_s = [rng.random() for rng in rngs for _ in range(KILLS)]
    cameras = ["rue-1", "rue-2", "rue-3"]
    killed_us: list[int] = []
    with (
        simulated_cameras([CameraSpec(name) for name in cameras]) as sim,
        recorder(tmp_path, sim, cores=2) as rec,
    ):
        rec.wait_all(*cameras, frames=20)
        untouched = next(pid for pid in rec.worker_pids() if pid != rec.streams()["rue-1", "main"]["pid"])
        for moment_s in moments_s:
            rec.wait_recording("rue-1", frames=20)
            time.sleep(moment_s)
            rec.crash_worker("rue-1")
            killed_us.append(rec.crashed_us)
            rec.wait_state("rue-1", "recording")
        rec.wait_recording("rue-1", frames=40)
        assert untouched in rec.worker_pids(), "the other worker was not touched"
        other = next(key[0] for key, health in rec.streams().items() if health["pid"] == untouched)
        hung_s = time.monotonic()
        os.kill(untouched, signal.SIGSTOP)  # it hangs: the watchdog gives it five seconds
        wait_for(lambda: untouched not in rec.worker_pids(), what="the watchdog to act")
        rec.wait_recording(other, frames=10)
        back_s = time.monotonic() - hung_s
        assert back_s < HANG_AGAIN_S * busy(), "five seconds of patience, and a new process"
        assert "a worker is stuck and is killed" in rec.log
        assert rec.stop() == 0
    gaps = _gaps(rec, "rue-1")
    assert [cause for _, _, cause in gaps] == ["recorder_killed"] * len(moments_s)
    lost_s = max(at_us - gap[0] for at_us, gap in zip(killed_us, gaps, strict=True)) / 1e6
    away_s = max(gap[1] - at_us for at_us, gap in zip(killed_us, gaps, strict=True)) / 1e6
    seen = f"≤ {lost_s:.2f} s lost (groups of {GOP_S} s), recording again within {away_s:.1f} s"
    record("recorder-kill", seen=seen, runs=len(moments_s), seed=run_seed())
    record("worker-hang", seen=f"recording again after {back_s:.1f} s, no other worker restarted", runs=1, seed=None)
    for at_us, (start_us, end_us, _) in zip(killed_us, gaps, strict=True):
        assert at_us - start_us < (GOP_S + SLACK_S * busy()) * 1e6, (
            "at most one group of what had been received is lost"
        )
        assert end_us - at_us < AGAIN_S * busy() * 1e6, "a new process is a second of work"
    _nothing_unexplained(rec, "rue-1")
    assert [cause for _, _, cause in _gaps(rec, other)] == ["recorder_killed"], "one, when it hung"
    assert _findings(rec) == []


def _gaps(rec: RunningRecorder, camera: str) -> list[tuple[int, int, str]]:
    return [
        (entry.fields["from_us"], entry.fields["to_us"], entry.fields["cause"])
        for entry in rec.journal()
        if entry.kind is ActKind.GAP and entry.fields["camera"] == camera
    ]


def _nothing_unexplained(rec: RunningRecorder, camera: str) -> None:
    """Files and stored gaps follow one another without a hole, but for what the clock may slew."""
    catalogue = rec.catalogue()
    try:
        rows = [row.range for row in catalogue.all_chunks() if row.camera == camera]
    finally:
        catalogue.close()
    pieces = sorted([(row.from_us, row.to_us) for row in rows] + [(start, end) for start, end, _ in _gaps(rec, camera)])
    assert all(after[0] - before[1] < 60_000 for before, after in pairwise(pieces))


def _findings(rec: RunningRecorder) -> list[object]:
    catalogue = rec.catalogue()
    try:
        return list(check(rec.paths.root, catalogue, level=CheckLevel.HASH))
    finally:
        catalogue.close()
