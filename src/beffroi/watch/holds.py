"""A hold from end to end: the recorder copies, the keyring's holder seals each key to the case, the recorder keeps it.

Neither could do it alone: the recorder cannot open what it copies, and the keyring never sees a picture.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from beffroi.domain.clock import Clock
from beffroi.domain.errors import BeffroiError
from beffroi.domain.ranges import WallRange
from beffroi.vault.caserelease import CaseReleaser, HeldKey
from beffroi.vault.keyring_remote import ChunkClaim
from beffroi.vault.signed import b64, unb64


class HoldingRecorder(Protocol):
    """What is needed of a recorder: `beffroi.capture.client.RecorderClient.call`."""

    async def call(self, method: str, params: dict[str, Any]) -> Any: ...


@dataclass(frozen=True, slots=True)
class HoldWish:
    """A hold to place on one camera (see `beffroi.vault.hold.Hold`), wall time in microseconds. Only files with minutes
    in ``longer`` (None: all) are sealed for ``beyond_us``; the others keep ``own_beyond_us``."""

    case: str
    camera: str
    from_us: int
    to_us: int
    until_us: int
    beyond_us: int
    longer: tuple[WallRange, ...] | None = None
    own_beyond_us: int = 0

    def beyond_of(self, piece: dict[str, Any]) -> int:
        """How long past its own term this file may live; what it has is never shortened."""
        span = WallRange(int(piece["from_us"]), max(int(piece["from_us"]) + 1, int(piece["to_us"])))
        longer = self.longer is None or any(one.overlaps(span) for one in self.longer)
        return max(int(piece["beyond_us"]), self.beyond_us if longer else self.own_beyond_us)


@dataclass
class Secured:
    """How far a hold is. ``held``: files in place, sealed; ``growing``: still being recorded, to be secured again when
    they are closed; ``ahead``: the last minutes asked for are still to come; ``waiting`` and ``refused``: not held yet;
    ``damaged`` and ``past_term``: files that never will be, torn on the disk or asked for too late."""

    hold: str
    held: int = 0
    growing: int = 0
    ahead: bool = False
    waiting: int = 0
    damaged: int = 0
    past_term: int = 0
    refused: list[BeffroiError] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether all is held that can be: no other try will hold more."""
        return not (self.growing or self.ahead or self.waiting or self.refused)


async def secure(
    recorder: HoldingRecorder, cases: CaseReleaser, wish: HoldWish, lease: Callable[[], str], clock: Clock
) -> Secured:
    """Place a hold and seal what is copied. Doing it again goes on where it stopped; a later end renews it.

    ``lease`` gives a fresh lease of act extract for the camera and these minutes, each time it is asked.

    Raises:
        BeffroiError: the recorder refuses the hold or does not answer. A key that cannot be sealed is told in the
            result, and does not keep the others from being held.
    """
    params = {"case": wish.case, "camera": wish.camera, "from_us": wish.from_us, "to_us": wish.to_us}
    limits = {"until_us": wish.until_us, "beyond_us": wish.beyond_us}
    placed = await recorder.call("hold", {**params, **limits, "lease": lease()})
    sealing, after, more = _Sealing(recorder, cases, wish, placed, lease, clock, Secured(placed["hold"])), "", True
    while more:
        page = await recorder.call("hold_pieces", {"hold": placed["hold"], "after": after, "lease": lease()})
        more = page["more"]
        for piece in page["pieces"]:
            after = piece["kid"]
            await sealing.one(piece)
    sealing.result.ahead = wish.to_us > clock.wall_us()
    return sealing.result


_TOLD: Final = frozenset({"growing", "damaged", "past_term"})
"""States of a piece that are counted by their own name; any other that is not held waits."""


@dataclass(frozen=True, slots=True)
class _Sealing:
    recorder: HoldingRecorder
    cases: CaseReleaser
    wish: HoldWish
    placed: dict[str, Any]
    lease: Callable[[], str]
    clock: Clock
    result: Secured

    async def one(self, piece: dict[str, Any]) -> None:
        """Seal one file's key, and have the recorder keep it."""
        if piece["state"] not in {"copied", "sealed"}:
            name = piece["state"] if piece["state"] in _TOLD else "waiting"
            setattr(self.result, name, getattr(self.result, name) + 1)
            return
        until_us, beyond_us = int(self.placed["until_us"]), self.wish.beyond_of(piece)
        held = HeldKey(self.placed["case"], int(piece["beyond_us"]), unb64(piece["held_key"]))
        try:
            # Sealed already: asked again all the same, so that the case's own end is moved with the hold's.
            sealed = self.cases.reseal(
                claim_of(piece), held, self.lease(), until_us=until_us, beyond_us=beyond_us, now_us=self.clock.wall_us()
            )
            params = {"hold": self.result.hold, "kid": piece["kid"], "beyond_us": beyond_us, "sealed_key": b64(sealed)}
            await self.recorder.call("hold_seal", {**params, "lease": self.lease()})
        except BeffroiError as error:
            self.result.refused.append(error)
        else:
            self.result.held += 1


def claim_of(piece: dict[str, Any]) -> ChunkClaim:
    """What a keyring needs of a piece, as the recorder told it."""
    return ChunkClaim(
        camera=piece["camera"],
        stream=piece["stream"],
        run=piece["run"],
        authority=piece["authority"],
        term_days=piece["term_days"],
        hour=piece["hour"],
        kid=bytes.fromhex(piece["kid"]),
        sealed_key=unb64(piece["sealed_key"]),
        wall_start_us=piece["wall_start_us"],
    )
