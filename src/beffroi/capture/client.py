"""How the centre speaks to a recorder: requests over the control socket, pictures over a live socket. Light: no media
library is imported here."""

import asyncio
import itertools
import json
import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from beffroi.domain.errors import BadInputError, BeffroiError, BrokenError, NotFoundError, RefusedError
from beffroi.domain.text import Text

_LINE_BYTES: Final = 64 * 1024 * 1024
_MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
_HEAD: Final = struct.Struct(">IB")
_PICTURE: Final = struct.Struct(">QQI")
_KINDS: Final[dict[str, type[BeffroiError]]] = {
    "refused": RefusedError,
    "not_found": NotFoundError,
    "bad": BadInputError,
    "broken": BrokenError,
}


class RecorderGoneError(BrokenError):
    """Nobody answers on the recorder's socket."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="L'enregistreur ne répond pas : vérifiez que « beffroi recorder » tourne sur cette machine.",
                en="The recorder does not answer: check that “beffroi recorder” runs on this machine.",
            )
        )


class RecorderClient:
    """Requests to one recorder. One connection, opened on first need and again after a restart of the recorder; one
    request at a time. Use as ``async with RecorderClient(path) as client``, or call `close`."""

    def __init__(self, path: Path, *, timeout_s: float = 10.0) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._lock = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._numbers = itertools.count(1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave."""
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def ping(self) -> int:
        """The recorder's wall time, microseconds."""
        return int((await self._ask("ping", {}))["pong"])

    async def streams(self) -> list[dict[str, Any]]:
        """Health of every stream: state, since_us, cause, fps, kbit_s, codec_string, worker, live (socket path)…"""
        found: list[dict[str, Any]] = (await self._ask("streams", {}))["streams"]
        return found

    async def calendar(self, camera: str, stream: str, from_us: int, to_us: int, lease: str) -> dict[str, Any]:
        """``recorded``, ``gaps`` (with cause), ``destroyed``, ``lost`` in a range, under a replay or extract lease."""
        params = {"camera": camera, "stream": stream, "from_us": from_us, "to_us": to_us, "lease": lease}
        found: dict[str, Any] = await self._ask("calendar", params)
        return found

    async def chunks(self, camera: str, stream: str, from_us: int, to_us: int, lease: str) -> list[dict[str, Any]]:
        """Header and index of the files that overlap a range; see `beffroi.capture.methods.Methods`."""
        params = {"camera": camera, "stream": stream, "from_us": from_us, "to_us": to_us, "lease": lease}
        found: list[dict[str, Any]] = (await self._ask("chunks", params))["chunks"]
        return found

    async def read(self, chunk: int, offset: int, length: int, lease: str) -> bytes:
        """Stored bytes of one file: its head, or fragments inside the lease's footage. 8 MiB at most."""
        answer = await self._ask("read", {"id": chunk, "offset": offset, "length": length, "lease": lease}, raw=True)
        return bytes(answer)

    async def journal(self, after: int, limit: int = 1000) -> list[dict[str, Any]]:
        """The recorder's acts with a greater number."""
        found: list[dict[str, Any]] = (await self._ask("journal", {"after": after, "limit": limit}))["entries"]
        return found

    async def journal_ack(self, seq: int) -> None:
        """The register holds everything up to this number."""
        await self._ask("journal_ack", {"seq": seq})

    async def account(self, first: str, last: str, cameras: Sequence[str] | None = None) -> dict[str, Any]:
        """The account of legal days (ISO dates), of some cameras or of all: `beffroi.capture.accounting`."""
        asked = {} if cameras is None else {"cameras": list(cameras)}
        found: dict[str, Any] = await self._ask("account", {"from": first, "to": last, **asked})
        return found

    async def account_known(self) -> dict[str, Any]:
        """``cameras``: all of which the account may have lines; and what of it concerns no day."""
        found: dict[str, Any] = await self._ask("account_known", {})
        return found

    async def reload(self) -> None:
        """Have the sheets read again now."""
        await self._ask("reload", {})

    async def call(self, method: str, params: dict[str, Any]) -> Any:
        """Any other request that answers JSON (``hold``, ``hold_pieces``, ``hold_seal``, ``hold_end``, ``holds``)."""
        return await self._ask(method, params)

    async def call_bytes(self, method: str, params: dict[str, Any]) -> bytes:
        """Any other request that answers bytes (``hold_read``)."""
        return bytes(await self._ask(method, params, raw=True))

    async def _ask(self, method: str, params: dict[str, Any], *, raw: bool = False) -> Any:
        async with self._lock:
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await self._exchange(method, params, raw=raw)
            except BeffroiError:
                raise
            except (OSError, ValueError, KeyError, TypeError, asyncio.IncompleteReadError) as error:
                raise RecorderGoneError from error
            finally:
                # An exchange that did not end (error, time-out, cancellation) leaves the connection out of step.
                if not self._whole:
                    await self.close()

    async def _exchange(self, method: str, params: dict[str, Any], *, raw: bool) -> Any:
        self._whole = False
        fresh = self._streams is None
        if self._streams is None:
            self._streams = await asyncio.open_unix_connection(self._path, limit=_LINE_BYTES)
        request = json.dumps({"id": next(self._numbers), "method": method, "params": params}).encode() + b"\n"
        try:
            line = await self._send(request)
        except (OSError, asyncio.IncompleteReadError):
            if fresh:
                raise
            await self.close()  # the recorder was restarted since the last request
            self._streams = await asyncio.open_unix_connection(self._path, limit=_LINE_BYTES)
            line = await self._send(request)
        answer = json.loads(line)
        if "error" in answer:
            self._whole = True
            text = Text(**answer["error"]["text"])
            raise _KINDS.get(answer["error"]["kind"], BrokenError)(text)
        result = answer["result"]
        if raw:
            result = await self._streams[0].readexactly(result["length"])
        self._whole = True
        return result

    async def _send(self, request: bytes) -> bytes:
        if self._streams is None:
            raise RecorderGoneError
        reader, writer = self._streams
        writer.write(request)
        await writer.drain()
        return await reader.readuntil(b"\n")

    _whole = True


@dataclass(frozen=True, slots=True)
class LiveInfo:
    """A run begins: ``codec_string``, ``width``, ``height``…; its `LiveInit` follows."""

    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LiveInit:
    """An init segment (fMP4)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class LiveFragment:
    """One picture as a fragment. ``wall_us``: when it was taken; ``arrival_us``: when it reached the recorder."""

    wall_us: int
    arrival_us: int
    key: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class LiveNotice:
    """``{"notice": "gap" | "dropped" | "refused" | "ended", …}``."""

    fields: dict[str, Any]


LiveMessage = LiveInfo | LiveInit | LiveFragment | LiveNotice


class LiveClient:
    """One view of one stream, on a worker's live socket (`streams()` gives its path).

    Iterate to get messages; call `renew` with a fresh lease at least every three seconds. The iteration ends when the
    recorder closes: the lease expired, was refused, or the worker ended.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, path: Path | str, camera: str, stream: str, lease: str) -> Self:
        """Connect and ask.

        Raises:
            RecorderGoneError: nobody listens there.
        """
        try:
            reader, writer = await asyncio.open_unix_connection(path, limit=1 << 20)
        except OSError as error:
            raise RecorderGoneError from error
        client = cls(reader, writer)
        client._tell({"camera": camera, "stream": stream, "lease": lease})
        return client

    def renew(self, lease: str) -> None:
        """Hand in a fresh lease of the same view."""
        self._tell({"lease": lease})

    async def __aiter__(self) -> AsyncIterator[LiveMessage]:
        while True:
            try:
                size, kind = _HEAD.unpack(await self._reader.readexactly(_HEAD.size))
                if size > _MAX_MESSAGE_BYTES:
                    return
                payload = await self._reader.readexactly(size)
            except (OSError, asyncio.IncompleteReadError):
                return
            yield _message(kind, payload)

    async def close(self) -> None:
        """Leave the view."""
        self._writer.close()

    def _tell(self, what: dict[str, Any]) -> None:
        if not self._writer.is_closing():
            self._writer.write(json.dumps(what).encode() + b"\n")


def _message(kind: int, payload: bytes) -> LiveMessage:
    match kind:
        case 0:
            return LiveInfo(json.loads(payload))
        case 1:
            return LiveInit(payload)
        case 2:
            wall_us, arrival_us, flags = _PICTURE.unpack_from(payload)
            return LiveFragment(wall_us, arrival_us, bool(flags & 1), payload[_PICTURE.size :])
        case _:
            return LiveNotice(json.loads(payload))
