"""What a replay's client may say. Anything else closes the view."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from beffroi.vault.chunkformat import GopEntry

AHEAD_US: Final = 10_000_000
"""Footage sent beyond the client's position, at most, in microseconds."""

_STARVING_US: Final = 2_000_000
_LARGEST: Final = 1 << 53


class OrderError(BadInputError):
    """A message that a replay does not know."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Message inconnu sur la connexion de relecture : rechargez la page.",
                en="Unknown message on the playback connection: reload the page.",
            )
        )


@dataclass(frozen=True, slots=True)
class Seek:
    """Play from an instant; ``number`` is echoed with everything that answers it."""

    number: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Position:
    """Where the client stands."""

    at_us: int


def parse(message: Any) -> Seek | Position | None:
    """Read one message; None for a lease that the client repeats.

    Raises:
        OrderError: anything else.
    """
    if not isinstance(message, dict):
        raise OrderError
    match message.get("type"):
        case "seek":
            speed = message.get("speed", 1)
            if isinstance(speed, bool) or not isinstance(speed, int | float):
                raise OrderError
            return Seek(_whole(message, "seek"), _whole(message, "at_us"))
        case "position":
            return Position(_whole(message, "at_us"))
        case "lease":
            return None
        case _:
            raise OrderError


def _whole(message: dict[str, Any], name: str) -> int:
    value = message.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST:
        raise OrderError
    return value


class Leash:
    """Holds the sender back: no more than `AHEAD_US` of footage beyond the client. Gaps count for nothing."""

    def __init__(self, at_us: int) -> None:
        self._at_us = at_us
        self._sent: list[tuple[int, int]] = []
        self._moved = asyncio.Event()

    def move(self, at_us: int) -> None:
        """The client tells where it stands."""
        self._at_us = at_us
        self._sent = [span for span in self._sent if span[1] > at_us]
        self._moved.set()

    def ahead_us(self) -> int:
        """Footage sent and not yet played, in microseconds."""
        return sum(end - max(start, self._at_us) for start, end in self._sent if end > self._at_us)

    async def room_for(self, gop: GopEntry) -> None:
        """Wait until this fragment may be sent. One longer than the leash goes when the client is nearly dry."""
        length_us = gop.end_us - gop.wall_us
        while self.ahead_us() + length_us > AHEAD_US and self.ahead_us() >= _STARVING_US:
            self._moved.clear()
            await self._moved.wait()

    def sent(self, gop: GopEntry) -> None:
        """This fragment was sent."""
        self._sent.append((gop.wall_us, gop.end_us))
