"""The roster, kept beside the facts: every change of it is a numbered change and an entry of the register.

A shift opens nothing, so it counts at once (docs/design/registry.md, “what only proposes”). The person's name is in the
entry's erasable payload.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from beffroi.base.db import session_scope
from beffroi.domain.clock import Clock, now, to_wall_us
from beffroi.domain.errors import BadInputError, NotFoundError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text
from beffroi.law.engine import LawEngine
from beffroi.law.tonight.moments import Span
from beffroi.registry.changes import ChangeKind
from beffroi.registry.core import Writer
from beffroi.registry.store import Registry
from beffroi.registry.tables import ShiftRow
from beffroi.room.entitled import entitled, obstacles
from beffroi.room.shift import LONGEST, WATCHERS, Obstacle, Shift, ShiftRefusedError, check_times


class Roster:
    """Shifts, in the centre's database. Whoever calls has checked that the caller may know of persons and communes."""

    def __init__(self, registry: Registry, law: LawEngine, clock: Clock) -> None:
        self._registry = registry
        self._law = law
        self._clock = clock

    # Reading.

    def within(self, span: Span) -> list[Shift]:
        """The shifts of which some falls within a span, in order of time; those cancelled before they began are not
        among them."""
        with session_scope(self._registry.engine, read_only=True) as session:
            rows = session.scalars(
                select(ShiftRow)
                .where(ShiftRow.ends > span.start, ShiftRow.starts < span.end)
                .order_by(ShiftRow.starts, ShiftRow.person, ShiftRow.id)
            ).all()
            return [shift for shift in _shifts(session, rows) if shift.meets(span)]

    def on_duty(self, at: datetime) -> list[Shift]:
        """Who is on duty at an instant."""
        return [one for one in self.within(Span(at - LONGEST, at + LONGEST)) if one.covers(at)]

    def one(self, shift: str) -> Shift:
        """One shift.

        Raises:
            NotFoundError: there is none.
        """
        with session_scope(self._registry.engine, read_only=True) as session:
            return _found(session, shift)

    def candidates(self, shift: Shift, persons: Sequence[PersonId]) -> dict[PersonId, bool]:
        """Who of these persons could take the shift over now: True, every camera; False, some of each commune. Whoever
        is on duty elsewhere at the time is not among them."""
        facts, span = self._registry.facts(), self._rest(shift)
        busy = {one.person for one in self.within(span)}
        free = [
            one for one in persons if one not in busy and one in facts.persons and facts.persons[one].status in WATCHERS
        ]
        return entitled(self._law, facts, free, shift.communes, span)

    # Writing.

    def enter(
        self, person: PersonId, communes: Sequence[BodyId], starts: datetime, ends: datetime, *, by: PersonId
    ) -> tuple[Shift, list[Obstacle]]:
        """Put a person on the roster; what would be closed in part comes back as warnings.

        Raises:
            ShiftRefusedError: somewhere, at some time of the shift, the person could see nothing.
            BadInputError: the times are wrong, no commune, or the person is on duty already.
        """
        at = now(self._clock)
        check_times(starts, ends, at)
        span = Span(starts.astimezone(UTC), ends.astimezone(UTC))
        places = tuple(sorted(set(communes)))
        warnings = self._check(person, places, Span(max(span.start, at), span.end))
        made = Shift(_new_id(), person, places, span.start, span.end, by, at)

        def step(session: Session, facts: Facts, write: Writer) -> None:
            del facts
            _check_free(session, made)
            _add(session, write, made, ChangeKind.SHIFT_ENTERED)

        self._registry.apply(by, step)
        return made, warnings

    def replace(self, shift: str, person: PersonId, *, by: PersonId) -> tuple[Shift, list[Obstacle]]:
        """Another person, already entitled, takes the rest of a shift over, at once: nothing is widened, so nobody else
        has to confirm.

        Raises:
            ShiftRefusedError: the person is not entitled; the obstacles say what lacks.
            NotFoundError: no such shift. BadInputError: it is over, or the person is on duty already.
        """
        old = self.one(shift)
        at = now(self._clock)
        if not old.meets(Span(at, max(at, old.ends))):
            raise _over()
        span = self._rest(old)
        warnings = self._check(person, old.communes, span)
        new = Shift(_new_id(), person, old.communes, span.start, old.ends, by, at)

        def step(session: Session, facts: Facts, write: Writer) -> None:
            del facts
            row = session.get_one(ShiftRow, old.id)
            if row.replaced_by is not None or row.cancelled_at is not None:
                raise _over()
            row.replaced_by = new.id
            session.flush()
            _check_free(session, new)
            _add(session, write, new, ChangeKind.SHIFT_REPLACED, instead_of=old.id)

        self._registry.apply(by, step)
        return new, warnings

    def cancel(self, shift: str, *, by: PersonId) -> Shift:
        """Take a shift off the roster, or end it now.

        Raises:
            NotFoundError: no such shift. BadInputError: it is over.
        """
        old = self.one(shift)
        at = now(self._clock)
        if not old.meets(Span(at, max(at, old.ends))):
            raise _over()

        def step(session: Session, facts: Facts, write: Writer) -> None:
            del facts
            row = session.get_one(ShiftRow, old.id)
            if row.replaced_by is not None or row.cancelled_at is not None:
                raise _over()
            row.cancelled_at = at
            write.change(ChangeKind.SHIFT_CANCELLED, old.id, about=old.person)

        self._registry.apply(by, step)
        return replace(old, cancelled_at=at)

    def _rest(self, shift: Shift) -> Span:
        return Span(min(max(shift.starts, now(self._clock)), shift.ends), shift.ends)

    def _check(self, person: PersonId, communes: Sequence[BodyId], span: Span) -> list[Obstacle]:
        facts = self._registry.facts()
        if not communes:
            raise BadInputError(Text(fr="Choisissez au moins une commune.", en="Choose at least one commune."))
        if person not in facts.persons or facts.persons[person].status not in WATCHERS:
            raise BadInputError(
                Text(
                    fr="Seul un agent ou un policier municipal est inscrit au planning : choisissez-en un.",
                    en="Only agents and municipal police are put on the roster: choose one.",
                )
            )
        found = obstacles(self._law, facts, person, communes, span)
        if any(one.blocks for one in found):
            raise ShiftRefusedError(facts, person, found)
        return found


def _add(session: Session, write: Writer, shift: Shift, kind: ChangeKind, instead_of: str | None = None) -> None:
    detail: dict[str, str | int] = {
        "starts_us": to_wall_us(shift.starts),
        "ends_us": to_wall_us(shift.ends),
        "communes": " ".join(shift.communes),
    }
    if instead_of is not None:
        detail["instead_of"] = instead_of
    commune = shift.communes[0] if len(shift.communes) == 1 else None
    revision = write.change(kind, shift.id, commune=commune, about=shift.person, detail=detail)
    session.add(
        ShiftRow(
            id=shift.id,
            person=shift.person,
            communes=list(shift.communes),
            starts=shift.starts,
            ends=shift.ends,
            entered_by=shift.entered_by,
            entered_at=shift.entered_at,
            revision=revision,
        )
    )
    session.flush()


def _check_free(session: Session, wanted: Shift) -> None:
    rows = session.scalars(
        select(ShiftRow).where(
            ShiftRow.person == wanted.person, ShiftRow.ends > wanted.starts, ShiftRow.starts < wanted.ends
        )
    ).all()
    span = Span(wanted.starts, wanted.ends)
    if any(one.meets(span) for one in _shifts(session, rows)):
        raise BadInputError(
            Text(
                fr="Cette personne est déjà de service à ces heures : changez les heures ou la personne.",
                en="This person is already on duty at these hours: change the hours or the person.",
            )
        )


def _shifts(session: Session, rows: Sequence[ShiftRow]) -> list[Shift]:
    later = {row.replaced_by for row in rows if row.replaced_by is not None}
    starts = (
        {row.id: row.starts for row in session.scalars(select(ShiftRow).where(ShiftRow.id.in_(later)))} if later else {}
    )
    return [_shift(row, starts.get(row.replaced_by or "")) for row in rows]


def _shift(row: ShiftRow, taken_over_at: datetime | None) -> Shift:
    return Shift(
        id=row.id,
        person=PersonId(row.person),
        communes=tuple(BodyId(one) for one in row.communes),
        starts=row.starts,
        ends=row.ends,
        entered_by=PersonId(row.entered_by),
        entered_at=row.entered_at,
        replaced_by=row.replaced_by,
        taken_over_at=taken_over_at,
        cancelled_at=row.cancelled_at,
    )


def _found(session: Session, shift: str) -> Shift:
    row = session.get(ShiftRow, shift)
    if row is None:
        raise NotFoundError(Text(fr="Ce service n'existe pas.", en="There is no such shift."))
    return _shifts(session, [row])[0]


def _new_id() -> str:
    """Says nothing of how many there are."""
    return secrets.token_hex(8)


def _over() -> BadInputError:
    return BadInputError(
        Text(
            fr="Ce service est fini, annulé ou déjà remplacé : rechargez le planning.",
            en="This shift is over, cancelled or replaced already: load the roster again.",
        )
    )
