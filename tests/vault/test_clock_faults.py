"""A clock that cannot be believed destroys nothing early, and lets nobody see what is past its term by either clock."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.chunks import CAMERA
from tests.support.faultmatrix import record
from tests.support.holdworld import DAY_US, HoldWorld, claim, hold_world

from beffroi.base.clock import BootClock, SystemClock
from beffroi.domain.acts import Act
from beffroi.domain.clock import ManualClock
from beffroi.vault.chunk import ChunkHeader
from beffroi.vault.clockstamp import Stamp, StampFile, boot_id
from beffroi.vault.clockwatch import PAUSE_MAX_S, ClockWatch
from beffroi.vault.keyslots import KeyState
from beffroi.vault.release import LocalKeyrings, TermPassedError

HOUR_S = 3600.0
YEARS_S = 3653 * 86_400.0


@dataclass
class Truth:
    """The world, and what time it really is."""

    world: HoldWorld
    header: ChunkHeader
    true_us: int

    def pass_s(self, seconds: float) -> None:
        """Real time goes by."""
        self.world.clock.advance(seconds)
        self.true_us += round(seconds * 1e6)

    def is_there(self) -> bool:
        """Whether file and key are both there."""
        held = self.world.keys.ring.state(15, self.header.hour) is KeyState.HELD
        return held and (self.world.root / self.header.relative_path()).exists()

    def is_gone(self) -> bool:
        """Whether file and key are both gone."""
        held = self.world.keys.ring.state(15, self.header.hour) is KeyState.HELD
        return not held and not (self.world.root / self.header.relative_path()).exists()

    def may_be_seen(self) -> bool:
        """Whether the ring gives the key to a viewer."""
        ring, gate = self.world.keys.ring, self.world.keys.gate_key.public_key()
        keyrings = LocalKeyrings([ring], gate, watch=self.world.keeper.watch)
        now_us, start = self.world.clock.wall_us(), self.header.wall_start_us
        lease = self.world.keys.lease(CAMERA, Act.REPLAY, from_us=start, to_us=start + 1)
        try:
            return len(keyrings.release(claim(self.header), lease, now_us=now_us)) == 16
        except TermPassedError:
            return False

    def reboot(self, off_s: float, boot: str) -> None:
        """The machine was off for a while: its steady clock begins again."""
        self.pass_s(off_s)
        self.world.clock.monotonic = 12.0
        world = self.world
        world.restart()
        world.watch = ClockWatch(world.clock, stamp=StampFile(world.root / "clock.json"), boot=boot)
        world.freezer = world.make_freezer()
        keeper_stamp = StampFile(world.keys.ring.directory / "clock.json")
        world.keeper.watch = ClockWatch(world.clock, stamp=keeper_stamp, boot=boot)


@pytest.fixture
def truth(tmp_path: Path) -> Truth:
    world = hold_world(tmp_path)
    header, _ = world.write(world.clock.wall_us())
    world.minute()
    return Truth(world, header, world.clock.wall_us())


STEPS = {"+1 h": HOUR_S, "-1 h": -HOUR_S, "1970": None, "+10 years": YEARS_S, "+1 month": 31 * 86_400.0, "-6 s": -6.0}


def set_clock(clock: ManualClock, step_s: float | None) -> None:
    clock.step(-clock.wall / 1e6 if step_s is None else step_s)


def test_a_clock_that_steps_destroys_nothing_early(tmp_path: Path) -> None:
    """Set while the machine runs: two hours before the term, then every minute until well after the pause."""
    seen = []
    for name, step_s in STEPS.items():
        world = hold_world(tmp_path / name.replace(" ", ""))
        header, _ = world.write(world.clock.wall_us())
        truth = Truth(world, header, world.clock.wall_us())
        end_us = world.end_us(header)
        truth.pass_s((end_us - truth.true_us) / 1e6 - 2 * HOUR_S)
        world.minute()
        set_clock(world.clock, step_s)
        gone_us = 0
        while truth.true_us < end_us + 26 * HOUR_S * 1e6:
            world.minute()
            assert truth.true_us >= end_us or truth.is_there(), f"{name}: destroyed early"
            # Ten seconds: a step of six is taken for drift once 500 ppm explain it.
            by_clock = max(world.clock.wall_us(), truth.true_us - 10_000_000) >= end_us
            assert not (by_clock and truth.may_be_seen()), f"{name}: seen past the term by one clock"
            gone_us = gone_us or (truth.true_us if truth.is_gone() else 0)
            truth.pass_s(1200)
        late_h = (gone_us - end_us) / 3.6e9
        assert 0 <= late_h <= 24, name
        seen.append(f"{name} gone {late_h:.1f} h after its term")
    record("clock-step", seen="; ".join(seen) + "; 0 early", runs=len(STEPS), seed=None)


@pytest.mark.parametrize("step_s", [-HOUR_S, None, YEARS_S], ids=["-1 h", "1970", "+10 years"])
def test_a_wrong_clock_found_at_boot_destroys_nothing_for_a_day_whatever_the_restarts(
    truth: Truth, step_s: float | None
) -> None:
    """The battery of the clock is dead: ten minutes off, then wrong. Restarting does not renew the 24 hours."""
    world = truth.world
    world.minute()
    set_clock(world.clock, step_s)
    truth.reboot(600, "boot-2")
    assert world.watch.doubtful()
    paused_s, restarts = 0.0, 0
    while world.watch.doubt_s() < PAUSE_MAX_S and world.watch.doubtful():
        assert truth.is_there(), "destroyed early"
        world.minute()
        truth.pass_s(1800)
        world.minute()
        paused_s += 1800
        restarts += 1
        truth.reboot(0, f"boot-{restarts + 2}")
    assert PAUSE_MAX_S * 0.9 <= paused_s <= PAUSE_MAX_S + 1800, "each start is charged a minute"
    record("clock-boot", seen=f"paused {paused_s / 3600:.1f} h over {restarts} restarts, 0 early", runs=3, seed=None)


def test_a_wrong_clock_put_right_is_believed_again(truth: Truth) -> None:
    """NTP comes an hour after the boot: what was doubted is settled without anyone."""
    world = truth.world
    set_clock(world.clock, None)
    truth.reboot(600, "boot-2")
    truth.pass_s(HOUR_S)
    assert world.watch.doubtful()
    world.clock.wall = truth.true_us
    assert not world.watch.doubtful()
    truth.pass_s((world.end_us(truth.header) - truth.true_us) / 1e6)
    world.minute()
    assert truth.is_gone()


def test_ntp_steps_back_across_the_term(truth: Truth) -> None:
    """Ten minutes fast, found out just past the term: nothing is destroyed twice, nothing comes back."""
    world, end_us = truth.world, truth.world.end_us(truth.header)
    truth.pass_s((end_us - truth.true_us) / 1e6 - 300)
    world.minute()
    world.clock.step(-600)
    truth.pass_s(301)
    world.minute()
    assert not truth.may_be_seen(), "past its term by the steady clock"
    assert truth.is_there(), "in doubt: paused"
    world.watch.settle()
    world.keeper.watch.settle()
    world.minute()
    assert truth.is_there(), "persons said that the wall is right: it is not due yet"
    assert truth.may_be_seen()
    truth.pass_s(600)
    world.minute()
    assert truth.is_gone()


def test_a_drift_of_500_ppm_is_followed_and_small_steps_that_add_up_are_not(tmp_path: Path) -> None:
    clock = ManualClock()
    watch = ClockWatch(clock, boot="one")
    for _ in range(30 * 24):
        clock.advance(3600)
        clock.step(3600 * 0.00049)
        assert not watch.doubtful()
    walked_s = 0.0
    for _ in range(48 * 60):
        clock.advance(60)
        clock.step(4)
        walked_s += 4
        if watch.doubtful():
            break
    assert watch.doubtful(), "four seconds a minute, each too small to see"
    assert walked_s < 2600, "500 ppm of a month"
    record(
        "clock-drift",
        seen=f"500 ppm over 30 days believed; 4 s a minute doubted after {walked_s:.0f} s",
        runs=2,
        seed=None,
    )


def test_a_suspended_machine_is_no_doubt(truth: Truth) -> None:
    """The steady clock counts the night that the machine slept: the wall has not stepped."""
    system, boot = SystemClock(), BootClock()
    assert boot.monotonic_s() >= system.monotonic_s() - 1
    assert abs(boot.wall_us() - system.wall_us()) < 5_000_000
    truth.pass_s(9 * HOUR_S)  # both clocks of a `BootClock` go on
    assert not truth.world.watch.doubtful()


def test_a_step_while_the_process_was_away_is_seen_in_the_same_boot(truth: Truth) -> None:
    world = truth.world
    world.minute()
    truth.pass_s(600)
    world.clock.step(3600)
    world.restart()
    assert world.watch.doubtful()
    assert world.watch.steady_us() == truth.true_us


def test_what_was_written_under_a_wrong_clock_is_not_believed_later(truth: Truth) -> None:
    """Ten years ahead for an hour, entered in the journal, then put right and restarted: nothing is past its term."""
    world = truth.world
    world.clock.step(YEARS_S)
    world.minute()
    truth.pass_s(HOUR_S)
    world.minute()
    world.clock.step(-YEARS_S)
    truth.reboot(60, "boot-2")
    assert not world.watch.doubtful()
    world.minute()
    assert truth.is_there()
    assert truth.may_be_seen()


class TestStamp:
    def test_it_comes_back_as_it_was(self, tmp_path: Path) -> None:
        stamp = Stamp("boot", 1, 2.5, 3, 4.5, 5.5, doubtful=True, since_boot=False)
        StampFile(tmp_path / "clock.json").write(stamp)
        assert StampFile(tmp_path / "clock.json").read() == stamp

    @pytest.mark.parametrize(
        "change",
        [
            {"known_us": -1}, {"known_us": 1 << 62}, {"known_us": True}, {"known_us": "1"}, {"at_s": float("nan")},
            {"doubt_s": float("inf")}, {"doubtful": 1}, {"boot": None}, {"more": 1}, {"at_s": None},
        ],
    )  # fmt: skip
    def test_anything_else_is_as_none(self, tmp_path: Path, change: dict[str, object]) -> None:
        good = {"boot": "b", "known_us": 1, "at_s": 2.0, "origin_us": 3, "origin_s": 4.0, "doubt_s": 0.0}
        path = tmp_path / "clock.json"
        path.write_text(json.dumps({**good, "doubtful": False, "since_boot": False, **change}))
        assert StampFile(path).read() is None

    def test_torn_long_or_deep_is_as_none(self, tmp_path: Path) -> None:
        path = tmp_path / "clock.json"
        for raw in (b"", b"{", b"[]", b"7", b"\xff\xfe", b"[" * 100_000, b" " * 10_000):
            path.write_bytes(raw)
            assert StampFile(path).read() is None

    def test_the_kernel_names_this_boot(self) -> None:
        assert len(boot_id()) == 36
        assert DAY_US
