"""A recorder worker's real live socket in this process, fed with real pictures, and viewers at a hub."""

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.support.clips import clip
from tests.support.gates import TableLaw, live
from tests.support.keys import pem
from tests.support.register import KEY as LEDGER_KEY
from tests.support.register import open_ledger
from tests.support.viewing import CAMERA, RecordingSink

from beffroi.base.clock import SystemClock
from beffroi.capture.client import LiveClient, RecorderGoneError
from beffroi.capture.intake import Run
from beffroi.capture.leases import LeaseChecker
from beffroi.capture.live import LiveServer
from beffroi.capture.live_stream import LiveStream
from beffroi.capture.mandate import Mandate, StreamKey
from beffroi.capture.wallclock import WallClock
from beffroi.domain.ids import AuthorityId, CameraId, ConnectionId, StreamName
from beffroi.gate.answers import Cut, OpenedView
from beffroi.gate.gate import Gate
from beffroi.ledger.entry import Sent
from beffroi.watch.hub import LiveHub
from beffroi.watch.live import LiveView
from beffroi.watch.ports import Captured, LiveConnection, LiveConnector, NotCapturedError

__all__ = ["LEDGER_KEY", "LiveWorld", "Viewer"]


@dataclass
class Viewer:
    """One open live view."""

    view: OpenedView
    sink: RecordingSink
    task: "asyncio.Task[tuple[Sent, Cut | None]]"


@dataclass
class LiveWorld:
    """Use as an async context. `push` sends pictures from one camera's sub-stream, 25 a second of wall time."""

    folder: Path
    people: tuple[str, ...] = ("p1", "p2", "p3")
    connections: int = 0
    asked: int = 0
    away: bool = False
    taken_away: bool = False
    upstream: LiveConnector | None = None
    _open: list[LiveClient] = field(default_factory=list)
    captures: Captured | None = None
    viewers: list[Viewer] = field(default_factory=list)

    async def __aenter__(self) -> "LiveWorld":
        self.clock = SystemClock()
        self.law = TableLaw({(person, str(CAMERA)) for person in self.people})
        self.ledger = open_ledger(self.folder / "centre", clock=self.clock)
        self.gate = Gate(self.law, self.ledger, LEDGER_KEY, self.clock)
        await self.gate.start()
        trust = self.folder / "gate.pub"
        trust.write_bytes(pem(self.gate.verify_key))
        mandate = Mandate(
            StreamKey(CAMERA, "sub"),
            AuthorityId("maire/99001"),
            30,
            0,
            1 << 62,
            1,
            "rtsp://camera",
            open_url=lambda: "",
        )
        self.server = LiveServer(
            lambda camera, stream: (mandate, self.stream) if (camera, stream) == (CAMERA, "sub") else None,
            LeaseChecker(trust, self.clock),
            self.clock,
        )
        self.stream = LiveStream(self.server.wake)
        await self.server.start(self.folder / "live.sock")
        self.hub = LiveHub(self._connect)
        self.begin_run("run-1")
        return self

    async def __aexit__(self, *_: object) -> None:
        for viewer in self.viewers:
            viewer.task.cancel()
        await asyncio.gather(*(viewer.task for viewer in self.viewers), return_exceptions=True)
        await self.gate.stop()
        await self.server.stop()
        self.ledger.close()

    async def _connect(self, camera: CameraId, stream: StreamName, lease: str) -> LiveConnection:
        self.connections += 1
        if self.taken_away:
            raise NotCapturedError
        if self.upstream is not None:
            return await self.upstream(camera, stream, lease)
        connection = await LiveClient.open(self.folder / "live.sock", camera, stream, lease)
        self._open.append(connection)
        return connection

    async def cut_connections(self) -> None:
        """As a worker that ends."""
        for connection in self._open:
            await connection.close()
        self._open.clear()

    async def captured(self, camera: CameraId) -> Captured:
        """As `LiveCamera`: the sub-stream; the recorder is away while ``away`` is set."""
        self.asked += 1
        if self.away:
            raise RecorderGoneError
        return self.captures or Captured({"sub": self.config.codec_string}, {})

    def begin_run(self, name: str, *, width: int = 160, gop: int = 5) -> None:
        """A run begins with a key frame; groups of ``gop`` pictures."""
        self.config, self.frames = clip(count=25, gop=gop, fps=25, width=width)
        self.number = 0
        self.start_us = self.clock.wall_us()
        self.stream.begin(Run(name, self.config, WallClock()))

    def push(self, count: int = 1, *, pad: int = 0) -> None:
        """The next pictures of the run, ``pad`` bytes longer than they need be."""
        for _ in range(count):
            frame = self.frames[self.number % 25]
            dts_90k = self.number * 3600
            arrival_us = self.clock.wall_us()
            filler = (pad + 1).to_bytes(4, "big") + b"\x0c" + b"\xff" * pad if pad else b""  # NAL type 12: filler data
            frame = replace(frame, data=frame.data + filler, dts_90k=dts_90k, pts_90k=dts_90k, arrival_us=arrival_us)
            self.stream.frame(frame, self.start_us + self.number * 40_000)
            self.number += 1

    async def watch(self, person: str = "p1", **options: Any) -> Viewer:
        """Open a live view and run it."""
        connection = ConnectionId(f"connection-{len(self.viewers)}")
        view = await self.gate.open(live(person, CAMERA), connection, {"name": person})
        sink = RecordingSink()
        clock, verify_key = self.clock, self.gate.verify_key
        run = LiveView(self.hub, self.gate, view, self, sink, h265=False, verify_key=verify_key, clock=clock, **options)
        viewer = Viewer(view, sink, asyncio.create_task(run.run()))
        self.viewers.append(viewer)
        return viewer
