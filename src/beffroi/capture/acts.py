"""The recorder's own acts, handed to the durable journal without waiting, and without ever stopping the recording."""

import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import structlog

from beffroi.domain.clock import Clock
from beffroi.vault.journal import ActKind, Journal, JournalBrokenError

_log = structlog.get_logger(__name__)


class RecorderJournal:
    """The journal of one process of the recorder.

    A full or failing disk breaks the journal; pictures of cameras on another disk must still be recorded. Acts that
    could not be entered are counted, logged, and told by an alarm once the journal answers again.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._journal: Journal | None = None
        self._missed = 0

    def post(self, kind: ActKind, fields: dict[str, Any], *, once: str | None = None) -> None:
        """Enter one act, on disk a moment later."""
        now_us = self._clock.wall_us()
        with self._lock:
            try:
                journal = self._open()
                if self._missed:
                    alarm = {"what": "acts_not_entered", "count": self._missed}
                    journal.post(ActKind.ALARM, alarm, wall_us=now_us)
                    self._missed = 0
                journal.post(kind, fields, wall_us=now_us, once=once).add_done_callback(self._entered)
            except JournalBrokenError as error:
                self._missed += 1
                self._journal = None
                _log.error("journal broken", kind=kind.value, fields=fields, error=error.text.en)

    def reader(self) -> Journal:
        """The journal itself, to read and acknowledge.

        Raises:
            JournalBrokenError: the disk refuses.
        """
        with self._lock:
            return self._open()

    def close(self) -> None:
        """Write what was handed in."""
        with self._lock:
            if self._journal:
                self._journal.close()
                self._journal = None

    def _entered(self, done: "Future[int]") -> None:
        if done.exception() is not None:
            self._missed += 1
            _log.error("an act was not entered in the journal", error=type(done.exception()).__name__)

    def _open(self) -> Journal:
        if self._journal is None:
            self._journal = Journal.open(self._path)
        return self._journal
