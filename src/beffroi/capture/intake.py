"""From access units to runs of frames: the rules that say where a run begins and where it must end.

A run begins with a key frame whose parameter sets are known. It ends when the session ends, when media time stops being
a clock, when the picture format changes, or when the recorder's own clock is set.
"""

import secrets
from dataclasses import dataclass
from typing import Final, Protocol

from beffroi.capture.ends import RunEnd
from beffroi.capture.steps import Anchor
from beffroi.capture.wallclock import DriftError, WallClock
from beffroi.domain.clock import Clock
from beffroi.media.codec import Codec, CodecConfig, config_from_parameter_sets
from beffroi.media.errors import MalformedMediaError
from beffroi.media.frame import Frame
from beffroi.media.nal import nal_type
from beffroi.media.reorder import DecodeTimes, PresentationBreakError, RtpTime, reorder_depth
from beffroi.media.rtp_picture import AccessUnit

_UNKNOWN_INTERVAL_90K: Final = 3600
_LONGEST_INTERVAL_90K: Final = 90_000


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One run being captured. ``clock`` maps its media time to wall time."""

    id: str
    config: CodecConfig
    clock: WallClock


class Sink(Protocol):
    """Takes what a stream captures, in order, and never makes it wait."""

    def begin(self, run: Run) -> None:
        """A run begins; its first frame, a key frame, follows."""
        ...

    def frame(self, frame: Frame, wall_us: int) -> None:
        """The next frame of the run and its wall time (provisional until the first group of pictures is whole)."""
        ...

    def end(self, end: RunEnd, step_us: int = 0) -> None:
        """The run ended. ``step_us``: by how much the recorder's clock was set, for `RunEnd.CLOCK_STEP`."""
        ...


class Intake:
    """Turns the access units of one stream into runs and hands them to a sink. One per stream, one thread."""

    def __init__(self, sink: Sink, clock: Clock, not_before_us: int | None = None) -> None:
        self._sink = sink
        self._clock = clock
        self._codec: Codec = "h264"
        self._sets: tuple[bytes, ...] = ()
        self._run: Run | None = None
        self._anchor = Anchor(clock)
        self._rtp_time = RtpTime()
        self._times = DecodeTimes(None)
        self._times_for: CodecConfig | None = None
        self._origin: tuple[int, int] | None = None  # decode and presentation time of the run's first picture
        self._newest_90k = 0
        self._interval_90k = _UNKNOWN_INTERVAL_90K
        self._last_90k = 0
        self._wall_us = 0
        self._not_before_us = not_before_us
        self._idle_since_s = clock.monotonic_s()

    def session(self, codec: Codec, sets: tuple[bytes, ...]) -> None:
        """A session was opened: its codec and the parameter sets that its description gave (maybe none)."""
        self._codec = codec
        self._sets = sets
        self._anchor = Anchor(self._clock)
        self._rtp_time = RtpTime()
        self._idle_since_s = self._clock.monotonic_s()

    def without_run_s(self, now_s: float) -> float:
        """How long the session has waited for a key frame to begin a run with; 0 while one is under way."""
        return 0.0 if self._run is not None else now_s - self._idle_since_s

    def unit(self, unit: AccessUnit) -> None:
        """Take the next access unit of the session."""
        self.units([unit])

    def units(self, units: list[AccessUnit]) -> None:
        """Take access units of the session that were read at once, which is the arrival of them all."""
        arrival_us = self._anchor.now_us()
        for unit in units:
            if unit.sets:
                self._parameters(unit.sets)
            if not unit.data:
                continue  # an empty access unit: some cameras send them between pictures
            pts_90k = self._rtp_time.unwrap(unit.rtp_time)
            carried_us = None
            if unit.key:
                carried_us = self._carried_over_a_step(pts_90k)
                arrival_us = self._anchor.now_us()
            if self._run is None and not (unit.key and self._begin(carried_us)):
                continue
            self._place(unit, pts_90k, arrival_us)

    def end(self, end: RunEnd) -> None:
        """The session ended, for this reason."""
        self._end(end)

    def _place(self, unit: AccessUnit, pts_90k: int, arrival_us: int) -> None:
        """Give a picture its place in the run; one that does not fit ends it, and may begin the next.

        Its wall time is that of its presentation. One that is shown before another that came earlier says nothing of
        the delay: it waited in the camera for that other one.
        """
        assert self._run is not None  # noqa: S101  a run is open here
        try:
            dts_90k = self._times.place(pts_90k, key=unit.key)
            if dts_90k is None:
                return  # shown before the run's first picture, from which it cannot be decoded
            origin = self._origin
            if origin is None:
                origin = self._origin = (dts_90k, pts_90k)
                self._newest_90k = pts_90k - 1
            if pts_90k > self._newest_90k:
                self._newest_90k = pts_90k
                wall_us = self._run.clock.observe((pts_90k - origin[1]) * 100 // 9, arrival_us)
                self._wall_us = wall_us
            else:
                wall_us = self._wall_us - (self._newest_90k - pts_90k) * 100 // 9
        except (PresentationBreakError, DriftError) as broken:
            self._end(RunEnd.DRIFT if isinstance(broken, DriftError) else RunEnd.TIMESTAMP)
            self._anchor = Anchor(self._clock)
            if unit.key and self._begin():
                self._place(unit, pts_90k, arrival_us)
            return
        start_90k = origin[0]
        dts_90k -= start_90k
        interval_90k = dts_90k - self._last_90k
        if 0 < interval_90k < _LONGEST_INTERVAL_90K:
            self._interval_90k = interval_90k
        self._last_90k = dts_90k
        frame = Frame(unit.data, unit.key, dts_90k, pts_90k - start_90k, 0, arrival_us, unit.camera_us)
        self._sink.frame(frame, wall_us)

    def _parameters(self, sets: tuple[bytes, ...]) -> None:
        """In-band parameter sets: a new content ends the run. A subset that is already known changes nothing."""
        if set(sets) <= set(self._sets):
            return
        merged = _merge(self._codec, self._sets, sets)
        self._sets = merged
        if self._run is not None and _config(self._codec, merged) != self._run.config:
            self._end(RunEnd.PARAMETERS)

    def _carried_over_a_step(self, pts_90k: int) -> int | None:
        """When the recorder's clock was set since the run's anchor, the run ends. Returns the wall time, by the clock
        as it is now, that the ended run gives to a picture shown at ``pts_90k``."""
        step_us = self._anchor.step_us()
        if not step_us:
            return None
        run, origin, carried_us = self._run, self._origin, None
        if run is not None and origin is not None:
            carried_us = run.clock.at((pts_90k - origin[1]) * 100 // 9)
        self._end(RunEnd.CLOCK_STEP, step_us)
        if step_us < 0:
            self._not_before_us = None  # the clock went back: some seconds are lived twice, and the run end says so
        self._anchor = Anchor(self._clock)
        return None if carried_us is None else carried_us + step_us

    def _begin(self, carried_us: int | None = None) -> bool:
        config = _config(self._codec, self._sets)
        if config is None:
            return False
        if config == self._times_for:
            self._times.restart()
        else:
            self._times, self._times_for = DecodeTimes(reorder_depth(config)), config
        self._origin, self._last_90k = None, 0
        self._run = Run(secrets.token_hex(8), config, WallClock(self._not_before_us, carried_us))
        self._sink.begin(self._run)
        return True

    def _end(self, end: RunEnd, step_us: int = 0) -> None:
        if self._run is None:
            return
        self._run, self._idle_since_s = None, self._clock.monotonic_s()
        self._not_before_us = self._wall_us + self._interval_90k * 100 // 9
        self._sink.end(end, step_us)


def _config(codec: Codec, sets: tuple[bytes, ...]) -> CodecConfig | None:
    try:
        return config_from_parameter_sets(codec, sets)
    except MalformedMediaError:
        return None


def _merge(codec: Codec, known: tuple[bytes, ...], new: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """New parameter sets replace those of the same kind: a camera that changes format sends them all anew."""
    kinds = {nal_type(codec, item) for item in new}
    return tuple(item for item in known if nal_type(codec, item) not in kinds) + tuple(dict.fromkeys(new))
