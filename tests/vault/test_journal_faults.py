"""The journal's chain, looked at while others append and drop: one view of the file, which keeps nobody waiting."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from beffroi.vault import journalchain
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.journalchain import FaultKind

GAP = {"camera": "cam-1", "stream": "main", "cause": "outage"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    """Six gaps, the first three dropped into the opening balance."""
    made = Journal.open(path)
    for n in range(6):
        made.append(ActKind.GAP, {**GAP, "from_us": 10 * n, "to_us": 10 * n + 5}, wall_us=n)
    made.ack(6)
    assert made.prune(3) == 3
    yield made
    made.close()


def meanwhile(monkeypatch: pytest.MonkeyPatch, do: Callable[[], object], *, at: int = 1) -> list[bool]:
    """Something happens in another thread while the chain is computed, at this row (three are the opening balance's);
    whether it was done by the time the next one is read."""
    real, reader, rows, done = journalchain.act_hash, threading.get_ident(), list[int](), list[bool]()

    def hashed(before: bytes, row: tuple[Any, ...]) -> bytes:
        if threading.get_ident() == reader:
            rows.append(row[0])
        if len(rows) == at and not done:
            done.append(False)
            other = threading.Thread(target=do)
            other.start()
            other.join(30)
            done[0] = not other.is_alive()
        return real(before, row)

    monkeypatch.setattr(journalchain, "act_hash", hashed)
    return done


def test_an_act_appended_meanwhile_is_not_missing(
    journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Journal.open(path)) as worker:
        done = meanwhile(monkeypatch, lambda: worker.append(ActKind.GAP, GAP, wall_us=9), at=5)
        assert (journal.faults(), done) == ([], [True])
    assert journal.last_seq() == 7
    assert journal.faults() == []


def test_a_pruning_by_another_process_is_no_missing_act(
    journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Journal.open(path)) as recorder:
        done = meanwhile(monkeypatch, lambda: recorder.prune(5))
        assert (journal.faults(), done) == ([], [True])
    assert [entry.seq for entry in journal.read_after(0)] == [6]
    assert journal.faults() == []


def test_readers_of_the_same_journal_do_not_wait(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    done = meanwhile(monkeypatch, lambda: journal.read_after(0))
    assert (journal.faults(), done) == ([], [True])


def test_what_a_hand_took_is_still_told_meanwhile(
    journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM act WHERE seq = 5")
        db.commit()
    with closing(Journal.open(path)) as worker:
        meanwhile(monkeypatch, lambda: worker.append(ActKind.GAP, GAP, wall_us=9), at=5)
        assert [(one.kind, one.first, one.last) for one in journal.faults()] == [(FaultKind.MISSING, 5, 5)]
