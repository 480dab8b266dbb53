"""Media time of one run: timestamps unwrapped, counted from the run's first frame, and refused when they jump.

A camera's clock may wrap (RTP timestamps have 32 bits), repeat, go back or leap. A wrap is not an event; the others
end the run *before* the frame that jumps, so that no file carries a hole or a fold in its own time.
"""

from typing import Final

from beffroi.capture.ends import RunEnd

WRAP: Final = 1 << 32
LONGEST_STEP_90K: Final = 10 * 90_000


class TimelineBreakError(Exception):
    """The frame does not continue the run: a new run must begin with a later key frame."""

    def __init__(self, step_90k: int) -> None:
        super().__init__(f"media time stepped by {step_90k / 90_000:.3f} s")
        self.step_90k = step_90k
        self.end = RunEnd.TIMESTAMP


class Timeline:
    """Unwraps the timestamps of one run; the first frame's decoding time becomes 0."""

    def __init__(self) -> None:
        self._origin: int | None = None
        self._last = 0

    def place(self, dts: int, pts: int) -> tuple[int, int]:
        """Decoding and presentation time of a frame, in 90 kHz since the start of the run.

        Raises:
            TimelineBreakError: when decoding time stands still, goes back, or leaps by more than 10 s.
        """
        if self._origin is None:
            self._origin = dts
            self._last = 0
            return 0, pts - dts
        dts_90k = self._unwrap(dts - self._origin)
        step = dts_90k - self._last
        if step <= 0 or step > LONGEST_STEP_90K:
            raise TimelineBreakError(step)
        self._last = dts_90k
        return dts_90k, dts_90k + pts - dts

    def _unwrap(self, since_origin: int) -> int:
        turns = round((self._last - since_origin) / WRAP)
        return since_origin + turns * WRAP
