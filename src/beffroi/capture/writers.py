"""A few threads that write, so that those who capture never wait for a disk.

Each stream belongs to one thread, which keeps its order. Groups of pictures wait in memory up to a cap, then are
refused: the caller drops them and says so. Small orders (a run ended, close) are always taken.
"""

import os
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Final

import structlog

_log = structlog.get_logger(__name__)

STREAM_CAP_BYTES: Final = 16 * 1024 * 1024
TOTAL_CAP_BYTES: Final = 96 * 1024 * 1024
EXIT_WRITER_FAILED: Final = 70

Task = Callable[[], None]


def end_process(error: BaseException) -> None:
    """A failed fsync, or anything unforeseen while writing: end the process. What is on disk is unknown until the next
    start has looked at every open file again."""
    _log.critical("a writer failed, the worker ends", error=type(error).__name__, exc_info=error)
    sys.stderr.flush()
    os._exit(EXIT_WRITER_FAILED)


class WriterPool:
    """Threads with a bounded backlog. ``on_failure`` is called in the writer's thread with what it did not expect."""

    def __init__(
        self,
        threads: int = 2,
        *,
        stream_cap: int = STREAM_CAP_BYTES,
        total_cap: int = TOTAL_CAP_BYTES,
        on_failure: Callable[[BaseException], None] = end_process,
    ) -> None:
        self._stream_cap = stream_cap
        self._total_cap = total_cap
        self._on_failure = on_failure
        self._lanes = [_Lane(self, number) for number in range(threads)]
        self._lock = threading.Lock()
        self._waiting: defaultdict[str, int] = defaultdict(int)
        self._total = 0
        for lane in self._lanes:
            lane.start()

    def submit(self, stream: str, size: int, task: Task) -> bool:
        """Queue one write of ``size`` bytes. False, and nothing queued, when too much waits already."""
        with self._lock:
            held = self._waiting[stream]
            if held and (held + size > self._stream_cap or self._total + size > self._total_cap):
                return False
            self._waiting[stream] += size
            self._total += size
        self._lane(stream).put(stream, size, task)
        return True

    def order(self, stream: str, task: Task) -> None:
        """Queue something small that must not be lost, in its place among this stream's writes."""
        self._lane(stream).put(stream, 0, task)

    def beats_s(self) -> list[float]:
        """When each thread last began or finished a task, monotonic; idle threads count as alive."""
        return [lane.beat_s for lane in self._lanes]

    def waiting_bytes(self) -> int:
        """Bytes not yet written."""
        return self._total

    def close(self, timeout_s: float = 30.0) -> None:
        """Finish what waits, then end the threads."""
        for lane in self._lanes:
            lane.put("", 0, None)
        for lane in self._lanes:
            lane.join(timeout_s)

    def _lane(self, stream: str) -> "_Lane":
        return self._lanes[sum(stream.encode()) % len(self._lanes)]

    def done(self, stream: str, size: int) -> None:
        """A task is over: called by its thread."""
        with self._lock:
            self._waiting[stream] -= size
            self._total -= size

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
