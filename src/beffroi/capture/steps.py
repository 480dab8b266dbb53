"""Arrival times that do not step: monotonic time, anchored to the wall clock when a run begins."""

from typing import Final

from beffroi.domain.clock import Clock

STEP_US: Final = 100_000
"""The wall clock was set to another time when it parts by this much from monotonic time. NTP's slewing moves both."""

_PAIR_S: Final = 0.001
_TRIES: Final = 5


class Anchor:
    """Wall time of one run, by monotonic time. A step of the machine's clock is seen, never followed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_us = self._measure() or clock.wall_us() - round(clock.monotonic_s() * 1e6)

    def now_us(self) -> int:
        """Wall time by the clock as it was when the run began."""
        return round(self._clock.monotonic_s() * 1e6) + self._offset_us

    def step_us(self) -> int:
        """By how much the wall clock was stepped since the anchor: 0 unless more than 100 ms."""
        offset = self._measure()
        if offset is None or abs(offset - self._offset_us) < STEP_US:
            return 0
        return offset - self._offset_us

    def _measure(self) -> int | None:
        """Wall minus monotonic, or None when this thread was interrupted between the two readings each time."""
        for _ in range(_TRIES):
            before_s = self._clock.monotonic_s()
            wall_us = self._clock.wall_us()
            after_s = self._clock.monotonic_s()
            if after_s - before_s <= _PAIR_S:
                return wall_us - round(before_s * 1e6)
        return None
