"""What administrators and technicians should know of the machine: sentences, each until its cause is gone."""

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from sqlalchemy.exc import SQLAlchemyError

from beffroi.domain.errors import BeffroiError
from beffroi.domain.ids import AuthorityId
from beffroi.domain.text import Text


class Level(IntEnum):
    """How bad: ``LOST`` loses pictures or proofs now, ``SOON`` will, ``LESS`` makes do without something."""

    LOST = 0
    SOON = 1
    LESS = 2


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to know and to do."""

    code: str
    level: Level
    text: Text


def why_of(error: Exception) -> Text:
    """A failure in words that may be shown: its own when it was made to be read, else ours; the log has the rest."""
    if isinstance(error, BeffroiError):
        return error.text
    return _REFUSED if isinstance(error, (OSError, sqlite3.Error, SQLAlchemyError)) else _FAULT


class Notices:
    """The notices that stand. Written by the supply's thread, read by requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[tuple[str, str], Notice] = {}

    def listed(self) -> list[Notice]:
        """All of them, worst first."""
        with self._lock:
            return sorted(self._held.values(), key=lambda notice: (notice.level, notice.code, notice.text.fr))

    def hours(
        self, authority: AuthorityId, *, left_hours: int, alarm_hours: int, locked: bool, why: Text | None
    ) -> None:
        """How long the hour keys of an authority last. ``left_hours`` negative: there is none."""
        notice: Notice | None = None
        cure = why or (_LOCKED_CURE if locked else _WAIT_CURE)
        if left_hours < 0:
            notice = Notice(
                "hours-none",
                Level.LOST,
                Text(
                    fr=f"Plus de clés horaires pour {authority} : ses caméras ne sont pas enregistrées. {cure.fr}",
                    en=f"No hour keys left for {authority}: its cameras are not recorded. {cure.en}",
                ),
            )
        elif left_hours < alarm_hours or why is not None:
            days = left_hours // 24
            notice = Notice(
                "hours-low",
                Level.SOON,
                Text(
                    fr=f"Les clés horaires de {authority} s'épuisent dans {days} j. {cure.fr}",
                    en=f"The hour keys of {authority} run out in {days} days. {cure.en}",
                ),
            )
        self._set(("hours", authority), notice)

    def locked(self) -> None:
        """The keyrings were not opened."""
        self._set(("locked", ""), Notice("keyring-locked", Level.LESS, _LOCKED))

    def keep_authorities(self, known: set[AuthorityId]) -> None:
        """Forget authorities that need nothing any more."""
        with self._lock:
            for key in [key for key in self._held if key[0] == "hours" and key[1] not in known]:
                del self._held[key]

    def destruction(self, authority: AuthorityId, why: Text | None, *, paused: int = 0) -> None:
        """Whether keys past their term are being destroyed."""
        notice: Notice | None = None
        if why is not None:
            notice = Notice(
                "destruction-failed",
                Level.LOST,
                Text(
                    fr=f"Des clés de {authority} ont passé leur terme sans être détruites. {why.fr}",
                    en=f"Keys of {authority} are past their term and not destroyed. {why.en}",
                ),
            )
        elif paused:
            notice = Notice(
                "clock-doubt",
                Level.SOON,
                Text(
                    fr=f"Horloge douteuse : la destruction de {paused} clés de {authority} attend (24 h au plus). "
                    "Vérifiez l'heure de la machine.",
                    en=f"Clock in doubt: the destruction of {paused} keys of {authority} waits (24 h at most). Check "
                    "the machine's time.",
                ),
            )
        self._set(("destruction", authority), notice)

    def journal(self, why: Text | None) -> None:
        """Whether the recorder's journal goes into the register."""
        notice: Notice | None = None
        if why is not None:
            notice = Notice(
                "journal-stuck",
                Level.SOON,
                Text(
                    fr=f"Le journal de l'enregistreur n'entre plus au registre ; il le garde. {why.fr}",
                    en=f"The recorder's journal no longer goes into the register; it keeps it. {why.en}",
                ),
            )
        self._set(("journal", ""), notice)

    def cross(self, what: str, why: Text | None) -> None:
        """What keeps recorder and register from signing for one another (`beffroi.server.crosssign`)."""
        code, level = _CROSS[what]
        self._set(("cross", what), None if why is None else Notice(code, level, why))

    def sheets(self, problems: Sequence[BeffroiError]) -> None:
        """Signed papers that were refused."""
        notice = Notice("sheets-refused", Level.SOON, problems[0].text) if problems else None
        self._set(("sheets", ""), notice)

    def supply(self, error: Exception | None) -> None:
        """Whether the last round went through. What the error says goes to administrators only in our own words."""
        notice: Notice | None = None
        if error is not None:
            words = why_of(error)
            notice = Notice(
                "supply-failed",
                Level.SOON,
                Text(
                    fr=f"Les fiches d'enregistrement ne sont pas renouvelées. {words.fr}",
                    en=f"Recording sheets are not renewed. {words.en}",
                ),
            )
        self._set(("supply", ""), notice)

    def _set(self, key: tuple[str, str], notice: Notice | None) -> None:
        with self._lock:
            if notice is None:
                self._held.pop(key, None)
            else:
                self._held[key] = notice


_CROSS = {
    "journal": ("journal-disagrees", Level.LOST),
    "head": ("register-refused", Level.LOST),
    "key": ("register-unknown", Level.LESS),
}
_LOCKED = Text(
    fr="Les trousseaux sont verrouillés : ni relecture, ni nouvelles clés horaires. Relancez le centre avec leur "
    "phrase de passe.",
    en="The keyrings are locked: no replay, no new hour keys. Start the centre again with their passphrase.",
)
_LOCKED_CURE = Text(
    fr="Le trousseau est verrouillé : relancez le centre avec sa phrase de passe.",
    en="The keyring is locked: start the centre again with its passphrase.",
)
_WAIT_CURE = Text(
    fr="Le centre en prépare : si cet avis demeure, lisez son journal.",
    en="The centre is making more: if this notice stays, read its log.",
)
_REFUSED = Text(
    fr="Le disque ou la base a refusé : faites de la place sur le disque du centre ; si cet avis demeure, lisez son "
    "journal.",
    en="The disk or the database refused: make room on the centre's disk; if this notice stays, read its log.",
)
_FAULT = Text(
    fr="Une erreur que le centre ne connaît pas : lisez son journal.",
    en="An error that the centre does not know: read its log.",
)
