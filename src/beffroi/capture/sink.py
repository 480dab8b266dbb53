"""Where the runs of one stream go: groups of pictures to the writers, each picture to the viewers. Never waits."""

from typing import Final

from beffroi.capture.alarms import Alarm
from beffroi.capture.cameraclock import CameraClock, Crossing
from beffroi.capture.ends import RunEnd
from beffroi.capture.groups import Group, Grouper
from beffroi.capture.health import StreamHealth, StreamState
from beffroi.capture.intake import Run
from beffroi.capture.live_stream import LiveStream
from beffroi.capture.recording import StreamRecording
from beffroi.capture.writers import WriterPool
from beffroi.domain.clock import Clock
from beffroi.media.frame import Frame

NO_KEY_S: Final = 10.0
"""After a group was refused, those up to the next key frame are dropped too: nothing shows them. A camera that sends
none for so long may never send one again, and shows its pictures without: what comes then is recorded."""

_NO_KEY_US: Final = round(NO_KEY_S * 1e6)


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
        self._skip_until_us: int | None = None  # or up to a key frame, if that comes before
        self._camera_clock = CameraClock()

    def begin(self, run: Run) -> None:
        self._grouper.begin(run)
        self._live.begin(run)
        self._camera_clock.begin()
        health = self._health
        health.codec_string, health.width, health.height = run.config.codec_string, run.config.width, run.config.height
        health.runs += 1
        health.enter(StreamState.RECORDING, self._clock.wall_us())

    def frame(self, frame: Frame, wall_us: int) -> None:
        self._live.frame(frame, wall_us)
        if frame.key and frame.camera_us is not None:
            self._offset(frame.camera_us - wall_us, wall_us)
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
        skip_until_us = self._skip_until_us
        if skip_until_us is not None and not group.key and group.wall_us < skip_until_us:
            return
        recording = self._recording
        if self._pool.submit(self._name, group.size, lambda: recording.write(group)):
            self._skip_until_us = None
            return
        self._health.dropped_groups += 1
        if skip_until_us is None or group.key:
            self._skip_until_us = group.wall_us + _NO_KEY_US
        if skip_until_us is None:
            self._pool.order(self._name, lambda: recording.overrun(group.wall_us))

    def _offset(self, offset_us: int, wall_us: int) -> None:
        crossing = self._camera_clock.observe(offset_us)
        now_us = self._camera_clock.offset_us or 0
        offset_ms = self._health.camera_offset_ms = round(now_us / 1000, 1)
        recording = self._recording
        recording.camera_offset_ms = offset_ms
        if crossing is not None:
            what = Alarm.CAMERA_CLOCK if crossing is Crossing.OFF else Alarm.CAMERA_CLOCK_RIGHT
            self._pool.order(self._name, lambda: recording.alarm(what, at_us=wall_us, offset_ms=round(offset_ms)))
