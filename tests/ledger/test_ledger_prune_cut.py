"""A pruning cut anywhere: by the death of the process, a disk or a database that refuses, a signature whose answer is
lost, or a commit beside it. What it told is removed at the next opening, or the next look."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.support.register import KEY, ORIGIN, DeafSigner, aged, bundle, fill, view_entry

from beffroi.domain.errors import BeffroiError
from beffroi.ledger.findings import Report
from beffroi.ledger.keeping import Keeping
from beffroi.ledger.note import Verifier
from beffroi.ledger.verify import verify

VERIFIER = Verifier(ORIGIN, KEY.public_key())


def run(folder: Path) -> Report:
    return verify(folder / "ledger", VERIFIER, payloads=folder / "payloads.sqlite")


def test_a_folder_that_an_append_takes_away_meanwhile_does_not_cut_a_pruning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The growing bundle is full just as the pruning lists its folder: the committer removes it."""
    ledger, clock = aged(tmp_path, 600, 100)
    scan = os.scandir
    gone: list[bool] = []

    def beside(path: Any = ".") -> Any:
        growing = tmp_path / "ledger/tile/entries/002.p"
        if Path(path) == growing and not gone:
            fill(ledger, 256 - ledger.size % 256)
            gone.append(not growing.exists())
        return scan(path)

    monkeypatch.setattr(os, "scandir", beside)
    assert Keeping(ledger).look(clock.wall_us()).pruning is not None
    assert gone == [True]
    assert [bundle(tmp_path, number).exists() for number in range(3)] == [False, False, True]
    ledger.close()
    assert run(tmp_path).findings == ()


def test_a_folder_that_cannot_be_listed_is_not_taken_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, clock = aged(tmp_path, 600, 100)
    scan = os.scandir

    def torn(path: Any = ".") -> Any:
        if Path(path) == tmp_path / "ledger/tile/entries":
            raise OSError(5, "Input/output error", str(path))
        return scan(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", torn)
        with pytest.raises(OSError, match="Input/output error"):
            Keeping(ledger).look(clock.wall_us())
    Keeping(ledger).look(clock.wall_us(), prune=False)
    assert not bundle(tmp_path, 1).exists()
    ledger.close()


@pytest.mark.parametrize(
    ("part", "step", "error"),
    [
        ("_payloads", "drop", sqlite3.OperationalError("database or disk is full")),
        ("_index", "drop_below", sqlite3.OperationalError("database is locked")),
        ("_store", "drop_bundles", OSError(5, "Input/output error")),
    ],
)
def test_a_pruning_that_was_cut_is_finished_at_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, step: str, error: Exception
) -> None:
    ledger, clock = aged(tmp_path, 600, 100)
    keeping = Keeping(ledger)

    def refuses(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(getattr(ledger, part), step, refuses)
        for _ in range(2):
            with pytest.raises(type(error)):
                keeping.look(clock.wall_us())
    assert (ledger.size, bundle(tmp_path, 0).exists()) == (701, True)
    keeping.look(clock.wall_us(), prune=False)  # of a day that is not the month's first
    assert (ledger.size, ledger.first) == (701, 512), "told once"
    assert [bundle(tmp_path, number).exists() for number in range(2)] == [False, False]
    assert (ledger._index.span()[0], ledger._payloads.count()) == (512, 701 - 512)
    ledger.close()
    assert run(tmp_path).findings == ()


@pytest.mark.parametrize("others", [0, 1])
def test_a_pruning_whose_signature_did_not_come_back_is_told_once_and_carried_out(tmp_path: Path, others: int) -> None:
    signer = DeafSigner()
    ledger, clock = aged(tmp_path, 600, 100, signer=signer)
    keeping = Keeping(ledger)
    signer.lost = 1
    with pytest.raises(BeffroiError):
        keeping.look(clock.wall_us())
    assert ledger.first == 0
    fill(ledger, others)  # the next commit finds it signed
    if not others:
        with pytest.raises(BeffroiError):  # ours is the next one: it must not tell the same again
            keeping.look(clock.wall_us())
    assert ledger.append(view_entry(1)) == 701 + others
    keeping.look(clock.wall_us())
    assert ledger.first == 512
    assert not bundle(tmp_path, 1).exists()
    ledger.close()
    assert run(tmp_path).findings == ()
