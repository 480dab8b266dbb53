"""Telling what ends: each deadline once for each stage and person, as an entry of the register.

After a stop, only the nearest stage is told: yesterday's “in 30 days” is not news when 7 are left.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from beffroi.base.db import session_scope
from beffroi.domain.clock import Clock, now
from beffroi.domain.documents import LEGAL_TIME_ZONE, Document
from beffroi.domain.facts import Facts
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.identity.accounts import AccountState
from beffroi.identity.roles import Role
from beffroi.identity.tables import AccountRow
from beffroi.law.documents import type_name
from beffroi.law.sentences import day_text
from beffroi.registry.changes import ChangeKind
from beffroi.registry.concerned import mayors
from beffroi.registry.core import Writer, known
from beffroi.registry.deadlines import Deadline, Reason, Stage, deadlines, stage_day
from beffroi.registry.store import Registry
from beffroi.registry.tables import AnnouncementRow

MOST: Final = 1000
"""Announcements of one answer."""

_AT_ONCE: Final = 50
"""Documents told in one transaction."""

_SKIPPED: Final = frozenset({Stage.OVER})
"""Stages that a list shows and nobody is told of again: all was said before."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What one person was told. ``number`` names it; ``text`` is the sentence, ``ends`` the first instant after."""

    number: int
    document: DocumentId
    version: int
    reason: Reason
    stage: Stage
    addressee: PersonId
    ends: datetime
    at: datetime
    acknowledged_at: datetime | None
    text: Text


class Announcer:
    """Tells mayors and room supervisors what ends.

    Args:
        registry: the registry, whose database also holds the accounts.
        clock: today.
    """

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock

    def run(self) -> int:
        """Record what is to be told and was not yet; how many announcements. Safe to call at any time, any often."""
        at = now(self._clock)
        due = self._due(self._registry.facts(), at)
        # A few at a time: a suspension must never wait for a year's worth of announcements.
        return sum(self._tell(due[start : start + _AT_ONCE], at) for start in range(0, len(due), _AT_ONCE))

    def _tell(self, due: Sequence[Deadline], at: datetime) -> int:
        documents = {one.document.id for one in due}

        def step(session: Session, facts: Facts, write: Writer) -> None:
            supervisors = supervisors_of(session)
            told = {
                (row.document, row.version, row.reason, row.stage, row.addressee)
                for row in session.scalars(select(AnnouncementRow).where(AnnouncementRow.document.in_(documents)))
            }
            for one in due:
                for person in sorted(supervisors | mayors(facts, one.communes, at)):
                    key = (one.document.id, one.document.version, one.reason.value, one.stage.value, person)
                    if person not in facts.persons or key in told:
                        continue
                    told.add(key)
                    _write(session, write, one, person)

        return len(self._registry.apply(None, step))

    def announcements_for(
        self, person: PersonId, *, pending: bool = False, of: Collection[DocumentId] | None = None
    ) -> list[Announcement]:
        """What a person was told, newest first; ``pending``: only what is not acknowledged; ``of``: of these documents
        alone (None: of all)."""
        query = select(AnnouncementRow).where(AnnouncementRow.addressee == person)
        if pending:
            query = query.where(AnnouncementRow.acknowledged_at.is_(None))
        facts = self._registry.facts()
        with session_scope(self._registry.engine, read_only=True) as session:
            rows = session.scalars(query.order_by(AnnouncementRow.revision.desc()))
            # Cut after the others' are left out: a supervisor is told of communes that may not be told to them.
            told = (row for row in rows if of is None or row.document in of)
            return [_announcement(facts, row) for row in islice(told, MOST)]

    def acknowledge(self, number: int, *, by: PersonId) -> None:
        """The person who was told says that it was read; a second time changes nothing.

        Raises:
            NotFoundError: no such announcement to this person.
        """

        def step(session: Session, facts: Facts, write: Writer) -> None:
            del facts
            row = session.get(AnnouncementRow, number)
            known(row is not None and row.addressee == by, str(number))
            if row is None or row.acknowledged_at is not None:
                return
            row.acknowledged_at = write.at
            write.change(ChangeKind.ACKNOWLEDGED, row.document, version=row.version, detail={"stage": row.stage})

        self._registry.apply(by, step)

    def _due(self, facts: Facts, at: datetime) -> list[Deadline]:
        """What is near enough to be told now. A stage that was reached before the document began says nothing: who
        signs an order for a week knows that it ends in a week."""
        return [
            one
            for one in deadlines(facts, at)
            if one.stage not in _SKIPPED
            and stage_day(one.last_day, one.stage)
            >= one.document.begins.astimezone(ZoneInfo(one.document.time_zone)).date()
        ]


def supervisors_of(session: Session) -> set[PersonId]:
    """The persons whose open account is that of a room supervisor."""
    query = select(AccountRow.person).where(
        AccountRow.role == Role.ROOM_SUPERVISOR.value, AccountRow.state == AccountState.ACTIVE.value
    )
    return {PersonId(one) for one in session.scalars(query)}


def _write(session: Session, write: Writer, one: Deadline, person: PersonId) -> None:
    revision = write.change(
        ChangeKind.ANNOUNCED,
        one.document.id,
        version=one.document.version,
        commune=one.document.awaiting,
        about=person,
        detail={"reason": one.reason.value, "stage": one.stage.value, "last_day": one.last_day.isoformat()},
    )
    session.add(
        AnnouncementRow(
            revision=revision,
            document=one.document.id,
            version=one.document.version,
            reason=one.reason.value,
            stage=one.stage.value,
            addressee=person,
            ends=one.ends,
            at=write.at,
        )
    )


_WORDS: Final = {
    Reason.END: Text(fr="finit le {day}", en="ends on {day}"),
    Reason.INQUIRY: Text(fr="nouvelle enquête à demander avant le {day}", en="new inquiry to ask for before {day}"),
    Reason.ANSWER: Text(fr="rejet implicite après le {day}", en="rejected without an answer after {day}"),
    Reason.REVIEW: Text(fr="à réexaminer avant le {day}", en="to be reviewed before {day}"),
}


def _announcement(facts: Facts, row: AnnouncementRow) -> Announcement:
    document, reason = DocumentId(row.document), Reason(row.reason)
    held = next((one for one in facts.versions(document) if one.version == row.version), None)
    return Announcement(
        number=row.revision,
        document=document,
        version=row.version,
        reason=reason,
        stage=Stage(row.stage),
        addressee=PersonId(row.addressee),
        ends=row.ends,
        at=row.at,
        acknowledged_at=row.acknowledged_at,
        text=_sentence(held, reason, row.ends),
    )


def _sentence(document: Document | None, reason: Reason, ends: datetime) -> Text:
    zone = document.time_zone if document is not None else LEGAL_TIME_ZONE
    day = day_text((ends - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date(), zone)
    words = _WORDS[reason]
    name = type_name(document.kind) if document is not None else Text(fr="pièce", en="document")
    number = f" n° {document.number}" if document is not None else ""
    return Text(
        fr=f"{name.fr[0].upper()}{name.fr[1:]}{number} : {words.fr.format(day=day.fr)}.",
        en=f"{name.en[0].upper()}{name.en[1:]}{number.replace('n°', 'no.')}: {words.en.format(day=day.en)}.",
    )
