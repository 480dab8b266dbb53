"""Held minutes read group by group, under an open view of act extract: pieces from the recorder, keys from the rings.

Each read and each key asks for the lease of the moment: a right that is withdrawn half-way ends the reading.
"""

import asyncio
from collections.abc import Callable, Iterator

from beffroi.capture.client import RecorderClient
from beffroi.domain.lease import LeaseRefusedError
from beffroi.domain.ranges import WallRange
from beffroi.evidence.blurcopy import Group
from beffroi.evidence.heldsource import HeldSource
from beffroi.gate.answers import OpenedView
from beffroi.gate.gate import Gate
from beffroi.media.codec import config_from_init
from beffroi.registry.desktables import DeskHoldRow
from beffroi.server.centre import Centre
from beffroi.server.heldpieces import HeldPieces, best_stream
from beffroi.vault.rangeerrors import NoFootageError
from beffroi.vault.rangefile import Placed, RangeFile, Selection, Source, select
from beffroi.vault.reader import read_head


class HeldReader:
    """The minutes of one hold under one view. Use it in one thread; close it there. ``still`` raises when the title on
    which this very reading rests is gone: it is asked with each lease."""

    def __init__(
        self, centre: Centre, gate: Gate, hold: DeskHoldRow, view: OpenedView, *, still: Callable[[], None]
    ) -> None:
        self._still = still
        self._centre = centre
        self._gate = gate
        self._hold = hold
        self._view = view
        self._loop = asyncio.new_event_loop()
        self._client = RecorderClient(centre.recorder_socket)
        self._sources: list[HeldSource] | None = None

    def close(self) -> None:
        """Let go of the recorder."""
        self._loop.run_until_complete(self._client.close())
        self._loop.close()

    def steps(self, asked: WallRange) -> tuple[Selection, list[HeldSource]]:
        """The groups that these minutes need, from the key picture before them.

        Raises:
            NoFootageError: none is held. LeaseRefusedError: the right was withdrawn. BeffroiError: the recorder.
        """
        if self._sources is None:
            self._sources = sorted(self._found(), key=lambda one: one.chunk.header.wall_start_us)
        return select([Source(one.chunk.header, one.entries) for one in self._sources], asked), self._sources

    def groups(self, asked: WallRange) -> Iterator[tuple[Group, str]]:
        """Clear groups of these minutes, each with the SHA-256 of its stored bytes, as the register proves it.

        Raises:
            NoFootageError, LeaseRefusedError, DamagedFootageError: as they say; what came before is to be thrown away.
        """
        selection, sources = self.steps(asked)
        base_90k = 0
        for sequence, (number, gop) in enumerate(selection.steps, 1):
            chunk = sources[number].chunk
            stored = sources[number].stored(sources[number].entries.index(gop))
            clear = RangeFile.open_fragment(Placed(number, gop, 0, base_90k, sequence), stored, chunk.key)
            config = config_from_init(chunk.head[: read_head(chunk.head, "head")[0]])
            yield Group(config, clear, gop.wall_us, gop.key), gop.sha256.hex()
            base_90k += gop.duration_90k

    def _lease(self) -> str:
        self._still()
        lease = self._gate.current_lease(self._view.id)
        if lease is None:
            raise LeaseRefusedError("withdrawn")
        return lease

    def _found(self) -> list[HeldSource]:
        held = HeldPieces(self._centre, self._loop, self._client, self._hold, self._lease)
        pieces = [one for one in held.listed() if one["state"] == "sealed"]
        if not pieces:
            raise NoFootageError
        stream = best_stream(pieces)
        return [held.source(one) for one in pieces if one["stream"] == stream]
