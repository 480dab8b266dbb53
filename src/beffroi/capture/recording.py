"""One stream's files: a new key for each, sealed to the authority's hour; gaps between them, with their cause.

Lives in a writer's thread; nothing here is called by a thread that captures.
"""

import errno
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

from beffroi.base.files import FsyncFailedError
from beffroi.capture.alarms import Alarm
from beffroi.capture.ends import RunEnd
from beffroi.capture.groups import Group
from beffroi.capture.mandate import Mandate
from beffroi.capture.rotation import NO_KEY_US, hour_of, rotate_at_us, stagger_us
from beffroi.domain.clock import Clock
from beffroi.domain.gaps import GapCause
from beffroi.domain.ranges import WallRange
from beffroi.vault.catalogue import Catalogue, CatalogueError
from beffroi.vault.chunk import FLUSH_S, ChunkHeader, ChunkWriteError, ChunkWriter, CloseReason
from beffroi.vault.journal import ActKind
from beffroi.vault.publichours import NoHourKeyError, PublicHours
from beffroi.vault.recover import Outcome, finish_left
from beffroi.vault.sealing import content_key_info, seal_content_key
from beffroi.vault.tell import closed_name, gap_name

_log = structlog.get_logger(__name__)

_CAUSES: Final[dict[RunEnd, GapCause]] = {
    RunEnd.CLOSED: GapCause.STREAM_CLOSED,
    RunEnd.STALLED: GapCause.STREAM_STALLED,
    RunEnd.REFUSED: GapCause.CAMERA_UNREACHABLE,
    RunEnd.UNAUTHORISED: GapCause.REFUSED_BY_CAMERA,
    RunEnd.UNREADABLE: GapCause.REFUSED_BY_CAMERA,
    RunEnd.TIMESTAMP: GapCause.TIMESTAMPS_JUMPED,
    RunEnd.DRIFT: GapCause.TIMESTAMPS_JUMPED,
    RunEnd.PARAMETERS: GapCause.PARAMETERS_CHANGED,
    RunEnd.CLOCK_STEP: GapCause.CLOCK_STEP,
    RunEnd.STOPPED: GapCause.RECORDER_STOPPED,
    RunEnd.SHEET: GapCause.NO_ORDER,
    RunEnd.DISK: GapCause.DISK_FULL,
}
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_TOLERANCE_US: Final = 60_000
"""Less than this between two files is the slewing of the clock, not a missing picture."""

_SETTLED_SOON_US: Final = 1_000_000
"""At an orderly stop, the moment since the last picture belongs to the stop and not to a gap of its own."""

_SETTLE_US: Final = 600_000_000
"""An open gap is stored in pieces of at most this: a crash cannot change the cause of what is already known."""


class PostAct(Protocol):
    """Enters an act in the journal without waiting; ``once`` as in `Journal.post`."""

    def __call__(self, kind: ActKind, fields: dict[str, Any], *, once: str | None = None) -> None: ...


def cause_of(end: RunEnd) -> GapCause:
    """How the end of a run, or a failed attempt to begin one, is told in the calendar."""
    return _CAUSES[end]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where and under whose keys a worker's streams are written. ``recorder`` is this recorder's public name."""

    root: Path
    catalogue: Catalogue
    hours: Callable[[], PublicHours]
    recorder: str
    journal: PostAct
    clock: Clock
    flush_s: float = FLUSH_S


class StreamRecording:
    """Writes the groups of pictures of one stream into chunks.

    ``accounted_us`` is where what is known of this stream ends: everything before is recorded or a stored gap; None
    when nothing is. ``cause`` says why nothing was recorded from there on. ``camera_offset_ms``: the camera's clock
    minus ours, as last seen; it is written with each closed file.
    """

    def __init__(self, mandate: Mandate, shelf: Shelf, accounted_us: int | None, cause: GapCause) -> None:
        self.mandate = mandate
        self.accounted_us = accounted_us
        self.cause = cause
        self.camera_offset_ms: float | None = None
        self._shelf = shelf
        self._interrupted = True
        self._chunk: ChunkWriter | None = None
        self._left: list[str] = []  # files without an index, for want of room
        self._run = ""
        self._rotate_us = 0
        self._end_us = 0
        self._shift_us = stagger_us(mandate.key.camera, mandate.key.stream)

    @property
    def open_gap(self) -> tuple[int, GapCause] | None:
        """Since when, and why, nothing is being recorded; None while it is (or when nothing ever was)."""
        if self._chunk is not None or self.accounted_us is None:
            return None
        return self.accounted_us, self.cause

    def write(self, group: Group) -> None:
        """Write one group, opening a new file when the run, the ten minutes or the hour ask for it.

        Raises:
            FsyncFailedError, CatalogueError: the process must end.
        """
        if self._chunk is not None and self._must_change(group):
            group = self._after(self._chunk, group)
            self._close(CloseReason.ROTATED if self._run == group.run.id else CloseReason.RUN_ENDED)
        try:
            if self._chunk is None:
                self._chunk = self._open(group)
            self._chunk.write_gop(group.frames, group.wall_us, next_dts_90k=group.next_dts_90k)
            self._end_us = group.end_us
            self.accounted_us = max(group.end_us, self.accounted_us or 0)
            self._finish_left()
        except NoHourKeyError as error:
            self._lost(group, GapCause.NO_ORDER, error)
        except ChunkWriteError as error:
            self._lost(group, error.cause, error)
        except OSError as error:
            self._lost(group, GapCause.DISK_FULL if error.errno in _FULL else GapCause.DISK_ERROR, error)
        except CatalogueError as error:
            if not _is_full(error):
                raise
            self._lost(group, GapCause.DISK_FULL, error)

    def run_ended(self, end: RunEnd, step_us: int = 0, offset_ms: float | None = None) -> None:
        """The run ended: close its file, and remember why. ``offset_ms``: the camera's clock minus ours."""
        run, self._run = self._run, ""
        self._close(
            CloseReason.STOPPED if end in {RunEnd.STOPPED, RunEnd.SHEET, RunEnd.DISK} else CloseReason.RUN_ENDED
        )
        self.cause, self._interrupted = cause_of(end), True
        details: dict[str, Any] = {
            "run": run,
            "end": end.value,
            "clock_step_us": step_us,
            "camera_offset_ms": offset_ms,
        }
        self._journal(ActKind.RECORDING_ENDED, **details)

    def alarm(self, what: Alarm, **details: Any) -> None:
        """Enter an alarm about this stream."""
        self._journal(ActKind.ALARM, what=what.value, **details)

    def attempt_failed(self, end: RunEnd) -> None:
        """A new session could not be had: what is missing until now keeps its cause, from now on this is the cause."""
        if self._chunk is None:
            cause = cause_of(end)
            since_us = self._shelf.clock.wall_us() - (self.accounted_us or 0)
            if cause is not self.cause or since_us > _SETTLE_US:
                self._settle(self._shelf.clock.wall_us())
            self.cause, self._interrupted = cause, True

    def overrun(self, at_us: int) -> None:
        """Pictures were dropped before they reached this thread: the file ends where they are missing."""
        self._close(CloseReason.RUN_ENDED)
        self.cause, self._interrupted = GapCause.OVERRUN, True
        self._journal(ActKind.ALARM, what="overrun", at_us=at_us)

    def packets_lost(self, packets: int, pictures: int) -> None:
        """RTP packets never came: the pictures they belonged to are recorded as they came, torn."""
        self._journal(ActKind.ALARM, what=Alarm.RTP_LOST.value, packets=packets, pictures=pictures)

    def close(self, cause: GapCause) -> None:
        """No more of this stream for now: what is missing is stored up to this instant."""
        self._close(CloseReason.STOPPED)
        now_us = self._shelf.clock.wall_us()
        if self.accounted_us is None and cause is GapCause.DISK_FULL:
            self.accounted_us = now_us  # ordered from here on: what is missing counts
        if self.accounted_us is not None and now_us - self.accounted_us > _SETTLED_SOON_US:
            self._settle(now_us)
        self.cause, self._interrupted = cause, True

    def _must_change(self, group: Group) -> bool:
        if self._run != group.run.id or group.wall_us - self._end_us > _TOLERANCE_US:
            return True
        return group.wall_us >= self._rotate_us + (0 if group.key else NO_KEY_US)

    def _after(self, before: ChunkWriter, group: Group) -> Group:
        """The group, no earlier than the end of the same run's file before it: while the clock slews back, pictures are
        a little nearer to one another than their own durations say (1 ms at most, 100 ms in the first minute)."""
        end_us = before.entries[-1].end_us if before.entries else 0
        if self._run != group.run.id or group.wall_us >= end_us:
            return group
        return replace(group, wall_us=end_us)

    def _open(self, group: Group) -> ChunkWriter:
        mandate, config = self.mandate, group.run.config
        hour, kid, key = hour_of(group.wall_us), secrets.token_bytes(16), secrets.token_bytes(16)
        public = self._shelf.hours().public_for(mandate.authority, mandate.term_days, hour)
        info = content_key_info(
            authority=mandate.authority,
            term_days=mandate.term_days,
            hour=hour,
            camera=mandate.key.camera,
            stream=mandate.key.stream,
            run=group.run.id,
            kid=kid,
        )
        header = ChunkHeader(
            camera=mandate.key.camera,
            stream=mandate.key.stream,
            run=group.run.id,
            authority=mandate.authority,
            term_days=mandate.term_days,
            hour=hour,
            kid=kid,
            sealed_key=seal_content_key(public, key, info=info),
            wall_start_us=group.wall_us,
            start_90k=group.frames[0].dts_90k,
            config_digest=config.digest(),
            codec_string=config.codec_string,
            width=config.width,
            height=config.height,
            recorder=self._shelf.recorder,
        )
        self._settle(group.wall_us)
        chunk = ChunkWriter.create(
            self._shelf.root, header, config, key, self._shelf.catalogue, flush_s=self._shelf.flush_s
        )
        if self._run != group.run.id:
            self._journal(ActKind.RECORDING_STARTED, run=group.run.id, at_us=group.wall_us, codec=config.codec_string)
        self._run, self._interrupted = group.run.id, False
        self._rotate_us = rotate_at_us(group.wall_us, self._shift_us)
        return chunk

    def _settle(self, until_us: int) -> None:
        """Store what is missing up to an instant, with its cause; the next file's header repeats it."""
        if self.accounted_us is None:
            return
        missing_us = until_us - self.accounted_us
        if missing_us > (0 if self._interrupted else _TOLERANCE_US):
            cause = self.cause if self._interrupted else GapCause.STREAM_STALLED
            missing = WallRange(self.accounted_us, until_us)
            self._shelf.catalogue.add_gap(self.mandate.key.camera, self.mandate.key.stream, missing, cause)
            name = gap_name(self.mandate.key.camera, self.mandate.key.stream, missing, cause)
            self._journal(ActKind.GAP, once=name, from_us=missing.from_us, to_us=missing.to_us, cause=cause.value)
        self.accounted_us = max(self.accounted_us, until_us)

    def _lost(self, group: Group, cause: GapCause, error: Exception) -> None:
        """A group could not be written: the file, if any, ends at its last whole fragment; the next one tries anew."""
        if self.cause is not cause or not self._interrupted:
            _log.error("not recorded", stream=str(self.mandate.key), cause=cause.value, error=type(error).__name__)
            self._journal(ActKind.ALARM, what="not_recorded", at_us=group.wall_us, cause=cause.value)
        self._close(CloseReason.RUN_ENDED)
        if self.accounted_us is None:
            self.accounted_us = group.wall_us
        self.cause, self._interrupted = cause, True

    def _close(self, reason: CloseReason) -> None:
        chunk, self._chunk = self._chunk, None
        if chunk is None:
            return
        if chunk.entries and self.accounted_us == self._end_us:
            self.accounted_us = chunk.entries[-1].end_us  # a gap begins where the file says that it ends
        try:
            root = chunk.close(reason)
        except FsyncFailedError:
            raise
        except (ChunkWriteError, OSError, ValueError, CatalogueError) as error:
            if isinstance(error, CatalogueError) and not _is_full(error):
                raise
            self._left.append(str(chunk.path.relative_to(self._shelf.root)))
            _log.error("file left without its index", stream=str(self.mandate.key), error=type(error).__name__)
            return
        if root is not None:
            path = str(chunk.path.relative_to(self._shelf.root))
            span = {"from_us": chunk.header.wall_start_us, "to_us": chunk.entries[-1].end_us}
            what = {"path": path, "root": root.hex(), "size": chunk.length, "reason": reason.value}
            if self.camera_offset_ms is not None:
                what["camera_offset_ms"] = self.camera_offset_ms
            self._journal(ActKind.CHUNK_CLOSED, once=closed_name(path), **what, **span)

    def _finish_left(self) -> None:
        """The disk takes writes again: write the indexes that found no room."""
        for path in list(self._left):
            done = finish_left(self._shelf.root, self._shelf.catalogue, path)
            if done is not None and done.outcome is Outcome.POSTPONED:
                return
            self._left.remove(path)
            row = self._shelf.catalogue.chunk_at(path)
            if row is not None and row.root is not None and row.reason is not None:
                what = {"path": path, "root": row.root.hex(), "size": row.size, "reason": row.reason.value}
                span = {"from_us": row.wall_start_us, "to_us": row.wall_end_us}
                self._journal(ActKind.CHUNK_CLOSED, once=closed_name(path), **what, **span)

    def _journal(self, kind: ActKind, *, once: str | None = None, **details: Any) -> None:
        key = self.mandate.key
        self._shelf.journal(kind, {"camera": key.camera, "stream": key.stream, **details}, once=once)


def _is_full(error: CatalogueError) -> bool:
    cause = error.__cause__
    return isinstance(cause, sqlite3.Error) and getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
