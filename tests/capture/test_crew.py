"""The workers of a recorder when what must come before their restart fails."""

import asyncio
import configparser
import contextlib
import errno
import inspect
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.keys import key_world
from tests.support.sheets import good_sheet

from beffroi.base.clock import SystemClock
from beffroi.capture import crew as crew_module
from beffroi.capture import duties
from beffroi.capture.crew import Crew
from beffroi.capture.handle import StreamId, WorkerHandle
from beffroi.capture.health import StreamHealth, stream_row
from beffroi.capture.messages import Assignment, assignments_of
from beffroi.capture.paths import RecorderPaths
from beffroi.capture.supervisor import Supervisor
from beffroi.domain.ids import CameraId
from beffroi.vault.catalogueschema import CatalogueError
from beffroi.vault.journal import ActKind


@pytest.fixture
def paths(tmp_path: Path) -> RecorderPaths:
    """A recorder's folder whose workers live: they find the key that they believe."""
    key_world(tmp_path, SystemClock())
    found = RecorderPaths(tmp_path)
    found.prepare()
    return found


async def test_a_worker_whose_files_cannot_be_finished_is_shouted_and_tried_again(
    paths: RecorderPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew_module, "_AGAIN_S", 0.2)
    monkeypatch.setattr(duties, "_RETRY_S", 0.1)
    asked: list[Collection[StreamId]] = []
    shouted: list[str] = []

    def recover(streams: Collection[StreamId]) -> None:
        asked.append(streams)
        if len(asked) < 3:
            raise CatalogueError("database or disk is full")

    def post(kind: ActKind, fields: dict[str, Any]) -> None:
        shouted.append(f"{kind.value} {fields['what']}")

    crew = Crew(paths, recover=recover)
    crew.prepare(1)
    first = crew.figures()[0]["pid"]
    os.kill(round(first), signal.SIGKILL)
    watching = asyncio.create_task(duties.keep(crew.watch, post))
    try:
        async with asyncio.timeout(60):
            while crew.figures()[0]["pid"] in {0, first}:
                await asyncio.sleep(0.02)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await crew.stop()
    assert len(asked) == 3
    assert shouted == ["alarm duty_failed"] * 2


class HeldFiles:
    """Files whose finishing takes as long as a disk that hangs: the first of them, until it is let go."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.done = threading.Event()
        self._free = threading.Event()

    def recover(self, _: Collection[StreamId]) -> None:
        first = not self.asked.is_set()
        self.asked.set()
        if first:
            self._free.wait(120)
            self.done.set()

    def let_go(self) -> None:
        self._free.set()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def watched(crew: Crew, files: HeldFiles) -> AsyncIterator[asyncio.Task[None]]:
    watching = asyncio.create_task(crew.watch())
    try:
        yield watching
    finally:
        watching.cancel()
        files.let_go()
        await asyncio.gather(watching, return_exceptions=True)
        await crew.stop()


def pids(crew: Crew) -> list[int]:
    return [round(worker["pid"]) for worker in crew.figures()]


async def test_a_worker_whose_files_wait_for_their_disk_keeps_no_other_from_its_restart(paths: RecorderPaths) -> None:
    files = HeldFiles()
    crew = Crew(paths, recover=files.recover, cores=2)
    crew.prepare(2)
    first = pids(crew)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))  # as if many waited
    async with watched(crew, files):
        os.kill(first[0], signal.SIGKILL)
        await until(files.asked.is_set)
        async with asyncio.timeout(60):
            assert await asyncio.to_thread(lambda: "what answers the centre has its threads")
        os.kill(first[1], signal.SIGKILL)
        await until(lambda: pids(crew)[1] not in {0, first[1]})
        assert pids(crew)[0] == 0, "its files are not finished"
        files.let_go()
        await until(lambda: pids(crew)[0] not in {0, first[0]})
        assert [worker["restarts"] for worker in crew.figures()] == [1, 1]


async def test_a_stop_waits_for_files_that_are_being_finished_and_starts_no_worker_after_them(
    paths: RecorderPaths,
) -> None:
    files = HeldFiles()
    crew = Crew(paths, recover=files.recover)
    crew.prepare(1)
    async with watched(crew, files) as watching:
        os.kill(pids(crew)[0], signal.SIGKILL)
        await until(files.asked.is_set)
        watching.cancel()
        stopping = asyncio.create_task(crew.stop(60.0))
        await asyncio.wait([stopping], timeout=0.3)
        assert not stopping.done()
        files.let_go()
        assert await stopping
        assert files.done.is_set(), "what they are entered in is closed after this"
        assert pids(crew) == [0]


@pytest.mark.parametrize("fails", [False, True])
async def test_a_stop_that_leaves_unfinished_files_is_no_orderly_one(paths: RecorderPaths, fails: bool) -> None:
    files = HeldFiles()

    def recover(streams: Collection[StreamId]) -> None:
        files.recover(streams)
        if fails:
            raise CatalogueError("database or disk is full")

    crew = Crew(paths, recover=recover)
    crew.prepare(1)
    async with watched(crew, files) as watching:
        os.kill(pids(crew)[0], signal.SIGKILL)
        await until(files.asked.is_set)
        watching.cancel()
        if fails:
            files.let_go()
        assert not await crew.stop(60.0 if fails else 0.2)
        assert pids(crew) == [0]


async def test_a_stream_whose_worker_has_told_nothing_yet_is_shown_with_every_field(paths: RecorderPaths) -> None:
    sheet = good_sheet(SystemClock().wall_us())
    wanted = {(item.camera, item.stream): item for item in assignments_of(sheet, on_trust=False)}
    crew = Crew(paths, recover=lambda _: None)
    try:
        crew.assign(wanted)
        shown = crew.health()
    finally:
        await crew.stop()
    assert shown.keys() == wanted.keys()
    for key, row in shown.items():
        assert row.items() >= stream_row(key, StreamHealth()).items()


def wanted_of(*cameras: str) -> dict[StreamId, Assignment]:
    sheet = good_sheet(SystemClock().wall_us())
    (item, *_) = assignments_of(sheet, on_trust=False)
    return {(CameraId(one), item.stream): replace(item, camera=CameraId(one)) for one in cameras}


def refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the system starts no worker."""

    def start(_: WorkerHandle) -> None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(WorkerHandle, "start", start)


async def test_streams_whose_worker_could_not_be_started_are_assigned_when_it_can(
    paths: RecorderPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = Supervisor(paths)
    supervisor._wanted = wanted_of("cam-1", "cam-2")
    try:
        with monkeypatch.context() as full:
            refused(full)
            with pytest.raises(OSError, match="unavailable"):
                supervisor._assign()
        supervisor._assign()  # the sheets are read again, and say what they said
        assert supervisor._crew.health().keys() == supervisor._wanted.keys()
    finally:
        supervisor._end(await supervisor._crew.stop())


async def test_what_is_ordered_no_more_ends_also_when_a_worker_for_the_rest_cannot_be_started(
    paths: RecorderPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[int, set[StreamId]] = {}

    def tell(worker: WorkerHandle, *, started: bool = False) -> None:
        del started
        told[worker.number] = set(worker.streams)

    monkeypatch.setattr(WorkerHandle, "tell_streams", tell)
    monkeypatch.setattr(WorkerHandle, "start", lambda _: None)
    crew = Crew(paths, recover=lambda _: None, cores=1)
    every = wanted_of("cam-1", "cam-2", "cam-3", "cam-4")
    before, after = ({key: every[key] for key in every if key[0] != gone} for gone in ("cam-4", "cam-3"))
    crew.assign(before)
    assert told == {0: before.keys()}
    monkeypatch.setattr(crew_module, "MAX_STREAMS", 2)
    refused(monkeypatch)
    with pytest.raises(OSError, match="unavailable"):
        crew.assign(after)
    crew.assign(after)
    assert told == {0: before.keys() & after.keys(), 1: after.keys() - before.keys()}


def test_the_system_waits_for_an_orderly_stop() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(Path(__file__).parents[2] / "packaging/systemd/beffroi-recorder.service")
    longest_s = inspect.signature(Crew.stop).parameters["timeout_s"].default
    assert unit.getint("Service", "TimeoutStopSec") >= longest_s + 10, "or it is told as a kill"
