"""How long and how large the body of a request may be, whatever the route: counted as it comes. Past either limit the
route sees a client that left, and `beffroi.server.guard` answers in its place."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

LEAST_S: Final = 20.0
"""How long any body has to come, in seconds."""

BYTES_S: Final = 100_000
"""A large file has longer: as long as a poor line (0.8 Mbit/s) takes for the largest that its route admits."""


def seconds_for(limit: int) -> float:
    """How long a body of at most so many bytes has to come whole, in seconds from its request on."""
    return max(LEAST_S, limit / BYTES_S)


_LINGER_S: Final = 2.0


async def drop(receive: Receive) -> None:
    """Throw away what still comes of a body after its answer, until the client leaves or some seconds passed. A
    connection that is closed on bytes which nobody read is reset, and the client may lose the answer with it."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            while (await receive())["type"] != "http.disconnect":
                pass


class Incoming:
    """One body. ``over`` and ``late`` say why the rest of it was not taken. Once the answer has begun (``answering``),
    nothing of it is needed: the route only listens for the client to leave, and it is never late."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._seen = 0
        self._until_s = asyncio.get_running_loop().time() + seconds_for(limit)
        self._whole = self.over = self.late = self.answering = False

    @property
    def refused(self) -> bool:
        """Whether the rest of it was not taken."""
        return self.over or self.late

    async def __call__(self) -> Message:
        """The next message. What comes after the whole body, which only says that the client left, is waited for as
        long as the route likes."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(None if self.answering else self._until_s):
                message = await self._receive()
        except TimeoutError:
            if self.answering:  # it began while this was waited for
                return await self()
            self.late = True
            return {"type": "http.disconnect"}
        if message["type"] == "http.request":
            self._whole = not message.get("more_body", False)
            self._seen += len(message.get("body", b""))
            if self._seen > self._limit:
                self.over = True
                return {"type": "http.disconnect"}
        return message
