"""Waiting for a recorder in front of somebody: whoever waits is told so again and again, also while nothing answers."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from beffroi.base.ending import bring_to_end

T = TypeVar("T")

SAID_EACH_S: Final = 5.0
"""A console that hears nothing for twenty seconds takes its link for dead and asks for the view anew: one more act."""


async def patiently(
    work: Coroutine[Any, Any, T], say: Callable[[], Awaitable[None]], *, each_s: float = SAID_EACH_S
) -> T:
    """What ``work`` gives; ``say`` is awaited each ``each_s`` seconds until then."""
    task = asyncio.create_task(work)
    try:
        while not (await asyncio.wait({task}, timeout=each_s))[0]:
            await say()
        return task.result()
    finally:
        await bring_to_end(task)
