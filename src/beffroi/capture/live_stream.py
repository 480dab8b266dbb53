"""What the viewers of one stream share: the ring of its last pictures, and each picture's fragment, built once.

The stream's thread only puts a reference into the ring; fragments are built by the event loop that serves viewers, and
not at all when nobody watches.
"""

import struct
from collections.abc import Callable
from typing import Final

from beffroi.capture.ends import RunEnd
from beffroi.capture.intake import Run
from beffroi.capture.ring import Ring
from beffroi.media.fmp4 import fragment, init_segment
from beffroi.media.frame import Frame

KIND_INFO: Final = 0
KIND_INIT: Final = 1
KIND_FRAGMENT: Final = 2
KIND_NOTICE: Final = 3

_HEAD: Final = struct.Struct(">IB")
_PICTURE: Final = struct.Struct(">QQI")
FLAG_KEY: Final = 1


def message(kind: int, payload: bytes) -> bytes:
    """One message of the live socket: length, kind, payload."""
    return _HEAD.pack(len(payload), kind) + payload


class LiveRun:
    """One run as viewers see it: its init segment is built once."""

    __slots__ = ("_init", "run", "sequence")

    def __init__(self, run: Run) -> None:
        self.run = run
        self.sequence = 0
        self._init: bytes | None = None

    def init(self) -> bytes:
        """The init segment (not protected: it goes over a local socket to a process that checked the same lease)."""
        if self._init is None:
            self._init = init_segment(self.run.config, protection=None)
        return self._init


class LiveFrame:
    """A picture in the ring; its message is built on first need and shared."""

    __slots__ = ("_message", "frame", "key", "number", "run", "size", "wall_us")

    def __init__(self, frame: Frame, wall_us: int, run: LiveRun, number: int) -> None:
        self.frame = frame
        self.key = frame.key
        self.size = len(frame.data)
        self.wall_us = wall_us
        self.run = run
        self.number = number
        self._message: bytes | None = None

    def message(self) -> bytes:
        """The fragment as a message of the live socket. Called by the event loop only."""
        if self._message is None:
            frame = self.frame
            parts = fragment(
                [frame],
                sequence=self.number,
                protection=None,
                first_sample=self.number,
                codec=self.run.run.config.codec,
            )
            head = _PICTURE.pack(self.wall_us, frame.arrival_us, FLAG_KEY if frame.key else 0)
            body = b"".join((head, *parts))
            self._message = message(KIND_FRAGMENT, body)
        return self._message


class LiveStream:
    """The live side of one stream. ``wake`` is called by the stream's thread when someone watches."""

    def __init__(self, wake: Callable[["LiveStream"], None]) -> None:
        self.ring: Ring[LiveFrame] = Ring()
        self.viewers = 0
        self.last_end: RunEnd | None = None
        self._wake = wake
        self._run: LiveRun | None = None
        self._number = 0
        self._wall_us = 0

    def begin(self, run: Run) -> None:
        """A run begins: nothing of the one before may be joined to it."""
        self.ring.clear()
        self._run = LiveRun(run)
        self._number = 0
        self.last_end = None

    def frame(self, frame: Frame, wall_us: int) -> None:
        """Share one picture."""
        if self._run is None:
            return
        if frame.key:
            if self.viewers:
                self.ring.trim()
            else:
                self.ring.clear()  # nobody can be a few pictures late: only the group that a viewer joins is held
        self._number += 1
        self._wall_us = max(wall_us, self._wall_us + 1) if self._number > 1 else wall_us
        self.ring.push(LiveFrame(frame, self._wall_us, self._run, self._number))
        if self.viewers:
            self._wake(self)

    def end(self, end: RunEnd) -> None:
        """The run ended: viewers are told; what is in the ring stays for them until the next run."""
        self._run = None
        self.last_end = end
        if self.viewers:
            self._wake(self)
        else:
            self.ring.clear()
