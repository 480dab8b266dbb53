"""The control socket's stop: no connection is left to itself, whatever it was about."""

import asyncio
import json
import socket
import threading
from pathlib import Path
from typing import Any

from beffroi.capture.control import ControlServer


class Slow:
    """Methods of which one waits for its word."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()

    def call(self, method: str, params: dict[str, Any]) -> object:
        """Answer at once, or when told."""
        if method == "slow":
            self.asked.set()
            assert self.go.wait(60)
        return params


def _request(method: str) -> bytes:
    return json.dumps({"id": 1, "method": method, "params": {}}).encode() + b"\n"


async def test_no_connection_outlives_the_stop(tmp_path: Path) -> None:
    """One that has asked nothing yet, one between two requests, one whose answer is not there."""
    before, methods, path = asyncio.all_tasks(), Slow(), tmp_path / "s"
    server = ControlServer(methods)  # type: ignore[arg-type]  # the one method that it calls
    await server.start(path)
    idle = [await asyncio.open_unix_connection(path) for _ in range(3)]
    idle[1][1].write(_request("quick"))
    assert json.loads(await idle[1][0].readline())["result"] == {}
    idle[2][1].write(_request("slow"))
    assert await asyncio.to_thread(methods.asked.wait, 60)
    try:
        await server.stop()
        left = [task for task in asyncio.all_tasks() - before if "ControlServer" in repr(task)]
        assert left == []
        for reader, _ in idle:
            assert await asyncio.wait_for(reader.read(), 60) == b"", "told that it is over"
    finally:
        methods.go.set()
        for _, writer in idle:
            writer.close()


async def test_a_connection_on_its_way_in_is_not_taken_after_the_stop(tmp_path: Path) -> None:
    """Stopped at each turn of the loop between a client's connection and its task."""
    before = asyncio.all_tasks()
    for turns in range(8):
        server = ControlServer(Slow())  # type: ignore[arg-type]  # nobody asks anything here
        await server.start(tmp_path / "s")
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(tmp_path / "s"))
            for _ in range(turns):
                await asyncio.sleep(0)
            await server.stop()
            for _ in range(8):
                await asyncio.sleep(0)
            assert [task for task in asyncio.all_tasks() - before if "ControlServer" in repr(task)] == [], turns


async def test_closed_it_still_answers_who_is_connected(tmp_path: Path) -> None:
    """The centre follows a recorder that takes its time to end."""
    server = ControlServer(Slow())  # type: ignore[arg-type]  # the one method that it calls
    await server.start(tmp_path / "s")
    reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
    writer.write(_request("quick"))
    await reader.readline()
    server.close()
    writer.write(_request("quick"))
    assert json.loads(await asyncio.wait_for(reader.readline(), 60))["result"] == {}
    await server.stop()
    assert await asyncio.wait_for(reader.read(), 60) == b""
    writer.close()


async def test_a_stop_without_a_start_does_nothing() -> None:
    await ControlServer(Slow()).stop()  # type: ignore[arg-type]  # nobody asks anything here
