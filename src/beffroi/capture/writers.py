"""A few threads that write, so that those who capture never wait for a disk.

Each disk has its own threads and its own cap: one that hangs holds up nobody else. Each stream belongs to one thread,
which keeps its order. Groups of pictures wait in memory up to a cap, then are refused: the caller drops them and says
so. Small orders (a run ended, close) are always taken.
"""

import os
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

_log = structlog.get_logger(__name__)

STREAM_CAP_BYTES: Final = 48 * 1024 * 1024
"""A minute of a stream of 6 Mbit/s: what a disk may hang without a picture lost, where memory allows."""

MIN_CAP_BYTES: Final = 96 * 1024 * 1024
_MEMORY_SHARE: Final = 4
EXIT_WRITER_FAILED: Final = 70

_UNPLACED: Final = -1

Task = Callable[[], None]


def end_process(error: BaseException) -> None:
    """A failed fsync, or anything unforeseen while writing: end the process. What is on disk is unknown until the next
    start has looked at every open file again."""
    _log.critical("a writer failed, the worker ends", error=type(error).__name__, exc_info=error)
    sys.stderr.flush()
    os._exit(EXIT_WRITER_FAILED)


def backlog_cap(workers: int) -> int:
    """What one of so many workers may hold for a disk that does not take it: their share of a quarter of the memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(MIN_CAP_BYTES, memory // _MEMORY_SHARE // max(1, workers))


def disk_of(folder: Path) -> int:
    """The disk that a folder lies on, or will."""
    while not folder.exists():
        folder = folder.parent
    return folder.stat().st_dev


class WriterPool:
    """Threads with a bounded backlog, so many for each disk. ``on_failure`` is called in the writer's thread with what
    it did not expect."""

    def __init__(
        self,
        threads: int = 2,
        *,
        stream_cap: int = STREAM_CAP_BYTES,
        total_cap: int = MIN_CAP_BYTES,
        on_failure: Callable[[BaseException], None] = end_process,
    ) -> None:
        self._stream_cap = stream_cap
        self._total_cap = total_cap
        self._on_failure = on_failure
        self._threads = threads
        self._lock = threading.Lock()
        self._waiting: defaultdict[str, int] = defaultdict(int)
        self._disk_of: dict[str, int] = {}
        self._lanes: dict[int, list[_Lane]] = {}
        self._total: defaultdict[int, int] = defaultdict(int)

    def place(self, stream: str, disk: int) -> None:
        """This stream is written to that disk (`os.stat_result.st_dev`). To be said before its first write."""
        with self._lock:
            self._disk_of.setdefault(stream, disk)

    def submit(self, stream: str, size: int, task: Task) -> bool:
        """Queue one write of ``size`` bytes. False, and nothing queued, when too much waits already."""
        with self._lock:
            held, disk = self._waiting[stream], self._disk_of.get(stream, _UNPLACED)
            if held and (held + size > self._stream_cap or self._total[disk] + size > self._total_cap):
                return False
            self._waiting[stream] += size
            self._total[disk] += size
        self._lane(stream).put(stream, size, task)
        return True

    def order(self, stream: str, task: Task) -> None:
        """Queue something small that must not be lost, in its place among this stream's writes."""
        self._lane(stream).put(stream, 0, task)

    def beats_s(self) -> list[float]:
        """When each thread last began or finished a task, monotonic; idle threads count as alive."""
        return [lane.beat_s for lane in self._every_lane()]

    def waiting_bytes(self) -> int:
        """Bytes not yet written."""
        with self._lock:
            return sum(self._total.values())

    def close(self, timeout_s: float = 30.0) -> None:
        """Finish what waits, then end the threads."""
        lanes, deadline_s = self._every_lane(), time.monotonic() + timeout_s
        for lane in lanes:
            lane.put("", 0, None)
        for lane in lanes:
            lane.join(max(0.0, deadline_s - time.monotonic()))

    def _every_lane(self) -> "list[_Lane]":
        with self._lock:
            return [lane for lanes in self._lanes.values() for lane in lanes]

    def _lane(self, stream: str) -> "_Lane":
        with self._lock:
            disk = self._disk_of.get(stream, _UNPLACED)
            if disk not in self._lanes:
                self._lanes[disk] = [_Lane(self, number) for number in range(self._threads)]
                for lane in self._lanes[disk]:
                    lane.start()
            lanes = self._lanes[disk]
        return lanes[sum(stream.encode()) % len(lanes)]

    def done(self, stream: str, size: int) -> None:
        """A task is over: called by its thread."""
        with self._lock:
            self._waiting[stream] -= size
            self._total[self._disk_of.get(stream, _UNPLACED)] -= size

    def failed(self, error: BaseException) -> None:
        """A task raised: called by its thread."""
        self._on_failure(error)


class _Lane(threading.Thread):
    """One writing thread and its queue."""

    def __init__(self, pool: WriterPool, number: int) -> None:
        super().__init__(name=f"writer-{number}", daemon=True)
        self._pool = pool
        self._queue: deque[tuple[str, int, Task | None]] = deque()
        self._ready = threading.Semaphore(0)
        self.beat_s = float("inf")

    def put(self, stream: str, size: int, task: Task | None) -> None:
        self._queue.append((stream, size, task))
        self._ready.release()

    def run(self) -> None:
        while True:
            self.beat_s = float("inf")
            self._ready.acquire()
            self.beat_s = time.monotonic()
            stream, size, task = self._queue.popleft()
            if task is None:
                return
            try:
                task()
            except Exception as error:  # noqa: BLE001  whatever it is, the files' state is unknown: see `end_process`
                self._pool.failed(error)
            finally:
                self._pool.done(stream, size)
