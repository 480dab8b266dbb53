"""Renewal and withdrawal: no lease outlives the last allow by more than three seconds."""

import asyncio
import threading
from pathlib import Path

import pytest
from tests.gate.test_gate_open import HERE, KEY, PAYLOAD
from tests.support.gates import TableLaw, live
from tests.support.ports import busy
from tests.support.register import open_ledger

from beffroi.base.clock import SystemClock
from beffroi.domain.clock import ManualClock
from beffroi.domain.errors import NotFoundError
from beffroi.domain.ids import ConnectionId
from beffroi.domain.lease import check
from beffroi.domain.ranges import WallRange
from beffroi.gate import gate as room
from beffroi.gate.answers import Cut, GateClosedError, GateRefusedError
from beffroi.gate.gate import Gate, OnCut
from beffroi.ledger.entry import EntryKind, Sent
from beffroi.ledger.ledger import Ledger


class House:
    """A gate on a real register, with a clock that moves when told."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.law = TableLaw({("p1", "cam-1"), ("p2", "cam-1")})
        self.ledger: Ledger = open_ledger(folder, clock=self.clock)
        self.gate = Gate(self.law, self.ledger, KEY, self.clock)

    def kinds(self) -> list[EntryKind]:
        self.ledger.close()
        return [self.ledger.record(i).kind for i in range(self.ledger.size)]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_a_lease_is_renewed_every_second_and_a_half_and_writes_nothing(house: House) -> None:
    opened = await house.gate.open(live(), HERE, PAYLOAD)
    tokens = set()
    for _ in range(40):
        house.clock.advance(0.25)
        await house.gate.tick()
        token = house.gate.current_lease(opened.id)
        assert token is not None
        tokens.add(token)
        assert check(token, house.gate.verify_key, now_us=house.clock.wall).expires_us > house.clock.wall + 1_250_000
    assert len(tokens) == 7  # 10 s: the first tick (facts seen for the first time), then one each 1.5 s
    assert house.ledger.size == 1
    house.ledger.close()


async def test_a_withdrawal_cuts_at_the_next_look_and_is_an_entry(house: House) -> None:
    opened = await house.gate.open(live(), HERE, PAYLOAD)
    other = await house.gate.open(live("p2"), ConnectionId("c2"), PAYLOAD)
    await house.gate.tick()
    told: list[tuple[str, Cut]] = []
    house.gate.subscribe(opened.id, lambda view, cut: told.append((view.id, cut)))
    leave = house.gate.subscribe(opened.id, lambda _view, _cut: told.clear())
    leave()
    house.law.withdraw("p1", "cam-1")
    await house.gate.tick()
    assert [(view, cut.code) for view, cut in told] == [(opened.id, "withdrawn")]
    assert told[0][1].text.en == "Refused."
    assert house.gate.current_lease(opened.id) is None
    assert house.gate.opened(opened.id) is None
    assert house.gate.current_lease(other.id) is not None
    house.law.allow("p1", "cam-1")
    await house.gate.tick()
    assert house.gate.current_lease(opened.id) is None  # a cut view does not come back: it is opened again
    with pytest.raises(NotFoundError):
        await house.gate.renew(opened.id)
    late: list[Cut] = []
    house.gate.subscribe(opened.id, lambda _view, cut: late.append(cut))
    assert len(late) == 1
    await house.gate.end(opened.id, Sent(3, 900, WallRange(1, 5)))
    assert house.kinds() == [EntryKind.VIEW_OPENED] * 2 + [EntryKind.VIEW_CUT, EntryKind.VIEW_ENDED]
    record = house.ledger.record(3)
    assert (record.outcome, record.opened, record.sent) == ("cut_withdrawn", 0, Sent(3, 900, WallRange(1, 5)))


async def test_a_listener_that_fails_does_not_spare_the_others(house: House) -> None:
    opened = await house.gate.open(live(), HERE, PAYLOAD)
    told: list[Cut] = []

    def bad(_view: object, _cut: Cut) -> None:
        raise RuntimeError("broken viewer")

    house.gate.subscribe(opened.id, bad)
    house.gate.subscribe(opened.id, lambda _view, cut: told.append(cut))
    house.law.withdraw("p1", "cam-1")
    await house.gate.tick()
    assert len(told) == 1
    house.ledger.close()


async def test_a_law_that_breaks_cuts(house: House) -> None:
    opened = await house.gate.open(live(), HERE, PAYLOAD)
    house.law.broken = True
    await house.gate.tick()
    assert house.gate.current_lease(opened.id) is None
    assert house.kinds()[-1] is EntryKind.VIEW_CUT


async def test_a_gate_that_does_not_look_lets_leases_run_out(house: House) -> None:
    opened = await house.gate.open(live(), HERE, PAYLOAD)
    house.clock.advance(2.999)
    assert house.gate.current_lease(opened.id) is not None
    house.clock.advance(0.001)
    assert house.gate.current_lease(opened.id) is None
    house.ledger.close()


@pytest.mark.parametrize("seconds", [-3600.0, 3600.0])
async def test_a_clock_step_darkens_until_the_next_renewal(house: House, seconds: float) -> None:
    opened = await house.gate.open(live(), HERE, PAYLOAD)
    house.clock.step(seconds)
    token = house.gate.current_lease(opened.id) or opened.lease
    with pytest.raises(Exception, match="expired"):
        check(token, house.gate.verify_key, now_us=house.clock.wall)
    house.clock.advance(1.5)
    await house.gate.tick()
    renewed = house.gate.current_lease(opened.id)
    assert renewed is not None
    check(renewed, house.gate.verify_key, now_us=house.clock.wall)
    house.ledger.close()


async def test_renew_on_demand_asks_the_law(house: House) -> None:
    opened = await house.gate.open(live(), HERE, PAYLOAD)
    house.clock.advance(1)
    renewed = await house.gate.renew(opened.id)
    assert check(renewed, house.gate.verify_key, now_us=house.clock.wall).issued_us == house.clock.wall
    house.law.withdraw("p1", "cam-1")
    with pytest.raises(GateRefusedError):
        await house.gate.renew(opened.id)
    assert house.gate.current_lease(opened.id) is None
    house.ledger.close()


async def test_what_was_sent_is_written_once(house: House) -> None:
    opened = await house.gate.open(live(), HERE, PAYLOAD)
    sent = Sent(250, 1_000_000, WallRange(10, 20))
    index = await house.gate.end(opened.id, sent)
    assert index == 1
    assert house.ledger.record(1).sent == sent
    assert await house.gate.end(opened.id, sent) is None
    assert house.gate.current_lease(opened.id) is None
    house.ledger.close()


async def test_a_lost_connection_ends_its_views_only(house: House) -> None:
    mine = await house.gate.open(live(), HERE, PAYLOAD)
    other = await house.gate.open(live("p2"), ConnectionId("c2"), PAYLOAD)
    await house.gate.end_connection(HERE)
    assert [view.id for view in house.gate.views()] == [other.id]
    assert house.ledger.record(2).outcome == "disconnected"
    assert mine.id != other.id
    house.ledger.close()


async def test_a_disk_that_does_not_answer_cuts_after_its_limit(tmp_path: Path) -> None:
    free = threading.Event()
    free.set()
    clock = ManualClock()
    ledger = open_ledger(tmp_path, clock=clock, fsync=lambda _fd, _path: _hold(free))
    gate = Gate(TableLaw({("p1", "cam-1")}), ledger, KEY, clock, register_wait_s=60.0)
    opened = await gate.open(live(), HERE, PAYLOAD)
    free.clear()
    gate._register._wait_s = 0.05  # from here on no answer comes
    with pytest.raises(GateClosedError):
        await gate.open(live(), HERE, PAYLOAD)
    clock.advance(9.9)
    await gate.tick()
    assert gate.current_lease(opened.id) is not None
    clock.advance(0.2)
    await gate.tick()
    assert gate.current_lease(opened.id) is None
    free.set()
    ledger.close()


def _hold(free: threading.Event) -> None:
    assert free.wait(60)


def _setter(event: asyncio.Event) -> OnCut:
    return lambda _view, _cut: event.set()


async def test_a_stop_just_after_a_poke_stops(house: House) -> None:
    """A fact changes as the centre is told to end: it ends, and does not look again for ever."""
    await house.gate.start()
    await asyncio.sleep(0)  # it waits for a poke
    house.gate.poke()
    async with asyncio.timeout(60):
        await house.gate.stop()


async def test_the_loop_notices_a_withdrawal_by_itself_and_a_poke_sooner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself within the five seconds that are promised; at a poke without waiting for its next look."""
    clock, law = SystemClock(), TableLaw({("p1", "cam-1")})
    ledger = open_ledger(tmp_path, clock=clock)
    async with Gate(law, ledger, KEY, clock) as gate:
        for poke in (False, True):
            law.allow("p1", "cam-1")
            opened = await gate.open(live(), HERE, PAYLOAD)
            cut = asyncio.Event()
            gate.subscribe(opened.id, _setter(cut))
            law.withdraw("p1", "cam-1")
            if poke:
                gate.poke()
            await asyncio.wait_for(cut.wait(), 60.0 if poke else 5.0 * busy())
            await gate.end(opened.id)
            monkeypatch.setattr(room, "POLL_S", 3600.0)
            gate.poke()  # from now on it waits for the next poke alone
    ledger.close()
