"""Confirming documents: by a person whom the commune designated, by two where a slip would cost too much."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from beffroi.base.db import session_scope
from beffroi.domain.documents import Document, DocumentStatus
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.registry import entitlement
from beffroi.registry.changes import Change, ChangeKind
from beffroi.registry.core import FactStore, Writer
from beffroi.registry.enclosures import scan_read
from beffroi.registry.states import entered_by, newest_version, state_row
from beffroi.registry.tables import ChangeRow, FirstConfirmationRow
from beffroi.registry.two_persons import why_two


@dataclass(frozen=True, slots=True)
class FirstConfirmation:
    """The first of two confirmations: the version still counts for nothing."""

    document: DocumentId
    version: int
    by: PersonId
    at: datetime


class Confirmations(FactStore):
    """The commune's word on documents."""

    def confirm(self, document: DocumentId, *, by: PersonId) -> Change:
        """A person designated by the commune confirms the newest version: from its register entry on, it counts.

        Where two persons must confirm (`beffroi.registry.two_persons`), the first call is written down
        (`ChangeKind.FIRST_CONFIRMED`) and opens nothing; the second, by another person of the commune or by the data
        protection officer, lets it count.

        Raises:
            NotFoundError: no such document. BadInputError: its newest version awaits nothing, or lacks what its kind
                asks for today. NotEntitledToFactError: not designated by that commune, or the person who entered it,
                or whom it names, or who confirmed first.
        """
        return self.confirm_all([document], by=by)[0]

    def confirm_all(self, documents: Sequence[DocumentId], *, by: PersonId) -> list[Change]:
        """As `confirm`, several at once."""

        def step(session: Session, facts: Facts, write: Writer) -> None:
            for identifier in documents:
                self._confirm_one(session, facts, write, newest_version(facts, identifier), by)

        return self.apply(by, step)

    def first_confirmations(self) -> dict[DocumentId, FirstConfirmation]:
        """The documents whose newest version was confirmed by one person and awaits a second."""
        facts, found = self.facts(), {}
        with session_scope(self._engine, read_only=True) as session:
            for row in session.scalars(select(FirstConfirmationRow)):
                document = DocumentId(row.document)
                newest = (facts.versions(document) or (None,))[-1]
                if newest is None or newest.version != row.version or newest.status is not DocumentStatus.PROPOSED:
                    continue
                found[document] = FirstConfirmation(document, row.version, PersonId(row.by), row.at)
        return found

    def _confirm_one(self, session: Session, facts: Facts, write: Writer, document: Document, by: PersonId) -> None:
        if document.status is not DocumentStatus.PROPOSED:
            raise BadInputError(
                Text(
                    fr="Cette pièce n'attend pas de confirmation : saisissez-en une nouvelle version.",
                    en="This document awaits no confirmation: enter a new version of it.",
                )
            )
        if self.validate is not None:
            self.validate(document, facts)
        author = entered_by(session, document)
        if why_two(document, facts, scan_read(session, document)) is not None:
            first = session.scalars(
                select(FirstConfirmationRow).where(
                    FirstConfirmationRow.document == document.id, FirstConfirmationRow.version == document.version
                )
            ).one_or_none()
            if first is None:
                entitlement.check_confirm(facts, document, by, author, write.at)
                revision = write.change(
                    ChangeKind.FIRST_CONFIRMED, document.id, version=document.version, commune=document.awaiting
                )
                session.add(
                    FirstConfirmationRow(
                        revision=revision, document=document.id, version=document.version, by=by, at=write.at
                    )
                )
                session.flush()
                return
            if session.get_one(ChangeRow, first.revision).ledger_index is None:
                # Two words open a right: both are in the register before they do.
                raise BadInputError(
                    Text(
                        fr="La première confirmation n'est pas encore au registre : réessayez dans une minute.",
                        en="The first confirmation is not in the register yet: try again in a minute.",
                    )
                )
            entitlement.check_second(facts, document, by, author, write.at, first=PersonId(first.by))
        else:
            entitlement.check_confirm(facts, document, by, author, write.at)
        revision = write.change(ChangeKind.CONFIRMED, document.id, version=document.version, commune=document.awaiting)
        confirmed = replace(document, status=DocumentStatus.CONFIRMED, confirmed_by=by)
        session.add(state_row(confirmed, revision, write.at))
