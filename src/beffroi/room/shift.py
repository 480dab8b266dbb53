"""A shift: one person on duty for some communes, from an instant to another."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from beffroi.domain.decision import Decision
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.errors import BadInputError, RefusedError
from beffroi.domain.facts import Facts, PersonStatus
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text
from beffroi.law.tonight.moments import Span

LONGEST: Final = timedelta(hours=24)
"""A shift is for one person: no one watches for longer."""

WATCHERS: Final = frozenset(
    {
        PersonStatus.EPCI_AGENT,
        PersonStatus.SYNDICAT_AGENT,
        PersonStatus.AGREED_AGENT,
        PersonStatus.MUNICIPAL_POLICE,
        PersonStatus.DEPARTEMENT_AGENT,
        PersonStatus.CONTROLLER_AGENT,
        PersonStatus.PRIVATE_OPERATOR,
    }
)
"""Whose work is to watch: only they are put on a roster. An elected person looks when they want to."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One line of the roster. ``replaced_by`` is the shift that takes over, from ``taken_over_at`` on."""

    id: str
    person: PersonId
    communes: tuple[BodyId, ...]
    starts: datetime
    ends: datetime
    entered_by: PersonId
    entered_at: datetime
    replaced_by: str | None = None
    taken_over_at: datetime | None = None
    cancelled_at: datetime | None = None

    @property
    def lasts_until(self) -> datetime:
        """The end, or the instant at which another person takes over, or at which it was cancelled."""
        cut = [one for one in (self.taken_over_at, self.cancelled_at) if one is not None]
        return max(self.starts, min([self.ends, *cut]))

    def covers(self, at: datetime) -> bool:
        """Whether the person is on duty by this shift at an instant."""
        return self.starts <= at < self.lasts_until

    def meets(self, span: Span) -> bool:
        """Whether some of it falls within a span: nothing does when it was cancelled or handed over before it began."""
        return max(self.starts, span.start) < min(self.lasts_until, span.end)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why some cameras of a commune would be closed to a person from an instant on. ``opened`` of ``total`` remain."""

    commune: BodyId
    at: datetime
    opened: int
    total: int
    decision: Decision

    @property
    def blocks(self) -> bool:
        """Whether the whole commune would be closed: then the shift cannot be."""
        return self.opened == 0

    def sentence(self, facts: Facts, person: PersonId) -> Text:
        """The obstacle in words, for the room supervisor."""
        body, someone = facts.bodies.get(self.commune), facts.persons.get(person)
        place = body.name if body else self.commune
        who = someone.label if someone else Text(fr=person, en=person)
        why, article = _why(self.decision)
        fr_when, en_when = _clock(self.at, "le %d/%m à %H h %M"), _clock(self.at, "%d/%m at %H:%M")
        answer = Text(
            fr=f"La console lui répondrait : « {why.fr} »{article}.",
            en=f"The console would answer: “{why.en}”{article}.",
        )
        if self.blocks:
            return Text(
                fr=f"{who.fr} ne pourrait pas voir {place} en direct {fr_when}. {answer.fr}",
                en=f"{who.en} could not view {place} live on {en_when}. {answer.en}",
            )
        closed = self.total - self.opened
        return Text(
            fr=f"{place} : {closed} caméra(s) sur {self.total} fermée(s) à {who.fr} {fr_when}. {answer.fr}",
            en=f"{place}: {closed} of {self.total} camera(s) closed to {who.en} on {en_when}. {answer.en}",
        )


def _why(decision: Decision) -> tuple[Text, str]:
    """The first condition that is not met, as part of a sentence, and its article."""
    unmet = next((one for one in decision.conditions if not one.met), None)
    if unmet is None:
        sentence = decision.sentence
        return Text(fr=sentence.fr.rstrip("."), en=sentence.en.rstrip(".")), ""
    return unmet.text, f" ({unmet.article})" if unmet.article else ""


def _clock(at: datetime, form: str) -> str:
    return at.astimezone(ZoneInfo(LEGAL_TIME_ZONE)).strftime(form)


class ShiftRefusedError(RefusedError):
    """The person could not watch there throughout: the shift is not entered. ``obstacles`` say where, when and why."""

    def __init__(self, facts: Facts, person: PersonId, obstacles: Iterable[Obstacle]) -> None:
        self.obstacles = tuple(one for one in obstacles if one.blocks)
        first = self.obstacles[0].sentence(facts, person)
        more = len(self.obstacles) - 1
        super().__init__(
            first
            if not more
            else Text(
                fr=f"{first.fr} Et {more} autre(s) commune(s) : voyez la liste.",
                en=f"{first.en} And {more} other commune(s): see the list.",
            )
        )


def check_times(starts: datetime, ends: datetime, now: datetime) -> None:
    """Whether a shift may have these times.

    Raises:
        BadInputError: no time zone, in the wrong order, over, or too long.
    """
    if starts.tzinfo is None or ends.tzinfo is None or not starts < ends:
        raise BadInputError(
            Text(fr="Donnez un début puis une fin, avec leur fuseau.", en="Give a start, then an end, with their zone.")
        )
    if ends <= now:
        raise BadInputError(
            Text(fr="Ce service est déjà passé : vérifiez la date.", en="This shift is already over: check the date.")
        )
    if ends - starts > LONGEST:
        raise BadInputError(
            Text(
                fr="Un service dure 24 heures au plus : saisissez-en plusieurs.",
                en="A shift lasts 24 hours at most: enter several.",
            )
        )
