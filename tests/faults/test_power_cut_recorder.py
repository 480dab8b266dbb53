"""The power goes while the real recorder records real streams. BEFFROI_RECORDER_CUTS=100 for the long run."""

import contextlib
import os
import time
from pathlib import Path
from random import Random

import pytest
from tests.capture.conftest import loop_digests, picture_digest
from tests.support.cameras import CameraSpec, SimulatedCameras, simulated_cameras
from tests.support.disk import LoopDisk, loop_disk
from tests.support.faultmatrix import record, run_seed, seeds
from tests.support.ports import busy, wait_for
from tests.support.recorder import RunningRecorder, prepare_recorder

from beffroi.base.clock import SystemClock
from beffroi.cli.benchproc import family
from beffroi.vault.catalogue import ChunkState
from beffroi.vault.check import CheckLevel, check
from beffroi.vault.reader import ChunkReader
from beffroi.vault.recover import recover

CUTS = int(os.environ.get("BEFFROI_RECORDER_CUTS", "2"))
FLUSH_S = 2
GOP_S = 0.4
SLACK_S = 1.0
"""Pictures on their way, and a writer that waits for its turn on a busy machine."""

AGAIN_S = 5.0
CAMERAS = ("rue-1", "rue-2", "rue-3")


@pytest.mark.timeout(120 + 30 * CUTS)
def test_a_power_cut_costs_a_recorder_the_flush_interval_and_no_more(tmp_path: Path) -> None:
    again_s: list[float] = []
    cpu_s: list[float] = []
    cuts_us: list[int] = []
    with (
        simulated_cameras([CameraSpec(name) for name in CAMERAS]) as sim,
        loop_disk(tmp_path / "image", size_mib=256) as disk,
        prepare_recorder(disk.at / "data", sim, cores=2, more=("--flush-s", str(FLUSH_S))) as rec,
    ):
        os.sync()  # its keys and sheets were not put there this instant
        start(rec)
        for seed in seeds("power-cut-recorder", CUTS):
            time.sleep(FLUSH_S + Random(seed).uniform(0.0, 4.0))  # noqa: S311  choice of cases
            cuts_us.append(cut(rec, disk))
            again_s.append(start(rec))
            cpu_s.append(processor_s(rec))
            assert again_s[-1] <= AGAIN_S * busy(), f"{cpu_s[-1]:.1f} s of processor; {rec.log[-2000:]}"
        rec.wait_all(*CAMERAS, frames=10)
        assert rec.stop() == 0
        lost_s = [lost_of(rec, at_us) for at_us in cuts_us]
        assert max(lost_s) <= FLUSH_S + GOP_S + SLACK_S * busy()
        pictures = every_picture_is_one_that_was_sent(rec, sim)
        explained(rec)
    seen = (
        f"≤ {max(lost_s):.1f} s lost of {len(CAMERAS)} cameras (flush {FLUSH_S} s), {pictures} pictures all as sent, "
        f"pictures on disk ≤ {max(again_s):.1f} s after the start that followed a cut ({max(cpu_s):.1f} s of "
        f"processor, load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores)"
    )
    record("power-cut-recorder", seen=seen, runs=len(lost_s), seed=run_seed())


def start(rec: RunningRecorder) -> float:
    """Seconds until new pictures of every camera are on disk."""
    kept = {path for camera in CAMERAS for path in rec.chunks(camera)}
    began_s = time.monotonic()
    rec.start()
    wait_for(
        lambda: all(has_pictures(rec, camera, kept) for camera in CAMERAS),
        timeout_s=60,
        what=lambda: f"pictures on disk; {rec.log[-2000:]}",
    )
    return time.monotonic() - began_s


def has_pictures(rec: RunningRecorder, camera: str, kept: set[Path]) -> bool:
    """Whether a file that was not there before holds a group of pictures."""
    return any(b"moof" in path.read_bytes() for path in rec.chunks(camera) if path not in kept)


def processor_s(rec: RunningRecorder) -> float:
    """What the recorder's processes have worked since they began, threads that ended included."""
    assert rec.process is not None
    ticks = 0
    for pid in family(rec.process.pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended since it was listed
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def cut(rec: RunningRecorder, disk: LoopDisk) -> int:
    """Cut, kill what is left, plug in again: when it was cut. What is left is the next start's to finish."""
    at_us = SystemClock().wall_us()
    disk.cut()
    rec.kill()
    disk.replug()
    return at_us


def lost_of(rec: RunningRecorder, cut_us: int) -> float:
    """The seconds of video lost by the camera that lost most at a cut."""
    catalogue = rec.catalogue()
    try:
        rows = [row for row in catalogue.all_chunks() if row.wall_start_us < cut_us]
    finally:
        catalogue.close()
    return max(cut_us - max(row.wall_end_us for row in rows if row.camera == camera) for camera in CAMERAS) / 1e6


def every_picture_is_one_that_was_sent(rec: RunningRecorder, sim: SimulatedCameras) -> int:
    """Each stored picture, opened, is one of the camera's loop. How many."""
    count = 0
    for camera in CAMERAS:
        sent = set(loop_digests(sim.cameras[camera].main))
        got = [picture_digest("h264", frame.data) for _, frame in rec.frames(camera)]
        assert set(got) <= sent
        count += len(got)
    return count


def explained(rec: RunningRecorder) -> None:
    """Every file is closed in the catalogue with the root that it has, check is clean, a recovery finds nothing more to
    do; every hole of the calendar has a cause."""
    catalogue = rec.catalogue()
    try:
        assert check(rec.paths.root, catalogue, level=CheckLevel.HASH) == []
        assert recover(rec.paths.root, catalogue) == []
        for row in catalogue.all_chunks():
            assert row.state is ChunkState.CLOSED
            with ChunkReader.open(rec.paths.root / row.path) as reader:
                assert reader.footer is not None
                assert reader.footer.root == row.root
    finally:
        catalogue.close()
    for camera in CAMERAS:
        calendar = rec.whole_calendar(camera)
        assert {gap.cause.value for gap in calendar.gaps} <= {"recorder_killed", "recorder_stopped"}
