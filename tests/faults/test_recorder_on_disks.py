"""The real recorder on real disks that hang, slow down, become read-only or are not there; another camera beside it on
another disk. BEFFROI_HANG_S=60 for the long hang.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from tests.support.cameras import CameraSpec, simulated_cameras
from tests.support.disk import LoopDisk, loop_disk, throttled
from tests.support.faultmatrix import record
from tests.support.ports import busy, wait_for
from tests.support.recorder import RunningRecorder, prepare_recorder

from beffroi.capture.writers import STREAM_CAP_BYTES
from beffroi.cli.benchclip import QUALITIES, bench_clip
from beffroi.domain.gaps import GapCause
from beffroi.vault.check import CheckLevel, check
from beffroi.vault.journal import ActKind
from simulate.clips import Encoder, cache_dir, made

HANG_S = float(os.environ.get("BEFFROI_HANG_S", "5"))
FAULTY, OTHER = "rue-1", "rue-2"
FPS, GOP = 25, 10
MIB = 1 << 20
SLACK_MIB = 16
"""What a worker may take besides what waits for the disk: the latest pictures for viewers, blocks half used."""


@contextmanager
def two_disks(
    tmp_path: Path, *, check_other: bool = True, clip: Path | None = None, size_mib: int = 64
) -> Iterator[tuple[RunningRecorder, LoopDisk]]:
    """A recorder of two cameras, each in its own worker; the files of one, which sends ``clip``, lie on a disk of their
    own."""
    data = tmp_path / "data"
    with (
        simulated_cameras([CameraSpec(FAULTY, clip=clip), CameraSpec(OTHER)]) as sim,
        prepare_recorder(data, sim, cores=2, more=("--flush-s", "1")) as rec,
        loop_disk(tmp_path / "image", size_mib=size_mib, at=rec.paths.root / "streams" / FAULTY) as disk,
    ):
        rec.start()
        rec.wait_all(FAULTY, OTHER, frames=25)
        yield rec, disk
        assert rec.stop() == 0, rec.log[-3000:]
        if check_other:
            assert other_is_untouched(rec) == 0
        whole(rec)


def rich_clip() -> Path:
    """Two seconds of fresh noise in each picture: 50 Mbit/s. The path of a cached file."""

    def make(draft: Path) -> None:
        width, height = 640, 480
        rng = np.random.default_rng(11)
        encoder = Encoder(draft, "h264", width, height, Fraction(FPS), gop=GOP, bframes=0, kbit_s=40_000)
        for _ in range(2 * FPS):
            picture = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
            picture[:height] = rng.integers(0, 256, (height, width), dtype=np.uint8)
            encoder.add(av.VideoFrame.from_ndarray(picture, format="yuv420p"))
        encoder.close()

    return made(cache_dir() / "noise-480p-40000-1.mp4", make)


def other_is_untouched(rec: RunningRecorder) -> int:
    """Gaps of the camera on the other disk."""
    return sum(entry.kind is ActKind.GAP and entry.fields["camera"] == OTHER for entry in rec.journal())


def on_disk(rec: RunningRecorder, camera: str) -> int:
    """Bytes of its files. One that is listed may be gone a moment later: it held no picture when a worker began."""
    size = 0
    for path in rec.chunks(camera):
        with contextlib.suppress(FileNotFoundError):
            size += path.stat().st_size
    return size


def grows(rec: RunningRecorder, camera: str, *, timeout_s: float = 60) -> None:
    """Until more of this camera is on disk than now."""
    before = on_disk(rec, camera)
    what = lambda: f"{camera} on disk; {rec.log[-2000:]}"  # noqa: E731  told when it fails
    wait_for(lambda: on_disk(rec, camera) > before, timeout_s=timeout_s, what=what)


def health(rec: RunningRecorder) -> dict[str, Any]:
    """Of the camera on the faulty disk."""
    return rec.streams()[FAULTY, "main"]


def keeps_up(rec: RunningRecorder) -> bool:
    """Whether three seconds go by in which nothing is dropped."""
    before = health(rec)["dropped_groups"]
    rec.wait_recording(FAULTY, frames=75)
    return bool(health(rec)["dropped_groups"] == before)


def pss_mib(rec: RunningRecorder, camera: str) -> float:
    """Memory of the worker of a camera."""
    pid = rec.streams()[camera, "main"]["pid"]
    line = next(x for x in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if x.startswith("Pss:"))
    return int(line.split()[1]) / 1024


def causes(rec: RunningRecorder) -> list[str]:
    """Causes of the gaps of the camera on the faulty disk."""
    gaps = [entry for entry in rec.journal() if entry.kind is ActKind.GAP and entry.fields["camera"] == FAULTY]
    return [entry.fields["cause"] for entry in gaps]


def whole(rec: RunningRecorder) -> None:
    """`vault check` finds nothing, at its full cost."""
    catalogue = rec.catalogue()
    try:
        assert check(rec.paths.root, catalogue, level=CheckLevel.HASH) == []
    finally:
        catalogue.close()


@pytest.mark.timeout(120 + 3 * HANG_S)
def test_a_disk_that_hangs_costs_no_picture_while_memory_holds_them(tmp_path: Path) -> None:
    with two_disks(tmp_path, clip=bench_clip(QUALITIES["main"])) as (rec, disk):
        with disk.frozen():
            began_s, before, before_mib, on_it = (
                time.monotonic(),
                health(rec),
                pss_mib(rec, FAULTY),
                on_disk(rec, FAULTY),
            )
            grows(rec, OTHER)
            wait_for(lambda: time.monotonic() - began_s > HANG_S, timeout_s=HANG_S + 5, what="the hang")
            came, hung_s = health(rec), time.monotonic() - began_s
            grew_mib, waiting_mib = pss_mib(rec, FAULTY) - before_mib, (came["bytes"] - before["bytes"]) / MIB
            assert came["state"] == "recording", "capture goes on"
            assert came["frames"] - before["frames"] > 12 * HANG_S / busy(), "and takes what is sent"
            assert on_disk(rec, FAULTY) == on_it, "all of it waits in memory"
            assert grew_mib < waiting_mib + SLACK_MIB
        grows(rec, FAULTY)
    assert causes(rec) == []
    assert len(rec.whole_calendar(FAULTY).recorded) == 1, "one stretch, nothing missing"
    room_s = STREAM_CAP_BYTES * 8 / 4e6
    seen = (
        f"hung {HANG_S:.0f} s at {waiting_mib * MIB * 8 / 1e6 / hung_s:.1f} Mbit/s: 0 pictures lost, "
        f"{grew_mib:.1f} MiB more for {waiting_mib:.1f} MiB that waited; "
        f"a stream of 4 Mbit/s has room for {room_s:.0f} s"
    )
    record("disk-hung", seen=seen, runs=1, seed=None)


def test_a_slow_disk_overruns_in_bounded_memory_as_a_told_gap_and_costs_the_others_nothing(tmp_path: Path) -> None:
    """A stream of 50 Mbit/s fills in ten seconds what one of 4 Mbit/s would fill in 100."""
    with two_disks(tmp_path, clip=rich_clip(), size_mib=1024) as (rec, disk):
        before_mib = pss_mib(rec, FAULTY)
        with throttled(disk, write_bps=512 << 10, pids=[health(rec)["pid"]]):
            grows(rec, OTHER)
            wait_for(
                lambda: health(rec)["dropped_groups"] > 1, timeout_s=100, what=lambda: f"an overrun; {health(rec)}"
            )
            grew_mib = pss_mib(rec, FAULTY) - before_mib
            assert health(rec)["state"] == "recording", "capture goes on"
            grows(rec, OTHER)
        assert grew_mib < STREAM_CAP_BYTES / MIB + SLACK_MIB
        wait_for(lambda: keeps_up(rec), timeout_s=100, what=lambda: f"recording without a loss; {health(rec)}")
        dropped = health(rec)["dropped_groups"]
        assert [item["worker_restarts"] for item in rec.streams().values()] == [0, 0]
    assert set(causes(rec)) == {"overrun"}
    told = [entry.fields for entry in rec.journal() if entry.kind is ActKind.ALARM]
    assert [one["camera"] for one in told if one["what"] == "overrun"] == [FAULTY] * len(causes(rec))
    calendar = rec.whole_calendar(FAULTY)
    missing_s = sum(gap.range.duration_s for gap in calendar.gaps if gap.cause is GapCause.OVERRUN)
    assert missing_s == pytest.approx(dropped * GOP / FPS, abs=0.1), "what was dropped is what is told, and no more"
    assert calendar.recorded[-1].from_us >= max(gap.range.to_us for gap in calendar.gaps), "recording goes on by itself"
    seen = (
        f"0.5 MiB/s for a stream of 50 Mbit/s: {missing_s:.1f} s in {len(causes(rec))} gap(s) overrun, "
        f"{grew_mib:.0f} MiB more, then recorded again; 0 gaps at the other camera, 0 workers restarted"
    )
    record("disk-slow", seen=seen, runs=1, seed=None)


def test_a_disk_that_becomes_read_only_is_a_gap_and_recording_comes_back_with_it(tmp_path: Path) -> None:
    with two_disks(tmp_path, check_other=False) as (rec, disk):
        disk.read_only()
        wait_for(lambda: "not recorded" in rec.log or "FsyncFailedError" in rec.log, timeout_s=60, what="the refusal")
        grows(rec, OTHER)
        gap = wait_for(lambda: rec.streams().get((FAULTY, "main"), {}).get("open_gap"), timeout_s=60, what="the gap")
        assert gap[1] in {"disk_error", "recorder_killed"}
        disk.replug(lazily=True)
        began_s = time.monotonic()
        grows(rec, FAULTY, timeout_s=30 * busy())
        back_s = time.monotonic() - began_s
        assert rec.streams()[OTHER, "main"]["worker_restarts"] == 0
        assert rec.stop() == 0
        assert set(causes(rec)) <= {"disk_error", "recorder_killed"}
        assert causes(rec)
        assert other_is_untouched(rec) == 0
        rec.start()  # what the read-only disk kept open is finished at a start
        assert rec.stop() == 0
    seen = f"gap {causes(rec)[0]}, 0 gaps at the other camera, recording {back_s:.1f} s after the disk was back"
    record("disk-read-only", seen=seen, runs=1, seed=None)


def test_a_recorder_without_its_disk_refuses_to_start_and_writes_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with (
        simulated_cameras([CameraSpec(FAULTY)]) as sim,
        prepare_recorder(data, sim) as rec,
        loop_disk(tmp_path / "image", size_mib=64, at=rec.paths.root / "streams") as disk,
    ):
        rec.start()
        rec.wait_recording(FAULTY, frames=25)
        assert rec.stop() == 0
        disk.unmount()
        with pytest.raises(RuntimeError, match="the recorder ended with"):
            rec.start()
        assert "is not mounted on" in rec.log or "n'est pas monté sur" in rec.log
        assert list((rec.paths.root / "streams").iterdir()) == [], "nothing on the mount point"
        rec.process = None
        disk.mount()
        rec.start()
        rec.wait_recording(FAULTY, frames=25)
        assert rec.stop() == 0
        whole(rec)
        record("wrong-disk", seen="refused with what to do, 0 files on the mount point", runs=1, seed=None)
