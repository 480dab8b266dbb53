"""The core of the store: an immutable snapshot for readers, numbered and registered changes for writers."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from beffroi.base.bus import Bus
from beffroi.base.db import session_scope
from beffroi.domain.clock import Clock, now
from beffroi.domain.documents import Document
from beffroi.domain.errors import BadInputError, NotFoundError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text
from beffroi.registry.changes import Change, ChangeKind, ChangeRegister, FactsChanged, change_of
from beffroi.registry.rows import load_facts, refresh_facts
from beffroi.registry.tables import ChangeRow, HeadRow

OTHER_PROCESS_S: Final = 0.2
"""Changes made by another process are seen within this time; one's own at once."""

Validate = Callable[[Document, Facts], None]
"""Raises `BadInputError` when a document does not hold what its type asks for."""

Step = Callable[[Session, Facts, "Writer"], None]


class Writer:
    """Numbers the changes of one transaction and writes their first row."""

    def __init__(self, session: Session, head: HeadRow, at: datetime, actor: PersonId | None) -> None:
        self._session = session
        self._head = head
        self.at = at
        self.actor = actor
        self.made: list[Change] = []

    def change(
        self,
        kind: ChangeKind,
        subject: str,
        *,
        version: int | None = None,
        commune: BodyId | None = None,
        reason: str | None = None,
        about: PersonId | None = None,
        detail: Mapping[str, str | int] | None = None,
    ) -> int:
        """Open a change; its revision. One that does not widen counts at once."""
        self._head.revision += 1
        change = Change(
            revision=self._head.revision,
            at=self.at,
            actor=self.actor,
            kind=kind,
            subject=subject,
            version=version,
            commune=commune,
            reason=reason,
            about=about,
            detail=detail or {},
        )
        self._session.add(
            ChangeRow(
                revision=change.revision,
                at=change.at,
                actor=change.actor,
                kind=change.kind.value,
                subject=change.subject,
                version=change.version,
                commune=change.commune,
                reason=change.reason,
                about=change.about,
                detail=dict(change.detail) or None,
                effective=None if change.widens else change.revision,
            )
        )
        self._session.flush()
        self.made.append(change)
        return change.revision


class FactStore:
    """Facts, as an immutable snapshot of the newest revision, and what changes them.

    Args:
        engine: the centre's database, migrated.
        clock: dates the changes.
        register: where changes are written down; None for a command beside a running centre, which takes its changes
            in (`settle`): until then what widens does not count.
        bus: receives `FactsChanged` once a change counts.
        validate: what a document must hold (the law pack's types).
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        *,
        register: ChangeRegister | None,
        bus: Bus | None = None,
        validate: Validate | None = None,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._register = register
        self._bus = bus or Bus()
        self.validate = validate
        self._cache: Facts | None = None
        self._seen_revision = -1
        self._seen_s = float("-inf")
        self._cache_lock = threading.Lock()
        # Re-entrant: a subscriber may write in answer to a change.
        self._write_lock = threading.RLock()

    @property
    def engine(self) -> Engine:
        """The centre's database."""
        return self._engine

    # Reading.

    def revision(self) -> int:
        """The newest revision. Another process's changes are seen within `OTHER_PROCESS_S`."""
        at_s = self._clock.monotonic_s()
        if at_s - self._seen_s >= OTHER_PROCESS_S or at_s < self._seen_s:
            with session_scope(self._engine, read_only=True) as session:
                self._seen_revision = session.scalars(select(HeadRow.revision)).one()
            self._seen_s = at_s
        return self._seen_revision

    def facts(self) -> Facts:
        """The facts in force: the same object until something changes."""
        revision = self.revision()
        with self._cache_lock:
            if self._cache is None or self._cache.revision != revision:
                with session_scope(self._engine, read_only=True) as session:
                    self._cache = self._facts_of(session, revision)
            return self._cache

    def facts_at(self, revision: int) -> Facts:
        """The facts as they stood at a past revision: what a stored decision was made from."""
        with session_scope(self._engine, read_only=True) as session:
            return load_facts(session, revision)

    def changes(self, *, after: int = 0, subject: str | None = None, limit: int = 500) -> list[Change]:
        """Changes after a revision, oldest first, of everything or of one document, camera, body or person."""
        query = select(ChangeRow).where(ChangeRow.revision > after).order_by(ChangeRow.revision).limit(limit)
        if subject is not None:
            query = query.where(ChangeRow.subject == subject)
        with session_scope(self._engine, read_only=True) as session:
            return [change_of(row) for row in session.scalars(query)]

    # Writing.

    def settle(self) -> int:
        """Take into the register the changes that are not in it yet (made beside a running centre, or cut off by a
        crash), then let them count. How many. A change may be written twice after a crash: same revision, same change.
        """
        if self._register is None:
            return 0
        with self._write_lock:
            with session_scope(self._engine, read_only=True) as session:
                waiting = [
                    change_of(row)
                    for row in session.scalars(
                        select(ChangeRow).where(ChangeRow.ledger_index.is_(None)).order_by(ChangeRow.revision)
                    )
                ]
            self._enter(waiting)
        return len(waiting)

    def apply(self, by: PersonId | None, step: Step) -> list[Change]:
        """Run one step in one transaction, announce what counts at once, then enter all in the register.

        Raises:
            NotFoundError: the person acting is not recorded; and whatever the step raises: then nothing changed.
        """
        with self._write_lock:
            with session_scope(self._engine) as session:
                head = session.get_one(HeadRow, 1, with_for_update=True)
                facts = self._facts_of(session, head.revision)
                if by is not None and by not in facts.persons:
                    raise NotFoundError(
                        Text(fr="Cette personne n'est pas enregistrée.", en="This person is not recorded.")
                    )
                write = Writer(session, head, now(self._clock), by)
                step(session, facts, write)
                revision = head.revision
            self._announce(revision, [change for change in write.made if not change.widens])
            return self._enter(write.made)

    def _facts_of(self, session: Session, revision: int) -> Facts:
        cached = self._cache
        if cached is None or cached.revision > revision:
            return load_facts(session, revision)
        return cached if cached.revision == revision else refresh_facts(session, cached, revision)

    def _enter(self, changes: Sequence[Change]) -> list[Change]:
        """Write changes into the register, then let those that widen count."""
        if self._register is None or not changes:
            return list(changes)
        indexes = self._register.record(changes)
        entered = [replace(change, ledger_index=index) for change, index in zip(changes, indexes, strict=True)]
        with session_scope(self._engine) as session:
            head = session.get_one(HeadRow, 1, with_for_update=True)
            if any(change.widens for change in entered):
                head.revision += 1
            rows = {
                row.revision: row
                for some in batched([change.revision for change in entered])
                for row in session.scalars(select(ChangeRow).where(ChangeRow.revision.in_(some)))
            }
            for change in entered:
                row = rows[change.revision]
                row.ledger_index = change.ledger_index
                if row.effective is None:
                    row.effective = head.revision
            revision = head.revision
        widened = [change for change in entered if change.widens]
        if widened:
            self._announce(revision, widened)
        return entered

    def _announce(self, revision: int, changes: Sequence[Change]) -> None:
        self._seen_s = float("-inf")
        if changes:
            self._bus.publish(FactsChanged(revision=revision, changes=tuple(changes)))


T = TypeVar("T")


def batched(several: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    """So many at a time: databases limit how many values a statement holds."""
    return (several[start : start + size] for start in range(0, len(several), size))


def known(condition: bool, what: str) -> None:
    """Raise `NotFoundError` unless the condition holds."""
    if not condition:
        raise NotFoundError(Text(fr=f"« {what} » n'est pas enregistré.", en=f"“{what}” is not recorded."))


def fresh(condition: bool, what: str) -> None:
    """Raise `BadInputError` unless the condition holds."""
    if not condition:
        raise BadInputError(Text(fr=f"« {what} » existe déjà.", en=f"“{what}” exists already."))
