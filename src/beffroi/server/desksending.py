"""The answer to a request for bytes of a delivery: it stops when its copy goes, the session ends or the client leaves;
what was handed over is an entry of the register either way."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from beffroi.domain.clock import now
from beffroi.registry.desktables import DeskPackageRow
from beffroi.server.byterange import Span
from beffroi.server.deskdelivery import Deliveries
from beffroi.server.session import Caller

_BLOCK: Final = 256 * 1024


class PackageAnswer(Response):
    """200 or 206 with its exact length; the connection ends short of it when the sending stops on the way."""

    media_type = "application/zip"

    def __init__(
        self,
        deliveries: Deliveries,
        caller: Caller,
        package: DeskPackageRow,
        *,
        path: Path,
        span: Span,
        headers: Mapping[str, str],
    ) -> None:
        self._deliveries, self._caller, self._package = deliveries, caller, package
        self._path, self._span = path, span
        own = {**headers, "Content-Length": str(span.end - span.start)}
        if span.partial:
            own["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{package.size_bytes}"
        super().__init__(None, 206 if span.partial else 200, own)
        self.headers["content-length"] = own["Content-Length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send."""
        del scope, receive
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        sent = 0
        try:
            with self._path.open("rb") as file:
                file.seek(self._span.start)
                left = self._span.end - self._span.start
                while left and self._goes_on():
                    block = await asyncio.to_thread(file.read, min(_BLOCK, left))
                    if not block:
                        return
                    left -= len(block)
                    sent += len(block)  # counted first: the register may say too much, never less
                    await send({"type": "http.response.body", "body": block, "more_body": left > 0})
        finally:
            await asyncio.shield(self._deliveries.fetched(self._package.case, self._package.id, sent, self._caller))

    def _goes_on(self) -> bool:
        until = self._caller.until
        return self._path.exists() and (until is None or now(self._deliveries.centre.identity.clock) < until)
