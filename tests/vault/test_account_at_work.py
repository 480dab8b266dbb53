"""The account of a recorder at work: what is between two steps is looked at again; what stays wrong is said."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.accounts import CAMERA, DAY, MINUTE, SmallHouse

from beffroi.domain.gaps import GapCause
from beffroi.vault.account import LOOKS
from beffroi.vault.accountjson import table
from beffroi.vault.accountsum import Sums, lasting
from beffroi.vault.accounttext import Fault
from beffroi.vault.journal import ActKind
from beffroi.vault.mandates import read_orders

PASSING = ("unlink", "fsync directory", "journal")
"""A file that dies, stopped before this step of `beffroi.vault.destruction`: its head is overwritten."""


class StopError(Exception):
    """The recorder is between two steps."""


class Patience:
    """What happens in each moment that the account lets pass; ``moments`` counts them."""

    def __init__(self, do: Callable[[], object] = lambda: None) -> None:
        self.moments = 0
        self._do = do

    def __call__(self) -> None:
        self.moments += 1
        self._do()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    """A recorder at work, with an hour of files at their term."""
    made = SmallHouse(tmp_path)
    made.order()
    made.record(3600)
    made.stop(GapCause.NO_ORDER)
    made.clock.advance(5 * DAY / 1e6)
    made.miss(10)
    yield made
    made.close()


def destroy_up_to(house: SmallHouse, step: str, *, files: int = 1) -> None:
    """The destruction goes on until that many more files are at a step."""
    seen: list[str] = []

    def trace(at: str) -> None:
        seen.append(at)
        if seen.count(step) == files:
            raise StopError

    with pytest.raises(StopError):
        house.destroy(trace)


def test_nothing_is_waited_for_when_nothing_is_wrong(house: SmallHouse) -> None:
    patience = Patience()
    found = house.account(patience=patience)
    assert found.adds_up, "\n".join(table(found))
    assert patience.moments == 0


def test_a_stopped_recorder_is_not_waited_for(house: SmallHouse) -> None:
    destroy_up_to(house, "unlink")
    patience = Patience()
    assert not house.account(running=False, patience=patience).adds_up
    assert patience.moments == 0


@pytest.mark.parametrize("step", PASSING)
def test_a_file_that_dies_meanwhile_is_not_wrong(house: SmallHouse, step: str) -> None:
    destroy_up_to(house, step)
    patience = Patience(house.destroy)
    found = house.account(patience=patience)
    assert found.adds_up, "\n".join(table(found))
    assert patience.moments == 1
    assert sum(line.sums.destroyed for line in found.lines) > 55 * MINUTE


@pytest.mark.parametrize("step", PASSING)
def test_a_long_pass_shows_another_file_at_each_look(house: SmallHouse, step: str) -> None:
    destroy_up_to(house, step)
    patience = Patience(lambda: destroy_up_to(house, step, files=2))
    found = house.account(patience=patience)
    assert found.adds_up, "\n".join(table(found))
    for line in found.lines:
        assert line.sums.recorded == line.sums.held + line.sums.destroyed + line.sums.lost
        assert not line.sums.missing


@pytest.mark.parametrize("step", PASSING)
def test_a_destruction_that_hangs_is_said(house: SmallHouse, step: str) -> None:
    destroy_up_to(house, step)
    patience = Patience()
    found = house.account(patience=patience)
    kinds = {one.kind for one in found.wrong()}
    assert kinds == {Fault.FILE_DAMAGED if step == "unlink" else Fault.FILE_MISSING, Fault.TIME_MISSING}
    assert patience.moments == LOOKS


def test_a_file_that_goes_on_being_wrong_in_another_way_is_said(house: SmallHouse) -> None:
    destroy_up_to(house, "unlink")
    (dying,) = [path for path in (house.root / "streams").rglob("*.mp4") if not any(path.read_bytes()[:64])]
    found = house.account(patience=Patience(lambda: dying.unlink(missing_ok=True)))
    assert Fault.FILE_MISSING in {one.kind for one in found.wrong()}


def test_a_file_that_a_hand_took_is_said_beside_those_that_die(house: SmallHouse) -> None:
    taken = sorted((house.root / "streams").rglob("*.mp4"))[-1]
    destroy_up_to(house, "journal")
    taken.unlink()
    found = house.account(patience=Patience(lambda: destroy_up_to(house, "journal", files=2)))
    wrong = [one for one in found.wrong() if one.kind is not Fault.TIME_MISSING]
    assert [(one.kind, one.name) for one in wrong] == [(Fault.FILE_MISSING, str(taken.relative_to(house.root)))]


def test_a_sheet_renewed_meanwhile_is_not_missing(house: SmallHouse) -> None:
    for running in (False, True):
        patience = Patience()
        found = house.account(running=running, breathe=house.order, patience=patience)
        assert found.adds_up, "\n".join(table(found))
        assert patience.moments == 0


def test_a_sheet_that_the_book_lacks_is_said_of_its_camera_alone(house: SmallHouse) -> None:
    house.post(ActKind.SHEET_APPLIED, {"camera": CAMERA, "serial": 99})
    patience = Patience()
    (missing,) = house.account(patience=patience).wrong()
    assert (missing.kind, missing.camera, patience.moments) == (Fault.SHEET_MISSING, CAMERA, LOOKS)
    assert house.account(cameras={"other"}).adds_up
    assert not house.account(cameras={CAMERA}).adds_up


def test_sheets_of_cameras_that_are_not_asked_for_are_not_missing(house: SmallHouse) -> None:
    assert house.account(cameras={"other"}).whole == []
    assert house.account(cameras={CAMERA}).whole == []


def test_time_that_is_wrong_only_now_is_counted_where_it_was() -> None:
    def sums(**changes: object) -> Sums:
        terms = dict.fromkeys(("recorded", "gaps", "pending", "beyond", "destroyed", "lost", "twice"), 0)
        return Sums(**{"mandated": 100, **terms, "held": 0, **changes})  # type: ignore[arg-type]  # by name

    before = sums(recorded=100, held=90, missing=((0, 10),))
    again = sums(recorded=90, held=70, missing=((5, 25),), untold=((90, 100),))
    found = lasting(before, again)
    assert (found.missing, found.untold) == (((5, 10),), ())
    assert (found.held, found.pending) == (85, 10)
    assert not found.adds_up
    assert lasting(again, again) == again


def test_a_sheet_renewed_between_its_reading_and_its_noting_is_noted_as_it_was_read(house: SmallHouse) -> None:
    """Else the book would keep the new paper under the old number, and call it refused for ever."""
    house.order()
    read = house.store().load(house.clock.wall_us())
    house.clock.advance(1)
    now_us = house.clock.wall_us()
    renewed = replace(read.active[CAMERA].sheet, serial=house.serial + 1, issued_us=now_us)
    house.store().install(house.signer.sign(renewed))
    on_trust = {CAMERA: replace(read.active[CAMERA], on_trust=True)}  # another state, to be entered
    house.mandates.note(replace(read, active=on_trust), house.root / "sheets", now_us)
    orders = read_orders(house.mandates.journal, (house.world.sheet_key.public_key(),))
    assert orders.bad == ()
    assert orders.last == {CAMERA: house.serial}
