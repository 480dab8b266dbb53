"""The signer's own process killed at, or refused by the disk in, each of its system calls: the register waits for the
next one, no acknowledged entry is lost, and no head is signed that the memory forgot.

The calls are enumerated first; an ordinary run takes some by its seed, BEFFROI_SYSCALLS=all takes every one.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from tests.support.faultmatrix import run_seed
from tests.support.inject import enumerate_calls, run_injected
from tests.support.register import KEY, ORIGIN, open_ledger, view_entry

from beffroi.ledger.note import Verifier
from beffroi.ledger.signer import Desk, SignerServer
from beffroi.ledger.verify import verify

ALL = os.environ.get("BEFFROI_SYSCALLS") == "all"
SOME = 8
APPENDS = 5
VERIFIER = Verifier(ORIGIN, KEY.public_key())

_REGISTER = """
import sys, time
from pathlib import Path
from beffroi.domain.clock import ManualClock
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.remotesigner import RemoteSigner
from beffroi.ledger.signing import SignerGoneError
from tests.support.register import quick_fsync, view_entry

folder = Path(sys.argv[1])
while True:
    try:
        signer = RemoteSigner(folder / "s.sock")
        ledger = Ledger.open(folder / "ledger", ManualClock(), signer, fsync=quick_fsync)
        break
    except SignerGoneError:
        time.sleep(0.02)
taken = number = 0
while taken < int(sys.argv[2]):
    number += 1
    try:
        print("kept", ledger.append(view_entry(number)), number, flush=True)
        taken += 1
    except SignerGoneError:
        time.sleep(0.02)
ledger.close()
"""
"""The register in a process of its own: it opens once a signer answers, says each entry once it is acknowledged, and
tries another when one is refused."""


def signing(folder: Path, ended: int) -> Callable[[int], None]:
    """The signer, until the register is done and lets the pipe ``ended`` go."""

    def work(_fd: int) -> None:
        server = SignerServer(Desk(folder / "signer", KEY, ORIGIN), folder / "s.sock", users=frozenset({os.getuid()}))
        threading.Thread(target=server.serve, daemon=True).start()
        os.read(ended, 1)

    return work


@contextmanager
def registering(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """The register at work, and the pipe that it lets go at its end."""
    folder.mkdir()
    ended, held = os.pipe()
    command = [sys.executable, "-c", _REGISTER, str(folder), str(APPENDS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, pass_fds=(held,))
    os.close(held)
    try:
        yield process, ended
    finally:
        os.close(ended)
        process.kill()
        process.wait()


def acknowledged(process: "subprocess.Popen[str]") -> list[tuple[int, int]]:
    lines = process.communicate(timeout=120)[0].splitlines()
    assert process.returncode == 0
    kept = [line.split() for line in lines if line.startswith("kept ")]  # the rest is its log
    return [(int(index), int(number)) for _, index, number in kept]


@contextmanager
def the_next_signer(folder: Path) -> Iterator[None]:
    """What a service manager starts again."""
    desk = Desk(folder / "signer", KEY, ORIGIN)
    server = SignerServer(desk, folder / "s.sock", users=frozenset({os.getuid()}))
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join(10)
        os.close(desk._lock_fd)


@pytest.mark.timeout(3600 if ALL else 300)
@pytest.mark.parametrize("fault", ["signal=KILL", "error=EIO"])
def test_a_signer_meets_a_fault_at_any_system_call(tmp_path: Path, fault: str) -> None:
    with registering(tmp_path / "count") as (process, ended):
        counts = enumerate_calls(signing(tmp_path / "count", ended), tmp_path / "calls")
        assert len(acknowledged(process)) == APPENDS
    every = [(call, n) for call, count in counts.items() for n in range(1, count + 1)]
    taken = every if ALL else Random(run_seed()).sample(every, min(SOME, len(every)))  # noqa: S311  choice of cases
    met = 0
    for number, (call, when) in enumerate(taken):
        folder = tmp_path / f"trial-{number}"
        with registering(folder) as (process, ended):
            outcome = run_injected(signing(folder, ended), call, fault, str(when))
            where = f"{fault} at {call} {when}: {outcome.hit} (exit {outcome.exit})"
            met += bool(outcome.hit)
            ends = fault == "signal=KILL" or call == "fsync"  # what the disk did not confirm is never tried again
            assert not (outcome.hit and ends and outcome.exit == 0), where
            with the_next_signer(folder):
                told = acknowledged(process)
        assert len(told) == APPENDS, where
        signed = (folder / "signer" / "last-signed").read_bytes()
        assert signed == (folder / "ledger" / "checkpoint").read_bytes(), where
        report = verify(folder / "ledger", VERIFIER, payloads=folder / "payloads.sqlite")
        assert report.findings == (), (where, report.findings)
        ledger = open_ledger(folder)
        assert [ledger.record(index).view for index, _ in told] == [f"view-{n}" for _, n in told], where
        ledger.append(view_entry(99))
        ledger.close()
    assert met >= len(taken) * 0.6, "the faults happen"
    sys.stdout.write(
        f"\n[signer] {fault}: 0 of {len(taken) * APPENDS} acknowledged entries lost, at {len(taken)} of {len(every)} "
        f"calls, {met} met (seed {run_seed()})\n"
    )
