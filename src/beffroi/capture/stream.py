"""The thread of one stream: call the camera, take what it sends, call again when it stops, until the sheet ends."""

import threading
from collections.abc import Callable
from statistics import median
from typing import Final

import structlog

from beffroi.capture.backoff import Backoff
from beffroi.capture.ends import RunEnd
from beffroi.capture.groups import Group, Grouper
from beffroi.capture.health import StreamHealth, StreamState
from beffroi.capture.intake import Intake, Run
from beffroi.capture.live_stream import LiveStream
from beffroi.capture.mandate import Mandate
from beffroi.capture.recording import StreamRecording, cause_of
from beffroi.capture.source import Source, SourceError, open_source
from beffroi.capture.writers import WriterPool
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BeffroiError
from beffroi.media.frame import Frame

_log = structlog.get_logger(__name__)
_MAX_OFFSETS: Final = 64


class StreamSink:
    """Takes the runs of one stream and hands them to the writers and to the viewers. Never waits."""

    def __init__(
        self,
        *,
        name: str,
        recording: StreamRecording,
        pool: WriterPool,
        live: LiveStream,
        health: StreamHealth,
        clock: Clock,
    ) -> None:
        self._name = name
        self._recording = recording
        self._pool = pool
        self._live = live
        self._health = health
        self._clock = clock
        self._grouper = Grouper()
        self._skip_to_key = False
        self._offsets_us: list[int] = []

    def begin(self, run: Run) -> None:
        self._grouper.begin(run)
        self._live.begin(run)
        self._offsets_us.clear()
        health = self._health
        health.codec_string, health.width, health.height = run.config.codec_string, run.config.width, run.config.height
        health.runs += 1
        health.enter(StreamState.RECORDING, self._clock.wall_us())

    def frame(self, frame: Frame, wall_us: int) -> None:
        self._live.frame(frame, wall_us)
        if frame.camera_us is not None:
            self._offset(frame.camera_us - wall_us)
        group = self._grouper.add(frame, wall_us)
        if group:
            self._submit(group)

    def end(self, end: RunEnd, step_us: int = 0) -> None:
        group = self._grouper.flush()
        if group:
            self._submit(group)
        self._live.end(end)
        recording = self._recording
        offset_ms = self._health.camera_offset_ms
        self._pool.order(self._name, lambda: recording.run_ended(end, step_us, offset_ms))

    def _submit(self, group: Group) -> None:
        self._health.count(len(group.frames), group.size, self._clock.monotonic_s())
        if self._skip_to_key and not group.key:
            return
        recording = self._recording
        if self._pool.submit(self._name, group.size, lambda: recording.write(group)):
            self._skip_to_key = False
            return
        self._health.dropped_groups += 1
        if not self._skip_to_key:
            self._skip_to_key = True
            self._pool.order(self._name, lambda: recording.overrun(group.wall_us))

    def _offset(self, offset_us: int) -> None:
        self._offsets_us.append(offset_us)
        del self._offsets_us[:-_MAX_OFFSETS]
        self._health.camera_offset_ms = round(median(self._offsets_us) / 1000, 1)


class StreamThread(threading.Thread):
    """Captures one stream for ever; `stop` ends it with the next packet, or at once while it waits."""

    def __init__(
        self,
        *,
        mandate: Mandate,
        recording: StreamRecording,
        pool: WriterPool,
        live: LiveStream,
        clock: Clock,
        opener: Callable[[str], Source] = open_source,
    ) -> None:
        super().__init__(name=f"stream-{mandate.key}", daemon=True)
        self.mandate = mandate
        self.live = live
        self.recording = recording
        self.health = StreamHealth()
        self._pool = pool
        self._clock = clock
        self._opener = opener
        self._stopping = threading.Event()
        self._backoff = Backoff()
        sink = StreamSink(
            name=str(mandate.key), recording=recording, pool=pool, live=live, health=self.health, clock=clock
        )
        self._intake = Intake(sink, clock, recording.accounted_us)
        self.stop_end = RunEnd.STOPPED
        self.closing = False

    def renew(self, mandate: Mandate) -> None:
        """The same stream under a renewed sheet. Its credentials serve at the next call."""
        self.mandate = mandate
        self.recording.mandate = mandate

    def stop(self, end: RunEnd = RunEnd.STOPPED) -> None:
        """Ask the thread to end."""
        self.stop_end = end
        self._stopping.set()

    def run(self) -> None:
        self._beat()
        self.health.enter(StreamState.CONNECTING, self._clock.wall_us())
        while not self._stopping.is_set():
            if not self.mandate.in_force(self._clock.wall_us()):
                self._out_of_force()
                self._pause(1.0)
                continue
            good_s, end = self._session()
            if not self._stopping.is_set() and end not in {RunEnd.SHEET, RunEnd.DISK}:
                self._pause(self._backoff.after(good_s))

    def _session(self) -> tuple[float, RunEnd]:
        """One session, from the call to its end: how long it delivered pictures, and why it ended."""
        began_s, frames = self._clock.monotonic_s(), self.health.frames
        try:
            with self._opener(self._url()) as source:
                self._intake.session(source.codec, source.extradata)
                end = self._take(source)
        except SourceError as error:
            end = error.end
        self._intake.end(end)
        delivered = self.health.frames > frames
        good_s = self._clock.monotonic_s() - began_s if delivered else 0.0
        if not delivered:
            recording = self.recording
            self._pool.order(str(self.mandate.key), lambda: recording.attempt_failed(end))
        if not self._stopping.is_set():
            self._down(end)
        return good_s, end

    def _take(self, source: Source) -> RunEnd:
        for packet in source:
            self._beat()
            if self._stopping.is_set():
                return self.stop_end
            if not self.mandate.in_force(self._clock.wall_us()):
                return self.mandate.out_of_force()
            self._intake.packet(packet)
        return RunEnd.CLOSED

    def _url(self) -> str:
        try:
            return self.mandate.open_url()
        except BeffroiError as error:
            _log.error("camera credentials do not open", stream=str(self.mandate.key), error=type(error).__name__)
        raise SourceError(RunEnd.UNREADABLE, "credentials")

    def _down(self, end: RunEnd) -> None:
        state = self.health.state
        self.health.enter(StreamState.DOWN, self._clock.wall_us(), cause_of(end).value)
        if state is not StreamState.DOWN:
            _log.warning("stream lost", stream=str(self.mandate.key), end=end.value)

    def _out_of_force(self) -> None:
        recording, end = self.recording, self.mandate.out_of_force()
        cause = cause_of(end)
        if self.health.state is not StreamState.STOPPED or self.health.cause != cause.value:
            self._pool.order(str(self.mandate.key), lambda: recording.close(cause))
            _log.warning("recording stopped", stream=str(self.mandate.key), cause=cause.value)
        elif end is RunEnd.DISK:
            self._pool.order(str(self.mandate.key), lambda: recording.attempt_failed(end))
        self.health.enter(StreamState.STOPPED, self._clock.wall_us(), cause.value)

    def _pause(self, seconds: float) -> None:
        self._beat()
        self._stopping.wait(seconds)
        self._beat()

    def _beat(self) -> None:
        self.health.beat_s = self._clock.monotonic_s()
