"""The right to send, checked at every message as a stranger would, and the count of what was sent.

What is checked: signature (once for the same bytes), time, connection, camera, act.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.domain.clock import Clock
from beffroi.domain.lease import Lease, LeaseRefusedError, check
from beffroi.domain.ranges import WallRange
from beffroi.gate.answers import OpenedView
from beffroi.ledger.entry import Sent
from beffroi.watch.ports import Leases


class Permits:
    """The current lease of one view. One that was withdrawn, ran out, or names anything else permits nothing."""

    def __init__(self, leases: Leases, view: OpenedView, *, verify_key: Ed25519PublicKey, clock: Clock) -> None:
        self._leases = leases
        self._view = view
        self._verify_key = verify_key
        self._clock = clock
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

    def count(self, size: int, *, frames: int = 0, footage: WallRange | None = None) -> None:
        """So many bytes are about to be handed over. Call it before: the register may say too much, never less."""
        self._frames += frames
        self._bytes += size
        if footage is not None:
            held = self._footage or footage
            self._footage = WallRange(min(held.from_us, footage.from_us), max(held.to_us, footage.to_us))
