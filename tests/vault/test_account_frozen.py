"""Frozen pieces in the account: counted apart; one taken out, or put there by hand, is named."""

from pathlib import Path

from tests.support.chunks import CAMERA
from tests.support.holdworld import hold_world

from beffroi.vault.accountfrozen import check_frozen, frozen_spans
from beffroi.vault.accounttext import Fault
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
