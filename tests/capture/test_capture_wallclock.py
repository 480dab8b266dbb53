"""Laws of the wall clock, on a simulated one: within 100 ms, always forward, no overlap between runs."""

import itertools
import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beffroi.capture.wallclock import DriftError, WallClock

START_US = 1_772_000_000_000_000
BASE_DELAY_US = 20_000
LIMIT_US = 100_000


@dataclass
class Camera:
    """Sends a frame each ``interval_us`` of true time; its media clock is ``ppm`` fast."""

    ppm: float = 0.0
    interval_us: int = 500_000
    jitter_us: int = 30_000
    backlog_us: int = 0
    burst_us: int = 0
    seed: int = 0

    def frames(self, duration_us: int) -> list[tuple[int, int, int]]:
        """(true time, media elapsed, arrival) of each frame, in microseconds since the start."""
        rng = random.Random(self.seed)  # noqa: S311  a simulation
        out, last = [], 0
        for number in range(duration_us // self.interval_us):
            true = number * self.interval_us
            arrival = true + BASE_DELAY_US + round(rng.expovariate(1 / self.jitter_us)) if self.jitter_us else true
            if self.burst_us and (true // 10_000_000) % 3 == 1:
                arrival = max(arrival, (true // self.burst_us + 1) * self.burst_us)
            arrival = max(arrival, self.backlog_us, last)  # TCP keeps the order
            last = arrival
            out.append((true, round(true * (1 + self.ppm / 1e6)), arrival))
        return out


def errors_us(camera: Camera, duration_us: int, *, fix_after_us: int = 2_000_000) -> list[int]:
    """Error of each frame's wall time after the start was fixed, checking that time goes forward."""
    clock, fixed, last, errors = WallClock(), False, 0, []
    for true, elapsed, arrival in camera.frames(duration_us):
        wall = clock.observe(elapsed, START_US + arrival)
        if not fixed and elapsed >= fix_after_us:
            wall = clock.fix() + elapsed
            fixed = True
        if fixed:
            assert wall > last
            last = wall
            errors.append(wall - (START_US + true + BASE_DELAY_US))
    return errors


@settings(max_examples=12, deadline=None)
@given(
    ppm=st.floats(-200, 200),
    jitter_us=st.integers(1, 60_000),
    backlog_us=st.sampled_from([0, 500_000, 2_000_000]),
    burst_us=st.sampled_from([0, 1_000_000, 3_000_000]),
    seed=st.integers(0, 1 << 30),
)
def test_four_hours_stay_within_a_tenth_of_a_second(
    ppm: float, jitter_us: int, backlog_us: int, burst_us: int, seed: int
) -> None:
    camera = Camera(ppm, 500_000, jitter_us, backlog_us, burst_us, seed)
    errors = errors_us(camera, 4 * 3600 * 1_000_000)
    settled = [abs(error) for error in errors[240:]]  # after two minutes of two frames a second
    assert max(settled) < LIMIT_US


def test_two_seconds_of_backlog_do_not_move_the_start() -> None:
    errors = errors_us(Camera(interval_us=40_000, jitter_us=5_000, backlog_us=1_900_000), 30_000_000)
    assert max(map(abs, errors)) < LIMIT_US


def test_a_congested_start_is_made_good_within_the_first_minute_without_a_step() -> None:
    clock, walls = WallClock(), []
    for number in range(2_000):
        elapsed = number * 40_000
        delay = 1_500_000 if elapsed < 10_000_000 else 0  # the network is late for ten seconds
        wall = clock.observe(elapsed, START_US + elapsed + delay)
        if number == 50:
            clock.fix()
        if number > 50:
            walls.append((elapsed, wall))
    steps = [after[1] - before[1] for before, after in itertools.pairwise(walls)]
    assert min(steps) >= 40_000 * 95 // 100
    assert max(steps) <= 40_000 * 105 // 100
    assert abs(walls[-1][1] - (START_US + walls[-1][0])) < 10_000


def test_after_the_first_minute_the_slew_is_at_most_500_ppm() -> None:
    clock, last, worst = WallClock(), None, 0.0
    for number in range(20_000):
        elapsed = number * 40_000
        wall = clock.observe(elapsed, START_US + round(elapsed * (1 + 400e-6)))
        if number == 50:
            clock.fix()
        if last is not None and elapsed > 62_000_000:
            worst = max(worst, abs(wall - last - 40_000) / 40_000)
        last = wall
    assert 300e-6 < worst <= 501e-6


def test_a_stall_followed_by_a_burst_is_not_drift() -> None:
    clock = WallClock()
    for number in range(3_000):
        elapsed = number * 40_000
        held = 70_000_000 < elapsed < 78_000_000
        wall = clock.observe(elapsed, START_US + (78_000_000 if held else elapsed))
        if number == 50:
            clock.fix()
    assert abs(wall - (START_US + elapsed)) < LIMIT_US


def test_a_camera_clock_that_leaps_after_settling_ends_the_run() -> None:
    clock = WallClock()
    clock.observe(0, START_US)
    clock.fix()
    for number in range(1, 2_000):
        clock.observe(number * 40_000, START_US + number * 40_000)
    with pytest.raises(DriftError):
        clock.observe(2_000 * 40_000 + 3_000_000, START_US + 2_000 * 40_000)


def test_media_time_that_falls_behind_by_more_than_five_seconds_ends_the_run() -> None:
    clock = WallClock()
    clock.observe(0, START_US)
    clock.fix()

    def three_percent_slow() -> None:
        for number in range(1, 20_000):
            clock.observe(number * 40_000, START_US + round(number * 40_000 * 1.03))

    with pytest.raises(DriftError):
        three_percent_slow()


@given(end_us=st.integers(-3_000_000, 3_000_000))
def test_a_run_never_begins_before_the_last_one_ended(end_us: int) -> None:
    clock = WallClock(not_before_us=START_US + end_us)
    clock.observe(0, START_US)
    assert clock.fix() == START_US + max(0, end_us)


def test_a_past_that_lies_far_ahead_is_a_clock_set_back_and_not_followed() -> None:
    clock = WallClock(not_before_us=START_US + 3_600_000_000)
    clock.observe(0, START_US)
    assert clock.fix() == START_US


def test_nothing_observed_has_no_start() -> None:
    with pytest.raises(ValueError, match="no frame"):
        WallClock().fix()
