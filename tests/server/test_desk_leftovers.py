"""Nothing of the desk outlives its term: beside a requisition, after a crash, because another case's end failed."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_desk_delivery import SECOND, ask, journal_in_register, reason, requisition, round_of, store_of
from tests.support.clips import clip
from tests.support.desktown import AGENT, DAY_S, DeskTown, desk_town, span

from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text
from beffroi.evidence.deskrules import PAPER_US
from beffroi.evidence.deskstore import CaseFile
from beffroi.gate.keeping import Keep, Keeper, Kept
from beffroi.registry.desktables import DeskPackageRow
from beffroi.server.desk import Desk
from beffroi.server.deskbuild import package_path, packages_folder
from beffroi.server.deskdelivery import Deliveries
from beffroi.server.deskround import DeskRound, handed_over


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DeskTown]:
    with desk_town(tmp_path / "data") as one:
        yield one


def test_a_requisition_lengthens_what_it_speaks_of_and_nothing_else(place: DeskTown) -> None:
    for camera in ("cx", "cy"):
        place.record(camera, clip(count=250))
    case = place.open_case()
    lines = {"cx": (0.0, 4.0), "cy": (0.0, 4.0)}
    assert place.hold(case, lines, frame="none", verified=False).status == 200

    def beyond(papers: dict[str, object]) -> dict[str, int]:
        status, body = ask(place, case, "requisition", papers)
        assert status == 200, body
        return {one["camera"]: one["beyond_us"] for one in body["holds"]}

    other_day = requisition(place, "elsewhen", "cx", 600, 900)
    assert beyond({"document": other_day}) == {"cx": 0, "cy": 0}, "a paper about other minutes lengthens nothing"
    assert beyond({"document": requisition(place, "one", "cx", 0, 60)}) == {"cx": PAPER_US, "cy": 0}
    asyncio.run(round_of(place).once())
    held = {one.camera: one.beyond_us for one in store_of(place).case(case).holds}
    assert held == {"cx": PAPER_US, "cy": 0}, "the round neither"


def agreed(place: DeskTown) -> tuple[str, str]:
    """A case and its delivery, which only its making awaits."""
    place.record("cx", clip(count=250))
    case = place.open_case()
    place.hold(case, {"cx": (0, 9)})
    ask(place, case, "requisition", {"document": requisition(place, "one", "cx", 0, 60)})
    _, body = ask(place, case, "packages", {"second": SECOND})
    name = str(body["packages"][0]["id"])
    assert ask(place, case, f"packages/{name}/agree", {}, SECOND)[0] == 200
    journal_in_register(place)
    return case, name


def test_a_delivery_that_no_row_knows_of_is_not_left_in_clear(place: DeskTown, monkeypatch: pytest.MonkeyPatch) -> None:
    case, name = agreed(place)
    path, whole, seen = package_path(place.town.centre, name), Desk.enter, []

    async def silent(desk: Desk, outcome: str, *args: object, **more: object) -> int:
        if outcome == "built":
            seen.append(path.exists())
            raise BrokenError(Text(fr="muet", en="silent"))
        return await whole(desk, outcome, *args, **more)  # type: ignore[arg-type]  # passed on as they came

    with monkeypatch.context() as shut:
        shut.setattr(Desk, "enter", silent)
        assert ask(place, case, f"packages/{name}/build", {"reason": reason(place)})[0] == 503
    assert seen == [True], "it was made when the register fell silent"
    assert not path.exists()

    assert ask(place, case, f"packages/{name}/build", {"reason": reason(place)})[0] == 200
    left = packages_folder(place.town.centre) / f"{case}-dead.making" / "media"
    left.mkdir(parents=True)
    (left / "clear.mp4").write_bytes(b"x")
    for one in (path.with_name(f"{case}-dead.zip"), path.with_name(f"{case}-dead.part")):
        one.write_bytes(b"x")

    async def start() -> None:
        async with round_of(place):
            pass

    asyncio.run(start())
    assert [one.name for one in packages_folder(place.town.centre).iterdir()] == [path.name], "and the good one stays"


def test_the_seven_days_run_from_the_day_on_which_the_receipt_was_signed(place: DeskTown) -> None:
    case, name = agreed(place)
    assert ask(place, case, f"packages/{name}/build", {"reason": reason(place)})[0] == 200
    receipt = {"signed_by": "OPJ de permanence", "reference": "R-17"}
    for wrong in ("2026-03-01", "2026-03-03"):
        status, body = ask(place, case, f"packages/{name}/receipt", {**receipt, "signed_on": wrong})
        assert (status, "date" in body["error"]["text"]["fr"]) == (422, True), body
    place.days_pass(6.5 * DAY_S)
    assert ask(place, case, f"packages/{name}/receipt", {**receipt, "signed_on": "2026-03-02"})[0] == 200
    asyncio.run(round_of(place).once())
    assert not package_path(place.town.centre, name).exists(), "written down late: the law does not wait"


def test_what_the_register_says_is_held_is_held_where_the_placing_stopped(
    place: DeskTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    for camera in ("cx", "cy", "cd"):
        place.record(camera, clip(count=100))
    case, whole, written = place.open_case(), Keeper.write, list[str]()

    async def silent(keeper: Keeper, keep: Keep, outcome: str, *args: Any, **more: Any) -> Kept:
        if outcome == "held" and len(written) == 2:
            raise BrokenError(Text(fr="muet", en="silent"))
        kept = await whole(keeper, keep, outcome, *args, **more)
        written.append(keep.camera)
        return kept

    lines = {"cx": (0.0, 3.0), "cy": (0.0, 3.0), "cd": (0.0, 3.0)}
    with monkeypatch.context() as shut:
        shut.setattr(Keeper, "write", silent)
        assert place.hold(case, lines).status == 503
    asyncio.run(round_of(place).once())
    told = store_of(place).case(case)
    assert {one.camera: one.complete for one in told.holds} == dict.fromkeys(written, True)
    assert (len(written), len(place.pieces())) == (2, 2)
    again = place.hold(case, lines)
    assert (again.status, len(again.body["holds"]), len(place.pieces())) == (200, 3, 3), "asked again: the rest"


def test_a_closed_case_names_nobody_any_more(place: DeskTown) -> None:
    case, name = agreed(place)
    store_of(place).take_call(case, replace(store_of(place).case(case).call, number="PV 2026/17"))
    assert ask(place, case, f"packages/{name}/build", {"reason": reason(place)})[0] == 200
    receipt = {"signed_on": "2026-03-02", "signed_by": "OPJ de permanence", "reference": "R-17"}
    assert ask(place, case, f"packages/{name}/receipt", receipt)[0] == 200
    place.days_pass(6.5 * DAY_S)
    asyncio.run(round_of(place).once())
    told = store_of(place).case(case)
    (package,) = told.packages
    assert told.row.closed_why == "received"
    assert (told.call.caller, told.call.callback, told.call.number) == ("", "", "")
    assert (package.signed_on, package.signed_by, package.reference) == ("2026-03-02", "", "")
    ledger = place.town.centre.ledger
    entry = next(number for number in range(ledger.size) if ledger.record(number).outcome == "received")
    assert "OPJ de permanence" not in str(ledger.record(entry).detail), "beside the leaf only"


def test_a_receipt_ends_neither_what_waits_for_a_second_delivery_nor_what_was_held_since(place: DeskTown) -> None:
    case, name = agreed(place)
    half = {"second": SECOND, "cameras": [{"camera": "cx", **span(0, 4)}]}
    _, body = ask(place, case, "packages", half)
    assert ask(place, case, f"packages/{name}/build", {"reason": reason(place)})[0] == 200
    receipt = {"signed_on": "2026-03-02", "signed_by": "OPJ de permanence", "reference": "R-17"}
    assert ask(place, case, f"packages/{name}/receipt", receipt)[0] == 200
    place.record("cd", clip(count=100))
    place.days_pass(1)
    assert place.hold(case, {"cd": (0, 3)}).status == 200
    ask(place, case, "requisition", {"document": requisition(place, "complement", "cd", 0, 60)})
    status, body = ask(place, case, "packages", {"second": SECOND, "cameras": [{"camera": "cd", **span(0, 3)}]})
    assert status == 201, body
    place.days_pass(6.5 * DAY_S)
    asyncio.run(round_of(place).once())
    told = store_of(place).case(case)
    assert not package_path(place.town.centre, name).exists(), "what was received is destroyed"
    assert (told.row.closed_us, len(told.held)) == (None, 2), "the complement is still to be delivered"

    def alone(row: DeskPackageRow) -> CaseFile:
        return CaseFile(told.row, [], [], [one for one in told.packages if one.built_us is not None or one is row])

    same, other = [one for one in told.packages if one.built_us is None]
    assert handed_over(alone(same)), "given up for the one that was delivered"
    assert not handed_over(alone(other)), "other minutes"
    assert not handed_over(CaseFile(told.row, told.holds, [], alone(same).packages)), "held since"


def test_a_safeguard_that_held_nothing_closes_too(place: DeskTown) -> None:
    case = place.open_case(kind="safeguard")
    place.town.clock.advance(7.1 * DAY_S)
    asyncio.run(round_of(place).once())
    assert store_of(place).case(case).row.closed_why == "empty"


def test_two_asks_at_once_make_one_delivery(place: DeskTown) -> None:
    case, name = agreed(place)
    deliveries: Deliveries = place.town.app.state.deliveries
    made: list[str] = []

    async def slow(*_: object) -> None:
        made.append(name)
        await asyncio.sleep(0)
        raise BrokenError(Text(fr="non", en="no"))

    deliveries._make = slow  # type: ignore[method-assign,assignment]  # the making itself is not what is tried
    found = deliveries.desk.store.case(case)
    caller = type("_Caller", (), {"person": AGENT})()
    maker = type("_Maker", (), {"caller": caller})()

    async def both() -> list[object]:
        return await asyncio.gather(*(deliveries.build(found, name, maker) for _ in "ab"), return_exceptions=True)

    assert len(asyncio.run(both())) == 2
    assert made == [name]


def test_one_case_that_cannot_end_keeps_no_other_alive(place: DeskTown, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [place.open_case() for _ in range(3)]
    place.town.clock.advance(8 * DAY_S)
    whole = DeskRound.close

    async def close(one: DeskRound, case: CaseFile, why: str) -> None:
        if case.row.id == cases[1]:
            raise OSError(5, "the disk refuses")
        await whole(one, case, why)

    monkeypatch.setattr(DeskRound, "close", close)
    asyncio.run(round_of(place).once())
    closed = [store_of(place).case(one).row.closed_us is not None for one in cases]
    assert closed == [True, False, True]
