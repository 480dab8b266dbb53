"""The one timer of the simulator: wakes at the next due frame and sends all that is due."""

import asyncio
import heapq
import time
from collections.abc import Callable, Iterable
from typing import Final

from simulate.feed import Feed

WallClock = Callable[[], int]
_TOO_LATE_US: Final = 2_000_000


def steady_wall_clock() -> WallClock:
    """Wall time in microseconds, read once and carried by the monotonic clock: a camera does not jump with NTP."""
    origin_us, origin_ns = time.time_ns() // 1000, time.monotonic_ns()
    return lambda: origin_us + (time.monotonic_ns() - origin_ns) // 1000


async def pace(feeds: Iterable[Feed], now_us: WallClock) -> None:
    """Send every frame of every feed at its time, until cancelled.

    A frame late by more than 2 s (the process was stopped) is not sent: the stream goes on at the present frame.
    """
    due: list[tuple[int, int, int, Feed]] = []
    for order, feed in enumerate(feeds):
        number = feed.number_at(now_us()) + 1
        heapq.heappush(due, (feed.due_us(number), order, number, feed))
    while due:
        wait_us = due[0][0] - now_us()
        if wait_us > 0:
            await asyncio.sleep(wait_us / 1_000_000)
            continue
        _, order, number, feed = due[0]
        wall_us = now_us()
        feed.emit(number, wall_us)
        following = number + 1
        if wall_us - feed.due_us(following) > _TOO_LATE_US:
            following = feed.number_at(wall_us) + 1
        heapq.heapreplace(due, (feed.due_us(following), order, following, feed))
        if wait_us < -100_000:
            await asyncio.sleep(0)  # catching up: let requests be answered all the same
