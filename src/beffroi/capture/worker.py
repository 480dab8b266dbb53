"""One worker process: a thread that captures, a few that write, one for viewers, and this main thread that reports.

Started by the supervisor as ``python -m beffroi.capture.lean``; told what to record over the socket pair it inherits.
No address and no password is on its command line or in its environment.
"""

import argparse
import asyncio
import gc
import os
import resource
import select
import signal
import socket
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog

from beffroi.base import log
from beffroi.base.clock import SystemClock
from beffroi.base.files import SYNCS
from beffroi.capture.acts import RecorderJournal
from beffroi.capture.ends import RunEnd
from beffroi.capture.health import stream_row
from beffroi.capture.leases import LeaseChecker
from beffroi.capture.live import LiveServer
from beffroi.capture.live_stream import LiveStream
from beffroi.capture.loop import CaptureLoop
from beffroi.capture.mandate import Mandate
from beffroi.capture.messages import Assignment, Channel
from beffroi.capture.paths import RecorderPaths
from beffroi.capture.recording import Shelf, StreamRecording, cause_of
from beffroi.capture.stream import CameraStream
from beffroi.capture.writers import WriterPool, backlog_cap, disk_of, end_process
from beffroi.domain.gaps import GapCause
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.chunk import FLUSH_S
from beffroi.vault.credentials import RecorderIdentity
from beffroi.vault.publichours import PublicHours
from beffroi.vault.signed import load_public_keys

_log = structlog.get_logger(__name__)

REPORT_S: Final = 1.0
_SOON_S: Final = 0.5  # while a stream leaves: its successor waits for it
_LOOP_S: Final = 3.0
_CLOSE_S: Final = 20.0


class Worker:
    """Holds the streams of one process."""

    def __init__(self, paths: RecorderPaths, number: int, channel: Channel, *, flush_s: float = FLUSH_S) -> None:
        self._paths = paths
        self._number = number
        self._channel = channel
        self._clock = SystemClock()
        self._identity = RecorderIdentity.open_or_create(paths.root)
        self._catalogue = Catalogue.open(paths.catalogue)
        self._hours = self._load_hours()
        self._pool = WriterPool(total_cap=backlog_cap(len(os.sched_getaffinity(0))))
        self._streams: dict[tuple[str, str], CameraStream] = {}
        self._leaving: list[tuple[CameraStream, threading.Event]] = []
        self._wanted: dict[tuple[str, str], Assignment] = {}
        self._journal = RecorderJournal(paths.journal, self._clock)
        self._live = LiveServer(self._watchable, LeaseChecker(paths.gate_trust, self._clock), self._clock)
        self._loop = CaptureLoop(lambda: self._live.watched)
        self._shelf = Shelf(
            root=paths.root,
            catalogue=self._catalogue,
            hours=lambda: self._hours,
            recorder=self._identity.public.hex()[:16],
            journal=self._journal.post,
            clock=self._clock,
            flush_s=flush_s,
        )
        self._ending = False
        self._beat_s = 0.0

    def run(self) -> None:
        """Work until told to stop, or until the supervisor is gone."""
        loop_ready = threading.Event()
        threading.Thread(target=self._serve_live, args=(loop_ready,), name="live", daemon=True).start()
        loop_ready.wait(10)
        self._loop.start()
        next_report_s = 0.0
        while not self._ending:
            readable, _, _ = select.select([self._channel], [], [], max(0.0, next_report_s - time.monotonic()))
            if readable:
                messages = self._channel.receive()
                if messages is None:
                    _log.warning("the supervisor is gone, the worker closes its files", worker=self._number)
                    break
                for message in messages:
                    self._obey(message)
            if time.monotonic() >= next_report_s:
                next_report_s = time.monotonic() + (_SOON_S if self._leaving else REPORT_S)
                self._report()
        self._close()

    def stop(self) -> None:
        """Leave the main loop."""
        self._ending = True

    def _obey(self, message: dict[str, Any]) -> None:
        match message["do"]:
            case "record":
                self._assign([Assignment(**item) for item in message["streams"]])
            case "hours":
                self._hours = self._load_hours()
            case "stop":
                self._ending = True

    def _assign(self, assignments: list[Assignment]) -> None:
        self._wanted = {(item.camera, item.stream): item for item in assignments}
        self._reconcile()

    def _reconcile(self) -> None:
        """Bring the streams in line with what is wanted. A stream begins anew only once its former self is done."""
        for key, stream in list(self._streams.items()):
            item = self._wanted.get(key)
            if item is None:
                self._leave(key, RunEnd.SHEET)
                continue
            mandate = item.mandate(self._identity)
            if stream.mandate.same_recording(mandate):
                stream.renew(mandate)
            else:
                self._leave(key, RunEnd.STOPPED)
        self._leaving = [(stream, closed) for stream, closed in self._leaving if not self._has_left(stream, closed)]
        busy = {(stream.mandate.key.camera, stream.mandate.key.stream) for stream, _ in self._leaving}
        for key, item in self._wanted.items():
            if key not in self._streams and key not in busy:
                self._begin(key, item)

    def _begin(self, key: tuple[str, str], item: Assignment) -> None:
        mandate = item.mandate(self._identity)
        accounted_us = self._catalogue.accounted_us(mandate.key.camera, mandate.key.stream)
        self._pool.place(str(mandate.key), disk_of(self._paths.root / "streams" / mandate.key.camera))
        stream = CameraStream(
            mandate=mandate,
            recording=StreamRecording(mandate, self._shelf, accounted_us, GapCause(item.cause)),
            pool=self._pool,
            live=LiveStream(self._live.wake),
            clock=self._clock,
        )
        self._streams[key] = stream
        self._loop.add(stream)

    def _leave(self, key: tuple[str, str], end: RunEnd) -> None:
        stream = self._streams.pop(key)
        self._loop.end(stream, end)
        self._live.gone(stream.live)
        self._leaving.append((stream, threading.Event()))

    def _has_left(self, stream: CameraStream, closed: threading.Event) -> bool:
        if not stream.finished:
            return False
        if not stream.closing:
            stream.closing = True
            recording, cause = stream.recording, cause_of(stream.stop_end)

            def close() -> None:
                recording.close(cause)
                closed.set()

            self._pool.order(str(stream.mandate.key), close)
        return closed.is_set()

    def _watchable(self, camera: str, stream: str) -> tuple[Mandate, LiveStream] | None:
        found = self._streams.get((camera, stream))
        return (found.mandate, found.live) if found else None

    def _report(self) -> None:
        _need_a_descriptor(self._channel)
        if self._leaving:
            self._reconcile()
        streams = []
        for key, stream in self._streams.items():
            gap = stream.recording.open_gap
            streams.append(stream_row(key, stream.health, (gap[0], gap[1].value) if gap else None))
        now_s = self._clock.monotonic_s()
        writer_s = max([0.0, *(now_s - beat for beat in self._pool.beats_s())])
        beat_s = self._loop.beat_s
        # The same beat as a second ago: not a machine that stood still and has only just gone on.
        capture_s = max(0.0, now_s - beat_s) if beat_s == self._beat_s else 0.0
        self._beat_s = beat_s
        stuck = {"writer_stuck_s": round(writer_s, 1), "capture_stuck_s": round(capture_s, 1)}
        sync = {"syncs": SYNCS.count, "sync_seconds": round(SYNCS.seconds, 3)}
        waiting = {"waiting_bytes": self._pool.waiting_bytes(), "viewers": self._live.viewers()}
        self._send({"tell": "health", "streams": streams, "figures": {**sync, **waiting}, **stuck})

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._channel.send(message)
        except OSError:
            self._ending = True

    def _load_hours(self) -> PublicHours:
        hours = PublicHours.load(self._paths.hours, load_public_keys(self._paths.sheet_trust))
        for problem in hours.problems:
            _log.error("hour keys refused", problem=problem.text.en)
        return hours

    def _serve_live(self, ready: threading.Event) -> None:
        async def serve() -> None:
            await self._live.start(self._paths.live(self._number))
            ready.set()
            await asyncio.Event().wait()

        asyncio.run(serve())

    def _close(self) -> None:
        """Stop every stream, write what waits, close every file."""
        streams = list(self._streams.values()) + [stream for stream, _ in self._leaving]
        self._loop.close()
        self._loop.join(_LOOP_S)
        for stream in streams:
            self._pool.order(str(stream.mandate.key), partial(stream.recording.close, GapCause.RECORDER_STOPPED))
        self._pool.close(_CLOSE_S)
        self._journal.close()
        self._paths.live(self._number).unlink(missing_ok=True)


def _need_a_descriptor(channel: Channel) -> None:
    """A process that can open nothing more records nothing more, and says so nowhere: only a new one helps."""
    try:
        os.close(os.dup(channel.fileno()))
    except OSError as error:
        end_process(error)


def main() -> None:
    """Entry point of the process."""
    parser = argparse.ArgumentParser(prog="beffroi-recorder-worker")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--channel", type=int, required=True)
    parser.add_argument("--log-level", default="INFO")
    parser.add_argument("--flush-s", type=float, default=FLUSH_S)
    asked = parser.parse_args()
    log.configure(level=asked.log_level)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold camera passwords
    channel = Channel(socket.socket(fileno=asked.channel))
    worker = Worker(RecorderPaths(asked.data), asked.number, channel, flush_s=asked.flush_s)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C reaches the supervisor, which stops us in order
    threading.excepthook = lambda args: end_process(args.exc_value or RuntimeError("thread"))
    gc.freeze()  # what is there now stays: the collector need not walk through it again and again
    worker.run()
    sys.stderr.flush()
    os._exit(0)  # a helper may still wait for a name: everything is on disk, leave it
