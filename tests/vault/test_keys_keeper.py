"""The process that keeps a ring: proofs on disk, and no massacre when it starts with a wrong clock."""

import json
import threading
from pathlib import Path

import pytest
from tests.support.keys import key_world

from beffroi.domain.clock import ManualClock
from beffroi.vault.clockwatch import PAUSE_MAX_S
from beffroi.vault.keyring import KeyDestroyed
from beffroi.vault.remanence import remanence
from beffroi.vault.ringkeeper import KeyProof, RingKeeper
from beffroi.vault.term import hour_term_end_us

DAY_S = 86_400


def test_each_destroyed_key_has_its_line(tmp_path: Path) -> None:
    clock = ManualClock()
    world = key_world(tmp_path / "w", clock)
    keeper = RingKeeper(world.ring, tmp_path, clock)
    first = world.ring.held_hours(30)[0]
    clock.advance((hour_term_end_us(first, 30, "Europe/Paris") - clock.wall) / 1_000_000)
    for _ in range(3):
        keeper.once()
    clock.advance(3600)
    keeper.once()
    lines = [json.loads(line) for line in (tmp_path / "destroyed.jsonl").read_text().splitlines()]
    assert [line["hour"] for line in lines] == [first, first + 1]
    assert all(line["was"] == "held" and line["read_back"] for line in lines)
    assert lines[0]["remanence"] == [item.value for item in remanence(tmp_path)]


def test_a_start_with_a_clock_far_ahead_destroys_nothing_for_a_day(tmp_path: Path) -> None:
    clock = ManualClock()
    world = key_world(tmp_path / "w", clock)
    held = world.ring.held_hours(30)
    RingKeeper(world.ring, tmp_path, clock).once()
    clock.step(365 * DAY_S)
    keeper = RingKeeper(world.ring, tmp_path, clock)
    assert keeper.once().paused == len(held)
    assert RingKeeper(world.ring, tmp_path, clock).once().paused == len(held), "the wrong instant was not believed"
    clock.step(-365 * DAY_S)
    assert RingKeeper(world.ring, tmp_path, clock).once().paused == 0
    assert world.ring.held_hours(30) == held


def test_after_a_long_stop_what_is_due_goes_within_a_day(tmp_path: Path) -> None:
    clock = ManualClock()
    world = key_world(tmp_path / "w", clock)
    RingKeeper(world.ring, tmp_path, clock, boot="one").once()
    clock.step(60 * DAY_S)
    keeper = RingKeeper(world.ring, tmp_path, clock, boot="two")
    assert keeper.once().proofs == []
    clock.advance(PAUSE_MAX_S)
    assert len(keeper.once().proofs) == 50


def test_a_crash_between_a_destruction_and_its_line_is_made_good(tmp_path: Path) -> None:
    clock = ManualClock()
    world = key_world(tmp_path / "w", clock)
    first, second = world.ring.held_hours(30)[:2]
    world.ring.destroy(30, first, before_term=True)
    destroyed_us = clock.wall_us()
    world.ring.destroy(30, second, before_term=True)
    (tmp_path / "destroyed.jsonl").write_text('{"hour":7,"term_days":30}\n{"hour":' + str(second))
    clock.advance(60)
    for _ in range(2):
        RingKeeper(world.ring, tmp_path, clock).once()
    lines = (tmp_path / "destroyed.jsonl").read_text().splitlines()
    whole = [json.loads(line) for line in (lines[0], *lines[2:])]
    assert [line["hour"] for line in whole] == [7, first, second]
    assert whole[1]["destroyed_us"] == destroyed_us


def test_a_proof_that_could_not_be_entered_is_told_again(tmp_path: Path) -> None:
    """The register refuses for a while: no destruction goes unsaid, neither in this process nor in the next."""
    clock = ManualClock()
    world = key_world(tmp_path / "w", clock)
    told: list[int] = []
    broken = True

    def sink(proof: KeyProof) -> None:
        if broken:
            raise ConnectionError
        assert isinstance(proof, KeyDestroyed)
        told.append(proof.hour)

    keeper = RingKeeper(world.ring, tmp_path, clock, sink=sink)
    first = world.ring.held_hours(30)[0]
    clock.advance((hour_term_end_us(first, 30, "Europe/Paris") - clock.wall) / 1_000_000)
    for one in (keeper, keeper, RingKeeper(world.ring, tmp_path, clock, sink=sink)):
        with pytest.raises(ConnectionError):
            one.once()
    broken = False
    for _ in range(2):
        keeper.once()
    assert told == [first]
    RingKeeper(world.ring, tmp_path, clock, sink=sink).once()
    assert told == [first], "said twice"


def test_it_stops_when_told(tmp_path: Path) -> None:
    clock = ManualClock()
    world = key_world(tmp_path / "w", clock)
    stop = threading.Event()
    thread = threading.Thread(target=RingKeeper(world.ring, tmp_path, clock).run, args=(stop,))
    thread.start()
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


def test_a_torn_stamp_is_as_none(tmp_path: Path) -> None:
    clock = ManualClock()
    world = key_world(tmp_path / "w", clock)
    (tmp_path / "clock.json").write_bytes(b"\xff")
    assert RingKeeper(world.ring, tmp_path, clock).once().paused == 0
