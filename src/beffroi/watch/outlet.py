"""The only way out of this room to a screen. Before every single message it checks the view's current lease."""

import struct
from collections.abc import Callable
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.domain.clock import Clock
from beffroi.domain.decision import Decision
from beffroi.domain.ranges import WallRange
from beffroi.gate.answers import Cut, OpenedView
from beffroi.watch.permits import Permits
from beffroi.watch.ports import Leases, Sink

KIND_INIT: Final = 1
KIND_FRAGMENT: Final = 2
FLAG_KEY: Final = 1
_PICTURE: Final = struct.Struct(">BQQB")

RenderRefusal = Callable[[Decision], dict[str, Any] | None]
"""How a decision becomes the refusal that the console shows; None when nothing may be told."""


class Outlet(Permits):
    """Sends what a lease covers and counts it. A lease that was withdrawn, ran out, or names anything else stops it,
    whatever the client does."""

    def __init__(
        self,
        leases: Leases,
        view: OpenedView,
        sink: Sink,
        *,
        verify_key: Ed25519PublicKey,
        clock: Clock,
        render: RenderRefusal | None = None,
    ) -> None:
        super().__init__(leases, view, verify_key=verify_key, clock=clock)
        self._sink = sink
        self._render = render
        self._told = view.lease

    async def cut(self, cut: Cut) -> None:
        """Say why the view is cut: the one message that needs no lease."""
        refusal = self._render(cut.decision) if self._render and cut.decision else None
        await self._sink.text({"type": "cut", "text": cut.text.as_dict(), "refusal": refusal, "code": cut.code.value})

    async def text(self, message: dict[str, Any]) -> None:
        """A message about the image (timeline, key, gap): under the lease.

        Raises:
            LeaseRefusedError: nothing was sent.
        """
        self.permit()
        await self._sink.text(message)

    async def init(self, data: bytes) -> None:
        """An init segment, under the lease."""
        self.permit()
        self.count(len(data))
        await self._sink.binary(bytes((KIND_INIT,)) + data)

    async def fragment(
        self, data: bytes, *, wall_us: int, end_us: int, frames: int, key: bool, footage: WallRange | None = None
    ) -> None:
        """Pictures, under the lease. Counted before they are handed over: the register may say too much, never less.

        Raises:
            LeaseRefusedError: nothing was sent.
        """
        self.permit(footage=footage)
        self.count(len(data), frames=frames, footage=WallRange(wall_us, end_us))
        head = _PICTURE.pack(KIND_FRAGMENT, wall_us, self._clock.wall_us(), FLAG_KEY if key else 0)
        await self._sink.binary(head + data)

    async def renewal(self) -> None:
        """Pass on the current lease when it is a new one (informative)."""
        token = self._leases.current_lease(self._view.id)
        if token is not None and token != self._told:
            self._told = token
            await self._sink.text({"type": "lease", "lease": token})
