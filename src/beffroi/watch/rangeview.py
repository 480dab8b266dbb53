"""One range of footage as one clear file, handed out in any slices, under the lease of its view.

What is told to the register is what really left. A slice reads the stored fragments that it overlaps, one at a time,
and asks their keys again; between two requests no key is kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.domain.clock import Clock
from beffroi.domain.errors import BadInputError, NotFoundError
from beffroi.domain.ids import StreamName
from beffroi.domain.lease import LeaseRefusedError
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.gate.answers import OpenedView
from beffroi.ledger.entry import Sent
from beffroi.media.codec import config_from_init
from beffroi.vault.chunkformat import GopEntry
from beffroi.vault.rangefile import Placed, RangeFile, Selection, Source, lay_out, select
from beffroi.vault.release import KeyReleaser
from beffroi.watch.desk import Desk
from beffroi.watch.permits import Permits
from beffroi.watch.pieces import Piece, Timeline, read_pieces, read_timeline
from beffroi.watch.ports import Footage, Leases

LONGEST_US: Final = 12 * 3_600_000_000
WINDOW_US: Final = 900_000_000
"""Files are listed a quarter of an hour at a time."""

BLOCK_BYTES: Final = 64 * 1024
"""What is handed over at once. After a withdrawal no more than one block may still be on its way in this process."""

READ_BYTES: Final = 8 * 1024 * 1024
"""What a recorder gives for one question."""

Out = Callable[[bytes], Awaitable[None]]


class RangeTooLongError(BadInputError):
    """Longer than one file may be."""

    def __init__(self) -> None:
        hours = LONGEST_US // 3_600_000_000
        super().__init__(
            Text(
                fr=f"Un fichier porte au plus {hours} heures d'images : demandez l'intervalle en plusieurs fois.",
                en=f"A file holds at most {hours} hours of footage: ask for the range in several parts.",
            )
        )


@dataclass(frozen=True, slots=True)
class _Prepared:
    layout: RangeFile
    pieces: tuple[Piece, ...]
    codec_string: str
    timeline: Timeline


class RangeView:
    """The file of one view. `prepare` first; then `write` as often as asked, also at once from several requests."""

    def __init__(
        self,
        footage: Footage,
        releaser: KeyReleaser,
        leases: Leases,
        view: OpenedView,
        *,
        stream: StreamName,
        verify_key: Ed25519PublicKey,
        clock: Clock,
    ) -> None:
        if view.request.footage is None:
            raise ValueError("a file has a range")
        self._asked = view.request.footage
        self._camera = view.request.camera
        self._stream = stream
        self._releaser = releaser
        self._clock = clock
        self.permits = Permits(leases, view, verify_key=verify_key, clock=clock)
        self._desk = Desk(footage, self.permits)
        self._prepared: _Prepared | None = None
        self._last: tuple[int, bytes] = (0, b"")

    @property
    def sent(self) -> Sent:
        """What was handed over so far."""
        return self.permits.sent

    @property
    def layout(self) -> RangeFile:
        """The file's layout, once prepared."""
        return self._ready.layout

    @property
    def codec_string(self) -> str:
        """RFC 6381 string of the video, once prepared."""
        return self._ready.codec_string

    @property
    def timeline(self) -> Timeline:
        """What is held and what is not, and why, over the range; once prepared."""
        return self._ready.timeline

    async def prepare(self) -> RangeFile:
        """Find the footage and lay the file out. Reads one init segment and one fragment.

        Raises:
            RangeTooLongError, NoFootageError, SettingsChangedError: it cannot be one file.
            LeaseRefusedError: withdrawn meanwhile. BeffroiError: the recorder's refusal or failure.
        """
        asked = self._asked
        if asked.to_us - asked.from_us > LONGEST_US:
            raise RangeTooLongError
        pieces = await self._pieces()
        # in a thread: twelve hours are 43,000 fragments, a quarter of a second of other people's pictures
        selection = await asyncio.to_thread(select, [Source(piece.header, piece.gops) for piece in pieces], asked)
        ordered = _in_order_of(selection, pieces)
        number, gop = selection.steps[selection.anchor]
        init = await self._read(ordered[number], 0, ordered[number].init_length)
        stored = await self._read(ordered[number], gop.offset, gop.length)
        layout = await asyncio.to_thread(lay_out, selection, config_from_init(init), stored)
        timeline = read_timeline(
            await self._desk.ask(
                lambda footage, lease: footage.calendar(self._camera, self._stream, asked.from_us, asked.to_us, lease)
            )
        )
        self._prepared = _Prepared(layout, ordered, ordered[number].header.codec_string, timeline)
        return layout

    async def permitted(self) -> None:
        """Wait for a lease in force.

        Raises:
            LeaseRefusedError: none came back.
        """
        await self._desk.lease()

    async def write(self, start: int, end: int, out: Out) -> None:
        """Hand over the bytes ``start`` to ``end`` (excluded), in order; waits for whoever takes them.

        Raises:
            LeaseRefusedError: the lease did not come back; nothing more was handed over.
            DamagedFootageError: what the disk holds is not what its index says.
            BeffroiError: the key or the recorder refused.
        """
        keys: dict[int, bytes] = {}
        for part in self.layout.slices(start, end):
            if part.placed is None:
                data, frames, footage = self.layout.head[part.start : part.end], 0, None
            else:
                gop = part.placed.gop
                data = (await self._open(part.placed, keys))[part.start : part.end]
                frames, footage = gop.frames, WallRange(gop.wall_us, max(gop.wall_us, gop.end_us))
            for block in _blocks(data):
                await self._desk.lease()
                self.permits.count(len(block), frames=frames, footage=footage)
                await out(block)
                frames = 0

    async def _open(self, placed: Placed, keys: dict[int, bytes]) -> bytes:
        """One fragment, clear. The last one is kept: a player asks for its bytes in small pieces."""
        if self._last[0] == placed.sequence:
            return self._last[1]
        piece = self._ready.pieces[placed.source]
        if placed.source not in keys:
            keys.clear()
            keys[placed.source] = await self._key(piece)
        stored = await self._read(piece, placed.gop.offset, placed.gop.length)
        clear = await asyncio.to_thread(self.layout.open_fragment, placed, stored, keys[placed.source])
        self._last = (placed.sequence, clear)
        return clear

    async def _key(self, piece: Piece) -> bytes:
        try:
            return await self._release(piece)
        except LeaseRefusedError:  # it ran out on the way to a slow keyring: once more, with the one in force now
            return await self._release(piece)

    async def _release(self, piece: Piece) -> bytes:
        lease, now_us = await self._desk.lease(), self._clock.wall_us()
        return await asyncio.to_thread(self._releaser.release, piece.header, lease, now_us=now_us)

    async def _read(self, piece: Piece, offset: int, length: int) -> bytes:
        parts = []
        for at in range(offset, offset + length, READ_BYTES):
            size = min(READ_BYTES, offset + length - at)
            parts.append(await self._ask_bytes(piece.id, at, size))
        return b"".join(parts)

    async def _ask_bytes(self, chunk: int, offset: int, length: int) -> bytes:
        return await self._desk.ask(lambda footage, lease: footage.read(chunk, offset, length, lease))

    async def _pieces(self) -> list[Piece]:
        """The files of the range, each with every index entry that any window told."""
        found: dict[int, tuple[Piece, dict[int, GopEntry]]] = {}
        from_us = self._asked.from_us
        while from_us < self._asked.to_us:
            to_us = min(from_us + WINDOW_US, self._asked.to_us)
            for piece in read_pieces(await self._window(from_us, to_us)):
                _, gops = found.setdefault(piece.id, (piece, {}))
                gops.update({gop.offset: gop for gop in piece.gops})
            from_us = to_us
        return [
            Piece(piece.id, piece.header, piece.init_length, tuple(gops[at] for at in sorted(gops)))
            for piece, gops in found.values()
        ]

    async def _window(self, from_us: int, to_us: int) -> list[dict[str, Any]]:
        return await self._desk.ask(
            lambda footage, lease: footage.chunks(self._camera, self._stream, from_us, to_us, lease)
        )

    @property
    def _ready(self) -> _Prepared:
        if self._prepared is None:
            raise NotFoundError(Text(fr="Ce fichier n'est pas prêt.", en="This file is not ready."))
        return self._prepared


def _in_order_of(selection: Selection, pieces: list[Piece]) -> tuple[Piece, ...]:
    by_kid = {piece.header.kid: piece for piece in pieces}
    return tuple(by_kid[source.header.kid] for source in selection.sources)


def _blocks(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), BLOCK_BYTES):
        yield data[at : at + BLOCK_BYTES]
