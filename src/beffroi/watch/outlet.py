"""The only way out of this room.

Before every single message it checks the view's current lease: signature (once for the same bytes), time, connection,
camera, act.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.domain.clock import Clock
from beffroi.domain.decision import Decision
from beffroi.domain.lease import Lease, LeaseRefusedError, check
from beffroi.domain.ranges import WallRange
from beffroi.gate.answers import Cut, OpenedView
from beffroi.ledger.entry import Sent
from beffroi.watch.ports import Leases, Sink

KIND_INIT: Final = 1
KIND_FRAGMENT: Final = 2
FLAG_KEY: Final = 1
_PICTURE: Final = struct.Struct(">BQQB")

RenderRefusal = Callable[[Decision], dict[str, Any] | None]
"""How a decision becomes the refusal that the console shows; None when nothing may be told."""


class Outlet:
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
        self._leases = leases
        self._view = view
        self._sink = sink
        self._verify_key = verify_key
        self._clock = clock
        self._render = render
        self._told = view.lease
        self._checked: tuple[str, Lease | None] = ("", None)
        self._frames = self._bytes = 0
        self._footage: WallRange | None = None

    @property
    def sent(self) -> Sent:
        """Frames, bytes and footage that were handed to the connection."""
        return Sent(self._frames, self._bytes, self._footage)

    def permit(self, *, footage: WallRange | None = None) -> str:
        """The lease in force now, checked; ``footage`` is what is about to leave (replay).

        Raises:
            LeaseRefusedError: there is none.
        """
        token = self._leases.current_lease(self._view.id)
        if token is None:
            raise LeaseRefusedError("no lease in force")
        now_us = self._clock.wall_us()
        if token != self._checked[0]:
            request = self._view.request
            self._checked = (
                token,
                check(
                    token,
                    self._verify_key,
                    now_us=now_us,
                    connection=self._view.connection,
                    camera=request.camera,
                    act=request.act,
                ),
            )
        # the very same bytes, verified above: only the time has moved since
        lease = self._checked[1]
        if lease is None or not lease.in_force(now_us):
            raise LeaseRefusedError("expired")
        if footage is not None and not lease.footage.contains(footage):
            raise LeaseRefusedError("outside its range")
        return token

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
        self._bytes += len(data)
        await self._sink.binary(bytes((KIND_INIT,)) + data)

    async def fragment(
        self, data: bytes, *, wall_us: int, end_us: int, frames: int, key: bool, footage: WallRange | None = None
    ) -> None:
        """Pictures, under the lease. Counted before they are handed over: the register may say too much, never less.

        Raises:
            LeaseRefusedError: nothing was sent.
        """
        self.permit(footage=footage)
        self._frames += frames
        self._bytes += len(data)
        held = self._footage or WallRange(wall_us, end_us)
        self._footage = WallRange(min(held.from_us, wall_us), max(held.to_us, end_us))
        head = _PICTURE.pack(KIND_FRAGMENT, wall_us, self._clock.wall_us(), FLAG_KEY if key else 0)
        await self._sink.binary(head + data)

    async def renewal(self) -> None:
        """Pass on the current lease when it is a new one (informative)."""
        token = self._leases.current_lease(self._view.id)
        if token is not None and token != self._told:
            self._told = token
            await self._sink.text({"type": "lease", "lease": token})
