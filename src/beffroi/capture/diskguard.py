"""The disk, watched each second: alarms as it fills, and what gives way when it is full."""

import asyncio
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Protocol

import structlog

from beffroi.base.files import FsyncFailedError
from beffroi.capture.alarms import Alarm
from beffroi.capture.arming import Arming
from beffroi.capture.diskpolicy import Giver, Relief, Sized, alarm_level, depth, missing, relieve
from beffroi.capture.duties import Post
from beffroi.capture.paths import RecorderPaths
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BrokenError
from beffroi.domain.ids import CameraId
from beffroi.vault.capacity import Disk, sentence
from beffroi.vault.catalogue import Catalogue, ChunkRow, ChunkState
from beffroi.vault.destruction import DestructionReport
from beffroi.vault.journal import ActKind
from beffroi.vault.oldest import oldest_files
from beffroi.vault.sheet import RecordingSheet, WhenFull

_log = structlog.get_logger(__name__)

LOOK_S: Final = 1.0
_TERM_AGAIN_S: Final = 10.0
"""While the disk is full, destruction at term runs this often."""

_EASE_AFTER_S: Final = 20.0
"""Cameras that stopped stay so for at least this long: they do not start and stop with each file."""

_KEPT_S: Final = 600.0
"""Files that could not go (held) are not asked for again for so long."""

_ALARMS: Final = {80: Alarm.DISK_80, 90: Alarm.DISK_90, 95: Alarm.DISK_95}


class Destroys(Protocol):
    """What the guard needs of `beffroi.capture.destroying.Destroying`."""

    def once(self) -> DestructionReport:
        """Destroy now what has reached its term."""
        ...

    def early(self, rows: Sequence[ChunkRow]) -> int:
        """Destroy these before their term; how many went."""
        ...


class DiskGuard:
    """Looks at the disk that the pictures go to. ``changed`` is called (from a thread) when other cameras give way."""

    def __init__(
        self,
        paths: RecorderPaths,
        *,
        catalogue: Catalogue,
        destroying: Destroys,
        clock: Clock,
        post: Post,
        changed: Callable[[], None],
        read: Callable[[], Disk] | None = None,
    ) -> None:
        self._paths = paths
        self._catalogue = catalogue
        self._destroying = destroying
        self._clock = clock
        self._post = post
        self._changed = changed
        self._read = read or (lambda: Disk.read(paths.root / "streams"))
        self._arming = Arming(paths, clock, post)
        self._one = threading.Lock()
        self._sheets: Mapping[CameraId, RecordingSheet] = {}
        self._refused: frozenset[CameraId] = frozenset()
        self._stopped: frozenset[CameraId] = frozenset()
        self._depth = 0.0
        self._stopped_s = -_EASE_AFTER_S
        self._term_s = -_TERM_AGAIN_S
        self._level = 0
        self._kept: set[int] = set()
        self._kept_s = 0.0
        self.disk: Disk | None = None

    async def keep(self) -> None:
        """The duty."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(LOOK_S)

    def follow(self, sheets: Mapping[CameraId, RecordingSheet]) -> None:
        """The sheets in force now: weigh them, before any new one is armed. Blocking. A disk that does not answer
        refuses nobody: cameras are recorded, or fail, each by itself; the duty shouts about it.

        Raises:
            FsyncFailedError: let it end the program.
        """
        with self._one:
            self._sheets = dict(sheets)
        try:
            self.look()
        except FsyncFailedError:
            raise
        except (OSError, BrokenError) as error:
            _log.error("the disk could not be weighed", error=type(error).__name__)

    def paused(self) -> frozenset[CameraId]:
        """Cameras that are ordered, and not recorded for want of room."""
        return self._refused | self._stopped

    def figures(self) -> dict[str, Any]:
        """For whoever asks how the disk is: bytes, percent, what gives way, and the sentence of the reckoning."""
        disk, found = self.disk, self._arming.capacity
        if disk is None:
            return {"known": False}
        return {
            "known": True,
            "size": disk.size,
            "free": disk.free,
            "used_percent": round(disk.used_percent, 1),
            "reserve": disk.reserve,
            "line": disk.line(self._arming.kbit_s),
            "kbit_s": round(self._arming.kbit_s, 1),
            "alarm": self._level,
            "stopped": sorted(self._stopped),
            "refused": sorted(self._refused),
            "short": found.short if found else False,
            "holds_days": None if found is None or found.holds_days > 36_500 else round(found.holds_days, 2),
            "text": sentence(found).as_dict() if found else None,
        }

    def look(self) -> None:
        """Look once. Blocking.

        Raises:
            OSError, CatalogueError, JournalBrokenError: the disk does not answer.
            FsyncFailedError: let it end the program.
        """
        with self._one:
            before = self.paused()
            disk = self._seen()
            self._refused = self._arming.weigh(self._sheets, disk)
            self._relieve(disk)
            changed = self.paused() != before
        if changed:
            self._changed()

    def _seen(self) -> Disk:
        self.disk = disk = self._read()
        level = alarm_level(disk.used_percent, self._level)
        if level != self._level:
            raised = level > self._level
            alarm = _ALARMS[level if raised else self._level]
            fields = {"used_percent": round(disk.used_percent, 1), "free_bytes": disk.free, "size_bytes": disk.size}
            self._post(ActKind.ALARM, {"what": alarm.value, "state": "raised" if raised else "cleared", **fields})
            _log.warning("the disk fills" if raised else "the disk has room again", alarm=alarm.value, **fields)
            self._level = level
        return disk

    def _relieve(self, disk: Disk) -> None:
        now_s = self._clock.monotonic_s()
        if disk.free < disk.line(self._arming.kbit_s) and now_s - self._term_s >= _TERM_AGAIN_S:
            self._term_s = now_s
            if self._destroying.once().destroyed:
                disk = self._seen()
        line = disk.line(self._arming.kbit_s)
        may_ease = now_s - self._stopped_s >= _EASE_AFTER_S
        deep = depth(disk.free, reserve=disk.reserve, line=line, before=self._depth, may_ease=may_ease)
        wanted = missing(disk.free, reserve=disk.reserve, line=line)
        relief = relieve(self._givers(), self._oldest, deep=deep, wanted=wanted)
        while relief.destroy and not self._destroy_early(relief.destroy, disk):
            # Some may not go (held): what is still wanted is reckoned without them, or somebody stops.
            disk = self._seen()
            wanted = missing(disk.free, reserve=disk.reserve, line=line)
            relief = relieve(self._givers(), self._oldest, deep=deep, wanted=wanted) if wanted else Relief()
        if relief.stop - self._stopped:
            self._stopped_s = now_s
        self._depth = deep
        self._stop(relief.stop, disk)

    def _givers(self) -> list[Giver]:
        return [
            Giver(camera, sheet.priority, _gives_early(sheet))
            for camera, sheet in self._sheets.items()
            if camera not in self._refused
        ]

    def _oldest(self, cameras: Collection[CameraId], wanted: int) -> Sequence[ChunkRow]:
        if not wanted:
            return ()
        sheets = (self._sheets[camera] for camera in cameras)
        givers = {sheet.camera: (str(sheet.authority), sheet.term_days) for sheet in sheets if _gives_early(sheet)}
        if self._clock.monotonic_s() - self._kept_s > _KEPT_S:
            self._kept, self._kept_s = set(), self._clock.monotonic_s()
        return oldest_files(self._paths.catalogue, self._catalogue, givers, wanted, without=self._kept)

    def _destroy_early(self, files: Sequence[Sized], disk: Disk) -> bool:
        """Destroy these. False: some are still there, and are not asked for again for a while."""
        rows = [row for row in files if isinstance(row, ChunkRow)]
        done = self._destroying.early(rows)
        left = {row.id for row in rows if (now := self._catalogue.chunk(row.id)) and now.state is ChunkState.CLOSED}
        self._kept |= left
        if done:
            fields = {"files": done, "cameras": sorted({row.camera for row in rows}), "free_bytes": disk.free}
            self._post(ActKind.ALARM, {"what": Alarm.DESTROYED_EARLY.value, **fields})
            _log.warning("destroyed before its term, the disk is full", **fields)
        return not left

    def _stop(self, stop: frozenset[CameraId], disk: Disk) -> None:
        if stop == self._stopped:
            return
        fields = {
            "state": "raised" if stop else "cleared",
            "stopped": sorted(stop - self._stopped),
            "started": sorted(self._stopped - stop),
            "free_bytes": disk.free,
        }
        self._post(ActKind.ALARM, {"what": Alarm.CAMERAS_STOPPED_DISK.value, **fields})
        _log.warning("the disk is full: other cameras give way", **fields)
        self._stopped = stop


def _gives_early(sheet: RecordingSheet) -> bool:
    return sheet.when_full is WhenFull.DESTROY_OLDEST and not sheet.min_days
