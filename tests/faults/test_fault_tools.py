"""The fault tools do what they are for: a fault that does not happen proves nothing."""

import contextlib
import os
import threading
import time
from pathlib import Path

import pytest
from tests.support.disk import LoopDisk, loop_disk, throttled
from tests.support.ports import wait_for

from beffroi.cli.benchproc import family, usage


def test_a_power_cut_keeps_what_was_confirmed_and_nothing_else_of_it(tmp_path: Path) -> None:
    with loop_disk(tmp_path) as disk:
        kept, renamed, lost = disk.at / "kept", disk.at / "renamed", disk.at / "lost"
        kept.write_bytes(b"a" * 100_000)
        fd = os.open(kept, os.O_RDWR)
        os.fsync(fd)
        os.pwrite(fd, b"b" * 50_000, 100_000)
        os.close(fd)
        lost.write_bytes(b"c" * 10)
        lost.rename(renamed)
        disk.cut()
        with pytest.raises(OSError, match="Input/output error"):
            (disk.at / "after").write_bytes(b"d")
        disk.replug()
        assert kept.read_bytes() == b"a" * 100_000
        assert not renamed.exists() or renamed.read_bytes() == b""


def test_what_was_confirmed_before_the_cut_began_is_there_however_busy_the_disk(tmp_path: Path) -> None:
    """Four files that grow and are confirmed at once, when the power goes: what the vault's power cuts count on."""
    told = late = 0
    with loop_disk(tmp_path) as disk:
        for turn in range(20):
            paths = [disk.at / f"{turn}-{number}" for number in range(4)]
            confirmed: dict[Path, list[float]] = {path: [] for path in paths}
            threads = [threading.Thread(target=_grow, args=(path, confirmed[path])) for path in paths]
            for thread in threads:
                thread.start()
            wait_for(lambda: all(len(times) > 2 for times in confirmed.values()), timeout_s=60, what="some work")  # noqa: B023
            cut_s = disk.cut()
            for thread in threads:
                thread.join()
            disk.replug()
            for path, times in confirmed.items():
                before = sum(at_s < cut_s for at_s in times)
                assert path.read_bytes()[: before * _BLOCK] == b"a" * before * _BLOCK
                told, late = told + before, late + len(times) - before
    print(f"{told} confirmed before a cut, all there; {late} confirmed after it had begun count for nothing")  # noqa: T201


def test_a_frozen_disk_hangs_writers_until_it_thaws(tmp_path: Path) -> None:
    with loop_disk(tmp_path) as disk:
        done = threading.Event()

        def write() -> None:
            (disk.at / "file").write_bytes(b"x")
            done.set()

        with disk.frozen():
            threading.Thread(target=write, daemon=True).start()
            assert not done.wait(0.5)
        assert done.wait(30)


def test_a_full_disk_and_one_that_became_read_only_refuse(tmp_path: Path) -> None:
    with loop_disk(tmp_path) as disk:
        filler = disk.fill(leave=64 << 10)
        with pytest.raises(OSError, match="No space left"):
            (disk.at / "big").write_bytes(bytes(1 << 20))
        filler.unlink()
        fd = os.open(disk.at / "open", os.O_WRONLY | os.O_CREAT)
        disk.read_only()
        with pytest.raises(OSError, match="Read-only"):
            (disk.at / "more").write_bytes(b"x")
        os.close(fd)


def test_a_slow_disk_is_slow(tmp_path: Path) -> None:
    with loop_disk(tmp_path) as disk:
        with throttled(disk, write_bps=1 << 20, pids=[os.getpid()]):
            assert _write_s(disk) > 1.5
        # And it is the throttle that makes it so: on a busy machine a moment is awaited that shows it.
        wait_for(lambda: _write_s(disk) < 1.5, timeout_s=60, what="a quick write of the same disk")


def test_nothing_of_a_disk_is_left(tmp_path: Path) -> None:
    with contextlib.suppress(ZeroDivisionError), loop_disk(tmp_path) as disk:
        device = disk.device
        held = (disk.at / "held").open("wb")
        raise ZeroDivisionError
    held.close()
    assert str(tmp_path) not in Path("/proc/mounts").read_text()
    wait_for(lambda: str(tmp_path) not in backing(device), timeout_s=30, what="the device to let its file go")


def test_what_processes_cost_is_read_while_their_threads_come_and_go() -> None:
    """The bench asks a recorder that is at work: a thread may end between its listing and its reading."""
    done = threading.Event()

    def churn() -> None:
        while not done.is_set():
            brief = threading.Thread(target=int)
            brief.start()
            brief.join()

    threads = [threading.Thread(target=churn) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(300):
            assert usage(family(os.getpid())).cpu_s > 0
    finally:
        done.set()
        for thread in threads:
            thread.join()


_BLOCK = 4120  # not a page: the file's end moves within one


def _grow(path: Path, confirmed: list[float]) -> None:
    """Until the disk refuses: when each block was confirmed."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(b"a" * _BLOCK)
            os.fdatasync(file.fileno())
            confirmed.append(time.monotonic())


def _write_s(disk: LoopDisk) -> float:
    began_s = time.monotonic()
    fd = os.open(disk.at / "speed", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.write(fd, os.urandom(2 << 20))
    os.fsync(fd)
    os.close(fd)
    return time.monotonic() - began_s


def backing(device: str) -> str:
    """The file of a loop device; nothing when it has none. Another test may have taken the device meanwhile."""
    try:
        return (Path("/sys/block") / Path(device).name / "loop" / "backing_file").read_text()
    except OSError:  # detached, maybe while it is read
        return ""
