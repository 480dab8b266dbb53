"""The live socket of a worker: pictures to whoever holds a lease, for as long as it holds one.

A connection names one stream. Every three seconds at most its client brings a fresh lease; when the last one expires
the connection is aborted, unsent bytes with it. The protocol is described in docs/design/capture.md.
"""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog

from beffroi.capture.leases import LeaseChecker
from beffroi.capture.live_stream import KIND_INFO, KIND_INIT, KIND_NOTICE, LiveRun, LiveStream, message
from beffroi.capture.mandate import Mandate
from beffroi.capture.recording import cause_of
from beffroi.domain.acts import Act
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BeffroiError
from beffroi.domain.lease import Lease, LeaseRefusedError

_log = structlog.get_logger(__name__)

MAX_LINE_BYTES: Final = 8192
MAX_VIEWERS: Final = 512
_FIRST_LINE_S: Final = 3.0
_BUFFER_BYTES: Final = 512 * 1024

Watchable = Callable[[str, str], tuple[Mandate, LiveStream] | None]


class LiveServer:
    """Serves the streams of one worker. Lives in one event loop; `wake` may be called from any thread."""

    def __init__(self, find: Watchable, leases: LeaseChecker, clock: Clock) -> None:
        self._find = find
        self._leases = leases
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._viewers: defaultdict[LiveStream, set[_Viewer]] = defaultdict(set)
        self._server: asyncio.Server | None = None
        self._count = 0

    @property
    def watched(self) -> bool:
        """Whether anyone is connected. From any thread."""
        return self._count > 0

    async def start(self, path: Path) -> None:
        """Listen on a Unix socket that only this account and its group may open."""
        self._loop = asyncio.get_running_loop()
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path, limit=MAX_LINE_BYTES)
        path.chmod(0o660)  # the centre is another user of the same group

    async def stop(self) -> None:
        """Close every view."""
        if self._server:
            self._server.close()
        for viewers in list(self._viewers.values()):
            for viewer in list(viewers):
                viewer.abort()

    def viewers(self) -> int:
        """Connections open now, all streams together."""
        return self._count

    def wake(self, stream: LiveStream) -> None:
        """A stream has something new."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closing: nobody is left to tell
                self._loop.call_soon_threadsafe(self._wake_viewers, stream)

    def gone(self, stream: LiveStream) -> None:
        """A stream is not recorded any more: its views end."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._end_viewers, stream)

    def _wake_viewers(self, stream: LiveStream) -> None:
        for viewer in self._viewers.get(stream, ()):
            viewer.news.set()

    def _end_viewers(self, stream: LiveStream) -> None:
        for viewer in list(self._viewers.get(stream, ())):
            viewer.notice({"notice": "ended"})
            viewer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.set_write_buffer_limits(high=_BUFFER_BYTES)
        viewer = _Viewer(reader, writer, self._leases, self._clock)
        self._count += 1
        try:
            await self._view(viewer)
        except (LeaseRefusedError, TimeoutError, ValueError) as error:
            why = error.why if isinstance(error, LeaseRefusedError) else "malformed"
            viewer.refuse(why, error.text.as_dict() if isinstance(error, BeffroiError) else None)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._count -= 1
            viewer.close()

    async def _view(self, viewer: "_Viewer") -> None:
        if self._count > MAX_VIEWERS:
            raise LeaseRefusedError("too many viewers")
        async with asyncio.timeout(_FIRST_LINE_S):
            first = await viewer.line()
        found = self._find(str(first.get("camera")), str(first.get("stream")))
        if found is None:
            raise LeaseRefusedError("no such stream here")
        mandate, stream = found
        viewer.begin(mandate, first.get("lease"))
        self._viewers[stream].add(viewer)
        stream.viewers += 1
        try:
            await viewer.run(stream)
        finally:
            stream.viewers -= 1
            self._viewers[stream].discard(viewer)
            if not self._viewers[stream]:
                del self._viewers[stream]


class _Viewer:
    """One connection and its lease."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, leases: LeaseChecker, clock: Clock
    ) -> None:
        self.news = asyncio.Event()
        self._reader = reader
        self._writer = writer
        self._leases = leases
        self._clock = clock
        self._mandate: Mandate | None = None
        self._lease: Lease | None = None
        self._deadline_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def line(self) -> dict[str, Any]:
        """The next line of the client.

        Raises:
            ValueError: not a JSON object, or too long.
            ConnectionError: the client is gone.
        """
        try:
            raw = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as error:
            raise ValueError("too long") from error
        try:
            value = json.loads(raw)
        except RecursionError as error:
            raise ValueError("nested") from error
        if not isinstance(value, dict):
            raise ValueError("an object is expected")  # noqa: TRY004  hostile input, one error for all its kinds
        return value

    def begin(self, mandate: Mandate, token: object) -> None:
        """Check the first lease."""
        self._mandate = mandate
        self._renew(token)

    async def run(self, stream: LiveStream) -> None:
        """Send until the lease ends or the client leaves."""
        listening = asyncio.ensure_future(self._listen())
        sending = asyncio.ensure_future(self._send(stream))
        try:
            done, _ = await asyncio.wait({listening, sending}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (listening, sending):
                task.cancel()
            if self._timer:
                self._timer.cancel()

    def notice(self, what: dict[str, Any]) -> None:
        """Tell the client something, when its lease still stands."""
        if self._in_force():
            self._writer.write(message(KIND_NOTICE, json.dumps(what).encode()))

    def refuse(self, why: str, text: dict[str, str] | None) -> None:
        """Say why nothing (more) is sent; holds nothing about any camera."""
        what = {"notice": "refused", "why": why, "text": text}
        with contextlib.suppress(RuntimeError):
            self._writer.write(message(KIND_NOTICE, json.dumps(what).encode()))

    def close(self) -> None:
        """End the connection in order."""
        self._writer.close()

    def abort(self) -> None:
        """End the connection at once: what was not yet sent is dropped."""
        self._writer.transport.abort()

    async def _listen(self) -> None:
        while True:
            self._renew((await self.line()).get("lease"))

    def _renew(self, token: object) -> None:
        assert self._mandate is not None  # noqa: S101  `begin` comes first
        mandate = self._mandate
        lease = self._leases.check(token, camera=mandate.key.camera, acts=(Act.LIVE,), authority=mandate.authority)
        if self._lease and (lease.view, lease.connection) != (self._lease.view, self._lease.connection):
            raise LeaseRefusedError("other view")
        if self._lease is None or lease.expires_us > self._lease.expires_us:
            self._lease = lease
            left_s = (lease.expires_us - self._clock.wall_us()) / 1e6
            self._deadline_s = self._clock.monotonic_s() + left_s
            if self._timer:
                self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_later(max(0.0, left_s), self._expired)

    def _in_force(self) -> bool:
        """By wall time and by monotonic time: a clock set back lengthens nothing."""
        lease = self._lease
        if lease is None or self._clock.monotonic_s() >= self._deadline_s:
            return False
        return lease.in_force(self._clock.wall_us())

    def _expired(self) -> None:
        if self._clock.monotonic_s() >= self._deadline_s - 0.001:
            self.abort()

    async def _send(self, stream: LiveStream) -> None:
        # While a camera is down its last pictures are not "live": a new viewer waits for the next run.
        cursor = None if stream.last_end is None else stream.ring.next_sequence
        run: LiveRun | None = None
        told_end = False
        while True:
            self.news.clear()
            batch, cursor = stream.ring.read(cursor)
            out: list[bytes] = []
            if batch.dropped and run is not None and batch.items and batch.items[0].run is run:
                out.append(_notice({"notice": "dropped", "frames": batch.dropped}))
            for item in batch.items:
                if item.run is not run:
                    run = item.run
                    out += _head(run)
                    told_end = False
                out.append(item.message())
            if stream.last_end is not None and not told_end:
                told_end = True
                out.append(_notice({"notice": "gap", "cause": cause_of(stream.last_end).value}))
            if out:
                if not self._in_force():
                    self.abort()
                    return
                self._writer.writelines(out)
                await self._writer.drain()
            await self.news.wait()


def _head(run: LiveRun) -> list[bytes]:
    config = run.run.config
    info = {
        "run": run.run.id,
        "codec": config.codec,
        "codec_string": config.codec_string,
        "width": config.width,
        "height": config.height,
    }
    return [message(KIND_INFO, json.dumps(info).encode()), message(KIND_INIT, run.init())]


def _notice(what: dict[str, Any]) -> bytes:
    return message(KIND_NOTICE, json.dumps(what).encode())
