"""Documents: entered by one person, suspended or withdrawn by one alone (`confirming` has what opens)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from beffroi.domain.documents import Document, DocumentStatus
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.registry import entitlement
from beffroi.registry.changes import Change, ChangeKind
from beffroi.registry.core import FactStore, Writer, batched, known
from beffroi.registry.rows import document_row
from beffroi.registry.states import entered_by, no_document, state_row
from beffroi.registry.tables import DocumentRow

_MAY_LEAVE: Final = {
    DocumentStatus.SUSPENDED: frozenset({DocumentStatus.CONFIRMED}),
    DocumentStatus.WITHDRAWN: frozenset({DocumentStatus.PROPOSED, DocumentStatus.CONFIRMED, DocumentStatus.SUSPENDED}),
}
"""From which status a version may pass to the one on the left."""


class Papers(FactStore):
    """The documents that open or close rights."""

    # Documents.

    def propose(self, document: Document, *, by: PersonId) -> Change:
        """Enter a document, or the next version of one. It counts once confirmed; the version in charge is undisturbed.

        The number of the version, who must confirm, and the status are set here, whatever the value says.

        Raises:
            BadInputError: incomplete for its type, or it names nobody who could confirm it.
        """
        return self.propose_all([document], by=by)[0]

    def propose_all(self, documents: Sequence[Document], *, by: PersonId) -> list[Change]:
        """As `propose`, several at once."""

        def step(session: Session, facts: Facts, write: Writer) -> None:
            newest = _newest_versions(session, documents)
            for document in documents:
                if self.validate is not None:
                    self.validate(document, facts)
                _check_scope(document, facts)
                awaiting = entitlement.body_awaited(document, facts)
                newest[document.id] += 1
                fresh = replace(
                    document,
                    version=newest[document.id],
                    awaiting=awaiting,
                    status=DocumentStatus.PROPOSED,
                    confirmed_by=None,
                    status_at=write.at,
                )
                revision = write.change(ChangeKind.PROPOSED, fresh.id, version=fresh.version, commune=awaiting)
                session.add(document_row(fresh, revision, entered_by=by))
                session.add(state_row(fresh, revision, write.at))

        return self.apply(by, step)

    def suspend(self, document: DocumentId, *, by: PersonId, reason: str, version: int | None = None) -> Change:
        """Suspend the version in charge (or the one named), at once, alone (CSI L.132-14-1: in an emergency without
        consultation). Lifting a suspension takes a new version and its confirmation.

        Raises:
            NotFoundError, BadInputError (not in force, or no reason), NotEntitledToFactError.
        """
        return self._narrow(document, version, DocumentStatus.SUSPENDED, by, reason)

    def withdraw(self, document: DocumentId, *, by: PersonId, reason: str, version: int | None = None) -> Change:
        """Withdraw the version in charge (or the one named, for instance a proposal), at once, alone and for good.

        Raises:
            NotFoundError, BadInputError (already withdrawn, or no reason), NotEntitledToFactError.
        """
        return self._narrow(document, version, DocumentStatus.WITHDRAWN, by, reason)

    def _narrow(
        self, identifier: DocumentId, version: int | None, status: DocumentStatus, by: PersonId, reason: str
    ) -> Change:
        if not reason.strip():
            raise BadInputError(Text(fr="Dites pourquoi, en une phrase.", en="Say why, in a sentence."))

        def step(session: Session, facts: Facts, write: Writer) -> None:
            if version is None:
                document = facts.in_charge(identifier, write.at)
            else:
                document = next((one for one in facts.versions(identifier) if one.version == version), None)
            if document is None:
                raise no_document()
            if document.status not in _MAY_LEAVE[status]:
                raise BadInputError(
                    Text(
                        fr="Cette pièce n'est pas en vigueur : il n'y a rien à suspendre ni à retirer.",
                        en="This document is not in force: there is nothing to suspend or withdraw.",
                    )
                )
            entitlement.check_narrow(facts, document, by, entered_by(session, document), write.at)
            kind = ChangeKind.SUSPENDED if status is DocumentStatus.SUSPENDED else ChangeKind.WITHDRAWN
            revision = write.change(
                kind, identifier, version=document.version, commune=document.awaiting, reason=reason
            )
            session.add(state_row(replace(document, status=status), revision, write.at))

        return self.apply(by, step)[0]


def _newest_versions(session: Session, documents: Sequence[Document]) -> Counter[DocumentId]:
    """The newest version of each of these documents; 0 for one that is new."""
    found: Counter[DocumentId] = Counter()
    for some in batched([document.id for document in documents]):
        query = select(DocumentRow.id, func.max(DocumentRow.version)).where(DocumentRow.id.in_(some))
        found.update({DocumentId(one): version for one, version in session.execute(query.group_by(DocumentRow.id))})
    return found


def _check_scope(document: Document, facts: Facts) -> None:
    # A paper that names what is not there yet could come to mean something else than what was confirmed.
    scope = document.scope
    for body in scope.bodies:
        known(body in facts.bodies, body)
    for camera in scope.cameras:
        known(camera in facts.cameras, camera)
    for person in scope.persons:
        known(person in facts.persons, person)
