"""One worker process as the supervisor sees it: started, told what to record, watched, started again."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any, Final

import structlog

from beffroi.capture.listening import Listening
from beffroi.capture.messages import Assignment, Channel
from beffroi.capture.paths import RecorderPaths
from beffroi.domain.gaps import GapCause

_log = structlog.get_logger(__name__)

START_S: Final = 30.0
SILENT_S: Final = 5.0
"""A worker reports each second; silent for longer, it is stuck and is killed."""

CAPTURE_STUCK_S: Final = 10.0
"""The capture loop turns seven times a second at least and never waits; after this it never will again."""

_SEND_S: Final = 2.0
_GROWING: Final = ("syncs", "sync_seconds")
"""Figures that count since the process began: a slot goes on from what its earlier processes told."""

StreamId = tuple[str, str]


class WorkerHandle:
    """A worker slot: the process in it may change, its number and its streams stay."""

    def __init__(
        self, paths: RecorderPaths, number: int, *, log_level: str, flush_s: float, keep_fds: Iterable[int] = ()
    ) -> None:
        self.number = number
        self.streams: dict[StreamId, Assignment] = {}
        self.health: dict[StreamId, dict[str, Any]] = {}
        self.figures: dict[str, float] = {}
        self._before: dict[str, float] = {}
        self.restarts = 0
        self._paths = paths
        self._log_level = log_level
        self._flush_s = flush_s
        self._keep_fds = tuple(keep_fds)
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._link: socket.socket | None = None
        self._listening = Listening(0.0)
        self._capture_stuck_s = 0.0
        self.cause = GapCause.RECORDER_STOPPED

    @property
    def pid(self) -> int | None:
        """Process id, None while there is no process."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process and give it its streams. The loop must be running."""
        mine, theirs = socket.socketpair()
        command = [sys.executable, "-P", "-m", "beffroi.capture.lean"]
        command += ["--data", str(self._paths.data), "--number", str(self.number)]
        command += ["--channel", str(theirs.fileno()), "--log-level", self._log_level]
        command += ["--flush-s", str(self._flush_s)]
        self._process = subprocess.Popen(  # noqa: S603  our own program, no shell
            command, pass_fds=[theirs.fileno(), *self._keep_fds], stdin=subprocess.DEVNULL
        )
        theirs.close()
        mine.settimeout(_SEND_S)
        self._link, self._channel = mine, Channel(mine)
        self._listening = Listening(time.monotonic())
        self._capture_stuck_s = 0.0
        asyncio.get_running_loop().add_reader(mine, self._hear)
        self.tell_streams(started=True)

    def tell_streams(self, *, started: bool = False) -> None:
        """Tell what to record. To a worker that has just started, nothing was recorded for want of it."""
        own = self.cause.value
        streams = [asdict(replace(item, cause=own if started else item.cause or own)) for item in self.streams.values()]
        self.tell({"do": "record", "streams": streams})

    def tell(self, message: dict[str, Any]) -> None:
        """Send one order; a worker that does not take it is killed, and told again when it is back."""
        if self._channel is None:
            return
        try:
            self._channel.send(message)
        except OSError:
            _log.error("a worker does not take its orders", worker=self.number)
            self.kill()

    def exit_code(self) -> int | None:
        """The exit code once the process has ended."""
        return self._process.poll() if self._process else None

    def stuck(self) -> str | None:
        """What is stuck in it, if anything."""
        if self._process is None:
            return None
        silent_s = self._listening.silent_s(time.monotonic())
        if not self._listening.heard:
            return "start" if silent_s > START_S else None
        if silent_s > SILENT_S:
            return "process"
        return "capture" if self._capture_stuck_s > CAPTURE_STUCK_S else None

    def kill(self) -> None:
        """End it at once."""
        if self._process and self._process.poll() is None:
            self._process.kill()

    def forget(self) -> None:
        """Let go of an ended process."""
        if self._link:
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop().remove_reader(self._link)
            self._link.close()
        self._link = self._channel = self._process = None
        self.health.clear()
        self._before = {name: self.figures[name] for name in _GROWING if name in self.figures}
        self.figures = dict(self._before)

    async def stop(self, timeout_s: float) -> bool:
        """Ask it to close its files and end; kill it when it does not. True when it ended by itself."""
        process = self._process
        if process is None:
            return True
        process.send_signal(signal.SIGTERM)
        deadline_s = time.monotonic() + timeout_s
        while process.poll() is None and time.monotonic() < deadline_s:
            await asyncio.sleep(0.02)
        orderly = process.poll() == 0
        self.kill()
        await asyncio.to_thread(process.wait)
        self.forget()
        return orderly

    def _hear(self) -> None:
        if self._channel is None or self._link is None:
            return
        try:
            messages = self._channel.receive()
        except OSError:
            messages = None
        if messages is None:
            asyncio.get_running_loop().remove_reader(self._link)
            return
        self._listening.hear(time.monotonic())
        for message in messages:
            if message.get("tell") == "health":
                self.health = {(item["camera"], item["stream"]): item for item in message["streams"]}
                self._capture_stuck_s = float(message["capture_stuck_s"])
                told = message["figures"]
                self.figures = told | {name: told[name] + self._before.get(name, 0) for name in _GROWING}
