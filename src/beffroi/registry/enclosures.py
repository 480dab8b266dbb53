"""Which files belong to which version of a document."""

from collections.abc import Sequence
from dataclasses import dataclass
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
from beffroi.registry.scan import ScanDates
from beffroi.registry.tables import AttachmentRow

MOST: Final = 20
"""Files of one version."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a version. ``main``: it is the document's scan (named by ``file_sha256``, or the first attached)."""

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
                    read_signed_on=file.read.signed_on,
                    read_until=file.read.until,
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
        with session_scope(self._engine, read_only=True) as session:
            rows = session.scalars(query).all()
        mains = {(row.version, row.sha256) for row in _scans(self.facts(), rows).values()}
        return [
            Attachment(
                document=DocumentId(row.document),
                version=row.version,
                file=StoredFile(row.sha256, row.media_type, row.size_bytes, _read(row)),
                name=row.name,
                main=(row.version, row.sha256) in mains,
                entered_by=PersonId(row.entered_by),
                entered_at=row.entered_at,
            )
            for row in rows
        ]

    def scans(self) -> dict[tuple[DocumentId, int], ScanDates]:
        """What was read on the scan of each version that has one."""
        with session_scope(self._engine, read_only=True) as session:
            rows = session.scalars(select(AttachmentRow).order_by(AttachmentRow.revision)).all()
        return {key: _read(row) for key, row in _scans(self.facts(), rows).items()}


def scan_read(session: Session, document: Document) -> ScanDates:
    """What was read on the scan of this version."""
    rows = session.scalars(
        select(AttachmentRow)
        .where(AttachmentRow.document == document.id, AttachmentRow.version == document.version)
        .order_by(AttachmentRow.revision)
    ).all()
    scan = _scan(document, rows)
    return _read(scan) if scan is not None else ScanDates()


def _scans(facts: Facts, rows: Sequence[AttachmentRow]) -> dict[tuple[DocumentId, int], AttachmentRow]:
    of_versions: dict[tuple[DocumentId, int], list[AttachmentRow]] = {}
    for row in rows:
        of_versions.setdefault((DocumentId(row.document), row.version), []).append(row)
    found = {}
    for (identifier, number), several in of_versions.items():
        document = next((one for one in facts.versions(identifier) if one.version == number), None)
        if document is not None and (scan := _scan(document, several)) is not None:
            found[identifier, number] = scan
    return found


def _scan(document: Document, rows: Sequence[AttachmentRow]) -> AttachmentRow | None:
    """The file that the version names as its scan; where it names none, the first that was attached."""
    named = next((row for row in rows if row.sha256 == document.file_sha256), None)
    return named if document.file_sha256 is not None or not rows else rows[0]


def _read(row: AttachmentRow) -> ScanDates:
    return ScanDates(row.read_signed_on, row.read_until)


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
