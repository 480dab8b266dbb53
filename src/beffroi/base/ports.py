"""A free port on this machine, for programs that are started on one of their own."""

import secrets
import socket
from pathlib import Path
from typing import Final

_FIRST: Final = 10_000
_EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_EPHEMERAL_FROM: Final = 32_768  # where the kernel does not say


def free_port() -> int:
    """A TCP port of 127.0.0.1 that is free now, and that no outgoing connection takes before its server does: it lies
    below those that the kernel gives to connections.

    Raises:
        OSError: none is free.
    """
    last = _ephemeral_from() - 1
    for _ in range(1000):
        port = _FIRST + secrets.randbelow(last - _FIRST)  # never a seeded draw: two programs would agree
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError("no free port on 127.0.0.1")


def _ephemeral_from() -> int:
    try:
        first = int(_EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return _EPHEMERAL_FROM
    return max(_FIRST + 1000, first)
