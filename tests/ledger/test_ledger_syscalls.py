"""An append killed at, or refused by the disk in, each of its system calls: clean after, nothing acknowledged lost.

The calls are enumerated first; an ordinary run takes some by its seed, BEFFROI_SYSCALLS=all takes every one.
"""

import os
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from random import Random

import pytest
from tests.support.faultmatrix import draws, record, run_seed
from tests.support.inject import EXIT_FAILED, Outcome, enumerate_calls, run_injected
from tests.support.register import durable_ledger, open_ledger, view_entry

from beffroi.domain.clock import ManualClock
from beffroi.ledger.verify import verify

ALL = os.environ.get("BEFFROI_SYSCALLS") == "all"
SOME = 25
APPENDS = 5


def appending(folder: Path) -> Callable[[int], None]:
    """A register that is opened, takes five entries one by one, and says each once it is acknowledged."""

    def work(fd: int) -> None:
        ledger = durable_ledger(folder, ManualClock())
        for number in range(APPENDS):
            index = ledger.append(view_entry(number))
            os.write(fd, f"{index} {number}\n".encode())

    return work


def chosen(row: str, counts: dict[str, int]) -> tuple[list[tuple[str, int]], int]:
    """All, or some by the seeds that ever failed and the run's; and how many there are."""
    every = [(call, n) for call, count in counts.items() for n in range(1, count + 1)]
    taken = [Random(seed).sample(every, min(SOME, len(every))) for seed in draws(row)]  # noqa: S311  choice of cases
    return every if ALL else list(dict.fromkeys(chain.from_iterable(taken))), len(every)


def check(folder: Path, outcome: Outcome, where: str) -> int:
    """Opened again, it is clean, holds all that was acknowledged, and takes more."""
    ledger = open_ledger(folder)
    try:
        for line in outcome.lines:
            index, number = map(int, line.split())
            assert ledger.record(index).view == f"view-{number}", where
            assert ledger.payload(index) is not None, where
        ledger.append(view_entry(99))
        report = verify(folder / "ledger", ledger.verifier, payloads=folder / "payloads.sqlite")
        assert report.findings == (), (where, report.findings)
    finally:
        ledger.close()
    return len(outcome.lines)


@pytest.mark.timeout(3600 if ALL else 300)
@pytest.mark.parametrize("fault", ["signal=KILL", "error=EIO"])
def test_an_append_meets_a_fault_at_any_system_call(tmp_path: Path, fault: str) -> None:
    row = "register-kill-at-syscall" if fault == "signal=KILL" else "register-eio-at-syscall"
    started = tmp_path / "started"
    open_ledger(started).close()
    taken, every = chosen(row, enumerate_calls(appending(tmp_path / "count"), tmp_path / "calls"))
    kept = met = 0
    for number, (call, when) in enumerate(taken):
        folder = tmp_path / f"trial-{number}"
        if number % 2:  # half of them begin on a register that is there
            ledger = open_ledger(folder)
            ledger.append(view_entry(50))
            ledger.close()
        outcome = run_injected(appending(folder), call, fault, str(when))
        where = f"{fault} at {call} {when}: {outcome.hit}"
        assert outcome.exit in ({0, -9} if fault == "signal=KILL" else {0, EXIT_FAILED}), where
        met += bool(outcome.hit)
        kept += check(folder, outcome, where)
    assert met >= len(taken) * 0.6, "the faults happen; a register that is there makes fewer calls"
    record(
        row,
        seen=f"0 of {kept} acknowledged entries lost, verified clean, at {len(taken)} of {every} calls",
        runs=len(taken),
        seed=run_seed(),
    )
