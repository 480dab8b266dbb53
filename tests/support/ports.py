"""Free ports, conditions and patience, for tests that start real parts."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from beffroi.base.ports import free_port

__all__ = ["busy", "free_port", "wait_for"]

T = TypeVar("T")


_MOST_BUSY = 10.0
"""Beyond it a bar would judge nothing."""


def busy() -> float:
    """How many times as much this machine has to do, this last minute or right now, as it has cores (1 to 10).

    A bar on wall time is multiplied by it: at rest it is the bar, beside other work the same share of the machine is
    judged. Work that has only just begun is not in the minute's load, but in the count of what is running."""
    minute, *_, running = Path("/proc/loadavg").read_text().split()[:4]
    load = max(float(minute), float(running.partition("/")[0]))
    return min(max(1.0, load / (os.cpu_count() or 1)), _MOST_BUSY)


def wait_for(condition: Callable[[], T | None], *, timeout_s: float = 30.0, what: str | Callable[[], str] = "") -> T:
    """Poll until the condition gives something true, and return it. ``what``: what is awaited, or what tells it when
    the time is over (a log, as it is then).

    Raises:
        TimeoutError: naming what was awaited.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise TimeoutError(f"waited {timeout_s} s for {what() if callable(what) else what or 'condition'}")
