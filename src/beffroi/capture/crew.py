"""The workers: how many, who records which stream, and what happens when one ends."""

import asyncio
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import structlog

from beffroi.capture.handle import StreamId, WorkerHandle
from beffroi.capture.health import StreamHealth, stream_row
from beffroi.capture.messages import Assignment
from beffroi.capture.paths import RecorderPaths
from beffroi.domain.gaps import GapCause
from beffroi.vault.chunk import FLUSH_S

_log = structlog.get_logger(__name__)

MAX_STREAMS: Final = 64
"""Streams of one worker before another is started. One carries more (a sixth of a core at 64 main streams); fewer
workers cost less, for each looks at its sockets at its own tick, and more of them lose less when one dies."""

_WATCH_S: Final = 0.1
_RESTART_S: Final = 0.5
_SHORT_LIFE_S: Final = 5.0
_AGAIN_S: Final = 10.0
"""A worker whose files could not be finished, for the disk refused, is tried again after so long."""

_MOST_RESTARTS: Final = 256
"""Restarts that may wait for their disks at once. Their threads are their own, and begun only when needed: they take
none from the recorder's other duties, nor from what answers the centre."""

Recover = Callable[[Collection[StreamId]], None]


class Crew:
    """All workers of a recorder. ``recover`` finishes the files that an ended worker left open."""

    def __init__(
        self,
        paths: RecorderPaths,
        *,
        recover: Recover,
        cores: int | None = None,
        log_level: str = "INFO",
        flush_s: float = FLUSH_S,
        keep_fds: Collection[int] = (),
        first_cause: GapCause = GapCause.RECORDER_STOPPED,
    ) -> None:
        self._paths = paths
        self._recover = recover
        self._least = cores or 1
        self._log_level = log_level
        self._flush_s = flush_s
        self._keep_fds = tuple(keep_fds)
        self.first_cause = first_cause
        self._workers: list[WorkerHandle] = []
        self._alive_s: dict[int, float] = {}
        self._restarts: dict[int, asyncio.Task[None]] = {}
        self._threads = ThreadPoolExecutor(_MOST_RESTARTS, thread_name_prefix="restart")
        self._stopping = False

    def prepare(self, streams: int) -> None:
        """Have the workers for so many streams started, without a stream yet: they load while files are recovered."""
        if streams:
            self._roomiest(streams)

    def assign(self, wanted: dict[StreamId, Assignment]) -> None:
        """Bring the workers in line with what is to be recorded: a stream stays where it is, a new one goes to the
        worker that has the fewest. May be asked again after a failure: it goes on where it stopped.

        Raises:
            OSError: a worker cannot be started. What the others are to do, they have been told.
        """
        changed: set[int] = set()
        for worker in self._workers:
            kept = {key: wanted[key] for key in worker.streams if key in wanted}
            if kept != worker.streams:
                worker.streams = kept
                changed.add(worker.number)
        held = {key for worker in self._workers for key in worker.streams}
        try:
            for key in wanted.keys() - held:
                worker = self._roomiest(len(wanted))
                worker.streams = {**worker.streams, key: wanted[key]}  # replaced, not changed: other threads read it
                changed.add(worker.number)
        finally:  # also when a worker cannot be started: nobody records on what is ordered no more
            for number in changed:
                self._workers[number].tell_streams()

    def tell_all(self, message: dict[str, Any]) -> None:
        """One order to every worker."""
        for worker in self._workers:
            worker.tell(message)

    def health(self) -> dict[StreamId, dict[str, Any]]:
        """Last report of every assigned stream, with its worker and live socket. Every row is whole: a stream whose
        worker has not reported yet, or is between two lives, is told as one that has received nothing."""
        found = {}
        for worker in self._workers:
            where = {"worker": worker.number, "pid": worker.pid, "live": str(self._paths.live(worker.number))}
            for key in worker.streams:
                health = worker.health.get(key) or stream_row(key, StreamHealth())
                found[key] = {**health, **where, "worker_restarts": worker.restarts}
        return found

    def figures(self) -> list[dict[str, float]]:
        """Of each worker: ``pid`` (0: none now), ``restarts``, and what it last told (bytes, seconds, counts)."""
        return [
            {**worker.figures, "pid": worker.pid or 0, "restarts": worker.restarts} for worker in list(self._workers)
        ]

    async def watch(self) -> None:
        """Start again what ends, kill what is stuck. For ever.

        Each restart is a task of its own: a worker whose disk does not answer keeps no other waiting.

        Raises:
            FsyncFailedError, CatalogueError: the files of one could not be finished. It is tried again by whoever
                watches again; the restarts of others go on meanwhile.
        """
        while True:
            self._end_restarts()
            for worker in list(self._workers):
                if worker.number not in self._restarts:
                    self._look(worker)
            await asyncio.sleep(_WATCH_S)

    async def stop(self, timeout_s: float = 25.0) -> bool:
        """Stop all; True when each closed its files by itself, and those of a worker that had ended are finished.
        One whose restart is under way is not started any more."""
        self._stopping = True
        stops = (worker.stop(timeout_s) for worker in self._workers)
        results = await asyncio.gather(self._restarts_ended(timeout_s), *stops)
        return all(results)

    def _look(self, worker: WorkerHandle) -> None:
        if worker.pid is None:
            if time.monotonic() - self._alive_s[worker.number] >= _AGAIN_S:
                self._restarts[worker.number] = asyncio.create_task(self._start_recovered(worker))
            return
        what = worker.stuck()
        if what:
            _log.critical("a worker is stuck and is killed", worker=worker.number, stuck=what)
            worker.kill()
        code = worker.exit_code()
        if code is not None:
            self._restarts[worker.number] = asyncio.create_task(self._restart(worker, code))

    def _end_restarts(self) -> None:
        """Forget those that are over. One that failed raises what it failed by; the others are left for the next."""
        for number, task in list(self._restarts.items()):
            if task.done():
                del self._restarts[number]
                task.result()

    async def _restarts_ended(self, timeout_s: float) -> bool:
        """Whether what is being finished now is, in this time: the catalogue is closed afterwards."""
        restarts, self._restarts = list(self._restarts.values()), {}
        if not restarts:
            return True
        done, late = await asyncio.wait(restarts, timeout=timeout_s)
        for task in late:
            task.cancel()
        failed = [str(task.exception()) for task in done if task.exception()]
        if failed or late:
            _log.error("files are left unfinished until the next start", late=len(late), failed=failed)
        return not (failed or late)

    async def _restart(self, worker: WorkerHandle, code: int) -> None:
        _log.error("a worker ended and is started again", worker=worker.number, exit_code=code)
        lived_s = time.monotonic() - self._alive_s.get(worker.number, 0.0)
        worker.forget()
        worker.restarts += 1
        worker.cause = GapCause.RECORDER_KILLED
        if lived_s < _SHORT_LIFE_S:
            await asyncio.sleep(_RESTART_S)
        await self._start_recovered(worker)

    async def _start_recovered(self, worker: WorkerHandle) -> None:
        """Finish what a worker left open, then start it. When the first fails it is shouted by who keeps this duty, and
        `watch` tries it again: a stream must not stay without a worker."""
        self._alive_s[worker.number] = time.monotonic()
        await asyncio.get_running_loop().run_in_executor(self._threads, self._recover, list(worker.streams))
        if not self._stopping:
            self._start(worker)

    def _roomiest(self, total: int) -> WorkerHandle:
        useful = min(total, max(self._least, -(-total // MAX_STREAMS)))
        while len(self._workers) < useful:
            number = len(self._workers)
            worker = WorkerHandle(
                self._paths, number, log_level=self._log_level, flush_s=self._flush_s, keep_fds=self._keep_fds
            )
            worker.cause = self.first_cause
            self._workers.append(worker)
            self._start(worker)
        return min(self._workers, key=lambda worker: len(worker.streams))

    def _start(self, worker: WorkerHandle) -> None:
        self._alive_s[worker.number] = time.monotonic()
        worker.start()
