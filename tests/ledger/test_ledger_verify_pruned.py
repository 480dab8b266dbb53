"""`ledger verify` beside a pruning: what reaches its term while it reads is no damage."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.support.register import KEY, ORIGIN, aged, bundle

from beffroi.ledger import verify as module
from beffroi.ledger.findings import Finding, FindingKind
from beffroi.ledger.keeping import Keeping
from beffroi.ledger.note import Verifier
from beffroi.ledger.verify import verify

VERIFIER = Verifier(ORIGIN, KEY.public_key())


def test_payloads_that_go_before_their_bundles_are_no_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pruning begins once the checkpoint was read, and stands still between payloads and bundles until the first
    reading is over."""
    ledger, clock = aged(tmp_path, 600, 100)
    between, on = threading.Event(), threading.Event()
    drop, read, rounds = ledger._store.drop_bundles, module._tile, []

    def held(below: int) -> int:
        between.set()
        assert on.wait(60)
        return drop(below)

    pruning = threading.Thread(target=Keeping(ledger).look, args=(clock.wall_us(),))

    def beside(root: Path, tile: Any) -> bytes | None:
        if root / tile.path == bundle(tmp_path, 0):
            rounds.append(bundle(tmp_path, 0).exists())
            if len(rounds) == 1:
                pruning.start()
                assert between.wait(60)
            else:
                on.set()
                pruning.join(60)
        return read(root, tile)

    monkeypatch.setattr(ledger._store, "drop_bundles", held)
    monkeypatch.setattr(module, "_tile", beside)
    try:
        report = verify(tmp_path / "ledger", VERIFIER, payloads=tmp_path / "payloads.sqlite")
    finally:
        on.set()
        pruning.join(60)
        ledger.close()
    assert rounds == [True, True], "both readings began before a bundle went"
    assert report.findings == ()
    assert (report.entries, report.pruned) == (701 - 512, 512)


def test_a_pruning_that_stands_still_between_payloads_and_bundles_is_no_loss_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk refused in the middle: until the next look the entries stand without their names. A name that goes above
    what the pruning tells is a loss."""
    ledger, clock = aged(tmp_path, 600, 100)

    def refused(_below: int) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(ledger._store, "drop_bundles", refused)
    with pytest.raises(OSError, match="Input/output error"):
        Keeping(ledger).look(clock.wall_us())
    kept = ledger.record(650).commitment
    ledger.close()
    assert bundle(tmp_path, 0).exists()
    report = verify(tmp_path / "ledger", VERIFIER, payloads=tmp_path / "payloads.sqlite")
    assert report.findings == ()
    with closing(sqlite3.connect(tmp_path / "payloads.sqlite")) as database, database:
        database.execute("DELETE FROM payload WHERE commitment = ?", (kept,))
    report = verify(tmp_path / "ledger", VERIFIER, payloads=tmp_path / "payloads.sqlite")
    assert report.findings == (Finding(FindingKind.PAYLOAD_MISSING, "650"),)
