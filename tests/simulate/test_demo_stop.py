"""The demonstration ends whole: at the first signal politely, at a second one at once, and nothing outlives it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.ports import wait_for

STUBBORN = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: pathlib.Path(sys.argv[1] + ".asked").touch())
pathlib.Path(sys.argv[1] + ".new").write_text(str(os.getpid()))
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    time.sleep(60)
"""
"""A part that is asked to end and does not; it says when it was asked."""

HOUSE = """
import sys, time
from pathlib import Path
from beffroi.cli import demo
from beffroi.cli.house import House

folder = Path(sys.argv[1])
house = House(folder, 1, 2, 3)
demo._heed_signals(house.children)
try:
    for name in ("cameras", "recorder", "centre"):
        house.children.start(name, ["-c", sys.argv[2], str(folder / name)])
    while True:
        time.sleep(60)
except KeyboardInterrupt:
    pass
finally:
    demo._stop(house)
"""
NAMES = ("cameras", "recorder", "centre")


@pytest.fixture
def house(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """The real processes of a house in which nobody heeds a polite word."""
    command = [sys.executable, "-c", HOUSE, str(tmp_path), STUBBORN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            wait_for(lambda: all((tmp_path / name).exists() for name in NAMES), timeout_s=60, what="the parts")
            yield process
        finally:
            process.kill()
            for name in NAMES:
                if (tmp_path / name).exists() and _lives(int((tmp_path / name).read_text())):
                    os.killpg(int((tmp_path / name).read_text()), signal.SIGKILL)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGHUP, signal.SIGTERM])
def test_a_second_signal_kills_what_is_left_and_says_so(
    house: "subprocess.Popen[str]", tmp_path: Path, second: signal.Signals
) -> None:
    pids = [int((tmp_path / name).read_text()) for name in NAMES]
    house.send_signal(signal.SIGINT)
    wait_for((tmp_path / "centre.asked").exists, timeout_s=60, what="the first polite word")
    house.send_signal(second)
    said, _ = house.communicate(timeout=25)  # less than the 30 s that one part alone is waited for
    assert [pid for pid in pids if _lives(pid)] == []
    assert "Arrêt immédiat" in said, said
    assert "Traceback" not in said, said
    assert house.returncode == 0
