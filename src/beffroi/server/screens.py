"""Who stands before a screen besides the person logged in: a shared wall shows what all of them may see (CSI R.253-3).

Kept by session, on disk: a centre that starts again must not forget that a visitor is in the room.
"""

import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from beffroi.base.files import write_durable
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import PersonId
from beffroi.domain.text import Text

VISITOR: Final = PersonId("~visiteur")
"""Whoever is not recorded. No person can be entered under this name, so that the law refuses every image before it."""

MOST: Final = 40
_TOO_MANY: Final = Text(
    fr=f"{MOST} personnes au plus se déclarent devant un écran.",
    en=f"At most {MOST} persons are declared before a screen.",
)


class Screens:
    """The persons declared present, by session. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._present: dict[str, frozenset[PersonId]] = {}
        if path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            self._present = {key: frozenset(PersonId(one) for one in several) for key, several in kept.items()}

    def present(self, session: str) -> frozenset[PersonId]:
        """The persons declared before the screen of a session, the visitor among them."""
        with self._lock:
            return self._present.get(session, frozenset())

    def shared(self) -> list[str]:
        """The sessions before which somebody is declared: they are listed also when nothing is left open on them."""
        with self._lock:
            return list(self._present)

    def came(self, session: str, person: PersonId) -> bool:
        """Somebody is there; whether that is new.

        Raises:
            BadInputError: too many persons.
        """
        with self._lock:
            before = self._present.get(session, frozenset())
            if person not in before and len(before) >= MOST:
                raise BadInputError(_TOO_MANY)
            return self._set(session, before | {person})

    def left(self, session: str, person: PersonId) -> bool:
        """Somebody is there no more; whether they were."""
        with self._lock:
            return self._set(session, self._present.get(session, frozenset()) - {person})

    def forget(self, sessions: Iterable[str]) -> None:
        """These sessions are over."""
        with self._lock:
            for session in sessions:
                self._set(session, frozenset())

    def _set(self, session: str, persons: frozenset[PersonId]) -> bool:
        if self._present.get(session, frozenset()) == persons:
            return False
        if persons:
            self._present[session] = persons
        else:
            self._present.pop(session, None)
        kept = {key: sorted(several) for key, several in self._present.items()}
        write_durable(self._path, json.dumps(kept).encode(), mode=0o600)
        return True
