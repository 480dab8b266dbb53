"""The recorder's figures, collected when asked for: nothing is counted here that is not known anyway."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from beffroi import __version__
from beffroi.base.files import SYNCS
from beffroi.capture.handle import StreamId
from beffroi.capture.health import StreamState
from beffroi.capture.paths import RecorderPaths
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BeffroiError
from beffroi.vault.catalogueschema import connect
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.destruction import DestructionReport
from beffroi.vault.journal import Journal
from beffroi.vault.publichours import PublicHours
from beffroi.vault.sealing import hour_of
from beffroi.vault.signed import load_public_keys

PREFIX: Final = "beffroi_recorder"
_GAPS: Final = (
    "SELECT s.camera, s.name, g.cause, SUM(g.to_us - g.from_us) FROM gap g JOIN stream s ON s.id = g.stream_id "
    "GROUP BY s.id, g.cause"
)
_STREAM: Final = ("camera", "stream")
_COUNTERS: Final = {
    "frames": "Pictures received and handed to the writers.",
    "bytes": "Bytes of pictures received.",
    "rtp_lost": "RTP packets that never came.",
    "dropped_groups": "Groups of pictures dropped because the disk was too slow.",
    "runs": "Runs begun: each is one uninterrupted capture.",
}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the figures come from. Each is called at each collection, from any thread."""

    paths: RecorderPaths
    clock: Clock
    watch: ClockWatch
    health: Callable[[], dict[StreamId, dict[str, Any]]]
    disk: Callable[[], dict[str, Any]]
    destruction: Callable[[], DestructionReport]
    journal: Callable[[], Journal]
    workers: Callable[[], list[dict[str, float]]]


class RecorderCollector(Collector):
    """All families of a recorder. A source that does not answer leaves its families out, and `up` tells which."""

    def __init__(self, sources: Sources) -> None:
        self._of = sources
        self._began_s = sources.clock.monotonic_s()

    def collect(self) -> Iterator[Metric]:
        """The families, in the order in which people look for them."""
        info = GaugeMetricFamily(f"{PREFIX}_info", "Version of the program.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        answers = GaugeMetricFamily(f"{PREFIX}_part_up", "1 when this part gave its figures.", labels=["part"])
        parts: dict[str, Callable[[], list[Metric]]] = {
            "streams": self._streams,
            "gaps": self._gaps,
            "disk": self._disk,
            "clock": self._clock,
            "keys": self._keys,
            "destruction": self._destruction,
            "journal": self._journal,
            "processes": self._processes,
        }
        for name, part in parts.items():
            try:
                families = part()
            except (BeffroiError, OSError, ValueError, sqlite3.Error):
                answers.add_metric([name], 0)
            else:
                answers.add_metric([name], 1)
                yield from families
        yield answers

    def _streams(self) -> list[Metric]:
        health = self._of.health()
        counters = {
            field: CounterMetricFamily(f"{PREFIX}_stream_{field}", text, labels=_STREAM)
            for field, text in _COUNTERS.items()
        }
        state = GaugeMetricFamily(
            f"{PREFIX}_stream_state", "1 for the state that the stream is in.", labels=[*_STREAM, "state"]
        )
        since = GaugeMetricFamily(
            f"{PREFIX}_stream_state_since_seconds", "When it entered that state, Unix time.", labels=_STREAM
        )
        offset = GaugeMetricFamily(
            f"{PREFIX}_camera_clock_offset_seconds", "The camera's clock minus the recorder's.", labels=_STREAM
        )
        for key, one in sorted(health.items()):
            for field, family in counters.items():
                family.add_metric(key, float(one.get(field) or 0))
            for name in StreamState:
                state.add_metric([*key, name.value], float(one.get("state") == name.value))
            since.add_metric(key, (one.get("since_us") or 0) / 1e6)
            if one.get("camera_offset_ms") is not None:
                offset.add_metric(key, one["camera_offset_ms"] / 1000)
        return [*counters.values(), state, since, offset]

    def _gaps(self) -> list[Metric]:
        seconds = CounterMetricFamily(
            f"{PREFIX}_stream_gap_seconds", "Time without pictures, by cause.", labels=[*_STREAM, "cause"]
        )
        with closing(connect(self._of.paths.catalogue, create=False)) as db:
            for camera, stream, cause, missing_us in db.execute(_GAPS):
                seconds.add_metric([camera, stream, cause], missing_us / 1e6)
        return [seconds]

    def _disk(self) -> list[Metric]:
        disk = self._of.disk()
        if not disk["known"]:
            raise ValueError("not looked at yet")
        return [
            _gauge("disk_size_bytes", "Size of the disk that pictures go to.", disk["size"]),
            _gauge("disk_free_bytes", "Room left on it.", disk["free"]),
            _gauge("disk_reserve_bytes", "Kept free for catalogue, journal and footers.", disk["reserve"]),
            _gauge("disk_line_bytes", "Free bytes under which cameras give way.", disk["line"]),
            _gauge("disk_alarm_percent", "The alarm that stands: 0, 80, 90 or 95.", disk["alarm"]),
            _gauge("disk_holds_days", "Days of all cameras that it holds.", disk["holds_days"] or float("inf")),
            _gauge("disk_short", "1 when it will not hold every whole term.", disk["short"]),
            _gauge("cameras_stopped_disk", "Cameras not recorded, the disk is full.", len(disk["stopped"])),
            _gauge("cameras_refused_disk", "Cameras not armed, their minimum does not fit.", len(disk["refused"])),
        ]

    def _clock(self) -> list[Metric]:
        watch, clock = self._of.watch, self._of.clock
        return [
            _gauge("clock_doubt", "1 while the wall clock is not believed.", watch.doubtful()),
            _gauge("clock_doubt_seconds", "For how long it has not been.", watch.doubt_s()),
            _gauge("clock_error_seconds", "Wall minus steady clock.", (clock.wall_us() - watch.steady_us()) / 1e6),
        ]

    def _keys(self) -> list[Metric]:
        ahead = GaugeMetricFamily(
            f"{PREFIX}_hour_keys_ahead_hours",
            "Hours for which there is a key to record under.",
            labels=["authority", "term_days"],
        )
        hour = hour_of(self._of.clock.wall_us())
        last: dict[tuple[str, str], int] = {}
        hours = PublicHours.load(self._of.paths.hours, load_public_keys(self._of.paths.sheet_trust))
        for bundle in hours.bundles():
            key = (str(bundle.authority), str(bundle.term_days))
            last[key] = max(last.get(key, -1), bundle.last_hour)
        for key, until in sorted(last.items()):
            ahead.add_metric(key, max(0, until - hour))
        return [ahead]

    def _destruction(self) -> list[Metric]:
        report = self._of.destruction()
        return [
            _gauge("destruction_paused_files", "Files at term that wait: the clock is in doubt.", report.paused),
            _gauge("destruction_failed_files", "Files at term that could not be removed.", len(report.problems)),
        ]

    def _journal(self) -> list[Metric]:
        journal = self._of.journal()
        last, acked = journal.last_seq(), journal.acked()
        waiting = journal.read_after(acked, 1)
        age_s = max(0.0, (self._of.clock.wall_us() - waiting[0].wall_us) / 1e6) if waiting else 0.0
        return [
            _counter("journal_acts", "Acts entered in the journal.", last),
            _gauge("journal_waiting_acts", "Acts that the register has not taken in.", last - acked),
            _gauge("journal_waiting_seconds", "Age of the oldest of these.", age_s),
        ]

    def _processes(self) -> list[Metric]:
        workers = self._of.workers()
        return [
            _gauge("workers", "Worker processes.", len(workers)),
            _counter("worker_restarts", "Workers started again.", sum(one["restarts"] for one in workers)),
            _gauge("open_files", "Files and sockets open, all processes.", _open_files(workers)),
            _counter("syncs", "Writes that the disk confirmed.", SYNCS.count + _sum(workers, "syncs")),
            _counter("sync_seconds", "Time waited for it.", SYNCS.seconds + _sum(workers, "sync_seconds")),
            _gauge("write_waiting_bytes", "Pictures in memory, not written yet.", _sum(workers, "waiting_bytes")),
            _gauge("live_connections", "Live connections, all cameras together.", _sum(workers, "viewers")),
            _gauge("start_time_seconds", "When the recorder started, Unix time.", self._start_s()),
        ]

    def _start_s(self) -> float:
        return time.time() - (self._of.clock.monotonic_s() - self._began_s)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", text, value=float(value))


def _counter(name: str, text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(f"{PREFIX}_{name}", text, value=float(value))


def _sum(workers: list[dict[str, float]], name: str) -> float:
    return sum(one.get(name, 0) for one in workers)


def _open_files(workers: list[dict[str, float]]) -> int:
    count = 0
    for process in ["self", *(str(int(one["pid"])) for one in workers if one.get("pid"))]:
        with suppress(OSError):  # it has just ended
            count += sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())
    return count
