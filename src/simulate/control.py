"""The control port: one JSON object per line, one answer per line.

``{"camera": "rue-1", "fault": "drop:0.05"}`` → ``{"ok": true}``;
``{"status": true}`` → ``{"ok": true, "status": {…}}``; a mistake → ``{"ok": false, "error": {"fr": …, "en": …}}``.
"""

import asyncio
import json
import socket
from typing import Any, Final

from beffroi.domain.errors import BadInputError, BeffroiError
from beffroi.domain.text import Text
from simulate.faults import parse_fault
from simulate.server import Server, listen

_LINE_BYTES: Final = 4096
_NOT_UNDERSTOOD: Final = Text(fr="Commande non comprise.", en="The command was not understood.")


class Control:
    """Use as ``async with Control(server)``: listens beside the server, on the same address."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._listener: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> "Control":
        config = self._server.config
        self._listener = await listen(self._serve, config.host, config.control_port, limit=_LINE_BYTES)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listener:
            self._listener.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self._answer(line), ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        except (ValueError, ConnectionError):  # a line too long, or gone
            pass
        finally:
            writer.close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(line)
            if asked == {"status": True}:
                return {"ok": True, "status": self._server.status()}
            self._server.set_fault(str(asked["camera"]), parse_fault(str(asked["fault"])))
        except BeffroiError as error:
            return {"ok": False, "error": error.text.as_dict()}
        except (ValueError, TypeError, KeyError, RecursionError):
            return {"ok": False, "error": _NOT_UNDERSTOOD.as_dict()}
        return {"ok": True}


def ask(port: int, message: dict[str, Any], *, host: str = "127.0.0.1", timeout_s: float = 5.0) -> dict[str, Any]:
    """Send one command to a simulator's control port and return its answer.

    Raises:
        BadInputError: nobody listens there, or the command was refused.
    """
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as link, link.makefile("rwb") as lines:
            lines.write(json.dumps(message).encode() + b"\n")
            lines.flush()
            answer: dict[str, Any] = json.loads(lines.readline())
    except (OSError, ValueError) as error:
        raise BadInputError(
            Text(fr=f"Aucun simulateur ne répond sur le port {port}.", en=f"No simulator answers on port {port}.")
        ) from error
    if not answer.get("ok"):
        raise BadInputError(Text(fr=answer["error"]["fr"], en=answer["error"]["en"]))
    return answer
