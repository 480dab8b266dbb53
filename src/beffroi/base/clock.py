"""The machine's clock."""

import time


class SystemClock:
    """Wall and monotonic time of this machine."""

    def wall_us(self) -> int:
        return time.time_ns() // 1000

    def monotonic_s(self) -> float:
        return time.monotonic()
