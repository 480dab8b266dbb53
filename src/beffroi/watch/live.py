"""One live view: from the hub's queue to the viewer, each picture under the lease in force."""

import asyncio

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.capture.client import LiveFragment
from beffroi.domain.clock import Clock
from beffroi.domain.ids import StreamName
from beffroi.domain.lease import LeaseRefusedError
from beffroi.gate.answers import Cut, OpenedView
from beffroi.ledger.entry import Sent
from beffroi.watch.hub import LiveHub
from beffroi.watch.outlet import Outlet, RenderRefusal
from beffroi.watch.ports import Leases, Sink
from beffroi.watch.queue import Start, ViewerQueue
from beffroi.watch.runner import run_view


class LiveView:
    """Runs one live view.

    Args:
        hub: the process's hub.
        leases: the gate.
        view: what the gate opened, on this very connection.
        stream: see `choice.choose`.
        sink: the viewer's connection.
        verify_key: the gate's public key.
        clock: wall time against which leases are checked.
        render: how a decision becomes the refusal that the console shows.
    """

    def __init__(
        self,
        hub: LiveHub,
        leases: Leases,
        view: OpenedView,
        stream: StreamName,
        sink: Sink,
        *,
        verify_key: Ed25519PublicKey,
        clock: Clock,
        render: RenderRefusal | None = None,
    ) -> None:
        self._hub = hub
        self._leases = leases
        self._view = view
        self._stream = stream
        self._outlet = Outlet(leases, view, sink, verify_key=verify_key, clock=clock, render=render)

    async def run(self) -> tuple[Sent, Cut | None]:
        """Until the client leaves or the gate cuts. Registers the view's end; the caller then closes the connection."""
        return await run_view(self._work(), self._view, self._leases, self._outlet)

    async def _work(self) -> None:
        async with self._hub.subscribe(self._view.request.camera, self._stream, self._token) as subscription:
            sending = asyncio.create_task(self._send(subscription.queue))
            try:
                while not sending.done():
                    await self._outlet.renewal()
                    await asyncio.wait({sending}, timeout=0.5)
                sending.result()
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)

    def _token(self) -> str | None:
        return self._leases.current_lease(self._view.id)

    async def _send(self, queue: ViewerQueue) -> None:
        start: Start | None = None
        begun = False
        while True:
            item = await queue.get()
            try:
                if isinstance(item, Start):
                    start, begun = item, False
                elif isinstance(item, LiveFragment):
                    if start is not None and not begun:
                        begun = True
                        await self._begin(start)
                    await self._outlet.fragment(
                        item.data, wall_us=item.wall_us, end_us=item.wall_us + 1, frames=1, key=item.key
                    )
                else:
                    await self._outlet.text(item.message)
            except LeaseRefusedError:
                # not renewed (yet): dark until it is, and then from a key frame on
                queue.skip_to_key(lost=1 if isinstance(item, LiveFragment) else 0)
                begun = begun and not isinstance(item, LiveFragment)

    async def _begin(self, start: Start) -> None:
        await self._outlet.text(
            {
                "type": "init",
                "codec": start.codec,
                "stream": self._stream,
                "width": start.width,
                "height": start.height,
            }
        )
        await self._outlet.init(start.init)
