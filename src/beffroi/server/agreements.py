"""The second person's yes: said in their own session, for one extract of one person, good for a quarter of an hour.

Naming somebody is not their consent. An agreement opens nothing by itself: the law still asks who both persons are.
"""

from dataclasses import dataclass, field
from typing import Final

from beffroi.domain.clock import Clock
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import CameraId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text

LIFE_S: Final = 900.0
MAX_EACH: Final = 50

_TOO_MANY: Final = Text(
    fr="Vous avez donné trop d'accords à la fois : attendez un quart d'heure.",
    en="You have given too many agreements at once: wait a quarter of an hour.",
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """``second`` agrees that ``person`` takes this range of this camera."""

    second: PersonId
    person: PersonId
    camera: CameraId
    footage: WallRange


@dataclass
class Agreements:
    """Those in force, in memory: a restart asks again. Used from the event loop's thread alone."""

    clock: Clock
    _said_s: dict[Agreement, float] = field(default_factory=dict)

    def say(self, agreement: Agreement) -> None:
        """Agree, from now on.

        Raises:
            BadInputError: too many at once.
        """
        self._forget()
        if sum(one.second == agreement.second for one in self._said_s) >= MAX_EACH:
            raise BadInputError(_TOO_MANY)
        self._said_s[agreement] = self.clock.monotonic_s()

    def said(self, agreement: Agreement) -> bool:
        """Whether that person said so, within the quarter of an hour; an agreement for a longer range covers it."""
        self._forget()
        return any(
            (one.second, one.person, one.camera) == (agreement.second, agreement.person, agreement.camera)
            and one.footage.contains(agreement.footage)
            for one in self._said_s
        )

    def _forget(self) -> None:
        since_s = self.clock.monotonic_s() - LIFE_S
        self._said_s = {one: said_s for one, said_s in self._said_s.items() if said_s > since_s}
