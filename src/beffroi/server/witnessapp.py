"""The witness over HTTP: one route, `POST /add-checkpoint` (C2SP tlog-witness). Nothing else is answered."""

import asyncio

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from beffroi.base.files import FsyncFailedError
from beffroi.ledger.note import NoteError
from beffroi.ledger.witness import MAX_REQUEST, Answer, Witness

_log = structlog.get_logger(__name__)


def witness_app(witness: Witness) -> Starlette:
    """The application of one witness."""
    turn = asyncio.Lock()

    async def add_checkpoint(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MAX_REQUEST:
                break
        async with turn:
            answer = await asyncio.to_thread(_answer, witness, bytes(body))
        _log.info("checkpoint submitted", status=answer.status)
        return Response(answer.body, answer.status, headers={"Content-Type": answer.content_type})

    return Starlette(routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"])])


def _answer(witness: Witness, body: bytes) -> Answer:
    try:
        return witness.add_checkpoint(body)
    except (NoteError, OSError, FsyncFailedError) as error:
        # Its own memory cannot be read or written: it must not sign, and whoever looks after it must know.
        _log.critical("the witness's memory does not answer", error=type(error).__name__)
        return Answer(500, b"the witness's own memory is damaged\n")
