"""The centre keeps the register's term: once a day, pruning once a month; what refuses is told, and tried again."""

import sqlite3
from pathlib import Path

import pytest
from tests.support.ports import wait_for
from tests.support.register import DAY_S, aged, fill

from beffroi.server import keeping
from beffroi.server.keeping import RegisterTerm
from beffroi.server.notices import Level


def test_the_centre_prunes_once_a_month(tmp_path: Path) -> None:
    ledger, clock = aged(tmp_path, 300, 10)
    duty = RegisterTerm(ledger, clock)
    kept = duty.look()
    assert kept is not None
    assert kept.pruning is not None
    assert duty.look() is None
    fill(ledger, 300)
    clock.advance(400 * DAY_S)
    later = duty.look()
    assert later is not None
    assert ledger.size == 300 + 10 + 1 + 300 + (later.pruning is not None)
    ledger.close()


def test_a_database_that_refuses_is_told_and_the_term_is_kept_once_it_goes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "LOOK_S", 0.05)
    ledger, clock = aged(tmp_path, 300, 10)
    ledger._payloads._db.execute("PRAGMA busy_timeout=20")  # as five seconds, sooner
    duty = RegisterTerm(ledger, clock)
    other = sqlite3.connect(tmp_path / "payloads.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    duty.start()
    try:
        (told,) = wait_for(duty.notices, what="that the database refuses")
        assert (told.code, told.level) == ("register-term", Level.SOON)
        assert "registre n'efface plus" in told.text.fr
        assert "no longer erases" in told.text.en
        assert ledger.payload(0) is not None
        other.execute("ROLLBACK")
        wait_for(lambda: not duty.notices(), what="the next look")
        assert ledger.first == 256
    finally:
        duty.stop()
        other.close()
        ledger.close()


@pytest.mark.parametrize(
    "error", [sqlite3.OperationalError("database or disk is full"), OSError(28, "full"), KeyError()]
)
def test_whatever_a_look_meets_the_next_one_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(keeping, "LOOK_S", 0.05)
    ledger, clock = aged(tmp_path, 300, 10)
    duty = RegisterTerm(ledger, clock)

    def refuses(_: int) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "expire", refuses)
        duty.start()
        assert wait_for(duty.notices)
    try:
        wait_for(lambda: not duty.notices())
        assert ledger.first == 256
    finally:
        duty.stop()
        ledger.close()
