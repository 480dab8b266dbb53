"""A worker that can open nothing more: that worker is started again, and no other. (One without memory is killed by the
kernel: `tests/capture/test_recorder_kills.py`.)"""

import contextlib
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.cameras import CameraSpec, simulated_cameras
from tests.support.faultmatrix import record
from tests.support.ports import busy, wait_for
from tests.support.recorder import RunningRecorder, recorder

from beffroi.vault.check import CheckLevel, check
from beffroi.vault.journal import ActKind

BAR_S = 10.0


def again_s(rec: RunningRecorder, victim: int, others: set[int]) -> float:
    """Seconds until the cameras of that worker are recorded by another one."""
    began_s = time.monotonic()

    def back() -> bool:
        streams = rec.streams().values()
        return all(item["state"] == "recording" and item.get("pid") not in {None, victim} for item in streams)

    wait_for(back, timeout_s=60, what=lambda: f"another worker; {rec.log[-2000:]}")
    assert others <= set(rec.worker_pids()), "the others were not touched"
    return time.monotonic() - began_s


def story(tmp_path: Path, fault: Callable[[int], contextlib.AbstractContextManager[None]]) -> float:
    """Two workers, one of them meets the fault: seconds until all is recorded again."""
    with (
        simulated_cameras([CameraSpec("rue-1"), CameraSpec("rue-2")]) as sim,
        recorder(tmp_path, sim, cores=2) as rec,
    ):
        rec.wait_all("rue-1", "rue-2", frames=20)
        victim = rec.streams()["rue-1", "main"]["pid"]
        others = set(rec.worker_pids()) - {victim}
        with fault(victim):
            took_s = again_s(rec, victim, others)
        rec.wait_all("rue-1", "rue-2", frames=10)
        assert rec.stop() == 0
        gaps = [entry.fields for entry in rec.journal() if entry.kind is ActKind.GAP]
        assert {(gap["camera"], gap["cause"]) for gap in gaps} == {("rue-1", "recorder_killed")}
        catalogue = rec.catalogue()
        try:
            assert check(rec.paths.root, catalogue, level=CheckLevel.HASH) == []
        finally:
            catalogue.close()
    return took_s


def test_a_worker_without_descriptors_is_started_again_alone(tmp_path: Path) -> None:
    @contextmanager
    def exhausted(pid: int) -> Iterator[None]:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, 3))
        yield

    took_s = story(tmp_path, exhausted)
    record("worker-descriptors", seen=f"recording again after {took_s:.1f} s, 0 other workers", runs=1, seed=None)
    assert took_s < BAR_S * busy()
