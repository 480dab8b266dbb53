"""The recorder's account, asked for a few cameras at a time: an answer that comes in parts, and ends when nobody waits.

A stream's day takes the recorder a few tenths of a second (files' heads are read), so two hundred cameras take minutes:
no single question could be answered in the time that anybody waits without seeing anything.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final
from weakref import WeakValueDictionary

from beffroi.capture.client import RecorderClient
from beffroi.domain.ids import PersonId

KNOWN_S: Final = 30.0
PART_S: Final = 120.0
"""What the recorder has for one part, in seconds: it takes twenty at most, and four more when something is wrong."""

CAMERA_DAYS: Final = 10
"""In one part, at most, or one camera: a few seconds of the recorder's time."""

SILENCE_S: Final = 10.0
"""A longer silence is broken: proxies cut an answer on which nothing comes, and a client that left is noticed."""

Part = dict[str, Any]


def divided(cameras: Sequence[str], first: date, last: date) -> list[Sequence[str]]:
    """The cameras of each part, for these days."""
    size = max(1, CAMERA_DAYS // ((last - first).days + 1))
    return [cameras[begin : begin + size] for begin in range(0, len(cameras), size)]


class AccountParts:
    """One per centre. Of one person, one part at a time is before the recorder, in however many windows the person asks
    and however often: it cannot be stopped once it is asked for, so that who left and came back waits for its end."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._turns: WeakValueDictionary[PersonId, asyncio.Lock] = WeakValueDictionary()
        self._asked: set[asyncio.Task[Part]] = set()

    async def known(self) -> Part:
        """The cameras of which the recorder may have lines, and what concerns no day.

        Raises:
            BeffroiError: it does not answer, or cannot.
        """
        async with RecorderClient(self._socket, timeout_s=KNOWN_S) as recorder:
            return await recorder.account_known()

    async def part(
        self, person: PersonId, cameras: Sequence[str], first: date, last: date
    ) -> AsyncGenerator[Part | None]:
        """One part; before it, a None for each silence. Who stops listening asks for nothing more.

        Raises:
            BeffroiError: as `known`.
        """

        async def ask() -> Part:
            async with RecorderClient(self._socket, timeout_s=PART_S) as recorder:
                return await recorder.account(first.isoformat(), last.isoformat(), cameras)

        waiting = asyncio.create_task(self._in_turn(person, ask))
        try:
            while not (await asyncio.wait({waiting}, timeout=SILENCE_S))[0]:
                yield None
            yield waiting.result()
        finally:
            waiting.cancel()

    async def _in_turn(self, person: PersonId, ask: Callable[[], Coroutine[Any, Any, Part]]) -> Part:
        turn = self._turns.setdefault(person, asyncio.Lock())
        await turn.acquire()
        asked = asyncio.create_task(ask())
        self._asked.add(asked)

        def ended(_: asyncio.Task[Part]) -> None:
            self._asked.discard(asked)
            turn.release()

        asked.add_done_callback(ended)
        return await asyncio.shield(asked)
