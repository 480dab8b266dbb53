"""A restored centre and a recorder that never stopped: what it records stays lawful, and can be opened."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.server.test_server_supply import MAYOR_X, Desk
from tests.server.test_server_supply import desk as desk  # noqa: PLC0414  a fixture
from tests.support.keys import CHEAP

from beffroi.backup.make import make
from beffroi.backup.restore import restore
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.gate.restored import RestoredMark
from beffroi.vault.sealing import hour_of, seal_content_key
from beffroi.vault.sheetstore import SheetBook, SheetStore

SECRET = "une phrase de sauvegarde"
TERM, DAY_S = 30, 86_400


def book(desk: Desk) -> SheetBook:
    key = desk.open_now[0].supply._sheet_key.public_key()
    return SheetStore(desk.data / "recorder" / "sheets", [key]).load(desk.clock.wall_us())


def lose_and_restore(desk: Desk, copies: Path) -> None:
    """The centre's folder is gone; the recorder's lives on."""
    one = desk.open_now[0]
    one.ledger.close()
    one.engine.dispose()
    shutil.rmtree(desk.data / "centre")
    restore(copies, desk.data, SECRET, desk.clock, clock_is_right=True)
    desk.centre()


def engine_of(desk: Desk) -> Engine:
    return desk.open_now[0].engine


@pytest.fixture
def saved(desk: Desk, tmp_path: Path) -> Path:
    desk.open_now[0].supply.once()
    make(desk.data, tmp_path / "copies", SECRET, engine_of(desk), desk.clock, cost=CHEAP)
    return tmp_path / "copies"


def test_a_revocation_since_the_back_up_is_not_undone_and_no_sheet_is_taken_away(desk: Desk, saved: Path) -> None:
    centre = desk.open_now[0]
    facts = centre.registry.facts()
    order = next(one.id for one in facts.documents if "cx" in one.scope.cameras and one.fields.get("retention_days"))
    centre.registry.withdraw(DocumentId(order), by=PersonId("mayorX"), reason="arrêté annulé")
    centre.supply.once()
    recorded = set(book(desk).active)
    assert "cx" not in recorded
    assert recorded
    before = {path.name: path.read_bytes() for path in (desk.data / "recorder" / "sheets").iterdir()}

    lose_and_restore(desk, saved)
    desk.clock.advance(2 * DAY_S)  # long enough for a renewal to be due
    desk.open_now[0].supply.once()
    assert RestoredMark(desk.data / "centre").standing()
    assert {path.name: path.read_bytes() for path in (desk.data / "recorder" / "sheets").iterdir()} == before
    assert set(book(desk).active) == recorded


def test_hours_made_after_the_back_up_are_made_again_so_that_nothing_is_sealed_to_a_lost_key(
    desk: Desk, saved: Path
) -> None:
    """The copy's disk was away when the last hours were made: their private halves are lost with the centre."""
    away = saved.with_name("away")
    desk.clock.advance(6 * DAY_S)
    desk.open_now[0].supply.once()
    desk.open_now[0].supply.keepers[MAYOR_X].watch.settle()
    now_hour = hour_of(desk.clock.wall_us())
    lost = now_hour + 10 * 24
    former = desk.hours.public_for(MAYOR_X, TERM, lost)
    known = desk.hours.public_for(MAYOR_X, TERM, now_hour)
    saved.rename(away)
    lose_and_restore(desk, away)
    desk.open_now[0].supply.once()
    ring = desk.open_now[0].supply.keepers[MAYOR_X].keyring
    assert desk.hours.public_for(MAYOR_X, TERM, now_hour) == known, "what was in the copy stays"
    fresh = desk.hours.public_for(MAYOR_X, TERM, lost)
    assert fresh != former
    sealed = seal_content_key(fresh, bytes(16), info=b"x")
    assert ring.unseal(TERM, lost, sealed, info=b"x") == bytes(16)
