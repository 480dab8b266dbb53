"""Frames gathered into groups of pictures, the unit that is written. No copy: the frames are those of the live ring.

A longer group is written in parts, cut where the file's fragments are: a crash loses no more than one of them.
"""

from dataclasses import dataclass
from typing import Final

from beffroi.capture.intake import Run
from beffroi.media.frame import Frame
from beffroi.vault.chunk import MAX_FRAGMENT_90K, MAX_FRAGMENT_BYTES

HOLE_90K: Final = 90_000
"""Pictures further apart than this, and than three usual intervals, leave a gap between them."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Frames of one run to be written at once.

    ``wall_us`` is the wall time of the first frame, ``end_us`` the end of the last. ``next_dts_90k`` is the decoding
    time of the frame that follows without a hole, when it is known.
    """

    run: Run
    frames: list[Frame]
    wall_us: int
    end_us: int
    next_dts_90k: int | None
    size: int

    @property
    def key(self) -> bool:
        """Whether decoding may start here; False for the later parts of a long group."""
        return self.frames[0].key


class Grouper:
    """Builds the groups of one stream. `add` gives the group that the new frame completes, if any."""

    def __init__(self) -> None:
        self._run: Run | None = None
        self._fixed = False
        self._first_pts_90k: int | None = None
        self._frames: list[Frame] = []
        self._first_us = 0
        self._last_us = 0
        self._size = 0
        self._interval_90k = 3600

    def begin(self, run: Run) -> None:
        """A run begins."""
        self._run = run
        self._fixed = False
        self._first_pts_90k = None
        self._clear()

    def add(self, frame: Frame, wall_us: int) -> Group | None:
        """Take a frame; when it begins a new group, return the one before."""
        done = None
        if self._first_pts_90k is None:
            self._first_pts_90k = frame.pts_90k
        if self._frames:
            end_us = self._last_us + self._interval_90k * 100 // 9
            hole = self._is_hole(frame)
            whole = frame.key or self._size + len(frame.data) > MAX_FRAGMENT_BYTES
            if hole:
                moved_us = -self._last_us
                wall_us = self._fix(frame, wall_us)
                moved_us += self._last_us
                done = self._group(end_us + moved_us, None)
            elif whole or frame.dts_90k - self._frames[0].dts_90k >= MAX_FRAGMENT_90K:
                wall_us = self._fix(frame, wall_us)
                done = self._group(wall_us, frame.dts_90k)
        if not self._frames:
            self._first_us = wall_us
        self._frames.append(frame)
        self._size += len(frame.data)
        self._last_us = max(wall_us, self._last_us) if len(self._frames) > 1 else wall_us
        return done

    def flush(self) -> Group | None:
        """The run ended: what is left of it, the last frame lasting one usual interval."""
        if not self._frames or self._run is None:
            self._run = None
            return None
        self._fix(self._frames[-1], self._last_us)
        group = self._group(self._last_us + self._interval_90k * 100 // 9, None)
        self._run = None
        return group

    def _is_hole(self, frame: Frame) -> bool:
        step = frame.dts_90k - self._frames[-1].dts_90k
        if step > max(HOLE_90K, 3 * self._interval_90k):
            self._interval_90k = min(step, 2 * self._interval_90k)  # a very slow camera is learnt, not cut for ever
            return True
        self._interval_90k = step
        return False

    def _fix(self, frame: Frame, wall_us: int) -> int:
        """Settle the run's start before its first byte is written; returns the frame's wall time by it."""
        assert self._run is not None  # noqa: S101  frames exist, hence a run
        if self._fixed:
            return wall_us
        self._fixed = True
        start_us = self._run.clock.fix()
        first_90k = self._first_pts_90k or 0
        self._first_us = start_us + (self._frames[0].pts_90k - first_90k) * 100 // 9
        self._last_us = start_us + (max(held.pts_90k for held in self._frames) - first_90k) * 100 // 9
        return start_us + (frame.pts_90k - first_90k) * 100 // 9

    def _group(self, end_us: int, next_dts_90k: int | None) -> Group:
        assert self._run is not None  # noqa: S101  frames exist, hence a run
        group = Group(self._run, self._frames, self._first_us, end_us, next_dts_90k, self._size)
        self._clear()
        return group

    def _clear(self) -> None:
        self._frames = []
        self._size = 0
