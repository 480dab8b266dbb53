"""Which files belong to which version of a document."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from beffroi.base.db import session_scope
from beffroi.domain.documents import Document
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.registry.attachments import StoredFile
from beffroi.registry.changes import Change, ChangeKind
from beffroi.registry.core import FactStore, Writer, known
from beffroi.registry.tables import AttachmentRow

MOST: Final = 20
"""Files of one version."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a version. ``main`` is the one that the document itself names as its scan (``file_sha256``)."""

    document: DocumentId
    version: int
    file: StoredFile
    name: str
    main: bool
    entered_by: PersonId
    entered_at: datetime


class Enclosures(FactStore):
    """Files of documents. A file tells and proves; it opens nothing, so one person is enough."""

    def attach(
        self, document: DocumentId, file: StoredFile, *, name: str, by: PersonId, version: int | None = None
    ) -> Change | None:
        """Say that a file already kept (`Attachments.put`) belongs to a version; by default the newest. None: it did
        already.

        Raises:
            NotFoundError: no such document or version. BadInputError: more than `MOST` files.
        """

        def step(session: Session, facts: Facts, write: Writer) -> None:
            held = _version(facts, document, version)
            there = session.scalars(
                select(AttachmentRow).where(AttachmentRow.document == held.id, AttachmentRow.version == held.version)
            ).all()
            if any(one.sha256 == file.sha256 for one in there):
                return
            if len(there) >= MOST:
                raise BadInputError(
                    Text(
                        fr=f"Cette pièce porte déjà {MOST} fichiers : réunissez-les en un seul PDF.",
                        en=f"This document has {MOST} files already: gather them in a single PDF.",
                    )
                )
            revision = write.change(
                ChangeKind.ATTACHED,
                held.id,
                version=held.version,
                commune=held.awaiting,
                detail={"sha256": file.sha256, "media_type": file.media_type, "size_bytes": file.size_bytes},
            )
            session.add(
                AttachmentRow(
                    document=held.id,
                    version=held.version,
                    sha256=file.sha256,
                    revision=revision,
                    name=_file_name(name),
                    media_type=file.media_type,
                    size_bytes=file.size_bytes,
                    entered_by=by,
                    entered_at=write.at,
                )
            )

        made = self.apply(by, step)
        return made[0] if made else None

    def attachments(self, document: DocumentId, version: int | None = None) -> list[Attachment]:
        """The files of a document, oldest first; of one version, or of all."""
        query = (
            select(AttachmentRow)
            .where(AttachmentRow.document == document)
            .order_by(AttachmentRow.version, AttachmentRow.revision)
        )
        if version is not None:
            query = query.where(AttachmentRow.version == version)
        mains = {(one.version, one.file_sha256) for one in self.facts().versions(document)}
        with session_scope(self._engine, read_only=True) as session:
            return [
                Attachment(
                    document=DocumentId(row.document),
                    version=row.version,
                    file=StoredFile(row.sha256, row.media_type, row.size_bytes),
                    name=row.name,
                    main=(row.version, row.sha256) in mains,
                    entered_by=PersonId(row.entered_by),
                    entered_at=row.entered_at,
                )
                for row in session.scalars(query)
            ]


def with_scan(document: Document, file: StoredFile) -> Document:
    """The document, naming this file as its scan."""
    return replace(document, file_sha256=file.sha256)


def _version(facts: Facts, document: DocumentId, version: int | None) -> Document:
    several = facts.versions(document)
    held = next((one for one in reversed(several) if version in (None, one.version)), None)
    known(held is not None, document)
    assert held is not None  # noqa: S101  `known` raised otherwise
    return held


def _file_name(name: str) -> str:
    """The last part of a name, without what could move a file or break a line."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in last if char.isprintable())[:120].strip() or "document"
