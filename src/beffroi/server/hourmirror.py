"""The copy of the hour keys follows the rings, made and destroyed within half a minute, while its disk answers.

A thread of its own: a disk that hangs (a network share) must stop neither sheets nor destructions.
"""

import threading
import time
from pathlib import Path
from typing import Final

import structlog

from beffroi.backup.hourplace import registered, sync_all
from beffroi.base.files import FsyncFailedError
from beffroi.domain.errors import BeffroiError
from beffroi.domain.text import Text
from beffroi.server.notices import Level, Notice
from beffroi.vault.ringcopy import RingCopy

_log = structlog.get_logger(__name__)

PERIOD_S: Final = 30.0
SILENT_S: Final = 3_600.0
"""A copy that could not be reached for this long is told: keys past their term lie in it."""


class HourMirror:
    """Keeps the copy that `beffroi backup` began, where there is one."""

    def __init__(self, centre: Path) -> None:
        self._centre = centre
        self._followed_s = time.monotonic()
        self._wanted = self._failed = False
        self._refused = 0
        self._why: Text | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hour-mirror", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; one that hangs with its disk is left behind."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def once(self) -> bool:
        """One pass; whether there is a copy and it is like the rings. A failure is kept for `notices`. After a write
        that its disk did not confirm there is no other pass: what it would read back may not be on the disk."""
        if self._failed:
            return False
        try:
            place = registered(self._centre)
            self._wanted = place is not None
            if place is None:
                self._why = None
                return False
            self._refused = sync_all(self._centre, RingCopy.open(*place)).refused
        except FsyncFailedError as error:
            self._failed, self._why = True, error.text
        except BeffroiError as error:
            self._why = error.text
        except OSError as error:
            self._why = Text(fr=f"Son disque refuse ({error.strerror}).", en=f"Its disk refuses ({error.strerror}).")
        else:
            self._why, self._followed_s = None, time.monotonic()
            return True
        _log.warning("the copy of the hour keys is not followed", reason=self._why.en)
        return False

    def notices(self) -> list[Notice]:
        """What those who look after the machine should know of it."""
        silent_s = time.monotonic() - self._followed_s
        found = []
        if self._failed:
            found.append(Notice("hour-copy-failed", Level.SOON, _FAILED))
        elif self._wanted and silent_s > SILENT_S:
            why = self._why or _HANGS
            hours = int(silent_s // 3600)
            found.append(
                Notice(
                    "hour-copy-away",
                    Level.SOON,
                    Text(
                        fr=f"La copie des clés horaires n'est plus suivie depuis {hours} h : des clés passées de terme "
                        f"y restent. {why.fr}",
                        en=f"The copy of the hour keys has not been followed for {hours} h: keys past their term stay "
                        f"in it. {why.en}",
                    ),
                )
            )
        if self._refused:
            found.append(Notice("hour-copy-other", Level.SOON, _OTHER))
        return found

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.once()
            self._stopping.wait(PERIOD_S)


_HANGS: Final = Text(fr="Son disque ne répond pas.", en="Its disk does not answer.")
_FAILED: Final = Text(
    fr="Le disque de la copie des clés horaires n'a pas confirmé une écriture : la copie n'est plus suivie. Remplacez "
    "ce disque (« beffroi backup retire », puis une sauvegarde) et relancez le centre.",
    en="The disk of the hour keys' copy did not confirm a write: the copy is not followed any more. Replace this disk "
    "(`beffroi backup retire`, then a back-up) and start the centre again.",
)
_OTHER: Final = Text(
    fr="La copie des clés horaires n'est pas celle de ces trousseaux : rien n'y est écrasé. Vérifiez quel disque est "
    "branché, ou détruisez-la (« beffroi backup retire »).",
    en="The copy of the hour keys is not of these keyrings: nothing in it is overwritten. Check which disk is plugged "
    "in, or destroy it (`beffroi backup retire`).",
)
