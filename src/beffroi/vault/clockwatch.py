"""Whether the wall clock can be believed: within a boot against the steady clock, at a start against the last stamp.

In doubt nothing is destroyed for at most 24 hours in all (restarting does not renew them), while what is past its term
by *either* clock is refused to viewers. Two persons may settle it; after the 24 hours the rule decides. See
docs/design/time.md.
"""

import threading
from dataclasses import dataclass
from typing import Final

from beffroi.domain.clock import Clock
from beffroi.vault.clockstamp import Stamp, StampFile, boot_id

PAUSE_MAX_S: Final = 24 * 3600.0
"""Clock doubt pauses destruction for at most a day (docs/design/time.md)."""

DRIFT_PPM: Final = 500
STEP_TOLERANCE_US: Final = 5_000_000

ABSENCE_MAX_US: Final = 7 * 86_400_000_000
"""A start that finds the clock further than this past the last known instant may have found a clock set wrong."""

_SLIDE_S: Final = 600.0
_NOTE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Due:
    """Whether something is to be destroyed now, may still be seen, and whether the clock is in doubt."""

    due: bool
    doubtful: bool
    refuse: bool


class ClockWatch:
    """Compares the wall clock with what the steady clock says it should be, and counts how long they have disagreed.

    ``clock.monotonic_s`` should count suspended time too (`beffroi.base.clock.BootClock`). ``stamp`` keeps what is
    known across restarts; without one, or when it is new, ``last_wall_us`` (0: none) is the last instant known. For
    several threads.

    A step beyond 5 s is a doubt; so are smaller ones that add up to more than 500 ppm since watching began; so is, at
    the first start of a boot, a clock before the last known instant, or more than `ABSENCE_MAX_US` after it. The doubt
    ends when the clock is right again, or persons `settle` it.
    """

    def __init__(
        self, clock: Clock, *, last_wall_us: int = 0, stamp: StampFile | None = None, boot: str | None = None
    ) -> None:
        self._clock, self._file = clock, stamp
        self._boot = boot_id() if boot is None else boot
        self._lock = threading.RLock()
        self._spent_s = 0.0
        self._since_boot = False
        now_us, now_s = clock.wall_us(), clock.monotonic_s()
        self._asked_s = now_s
        self._noted: Stamp | None = None
        held = stamp.read() if stamp else None
        if held and held.boot == self._boot and self._boot and held.at_s <= now_s:
            self._anchor = held.known_us, held.at_s
            self._origin = held.origin_us, held.origin_s
            self._since_boot = held.since_boot
            self._spent_s = held.doubt_s + (now_s - held.at_s if held.doubtful else 0.0)
            self._was_doubtful = held.doubtful
        else:
            known_us = held.known_us if held else last_wall_us
            self._since_boot = bool(known_us) and not 0 <= now_us - known_us <= ABSENCE_MAX_US
            self._anchor = self._origin = (known_us if self._since_boot else now_us), now_s
            # Each start in doubt is charged a minute at least: starting again and again does not renew the day.
            self._spent_s = held.doubt_s + _NOTE_S if held and held.doubtful else 0.0
            self._was_doubtful = bool(held and held.doubtful)
        self.doubtful()

    def steady_us(self) -> int:
        """Wall time by the steady clock: the last believed instant plus what has elapsed since."""
        with self._lock:
            return self._since(self._anchor)

    def doubtful(self) -> bool:
        """Whether the two clocks disagree now by more than drift can explain."""
        with self._lock:
            now_us, now_s = self._clock.wall_us(), self._clock.monotonic_s()
            passed_s, self._asked_s = max(0.0, now_s - self._asked_s), now_s
            doubtful = self._disagree(now_us)
            if doubtful and self._was_doubtful:
                self._spent_s += passed_s
            if doubtful and self._since_boot and now_us > self._since(self._anchor) and self._spent_s >= PAUSE_MAX_S:
                doubtful = False  # absent for long, and nobody has said otherwise for a day: a term is a maximum
            if not doubtful:
                self._spent_s = 0.0
                if self._since_boot:
                    self._since_boot = False
                    self._anchor = self._origin = now_us, now_s
                elif now_s - self._anchor[1] >= _SLIDE_S:
                    self._anchor = now_us, now_s
            self._was_doubtful = doubtful
            return doubtful

    def doubt_s(self) -> float:
        """How long the clock has been in doubt, in seconds, over all restarts; 0 when it is not."""
        with self._lock:
            return self._spent_s if self.doubtful() else 0.0

    def settle(self) -> None:
        """Persons have settled it: the wall clock is right from now on."""
        with self._lock:
            self._anchor = self._origin = self._clock.wall_us(), self._clock.monotonic_s()
            self._since_boot = False
            self.doubtful()
            self.note(force=True)

    def note(self, *, force: bool = False) -> None:
        """Keep on disk what is known; meant to be called every few seconds, writes once a minute or when it changes.

        Raises:
            OSError, FsyncFailedError: the disk refuses.
        """
        with self._lock:
            doubtful, now_s = self.doubtful(), self._clock.monotonic_s()
            stamp = Stamp(
                self._boot, self._since(self._anchor), now_s, *self._origin, self._spent_s, doubtful, self._since_boot
            )
            last = self._noted
            if self._file is None or not (
                force or last is None or last.doubtful != doubtful or now_s - last.at_s >= _NOTE_S
            ):
                return
            self._file.write(stamp)
            self._noted = stamp

    def judge(self, end_us: int) -> Due:
        """Judge a term that ends at ``end_us``.

        No doubt: the wall clock decides. In doubt: nothing is destroyed for `PAUSE_MAX_S`, then the steady clock
        decides alone, since what is doubted is a step. What is past its term by either clock is refused at once.
        """
        with self._lock:
            doubtful = self.doubtful()
            by_wall, by_steady = self._clock.wall_us() >= end_us, self.steady_us() >= end_us
            if not doubtful:
                return Due(due=by_wall, doubtful=False, refuse=by_wall)
            paused = self._spent_s < PAUSE_MAX_S
            return Due(due=by_steady and not paused, doubtful=True, refuse=by_wall or by_steady)

    def latest_us(self) -> int:
        """The later of the two clocks: what is past its term by it is refused."""
        return max(self._clock.wall_us(), self.steady_us())

    def _since(self, anchor: tuple[int, float]) -> int:
        return anchor[0] + round((self._clock.monotonic_s() - anchor[1]) * 1_000_000)

    def _disagree(self, now_us: int) -> bool:
        if self._since_boot:
            ahead_us = now_us - self._since(self._anchor)
            return not -STEP_TOLERANCE_US <= ahead_us <= ABSENCE_MAX_US
        return self._off(self._anchor, now_us) or self._off(self._origin, now_us)

    def _off(self, anchor: tuple[int, float], now_us: int) -> bool:
        elapsed_us = self._since(anchor) - anchor[0]
        return abs(now_us - self._since(anchor)) > STEP_TOLERANCE_US + elapsed_us * DRIFT_PPM // 1_000_000
