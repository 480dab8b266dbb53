"""From packets to runs of frames: the rules that say where a run begins and where it must end.

A run begins with a key frame whose parameter sets are known. It ends when the session ends, when media time stops being
a clock, when the picture format changes, or when the recorder's own clock is set.
"""

import secrets
from dataclasses import dataclass
from typing import Final, Protocol

from beffroi.capture.ends import RunEnd
from beffroi.capture.source import Packet
from beffroi.capture.steps import Anchor
from beffroi.capture.timeline import Timeline, TimelineBreakError
from beffroi.capture.wallclock import DriftError, WallClock
from beffroi.domain.clock import Clock
from beffroi.media.codec import Codec, CodecConfig, annexb_to_lengths, config_from_parameter_sets
from beffroi.media.errors import MalformedMediaError
from beffroi.media.frame import Frame
from beffroi.media.nal import nal_type, split_annexb

_UNKNOWN_INTERVAL_90K: Final = 3600
_MAX_HELD: Final = 100


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
    """Turns the packets of one stream into runs and hands them to a sink. One per stream, one thread."""

    def __init__(self, sink: Sink, clock: Clock, not_before_us: int | None = None) -> None:
        self._sink = sink
        self._clock = clock
        self._codec: Codec = "h264"
        self._sets: tuple[bytes, ...] = ()
        self._run: Run | None = None
        self._anchor: Anchor | None = None
        self._timeline = Timeline()
        self._held: list[tuple[Packet, int]] = []
        self._interval_90k = 0
        self._last_dts: int | None = None
        self._wall_us = 0
        self._not_before_us = not_before_us

    def session(self, codec: Codec, extradata: bytes) -> None:
        """A session was opened: its codec and the parameter sets that its description gave (maybe none)."""
        self._codec = codec
        self._sets = tuple(split_annexb(extradata))
        self._held.clear()
        self._anchor = Anchor(self._clock)
        self._last_dts = None

    def packet(self, packet: Packet) -> None:
        """Take the next packet of the session."""
        assert self._anchor is not None  # noqa: S101  `session` comes first
        arrival_us = self._anchor.now_us()
        if packet.dts is None:
            # The first packets of a session may have no time, and the very first is the key frame we need: its time is
            # told by the ones that follow.
            if len(self._held) < _MAX_HELD:
                self._held.append((packet, arrival_us))
            return
        if self._held:
            self._release_held(packet.dts)
        self._take(packet, packet.dts, packet.dts if packet.pts is None else packet.pts, arrival_us)

    def end(self, end: RunEnd) -> None:
        """The session ended, for this reason."""
        self._held.clear()
        self._end(end)

    def _release_held(self, dts: int) -> None:
        held, self._held = self._held, []
        interval = self._interval_90k or _UNKNOWN_INTERVAL_90K
        for place, (packet, arrival_us) in enumerate(held):
            guessed = dts - interval * (len(held) - place)
            self._take(packet, guessed, guessed, arrival_us)

    def _take(self, packet: Packet, dts: int, pts: int, arrival_us: int) -> None:
        try:
            data, key, sets = annexb_to_lengths(self._codec, packet.data)
        except MalformedMediaError:
            return  # an empty access unit: some cameras send them between pictures
        if self._last_dts is not None and 0 < dts - self._last_dts < 90_000:
            self._interval_90k = dts - self._last_dts
        self._last_dts = dts
        if sets:
            self._parameters(sets)
        if not data:
            return
        if key and self._clock_was_set():
            arrival_us = self._anchor_now_us()
        if self._run is None and not (key and self._begin()):
            return
        self._frame(Frame(data, key, 0, 0, 0, arrival_us, packet.camera_us), dts, pts)

    def _frame(self, frame: Frame, dts: int, pts: int) -> None:
        assert self._run is not None  # noqa: S101  a run is open here
        try:
            placed, shown = self._timeline.place(dts, pts)
            wall_us = self._run.clock.observe(placed * 100 // 9, frame.arrival_us)
        except (TimelineBreakError, DriftError) as broken:
            self._end(RunEnd.DRIFT if isinstance(broken, DriftError) else RunEnd.TIMESTAMP)
            self._anchor = Anchor(self._clock)
            if frame.key and self._begin():
                self._frame(frame, dts, pts)
            return
        self._wall_us = wall_us
        self._sink.frame(
            Frame(frame.data, frame.key, placed, shown, 0, frame.arrival_us, frame.camera_us),
            wall_us,
        )

    def _parameters(self, sets: tuple[bytes, ...]) -> None:
        """In-band parameter sets: a new content ends the run. A subset that is already known changes nothing."""
        sets = tuple(item for item in sets if not any(_is_damaged(item, known) for known in self._sets))
        if set(sets) <= set(self._sets):
            return
        merged = _merge(self._codec, self._sets, sets)
        self._sets = merged
        if self._run is not None and _config(self._codec, merged) != self._run.config:
            self._end(RunEnd.PARAMETERS)

    def _clock_was_set(self) -> bool:
        """Whether the recorder's clock was set since the run's anchor: the run ends, a new anchor is taken."""
        assert self._anchor is not None  # noqa: S101  a session is open
        step_us = self._anchor.step_us()
        if not step_us:
            return False
        self._end(RunEnd.CLOCK_STEP, step_us)
        self._anchor = Anchor(self._clock)
        if step_us < 0:
            self._not_before_us = None  # the clock went back: some seconds are lived twice, and the run end says so
        return True

    def _anchor_now_us(self) -> int:
        assert self._anchor is not None  # noqa: S101  a session is open
        return self._anchor.now_us()

    def _begin(self) -> bool:
        config = _config(self._codec, self._sets)
        if config is None:
            return False
        self._timeline = Timeline()
        self._run = Run(secrets.token_hex(8), config, WallClock(self._not_before_us))
        self._sink.begin(self._run)
        return True

    def _end(self, end: RunEnd, step_us: int = 0) -> None:
        if self._run is None:
            return
        self._run = None
        self._not_before_us = self._wall_us + self._interval_90k * 100 // 9
        self._sink.end(end, step_us)


def _config(codec: Codec, sets: tuple[bytes, ...]) -> CodecConfig | None:
    try:
        return config_from_parameter_sets(codec, sets)
    except MalformedMediaError:
        return None


def _is_damaged(item: bytes, known: bytes) -> bool:
    """Whether a parameter set is a known one with something after it. When the first RTP packet of a key frame is lost,
    FFmpeg appends the rest of the picture to the parameter set that came before: that is a loss, not a new format."""
    return len(item) > len(known) and item.startswith(known)


def _merge(codec: Codec, known: tuple[bytes, ...], new: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """New parameter sets replace those of the same kind: a camera that changes format sends them all anew."""
    kinds = {nal_type(codec, item) for item in new}
    return tuple(item for item in known if nal_type(codec, item) not in kinds) + tuple(dict.fromkeys(new))
