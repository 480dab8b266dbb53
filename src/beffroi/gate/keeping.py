"""The gate's word on holds: registered first, then leases that keep minutes and show nothing.

A hold is decided once, when it is placed: what was allowed then goes on being sealed, renewed and ended after the
person has left. The lease names the register's entry; under it no recorder reads a picture, no keyring releases a key.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beffroi.domain.acts import Keeping
from beffroi.domain.clock import Clock
from beffroi.domain.errors import RefusedError
from beffroi.domain.ids import AuthorityId, CameraId, ConnectionId, PersonId, ViewId
from beffroi.domain.lease import MAX_LIFE_US, Lease, encode
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.gate.registrar import Registrar
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.ledger.ledger import Ledger

_WAIT_S: Final = 2.0
_STALL_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Keep:
    """Who keeps which minutes of a camera for which case, under whose authority. ``person`` None: the centre itself,
    which only ends."""

    person: PersonId | None
    case: str
    camera: CameraId
    authority: AuthorityId
    footage: WallRange
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A hold that the register has: what its leases rest on."""

    keep: Keep
    ledger_index: int


class HoldRefusedError(RefusedError):
    """This person may not hold this camera; the refusal is entry ``ledger_index``."""

    def __init__(self, text: Text, ledger_index: int) -> None:
        super().__init__(text)
        self.ledger_index = ledger_index


class Keeper:
    """Writes the entries of holds and signs their leases. ``register_wait_s`` as the gate's."""

    def __init__(
        self, ledger: Ledger, signing_key: Ed25519PrivateKey, clock: Clock, *, register_wait_s: float = _WAIT_S
    ) -> None:
        self._register = Registrar(ledger, wait_s=register_wait_s, stall_limit_s=_STALL_S)
        self._key = signing_key
        self._clock = clock

    async def write(
        self,
        keep: Keep,
        outcome: str,
        detail: Mapping[str, Any],
        payload: Mapping[str, Any],
        *,
        refusal: Text | None = None,
    ) -> Kept:
        """Enter a hold (or its refusal, its renewal, its end), durably.

        Args:
            keep: what is kept.
            outcome: held, renewed, ended; a refusal is entered as refused.
            detail: what the leaf says for ever: no name, no free text.
            payload: kept beside, erasable: who called.
            refusal: why it is refused, when it is.

        Raises:
            HoldRefusedError: refused, once it is in the register. GateClosedError: the register did not confirm.
        """
        entry = Entry(
            EntryKind.HOLD,
            actor=keep.person,
            session=keep.session,
            camera=keep.camera,
            authority=keep.authority,
            footage=keep.footage,
            outcome="refused" if refusal else outcome,
            detail={"case": keep.case, **detail},
            payload=payload,
        )
        index = await self._register.durable(entry, lambda _: None)
        if refusal is not None:
            raise HoldRefusedError(refusal, index)
        return Kept(keep, index)

    def lease(self, kept: Kept) -> str:
        """A fresh lease of three seconds to hold these minutes. Safe in any thread."""
        keep, at_us = kept.keep, self._clock.wall_us()
        lease = Lease(
            view=ViewId(secrets.token_hex(16)),
            person=keep.person or PersonId("centre"),
            connection=ConnectionId("desk"),
            camera=keep.camera,
            authority=keep.authority,
            act=Keeping.HOLD,
            from_us=keep.footage.from_us,
            to_us=keep.footage.to_us,
            ledger_index=kept.ledger_index,
            issued_us=at_us,
            expires_us=at_us + MAX_LIFE_US,
        )
        return encode(lease, self._key.sign(lease.claims()))
