"""Killed at, or refused by the disk in, each system call of create, write, close, destroy and recover.

The calls are enumerated first; an ordinary run takes some by its seed, BEFFROI_SYSCALLS=all takes every one.
"""

import os
import shutil
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from random import Random

import pytest
from tests.support.clips import clip
from tests.support.faultmatrix import draws, record, run_seed
from tests.support.inject import EXIT_FAILED, Outcome, enumerate_calls, run_injected
from tests.support.vaultverify import History, finish_destruction, recover_and_verify
from tests.support.vaultwriter import steps

from beffroi.vault.catalogue import Catalogue
from beffroi.vault.recover import recover

SOME = 60
ALL = os.environ.get("BEFFROI_SYSCALLS") == "all"


def chosen(row: str, points: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """All, or some by the seeds that ever failed and the run's, at least one of each call."""
    taken = [some(seed, points) for seed in draws(row)]
    return points if ALL else list(dict.fromkeys(chain.from_iterable(taken)))


def some(seed: int, points: list[tuple[str, int]]) -> list[tuple[str, int]]:
    rng = Random(seed)  # noqa: S311  choice of cases
    first = [rng.choice([item for item in points if item[0] == call]) for call in dict.fromkeys(p[0] for p in points)]
    rest = [item for item in points if item not in first]
    return first + rng.sample(rest, min(len(rest), SOME - len(first)))


def points(counts: dict[str, int], without: tuple[str, ...] = ()) -> list[tuple[str, int]]:
    return [(call, n) for call, count in counts.items() if call not in without for n in range(1, count + 1)]


class Trial:
    """One folder a trial: the work, the fault, then recovery and the promises."""

    def __init__(self, tmp_path: Path, template: Path | None = None) -> None:
        self._tmp, self._template, self._count = tmp_path, template, 0

    def root(self) -> Path:
        self._count += 1
        root = self._tmp / f"trial-{self._count}"
        if self._template:
            shutil.copytree(self._template, root)
        else:
            (root / "streams").mkdir(parents=True)
        return root


def writer(root: Path) -> Callable[[int], None]:
    return lambda fd: steps(root, 1, fd)


def verify(root: Path, history: History, outcome: Outcome, where: str) -> int:
    """Recovery after the fault: promises kept, at most one group lost, destruction finished; fragments compared."""
    try:
        history.take(outcome.lines)
        verdict = recover_and_verify(root, history)
        assert verdict.lost_groups <= 1, f"{verdict.lost_groups} groups lost"
        finish_destruction(root, history)
    except AssertionError as error:
        raise AssertionError(f"{where}: {error}") from error
    shutil.rmtree(root)
    return verdict.fragments


@pytest.mark.timeout(3600 if ALL else 300)
def test_killed_at_any_system_call(quick_path: Path) -> None:
    clip(count=75)
    trial = Trial(quick_path)
    every = points(enumerate_calls(writer(trial.root()), quick_path / "calls"))
    taken, fragments, killed = chosen("kill-at-syscall", every), 0, 0
    for call, number in taken:
        root = trial.root()
        outcome = run_injected(writer(root), call, "signal=KILL", str(number))
        killed += outcome.exit == -9
        fragments += verify(root, History(), outcome, f"killed at {call} {number}")
    assert killed >= len(taken) * 0.95, "the fault happens; the last calls of a run are not always made"
    seen = f"0 promises broken at {len(taken)} of {len(every)} calls, {fragments} fragments compared, ≤ 1 group lost"
    record("kill-at-syscall", seen=seen, runs=len(taken), seed=run_seed())


@pytest.mark.timeout(3600 if ALL else 300)
def test_refused_at_any_system_call(quick_path: Path) -> None:
    clip(count=75)
    trial = Trial(quick_path)
    counts = enumerate_calls(writer(trial.root()), quick_path / "calls")
    every = points(counts, without=("write",))
    taken, ended, met = chosen("eio-at-syscall", every), 0, 0
    for call, number in taken:
        root = trial.root()
        outcome = run_injected(writer(root), call, "error=EIO", str(number))
        assert outcome.exit in {0, EXIT_FAILED}, f"{call} {number}: {outcome.exit}"
        sqlites_own = f"<{root}>" in outcome.hit and call == "fdatasync"  # it ignores it: ours comes after
        assert outcome.exit or not outcome.hit or sqlites_own or "sync" not in call, f"{outcome.hit}, and it went on"
        met += outcome.hit != ""
        ended += outcome.exit != 0
        verify(root, History(), outcome, f"EIO at {call} {number}")
    assert met >= len(taken) * 0.95, "the fault happens; the last calls of a run are not always made"
    seen = f"0 promises broken at {len(taken)} of {len(every)} calls, {ended} of them ended the program"
    record("eio-at-syscall", seen=seen, runs=len(taken), seed=run_seed())


@pytest.mark.timeout(3600 if ALL else 300)
def test_killed_at_any_system_call_of_recovery(quick_path: Path) -> None:
    """Recovery of a folder with a torn file, a file without its row, and a destruction under way; then once more."""
    clip(count=75)
    template, history = quick_path / "template", History()
    (template / "streams").mkdir(parents=True)
    counts = enumerate_calls(writer(Trial(quick_path / "count").root()), quick_path / "calls")
    torn = run_injected(writer(template), "writev", "signal=KILL", str(counts["writev"] - 1))
    assert torn.exit == -9

    def work(root: Path) -> Callable[[int], None]:
        return lambda _: _recover(root)

    trial = Trial(quick_path, template)
    every = points(enumerate_calls(work(trial.root()), quick_path / "calls"))
    taken = chosen("kill-in-recovery", every)
    for call, number in taken:
        root, history = trial.root(), History()
        history.take(torn.lines)
        outcome = run_injected(work(root), call, "signal=KILL", str(number))
        verify(root, history, Outcome(outcome.exit, []), f"recovery killed at {call} {number}")
    seen = (
        f"0 promises broken at {len(taken)} of {len(every)} calls; the next recovery ends the work, a third finds none"
    )
    record("kill-in-recovery", seen=seen, runs=len(taken), seed=run_seed())


def _recover(root: Path) -> None:
    catalogue = Catalogue.open(root / "catalogue.sqlite")
    recover(root, catalogue)
    catalogue.close()
