"""One live view: from the hub's queue to the viewer, each picture under the lease in force."""

import asyncio
import contextlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.base.ending import bring_to_end
from beffroi.capture.client import LiveFragment
from beffroi.domain.clock import Clock
from beffroi.domain.ids import StreamName
from beffroi.domain.lease import LeaseRefusedError
from beffroi.gate.answers import Cut, OpenedView
from beffroi.ledger.entry import Sent
from beffroi.watch.finding import find_stream
from beffroi.watch.hub import LiveHub
from beffroi.watch.outlet import Outlet, RenderRefusal
from beffroi.watch.ports import BACKOFF_S, Leases, LiveCamera, Sink
from beffroi.watch.queue import LATE, Gone, Note, Start, ViewerQueue
from beffroi.watch.runner import run_view


class LiveView:
    """Runs one live view.

    Args:
        hub: the process's hub.
        leases: the gate.
        view: what the gate opened, on this very connection.
        recorder: tells which streams the camera has.
        sink: the viewer's connection.
        h265: whether the browser plays H.265.
        verify_key: the gate's public key.
        clock: wall time against which leases are checked.
        render: how a decision becomes the refusal that the console shows.
    """

    def __init__(
        self,
        hub: LiveHub,
        leases: Leases,
        view: OpenedView,
        recorder: LiveCamera,
        sink: Sink,
        *,
        h265: bool,
        verify_key: Ed25519PublicKey,
        clock: Clock,
        render: RenderRefusal | None = None,
    ) -> None:
        self._hub = hub
        self._leases = leases
        self._view = view
        self._recorder = recorder
        self._h265 = h265
        self._outlet = Outlet(leases, view, sink, verify_key=verify_key, clock=clock, render=render)

    async def run(self) -> tuple[Sent, Cut | None]:
        """Until the client leaves or the gate cuts. Registers the view's end; the caller then closes the connection."""
        return await run_view(self._work(), self._view, self._leases, self._outlet)

    async def _work(self) -> None:
        showing = asyncio.create_task(self._show())
        try:
            while not showing.done():
                await self._outlet.renewal()
                await asyncio.wait({showing}, timeout=0.5)
            showing.result()
        finally:
            await bring_to_end(showing)

    async def _show(self) -> None:
        camera = self._view.request.camera
        while True:
            stream = await find_stream(self._recorder, camera, self._say, h265=self._h265)
            async with self._hub.subscribe(camera, stream, self._token) as subscription:
                await self._send(subscription.queue, stream)
            await self._say(LATE)
            await asyncio.sleep(BACKOFF_S[2])

    async def _say(self, note: Note) -> None:
        with contextlib.suppress(LeaseRefusedError):  # not renewed (yet): said the next time
            await self._outlet.text(note.message)

    def _token(self) -> str | None:
        return self._leases.current_lease(self._view.id)

    async def _send(self, queue: ViewerQueue, stream: StreamName) -> None:
        """Until the stream is captured no more."""
        start: Start | None = None
        begun = False
        while True:
            item = await queue.get()
            if isinstance(item, Gone):
                return
            try:
                if isinstance(item, Start):
                    start, begun = item, False
                elif isinstance(item, LiveFragment):
                    if start is not None and not begun:
                        begun = True
                        await self._begin(start, stream)
                    await self._outlet.fragment(
                        item.data, wall_us=item.wall_us, end_us=item.wall_us + 1, frames=1, key=item.key
                    )
                else:
                    await self._outlet.text(item.message)
            except LeaseRefusedError:
                # not renewed (yet): dark until it is, and then from a key frame on
                queue.skip_to_key(lost=1 if isinstance(item, LiveFragment) else 0)
                begun = begun and not isinstance(item, LiveFragment)

    async def _begin(self, start: Start, stream: StreamName) -> None:
        await self._outlet.text(
            {
                "type": "init",
                "codec": start.codec,
                "stream": stream,
                "width": start.width,
                "height": start.height,
            }
        )
        await self._outlet.init(start.init)
