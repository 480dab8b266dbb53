"""A free port on this machine, for programs that are started on one of their own."""

import secrets
import socket
from pathlib import Path
from typing import Final

_FIRST: Final = 10_000
_UNPRIVILEGED: Final = 1024
_ENOUGH: Final = 1000
_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_EPHEMERAL: Final = range(32_768, 61_000)  # where the kernel does not say
_TRIES: Final = 1000

_given: Final[set[int]] = set()
"""What this process gave out: who asked for it may not listen on it yet, and it looks free until then."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that is free now, and that no outgoing connection takes before its server does: it lies
    outside those that the kernel gives to connections. Where these leave no room, it is any that is free. A port that
    was given out before comes again only when no other is found.

    Raises:
        OSError: none is free.
    """
    room = _room()
    for spared in (_given, ()):
        for _ in range(_TRIES):
            port = secrets.choice(room)  # never a seeded draw: two programs would agree
            if port not in spared and _is_free(port):
                _given.add(port)
                return port
    raise OSError("no free port on 127.0.0.1")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _room() -> range:
    taken = _ephemeral()
    below, low = range(_FIRST, taken.start), range(_UNPRIVILEGED, min(_FIRST, taken.start))
    above, any_port = range(taken.stop, 65_536), range(_FIRST, 65_536)
    return next((one for one in (below, above, low) if len(one) >= _ENOUGH), any_port)


def _ephemeral() -> range:
    try:
        first, last = map(int, _RANGE.read_text().split())
    except (OSError, ValueError):
        return _EPHEMERAL
    return range(first, last + 1)
