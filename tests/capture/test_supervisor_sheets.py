"""What is ordered no more ends at once: it does not wait for the disk to be weighed, or freed, for the rest."""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.keys import key_world
from tests.support.sheets import good_sheet

from beffroi.base.clock import SystemClock
from beffroi.capture.handle import StreamId
from beffroi.capture.messages import Assignment, assignments_of
from beffroi.capture.paths import RecorderPaths
from beffroi.capture.supervisor import Supervisor
from beffroi.domain.ids import CameraId
from beffroi.vault.sheet import RecordingSheet


async def test_a_withdrawn_order_ends_while_the_disk_is_weighed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_world(tmp_path, SystemClock())
    supervisor = Supervisor(RecorderPaths(tmp_path))
    (item, *_) = assignments_of(good_sheet(SystemClock().wall_us()), on_trust=False)

    def ordered(name: str) -> dict[StreamId, Assignment]:
        return {(name, item.stream): replace(item, camera=CameraId(name))}

    one, two, new = ordered("cam-1"), ordered("cam-2"), ordered("cam-3")
    told: list[set[StreamId]] = []
    weighing, go = threading.Event(), threading.Event()

    def assign(wanted: Mapping[StreamId, Assignment]) -> None:
        told.append(set(wanted))

    def follow(_: Mapping[CameraId, RecordingSheet]) -> None:
        weighing.set()
        assert go.wait(60)

    monkeypatch.setattr(supervisor._crew, "assign", assign)
    supervisor._wanted = {**one, **two}
    supervisor._assign()
    monkeypatch.setattr(supervisor._sheets, "changed", lambda: not weighing.is_set())
    monkeypatch.setattr(supervisor._sheets, "read", lambda: {**one, **new})
    monkeypatch.setattr(supervisor._guard, "follow", follow)
    following = asyncio.create_task(supervisor._follow_sheets())
    try:
        assert await asyncio.to_thread(weighing.wait, 60)
        assert told == [{*one, *two}, {*one}], "and nothing new before it is weighed"
        go.set()
        async with asyncio.timeout(60):
            while len(told) < 3:
                await asyncio.sleep(0.01)
        assert told[2] == {*one, *new}
    finally:
        go.set()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        supervisor._end(await supervisor._crew.stop())
