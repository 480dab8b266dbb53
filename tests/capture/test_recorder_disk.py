"""A full disk, a disk that lies, a disk that is too slow, a clock that cannot be believed."""

import contextlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.support.cameras import CameraSpec, simulated_cameras
from tests.support.clips import clip
from tests.support.faultmatrix import record
from tests.support.ports import wait_for
from tests.support.recorder import RunningRecorder, prepare_recorder, recorder

from beffroi.base.clock import SystemClock
from beffroi.capture.groups import Grouper
from beffroi.capture.intake import Run
from beffroi.capture.wallclock import WallClock
from beffroi.capture.writers import WriterPool
from beffroi.vault.check import CheckLevel, check
from beffroi.vault.journal import ActKind, Journal


@contextlib.contextmanager
def small_disk(at: Path, size_kib: int) -> Iterator[None]:
    """A disk of that size, mounted. Needs root: without it the test fails, it is never skipped."""
    at.mkdir(parents=True)
    mount = shutil.which("mount") or "mount"
    subprocess.run([mount, "-t", "tmpfs", "-o", f"size={size_kib}k", "none", str(at)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def causes(rec: RunningRecorder, camera: str) -> list[str]:
    return [
        entry.fields["cause"]
        for entry in rec.journal()
        if entry.kind is ActKind.GAP and entry.fields["camera"] == camera
    ]


def held_by_a_tracer(pid: int) -> bool:
    """Whether each thread of a process is traced."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
        return all("TracerPid:\t0\n" not in path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status"))
    return False


def findings(rec: RunningRecorder) -> list[object]:
    catalogue = rec.catalogue()
    try:
        return list(check(rec.paths.root, catalogue, level=CheckLevel.HASH))
    finally:
        catalogue.close()


def test_a_full_disk_is_a_gap_and_other_cameras_go_on(tmp_path: Path) -> None:
    with (
        simulated_cameras([CameraSpec("rue-1"), CameraSpec("rue-2")]) as sim,
        prepare_recorder(tmp_path, sim) as rec,
        small_disk(rec.paths.root / "streams" / "rue-1", 64),
    ):
        rec.start()
        wait_for(lambda: "disk_full" in rec.log, what="the disk to be full")
        before = rec.streams()["rue-2", "main"]["frames"]
        gap = wait_for(lambda: rec.streams()["rue-1", "main"].get("open_gap"), what="the gap to be told")
        assert gap[1] == "disk_full"
        assert [gap[2] for gap in rec.calendar("rue-1")["gaps"]][-1:] == ["disk_full"]
        subprocess.run(["mount", "-o", "remount,size=8m", str(rec.paths.root / "streams" / "rue-1")], check=True)
        wait_for(lambda: rec.streams()["rue-1", "main"].get("open_gap") is None, what="the recording to go on")
        assert rec.streams()["rue-2", "main"]["frames"] > before
        assert rec.streams()["rue-2", "main"]["worker_restarts"] == 0
        assert rec.stop() == 0
        assert "disk_full" in causes(rec, "rue-1")
        assert causes(rec, "rue-2") == []
        assert findings(rec) == []


def test_a_failed_fsync_ends_the_worker_which_looks_at_its_files_and_goes_on(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    assert strace is not None, "strace injects the fault: install it"
    with simulated_cameras([CameraSpec("rue-1")]) as sim, recorder(tmp_path, sim) as rec:
        rec.wait_recording("rue-1", frames=20)
        victim = rec.worker_pids()[0]
        tracer = subprocess.Popen(
            [strace, "-f", "-qq", "-e", "inject=fsync,fdatasync:error=EIO", "-e", "trace=fsync", "-p", str(victim)],
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(lambda: held_by_a_tracer(victim), what="strace to hold every thread of the worker")
            sim.fault("rue-1", "close")  # the file is closed: its footer is to be confirmed by the disk
            wait_for(lambda: rec.worker_pids() not in ([], [victim]), what="another worker")
        finally:
            tracer.terminate()
            tracer.wait()
        rec.wait_recording("rue-1", frames=20)
        assert '"error": "FsyncFailedError"' in rec.log
        assert rec.stop() == 0
    assert "recovery" in [entry.kind.value for entry in rec.journal()]
    assert findings(rec) == []
    record("fsync-error", seen="1 worker ended, 0 findings of check after its files were proven", runs=1, seed=None)


def test_a_disk_that_is_too_slow_loses_pictures_never_time_for_the_cameras() -> None:
    pool = WriterPool(1, stream_cap=1_000, total_cap=2_000)
    gate = threading.Event()
    written: list[str] = []

    def slow() -> None:
        gate.wait()
        written.append("first")

    assert pool.submit("a", 600, slow)
    assert pool.submit("a", 300, lambda: written.append("second"))
    assert not pool.submit("a", 600, lambda: written.append("never"))
    assert pool.submit("b", 900, lambda: written.append("third"))
    assert not pool.submit("b", 900, lambda: written.append("never"))
    pool.order("a", lambda: written.append("told"))
    assert not written, "nobody who hands in has waited for the disk: it still stands"
    assert pool.waiting_bytes() == 1_800
    gate.set()
    pool.close()
    assert written == ["first", "second", "third", "told"]
    assert pool.waiting_bytes() == 0


def test_a_disk_that_hangs_holds_up_no_other_disk() -> None:
    pool = WriterPool(1, stream_cap=1_000, total_cap=2_000)
    gate, written = threading.Event(), threading.Event()
    for stream in ("a", "b"):
        pool.place(stream, 1)
    pool.place("c", 2)
    assert pool.submit("a", 1_000, gate.wait)  # type: ignore[arg-type]  # what a task returns is not looked at
    assert pool.submit("b", 1_000, lambda: None)
    assert not pool.submit("b", 100, lambda: None), "their disk's share is used up"
    assert pool.submit("c", 1_000, written.set)
    assert written.wait(30), "in its own thread"
    gate.set()
    pool.close()
    assert pool.waiting_bytes() == 0


def test_a_writer_that_fails_unforeseen_is_not_passed_over() -> None:
    failed: list[BaseException] = []
    pool = WriterPool(1, on_failure=failed.append)

    def fails() -> None:
        raise ZeroDivisionError

    pool.order("a", fails)
    pool.close()
    assert [type(error) for error in failed] == [ZeroDivisionError]


def test_a_clock_found_earlier_than_the_last_act_records_on_trust_and_shouts(tmp_path: Path) -> None:
    with simulated_cameras([CameraSpec("rue-1")]) as sim, prepare_recorder(tmp_path, sim) as rec:
        rec.paths.prepare()
        now_us = SystemClock().wall_us()
        day_us = 86_400_000_000
        journal = Journal.open(rec.paths.journal)
        journal.append(ActKind.RECORDER_STARTED, {}, wall_us=now_us + 5 * day_us)
        journal.close()
        ended_us = now_us - day_us
        rec.write_sheet("rue-1", {"main": sim.url("rue-1")}, valid_from_us=ended_us - day_us, valid_until_us=ended_us)
        rec.start()
        rec.wait_recording("rue-1", frames=20)
        assert "the clock is in doubt" in rec.log
        assert rec.stop() == 0
    acts = {entry.kind: entry.fields for entry in rec.journal()}
    assert ActKind.CLOCK_DOUBT in acts
    assert acts[ActKind.SHEET_APPLIED]["on_trust"] is True


def test_a_group_that_ends_a_run_lasts_one_usual_interval() -> None:
    config, frames = clip("h264", count=50, gop=25)
    clock = WallClock()
    grouper = Grouper()
    grouper.begin(Run("00", config, clock))
    for frame in frames[:10]:
        grouper.add(frame, clock.observe(frame.dts_90k * 100 // 9, 1_000_000 + frame.dts_90k * 100 // 9))
    group = grouper.flush()
    assert group is not None
    assert (group.wall_us, group.end_us) == (1_000_000, 1_400_000)
    assert grouper.flush() is None
