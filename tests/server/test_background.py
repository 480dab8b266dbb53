"""A background task runs until it is stopped; what it was doing has ended when `stop` returns; its death is told."""

import asyncio

import structlog
from structlog.typing import EventDict

from beffroi.base.background import Background


def of_one(told: list[EventDict]) -> list[EventDict]:
    """What is told of this file's task: the logs are the process's, in which another file's centre may still live."""
    return [event for event in told if event.get("task") == "one"]


async def test_it_runs_until_it_is_stopped() -> None:
    steps: list[str] = []

    async def run() -> None:
        try:
            steps.append("begun")
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            steps.append("ended")

    one = Background(run, "one")
    await one.stop()
    one.start()
    await asyncio.sleep(0)
    with structlog.testing.capture_logs() as told:
        await one.stop()
        await one.stop()
    assert (steps, of_one(told)) == (["begun", "ended"], [])


async def test_one_that_dies_is_told_and_can_still_be_stopped() -> None:
    async def run() -> None:
        raise OSError(5, "the disk refuses")

    one = Background(run, "one")
    with structlog.testing.capture_logs() as told:
        one.start()
        while not of_one(told):
            await asyncio.sleep(0)
        await one.stop()
    (event,) = of_one(told)
    assert event["log_level"] == "critical"
    assert isinstance(event["exc_info"], OSError)


async def test_one_that_dies_begins_again() -> None:
    """A database that was locked for a moment must not end a duty of the centre until somebody restarts it."""
    lives, on = 0, asyncio.Event()

    async def run() -> None:
        nonlocal lives
        lives += 1
        if lives == 1:
            raise OSError(5, "the disk refuses")
        if lives == 2:
            return  # it was meant to go on
        on.set()
        await asyncio.Event().wait()

    one = Background(run, "one", again_s=0.001)
    with structlog.testing.capture_logs() as told:
        one.start()
        await asyncio.wait_for(on.wait(), 60)
        await one.stop()
        assert len(of_one(told)) == 2
        await asyncio.sleep(0.01)
    assert lives == 3, "a stop is a stop"


async def test_one_that_fails_while_it_is_stopped_keeps_nothing_else_from_ending() -> None:
    async def run() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("at the end")

    one = Background(run, "one")
    one.start()
    await asyncio.sleep(0)
    with structlog.testing.capture_logs() as told:
        await one.stop()
        await asyncio.sleep(0)
    assert len(of_one(told)) == 1
