"""A real disk that fills, under a real recorder: who gives way, how, and that all comes back."""

import os
import time
from pathlib import Path

from tests.support.cameras import CameraSpec, SimulatedCameras, simulated_cameras
from tests.support.disk import LoopDisk, loop_disk
from tests.support.faultmatrix import record
from tests.support.ports import busy, wait_for
from tests.support.recorder import RunningRecorder, prepare_recorder

from beffroi.domain.gaps import GapCause
from beffroi.vault.capacity import Disk
from beffroi.vault.check import CheckLevel, check
from beffroi.vault.journal import ActKind, JournalEntry
from beffroi.vault.sheet import WhenFull
from simulate.clips import tiny

EARLY = ("old-1", "old-2", "old-3")
OTHERS = ("mid-1", "top-1")
_SHORT_EASE = Path(__file__).parents[1] / "support" / "shortease"


def acts(rec: RunningRecorder, kind: ActKind, what: str = "") -> list[JournalEntry]:
    return [entry for entry in rec.journal() if entry.kind is kind and (not what or entry.fields["what"] == what)]


def fill(disk: LoopDisk, rec: RunningRecorder, *, deep: float) -> None:
    """Leave so much that the disk is that deep between its line (0) and its reserve (1)."""
    found = rec.ask("disk")
    disk.fill(leave=round(found["line"] - deep * (found["line"] - found["reserve"])))


def paused(rec: RunningRecorder) -> set[str]:
    found = rec.streams()
    return {camera for (camera, _), health in found.items() if health["cause"] == GapCause.DISK_FULL.value}


def closed_bytes(rec: RunningRecorder) -> int:
    catalogue = rec.catalogue()
    try:
        return sum(row.size for row in catalogue.all_chunks() if row.root and row.camera in EARLY)
    finally:
        catalogue.close()


def eased_after(seconds: float) -> dict[str, str]:
    """A recorder's environment in which cameras start again so soon after the disk has room."""
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_SHORT_EASE), os.environ.get("PYTHONPATH", "")])),
        "BEFFROI_TEST_EASE_S": str(seconds),
    }


def prepared(rec: RunningRecorder, urls: dict[str, str]) -> None:
    for camera in EARLY:
        rec.write_sheet(camera, {"main": urls[camera]}, priority=1, when_full=WhenFull.DESTROY_OLDEST)
    rec.write_sheet("mid-1", {"main": urls["mid-1"]}, priority=2)
    rec.write_sheet("top-1", {"main": urls["top-1"]}, priority=3)


def test_a_disk_that_fills_takes_from_the_lowest_priority_as_its_order_says(tmp_path: Path) -> None:
    rich = tiny("h264", 640, 360, gop=10)  # files that can be given are soon there
    cameras = [CameraSpec(name, clip=rich) for name in EARLY] + [CameraSpec(name) for name in OTHERS]
    with (
        loop_disk(tmp_path, size_mib=64) as disk,
        simulated_cameras(cameras) as sim,
        prepare_recorder(disk.at / "data", sim, environment=eased_after(3)) as rec,
    ):
        prepared(rec, {name: sim.url(name) for name in (*EARLY, *OTHERS)})
        rec.start()
        rec.wait_all(*EARLY, *OTHERS)
        started = [entry.fields["camera"] for entry in acts(rec, ActKind.SHEET_APPLIED)]
        assert len(started) == len(cameras)

        figures = rec.ask("disk")
        wanted = round(0.65 * (figures["line"] - figures["reserve"]))
        wait_closed(rec, sim, wanted)
        began_s = time.monotonic()
        fill(disk, rec, deep=0.02)
        wait_for(lambda: acts(rec, ActKind.ALARM, "disk_80"), timeout_s=10 * busy(), what="the alarm at 80 %")
        alarm_s = time.monotonic() - began_s
        wait_for(lambda: acts(rec, ActKind.ALARM, "destroyed_early"), what="room to be made")
        gone = acts(rec, ActKind.DESTRUCTION)
        assert gone
        assert {entry.fields["cause"] for entry in gone} == {"disk_full"}
        assert {entry.fields["camera"] for entry in gone} <= set(EARLY)
        assert [entry.fields["from_us"] for entry in gone] == sorted(entry.fields["from_us"] for entry in gone)
        assert not paused(rec), "whoever could give files goes on being recorded"

        def told() -> bool:
            count = sum(int(entry.fields["files"]) for entry in acts(rec, ActKind.ALARM, "destroyed_early"))
            return count == len(acts(rec, ActKind.DESTRUCTION))

        wait_for(told, what="each early destruction to be told")

        fill(disk, rec, deep=0.42)  # three of five give way until it is 0.6 deep
        wait_for(lambda: paused(rec) >= set(EARLY), what="the lowest priority to stop")
        rec.wait_all("top-1", frames=10)
        assert paused(rec) <= {*EARLY, "mid-1"}, "by priority: the next one too, at any look of a busy machine's guard"
        wait_for(lambda: acts(rec, ActKind.ALARM, "cameras_stopped_disk"), what="the act")

        fill(disk, rec, deep=1.0)
        wait_for(lambda: paused(rec) == {*EARLY, *OTHERS}, what="everyone to stop at the reserve")
        fill(disk, rec, deep=1.9)
        wait_for(lambda: acts(rec, ActKind.ALARM, "disk_90"), what="the alarm at 90 %")
        disk.fill(leave=2 << 20)
        wait_for(lambda: acts(rec, ActKind.ALARM, "disk_95"), what="the alarm at 95 %")
        assert Disk.read(disk.at).free > 1 << 20, "the reserve is left for catalogue and journal"

        (disk.at / "filler").unlink()
        rec.wait_all(*EARLY, *OTHERS)
        assert not paused(rec)
        cleared = [entry.fields["state"] for entry in acts(rec, ActKind.ALARM, "cameras_stopped_disk")]
        assert cleared[-1] == "cleared"
        assert rec.stop() == 0
        gaps = [entry.fields for entry in acts(rec, ActKind.GAP) if entry.fields["cause"] == "disk_full"]
        assert {gap["camera"] for gap in gaps} == {*EARLY, *OTHERS}
        assert {entry.fields["camera"] for entry in acts(rec, ActKind.DESTRUCTION)} <= set(EARLY)
        catalogue = rec.catalogue()
        assert list(check(rec.paths.root, catalogue, level=CheckLevel.HASH)) == []
        catalogue.close()
        record(
            "disk-full",
            seen=f"{len(gone)} files early, all of orders that say so; 0 others; first alarm after {alarm_s:.1f} s",
            runs=1,
            seed=None,
        )


def wait_closed(rec: RunningRecorder, sim: SimulatedCameras, wanted: int) -> None:
    """Until this much lies in closed files; sources are closed now and then so that files are."""

    def enough() -> bool:
        for camera in EARLY:
            sim.fault(camera, "close")
        time.sleep(2)  # a file of a second or two: what is awaited is footage
        return closed_bytes(rec) >= wanted

    wait_for(enough, timeout_s=120, what=lambda: f"{wanted} bytes in closed files; {closed_bytes(rec)} so far")


def test_a_camera_whose_minimum_does_not_fit_is_not_armed_and_the_others_are(tmp_path: Path) -> None:
    with (
        loop_disk(tmp_path, size_mib=64) as disk,
        simulated_cameras([CameraSpec("fits"), CameraSpec("large")]) as sim,
        prepare_recorder(disk.at / "data", sim) as rec,
    ):
        rec.write_sheet("large", {"main": sim.url("large")}, min_days=7)
        rec.start()
        rec.wait_recording("fits")
        refused = wait_for(lambda: acts(rec, ActKind.ALARM, "camera_refused_disk"), what="the refusal")
        assert refused[0].fields["camera"] == "large"
        assert "large n'est pas enregistrée" in refused[0].fields["text"]["fr"]
        wait_for(lambda: rec.ask("disk")["refused"] == ["large"], what="the guard to say so as well")
        assert rec.wait_state("large", "stopped")["cause"] == "disk_full"
        assert not rec.chunks("large")
        # Its order loses the minimum: it is armed, and stays so when the minimum comes back.
        rec.write_sheet("large", {"main": sim.url("large")})
        rec.wait_recording("large")
        rec.write_sheet("large", {"main": sim.url("large")}, min_days=7)
        rec.ask("reload")
        rec.wait_recording("large", frames=50)
        assert rec.ask("disk")["refused"] == []
        assert rec.stop() == 0
