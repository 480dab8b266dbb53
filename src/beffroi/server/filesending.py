"""The answer to a request for bytes of a file: it stops in its place when the file is cut or the client leaves."""

import asyncio
from collections.abc import Mapping

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from beffroi.base.ending import bring_to_end
from beffroi.domain.errors import BeffroiError
from beffroi.server.byterange import Span
from beffroi.server.extracts import Extract, Extracts

_log = structlog.get_logger(__name__)


class FileAnswer(Response):
    """200 or 206 with its exact length. When the right is withdrawn on the way, the connection ends short of it: no
    client takes a part for the whole."""

    media_type = "video/mp4"

    def __init__(self, extracts: Extracts, extract: Extract, span: Span, headers: Mapping[str, str]) -> None:
        self._extracts, self._extract, self._span = extracts, extract, span
        own = {**headers, "Content-Length": str(span.end - span.start)}
        if span.partial:
            own["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{extract.file.layout.size}"
        super().__init__(None, 206 if span.partial else 200, own)
        self.headers["content-length"] = own["Content-Length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})

        async def out(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        sending = asyncio.create_task(self._extracts.send(self._extract, self._span.start, self._span.end, out))
        leaving = asyncio.create_task(client_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done() and self._whole(sending):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await bring_to_end(sending, leaving)

    def _whole(self, sending: "asyncio.Task[bool]") -> bool:
        try:
            return sending.result()
        except BeffroiError as error:
            # half an answer is out: only the end of the connection can say that the rest will not come
            _log.warning("a file stopped", view=self._extract.view.id, reason=error.text.en)
            return False
        except ConnectionError:
            return False


async def client_left(receive: Receive) -> None:
    """Return once the client has left: what is sent from then on goes nowhere, and the server does not say so."""
    while (await receive())["type"] != "http.disconnect":
        pass
