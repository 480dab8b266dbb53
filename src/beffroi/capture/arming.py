"""Before a camera is recorded for the first time: does the disk hold what its order asks for?"""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import structlog

from beffroi.base.files import write_durable
from beffroi.capture.alarms import Alarm
from beffroi.capture.duties import Post
from beffroi.capture.paths import RecorderPaths
from beffroi.domain.clock import Clock
from beffroi.domain.ids import CameraId
from beffroi.domain.text import Text
from beffroi.vault.capacity import Capacity, Disk, need_of, refusal, sentence, weigh
from beffroi.vault.journal import ActKind
from beffroi.vault.oldest import held_bytes, measured_rates, recorded_cameras
from beffroi.vault.sheet import RecordingSheet

_log = structlog.get_logger(__name__)

_AGAIN_S: Final = 60.0
_RATES_US: Final = 2 * 3_600_000_000


class Arming:
    """Weighs the sheets against the disk: at each change of them, and each minute. Blocking: call from a thread.

    A camera once armed stays so: its name is kept on disk, and this reckoning never takes it away.
    """

    def __init__(self, paths: RecorderPaths, clock: Clock, post: Post) -> None:
        self._paths = paths
        self._clock = clock
        self._post = post
        self._armed = _load(paths.armed)
        self._weighed_s = 0.0
        self._serials: dict[CameraId, int] = {}
        self._told: set[str] = set()
        self.capacity: Capacity | None = None
        self.kbit_s = 0.0
        """Rate of all that is recorded."""

    def weigh(self, sheets: Mapping[CameraId, RecordingSheet], disk: Disk) -> frozenset[CameraId]:
        """The cameras that are not to be armed.

        Raises:
            CatalogueError, OSError: the disk does not answer.
        """
        now_s = self._clock.monotonic_s()
        serials = {camera: sheet.serial for camera, sheet in sheets.items()}
        if self.capacity is not None and serials == self._serials and now_s - self._weighed_s < _AGAIN_S:
            return self.capacity.refused
        armed = self._armed if self._armed is not None else recorded_cameras(self._paths.catalogue)
        rates = measured_rates(self._paths.catalogue, self._clock.wall_us() - _RATES_US)
        needs = [
            need_of(sheet, rates.get(camera, {}), armed=camera in armed) for camera, sheet in sorted(sheets.items())
        ]
        held = held_bytes(self._paths.catalogue)
        self.kbit_s = sum(need.kbit_s for need in needs)
        # What others keep on this disk, and the line under which cameras give way, are not room.
        found = weigh(needs, max(0, min(disk.free + held, disk.size) - disk.line(self.kbit_s)))
        self._keep((armed & set(sheets)) | (set(sheets) - found.refused))
        self._tell(found)
        self.capacity, self._serials, self._weighed_s = found, serials, now_s
        return found.refused

    def _keep(self, armed: set[CameraId]) -> None:
        if armed != self._armed:
            write_durable(self._paths.armed, json.dumps(sorted(armed)).encode())
            self._armed = armed

    def _tell(self, found: Capacity) -> None:
        said: set[str] = set()
        fields: dict[str, Any]
        if found.short:
            said.add("short")
            fields = {"room_bytes": found.room, "most_bytes": found.most, "least_bytes": found.least}
            self._once("short", Alarm.DISK_SHORT, {**fields, "state": "raised"}, sentence(found))
        elif "short" in self._told:
            self._post(ActKind.ALARM, {"what": Alarm.DISK_SHORT.value, "state": "cleared"})
        for camera in found.refused:
            said.add(camera)
            need = found.needs[camera]
            fields = {"camera": camera, "least_bytes": need.least, "room_bytes": found.room}
            fields |= {"kbit_s": round(need.kbit_s), "rate": need.source.value, "priority": need.priority}
            self._once(camera, Alarm.CAMERA_REFUSED_DISK, fields, refusal(found, camera))
        self._told = said

    def _once(self, key: str, alarm: Alarm, fields: dict[str, Any], text: Text) -> None:
        if key not in self._told:
            self._post(ActKind.ALARM, {"what": alarm.value, **fields, "text": text.as_dict()})
            _log.warning("the disk is too small", alarm=alarm.value, text=text.en)


def _load(path: Path) -> set[CameraId] | None:
    """Cameras armed so far; None: not known, what was ever recorded counts as armed."""
    try:
        kept = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    names: Collection[object] = kept if isinstance(kept, list) else ()
    return {CameraId(name) for name in names if isinstance(name, str)}
