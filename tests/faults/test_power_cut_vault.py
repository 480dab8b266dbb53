"""The power goes at a random instant while the real writer works at speed; what it had promised is there.

BEFFROI_CUTS=1000 for the long run.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from tests.support.clips import clip
from tests.support.disk import LoopDisk, loop_disk
from tests.support.faultmatrix import record, run_seed, seeds
from tests.support.vaultverify import History, lost_bar_s, recover_and_verify
from tests.support.vaultwriter import EXIT_DISK, FLUSH_S, live

from beffroi.vault import chunk
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.recover import recover

CUTS = int(os.environ.get("BEFFROI_CUTS", "25"))
CUTS_PER_DISK = 25
_F_SETPIPE_SZ = 1031


@contextmanager
def child(work: "tuple[Path, int] | Path", *, lying: bool = False) -> Iterator[tuple[int, int]]:
    """A process that lives on the disk: writes (root, seed), or recovers a root. Its pid and its pipe.

    ``lying``: the writer's fsync does nothing.
    """
    reading, writing = os.pipe()
    fcntl.fcntl(writing, _F_SETPIPE_SZ, 1 << 20)
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            if lying:
                setattr(chunk, "fsync_fd", lambda *_, **__: None)  # noqa: B010  it is not exported: it is lied about
            if isinstance(work, tuple):
                live(*work, writing)
            else:
                os.write(writing, b"recovering\n")
                recover(work, Catalogue.open(work / "catalogue.sqlite"))
        finally:
            os._exit(EXIT_DISK)
    os.close(writing)
    try:
        yield pid, reading
    finally:
        os.close(reading)


def ended(pid: int, timeout_s: float = 60.0) -> int:
    """The exit status of the process, killed when the disk's death does not end it: a hang is not a promise kept."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    raise AssertionError("the writer goes on without its disk")


def cut_while_writing(disk: LoopDisk, seed: int, history: History, *, lying: bool = False) -> None:
    """One life on the disk, ended by the cut; the disk is back afterwards."""
    rng = Random(seed)  # noqa: S311  choice of cases
    with child((disk.at, seed), lying=lying) as (pid, pipe):
        told = os.read(pipe, 1)
        time.sleep(rng.uniform(0.0, 1.5))
        cut_s = disk.cut()
        assert ended(pid) == EXIT_DISK, "a disk that is gone ends the program"
        with os.fdopen(os.dup(pipe), "rb") as lines:
            history.take((told + lines.read()).splitlines(), until_s=cut_s)
    disk.replug()
    if rng.random() < 0.25:
        with child(disk.at) as (pid, pipe):
            os.read(pipe, 1)
            time.sleep(rng.uniform(0.0, 0.04))
            disk.cut()
            ended(pid)
        disk.replug()


def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    clip(count=75)
    all_seeds = seeds("power-cut-vault", CUTS)
    lost_s, fragments, promised = [], 0, 0
    for start in range(0, len(all_seeds), CUTS_PER_DISK):
        with loop_disk(tmp_path / "disk", size_mib=128) as disk:
            history = History()
            for seed in all_seeds[start : start + CUTS_PER_DISK]:
                try:
                    cut_while_writing(disk, seed, history)
                    verdict = recover_and_verify(disk.at, history)
                    assert verdict.lost_s <= lost_bar_s(history)
                except AssertionError as error:
                    raise AssertionError(f"seed {seed}, run {run_seed()}: {error}") from error
                lost_s.append(verdict.lost_s)
                fragments += verdict.fragments
            promised += sum(history.durable.values()) + len(history.acts) + len(history.gone)
    seen = (
        f"0 of {promised} promises broken, {fragments} fragments compared with what was sent, "
        f"≤ {max(lost_s):.2f} s lost (flush {FLUSH_S} s)"
    )
    record("power-cut-vault", seen=seen, runs=len(all_seeds), seed=run_seed())


def test_a_writer_that_does_not_wait_for_the_disk_is_found_out(tmp_path: Path) -> None:
    """The test above can fail: without its fsync the same writer breaks its promises within a few cuts."""
    clip(count=75)
    with loop_disk(tmp_path / "disk", size_mib=128) as disk, pytest.raises(AssertionError, match="instead of"):
        _cuts_of_a_liar(disk)


def _cuts_of_a_liar(disk: LoopDisk) -> None:
    history = History()
    for seed in range(12):
        cut_while_writing(disk, seed, history, lying=True)
        recover_and_verify(disk.at, history)
