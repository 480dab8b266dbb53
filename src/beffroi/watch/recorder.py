"""The recorder as a live upstream: asks which worker has the stream, then opens that worker's socket."""

import asyncio
from typing import Any, Final

from beffroi.capture.client import LiveClient, RecorderClient
from beffroi.domain.gaps import GapCause
from beffroi.domain.ids import STREAM_NAMES, CameraId, StreamName
from beffroi.watch.ports import Captured, LiveConnection, NotCapturedError

_FRESH_S: Final = 0.5
"""How old an answer may be for a view that waits: a hundred and eighty tiles that wait ask twice a second in all."""

Rows = list[dict[str, Any]]


class RecorderLive:
    """A `ports.LiveConnector` and `ports.LiveCamera` over one recorder, for all views of a process: whoever asks while
    a question is under way shares its answer."""

    def __init__(self, recorder: RecorderClient) -> None:
        self._recorder = recorder
        self._asking: asyncio.Task[Rows] | None = None
        self._last: Rows = []
        self._at_s = float("-inf")

    async def __call__(self, camera: CameraId, stream: StreamName, lease: str) -> LiveConnection:
        """Connect to the worker that has the stream.

        Raises:
            NotCapturedError: none has.
            RecorderGoneError: nobody answers.
        """
        for health in await self._ask():
            if health.get("camera") == camera and health.get("stream") == stream and health.get("live"):
                return await LiveClient.open(str(health["live"]), camera, stream, lease)
        raise NotCapturedError

    async def captured(self, camera: CameraId) -> Captured:
        """The streams of a camera that have begun, and those that are awaited, as of half a second ago.

        Raises:
            RecorderGoneError: nobody answers.
        """
        codecs: dict[StreamName, str] = {}
        awaited: dict[StreamName, GapCause | None] = {}
        fresh = asyncio.get_running_loop().time() - self._at_s < _FRESH_S
        for health in self._last if fresh else await self._ask():
            for name in STREAM_NAMES:
                if (health.get("camera"), health.get("stream")) != (camera, name):
                    continue
                if health.get("codec_string") and health.get("live"):
                    codecs[name] = str(health["codec_string"])
                else:
                    awaited[name] = GapCause.told(health["cause"]) if health.get("cause") else None
        return Captured(codecs, awaited)

    async def _ask(self) -> Rows:
        if self._asking is None:
            self._asking = asyncio.create_task(self._recorder.streams(), name="streams of the recorder")
            self._asking.add_done_callback(self._answered)
        return await asyncio.shield(self._asking)

    def _answered(self, done: "asyncio.Task[Rows]") -> None:
        self._asking = None
        if not done.cancelled() and done.exception() is None:  # an exception is the affair of those who asked
            self._last, self._at_s = done.result(), asyncio.get_running_loop().time()
