"""A capture loop of its own in a test, with what it captures kept in memory instead of a vault."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

from tests.support.ports import wait_for

from beffroi.base.clock import SystemClock
from beffroi.capture.alarms import Alarm
from beffroi.capture.ends import RunEnd
from beffroi.capture.groups import Group
from beffroi.capture.live_stream import LiveStream
from beffroi.capture.loop import CaptureLoop
from beffroi.capture.mandate import Mandate, StreamKey
from beffroi.capture.recording import StreamRecording
from beffroi.capture.stream import CameraStream
from beffroi.capture.writers import WriterPool
from beffroi.domain.gaps import GapCause
from beffroi.domain.ids import AuthorityId, CameraId

FOR_EVER_US = 1 << 62


class Kept:
    """Stands for `StreamRecording`: what a stream handed to its writers."""

    def __init__(self) -> None:
        self.mandate: Mandate | None = None
        self.accounted_us: int | None = None
        self.groups: list[Group] = []
        self.ends: list[RunEnd] = []
        self.failed: list[RunEnd] = []
        self.closed: list[GapCause] = []
        self.lost: list[tuple[int, int]] = []
        self.alarms: list[Alarm] = []

    @property
    def frames(self) -> int:
        return sum(len(group.frames) for group in self.groups)

    def write(self, group: Group) -> None:
        self.groups.append(group)

    def run_ended(self, end: RunEnd, step_us: int = 0, offset_ms: float | None = None) -> None:
        self.ends.append(end)

    def attempt_failed(self, end: RunEnd) -> None:
        self.failed.append(end)

    def close(self, cause: GapCause) -> None:
        self.closed.append(cause)

    def packets_lost(self, packets: int, pictures: int) -> None:
        self.lost.append((packets, pictures))

    def alarm(self, what: Alarm, **_: object) -> None:
        self.alarms.append(what)  # a machine that lets pictures wait for a second takes a camera's clock for late

    def overrun(self, at_us: int) -> None:
        raise AssertionError("nothing is slow here")


class Capturing:
    """Streams by name, captured by one loop."""

    def __init__(self) -> None:
        self.loop = CaptureLoop()
        self.pool = WriterPool(1, on_failure=self._failed)
        self.streams: dict[str, CameraStream] = {}
        self.kept: dict[str, Kept] = {}
        self.failures: list[BaseException] = []

    def add(self, name: str, url: str, open_url: Callable[[], str] | None = None) -> Kept:
        """Capture an address, from now on."""
        kept = self.kept[name] = Kept()
        mandate = Mandate(
            key=StreamKey(CameraId(name), "main"),
            authority=AuthorityId("maire/99001"),
            term_days=1,
            from_us=0,
            until_us=FOR_EVER_US,
            serial=1,
            address="",
            open_url=open_url or (lambda: url),
        )
        stream = self.streams[name] = CameraStream(
            mandate=mandate,
            recording=cast(StreamRecording, kept),
            pool=self.pool,
            live=LiveStream(lambda _: None),
            clock=SystemClock(),
        )
        self.loop.add(stream)
        return kept

    def wait_frames(self, name: str, more: int, *, timeout_s: float = 60.0) -> None:
        """Until this stream has handed in so many frames more."""
        least = self.kept[name].frames + more
        wait_for(lambda: self.kept[name].frames >= least, timeout_s=timeout_s, what=f"{more} frames of {name}")

    def _failed(self, error: BaseException) -> None:
        self.failures.append(error)


@contextmanager
def capturing() -> Iterator[Capturing]:
    """A loop that runs for the time of the block."""
    held = Capturing()
    held.loop.start()
    try:
        yield held
    finally:
        held.loop.close()
        held.loop.join(30)
        held.pool.close(30)
    assert not held.loop.is_alive()
    assert not held.failures, held.failures
    assert threading.active_count() < 50
