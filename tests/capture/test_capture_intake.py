"""From packets to runs: where a run begins, where it ends and why, on an injected clock."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.support.clips import clip

from beffroi.capture.ends import RunEnd
from beffroi.capture.groups import Group, Grouper
from beffroi.capture.intake import Intake, Run
from beffroi.capture.wallclock import WallClock
from beffroi.domain.clock import ManualClock
from beffroi.media.codec import Codec, CodecConfig
from beffroi.media.frame import Frame
from beffroi.media.rtp import AccessUnit
from beffroi.vault.chunk import MAX_FRAGMENT_BYTES

STEP = 3600


class Taker:
    """Keeps all it is given, grouped as the recorder would."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.ends: list[tuple[RunEnd, int]] = []
        self.groups: list[Group] = []
        self.frames: list[tuple[Frame, int]] = []
        self._grouper = Grouper()

    def begin(self, run: Run) -> None:
        self.runs.append(run)
        self._grouper.begin(run)

    def frame(self, frame: Frame, wall_us: int) -> None:
        self.frames.append((frame, wall_us))
        self._keep(self._grouper.add(frame, wall_us))

    def end(self, end: RunEnd, step_us: int = 0) -> None:
        self.ends.append((end, step_us))
        self._keep(self._grouper.flush())

    def _keep(self, group: Group | None) -> None:
        if group:
            self.groups.append(group)


class Feeder:
    """A camera that sends a clip again and again, in step with the clock."""

    def __init__(self, codec: Codec = "h264", *, width: int = 160, height: int = 90) -> None:
        self.config, self._frames = clip(codec, count=50, gop=25, width=width, height=height)
        self.clock = ManualClock()
        self.taker = Taker()
        self.intake = Intake(self.taker, self.clock)
        self.rtp_time = 1_000_000
        self.sent = 0
        self._at = 0
        self.intake.session(codec, self.config.parameter_sets)

    def units(self, count: int) -> Iterator[AccessUnit]:
        for _ in range(count):
            frame = self._frames[self._at % 50]
            self._at += 1
            self.sent += 1
            yield AccessUnit(frame.data, frame.key, (), self.rtp_time % (1 << 32), None, lost=False)
            self.rtp_time += STEP
            self.clock.advance(0.04)

    def send(self, count: int) -> None:
        for unit in self.units(count):
            self.intake.unit(unit)

    def send_with_sets(self, count: int) -> None:
        """Parameter sets before each key frame, as most cameras do."""
        for unit in self.units(count):
            self.intake.unit(replace(unit, sets=self.config.parameter_sets) if unit.key else unit)

    def use(self, config: CodecConfig, frames: tuple[Frame, ...]) -> None:
        self.config, self._frames, self._at = config, frames, 0


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_every_frame_from_the_first_key_frame_on_is_taken(codec: Codec) -> None:
    feeder = Feeder(codec)
    feeder._at = 7  # the camera is in the middle of a group
    feeder.send(100)
    feeder.intake.end(RunEnd.CLOSED)
    taken = [frame for group in feeder.taker.groups for frame in group.frames]
    assert len(taken) == 100 - 18
    assert [len(group.frames) for group in feeder.taker.groups] == [25, 25, 25, 7]
    assert taken[0].key
    shown = [frame.pts_90k - taken[0].pts_90k for frame in taken]
    assert shown == [STEP * number for number in range(82)]
    assert feeder.taker.ends == [(RunEnd.CLOSED, 0)]


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_pictures_out_of_order_have_decode_times_that_grow_and_wall_times_of_when_they_are_shown(codec: Codec) -> None:
    config, frames = clip(codec, count=50, gop=25, b_frames=2)
    feeder = Feeder(codec)
    feeder.intake.session(codec, config.parameter_sets)
    began_us = feeder.clock.wall_us()
    for frame in frames:
        ahead_s = max(0, frame.pts_90k - frame.dts_90k) / 90_000  # a picture is not sent before it was taken
        feeder.clock.advance(0.04)
        arrival = replace(_unit(frame), rtp_time=(7_000_000 + frame.pts_90k) % (1 << 32))
        assert ahead_s < 1
        feeder.intake.unit(arrival)
    feeder.intake.end(RunEnd.CLOSED)
    taken = feeder.taker.frames
    assert len(taken) == 50
    assert feeder.taker.ends == [(RunEnd.CLOSED, 0)]
    decoded = [frame.dts_90k for frame, _ in taken]
    assert decoded == sorted(set(decoded))
    assert all(frame.dts_90k <= frame.pts_90k for frame, _ in taken)
    first = taken[0][0].pts_90k
    for group in feeder.taker.groups:
        shown_us = (group.frames[0].pts_90k - first) * 100 // 9
        assert group.wall_us - feeder.taker.groups[0].wall_us == pytest.approx(shown_us, abs=1_000)
    assert abs(feeder.taker.groups[0].wall_us - began_us) < 200_000


def _unit(frame: Frame) -> AccessUnit:
    return AccessUnit(frame.data, frame.key, (), 0, None, lost=False)


@pytest.mark.parametrize("jump", [-90_000, 11 * 90_000])
def test_a_jump_ends_the_run_before_the_frame_that_jumps(jump: int) -> None:
    feeder = Feeder()
    feeder.send(60)
    feeder.rtp_time += jump
    feeder.send(60)
    assert feeder.taker.ends == [(RunEnd.TIMESTAMP, 0)]
    assert len(feeder.taker.runs) == 2
    first = [frame for group in feeder.taker.groups if group.run is feeder.taker.runs[0] for frame in group.frames]
    assert len(first) == 60
    assert feeder.taker.groups[-1].frames[0].key


def test_a_wrap_of_the_rtp_clock_is_no_event() -> None:
    feeder = Feeder()
    feeder.rtp_time = (1 << 32) - 30 * STEP
    feeder.send(60)
    assert feeder.taker.ends == []
    frames = [frame for frame, _ in feeder.taker.frames]
    assert frames[-1].pts_90k - frames[0].pts_90k == 59 * STEP


def test_a_hole_is_not_a_run_end_but_ends_the_group() -> None:
    feeder = Feeder()
    feeder.send(60)
    feeder.rtp_time += 3 * 90_000
    feeder.clock.advance(3.0)
    feeder.send(40)
    assert feeder.taker.ends == []
    before, after = feeder.taker.groups[2], feeder.taker.groups[3]
    assert len(before.frames) == 10
    assert after.wall_us - before.end_us == pytest.approx(3_000_000, abs=1_000)
    assert not after.key


def test_new_parameter_sets_end_the_run_and_begin_another_at_the_same_frame() -> None:
    feeder = Feeder()
    feeder.send(50)
    config, frames = clip("h264", count=50, gop=25, width=192, height=108)
    feeder.use(config, frames)
    feeder.send_with_sets(50)
    assert feeder.taker.ends == [(RunEnd.PARAMETERS, 0)]
    assert [run.config.width for run in feeder.taker.runs] == [160, 192]
    assert sum(len(group.frames) for group in feeder.taker.groups) == 75, "the rest waits for its next key frame"


def test_the_same_parameter_sets_again_change_nothing() -> None:
    feeder = Feeder()
    feeder.send_with_sets(100)
    assert len(feeder.taker.runs) == 1


def test_a_description_without_parameter_sets_waits_for_those_in_the_stream() -> None:
    feeder = Feeder()
    feeder.intake.session("h264", ())
    feeder.send(25)
    assert feeder.taker.runs == []
    feeder.send_with_sets(50)
    assert len(feeder.taker.runs) == 1
    assert len(feeder.taker.frames) == 50


@pytest.mark.parametrize("step_s", [60.0, -30.0, 0.5])
def test_a_step_of_our_clock_ends_the_run_and_the_next_follows_it(step_s: float) -> None:
    feeder = Feeder()
    feeder.send(50)
    feeder.clock.step(step_s)
    feeder.send(50)
    assert feeder.taker.ends[0][0] is RunEnd.CLOCK_STEP
    assert feeder.taker.ends[0][1] == pytest.approx(step_s * 1e6, abs=1_000)
    groups = feeder.taker.groups
    assert groups[2].wall_us - groups[1].end_us == pytest.approx(step_s * 1e6, abs=50_000)
    assert feeder.taker.frames[-1][1] == pytest.approx(feeder.clock.wall_us() - 40_000, abs=100_000)


def test_slewing_by_ntp_is_no_step() -> None:
    feeder = Feeder()
    for _ in range(100):
        feeder.send(1)
        feeder.clock.step(0.0005)  # 50 ms in all: less than a step
    assert feeder.taker.ends == []


def test_two_runs_never_overlap() -> None:
    feeder = Feeder()
    for _ in range(5):
        feeder.send(60)
        feeder.intake.end(RunEnd.CLOSED)
        feeder.clock.advance(0.01)
        feeder.rtp_time = 7
        feeder._at = 0
        feeder.intake.session("h264", feeder.config.parameter_sets)
    walls = [(group.wall_us, group.end_us) for group in feeder.taker.groups]
    assert len({group.run.id for group in feeder.taker.groups}) == 5
    assert all(before[1] <= after[0] + 1 for before, after in itertools.pairwise(walls))


def test_empty_access_units_are_passed_over() -> None:
    feeder = Feeder()
    feeder.send(25)
    feeder.intake.unit(AccessUnit(b"", False, (), feeder.rtp_time, None, lost=True))
    feeder.send(25)
    assert feeder.taker.ends == []
    assert len(feeder.taker.frames) == 50


def test_a_very_long_group_is_written_in_parts() -> None:
    config, _ = clip("h264", count=50, gop=50)
    grouper, run = Grouper(), Run("00", config, _clock())
    grouper.begin(run)
    big = b"\0" * (MAX_FRAGMENT_BYTES // 3)
    parts = [
        group
        for number in range(20)
        if (group := grouper.add(Frame(big, number == 0, number * STEP, number * STEP, 0, 0), number * 40_000))
    ]
    assert [part.key for part in parts] == [True] + [False] * (len(parts) - 1)
    assert len(parts) == 6
    assert all(part.size <= MAX_FRAGMENT_BYTES for part in parts)


def _clock() -> WallClock:
    clock = WallClock()
    clock.observe(0, 1_000_000)
    return clock
