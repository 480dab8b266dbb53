"""The answer to a request for bytes of a delivery or of a derived copy: it stops when the file goes, the right is
withdrawn, the session ends or the client leaves; what was handed over is an entry of the register either way."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from beffroi.domain.clock import now
from beffroi.domain.errors import BeffroiError
from beffroi.identity.accounts import SessionsEnded
from beffroi.server.byterange import Span
from beffroi.server.centre import Centre
from beffroi.server.filesending import client_left
from beffroi.server.session import Caller

AGAIN_S: Final = 1.5
"""How old the answer of the law may be when a block leaves, as for a view."""

_BLOCK: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """What is sent: ``size`` bytes of a file on the centre's disk, from ``offset`` on."""

    path: Path
    size: int
    offset: int = 0
    media_type: str = "application/zip"


class Leaving(Protocol):
    """One caller who takes one file out of the centre."""

    @property
    def centre(self) -> Centre:
        """The centre that it leaves."""

    @property
    def caller(self) -> Caller:
        """Who takes it."""

    def permitted(self) -> object:
        """What it rests on, when it may leave now. Blocking.

        Raises:
            BeffroiError: it may not, or no longer.
        """

    async def left(self, sent: int) -> None:
        """So many bytes of it left: an entry."""


class PieceAnswer(Response):
    """200 or 206 with its exact length; the connection ends short of it when the sending stops on the way."""

    def __init__(self, fetch: Leaving, piece: Piece, *, span: Span, headers: Mapping[str, str]) -> None:
        self._fetch, self._ended = fetch, False
        self._centre, self._caller = fetch.centre, fetch.caller
        self._asked_s: float | None = None
        self._path, self._offset, self._span = piece.path, piece.offset, span
        own = {**headers, "Content-Length": str(span.end - span.start)}
        if span.partial:
            own["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{piece.size}"
        super().__init__(None, 206 if span.partial else 200, own, piece.media_type)
        self.headers["content-length"] = own["Content-Length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send."""
        del scope
        # heard of before it is asked: a session that ends in between is met by one of the two
        sent, leave = 0, self._centre.bus.subscribe(SessionsEnded, self._sessions_ended)
        leaving = asyncio.create_task(client_left(receive))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            with self._path.open("rb") as file:
                file.seek(self._offset + self._span.start)
                left = self._span.end - self._span.start
                while left:
                    block = await asyncio.to_thread(file.read, min(_BLOCK, left))
                    if not block or not await self._goes_on() or leaving.done():
                        return
                    left -= len(block)
                    sent += len(block)  # counted first: the register may say too much, never less
                    await send({"type": "http.response.body", "body": block, "more_body": left > 0})
        finally:
            leave()
            leaving.cancel()
            await asyncio.shield(self._fetch.left(sent))

    def _sessions_ended(self, event: SessionsEnded) -> None:
        self._ended = self._ended or self._caller.session in event.keys

    async def _goes_on(self) -> bool:
        at_s = self._centre.clock.monotonic_s()
        if self._asked_s is None or at_s - self._asked_s >= AGAIN_S:
            if not await asyncio.to_thread(self._may_leave):
                return False
            self._asked_s = at_s
        until = self._caller.until
        there = self._path.exists() and (until is None or now(self._centre.identity.clock) < until)
        return there and not self._ended

    def _may_leave(self) -> bool:
        """Blocking."""
        try:
            self._fetch.permitted()
        except BeffroiError:
            return False
        return self._centre.identity.session_of_key(self._caller.session) is not None
