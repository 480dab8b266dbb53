"""The control socket: one JSON request a line, one answer a line; ``read`` answers a line, then that many raw bytes."""

import asyncio
import contextlib
import json
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog

from beffroi.base.ending import bring_to_end
from beffroi.capture.lanes import Lanes
from beffroi.capture.methods import Methods
from beffroi.domain.errors import BadInputError, BeffroiError, NotFoundError, RefusedError
from beffroi.domain.text import Text

_log = structlog.get_logger(__name__)

MAX_LINE_BYTES: Final = 64 * 1024
_BROKEN: Final = Text(
    fr="L'enregistreur n'a pas pu répondre : voyez son journal système.",
    en="The recorder could not answer: see its system log.",
)


class ControlServer:
    """Serves `Methods` on a Unix socket that only this account may open."""

    def __init__(self, methods: Methods) -> None:
        self._methods = methods
        self._lanes = Lanes()
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def start(self, path: Path) -> None:
        """Listen."""
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._connected, path, limit=MAX_LINE_BYTES)
        path.chmod(0o660)  # the centre is another user of the same group

    def close(self) -> None:
        """Stop listening; who is connected is still answered."""
        if self._server:
            self._server.close()

    async def stop(self) -> None:
        """Stop listening, end every connection and wait until each has ended."""
        self.close()
        self._stopped = True
        await bring_to_end(*self._serving)
        self._lanes.close()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._stopped:  # it was on its way in
            writer.close()
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                while True:
                    line = await reader.readuntil(b"\n")
                    writer.writelines(await self._answer(line))
                    await writer.drain()
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> list[bytes]:
        number: Any = None
        try:
            request = json.loads(line)
            number, method, params = request["id"], request["method"], request.get("params") or {}
            if not isinstance(method, str) or not isinstance(params, dict) or not isinstance(number, int | str):
                return [_error(None, "bad", _malformed())]
            result = await self._lanes.of(method).run(partial(self._methods.call, method, params))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return [_error(number if isinstance(number, int | str) else None, "bad", _malformed())]
        except BeffroiError as error:
            return [_error(number, _kind(error), error.text)]
        except Exception as error:  # noqa: BLE001  one bad answer must not end the recorder; the log has the rest
            _log.exception("request failed", error=type(error).__name__)
            return [_error(number, "broken", _BROKEN)]
        if isinstance(result, bytes):
            return [_line({"id": number, "result": {"length": len(result)}}), result]
        return [_line({"id": number, "result": result})]


def _malformed() -> Text:
    return Text(fr="Demande à l'enregistreur mal formée.", en="Malformed request to the recorder.")


def _kind(error: BeffroiError) -> str:
    if isinstance(error, RefusedError):
        return "refused"
    if isinstance(error, NotFoundError):
        return "not_found"
    return "bad" if isinstance(error, BadInputError) else "broken"


def _error(number: int | str | None, kind: str, text: Text) -> bytes:
    return _line({"id": number, "error": {"kind": kind, "text": text.as_dict()}})


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
