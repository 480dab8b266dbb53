"""A viewer's end, and a recorder's footage without its process: the recorder's own methods on real chunk files."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.support.chunks import feed, header_for
from tests.support.clips import clip, gops
from tests.support.gates import TableLaw, replay
from tests.support.keys import KeyWorld, key_world
from tests.support.register import open_ledger

from beffroi.capture.handle import StreamId
from beffroi.capture.leases import LeaseChecker
from beffroi.capture.methods import Methods
from beffroi.domain.clock import ManualClock
from beffroi.domain.ids import CameraId, ConnectionId, StreamName
from beffroi.domain.ranges import WallRange
from beffroi.gate.answers import OpenedView
from beffroi.gate.gate import Gate
from beffroi.media.codec import CodecConfig
from beffroi.media.frame import Frame
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.chunk import ChunkWriter, CloseReason
from beffroi.vault.release import KeyReleaser
from beffroi.vault.sealing import chunk_info, seal_content_key
from beffroi.watch.ports import ClientGoneError
from beffroi.watch.replay import ReplayView

CAMERA = CameraId("place-mairie")
HERE = ConnectionId("connection-1")
_LEFT = object()


class RecordingSink:
    """Keeps what is sent. ``hold`` makes it a client that does not read; ``gone`` one that left."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any] | bytes] = []
        self.hold = False
        self.gone = False
        self._news = asyncio.Condition()

    async def text(self, message: dict[str, Any]) -> None:
        await self._take(message)

    async def binary(self, data: bytes) -> None:
        await self._take(data)

    async def _take(self, message: dict[str, Any] | bytes) -> None:
        if self.gone:
            raise ClientGoneError
        while self.hold:
            await asyncio.sleep(0.01)
        self.sent.append(message)
        async with self._news:
            self._news.notify_all()

    @property
    def texts(self) -> list[dict[str, Any]]:
        return [message for message in self.sent if isinstance(message, dict)]

    @property
    def fragments(self) -> list[bytes]:
        return [message for message in self.sent if isinstance(message, bytes) and message[0] == 2]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.texts if message["type"] == kind]

    async def until(self, condition: Callable[[], bool], timeout_s: float = 60) -> None:
        """Wait until the condition holds."""
        async with asyncio.timeout(timeout_s), self._news:
            await self._news.wait_for(condition)

    async def until_fragments(self, count: int) -> None:
        """Wait for so many fragments."""
        await self.until(lambda: len(self.fragments) >= count)

    async def until_type(self, kind: str, count: int = 1) -> dict[str, Any]:
        """Wait for a text message of this type; gives the last."""
        await self.until(lambda: len(self.of_type(kind)) >= count)
        return self.of_type(kind)[-1]


class Orders:
    """What a client says, when the test says it."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    def say(self, message: Any) -> None:
        self._queue.put_nowait(message)

    def seek(self, number: int, at_us: int) -> None:
        self.say({"type": "seek", "seek": number, "at_us": at_us, "speed": 1})

    def position(self, at_us: int) -> None:
        self.say({"type": "position", "at_us": at_us})

    def leave(self) -> None:
        self.say(_LEFT)

    async def __aiter__(self) -> AsyncIterator[Any]:
        while (message := await self._queue.get()) is not _LEFT:
            yield message


class _Quiet:
    def health(self) -> dict[StreamId, dict[str, Any]]:
        return {}

    def reload(self) -> None:
        return


class DirectFootage:
    """`watch.ports.Footage` over the recorder's methods, in this process. ``read_ids`` records what was read."""

    def __init__(self, methods: Methods) -> None:
        self._methods = methods
        self.reads: list[tuple[int, int, int]] = []

    async def calendar(self, camera: str, stream: str, from_us: int, to_us: int, lease: str) -> dict[str, Any]:
        params = {"camera": camera, "stream": stream, "from_us": from_us, "to_us": to_us, "lease": lease}
        found: dict[str, Any] = self._methods.call("calendar", params)
        return found

    async def chunks(self, camera: str, stream: str, from_us: int, to_us: int, lease: str) -> list[dict[str, Any]]:
        params = {"camera": camera, "stream": stream, "from_us": from_us, "to_us": to_us, "lease": lease}
        found: list[dict[str, Any]] = self._methods.call("chunks", params)["chunks"]
        return found

    async def read(self, chunk: int, offset: int, length: int, lease: str) -> bytes:
        params = {"id": chunk, "offset": offset, "length": length, "lease": lease}
        data: bytes = self._methods.call("read", params)
        self.reads.append((chunk, offset, length))
        return data


class ReplayHouse:
    """Keys, files, register and gate around one camera; the clock moves when told."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.world: KeyWorld = key_world(folder, self.clock)
        self.root = folder / "recorder"
        self.catalogue = Catalogue.open(self.root / "catalogue.sqlite")
        self.law = TableLaw({("p1", CAMERA)})
        self.ledger = open_ledger(folder / "centre", clock=self.clock)
        self.gate = Gate(self.law, self.ledger, self.world.gate_key, self.clock)
        self.sink = RecordingSink()
        self.orders = Orders()
        self.footage = DirectFootage(
            Methods(
                root=self.root,
                catalogue=self.catalogue,
                journal=_no_journal,
                leases=LeaseChecker(self.root / "trust" / "gate.pub", self.clock),
                recorder=_Quiet(),
                clock=self.clock,
            )
        )

    def close(self) -> None:
        self.catalogue.close()
        self.ledger.close()

    def chunk(
        self,
        from_us: int,
        *,
        seconds: int = 20,
        stream: StreamName = "main",
        start_90k: int = 0,
        run: str = "5e" * 16,
        source: tuple[CodecConfig, tuple[Frame, ...]] | None = None,
        wall_of: Callable[[int], int] | None = None,
    ) -> tuple[bytes, bytes]:
        """Write a closed chunk with its key truly sealed to the hour. Gives (kid, content key).

        ``wall_of`` gives the wall time of each GOP from its media time in ticks, when it is not exact.
        """
        config, frames = source or clip(count=seconds * 5, gop=5, fps=5)
        frames = tuple(
            replace(frame, dts_90k=frame.dts_90k + start_90k, pts_90k=frame.pts_90k + start_90k) for frame in frames
        )
        key = os.urandom(16)
        header = replace(
            header_for(config, wall_start_us=from_us, camera=CAMERA, stream=stream, start_90k=start_90k, run=run),
            authority=self.world.authority,
            term_days=self.world.term_days,
        )
        public = self.world.hours.public_for(header.authority, header.term_days, header.hour)
        header = replace(header, sealed_key=seal_content_key(public, key, info=chunk_info(header)))
        writer = ChunkWriter.create(self.root, header, config, key, self.catalogue)
        groups: Sequence[Sequence[Frame]] = gops(frames)
        if wall_of is None:
            feed(writer, groups)
        else:
            for group in groups:
                writer.write_gop(group, wall_of(group[0].dts_90k))
        writer.close(CloseReason.ROTATED)
        return header.kid, key

    async def open(self, footage: WallRange, keyring: KeyReleaser | None = None) -> tuple[OpenedView, ReplayView]:
        """Open a replay at the gate; ``keyring`` opens its keys, the house's own when none is given."""
        view = await self.gate.open(replay(footage, camera=CAMERA), HERE, {"name": "x"})
        return view, ReplayView(
            self.footage,
            keyring or self.world.keyrings,
            self.gate,
            view,
            self.sink,
            self.orders,
            h265=False,
            verify_key=self.gate.verify_key,
            clock=self.clock,
        )


def _no_journal() -> Any:
    raise AssertionError("a replay reads no journal")
