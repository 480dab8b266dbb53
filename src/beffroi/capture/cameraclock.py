"""The camera's own clock, beside the recorder's: how far it is off, told when it matters, deciding nothing.

The offset is a median over the last key frames, so that one report out of line is nothing. Beyond a second an alarm is
raised, once, and ended once it is under 0.8 s again: a camera that hovers about a second is told once, not each minute.
"""

from enum import Enum
from statistics import median
from typing import Final

LIMIT_US: Final = 1_000_000
BACK_US: Final = 800_000
_KEPT: Final = 64
_LEAST: Final = 3
"""The first key frames of a run have a provisional wall time (a backlog at connection): no alarm on them."""


class Crossing(Enum):
    """What has just changed."""

    OFF = "off"
    RIGHT = "right"


class CameraClock:
    """The offset of one stream's camera over its runs: camera minus recorder. All times are microseconds."""

    def __init__(self) -> None:
        self._seen_us: list[int] = []
        self._off = False

    def begin(self) -> None:
        """A run begins: the wall time of its first pictures is provisional. An alarm that stands goes on standing."""
        self._seen_us.clear()

    @property
    def offset_us(self) -> int | None:
        """Camera minus recorder; None before the first sender report of the run."""
        return round(median(self._seen_us)) if self._seen_us else None

    def observe(self, offset_us: int) -> Crossing | None:
        """Take the offset of one key frame; the crossing that it makes, if any."""
        self._seen_us.append(offset_us)
        del self._seen_us[:-_KEPT]
        if len(self._seen_us) < _LEAST:
            return None
        away_us = abs(round(median(self._seen_us)))
        if not self._off and away_us > LIMIT_US:
            self._off = True
            return Crossing.OFF
        if self._off and away_us < BACK_US:
            self._off = False
            return Crossing.RIGHT
        return None
