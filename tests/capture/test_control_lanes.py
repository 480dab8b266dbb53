"""What waits on the recorder's control socket keeps neither other requests nor the recorder's own duties waiting."""

import asyncio
import contextlib
import json
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from beffroi.capture.client import RecorderClient
from beffroi.capture.control import ControlServer
from beffroi.capture.lanes import BusyError, Lane


class Locked:
    """Methods that wait for a lock, as a hold does while another is copied; a ping does not."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.done: list[str] = []

    def call(self, method: str, _: dict[str, Any]) -> object:
        """Answer once the lock is free; a ping at once."""
        if method != "ping":
            with self.lock:
                self.done.append(method)
        return {"pong": 1, "entries": []}


@contextlib.asynccontextmanager
async def served(path: Path, methods: Locked) -> AsyncIterator[None]:
    server = ControlServer(methods)  # type: ignore[arg-type]  # the one method that it calls
    await server.start(path)
    methods.lock.acquire()
    try:
        yield
    finally:
        if methods.lock.locked():
            methods.lock.release()
        await server.stop()


async def asked(path: Path, method: str, count: int) -> list[asyncio.Task[dict[str, Any]]]:
    """So many who ask at once, each on a connection of their own; the answers, when they come."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(await reader.readline())
            return found
        finally:
            writer.close()

    answers = []
    for _ in range(count):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(json.dumps({"id": 1, "method": method, "params": {}}).encode() + b"\n")
        await writer.drain()
        answers.append(asyncio.create_task(answer(reader, writer)))
    return answers


THREADS = min(32, (os.cpu_count() or 1) + 4)
"""Of the pool that all would share."""


@pytest.mark.parametrize("method", ["hold", "hold_end", "read", "account"])
async def test_who_waits_for_a_hold_keeps_nobody_else_waiting(tmp_path: Path, method: str) -> None:
    methods = Locked()
    async with served(tmp_path / "s", methods):
        waiting = await asked(tmp_path / "s", method, THREADS)
        async with RecorderClient(tmp_path / "s", timeout_s=60) as client:
            assert await client.ping() == 1
        async with asyncio.timeout(60):
            assert await asyncio.to_thread(lambda: "a duty has its thread")
        assert not any(one.done() for one in waiting)
        methods.lock.release()
        assert all("result" in one for one in await asyncio.gather(*waiting))


async def test_requests_are_refused_with_a_sentence_before_they_pile_up(tmp_path: Path) -> None:
    methods = Locked()
    async with served(tmp_path / "s", methods):
        waiting = await asked(tmp_path / "s", "hold", 100)
        async with asyncio.timeout(60):
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        methods.lock.release()
        answers = await asyncio.gather(*waiting)
        (again,) = await asyncio.gather(*await asked(tmp_path / "s", "hold", 1))
    refused = [one["error"] for one in answers if "error" in one]
    assert refused == [{"kind": "broken", "text": BusyError().text.as_dict()}] * len(refused)
    assert len(refused) + len(methods.done) == 101
    assert 0 < len(refused) < 100
    assert "result" in again


async def test_a_request_that_waits_is_not_begun_once_nobody_wants_it() -> None:
    lane, go, begun = Lane("test", threads=1, waiting=1), threading.Event(), list[str]()

    def work(name: str) -> None:
        begun.append(name)
        assert go.wait(60)

    first = asyncio.create_task(lane.run(lambda: work("first")))
    second = asyncio.create_task(lane.run(lambda: work("second")))
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await lane.run(lambda: work("third"))
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    fourth = asyncio.create_task(lane.run(lambda: work("fourth")))
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(first, fourth)
    assert begun == ["first", "fourth"]
    lane.close()
