"""Free ports, conditions and patience, for tests that start real parts."""

import os
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

_FIRST_PORT: Final = 10_000
_EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """A TCP port on 127.0.0.1 that was free a moment ago, and that no program's outgoing connection takes meanwhile:
    it lies below those that the kernel gives by itself."""
    while True:
        port = _FIRST_PORT + secrets.randbelow(_ephemeral_from() - _FIRST_PORT)  # never a seeded draw: all would agree
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def _ephemeral_from() -> int:
    """The first port that the kernel gives to a connection."""
    return max(_FIRST_PORT + 1000, int(_EPHEMERAL.read_text().split()[0]))


def busy() -> float:
    """How many times as much this machine has had to do, this last minute, as it has cores; 1 at least. A bar on wall
    time is multiplied by it: at rest it is the bar, beside other work the same share of the machine is judged."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


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
