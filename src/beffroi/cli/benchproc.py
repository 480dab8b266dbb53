"""What processes cost, read from /proc: processor time, context switches, memory."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self


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
            cpu_ns += int((task / "schedstat").read_text().split()[0])
            for line in (task / "status").read_text().splitlines():
                if "ctxt_switches" in line:
                    switches += int(line.split()[1])
    return Usage(cpu_ns / 1e9, switches)


def pss_mib(pids: list[int]) -> float:
    """Proportional set size: pages shared by several processes are divided among them, and counted once in all."""
    return sum(_pss_kib(pid) for pid in pids) / 1024


def family(pid: int) -> list[int]:
    """A process and those it started, and theirs."""
    out = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            out += family(int(child))
    return out


def threads(pids: list[int]) -> int:
    """How many threads they have in all."""
    return sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids)


def _pss_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
