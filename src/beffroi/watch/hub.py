"""The live hub: one upstream for each (camera, stream), whatever the number of viewers in this process.

An upstream lives on the lease of one of its viewers, the carrier. When the carrier leaves or loses its lease, the feed
connects again under another viewer's; pictures already passed on are not passed on twice.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import structlog

from beffroi.base.ending import bring_to_end
from beffroi.capture.client import LiveFragment, LiveInfo, LiveInit, LiveMessage
from beffroi.domain.errors import BeffroiError
from beffroi.domain.gaps import GapCause
from beffroi.domain.ids import CameraId, StreamName
from beffroi.watch.patience import SAID_EACH_S, patiently
from beffroi.watch.ports import BACKOFF_S, LiveConnection, LiveConnector, NotCapturedError
from beffroi.watch.queue import LATE, Gone, Item, Note, Start, ViewerQueue, dropped, gap

_log = structlog.get_logger(__name__)

RENEW_S: Final = 0.5
_CACHE_BYTES: Final = 8 << 20
Token = Callable[[], str | None]


class Subscription:
    """One viewer at one feed."""

    def __init__(self, feed: "_Feed", token: Token) -> None:
        self.queue = ViewerQueue()
        self.token = token
        self.refused: str | None = None
        """The lease of its that the recorder did not take."""

        self._feed = feed

    async def __aenter__(self) -> "Subscription":
        self._feed.join(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._feed.leave(self)


class LiveHub:
    """All feeds of one process. Lives in one event loop."""

    def __init__(self, connect: LiveConnector) -> None:
        self._connect = connect
        self._feeds: dict[tuple[CameraId, StreamName], _Feed] = {}

    def subscribe(self, camera: CameraId, stream: StreamName, token: Token) -> Subscription:
        """Use as a context. ``token`` gives the viewer's lease now, or None."""
        key = (camera, stream)
        feed = self._feeds.get(key)
        if feed is None:
            feed = self._feeds[key] = _Feed(camera, stream, self._connect, lambda: self._feeds.pop(key, None))
        return Subscription(feed, token)

    def upstreams(self) -> int:
        """How many feeds are kept now."""
        return len(self._feeds)


class _Feed:
    def __init__(
        self, camera: CameraId, stream: StreamName, connect: LiveConnector, forget: Callable[[], object]
    ) -> None:
        self._camera = camera
        self._stream = stream
        self._connect = connect
        self._forget = forget
        self._viewers: list[Subscription] = []
        self._task: asyncio.Task[None] | None = None
        self._info: dict[str, object] = {}
        self._start: Start | None = None
        self._group: list[LiveFragment] = []
        self._group_bytes = 0
        self._last_us = -1
        self._await_key = True
        self._silence: Note = LATE
        self._told: Note | None = None
        """What was said last, while nothing comes."""

        self._heard_s = 0.0
        self._turned_away = False

    def join(self, viewer: Subscription) -> None:
        self._viewers.append(viewer)
        if self._start is not None:
            viewer.queue.join(self._start, self._group)
        if self._told is not None:
            viewer.queue.put(self._told)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"live {self._camera}/{self._stream}")

    async def leave(self, viewer: Subscription) -> None:
        with contextlib.suppress(ValueError):
            self._viewers.remove(viewer)
        if not self._viewers and self._task is not None:
            self._forget()
            task, self._task = self._task, None
            await bring_to_end(task)

    async def _run(self) -> None:
        failures = 0
        while True:
            carrier, token = self._carrier()
            if carrier is None or token is None:
                await asyncio.sleep(BACKOFF_S[0])
                continue
            seen, self._turned_away = self._last_us, False
            try:
                await self._follow(carrier, token)
            except NotCapturedError:
                self._say(Gone())
            except (BeffroiError, OSError) as error:
                _log.warning("live upstream not reached", camera=self._camera, stream=self._stream, error=error)
            except Exception:  # noqa: BLE001  whatever one upstream sends, the feed tries again for its viewers
                _log.exception("live upstream failed", camera=self._camera, stream=self._stream)
            carrier.refused = token if self._turned_away else None
            if self._turned_away:
                self._quiet(self._silence)
            if self._carrier()[0] is not carrier:
                failures = 0  # another viewer carries on: no fault, no pause
                continue
            failures = 0 if self._last_us > seen else failures + 1
            self._quiet(LATE)
            await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])

    def _carrier(self) -> tuple[Subscription | None, str | None]:
        """The first viewer that has a lease, and it; one that the recorder refused carries nothing for the others."""
        for viewer in self._viewers:
            token = viewer.token()
            if token is not None and token != viewer.refused:
                return viewer, token
        return None, None

    async def _follow(self, carrier: Subscription, token: str) -> None:
        connection = await patiently(self._connect(self._camera, self._stream, token), self._say_silence)
        try:
            await self._pass_on(connection, carrier, token)
        finally:
            await connection.close()

    async def _pass_on(self, connection: LiveConnection, carrier: Subscription, token: str) -> None:
        reading, clock = asyncio.create_task(self._read(connection)), asyncio.get_running_loop().time
        self._heard_s = clock()
        try:
            while True:
                done, _ = await asyncio.wait({reading}, timeout=RENEW_S)
                if done:
                    reading.result()
                    return
                if clock() - self._heard_s >= SAID_EACH_S:
                    await self._say_silence()
                    self._heard_s = clock()
                fresh = carrier.token() if carrier in self._viewers else None
                if fresh is None:
                    return
                if fresh != token:
                    token = fresh
                    connection.renew(token)
        finally:
            await bring_to_end(reading)

    async def _read(self, connection: LiveConnection) -> None:
        clock = asyncio.get_running_loop().time
        async for message in connection:
            self._heard_s = clock()
            self._take(message)

    def _take(self, message: LiveMessage) -> None:
        if isinstance(message, LiveFragment):
            self._picture(message)
        elif isinstance(message, LiveInfo):
            self._info = message.fields
        elif isinstance(message, LiveInit):
            self._begin(message.data)
        else:
            self._notice(message.fields)

    def _begin(self, init: bytes) -> None:
        info = self._info
        start = Start(
            str(info.get("run", "")),
            str(info.get("codec_string", "")),
            _number(info.get("width")),
            _number(info.get("height")),
            init,
        )
        if self._start == start and start.run:
            return  # the same run through another connection: viewers go on where they were
        self._start = start
        self._group.clear()
        self._group_bytes = 0
        self._await_key = True
        self._last_us = -1
        self._say(start)

    def _picture(self, picture: LiveFragment) -> None:
        if picture.wall_us <= self._last_us or self._start is None:
            return
        if picture.key:
            self._group.clear()
            self._group_bytes = 0
            self._await_key = False
        if self._await_key:
            return
        self._last_us, self._silence, self._told = picture.wall_us, LATE, None
        self._group_bytes += len(picture.data)
        if self._group_bytes > _CACHE_BYTES:
            self._group.clear()  # a viewer that joins now waits for the next key frame
        elif picture.key or self._group:
            self._group.append(picture)
        self._say(picture)

    def _notice(self, fields: dict[str, object]) -> None:
        match fields.get("notice"):
            case "dropped":
                self._await_key = True
                self._group.clear()
                self._say(dropped(_number(fields.get("frames"))))
            case "gap":
                self._silence = gap(GapCause.told(fields.get("cause")))
                self._quiet(self._silence)
            case "ended":
                self._silence = gap(GapCause.NO_ORDER)
                self._quiet(self._silence)
            case other:
                self._turned_away = True
                _log.warning("live upstream refused", camera=self._camera, notice=other, why=fields.get("why"))

    async def _say_silence(self) -> None:
        """Again and again what is the matter while nothing comes, also for whoever joined meanwhile."""
        self._quiet(self._silence)

    def _quiet(self, note: Note) -> None:
        """Nothing comes: the last pictures are live no more. Who joins now is told why, and waits for a key frame."""
        self._told = note
        self._group.clear()
        self._say(note)

    def _say(self, item: Item) -> None:
        for viewer in self._viewers:
            viewer.queue.put(item)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
