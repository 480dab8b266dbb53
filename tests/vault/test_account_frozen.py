"""Frozen pieces in the account: counted apart; one taken out, or put there by hand, is named."""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.support.chunks import CAMERA
from tests.support.holdworld import HoldWorld, hold_world

from beffroi.vault.account import LOOKS, account
from beffroi.vault.accountfrozen import check_frozen, frozen_spans
from beffroi.vault.accountline import House
from beffroi.vault.accounttext import Discrepancy, Fault
from beffroi.vault.journal import Journal
from beffroi.vault.spans import length


def test_a_piece_is_counted_and_its_absence_named(tmp_path: Path) -> None:
    world = hold_world(tmp_path)
    start = world.clock.wall_us()
    world.write(start)
    hold = world.freezer.place(world.hold(start + 2_000_000, start + 4_000_000))
    world.minute()
    (piece,) = world.pieces(hold)
    found, wrong = frozen_spans(world.root)
    assert (length(found[CAMERA, "main"]) >= 2_000_000, wrong) == (True, [])
    assert list(check_frozen(world.root, world.journal)) == []
    aside = piece.rename(tmp_path / "aside")
    (told,) = check_frozen(world.root, world.journal)
    assert (told.kind, piece.stem in told.text.fr) == (Fault.FILE_MISSING, True)
    aside.rename(piece.with_name(f"{'0' * 32}.piece"))
    assert {one.kind for one in check_frozen(world.root, world.journal)} == {Fault.FILE_MISSING, Fault.FILE_UNTOLD}
    piece.with_name(f"{'0' * 32}.piece").write_bytes(b"nothing")
    _, wrong = frozen_spans(world.root)
    assert [one.kind for one in wrong] == [Fault.FILE_DAMAGED]


class StopError(Exception):
    """The recorder is between two steps."""


def looked_at(world: HoldWorld, patience: Callable[[], None]) -> list[Discrepancy]:
    """What the account of a recorder at work says of its whole."""
    with closing(Journal.open(world.root / "mandates.sqlite")) as mandates:
        house = House(world.root, world.journal, mandates, (), world.clock.wall_us, running=True)
        return account(house, patience=patience).whole


def stopped_at(world: HoldWorld, step: str, do: Callable[[], object]) -> None:
    """The recorder works up to a step."""

    def stop(at: str) -> None:
        if at == step:
            raise StopError

    world.on_step.append(stop)
    with pytest.raises(StopError):
        do()
    world.on_step.remove(stop)


@pytest.mark.parametrize(
    ("step", "wrong"),
    [
        ("copy: journal", Fault.FILE_UNTOLD),
        ("piece: unlink", Fault.FILE_DAMAGED),
        ("piece: journal", Fault.FILE_MISSING),
    ],
)
def test_a_piece_between_two_steps_is_wrong_when_it_stays_so(tmp_path: Path, step: str, wrong: Fault) -> None:
    world, moments = hold_world(tmp_path), list[str]()
    start = world.clock.wall_us()
    world.write(start)
    hold = world.hold(start, start + 60_000_000)
    if step == "copy: journal":
        stopped_at(world, step, lambda: world.freezer.place(hold))
    else:
        world.secure(hold)
        assert looked_at(world, lambda: moments.append("waited")) == []
        assert moments == [], "nothing is waited for when nothing is wrong"
        stopped_at(world, step, lambda: world.freezer.end(hold.id))
    found = looked_at(world, lambda: moments.append("waited"))
    assert ([one.kind for one in found], len(moments)) == ([wrong], LOOKS)

    def goes_on() -> None:
        moments.append("went on")
        world.freezer.once()

    assert looked_at(world, goes_on) == []
    assert moments.count("went on") == 1


def test_a_piece_damaged_then_gone_stays_wrong(tmp_path: Path) -> None:
    world = hold_world(tmp_path)
    start = world.clock.wall_us()
    world.write(start)
    hold = world.secure(world.hold(start, start + 60_000_000))
    (piece,) = world.pieces(hold)
    piece.write_bytes(b"nothing")
    (gone,) = looked_at(world, lambda: piece.unlink(missing_ok=True))
    assert (gone.kind, gone.name.startswith("act"), piece.name in gone.text.fr) == (Fault.FILE_MISSING, False, True)


def test_a_hold_that_ends_while_its_folder_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = hold_world(tmp_path)
    start = world.clock.wall_us()
    world.write(start)
    hold = world.secure(world.hold(start, start + 60_000_000))
    folder, listed = world.freezer.store.directory(hold.id), os.scandir

    def ending(path: Any) -> Any:
        monkeypatch.setattr(os, "scandir", listed)
        if Path(path) == folder:
            world.freezer.end(hold.id)
        else:
            monkeypatch.setattr(os, "scandir", ending)
        return listed(path)

    monkeypatch.setattr(os, "scandir", ending)
    assert looked_at(world, lambda: None) == []
    assert not folder.exists()
