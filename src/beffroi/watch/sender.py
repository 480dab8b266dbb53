"""Fragments of one seek: before the first of each file, its codec, its key and where its media time lies."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from beffroi.domain.clock import Clock
from beffroi.domain.errors import NotFoundError, RefusedError
from beffroi.domain.lease import LeaseRefusedError
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.media.clear import parse_alone
from beffroi.vault.chunkformat import GopEntry
from beffroi.vault.keyring_remote import KeyringUnreachableError
from beffroi.vault.release import KeyReleaser, NoKeyringError
from beffroi.watch.desk import Desk
from beffroi.watch.orders import Leash
from beffroi.watch.outlet import Outlet
from beffroi.watch.pieces import Piece

_log = structlog.get_logger(__name__)

DRIFT_US: Final = 40_000
"""One frame at 25 a second: when wall time and media time differ by more, the client gets a new offset."""

KEYRING_S: Final = 15.0
"""How long a replay waits for a commune's keyring that does not answer: its program starts again in less."""

_DAMAGED: Final = Text(
    fr="Images abîmées sur le disque : faites lancer « beffroi vault check --level hash ».",
    en="Images damaged on the disk: have “beffroi vault check --level hash” run.",
)
_KEYRING_POLL_S: Final = 0.25
_NONE: Final = -(1 << 62)


class Sender:
    """Sends what one seek asked for. ``origin_us`` is the wall time of media time zero; ``whole``: only fragments that
    also end inside of the range granted."""

    def __init__(
        self,
        desk: Desk,
        outlet: Outlet,
        releaser: KeyReleaser,
        leash: Leash,
        *,
        seek: int,
        origin_us: int,
        clock: Clock,
        whole: bool = False,
    ) -> None:
        self._desk = desk
        self._outlet = outlet
        self._releaser = releaser
        self._leash = leash
        self._seek = seek
        self._origin_us = origin_us
        self._clock = clock
        self._whole = whole
        self._piece: int | None = None
        self._gone: tuple[int, Text] | None = None
        self._spoilt: int | None = None  # the file of whose group a fragment is damaged: the others need it
        self._key = self._init = b""
        self._offset_us = _NONE

    async def send(self, piece: Piece, gop: GopEntry, before: Callable[[], Awaitable[object]]) -> Text | None:
        """Send one fragment, when the client has room for it. Returns why not: its file is gone, or past its term, or
        what the disk holds is no longer what was recorded.

        ``before`` is called when the fragment is at hand, just before it leaves.

        Raises:
            LeaseRefusedError: the lease did not come back.
            NoKeyringError: the authority's keyring is not open: nothing of it can be played.
            KeyringUnreachableError: it did not answer for `KEYRING_S`.
        """
        if self._gone is not None and self._gone[0] == piece.id:
            return self._gone[1]
        if gop.key:
            self._spoilt = None
        elif self._spoilt == piece.id:
            return _DAMAGED
        await self._leash.room_for(gop)
        try:
            if piece.id != self._piece:
                await self._open(piece)
            data = await self._desk.ask(lambda footage, lease: footage.read(piece.id, gop.offset, gop.length, lease))
        except (NoKeyringError, LeaseRefusedError):
            raise
        except (NotFoundError, RefusedError) as error:
            _log.warning("a file cannot be played", camera=piece.header.camera, chunk=piece.id, error=error)
            self._gone, self._piece = (piece.id, error.text), None
            return error.text
        if gop.sha256 and (await asyncio.to_thread(hashlib.sha256, data)).digest() != gop.sha256:
            _log.error("images of a file are damaged", camera=piece.header.camera, chunk=piece.id, at_us=gop.wall_us)
            self._spoilt = piece.id
            return _DAMAGED
        await before()
        await self._anchor(piece, gop, data)
        await self._desk.lease()
        await self._outlet.fragment(
            data,
            wall_us=gop.wall_us,
            end_us=gop.end_us,
            frames=gop.frames,
            key=gop.key,
            footage=WallRange(gop.wall_us, gop.end_us if self._whole else gop.wall_us + 1),
        )
        self._leash.sent(gop)
        return None

    async def _open(self, piece: Piece) -> None:
        self._init = await self._desk.ask(lambda footage, lease: footage.read(piece.id, 0, piece.init_length, lease))
        self._key = await self._awaited(piece)
        self._piece, self._offset_us = piece.id, _NONE

    async def _awaited(self, piece: Piece) -> bytes:
        """The key, also of a keyring that is away for a moment: another view would be one more act."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + KEYRING_S
        while True:
            try:
                return await self._key_of(piece)
            except KeyringUnreachableError:
                if loop.time() >= until_s:
                    raise
                await asyncio.sleep(_KEYRING_POLL_S)

    async def _key_of(self, piece: Piece) -> bytes:
        try:
            return await self._release(piece)
        except LeaseRefusedError:  # it ran out on the way to a slow keyring: once more, with the one in force now
            return await self._release(piece)

    async def _release(self, piece: Piece) -> bytes:
        lease, now_us = await self._desk.lease(), self._clock.wall_us()
        # in a thread: the keyring may be another process, and opens with slow arithmetic in any case
        return await asyncio.to_thread(self._releaser.release, piece.header, lease, now_us=now_us)

    async def _anchor(self, piece: Piece, gop: GopEntry, data: bytes) -> None:
        # With B-frames a picture is shown later than it is decoded, and wall time is that of showing.
        first_90k = parse_alone(data).samples[0].pts_90k
        offset_us = gop.wall_us - self._origin_us - first_90k * 100 // 9
        if abs(offset_us - self._offset_us) <= DRIFT_US:
            return
        self._offset_us = offset_us
        await self._desk.lease()
        await self._outlet.text(
            {
                "type": "init",
                "codec": piece.header.codec_string,
                "stream": piece.header.stream,
                "kid": _b64url(piece.header.kid),
                "key": _b64url(self._key),
                "offset_s": offset_us / 1_000_000,
                "seek": self._seek,
            }
        )
        await self._outlet.init(self._init)


def _b64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
