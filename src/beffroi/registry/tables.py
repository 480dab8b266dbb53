"""Tables of the registry. Facts are append-only: each row carries the revision that brought it, the newest row of an id
speaks, and the facts of any past revision can be read again (a decision of last year replays on its own facts)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from beffroi.base.db import Base, Instant, JsonColumn


class HeadRow(Base):
    """The single row that holds the current revision: its lock orders the writers."""

    __tablename__ = "registry_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int]


class ChangeRow(Base):
    """One change of the facts: who, when, what.

    ``effective`` is the revision from which it counts: a change that widens a right counts only once its entry is in
    the register (``ledger_index``), one that narrows counts at once. See docs/design/registry.md.
    """

    __tablename__ = "changes"

    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str | None] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(200), index=True)
    version: Mapped[int | None]
    commune: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str | None] = mapped_column(Text)
    about: Mapped[str | None] = mapped_column(String(64))
    """The person whom the change is about, who is not its subject: kept out of the register's leaves."""
    detail: Mapped[dict[str, Any] | None] = mapped_column(JsonColumn)
    effective: Mapped[int | None] = mapped_column(index=True)
    ledger_index: Mapped[int | None] = mapped_column(BigInteger, index=True)


class BodyRow(Base):
    """A body as of a revision."""

    __tablename__ = "bodies"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    revision: Mapped[int] = mapped_column(ForeignKey("changes.revision"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    departement: Mapped[str] = mapped_column(String(4))
    form: Mapped[str | None] = mapped_column(String(1))
    members: Mapped[list[str]] = mapped_column(JsonColumn)


class PersonRow(Base):
    """A person, in one quality. Never altered: another quality is another person id with its own account."""

    __tablename__ = "people"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    revision: Mapped[int] = mapped_column(ForeignKey("changes.revision"), primary_key=True)
    label_fr: Mapped[str] = mapped_column(String(200))
    label_en: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(32))
    employer: Mapped[str] = mapped_column(String(32))
    commune: Mapped[str | None] = mapped_column(String(32))

    __table_args__ = (UniqueConstraint("id"),)


class SystemRow(Base):
    """A video system, as an order names it."""

    __tablename__ = "systems"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    revision: Mapped[int] = mapped_column(ForeignKey("changes.revision"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    controller: Mapped[str] = mapped_column(String(32))


class CameraRow(Base):
    """A camera and its place as of a revision."""

    __tablename__ = "cameras"

    id: Mapped[str] = mapped_column(String(63), primary_key=True)
    revision: Mapped[int] = mapped_column(ForeignKey("changes.revision"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    commune: Mapped[str] = mapped_column(String(32))
    origin: Mapped[str] = mapped_column(String(1))
    system: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    place_confirmed_by: Mapped[str | None] = mapped_column(String(64))
    latitude_deg: Mapped[float | None]
    longitude_deg: Mapped[float | None]
    controller: Mapped[str | None] = mapped_column(String(32))
    entered_by: Mapped[str] = mapped_column(String(64))
    retired: Mapped[bool]


class StreamRow(Base):
    """How a recorder reaches a stream of a camera. Not a fact of law: changed in place.

    ``url`` carries no user and no password: these are in ``credentials``, sealed to the recorder's key. ``kbit_s`` is
    the rate that the camera is set to (0: not declared); ``priority`` is the camera's, the same on each stream.
    """

    __tablename__ = "camera_streams"

    camera: Mapped[str] = mapped_column(String(63), primary_key=True)
    name: Mapped[str] = mapped_column(String(8), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    codec: Mapped[str] = mapped_column(String(8))
    credentials: Mapped[str] = mapped_column(Text)
    kbit_s: Mapped[int] = mapped_column(default=0, server_default="0")
    priority: Mapped[int] = mapped_column(default=100, server_default="100")


class DocumentRow(Base):
    """The content of one version of a document: written once."""

    __tablename__ = "documents"

    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(ForeignKey("changes.revision"))
    kind: Mapped[str] = mapped_column(String(32), index=True)
    number: Mapped[str] = mapped_column(String(200))
    signed_on: Mapped[date]
    signatory: Mapped[str] = mapped_column(String(200))
    valid_from: Mapped[str] = mapped_column(String(40))
    """ISO 8601: a date (a day in ``time_zone``) or an instant with its offset. Both mean something different."""
    valid_until: Mapped[str | None] = mapped_column(String(40))
    scope: Mapped[dict[str, list[str]]] = mapped_column(JsonColumn)
    fields: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    awaiting: Mapped[str | None] = mapped_column(String(32))
    file_sha256: Mapped[str | None] = mapped_column(String(64))
    time_zone: Mapped[str] = mapped_column(String(64))
    entered_by: Mapped[str] = mapped_column(String(64))


class DocumentStateRow(Base):
    """What became of a version: one row a step, never altered; the newest speaks."""

    __tablename__ = "document_states"

    revision: Mapped[int] = mapped_column(ForeignKey("changes.revision"), primary_key=True)
    document: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(Instant)
    confirmed_by: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (Index(None, "document", "version", "revision"),)


class FirstConfirmationRow(Base):
    """The first of the two confirmations that a version needs (see `beffroi.registry.two_persons`)."""

    __tablename__ = "first_confirmations"

    revision: Mapped[int] = mapped_column(ForeignKey("changes.revision"), primary_key=True)
    document: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    by: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("document", "version"),)


class AttachmentRow(Base):
    """A file that belongs to a version of a document; its bytes are in the folder of attachments, by their digest."""

    __tablename__ = "attachments"

    document: Mapped[str] = mapped_column(String(200), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    revision: Mapped[int] = mapped_column(ForeignKey("changes.revision"))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    read_signed_on: Mapped[date | None]
    read_until: Mapped[date | None]
    entered_by: Mapped[str] = mapped_column(String(64))
    entered_at: Mapped[datetime] = mapped_column(Instant)


class AnnouncementRow(Base):
    """A deadline told to one person, once."""

    __tablename__ = "announcements"

    revision: Mapped[int] = mapped_column(ForeignKey("changes.revision"), primary_key=True)
    document: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    reason: Mapped[str] = mapped_column(String(16))
    stage: Mapped[str] = mapped_column(String(8))
    addressee: Mapped[str] = mapped_column(String(64), index=True)
    ends: Mapped[datetime] = mapped_column(Instant)
    at: Mapped[datetime] = mapped_column(Instant)
    acknowledged_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("document", "version", "reason", "stage", "addressee"),)


class ShiftRow(Base):
    """One person on duty for some communes, from an instant to another (UTC)."""

    __tablename__ = "shifts"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(String(64), index=True)
    communes: Mapped[list[str]] = mapped_column(JsonColumn)
    starts: Mapped[datetime] = mapped_column(Instant, index=True)
    ends: Mapped[datetime] = mapped_column(Instant, index=True)
    entered_by: Mapped[str] = mapped_column(String(64))
    entered_at: Mapped[datetime] = mapped_column(Instant)
    replaced_by: Mapped[str | None] = mapped_column(String(64))
    cancelled_at: Mapped[datetime | None] = mapped_column(Instant)
    revision: Mapped[int | None] = mapped_column(ForeignKey("changes.revision"))
