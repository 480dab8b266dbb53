"""The term of the register, kept by the centre: names to the day, entries once a month."""

import threading
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from beffroi.domain.clock import Clock, now
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.text import Text
from beffroi.ledger.keeping import Keeping, Kept
from beffroi.ledger.ledger import Ledger
from beffroi.server.notices import Level, Notice, why_of

_log = structlog.get_logger(__name__)

LOOK_S: Final = 600.0
"""How often the day is looked at."""


class RegisterTerm:
    """A thread that looks once a legal day, and prunes at the first look of each month. A failed one is tried again."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._keeping = Keeping(ledger)
        self._clock = clock
        self._done: date | None = None
        self._why: Text | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="register-term", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def look(self) -> Kept | None:
        """Do what is due; None when this day was looked at already.

        Raises:
            BeffroiError, OSError, sqlite3.Error: register, disk or database refused; the next look tries again.
        """
        today = now(self._clock).astimezone(ZoneInfo(LEGAL_TIME_ZONE)).date()
        if today == self._done:
            return None
        # At a start too: a centre that is started afresh each day prunes as well; with nothing due nothing is written.
        prune = self._done is None or today.month != self._done.month
        kept = self._keeping.look(self._clock.wall_us(), prune=prune)
        self._done = today
        return kept

    def notices(self) -> list[Notice]:
        """What those who look after the machine should know of it."""
        why = self._why
        if why is None:
            return []
        text = Text(
            fr=f"Le registre n'efface plus ce qui a atteint son terme ; nouvel essai toutes les dix minutes. {why.fr}",
            en=f"The register no longer erases what has reached its term; tried again every ten minutes. {why.en}",
        )
        return [Notice("register-term", Level.SOON, text)]

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except Exception as error:  # noqa: BLE001  the term is the law's: no failure may end this thread
                _log.exception("register not pruned")
                self._why = why_of(error)
            else:
                self._why = None
            self._stopping.wait(LOOK_S)
