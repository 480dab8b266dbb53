"""The guard with a real catalogue and a disk whose room is counted: held files, and what is asked of whom."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.chunks import START_US, begin, feed
from tests.support.clips import clip, gops
from tests.support.sheets import good_sheet

from beffroi.capture.diskguard import DiskGuard
from beffroi.capture.paths import RecorderPaths
from beffroi.domain.clock import ManualClock
from beffroi.domain.ids import AuthorityId, CameraId
from beffroi.vault.capacity import Disk
from beffroi.vault.catalogue import Catalogue, ChunkRow
from beffroi.vault.chunkformat import CloseReason
from beffroi.vault.destruction import DestructionReport
from beffroi.vault.journal import ActKind
from beffroi.vault.sheet import WhenFull

OLD, TOP = CameraId("old"), CameraId("top")
HOUR_US = 3_600_000_000
SIZE = 1_000_000


class House:
    """Two cameras, six files each, a disk of a million bytes. ``held``: ids that may not go."""

    def __init__(self, folder: Path) -> None:
        self.paths = RecorderPaths(folder)
        self.paths.prepare()
        self.clock = ManualClock()
        self.catalogue = Catalogue.open(self.paths.catalogue)
        self.acts: list[dict[str, Any]] = []
        self.gone: list[ChunkRow] = []
        self.held: set[int] = set()
        self.free = SIZE // 2
        config, frames = clip("h264", count=50, gop=25)
        for number in range(6):
            for camera in (OLD, TOP):
                at_us = START_US + number * HOUR_US
                writer, _ = begin(self.paths.root, self.catalogue, config, wall_start_us=at_us, camera=camera)
                feed(writer, gops(frames))
                writer.close(CloseReason.ROTATED)
        self.guard = DiskGuard(
            self.paths,
            catalogue=self.catalogue,
            destroying=self,
            clock=self.clock,
            post=self._post,
            changed=lambda: None,
            read=lambda: Disk(SIZE, self.free),
        )
        now_us = self.clock.wall_us()
        of_files = {"authority": AuthorityId("maire/99001"), "term_days": 15}
        old = good_sheet(now_us, OLD, priority=1, when_full=WhenFull.DESTROY_OLDEST, **of_files)
        self.sheets = {OLD: old, TOP: good_sheet(now_us, TOP, priority=2, **of_files)}
        self.guard.follow(self.sheets)

    def once(self) -> DestructionReport:
        """Nothing is at its term."""
        return DestructionReport()

    def early(self, rows: Sequence[ChunkRow]) -> int:
        """Destroy what is not held."""
        going = [row for row in rows if row.id not in self.held]
        self.catalogue.mark_garbage([row.id for row in going])
        for row in going:
            self.catalogue.mark_destroyed(row.id, self.clock.wall_us())
            self.free += row.size
        self.gone += going
        return len(going)

    def rows(self, camera: CameraId) -> list[ChunkRow]:
        return [row for row in self.catalogue.all_chunks() if row.camera == camera]

    def want(self, files: float) -> None:
        """Fill the disk so that about this many files are wanted."""
        figures = self.guard.figures()
        margin = (figures["line"] - figures["reserve"]) // 4
        self.free = figures["line"] + margin - round(files * self.rows(OLD)[0].size)
        assert self.free < figures["line"], "a file must be larger than the margin"

    def whats(self) -> list[str]:
        return [act["what"] for act in self.acts]

    def _post(self, kind: ActKind, fields: dict[str, Any]) -> None:
        assert kind is ActKind.ALARM
        self.acts.append(fields)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def files_of_margin(house: House) -> float:
    figures = house.guard.figures()
    return float(figures["line"] - figures["reserve"]) / 4 / house.rows(OLD)[0].size


def test_the_oldest_of_who_may_give_go_and_no_more_than_is_wanted(house: House) -> None:
    wanted = files_of_margin(house) + 0.5
    oldest = house.rows(OLD)[: int(wanted) + 1]
    house.want(wanted)
    house.guard.look()
    assert [row.id for row in house.gone] == [row.id for row in oldest]
    assert not house.guard.paused()
    assert "destroyed_early" in house.whats()
    house.guard.look()
    assert len(house.gone) == len(oldest), "there is room again"


@pytest.mark.parametrize("held", [0, 1])
def test_a_held_file_stays_and_the_next_oldest_goes_in_its_place(house: House, held: int) -> None:
    wanted = files_of_margin(house) + 1.5
    count = int(wanted) + 1
    rows = house.rows(OLD)
    house.held = {rows[held].id}
    house.want(wanted)
    house.guard.look()
    free = [row.id for row in rows if row.id not in house.held]
    assert [row.id for row in house.gone] == free[:count], "one for one, and not one more"
    assert not house.guard.paused()


def test_when_all_are_held_somebody_stops(house: House) -> None:
    house.held = {row.id for row in house.rows(OLD)}
    house.want(files_of_margin(house) + 0.5)
    house.guard.look()
    assert house.gone == []
    assert house.guard.paused() == {OLD}
    assert "cameras_stopped_disk" in house.whats()


def test_footage_of_another_order_is_not_this_ones_to_give(house: House) -> None:
    house.guard.follow({**house.sheets, OLD: replace(house.sheets[OLD], term_days=30)})
    house.want(files_of_margin(house) + 0.5)
    house.guard.look()
    assert house.gone == [], "files of a term of 15 days"
    assert house.guard.paused() == {OLD}


def test_it_starts_again_with_room_and_not_at_once(house: House) -> None:
    house.held = {row.id for row in house.rows(OLD)}
    house.want(files_of_margin(house) + 0.5)
    house.guard.look()
    house.free = SIZE // 2
    house.guard.look()
    assert house.guard.paused() == {OLD}, "no chatter"
    house.clock.advance(21)
    house.guard.look()
    assert not house.guard.paused()
    assert [act["state"] for act in house.acts if act["what"] == "cameras_stopped_disk"] == ["raised", "cleared"]


def test_at_the_reserve_all_stop_and_alarms_follow_the_disk(house: House) -> None:
    house.held = {row.id for row in house.rows(OLD)}
    house.free = house.guard.figures()["reserve"] // 4
    house.guard.look()
    assert house.guard.paused() == {OLD, TOP}
    assert house.gone == []
    assert "disk_95" in house.whats()
    house.free = SIZE // 2
    house.clock.advance(21)
    house.guard.look()
    assert [act["state"] for act in house.acts if act["what"].startswith("disk_9")] == ["raised", "cleared"]
