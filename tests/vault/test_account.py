"""The account of a small house: adds up to the microsecond through what happens to a recorder."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.support.accounts import CAMERA, DAY, S, SmallHouse

from beffroi.capture.ends import RunEnd
from beffroi.domain.clock import ManualClock, to_wall_us
from beffroi.domain.gaps import GapCause
from beffroi.vault.account import Account
from beffroi.vault.accountjson import table
from beffroi.vault.accounttext import Fault


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    made = SmallHouse(tmp_path)
    yield made
    made.close()


def good(found: Account) -> Account:
    assert found.adds_up, "\n".join(table(found))
    return found


def test_a_day_with_an_outage_a_crash_and_a_stop(house: SmallHouse) -> None:
    house.order()
    house.clock.advance(1.5)  # the camera is called
    house.record(1500)
    house.miss(700)
    house.record(600)
    house.crash()
    house.clock.advance(90)
    house.recover()
    house.record(120)
    house.stop()
    house.clock.advance(60)
    house.record(30)
    found = good(house.account())
    (line,) = found.lines
    sums = line.sums
    assert sums.mandated == house.clock.wall_us() - to_wall_us(datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert sums.recorded == sums.held
    assert sums.recorded >= (1500 + 600 + 120 + 30 - 61) * S


def test_destroyed_and_lost_after_the_term(house: SmallHouse) -> None:
    house.order()
    house.record(3600)
    house.stop(GapCause.NO_ORDER)
    (first, *_) = sorted((house.root / "streams").rglob("*.mp4"))
    house.clock.advance(5 * DAY / S)
    first.unlink()
    wrong = house.account(running=False)
    assert {(one.kind, Path(one.name).name) for one in wrong.wrong()} >= {(Fault.FILE_MISSING, first.name)}
    assert house.destroy() > 0
    sums = good(house.account(running=False)).lines[0].sums
    assert sums.held == 0
    assert sums.lost > 0
    assert sums.recorded == sums.destroyed + sums.lost


def test_an_act_that_a_crash_swallowed_is_told_at_the_next_start(house: SmallHouse) -> None:
    house.order()
    house.record(120)
    house.crash(acts_lost=True)
    house.clock.advance(120)
    assert not house.account(running=False).adds_up
    house.recover()
    good(house.account(running=False))


def test_a_clock_set_back_counts_once(house: SmallHouse) -> None:
    house.order()
    house.record(1200)
    house.clock.step(-600)
    house.miss(1, RunEnd.CLOCK_STEP, step_us=-600 * S)
    house.record(1800)
    house.stop()
    found = good(house.account(running=False))
    assert found.lines[0].sums.twice > 590 * S


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 23), (10, 25, 25), (6, 1, 24)])
def test_legal_days_have_their_own_length(tmp_path: Path, month: int, day: int, hours: int) -> None:
    clock = ManualClock(to_wall_us(datetime(2026, month, day, tzinfo=UTC)) - 12 * 3600 * S)
    house = SmallHouse(tmp_path, clock)
    house.order()
    house.record(37.5 * 3600, group_s=600)
    found = good(house.account(first=date(2026, month, day), last=date(2026, month, day)))
    assert found.lines[0].sums.mandated == hours * 3600 * S
    house.close()


def test_a_revocation_ends_what_is_ordered(house: SmallHouse) -> None:
    house.order()
    house.record(300)
    house.revoke()
    until = house.clock.wall_us()
    house.clock.advance(3600)
    found = good(house.account())
    assert found.lines[0].sums.mandated == until - to_wall_us(datetime(2026, 3, 2, 9, tzinfo=UTC))


def test_recording_without_an_order_is_told(house: SmallHouse) -> None:
    house.order(days=1 / 24)
    house.record(2 * 3600)
    found = house.account()
    assert Fault.TIME_UNORDERED in {one.kind for one in found.wrong()}
    assert found.lines[0].sums.beyond > 3500 * S


def test_the_present_is_pending_for_minutes_only(house: SmallHouse) -> None:
    house.order()
    house.record(300)
    house.clock.advance(60)
    assert good(house.account()).lines[0].sums.pending >= 59 * S
    house.clock.advance(3600)
    assert {one.kind for one in house.account().wrong()} == {Fault.TIME_UNTOLD}
    good(house.account(running=False))


def test_a_camera_that_never_answered_is_a_gap(house: SmallHouse) -> None:
    house.order()
    house.clock.advance(7200)
    sums = good(house.account()).lines[0].sums
    assert (sums.gaps, sums.recorded) == (7200 * S, 0)


def test_the_opening_balance_survives_the_pruning(house: SmallHouse) -> None:
    house.order()
    house.record(3 * 3600, group_s=300)
    house.miss(1200)
    house.record(3600, group_s=300)
    house.stop(GapCause.NO_ORDER)
    house.clock.advance(5 * DAY / S)
    house.destroy()
    before = good(house.account(running=False)).lines
    house.journal.ack(house.journal.last_seq())
    assert house.journal.prune(house.clock.wall_us()) > 0
    after = good(house.account(running=False)).lines
    assert [line.sums for line in after] == [line.sums for line in before]
    assert len(house.journal.select("SELECT * FROM carried")) < 10


def test_pruning_waits_for_files_that_are_still_there(house: SmallHouse) -> None:
    house.order()
    house.record(1200)
    house.stop()
    house.journal.ack(house.journal.last_seq())
    house.journal.prune(house.clock.wall_us() + DAY)
    assert house.journal.select("SELECT COUNT(*) FROM act WHERE kind = 'chunk_closed'")[0][0] >= 2
    good(house.account(running=False))


def test_what_is_of_another_camera_is_not_looked_at(house: SmallHouse) -> None:
    house.order()
    house.record(60)
    assert house.account(cameras={"other"}).lines == []
    assert {line.camera for line in house.account(cameras={CAMERA}).lines} == {CAMERA}
