"""The machine's clock."""

import time


class SystemClock:
    """Wall and monotonic time of this machine."""

    def wall_us(self) -> int:
        return time.time_ns() // 1000

    def monotonic_s(self) -> float:
        return time.monotonic()


class BootClock(SystemClock):
    """The same, its steady time counting the time the machine was suspended (CLOCK_BOOTTIME): for ages and terms.
    CLOCK_MONOTONIC stands still in a suspended machine, and each wake-up would look like a step of the wall clock."""

    def monotonic_s(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)
