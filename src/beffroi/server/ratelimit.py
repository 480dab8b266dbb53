"""So many calls an hour from one address, so many a day from all together: for the one form that anybody may send.
Addresses are kept in memory for the time of the window, as digests under a key that dies with the process."""

import hashlib
import hmac
import ipaddress
import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from beffroi.domain.clock import Clock

HOUR_S: Final = 3_600.0
_MOST_ADDRESSES: Final = 10_000


@dataclass
class RateLimit:
    """Use from one thread."""

    clock: Clock
    each: int
    all_: int
    window_s: float = HOUR_S
    _calls: dict[str, deque[float]] = field(default_factory=dict)
    _all: deque[float] = field(default_factory=deque)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def admit(self, address: str) -> bool:
        """Count one call from this address; False when it is one too many: then it is not counted."""
        at_s, name = self.clock.monotonic_s(), self._name(address)
        for one, calls in list(self._calls.items()):
            _forget(calls, at_s - self.window_s)
            if not calls:
                del self._calls[one]
        _forget(self._all, at_s - self.window_s)
        mine = self._calls.get(name, deque())
        if len(mine) >= self.each or len(self._all) >= self.all_ or len(self._calls) >= _MOST_ADDRESSES:
            return False
        mine.append(at_s)
        self._calls[name] = mine
        self._all.append(at_s)
        return True

    def _name(self, address: str) -> str:
        """IPv6: the /64, since one customer holds all of it."""
        try:
            parsed = ipaddress.ip_address(address)
            place = str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address
        except ValueError:
            place = address
        return hmac.new(self._key, place.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _forget(calls: deque[float], since_s: float) -> None:
    while calls and calls[0] <= since_s:
        calls.popleft()
