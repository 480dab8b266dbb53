"""Questions to the recorder under the lease of the moment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from beffroi.domain.errors import RefusedError
from beffroi.domain.lease import LeaseRefusedError
from beffroi.watch.permits import Permits
from beffroi.watch.ports import Footage

T = TypeVar("T")

DARK_S: Final = 6.0
"""How long a replay waits for a late renewal before it gives up: two lives of a lease."""

_POLL_S: Final = 0.05


class Desk:
    """Asks with a lease in force, waiting for one that is late (a cut ends the whole view elsewhere)."""

    def __init__(self, footage: Footage, permits: Permits) -> None:
        self.footage = footage
        self._permits = permits

    async def ask(self, question: Callable[[Footage, str], Awaitable[T]]) -> T:
        """The recorder's answer; asked once more when the lease ran out on the way.

        Raises:
            LeaseRefusedError: no lease came back in `DARK_S`.
            BeffroiError: the recorder's own refusal or failure.
        """
        try:
            return await question(self.footage, await self.lease())
        except LeaseRefusedError:
            raise
        except RefusedError:
            return await question(self.footage, await self.lease())

    async def lease(self) -> str:
        """The lease in force.

        Raises:
            LeaseRefusedError: none came back in `DARK_S`.
        """
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + DARK_S
        while True:
            try:
                return self._permits.permit()
            except LeaseRefusedError:
                if loop.time() > deadline_s:
                    raise
                await asyncio.sleep(_POLL_S)
