"""Duty: the reason a person gave at the start of service. Kept for the session; it ends with it."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from beffroi.domain.acts import Purpose
from beffroi.domain.errors import BadInputError
from beffroi.domain.reasons import Reason
from beffroi.domain.text import Text


@dataclass(frozen=True, slots=True)
class Duty:
    """Since when, and for what reason."""

    reason: Reason
    since_us: int


class Duties:
    """Who is on duty for what, by session. Changing the reason never closes an open view."""

    def __init__(self, reasons: Iterable[Reason]) -> None:
        self._reasons = {reason.id: reason for reason in reasons}
        self._held: dict[str, Duty] = {}
        self._lock = threading.Lock()

    def reasons(self) -> list[Reason]:
        """The closed list."""
        return list(self._reasons.values())

    def reason(self, reason_id: str) -> Reason:
        """One reason.

        Raises:
            BadInputError: not in the closed list.
        """
        found = self._reasons.get(reason_id)
        if found is None:
            raise BadInputError(
                Text(
                    fr="Ce motif n'est pas dans la liste : choisissez-en un de la liste.",
                    en="This reason is not in the list: choose one from it.",
                )
            )
        return found

    def take(self, session: str, reason_id: str, *, at_us: int) -> Duty:
        """Take duty, or change the reason."""
        duty = Duty(self.reason(reason_id), at_us)
        with self._lock:
            self._held[session] = duty
        return duty

    def leave(self, session: str) -> None:
        """End duty."""
        with self._lock:
            self._held.pop(session, None)

    def of(self, session: str) -> Duty | None:
        """The duty of a session, if taken."""
        with self._lock:
            return self._held.get(session)


def purpose_for(reason: Reason, opens: Callable[[Purpose], bool]) -> Purpose:
    """The purpose under which a reason is asked on one camera: its own; or, for a reason that must not wait for the
    right word (``others``), the first that opens. When none does, its own: the refusal then speaks of it."""
    if not reason.others:
        return reason.purpose
    return next((one for one in (reason.purpose, *reason.others) if opens(one)), reason.purpose)
