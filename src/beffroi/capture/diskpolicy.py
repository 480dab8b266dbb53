"""What gives way when the disk is full although everything past its term is gone. Pure: no disk, no clock.

Priority says who gives way, the order says how. Between the line (`Disk.line`) and the reserve, ever more cameras give
way, the lowest priority first; at the reserve, all. A camera whose order says so gives its oldest files; any other one
stops being recorded. Nothing whose order does not say so is ever destroyed before its term.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from beffroi.domain.ids import CameraId

ALARMS_PERCENT: Final = (80, 90, 95)
EASE_PERCENT: Final = 2.0
"""An alarm ends when the disk is this much below its threshold: no chatter at the edge."""

_EASE: Final = 0.25
"""Cameras start again when there is room beyond their own level by this part of the way from reserve to line."""


class Sized(Protocol):
    """A file that may be destroyed."""

    @property
    def size(self) -> int:
        """Bytes that its destruction frees."""
        ...


@dataclass(frozen=True, slots=True)
class Giver:
    """One camera. ``early``: its order says to destroy its oldest footage early, and sets no minimum."""

    camera: CameraId
    priority: int
    early: bool


@dataclass(frozen=True, slots=True)
class Relief:
    """What to do now: cameras that are not recorded, files to destroy before their term."""

    stop: frozenset[CameraId] = frozenset()
    destroy: Sequence[Sized] = field(default=())


def alarm_level(used_percent: float, before: int) -> int:
    """The alarm that stands, in percent (0: none), given the one that stood before."""
    raised = max([0, *(level for level in ALARMS_PERCENT if used_percent >= level)])
    if raised >= before:
        return raised
    held = [level for level in ALARMS_PERCENT if level <= before and used_percent > level - EASE_PERCENT]
    return max([raised, *held])


def depth(free: int, *, reserve: int, line: int, before: float, may_ease: bool) -> float:
    """How far into the zone between line and reserve the disk is, from 0 to 1; it eases only when there is room again
    beyond a margin, and ``may_ease`` (the last stop is not of this minute)."""
    into = (line - free) / max(1, line - reserve)
    now = min(1.0, max(0.0, into))
    if now >= before:
        return now
    return min(before, max(0.0, into + _EASE)) if may_ease else before


def missing(free: int, *, reserve: int, line: int) -> int:
    """Bytes to free so that nothing has to give way any longer, margin included."""
    return max(0, math.ceil(line + _EASE * max(1, line - reserve)) - free)


def relieve(
    givers: Collection[Giver],
    oldest: Callable[[Collection[CameraId], int], Sequence[Sized]],
    *,
    deep: float,
    wanted: int,
) -> Relief:
    """Who gives way, and how.

    Args:
        givers: every camera ordered to be recorded.
        oldest: the oldest files of these cameras that may be destroyed (closed, not held), oldest first, until
            they make up this many bytes or there are no more.
        deep: `depth`; 0: nobody gives way.
        wanted: bytes to free (`missing`).
    """
    ranked = sorted(givers, key=lambda giver: (giver.priority, giver.camera))
    count = math.ceil(deep * len(ranked))
    if not count:
        return Relief()
    reach = ranked[count - 1].priority
    giving = {giver.camera for giver in ranked if giver.early and giver.priority <= reach}
    files = oldest(giving, wanted) if giving else ()
    if files and sum(file.size for file in files) >= wanted:
        return Relief(destroy=files)
    return Relief(stop=frozenset(giver.camera for giver in ranked[:count]), destroy=files)
