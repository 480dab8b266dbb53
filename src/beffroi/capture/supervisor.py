"""The recorder program: reads the sheets, keeps the workers going, answers the centre, destroys at term.

It touches no picture: a fault here stops no recording, and workers outlive its pauses.
"""

import asyncio
import contextlib
import signal
from collections.abc import Collection, Set
from dataclasses import replace
from typing import Any, Final

import structlog

from beffroi.base.clock import BootClock, SystemClock
from beffroi.base.ending import bring_to_end
from beffroi.base.files import unlink_durable, write_durable
from beffroi.base.metrics import open_metrics, text_of
from beffroi.capture.accounting import Accounting
from beffroi.capture.acts import RecorderJournal
from beffroi.capture.control import ControlServer
from beffroi.capture.crew import Crew
from beffroi.capture.destroying import Destroying
from beffroi.capture.diskguard import DiskGuard
from beffroi.capture.duties import keep
from beffroi.capture.folderlock import lock_folder
from beffroi.capture.handle import StreamId
from beffroi.capture.health import StreamHealth, StreamState, stream_row
from beffroi.capture.holding import Holding
from beffroi.capture.leases import LeaseChecker
from beffroi.capture.messages import Assignment
from beffroi.capture.methods import Method, Methods
from beffroi.capture.metrics import RecorderCollector, Sources
from beffroi.capture.paths import RecorderPaths
from beffroi.capture.registerheads import RegisterHeads
from beffroi.capture.sheets import SheetWatch
from beffroi.domain.gaps import GapCause
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.chunk import FLUSH_S
from beffroi.vault.clockstamp import StampFile
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.credentials import RecorderIdentity
from beffroi.vault.diskmark import open_disk
from beffroi.vault.journal import ActKind
from beffroi.vault.recover import Outcome, recover
from beffroi.vault.tell import tell_untold

_log = structlog.get_logger(__name__)

_POLL_S: Final = 0.5


class Supervisor:
    """One recorder. `run` returns after an orderly stop (SIGTERM, SIGINT)."""

    def __init__(
        self,
        paths: RecorderPaths,
        *,
        cores: int | None = None,
        log_level: str = "INFO",
        flush_s: float = FLUSH_S,
        destroy_every_s: float = 60.0,
        metrics: str | None = None,
    ) -> None:
        self._paths = paths
        self._clock = SystemClock()
        self._wanted: dict[StreamId, Assignment] = {}
        self._told: dict[StreamId, Assignment] = {}
        self._without: Set[StreamId] = frozenset()
        self._stopping = asyncio.Event()
        self._nudge = asyncio.Event()
        paths.prepare()
        self._metrics_at = metrics
        self._lock_fd = lock_folder(paths.lock)
        first_ever = not paths.journal.exists()
        was_stopped = first_ever or paths.stopped.exists()
        self._identity = RecorderIdentity.open_or_create(paths.root)
        open_disk(paths.root, self._identity.public)
        self._journal = RecorderJournal(paths.journal, self._clock)
        self._catalogue = Catalogue.open(paths.catalogue)
        self._clock_watch = ClockWatch(
            BootClock(), last_wall_us=self._journal.reader().last_wall_us(), stamp=StampFile(paths.clock)
        )
        self._sheets = SheetWatch(paths, self._clock, self._clock_watch, self._journal.post)
        self._holding = Holding(
            paths, catalogue=self._catalogue, journal=self._journal.reader, clock=self._clock, watch=self._clock_watch
        )
        self._destroying = Destroying(
            paths,
            freezer=self._holding.freezer,
            min_days=self._sheets.min_days,
            catalogue=self._catalogue,
            journal=self._journal.reader,
            clock=self._clock,
            watch=self._clock_watch,
            every_s=destroy_every_s,
        )
        self._guard = DiskGuard(
            paths,
            catalogue=self._catalogue,
            destroying=self._destroying,
            clock=self._clock,
            post=self._journal.post,
            changed=self._assign_soon,
        )
        self._accounting = Accounting(paths, journal=self._journal.reader, clock=self._clock, post=self._journal.post)
        self._heads = RegisterHeads(paths.register_trust, journal=self._journal.reader, clock=self._clock)
        self._crew = Crew(
            paths,
            recover=self._recover_streams,
            cores=cores,
            log_level=log_level,
            flush_s=flush_s,
            keep_fds=(self._lock_fd,),
            first_cause=GapCause.RECORDER_STOPPED if was_stopped else GapCause.RECORDER_KILLED,
        )
        self._collector = RecorderCollector(self._sources())

    def health(self) -> dict[StreamId, dict[str, Any]]:
        """Every stream of every sheet, recorded or not."""
        found = self._crew.health()
        for key, health in found.items():
            if key in self._wanted:
                health["authority"] = self._wanted[key].authority
        for camera, ended in self._sheets.ended.items():
            stopped = StreamHealth(StreamState.STOPPED, cause=GapCause.NO_ORDER.value)
            for stream in ("main", "sub"):
                found.setdefault((camera, stream), {**stream_row((camera, stream), stopped), "sheet": ended.cause})
        return found

    def reload(self) -> None:
        """Read the sheets again now. May be called from any thread."""
        self._sheets.asked = True
        self._loop.call_soon_threadsafe(self._nudge.set)

    async def run(self) -> None:
        """Record until told to stop."""
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._stopping.set)
        metrics = open_metrics(self._metrics_at, [self._collector])  # a wrong address ends it before anything began
        self._crew.prepare(sum(1 for _ in self._paths.sheets.glob("*.json")))  # a sheet is at least one stream
        await asyncio.to_thread(self._begin)
        control = ControlServer(self._methods())
        await control.start(self._paths.control)
        _log.info("recorder started", data=str(self._paths.data))
        duties = [self._follow_sheets, self._follow_hours, self._destroying.keep, self._guard.keep, self._crew.watch]
        duties.append(self._accounting.keep)
        tasks = [asyncio.create_task(keep(duty, self._journal.post)) for duty in duties]
        await self._stopping.wait()
        await bring_to_end(*tasks)
        control.close()
        if metrics is not None:
            metrics.close()
        orderly = await self._crew.stop()
        await control.stop()  # before what it reads is closed
        await asyncio.to_thread(self._end, orderly)

    def _begin(self) -> None:
        """What comes before the first worker: finish the files that a crash left open."""
        self._recover_streams(None)
        self._journal.post(
            ActKind.RECORDER_STARTED,
            {"recorder": self._identity.public.hex()[:16], "after": self._crew.first_cause.value},
        )
        if self._paths.stopped.exists():
            unlink_durable(self._paths.stopped)

    def _end(self, orderly: bool) -> None:
        self._journal.post(ActKind.RECORDER_STOPPED, {"orderly": orderly})
        self._journal.close()
        self._catalogue.close()
        if orderly:
            write_durable(self._paths.stopped, b"")
        self._paths.control.unlink(missing_ok=True)
        _log.info("recorder stopped", orderly=orderly)

    def _recover_streams(self, streams: Collection[StreamId] | None) -> None:
        for item in recover(self._paths.root, self._catalogue, streams=streams):
            if item.outcome is Outcome.BUSY:
                continue
            fields = {"path": item.path, "outcome": item.outcome.value, "frames": item.frames}
            _log.warning("unfinished file", **fields, cut_bytes=item.cut_bytes)
            self._journal.post(ActKind.RECOVERY, {**fields, "cut_bytes": item.cut_bytes})
        tell_untold(self._paths.catalogue, self._paths.journal, self._journal.post)

    async def _follow_sheets(self) -> None:
        while True:
            if await asyncio.to_thread(self._sheets.changed):
                wanted = await asyncio.to_thread(self._sheets.read)
                self._wanted = {key: wanted[key] for key in self._wanted if key in wanted}
                self._assign()  # what is ordered no more waits for no disk to be weighed
                await asyncio.to_thread(self._guard.follow, self._sheets.active)
                self._wanted = wanted
                self._assign()
            self._nudge.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):  # `wait_for` loses an end just after a nudge (until 3.12)
                    await self._nudge.wait()

    def _assign_soon(self) -> None:
        self._loop.call_soon_threadsafe(self._assign)

    def _assign(self) -> None:
        """Tell the crew what to record, and which of it waits for room on the disk."""
        paused, ended = self._guard.paused(), self._without
        self._without = (ended | self._told.keys()) - self._wanted.keys()
        told = {
            key: replace(item, paused=key[0] in paused, cause=GapCause.NO_ORDER.value if key in ended else "")
            for key, item in self._wanted.items()
        }
        if told != self._told:
            self._crew.assign(told)
            self._told = told  # after: a worker that could not be started has them assigned again

    async def _follow_hours(self) -> None:
        """Have the workers read the hour keys again when the folder changes."""
        stamp = _mtime(self._paths)
        while True:
            await asyncio.sleep(_POLL_S)
            now = _mtime(self._paths)
            if now != stamp:
                stamp = now
                self._journal.post(ActKind.HOURS_APPLIED, {})
                self._crew.tell_all({"do": "hours"})

    def _methods(self) -> Methods:
        return Methods(
            root=self._paths.root,
            catalogue=self._catalogue,
            journal=self._journal.reader,
            leases=LeaseChecker(self._paths.gate_trust, self._clock),
            recorder=self,
            clock=self._clock,
            more=self._more_methods(),
        )

    def _more_methods(self) -> dict[str, Method]:
        """Requests answered by modules of their own."""
        return {
            "disk": lambda _: self._guard.figures(),
            "metrics": lambda _: {"text": text_of(self._collector)},
            **self._holding.methods(),
            **self._accounting.methods(),
            **self._heads.methods(),
        }

    def _sources(self) -> Sources:
        return Sources(
            paths=self._paths,
            clock=self._clock,
            watch=self._clock_watch,
            health=self.health,
            disk=self._guard.figures,
            destruction=lambda: self._destroying.last,
            journal=self._journal.reader,
            workers=self._crew.figures,
        )


def _mtime(paths: RecorderPaths) -> tuple[int, ...]:
    return tuple(sorted(path.stat().st_mtime_ns for path in paths.hours.glob("*.json")))
