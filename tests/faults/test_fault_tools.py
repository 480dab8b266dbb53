"""The fault tools do what they are for: a fault that does not happen proves nothing."""

import contextlib
import os
import threading
import time
from pathlib import Path

import pytest
from tests.support.disk import LoopDisk, loop_disk, throttled


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


def test_a_frozen_disk_hangs_writers_until_it_thaws(tmp_path: Path) -> None:
    with loop_disk(tmp_path) as disk:
        done = threading.Event()

        def write() -> None:
            (disk.at / "file").write_bytes(b"x")
            done.set()

        with disk.frozen():
            threading.Thread(target=write, daemon=True).start()
            assert not done.wait(0.5)
        assert done.wait(5)


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
        full_s = _write_s(disk)
        with throttled(disk, write_bps=1 << 20, pids=[os.getpid()]):
            slow_s = _write_s(disk)
        assert slow_s > 1.5 > full_s


def test_nothing_of_a_disk_is_left(tmp_path: Path) -> None:
    with contextlib.suppress(ZeroDivisionError), loop_disk(tmp_path) as disk:
        device = disk.device
        held = (disk.at / "held").open("wb")
        raise ZeroDivisionError
    held.close()
    assert str(tmp_path) not in Path("/proc/mounts").read_text()
    assert not (Path("/sys/block") / Path(device).name / "loop").exists() or _detaches(device)


def _write_s(disk: LoopDisk) -> float:
    began_s = time.monotonic()
    fd = os.open(disk.at / "speed", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.write(fd, os.urandom(2 << 20))
    os.fsync(fd)
    os.close(fd)
    return time.monotonic() - began_s


def _detaches(device: str) -> bool:
    deadline_s = time.monotonic() + 5
    while (Path("/sys/block") / Path(device).name / "loop").exists() and time.monotonic() < deadline_s:
        time.sleep(0.05)
    return not (Path("/sys/block") / Path(device).name / "loop").exists()
