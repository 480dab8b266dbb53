"""Which streams may be recorded now: the sheets read again when they change, the clock watched, both told."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog

from beffroi.capture.handle import StreamId
from beffroi.capture.messages import Assignment, assignments_of
from beffroi.capture.paths import RecorderPaths
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BeffroiError
from beffroi.domain.ids import CameraId
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.journal import ActKind
from beffroi.vault.mandates import MandateBook
from beffroi.vault.sheet import RecordingSheet
from beffroi.vault.sheetstore import DoubtBudget, EndedSheet, SheetBook, SheetStore
from beffroi.vault.signed import load_public_keys

_log = structlog.get_logger(__name__)

REREAD_S: Final = 15.0
"""Sheets end by the clock, without any file changing."""

_TICK_US: Final = 50_000
"""Longer than a tick of any file system's clock: within one, two changes of a folder leave the same stamp."""


class SheetWatch:
    """Reads the sheets for the supervisor. Blocking: call from a thread."""

    def __init__(self, paths: RecorderPaths, clock: Clock, watch: ClockWatch, post: Callable[..., None]) -> None:
        self._paths = paths
        self._clock = clock
        self._watch = watch
        self._post = post
        self._budget = DoubtBudget(paths.doubt, clock)
        self._stamp: object = None
        self._read_s = 0.0
        self._told: set[str] = set()
        self._doubtful = False
        self._mandates: MandateBook | None = None
        self.ended: dict[str, EndedSheet] = {}
        self.active: dict[CameraId, RecordingSheet] = {}
        self.asked = True

    def min_days(self, camera: str) -> int | None:
        """The minimum of a camera's order, in days (0: none); None when no sheet of it is in force."""
        sheet = self.active.get(CameraId(camera))
        return sheet.min_days if sheet else None

    def changed(self) -> bool:
        """Whether the sheets are to be read (again) now."""
        stamp = tuple(_stamp(path) for path in (self._paths.sheets, self._paths.sheet_trust))
        due = self.asked or stamp != self._stamp or time.monotonic() - self._read_s > REREAD_S
        if due:
            now_us = self._clock.wall_us()
            fresh = any(abs(now_us - at_ns // 1000) < _TICK_US for at_ns, _ in stamp)
            self._stamp = None if fresh else stamp  # a name may be given in the tick of its temporary file: look again
            self._read_s, self.asked = time.monotonic(), False
        return due

    def read(self) -> dict[StreamId, Assignment]:
        """What is to be recorded now. What changed since the last reading is entered in the journal."""
        doubtful = self._watch.doubtful()
        spent_s = self._budget.spend(doubtful=doubtful)
        self._tell_clock(doubtful, spent_s)
        book = self._book(doubtful=doubtful, spent_s=spent_s)
        self._note(book)
        self._tell(book)  # what the journal tells of is in the book: the account reads them in that order
        self.active = {camera: active.sheet for camera, active in book.active.items()}
        return {
            (item.camera, item.stream): item
            for active in book.active.values()
            for item in assignments_of(active.sheet, on_trust=active.on_trust)
        }

    def _book(self, *, doubtful: bool, spent_s: float) -> SheetBook:
        try:
            trusted = load_public_keys(self._paths.sheet_trust)
        except BeffroiError as error:
            return SheetBook(problems=[error])
        store = SheetStore(self._paths.sheets, trusted)
        return store.load(self._clock.wall_us(), clock_doubtful=doubtful, doubt_s=spent_s)

    def _note(self, book: SheetBook) -> None:
        """Keep the signed sheets for the accounts. A disk that refuses must not stop the recording: tried again."""
        try:
            self._mandates = self._mandates or MandateBook.open(self._paths.mandates)
            self._mandates.note(book, self._paths.sheets, self._clock.wall_us())
        except BeffroiError as error:
            self._mandates = None
            _log.error("sheets not kept for the accounts", error=error.text.en)

    def _tell(self, book: SheetBook) -> None:
        said: set[str] = set()
        for camera, active in book.active.items():
            fields = {"camera": camera, "serial": active.sheet.serial, "order": active.sheet.order}
            fields |= {"priority": active.sheet.priority, "when_full": active.sheet.when_full.value}
            until = {"until_us": active.sheet.valid_until_us, "on_trust": active.on_trust}
            said.add(self._once(f"active/{camera}/{active.sheet.serial}", ActKind.SHEET_APPLIED, fields | until))
        for ended in book.ended:
            fields = {"camera": ended.camera, "serial": ended.serial, "cause": ended.cause}
            key = f"ended/{ended.camera}/{ended.serial}/{ended.cause}"
            if key not in self._told:
                _log.warning("recording sheet without effect", **fields, text=ended.text.en)
            said.add(self._once(key, ActKind.SHEET_ENDED, fields))
        for problem in book.problems:
            key = f"problem/{problem.text.en}"
            if key not in self._told:
                _log.error("sheet refused", problem=problem.text.en)
            said.add(self._once(key, ActKind.SHEET_REFUSED, {"text": problem.text.as_dict()}))
        self._told = said
        self.ended = {item.camera: item for item in book.ended}

    def _once(self, key: str, kind: ActKind, fields: dict[str, Any]) -> str:
        if key not in self._told:
            self._post(kind, fields)
        return key

    def _tell_clock(self, doubtful: bool, spent_s: float) -> None:
        if doubtful != self._doubtful:
            _log.critical("the clock is in doubt" if doubtful else "the clock is believed again", spent_s=spent_s)
            self._post(ActKind.CLOCK_DOUBT if doubtful else ActKind.CLOCK_SETTLED, {"spent_s": round(spent_s)})
        self._doubtful = doubtful


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_ino
