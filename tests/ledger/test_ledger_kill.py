"""Killed at any instant: everything acknowledged is there, and the register verifies clean."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.register import open_ledger

from beffroi.ledger.verify import verify

_CHILD = """
import sys, threading
from pathlib import Path
from beffroi.base.clock import SystemClock
from beffroi.base.log import configure
from tests.support.register import durable_ledger, view_entry

configure()
ledger = durable_ledger(Path(sys.argv[1]), SystemClock())
lock = threading.Lock()

def work(worker):
    number = worker
    while True:
        index = ledger.append(view_entry(number))
        with lock:
            sys.stdout.write(f"{index} {number}\\n")
            sys.stdout.flush()
        number += 4

for worker in range(4):
    threading.Thread(target=work, args=(worker,), daemon=True).start()
threading.Event().wait()
"""


@pytest.mark.parametrize("attempt", range(5))
def test_everything_acknowledged_survives_a_kill(tmp_path: Path, attempt: int) -> None:
    noise = random.Random(attempt)  # noqa: S311  a test's dice
    acknowledged: dict[int, int] = {}
    for _ in range(2):  # the second run starts on what the first kill left
        child = subprocess.Popen([sys.executable, "-c", _CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        lines: list[str] = []
        for _ in range(noise.randrange(20, 200)):
            lines.append(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        rest, _ = child.communicate()
        whole = ("".join(lines) + rest).rpartition("\n")[0]
        for line in whole.splitlines():
            index, number = map(int, line.split())
            assert acknowledged.setdefault(index, number) == number
    ledger = open_ledger(tmp_path)
    for index, number in acknowledged.items():
        assert ledger.record(index).view == f"view-{number}"
        assert ledger.payload(index) is not None
    report = verify(tmp_path / "ledger", ledger.verifier, payloads=tmp_path / "payloads.sqlite")
    ledger.close()
    assert report.findings == ()
    assert report.entries >= len(acknowledged) > 40
