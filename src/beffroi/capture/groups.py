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
        done, frames = None, self._frames
        self._size += len(frame.data)
        if frames:
            step_90k, usual_90k = frame.dts_90k - frames[-1].dts_90k, self._interval_90k
            if step_90k > HOLE_90K and step_90k > 3 * usual_90k:
                self._interval_90k = min(step_90k, 2 * usual_90k)  # a very slow camera is learnt, not cut for ever
                end_us = usual_90k * 100 // 9
                wall_us = self._fix(frame, wall_us)
                done = self._group(self._last_us + end_us, None, frame)
            else:
                self._interval_90k = step_90k
                long = frame.dts_90k - frames[0].dts_90k >= MAX_FRAGMENT_90K
                if not (long or frame.key or self._size > MAX_FRAGMENT_BYTES):
                    frames.append(frame)
                    self._last_us = max(self._last_us, wall_us)
                    return None
                wall_us = self._fix(frame, wall_us)
                done = self._group(wall_us, frame.dts_90k, frame)
        elif self._first_pts_90k is None:
            self._first_pts_90k = frame.pts_90k
        self._frames.append(frame)
        self._first_us = self._last_us = wall_us
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

    def _group(self, end_us: int, next_dts_90k: int | None, following: Frame | None = None) -> Group:
        assert self._run is not None  # noqa: S101  frames exist, hence a run
        rest = len(following.data) if following is not None else 0
        group = Group(self._run, self._frames, self._first_us, end_us, next_dts_90k, self._size - rest)
        self._frames, self._size = [], rest
        return group

    def _clear(self) -> None:
        self._frames, self._size = [], 0
