"""Wall time of media time: when was this picture taken, by the recorder's clock?

A frame's arrival is late by a delay that is never negative: the least delayed frame tells the most. So, with ``e`` the
media time elapsed since the run began, the run's start is the *minimum* of ``arrival - e``. The method is described,
with its alternatives and its figures, in docs/design/time.md.

Pure: no clock is read here. All times are microseconds.
"""

from dataclasses import dataclass, field
from typing import Final

SETTLE_US: Final = 60_000_000
"""The first minute of a run: a better (earlier) start found then is taken over quickly."""

SETTLE_PPM: Final = 50_000
SLEW_PPM: Final = 500
WINDOW_US: Final = 20_000_000
"""Each window of media time gives one observation: its least delayed frame."""

DRIFT_US: Final = 5_000_000
"""Beyond this the camera's media time is not a clock any more: the run ends."""

EARLY_US: Final = 500_000
"""Once settled, a frame earlier than ever by this much was not sent faster: the camera's clock leapt."""


class DriftError(Exception):
    """Media time and wall time part by more than a network can explain."""

    def __init__(self, drift_us: int) -> None:
        super().__init__(f"media time drifted by {drift_us / 1e6:.1f} s")
        self.drift_us = drift_us


@dataclass(slots=True)
class WallClock:
    """Maps the media time of one run to wall time: monotonic, slewed, never stepped once fixed.

    Until `fix` (called when the first group of pictures is complete, before its first byte is written) the start is the
    running minimum. Afterwards the offset only slews: by at most 5 % during the first minute, 500 ppm later. Wall times
    of successive frames therefore always grow.

    ``not_before_us`` is the end of what this stream recorded earlier under the same clock: two runs never overlap.
    ``carried_us`` is the start that an earlier run of the same session gives this one (the recorder's clock was set in
    between): what was learnt of the delay is not lost, and a burst at that moment is not taken for the truth.
    """

    not_before_us: int | None = None
    carried_us: int | None = None
    _settled_us: int = field(init=False)
    _offset_us: int | None = None
    _fixed: bool = False
    _target_us: int = 0
    _window_end_us: int = WINDOW_US
    _window_min_us: int | None = None
    _last_elapsed_us: int = 0
    _credit: float = field(default=0.0)

    def __post_init__(self) -> None:
        self._settled_us = SETTLE_US if self.carried_us is None else 0

    def observe(self, elapsed_us: int, arrival_us: int) -> int:
        """Take one frame in decoding order and return its wall time.

        Args:
            elapsed_us: media time since the run's first frame.
            arrival_us: when its last packet was received, by a clock that does not step within the run.

        Raises:
            DriftError: arrival and media time part: late by more than 5 s for a whole window, or early by more than
                0.5 s (5 s in the first minute).
        """
        seen = arrival_us - elapsed_us
        offset_us = self._offset_us
        if offset_us is None:
            offset_us = seen if self.carried_us is None else min(seen, self.carried_us)
        if not self._fixed:
            self._offset_us = self._target_us = offset_us = min(offset_us, seen)
            self._last_elapsed_us = elapsed_us
            return offset_us + elapsed_us
        young = elapsed_us < self._settled_us
        if seen < offset_us - (DRIFT_US if young else EARLY_US):
            raise DriftError(seen - offset_us)
        if self._window_min_us is None or seen < self._window_min_us:
            self._window_min_us = seen
        self._target_us = min(self._target_us, seen)  # earlier than ever: at once
        if elapsed_us >= self._window_end_us:
            self._aim(elapsed_us, offset_us, self._window_min_us)
        room = (elapsed_us - self._last_elapsed_us) * (SETTLE_PPM if young else SLEW_PPM) / 1_000_000 + self._credit
        whole = int(room)
        self._last_elapsed_us, self._credit = elapsed_us, min(room - whole, 1.0)
        error_us = self._target_us - offset_us
        if error_us:
            offset_us = self._offset_us = offset_us + max(-whole, min(whole, error_us))
        return offset_us + elapsed_us

    def at(self, elapsed_us: int) -> int | None:
        """The wall time of a media time by what is known now; None before the first picture."""
        return None if self._offset_us is None else self._offset_us + elapsed_us

    def fix(self) -> int:
        """The wall time of the run's start: from now on the offset slews only."""
        if self._offset_us is None:
            raise ValueError("no frame was observed")
        if self.not_before_us is not None and 0 < self.not_before_us - self._offset_us < DRIFT_US:
            self._offset_us = self.not_before_us  # further apart, the clock was set back meanwhile: not ours to hide
        self._fixed = True
        self._window_end_us = self._last_elapsed_us + WINDOW_US
        return self._offset_us

    def _aim(self, elapsed_us: int, offset_us: int, least_us: int) -> None:
        """A window is over: its least delayed frame is, once settled, what the offset slews to."""
        self._window_min_us = None
        self._window_end_us = elapsed_us + WINDOW_US
        if least_us > offset_us + DRIFT_US:
            raise DriftError(least_us - offset_us)
        if elapsed_us >= self._settled_us:
            self._target_us = least_us
