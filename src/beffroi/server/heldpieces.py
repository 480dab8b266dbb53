"""The pieces of one hold: listed by the recorder, opened by the rings, each question under the lease of the moment."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from beffroi.capture.client import RecorderClient
from beffroi.evidence.heldsource import HeldSource
from beffroi.registry.desktables import DeskHoldRow
from beffroi.server.centre import Centre
from beffroi.vault.caserelease import HeldKey
from beffroi.vault.signed import unb64
from beffroi.watch.holds import claim_of

STREAMS: Final = ("main", "sub")


def best_stream(pieces: Iterable[Mapping[str, Any]]) -> str:
    """The main stream, or the sub stream where the main one has nothing."""
    there = {one["stream"] for one in pieces}
    return next((name for name in STREAMS if name in there), STREAMS[0])


@dataclass(frozen=True, slots=True)
class HeldPieces:
    """Of one hold. ``lease`` gives the lease of the moment, or raises: then nothing more is read. Use it in the thread
    that runs ``loop``."""

    centre: Centre
    loop: asyncio.AbstractEventLoop
    client: RecorderClient
    hold: DeskHoldRow
    lease: Callable[[], str]

    def listed(self) -> list[dict[str, Any]]:
        """All that the recorder tells of, whatever its state."""
        pieces: list[dict[str, Any]] = []
        after, more = "", True
        while more:
            page = self._ask("hold_pieces", after=after)
            pieces += page["pieces"]
            after, more = pieces[-1]["kid"] if page["pieces"] else after, page["more"]
        return pieces

    def source(self, piece: dict[str, Any]) -> HeldSource:
        """A sealed piece with its key; its bytes are read as they are asked for."""
        held = HeldKey(self.hold.case, int(piece["beyond_us"]), unb64(piece["held_key"]))
        now_us = self.centre.clock.wall_us()
        key = self.centre.cases.release_held(claim_of(piece), held, self.lease(), now_us=now_us)

        def read(offset: int, length: int) -> bytes:
            asked = {"hold": self.hold.name, "kid": piece["kid"], "offset": offset, "length": length}
            return self.loop.run_until_complete(self.client.call_bytes("hold_read", {**asked, "lease": self.lease()}))

        return HeldSource(piece, key, read)

    def _ask(self, method: str, **more: Any) -> dict[str, Any]:
        asked = {"hold": self.hold.name, **more, "lease": self.lease()}
        return self.loop.run_until_complete(self.client.call(method, asked))
