"""One replay: ciphertext fragments and the key of each file, under the lease.

Never further ahead than the client needs.
"""

import asyncio
from collections.abc import AsyncIterable
from functools import partial
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.base.ending import bring_to_end
from beffroi.domain.clock import Clock
from beffroi.domain.gaps import GapCause
from beffroi.domain.ids import StreamName
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.gate.answers import Cut, OpenedView
from beffroi.ledger.entry import Sent
from beffroi.vault.calendar import JOIN_TOLERANCE_US
from beffroi.vault.release import KeyReleaser
from beffroi.watch.choice import REPLAY_ORDER, NotPlayableError, playable
from beffroi.watch.desk import Desk
from beffroi.watch.orders import Leash, Position, Seek, parse
from beffroi.watch.outlet import Outlet, RenderRefusal
from beffroi.watch.pieces import Hole, Piece, Timeline, in_order, read_pieces, read_timeline, start_at, unshown
from beffroi.watch.ports import Footage, Leases, Sink
from beffroi.watch.runner import run_view
from beffroi.watch.sender import Sender

WINDOW_US: Final = 900_000_000
"""Files are listed a quarter of an hour at a time."""

_LEFT: Final = object()
_BEFORE_KEY_TEXT: Final = Text(
    fr="Avant la première image complète de la période demandée : demandez quelques secondes plus tôt.",
    en="Before the first complete picture of the period asked for: ask for a few seconds earlier.",
)
_EDGE_TEXT: Final = Text(
    fr="Au bord de la période requise : ces images se décodent avec d'autres, hors réquisition ; l'extrait les a.",
    en="At the edge of the period required: these pictures decode with others outside of the requisition. The extract "
    "has them.",
)


class ReplayView:
    """Runs one replay.

    Args:
        footage: the recorder; one client of its own for each view, as requests wait for one another.
        releaser: opens content keys under the lease.
        leases: the gate.
        view: what the gate opened, with its footage range.
        sink: the viewer's connection.
        orders: what the client says, as JSON values; its end is the client's leaving.
        h265: whether the browser plays H.265.
        verify_key: the gate's public key.
        clock: wall time against which leases are checked.
        render: how a decision becomes the refusal that the console shows.
    """

    def __init__(  # noqa: PLR0917  the five parts of its surroundings
        self,
        footage: Footage,
        releaser: KeyReleaser,
        leases: Leases,
        view: OpenedView,
        sink: Sink,
        orders: AsyncIterable[Any],
        *,
        h265: bool,
        verify_key: Ed25519PublicKey,
        clock: Clock,
        render: RenderRefusal | None = None,
    ) -> None:
        if view.request.footage is None:
            raise ValueError("a replay has a range")
        self._releaser = releaser
        self._orders = orders
        self._leases = leases
        self._view = view
        self._camera = view.request.camera
        self._granted = view.request.footage
        self._whole = view.request.guest is not None
        """Before an investigator nothing outside of the range is seen, not even the rest of the last group."""
        self._h265 = h265
        self._clock = clock
        self._outlet = Outlet(leases, view, sink, verify_key=verify_key, clock=clock, render=render)
        self._desk = Desk(footage, self._outlet)
        self._timeline = Timeline((), (), ())
        self._leash = Leash(self._granted.from_us)

    async def run(self) -> tuple[Sent, Cut | None]:
        """Until the client leaves or the gate cuts. Registers the view's end; the caller then closes the connection."""
        return await run_view(self._work(), self._view, self._leases, self._outlet)

    async def _work(self) -> None:
        await self._announce()
        playing: asyncio.Task[None] | None = None
        incoming = aiter(self._orders)
        hearing = asyncio.ensure_future(anext(incoming, _LEFT))
        try:
            while True:
                waiting: set[asyncio.Future[Any]] = {hearing} | ({playing} if playing else set())
                done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=1.0)
                await self._outlet.renewal()
                if playing in done and playing is not None:
                    playing.result()
                    playing = None
                if hearing not in done:
                    continue
                message = hearing.result()
                if message is _LEFT:
                    return
                order = parse(message)
                if isinstance(order, Position):
                    self._leash.move(order.at_us)
                elif isinstance(order, Seek):
                    await _stop(playing)
                    self._leash = Leash(order.at_us)
                    playing = asyncio.create_task(self._play(order))
                hearing = asyncio.ensure_future(anext(incoming, _LEFT))
        finally:
            hearing.cancel()
            await _stop(playing)

    async def _announce(self) -> None:
        granted = self._granted
        stream = await self._stream()
        self._timeline = await self._calendar(stream)
        await self._outlet.text(
            {
                "type": "timeline",
                "from": granted.from_us,
                "to": granted.to_us,
                "recorded": [[held.from_us, held.to_us] for held in self._timeline.recorded],
                "gaps": [hole.as_dict() for hole in self._timeline.gaps],
                "destroyed": [hole.as_dict() for hole in self._timeline.destroyed],
            }
        )

    async def _stream(self) -> StreamName:
        """The stream whose calendar is shown: the first that has anything in the range, main before sub."""
        for stream in REPLAY_ORDER:
            recorded = (await self._calendar(stream)).recorded
            if recorded and await self._window(stream, recorded[0].from_us, recorded[0].from_us + 1):
                return stream
        return REPLAY_ORDER[0]

    async def _calendar(self, stream: StreamName) -> Timeline:
        asked = self._granted
        return read_timeline(
            await self._desk.ask(
                lambda footage, lease: footage.calendar(self._camera, stream, asked.from_us, asked.to_us, lease)
            )
        )

    async def _play(self, seek: Seek) -> None:
        """Send from an instant to the end of the range."""
        granted = self._granted
        at_us = min(max(seek.at_us, granted.from_us), granted.to_us)
        reached_us, last_us, cursor_us = at_us, -1, at_us
        started = False
        sender = Sender(
            self._desk,
            self._outlet,
            self._releaser,
            self._leash,
            seek=seek.number,
            origin_us=granted.from_us,
            clock=self._clock,
            whole=self._whole,
        )
        while cursor_us < granted.to_us:
            window_end_us = min(cursor_us + WINDOW_US, granted.to_us)
            pieces = await self._pieces(cursor_us, window_end_us)
            self._timeline = self._timeline.without(*unshown(pieces))
            steps = in_order(pieces, granted, last_us, whole=self._whole)
            if not started:
                steps = steps[start_at(steps, at_us) :]
            for piece, gop in steps:
                missing = partial(self._gap, reached_us, gop.wall_us, seek.number)
                refused = await sender.send(piece, gop, missing)
                if refused is None:
                    reached_us = max(reached_us, gop.end_us)
                else:
                    self._timeline = self._timeline.without(Hole(WallRange(gop.wall_us, gop.end_us), refused))
                last_us = gop.wall_us
                started = True
            following = self._timeline.next_recorded(max(window_end_us, reached_us))
            if following is None:
                break
            cursor_us = max(following, window_end_us)
        end_us = min(granted.to_us, self._clock.wall_us())
        if await self._gap(reached_us, end_us, seek.number):
            reached_us = end_us
        # Without a gap told, the end is where the pictures stop: nothing carries the client any further.
        await self._outlet.text({"type": "end", "at_us": reached_us, "seek": seek.number})

    async def _pieces(self, from_us: int, to_us: int) -> list[Piece]:
        """Files of the window, of the first stream that the browser plays."""
        heard = False
        for stream in REPLAY_ORDER:
            pieces = await self._window(stream, from_us, to_us)
            if pieces:
                return pieces
            heard = heard or pieces is None
        if heard:
            raise NotPlayableError
        return []

    async def _window(self, stream: StreamName, from_us: int, to_us: int) -> list[Piece] | None:
        """Files of one stream; None when there are some that the browser does not play."""
        to_us = min(to_us, self._granted.to_us)
        pieces = read_pieces(
            await self._desk.ask(lambda footage, lease: footage.chunks(self._camera, stream, from_us, to_us, lease))
        )
        if all(playable(piece.header.codec_string, h265=self._h265) for piece in pieces):
            return pieces
        return None

    async def _gap(self, from_us: int, to_us: int, seek: int) -> bool:
        """Say that nothing can be shown between the two instants, when that is more than a late frame; whether told."""
        if to_us - from_us <= JOIN_TOLERANCE_US:
            return False
        missing = WallRange(from_us, to_us)
        cause = self._timeline.cause(missing)
        if cause is None:
            cause = self._edge(missing) or GapCause.UNKNOWN.text
        await self._outlet.text(
            {"type": "gap", "from": missing.from_us, "to": missing.to_us, "cause": cause.as_dict(), "seek": seek}
        )
        return True

    def _edge(self, missing: WallRange) -> Text | None:
        """Why nothing is shown at an edge of the range: a group of pictures lies across it."""
        at_start, at_end = missing.from_us == self._granted.from_us, missing.to_us == self._granted.to_us
        if self._whole:
            return _EDGE_TEXT if at_start or at_end else None
        return _BEFORE_KEY_TEXT if at_start else None


async def _stop(task: "asyncio.Task[None] | None") -> None:
    if task is not None:
        await bring_to_end(task)
