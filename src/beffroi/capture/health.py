"""How each stream is doing: written by its thread, read by whoever asks. Plain numbers, no lock needed."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

_SMOOTH_S: Final = 2.0


class StreamState(StrEnum):
    """What a stream is doing now."""

    CONNECTING = "connecting"
    RECORDING = "recording"
    DOWN = "down"
    """No pictures: waiting before the next attempt, or waiting for the camera."""
    STOPPED = "stopped"
    """No sheet is in force."""


@dataclass(slots=True)
class StreamHealth:
    """Figures of one stream. ``since_us``: since when it is in this state; ``cause``: why it is down, a closed word;
    ``rtp_lost``: packets that the camera numbered and that never came."""

    state: StreamState = StreamState.CONNECTING
    since_us: int = 0
    cause: str | None = None
    codec_string: str | None = None
    width: int = 0
    height: int = 0
    fps: float = 0.0
    kbit_s: float = 0.0
    frames: int = 0
    bytes: int = 0
    dropped_groups: int = 0
    runs: int = 0
    camera_offset_ms: float | None = None
    rtp_lost: int = 0
    _window_s: float = field(default=0.0, repr=False)
    _window_frames: int = field(default=0, repr=False)
    _window_bytes: int = field(default=0, repr=False)

    def enter(self, state: StreamState, now_us: int, cause: str | None = None) -> None:
        """Change state; entering the same one again only updates the cause."""
        if state is not self.state or not self.since_us:
            self.since_us = now_us
        self.state = state
        self.cause = cause
        if state is not StreamState.RECORDING:
            self.fps = self.kbit_s = 0.0

    def count(self, frames: int, size: int, now_s: float) -> None:
        """Add what was received; figures are means over at least two seconds."""
        self.frames += frames
        self.bytes += size
        self._window_frames += frames
        self._window_bytes += size
        elapsed_s = now_s - self._window_s
        if elapsed_s >= _SMOOTH_S:
            if elapsed_s < 10 * _SMOOTH_S:
                self.fps = round(self._window_frames / elapsed_s, 2)
                self.kbit_s = round(self._window_bytes * 8 / 1000 / elapsed_s, 1)
            self._window_s, self._window_frames, self._window_bytes = now_s, 0, 0

    def as_dict(self) -> dict[str, Any]:
        """For the supervisor."""
        return {
            "state": self.state.value,
            "since_us": self.since_us,
            "cause": self.cause,
            "codec_string": self.codec_string,
            "width": self.width,
            "height": self.height,
            "fps": self.fps,
            "kbit_s": self.kbit_s,
            "frames": self.frames,
            "bytes": self.bytes,
            "dropped_groups": self.dropped_groups,
            "runs": self.runs,
            "camera_offset_ms": self.camera_offset_ms,
            "rtp_lost": self.rtp_lost,
        }


def stream_row(key: tuple[str, str], health: StreamHealth, open_gap: tuple[int, str] | None = None) -> dict[str, Any]:
    """What the recorder tells of one stream, always with every field. ``open_gap``: since when (wall time, us) and why
    nothing of it is stored."""
    gap = list(open_gap) if open_gap else None
    return {"camera": key[0], "stream": key[1], **health.as_dict(), "open_gap": gap}
