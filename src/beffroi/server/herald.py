"""Once a day, in legal time: what ends is told to mayors and room supervisors (CSI L.252-4)."""

import threading
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from beffroi.domain.clock import Clock, now
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.errors import BeffroiError
from beffroi.registry.announcer import Announcer

_log = structlog.get_logger(__name__)

LOOK_S: Final = 60.0
"""How often the day is looked at."""


class Herald:
    """A thread that runs the announcer when a day begins, and at start. A day that failed is tried again."""

    def __init__(self, announcer: Announcer, clock: Clock) -> None:
        self._announcer = announcer
        self._clock = clock
        self._told: date | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="herald", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def look(self) -> int:
        """Announce what is due when this day was not told yet; how many announcements.

        Raises:
            BeffroiError, SQLAlchemyError: the register or the database refused; the next look tries again.
        """
        today = now(self._clock).astimezone(ZoneInfo(LEGAL_TIME_ZONE)).date()
        if today == self._told:
            return 0
        made = self._announcer.run()
        self._told = today
        return made

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except (BeffroiError, SQLAlchemyError):
                _log.exception("deadlines not announced")
            self._stopping.wait(LOOK_S)
