"""The whole way of a stream inside a recorder, on an injected clock: intake, groups, files, catalogue, journal.

Real parts all of them, in one thread: what is written is in the file when `send` returns. Only the camera and the
machine's clock are made up. `LabClock` is a machine's clock that may drift and be set; `LabCamera` has a clock of its
own, sends late, in bursts, with holes.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.clips import clip
from tests.support.keys import KeyWorld, key_world

from beffroi.capture.acts import RecorderJournal
from beffroi.capture.ends import RunEnd
from beffroi.capture.health import StreamHealth
from beffroi.capture.intake import Intake
from beffroi.capture.live_stream import LiveStream
from beffroi.capture.mandate import Mandate, StreamKey
from beffroi.capture.recording import Shelf, StreamRecording
from beffroi.capture.sink import StreamSink
from beffroi.capture.writers import WriterPool
from beffroi.domain.clock import ManualClock
from beffroi.domain.gaps import GapCause
from beffroi.domain.ids import CameraId
from beffroi.media.frame import Frame
from beffroi.media.rtp import AccessUnit
from beffroi.vault.catalogue import Catalogue, ChunkRow
from beffroi.vault.chunkformat import GopEntry
from beffroi.vault.journal import JournalEntry
from beffroi.vault.reader import ChunkReader

CAMERA: Final = CameraId("rue-1")
BASE_DELAY_US: Final = 20_000


@dataclass
class LabClock:
    """A machine's clock. ``true_s`` is what no clock says; ``ppm``: how fast the machine counts (both its clocks)."""

    origin_us: int
    ppm: float = 0.0
    true_s: float = 0.0
    set_by_us: int = 0

    def wall_us(self) -> int:
        return self.at_us(self.true_s) + self.set_by_us

    def monotonic_s(self) -> float:
        return self.true_s * (1 + self.ppm / 1e6)

    def at_us(self, true_s: float) -> int:
        """What the wall clock would say at a true time, had it never been set."""
        return self.origin_us + round(true_s * (1 + self.ppm / 1e6) * 1e6)

    def step(self, seconds: float) -> None:
        """The wall clock is set."""
        self.set_by_us += round(seconds * 1e6)


class InlinePool(WriterPool):
    """Writes at once, in the caller's thread."""

    def __init__(self) -> None:
        super().__init__(threads=0)

    def submit(self, stream: str, size: int, task: Callable[[], None]) -> bool:
        task()
        return True

    def order(self, stream: str, task: Callable[[], None]) -> None:
        task()


@dataclass
class LabCamera:
    """What the camera and the network do. Its media clock is ``ppm`` fast; ``clock_off_us`` is its wall clock's error.

    A picture arrives ``BASE_DELAY_US`` after it was taken, plus jitter; for ``burst_s`` every 30 s nothing comes, then
    all of it; at the start ``backlog_s`` comes at once. ``holes``: (from, to) in true seconds, nothing is sent.
    ``one_key``: of the clip's pictures its first is a key frame, and sent once.
    """

    fps: float = 5
    gop: int = 10
    ppm: float = 0.0
    jitter_us: int = 30_000
    burst_s: float = 0.0
    backlog_s: float = 0.0
    clock_off_us: int | None = None
    holes: tuple[tuple[float, float], ...] = ()
    seed: int = 0
    one_key: bool = False

    def pictures(self, duration_s: float) -> Iterator[tuple[int, float, float]]:
        """(number, true time taken, true time of arrival) of each picture sent, in order of arrival."""
        rng = random.Random(self.seed)  # noqa: S311  a simulation
        last = self.backlog_s
        for number in range(int(duration_s * self.fps)):
            taken = number / self.fps
            if any(from_s <= taken < to_s for from_s, to_s in self.holes):
                continue
            late = BASE_DELAY_US + (rng.expovariate(1 / self.jitter_us) if self.jitter_us else 0)
            arrival = taken + late / 1e6
            if self.burst_s and taken % 30 < self.burst_s:
                arrival = max(arrival, taken - taken % 30 + self.burst_s)
            last = max(arrival, last)  # TCP keeps the order
            yield number, taken, last


@dataclass
class Stack:
    """One stream of one recorder. ``sent``: true time taken of each picture handed in."""

    world: KeyWorld
    clock: LabClock
    intake: Intake
    recording: StreamRecording
    health: StreamHealth
    catalogue: Catalogue
    journal: RecorderJournal
    pool: WriterPool
    frames: tuple[Frame, ...]
    sent: list[float] = field(default_factory=list)

    def send(
        self,
        camera: LabCamera,
        duration_s: float,
        *,
        at: Callable[[float], None] = lambda _: None,
        from_number: int = 0,
    ) -> None:
        """Hand in what a camera sends. ``at`` is told the true time before each arrival: set the clock there."""
        rtp_zero = random.Random(camera.seed).getrandbits(32)  # noqa: S311  a simulation
        count = len(self.frames)
        for number, taken, arrival in camera.pictures(duration_s):
            if number < from_number:
                continue
            at(arrival)
            self.clock.true_s = max(self.clock.true_s, arrival)
            ticks = round(taken * 90_000 * (1 + camera.ppm / 1e6))
            camera_us = None
            if camera.clock_off_us is not None:
                camera_us = self.clock.at_us(taken) + BASE_DELAY_US + camera.clock_off_us
            frame = self.frames[number % count if number % count or not camera.one_key or not number else 1]
            self.sent.append(taken)
            rtp_time = (rtp_zero + ticks) % (1 << 32)
            self.intake.unit(AccessUnit(frame.data, frame.key, (), rtp_time, camera_us, lost=False))

    def stop(self) -> None:
        """The recorder stops in order."""
        self.intake.end(RunEnd.STOPPED)
        self.recording.close(GapCause.RECORDER_STOPPED)

    def rows(self) -> list[ChunkRow]:
        """All files, in the order in which they were opened."""
        return sorted(self.catalogue.all_chunks(), key=lambda row: row.id)

    def groups(self) -> Iterator[tuple[ChunkRow, GopEntry]]:
        """Every group on disk, with its file."""
        for row in self.rows():
            with ChunkReader.open(self.world.data / "recorder" / row.path) as reader:
                for gop in reader.gops:
                    yield row, gop

    def acts(self) -> list[JournalEntry]:
        """The journal, all of it on disk."""
        self.journal.close()
        return self.journal.reader().read_after(0, 10_000)


@contextmanager
def stack(folder: Path, clock: LabClock, *, gop: int = 10, hours: int = 6) -> Iterator[Stack]:
    """A stream about to be recorded, with hour keys for the time to come."""
    world = key_world(folder, ManualClock(wall=clock.wall_us()), hours_before=3, hours_after=hours)
    root = folder / "recorder"
    catalogue, journal = Catalogue.open(root / "catalogue.sqlite"), RecorderJournal(root / "journal.sqlite", clock)
    shelf = Shelf(root, catalogue, lambda: world.hours, "recorder-1", journal.post, clock, flush_s=3600.0)
    mandate = Mandate(
        StreamKey(CAMERA, "main"), world.authority, world.term_days, 0, 1 << 62, 1, "rtsp://camera", open_url=str
    )
    config, frames = clip("h264", count=50, gop=gop, width=64, height=48)
    recording = StreamRecording(mandate, shelf, None, GapCause.RECORDER_STOPPED)
    health, pool = StreamHealth(), InlinePool()
    sink = StreamSink(
        name="rue-1/main",
        recording=recording,
        pool=pool,
        live=LiveStream(lambda _: None),
        health=health,
        clock=clock,
    )
    intake = Intake(sink, clock)
    intake.session("h264", config.parameter_sets)
    try:
        yield Stack(world, clock, intake, recording, health, catalogue, journal, pool, frames)
    finally:
        journal.close()
        catalogue.close()
