"""How a task is brought to its end."""

import asyncio
from typing import Any


async def bring_to_end(*tasks: "asyncio.Task[Any]", within_s: float | None = None) -> bool:
    """Cancel them and wait until they have ended, whatever they end with; for ``within_s`` seconds at most.

    Who is cancelled while it waits here learns it: with ``suppress(CancelledError)`` around ``await task`` the two
    could not be told apart, and who was to end went on. Returns whether all have ended.
    """
    for task in tasks:
        task.cancel()
    if not tasks:
        return True
    ended, going_on = await asyncio.wait(tasks, timeout=within_s)
    for task in ended:
        if not task.cancelled():
            task.exception()  # seen: the loop does not warn of it
    return not going_on
