"""What processes cost, read from /proc: processor time, context switches, memory."""

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_LOOK_S: Final = 0.1
_ENDED: Final = (FileNotFoundError, ProcessLookupError)
"""What reading of a thread gives that ended since it was listed."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a set of processes since each began. ``cpu_s`` is what the scheduler counted, in nanoseconds, for every
    living thread."""

    cpu_s: float
    switches: int

    def __sub__(self, before: Self) -> "Usage":
        return Usage(self.cpu_s - before.cpu_s, self.switches - before.switches)


def usage(pids: list[int]) -> Usage:
    """Processor time and context switches so far."""
    cpu_ns, switches = 0, 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(*_ENDED):
                ran, status = (task / "schedstat").read_text(), (task / "status").read_text()
                cpu_ns += int(ran.split()[0])
                switches += sum(int(line.split()[1]) for line in status.splitlines() if "ctxt_switches" in line)
    return Usage(cpu_ns / 1e9, switches)


def wait_read(port: int, *, timeout_s: float) -> None:
    """Until everything that a sender on this TCP port of 127.0.0.1 sent has been read at the other end, or in vain."""
    ends_s = time.monotonic() + timeout_s
    while True:
        time.sleep(_LOOK_S)  # what was just read is handled meanwhile
        if not _unread(port) or time.monotonic() > ends_s:
            return


def _unread(port: int) -> int:
    """Bytes in the sender's sockets that are on their way, and in the receivers' that nobody read (/proc/net/tcp)."""
    total = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, *_ = line.split()
        sent, received = (int(size, 16) for size in queues.split(":"))
        total += sent if _port(local) == port else received if _port(remote) == port else 0
    return total


def _port(end: str) -> int:
    return int(end.partition(":")[2], 16)


def pss_mib(pids: list[int]) -> float:
    """Proportional set size: pages shared by several processes are divided among them, and counted once in all."""
    return sum(_pss_kib(pid) for pid in pids) / 1024


def family(pid: int) -> list[int]:
    """A process and those it started, and theirs."""
    out = [pid]
    with contextlib.suppress(*_ENDED):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(*_ENDED):
                children = (task / "children").read_text().split()
                out += [one for child in children for one in family(int(child))]
    return out


def threads(pids: list[int]) -> int:
    """How many threads they have in all."""
    return sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids)


def _pss_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
