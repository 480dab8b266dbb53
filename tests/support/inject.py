"""Faults in system calls, by strace: the n-th call of a kind fails or kills. Needs strace, and root or ptrace_scope 0.

The work runs in a forked child that waits until strace holds it: the calls counted are those of the work alone.
"""

import os
import re
import select
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NoReturn

Work = Callable[[int], None]
"""What the child does; it may write lines to the descriptor that it is given."""

CALLS: Final = (
    "openat", "mkdir", "write", "writev", "pwrite64", "ftruncate", "fsync", "fdatasync", "unlink", "rename", "flock",
)  # fmt: skip
"""Calls by which files are made, written, confirmed and destroyed (SQLite's among them)."""

_LINE: Final = re.compile(r"^(\d+) +(\w+)\(")
EXIT_FAILED: Final = 70


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the child ended (negative: by that signal) and the lines that it told."""

    exit: int
    lines: list[bytes]
    hit: str = ""
    """The call that the fault met, as strace writes it; empty when there was none."""


def enumerate_calls(work: Work, log: Path, calls: Sequence[str] = CALLS) -> dict[str, int]:
    """How many times the busiest thread of the work makes each call."""
    outcome = run_traced(work, ["-e", f"trace={','.join(calls)}", "-o", str(log)])
    assert outcome.exit == 0, "the work itself succeeds"
    counts: Counter[tuple[str, str]] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        found = _LINE.match(line)
        if found and found[2] in calls:
            counts[found[1], found[2]] += 1
    return {call: max((n for (_, name), n in counts.items() if name == call), default=0) for call in calls}


def run_injected(work: Work, call: str, fault: str, when: str) -> Outcome:
    """Run with a fault: ``fault`` as strace writes it (``signal=KILL``, ``error=EIO``), ``when`` (``3``, ``2+``)."""
    with tempfile.NamedTemporaryFile("r", errors="replace") as log:
        options = ["-y", "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={when}", "-o", log.name]
        outcome = run_traced(work, options)
        hits = [line for line in log if "INJECTED" in line or "killed by SIGKILL" in line]
    return replace(outcome, hit=hits[0].strip() if hits else "")


def run_traced(work: Work, options: Sequence[str], *, timeout_s: float = 60.0) -> Outcome:
    """Fork, hand the child to strace, let it work, and wait for its end.

    Raises:
        TimeoutError: it hangs.
    """
    told, telling = os.pipe()
    waiting, go = os.pipe()
    ready, saying = os.pipe()
    pid = os.fork()
    if pid == 0:
        _child(work, telling, waiting, saying, (told, go, ready))
    for fd in (telling, waiting, saying):
        os.close(fd)
    os.read(ready, 1)  # from here on the child makes no call but those of its work
    os.close(ready)
    tracer = subprocess.Popen(["strace", "-f", "-qq", *options, "-p", str(pid)], stderr=subprocess.DEVNULL)
    try:
        _until_held(pid, tracer)
        os.write(go, b"g")
        lines = _read_all(told, timeout_s)
        return Outcome(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), lines)
    except BaseException:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(go)
        os.close(told)
        tracer.wait(60)


def _child(work: Work, telling: int, waiting: int, saying: int, foreign: tuple[int, ...]) -> NoReturn:
    try:
        for fd in foreign:
            os.close(fd)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.dup2(2, 1)
        os.write(saying, b"r")
        os.close(saying)
        os.read(waiting, 1)
        work(telling)
    except BaseException:  # noqa: BLE001  as in the recorder: a writer that failed ends the process. A child that came
        # out of here would go on with the tests, under the fault.
        os._exit(EXIT_FAILED)
    os._exit(0)


def _until_held(pid: int, tracer: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + 60
    while "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text():
        if tracer.poll() is not None or time.monotonic() > deadline_s:
            raise AssertionError("strace does not attach: it needs root, or kernel.yama.ptrace_scope = 0")
        time.sleep(0.002)


def _read_all(fd: int, timeout_s: float) -> list[bytes]:
    data = b""
    deadline_s = time.monotonic() + timeout_s
    while True:
        readable, _, _ = select.select([fd], [], [], max(0.0, deadline_s - time.monotonic()))
        if not readable:
            raise TimeoutError("the work hangs")
        piece = os.read(fd, 1 << 16)
        if not piece:
            return data.splitlines()
        data += piece
