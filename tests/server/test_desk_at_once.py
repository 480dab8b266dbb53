"""Two who ask at the same moment for one case: answered as one after the other, whatever is between."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.server.test_desk_delivery import round_of, store_of
from tests.server.test_subject import entered, step
from tests.support.clips import clip
from tests.support.desktown import AGENT, DeskTown, desk_town, span

from beffroi.cli.promises.client import Answer
from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text
from beffroi.evidence.deskstore import CaseFile
from beffroi.gate.keeping import Keep, Keeper, Kept
from beffroi.ledger.entry import EntryKind
from beffroi.registry.desktables import DeskHoldRow
from beffroi.server import deskround
from beffroi.server.deskholds import DeskHolds
from beffroi.vault.accountfrozen import check_frozen
from beffroi.watch.holds import Secured

Lines = dict[str, tuple[float, float]]
SECOND_S = 0.4
"""How long the first one's entry takes: the second one's question comes meanwhile (later, it proves nothing)."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskTown]:
    with desk_town(tmp_path_factory.mktemp("at-once") / "data") as one:
        for camera in ("cx", "cy"):
            one.record(camera, clip(count=250))
        yield one


@pytest.fixture
def slow_register(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Keeper.write

    async def slow(keeper: Keeper, keep: Keep, outcome: str, *args: Any, **more: Any) -> Kept:
        await asyncio.sleep(SECOND_S if outcome == "held" else 0)
        return await whole(keeper, keep, outcome, *args, **more)

    monkeypatch.setattr(Keeper, "write", slow)


def both(place: DeskTown, case: str, first: Lines, second: Lines, **more: Any) -> list[Answer]:
    """Two holds, asked at once by one person; ``more`` is said in the second only."""
    place.town.person(AGENT)  # logged in before, not twice at once
    ready = threading.Barrier(2)

    def one(lines: Lines, **said: Any) -> Answer:
        ready.wait(30)
        return place.hold(case, lines, **said)

    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(one, first), pool.submit(one, second, **more)]
        return [answer.result(60) for answer in asked]


def held_entries(place: DeskTown, case: str) -> list[tuple[str | None, int, int]]:
    ledger = place.town.centre.ledger
    found = [ledger.record(number) for number in range(ledger.size)]
    mine = [one for one in found if one.kind is EntryKind.HOLD and one.detail.get("case") == case]
    spans = [(one.camera, one.footage) for one in mine if one.outcome == "held"]
    return [(camera, footage.from_us, footage.to_us) for camera, footage in spans if footage is not None]


@pytest.mark.usefixtures("slow_register")
def test_the_same_minutes_asked_twice_at_once_are_one_hold(place: DeskTown) -> None:
    case = place.open_case()
    answers = both(place, case, {"cx": (0, 4), "cy": (0, 4)}, {"cy": (0, 4), "cx": (0, 4)})
    assert [one.status for one in answers] == [200, 200], [one.body for one in answers]
    assert [[hold["camera"] for hold in one.body["holds"]] for one in answers] == [["cx", "cy"]] * 2
    assert len(held_entries(place, case)) == 2, "each line once, in the register too"
    assert all(one.complete for one in store_of(place).case(case).holds)


@pytest.mark.usefixtures("slow_register")
def test_crossing_minutes_asked_at_once_are_held_once_and_refused_once(place: DeskTown) -> None:
    case = place.open_case()
    answers = both(place, case, {"cx": (0, 4)}, {"cx": (2, 6)})
    assert sorted(one.status for one in answers) == [200, 422], [one.body for one in answers]
    (refused,) = [one.body["error"]["text"]["fr"] for one in answers if one.status == 422]
    assert "ne se recouvrent pas" in refused
    assert len(held_entries(place, case)) == len(store_of(place).case(case).holds) == 1


@pytest.mark.usefixtures("slow_register")
def test_two_frames_given_at_once_are_not_both_taken(place: DeskTown) -> None:
    case = place.open_case()
    answers = both(place, case, {"cx": (0, 4)}, {"cy": (0, 4)}, frame="preliminary")
    assert sorted(one.status for one in answers) == [200, 422], [one.body for one in answers]
    (done,) = [one.body for one in answers if one.status == 200]
    told = store_of(place).case(case)
    assert (len(told.holds), told.call.frame.value) == (1, done["call"]["frame"]), "the frame is that of the hold"


@pytest.mark.usefixtures("slow_register")
def test_one_request_registered_twice_at_once_has_one_case(place: DeskTown) -> None:
    request = str(entered(place)["id"])
    body = {"cameras": [{"camera": "cx", **span(0, 4)}]}
    with ThreadPoolExecutor(2) as pool:
        answers = [one.result(60) for one in [pool.submit(step, place, request, "register", body) for _ in "ab"]]
    assert [status for status, _ in answers] == [200, 200], answers
    holds = [one.holds for one in store_of(place).standing() if one.row.kind == "subject"]
    assert [len(one) for one in holds] == [1]


def test_minutes_held_again_after_their_hold_has_ended(place: DeskTown) -> None:
    """A requisition lapsed and its hold ended; the investigator calls again: a hold, not a fault."""
    case, holds = place.open_case(), place.town.app.state.deliveries.desk.holds
    assert place.hold(case, {"cx": (0, 4), "cy": (0, 4)}).status == 200
    row = store_of(place).case(case).holds[0]
    assert asyncio.run(holds.end(row, None, "lapsed")) == 1
    place.town.clock.advance(1.0)
    again = place.hold(case, {"cx": (0, 4)})
    assert again.status == 200, again.body
    assert [(one["ended_us"], one["complete"]) for one in again.body["holds"]] == [(None, True)] * 2
    known = {one.id for one in place.holding.freezer.store.book().holds}
    assert known >= {one.name for one in store_of(place).case(case).holds}, "the recorder has it anew"
    row = next(one for one in store_of(place).case(case).holds if one.camera == "cx")
    assert asyncio.run(holds.end(row, None, "lapsed")) == 1
    acts = [one for one in place.journal.read_after(0, 10_000) if one.fields.get("hold") == row.name]
    kinds = ("hold_placed", "hold_copied", "hold_sealed", "destruction", "hold_ended")
    assert [sum(one.kind == kind for one in acts) for kind in kinds] == [2] * 5, "each life has its acts"
    assert list(check_frozen(place.root, place.journal)) == []


def test_minutes_asked_while_the_case_is_closing_are_refused_not_lost(
    place: DeskTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, holds, closing = place.open_case(), place.town.app.state.deliveries.desk.holds, threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    whole, whole_end = Keeper.write, DeskHolds.end_case

    async def seen(keeper: Keeper, *args: Any, **more: Any) -> Kept:
        loops.append(asyncio.get_running_loop())
        return await whole(keeper, *args, **more)

    async def slow(desk: DeskHolds, row: DeskHoldRow) -> None:
        closing.set()
        await asyncio.sleep(SECOND_S)
        await whole_end(desk, row)

    monkeypatch.setattr(Keeper, "write", seen)
    monkeypatch.setattr(DeskHolds, "end_case", slow)
    assert place.hold(case, {"cx": (0, 4)}).status == 200
    assert asyncio.run(holds.end(store_of(place).case(case).holds[0], None, "ended")) == 1
    over = asyncio.run_coroutine_threadsafe(round_of(place).once(), loops[0])  # in the centre's own loop, as its round
    assert closing.wait(30)
    late = place.hold(case, {"cy": (0, 4)})
    over.result(60)
    told = store_of(place).case(case)
    assert (late.status, told.row.closed_why) == (422, "ended"), late.body
    assert len(told.holds) == len(held_entries(place, case)) == 1, "nor does the register say that it is held"


def test_a_case_whose_closing_stopped_half_way_takes_no_more(place: DeskTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of one authority is gone, the other's keyring is away: a hold entered now could never be sealed."""
    case, holds = place.open_case(), place.town.app.state.deliveries.desk.holds
    assert place.hold(case, {"cx": (0, 4), "cy": (0, 4)}).status == 200
    for row in store_of(place).case(case).holds:
        assert asyncio.run(holds.end(row, None, "ended")) == 1
    whole_end = DeskHolds.end_case

    async def half(desk: DeskHolds, row: DeskHoldRow) -> None:
        if row.camera == "cy":
            raise BrokenError(Text(fr="absent", en="away"))
        await whole_end(desk, row)

    with monkeypatch.context() as away:
        away.setattr(DeskHolds, "end_case", half)
        asyncio.run(round_of(place).once())
    before, ledger = store_of(place).case(case), place.town.centre.ledger
    assert before.row.closed_us is None
    size = ledger.size
    asked: list[Lines] = [{"cx": (5, 6)}, {"cx": (0, 4)}]
    for lines in asked:
        late = place.hold(case, lines)
        assert (late.status, "ouvrez un autre dossier" in late.body["error"]["text"]["fr"]) == (403, True), late.body
    found = [ledger.record(number) for number in range(size, ledger.size)]
    assert not [one for one in found if one.detail.get("case") == case], "nor does the register say that it is held"
    asyncio.run(round_of(place).once())
    assert store_of(place).case(case).row.closed_why == "ended"


def test_a_case_that_closes_while_its_hold_is_secured_again_leaves_nothing_held(
    place: DeskTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, securing, closed = place.open_case(), threading.Event(), threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    assert place.hold(case, {"cx": (0, 4)}).status == 200
    whole_over, whole_secure, whole_secured = deskround._over, DeskHolds.secure, DeskHolds._secure

    async def seen(desk: DeskHolds, *args: Any) -> CaseFile:
        loops.append(asyncio.get_running_loop())
        return await whole_secure(desk, *args)

    def slow(desk: DeskHolds, row: DeskHoldRow) -> Secured:
        securing.set()
        closed.wait(SECOND_S)  # not reached when the closing waits for its turn
        return whole_secured(desk, row)

    def over(one: CaseFile, now_us: int) -> str:
        return "ended" if one.row.id == case else whole_over(one, now_us)

    monkeypatch.setattr(DeskHolds, "secure", seen)
    monkeypatch.setattr(DeskHolds, "_secure", slow)
    monkeypatch.setattr(deskround, "_over", over)
    with ThreadPoolExecutor(1) as pool:
        again = pool.submit(place.hold, case, {"cx": (0, 4)})
        assert securing.wait(30)
        one = round_of(place)._one(store_of(place).case(case))  # alone: the other cases' would take time
        asyncio.run_coroutine_threadsafe(one, loops[0]).result(60)
        closed.set()
        again.result(60)
    assert store_of(place).case(case).row.closed_why == "ended"
    assert case not in {one.case for one in place.holding.freezer.store.book().holds}
