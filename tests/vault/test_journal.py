"""The journal: durable, numbered once, never lost, even under kill -9."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
from tests.support.ports import wait_for

from beffroi.vault.journal import MAX_FIELDS_BYTES, AckRefusedError, ActKind, Journal, JournalBrokenError

WRITER = """
import sys, threading
from pathlib import Path
from beffroi.vault.journal import ActKind, Journal
journal = Journal.open(Path(sys.argv[1]))
lock = threading.Lock()
def work(name):
    for n in range(1_000_000):
        seq = journal.append(ActKind.GAP, {"who": name, "n": n}, wall_us=n)
        with lock:
            print(seq, name, n, flush=True)
for name in ("a", "b", "c"):
    threading.Thread(target=work, args=(sys.argv[2] + name,)).start()
"""


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal.open(tmp_path / "journal.sqlite")


def test_acts_are_numbered_in_order_and_read_back(journal: Journal, tmp_path: Path) -> None:
    assert journal.last_seq() == 0
    assert journal.append(ActKind.RECORDING_STARTED, {"camera": "cam-1"}, wall_us=10) == 1
    assert journal.append(ActKind.CHUNK_CLOSED, {"root": "ab", "é": [1, None]}, wall_us=11) == 2
    journal.close()
    again = Journal.open(tmp_path / "journal.sqlite")
    entries = again.read_after(0)
    assert [(entry.seq, entry.kind, entry.wall_us) for entry in entries] == [
        (1, ActKind.RECORDING_STARTED, 10),
        (2, ActKind.CHUNK_CLOSED, 11),
    ]
    assert entries[1].fields == {"root": "ab", "é": [1, None]}
    assert [entry.seq for entry in again.read_after(1, limit=5)] == [2]
    assert again.last_wall_us() == 11


def test_an_act_named_once_is_written_once(journal: Journal) -> None:
    first = journal.append(ActKind.DESTRUCTION, {"n": 1}, wall_us=1, once="destroy:x")
    assert journal.append(ActKind.DESTRUCTION, {"n": 2}, wall_us=2, once="destroy:x") == first
    assert [entry.fields["n"] for entry in journal.read_after(0)] == [1]


def test_acknowledgement_never_goes_back_nor_beyond(journal: Journal) -> None:
    for n in range(5):
        journal.append(ActKind.GAP, {}, wall_us=n)
    journal.ack(3)
    journal.ack(2)
    assert journal.acked() == 3
    for bad in (6, -1):
        with pytest.raises(AckRefusedError):
            journal.ack(bad)


def test_only_acknowledged_acts_are_dropped_and_no_number_comes_back(journal: Journal, tmp_path: Path) -> None:
    for n in range(5):
        journal.append(ActKind.GAP, {}, wall_us=n)
    assert journal.prune(100) == 0
    journal.ack(5)
    assert journal.prune(100) == 4
    journal.close()
    again = Journal.open(tmp_path / "journal.sqlite")
    assert again.append(ActKind.GAP, {}, wall_us=9) == 6
    assert [entry.seq for entry in again.read_after(0)] == [5, 6]


def test_threads_share_commits_and_lose_nothing(journal: Journal) -> None:
    seqs: list[int] = []
    lock = threading.Lock()

    def work(name: int) -> None:
        for n in range(40):
            seq = journal.append(ActKind.GAP, {"who": name, "n": n}, wall_us=n)
            with lock:
                seqs.append(seq)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seqs) == list(range(1, 321))
    for name in range(8):
        assert [e.fields["n"] for e in journal.read_after(0) if e.fields["who"] == name] == list(range(40))


def _longer(outputs: list[Path], wanted: int) -> bool:
    return all(output.stat().st_size > wanted for output in outputs)


@pytest.mark.parametrize("seed", range(3))
def test_kill_9_at_any_moment_loses_no_confirmed_act(tmp_path: Path, seed: int) -> None:
    """Two processes append; both are killed at random; every number they were given is there, with its content."""
    path = tmp_path / "journal.sqlite"
    rng = random.Random(seed)  # noqa: S311  chooses when to kill, protects nothing
    confirmed: dict[int, tuple[str, int]] = {}
    for round_ in range(2):
        outputs = [tmp_path / f"out-{round_}-{n}" for n in range(2)]
        running = []
        for n, output in enumerate(outputs):
            with output.open("wb") as file:
                command = [sys.executable, "-c", WRITER, str(path), f"{round_}{n}"]
                running.append(subprocess.Popen(command, stdout=file))
        wanted = rng.randint(200, 4000)
        wait_for(partial(_longer, outputs, wanted), timeout_s=60, what="acts of both writers")
        for process in running:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        for output in outputs:
            for line in output.read_text().splitlines(keepends=True):
                if line.endswith("\n"):
                    seq, name, place = line.split()
                    assert int(seq) not in confirmed, "a number was given twice"
                    confirmed[int(seq)] = (name, int(place))
    journal = Journal.open(path)
    entries, last = [], 0
    while page := journal.read_after(last):
        entries += page
        last = page[-1].seq
    found = {entry.seq: (entry.fields["who"], entry.fields["n"]) for entry in entries}
    assert confirmed.items() <= found.items()
    assert len(found) - len(confirmed) <= 12, "more than the acts in flight appeared unconfirmed"
    assert journal.append(ActKind.GAP, {}, wall_us=0) == last + 1


def test_what_is_not_json_or_too_long_is_refused_alone(journal: Journal) -> None:
    with pytest.raises(ValueError, match="JSON"):
        journal.append(ActKind.GAP, {"x": float("nan")}, wall_us=0)
    with pytest.raises(ValueError, match="64 KiB"):
        journal.append(ActKind.GAP, {"x": "a" * MAX_FIELDS_BYTES}, wall_us=0)
    with pytest.raises(TypeError):
        journal.append(ActKind.GAP, {"x": b"raw"}, wall_us=0)
    assert journal.append(ActKind.GAP, {}, wall_us=0) == 1


def test_a_journal_that_cannot_be_written_says_so_and_stays_broken(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "journal.sqlite")
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        db.execute("CREATE TRIGGER refuse BEFORE INSERT ON act BEGIN SELECT RAISE(ABORT, 'disk'); END")
    for _ in range(2):
        with pytest.raises(JournalBrokenError) as caught:
            journal.append(ActKind.GAP, {}, wall_us=0)
    assert "journal" in caught.value.text.fr
    journal.close()
    (tmp_path / "bad.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(JournalBrokenError):
        Journal.open(tmp_path / "bad.sqlite")
