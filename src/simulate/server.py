"""An RTSP/1.0 server over interleaved TCP: several cameras, each with its password and its faults."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from beffroi.domain.errors import BadInputError, NotFoundError
from beffroi.domain.text import Text
from simulate.config import Camera, Config
from simulate.connection import Connection, Served
from simulate.faults import Fault
from simulate.feed import Feed
from simulate.pace import WallClock, pace, steady_wall_clock
from simulate.packets import load_clip
from simulate.request import MAX_HEAD_BYTES

STREAMS: Final = ("main", "sub")


Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def listen(accept: Accept, host: str, port: int, *, limit: int) -> asyncio.Server:
    """Listen on a TCP port.

    Raises:
        BadInputError: the port is taken, or the address is not ours.
    """
    try:
        return await asyncio.start_server(accept, host, port, limit=limit)
    except OSError as error:
        raise BadInputError(
            Text(
                fr=f"Impossible d'écouter sur {host}:{port} ({error.strerror}) : choisissez un autre port.",
                en=f"Cannot listen on {host}:{port} ({error.strerror}): choose another port.",
            )
        ) from error


class Server:
    """Use as ``async with Server(config) as server``. ``port`` is known once it has started."""

    def __init__(self, config: Config, now_us: WallClock | None = None) -> None:
        self.config = config
        self.now_us = now_us or steady_wall_clock()
        self.port = 0
        self.cameras = {camera.name: self._served(camera) for camera in config.cameras}
        self._server: asyncio.Server | None = None
        self._pacing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Server":
        self._server = await listen(self._accept, self.config.host, self.config.port, limit=MAX_HEAD_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]
        feeds = [feed for served in self.cameras.values() for feed in served.feeds.values()]
        self._pacing = asyncio.create_task(pace(feeds, self.now_us))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pacing:
            self._pacing.cancel()
            await asyncio.gather(self._pacing, return_exceptions=True)
        for served in self.cameras.values():
            self._close_all(served)
        if self._server:
            self._server.close()

    def set_fault(self, camera: str, fault: Fault) -> None:
        """Put a camera at fault, at once.

        Raises:
            NotFoundError: no such camera.
            BadInputError: ``new-sps`` and the camera has no other encoding of the same codec.
        """
        served = self.served(camera)
        if fault.kind == "new-sps" and not any(feed.alternate for feed in served.feeds.values()):
            raise BadInputError(
                Text(
                    fr=f"La caméra {camera} n'a pas d'autre encodage du même codec : donnez-lui « alternate ».",
                    en=f"Camera {camera} has no other encoding of the same codec: give it an “alternate”.",
                )
            )
        for feed in served.feeds.values():
            feed.set_fault(fault)
        if fault.kind in ("close", "refuse"):
            self._close_all(served)
        served.fault = Fault() if fault.kind in ("close", "clock-step", "new-sps") else fault

    def status(self) -> dict[str, dict[str, object]]:
        """Per camera: fault, viewers and frames sent for each stream."""
        return {
            name: {
                "fault": str(served.fault),
                "viewers": {stream: len(feed.viewers) for stream, feed in served.feeds.items()},
                "frames_sent": {stream: feed.frames_sent for stream, feed in served.feeds.items()},
            }
            for name, served in self.cameras.items()
        }

    def served(self, name: str) -> Served:
        """The camera of this name.

        Raises:
            NotFoundError: no such camera.
        """
        if name not in self.cameras:
            raise NotFoundError(
                Text(fr=f"Aucune caméra simulée « {name} ».", en=f"There is no simulated camera “{name}”.")
            )
        return self.cameras[name]

    def _served(self, camera: Camera) -> Served:
        clips = {"main": load_clip(camera.main), "sub": load_clip(camera.sub)}
        feeds = {}
        for name, other in (("main", "sub"), ("sub", "main")):
            alternate = load_clip(camera.alternate) if camera.alternate else clips[other]
            fits = alternate.codec == clips[name].codec and alternate.sets != clips[name].sets
            feeds[name] = Feed(
                camera=camera.name,
                name=name,
                clip=clips[name],
                offset_us=round(camera.offset_s * 1_000_000),
                epoch_us=self.config.epoch_us,
                audio=camera.audio,
                join=camera.join,
                alternate=alternate if fits and alternate.fps == clips[name].fps else None,
            )
        return Served(camera, feeds)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Connection(self.cameras, self.now_us, reader, writer).run()

    @staticmethod
    def _close_all(served: Served) -> None:
        for connection in list(served.connections):
            connection.abort()
