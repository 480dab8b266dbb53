"""Versions of documents and what became of them, as the steps of the registry need them."""

from datetime import datetime

from sqlalchemy.orm import Session

from beffroi.domain.documents import Document
from beffroi.domain.errors import NotFoundError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.registry.tables import DocumentRow, DocumentStateRow


def newest_version(facts: Facts, identifier: DocumentId) -> Document:
    """The newest version of a document.

    Raises:
        NotFoundError: there is none.
    """
    several = facts.versions(identifier)
    if not several:
        raise no_document()
    return several[-1]


def entered_by(session: Session, document: Document) -> PersonId:
    """Who entered this version."""
    return PersonId(session.get_one(DocumentRow, (document.id, document.version)).entered_by)


def state_row(document: Document, revision: int, at: datetime) -> DocumentStateRow:
    """The row that says what became of a version."""
    return DocumentStateRow(
        revision=revision,
        document=document.id,
        version=document.version,
        status=document.status.value,
        at=at,
        confirmed_by=document.confirmed_by,
    )


def no_document() -> NotFoundError:
    """There is no such document, or this person may not know of it."""
    return NotFoundError(Text(fr="Cette pièce n'existe pas.", en="There is no such document."))
