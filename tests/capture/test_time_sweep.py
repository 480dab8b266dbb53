"""Hours of simulated time through the whole recorder: every picture's wall time, every run, every gap, on disk.

The recorder's clock rules: truth is what it said when the picture was taken, plus the network's least delay.
"""

import itertools
import os
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from tests.support.faultmatrix import record, run_seed, seeds
from tests.support.timelab import BASE_DELAY_US, CAMERA, LabCamera, LabClock, Stack, stack

from beffroi.capture.rotation import HOUR_US
from beffroi.domain.clock import to_wall_us
from beffroi.domain.gaps import GapCause
from beffroi.domain.ranges import WallRange
from beffroi.vault.journal import ActKind
from beffroi.vault.term import hour_term_end_us

LIMIT_US: Final = 100_000
HOUR_S: Final = 3600.0
START: Final = datetime(2026, 3, 2, 8, 17, 31, 250_000, tzinfo=UTC)
PARIS: Final = ZoneInfo("Europe/Paris")
LONG: Final = bool(os.environ.get("BEFFROI_TIME_LONG"))
"""`make soak`: more draws, 25 pictures a second."""


@dataclass(frozen=True)
class Seen:
    """What a session left on disk."""

    worst_us: int
    pictures: int
    runs: int
    where: tuple[float, int]


def checked(lab: Stack, steps: list[float], *, settle_s: float = 0.0) -> Seen:
    """Every picture handed in is on disk, once, in order, within 100 ms; runs end where the clock was set, with by how
    much; files meet, or a gap of exactly their distance lies between, or they overlap by what the clock went back."""
    groups = list(lab.groups())
    sent, worst, at, where = lab.sent, 0, 0, (0.0, 0)
    set_by = [0, *(round(one * 1e6) for one in itertools.accumulate(steps))]
    runs = list(dict.fromkeys(row.run for row, _ in groups))
    for row, gop in groups:
        taken = sent[at]
        truth_us = lab.clock.at_us(taken) + set_by[runs.index(row.run)] + BASE_DELAY_US
        if taken >= settle_s and abs(gop.wall_us - truth_us) > worst:
            worst, where = abs(gop.wall_us - truth_us), (taken, runs.index(row.run))
        at += gop.frames
        assert gop.wall_us // HOUR_US >= row.hour
    assert at == len(sent), "every picture once"
    ends = [act.fields for act in lab.acts() if act.kind is ActKind.RECORDING_ENDED]
    assert [one["end"] for one in ends] == ["clock_step"] * len(steps) + ["stopped"]
    for told, step in zip(ends, steps, strict=False):
        assert abs(told["clock_step_us"] - step * 1e6) < 2_000
    assert len(runs) == len(steps) + 1
    _continuous(lab, steps)
    return Seen(worst, len(sent), len(runs), where)


def _continuous(lab: Stack, steps: list[float]) -> None:
    gaps = {(act.fields["from_us"], act.fields["to_us"]) for act in lab.acts() if act.kind is ActKind.GAP}
    rows = lab.rows()
    back_us = [-round(step * 1e6) for step in steps if step < 0]
    reached_us = 0
    for before, after in itertools.pairwise(rows):
        reached_us = max(reached_us, before.wall_end_us)
        distance_us = after.wall_start_us - before.wall_end_us
        if distance_us < -LIMIT_US:  # some seconds are lived twice, by as much as the clock was set back
            assert before.run != after.run
            assert any(abs(distance_us + one) < LIMIT_US + 2_000_000 for one in back_us), distance_us
        elif distance_us > 60_000:
            # What is leapt over may have been lived before the clock was set back: that is not missing.
            missing = (reached_us, after.wall_start_us)
            assert missing[1] - missing[0] <= 60_000 or missing in gaps, (distance_us, gaps)
        elif before.run == after.run:
            assert distance_us >= -1, "files of one run do not overlap"


def sweep(folder: Path, seed: int, *, hours: float = 4.0) -> tuple[Seen, str]:
    """One draw: a camera, a network, a clock that is set."""
    draw = random.Random(seed)  # noqa: S311  choice of cases
    camera = LabCamera(
        fps=25 if LONG else 5,
        gop=50 if LONG else 10,
        ppm=draw.choice([-500.0, -200.0, 200.0, 500.0, draw.uniform(-200, 200)]),
        jitter_us=draw.choice([5_000, 30_000, 60_000]),
        burst_s=draw.choice([0.0, 1.0, 3.0]),
        backlog_s=draw.choice([0.0, 0.5, 2.0]),
        seed=seed,
    )
    machine_ppm = draw.choice([0.0, -50.0, 300.0]) if abs(camera.ppm) <= 200 else 0.0  # 500 ppm between the two at most
    clock = LabClock(to_wall_us(START) + draw.randrange(86_400) * 1_000_000, ppm=machine_ppm)
    steps = [draw.choice([-3600.0, -30.0, -1.0, -0.2, 0.2, 1.0, 60.0, 3600.0]) for _ in range(draw.choice([0, 1, 2]))]
    when = sorted(draw.uniform(200, hours * HOUR_S - 200) for _ in steps)
    due = list(zip(when, steps, strict=True))
    with stack(folder, clock, gop=camera.gop, hours=int(hours) + 4) as lab:

        def at(true_s: float) -> None:
            while due and true_s >= due[0][0]:
                clock.step(due.pop(0)[1])

        lab.send(camera, hours * HOUR_S, at=at)
        lab.stop()
        # A congested start is made good within the first minute (docs/design/time.md).
        return checked(lab, steps, settle_s=60.0), f"{camera.ppm:+.0f} ppm, steps {steps}"


@pytest.mark.timeout(14_400 if LONG else 600)
def test_four_hours_of_any_weather(tmp_path: Path) -> None:
    worst, pictures, told = 0, 0, []
    drawn = seeds("time-sweep", 30 if LONG else 3)
    for number, seed in enumerate(drawn):
        try:
            seen, what = sweep(tmp_path / str(number), seed)
            assert seen.worst_us < LIMIT_US, f"{what}; at {seen.where}"
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        worst, pictures = max(worst, seen.worst_us), pictures + seen.pictures
        told.append(what)
    record(
        "time-sweep",
        seen=f"{pictures} pictures over {4 * len(drawn)} h, worst {worst / 1000:.0f} ms; runs and gaps exact",
        runs=len(drawn),
        seed=run_seed(),
    )


@pytest.mark.parametrize("ppm", [-500.0, 500.0])
def test_a_camera_500_ppm_off_is_followed(tmp_path: Path, ppm: float) -> None:
    clock = LabClock(to_wall_us(START))
    with stack(tmp_path, clock) as lab:
        lab.send(LabCamera(ppm=ppm, jitter_us=20_000, seed=run_seed()), 1.5 * HOUR_S)
        lab.stop()
        seen = checked(lab, [], settle_s=60.0)
    assert seen.runs == 1
    assert seen.worst_us < LIMIT_US


def test_holes_in_the_stream_are_gaps_of_their_length(tmp_path: Path) -> None:
    clock = LabClock(to_wall_us(START))
    camera = LabCamera(jitter_us=5_000, holes=((100.0, 104.0), (300.0, 308.0)), seed=1)
    with stack(tmp_path, clock) as lab:
        lab.send(camera, 600)
        lab.stop()
        checked(lab, [])
        gaps = lab.catalogue.calendar(CAMERA, "main", WallRange(clock.origin_us, clock.origin_us + 600_000_000)).gaps
        inner = [gap for gap in gaps if gap.cause is GapCause.STREAM_STALLED]
    assert [round(gap.range.duration_s, 1) for gap in inner] == [4.0, 8.0]


def test_a_leap_second_repeated_is_lived_twice_and_kept(tmp_path: Path) -> None:
    """23:59:60 as most kernels do it: the clock goes back by one second at midnight UTC."""
    midnight = datetime(2026, 7, 1, tzinfo=UTC)
    clock = LabClock(to_wall_us(midnight) - 600_000_000)
    with stack(tmp_path, clock) as lab:
        due = [600.0]

        def at(true_s: float) -> None:
            if due and true_s >= due[0]:
                due.clear()
                clock.step(-1.0)

        lab.send(LabCamera(jitter_us=5_000, seed=2), 1200, at=at)
        lab.stop()
        seen = checked(lab, [-1.0])
        held = lab.catalogue.calendar(
            CAMERA, "main", WallRange(clock.origin_us + 1_000_000, clock.origin_us + 1_190_000_000)
        )
    assert seen.worst_us < LIMIT_US
    assert not [gap for gap in held.gaps if gap.range.duration_s > 0.06], "nothing is missing around the leap second"


def test_a_smeared_leap_second_is_no_event(tmp_path: Path) -> None:
    """Spread over a day, the second is 11.6 ppm of both clocks of the machine."""
    clock = LabClock(to_wall_us(datetime(2026, 6, 30, 20, tzinfo=UTC)), ppm=-1e6 / 86_400)
    with stack(tmp_path, clock, hours=8) as lab:
        lab.send(LabCamera(fps=2, gop=4, jitter_us=10_000, seed=3), 4 * HOUR_S)
        lab.stop()
        seen = checked(lab, [], settle_s=60.0)
    assert seen.runs == 1
    assert seen.worst_us < LIMIT_US


@pytest.mark.parametrize(
    ("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25)], ids=["spring: 23 h", "autumn: 25 h"]
)
def test_a_legal_day_of_23_or_25_hours_is_whole(tmp_path: Path, day: tuple[int, int, int], hours: int) -> None:
    """From midnight to midnight in legal time: no hole, no file over two hours, each hour's term in its order."""
    begins = datetime(*day, tzinfo=PARIS)
    ends = (begins.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=PARIS)
    legal_day = WallRange(to_wall_us(begins.astimezone(UTC)), to_wall_us(ends.astimezone(UTC)))
    assert legal_day.duration_s == hours * HOUR_S
    clock = LabClock(legal_day.from_us - 300_000_000)
    with stack(tmp_path, clock, gop=2, hours=30) as lab:
        lab.send(LabCamera(fps=0.125, gop=2, jitter_us=10_000, seed=4), hours * HOUR_S + 600)
        lab.stop()
        seen = checked(lab, [], settle_s=60.0)
        rows, calendar = lab.rows(), lab.catalogue.calendar(CAMERA, "main", legal_day)
        names = [row.path for row in rows]
    assert seen.worst_us < LIMIT_US
    assert sum(one.to_us - one.from_us for one in calendar.recorded) == hours * 3600 * 1_000_000
    assert not calendar.gaps
    assert len(set(names)) == len(names)
    assert sorted(names) == names, "the hour that exists twice does not shuffle files"
    by_hour = sorted({row.hour for row in rows if legal_day.from_us <= row.wall_start_us < legal_day.to_us})
    assert len(by_hour) == hours
    terms = [hour_term_end_us(hour, 30, "Europe/Paris") for hour in by_hour]
    assert terms == sorted(terms)
    assert all(end - hour * HOUR_US <= 31 * 24 * HOUR_US for hour, end in zip(by_hour, terms, strict=True))


def test_the_camera_s_clock_is_stored_shown_and_told_once(tmp_path: Path) -> None:
    """1.3 s off: one alarm; hovering about a second: no other; right again: one end; with each file and each run."""
    clock = LabClock(to_wall_us(START))
    right = LabCamera(jitter_us=5_000, clock_off_us=200_000, seed=5)
    with stack(tmp_path, clock) as lab:
        for number, off_us in enumerate((200_000, 1_300_000, 950_000, 1_050_000, 300_000)):
            minute = replace(right, clock_off_us=off_us)
            lab.send(minute, 200.0 * (number + 1), from_number=1000 * number)
            if off_us == 1_300_000:
                assert lab.health.camera_offset_ms is not None
                assert abs(lab.health.camera_offset_ms - 1300) < 40
        lab.stop()
        acts = lab.acts()
    told = [(act.fields["what"], act.fields["offset_ms"]) for act in acts if act.kind is ActKind.ALARM]
    assert [what for what, _ in told] == ["camera_clock", "camera_clock_right"]
    # The median of 64 key frames, two minutes. The first file ends 26 s after the clock was 1.3 s off.
    kept = [act.fields["camera_offset_ms"] for act in acts if act.kind is ActKind.CHUNK_CLOSED]
    assert len(kept) == 2
    assert abs(kept[0] - 1300) < 40
    assert abs(kept[1] - 300) < 40
    ended = next(act.fields for act in acts if act.kind is ActKind.RECORDING_ENDED)
    assert abs(ended["camera_offset_ms"] - 300) < 40
