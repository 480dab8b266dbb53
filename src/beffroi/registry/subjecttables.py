"""Tables of filmed persons' requests: what was asked, what was decided, derived copies, supervised viewings. Changed in
place, each step with its entry in the register. Instants are wall time in microseconds, UTC.

There is no column for a name, a date of birth or a document of identity: what was shown is not kept.
"""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from beffroi.base.db import Base, JsonColumn


class SubjectRequestRow(Base):
    """A request. ``commune`` is empty until somebody says whose it is; ``said`` is what the person wrote of the place;
    ``recognise`` goes with the decision, ``contact`` and ``reason`` with the end."""

    __tablename__ = "subject_requests"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    code_sha256: Mapped[str] = mapped_column(String(64))
    commune: Mapped[str] = mapped_column(String(32), default="", index=True)
    channel: Mapped[str] = mapped_column(String(8))
    wish: Mapped[str] = mapped_column(String(16))
    received_on: Mapped[str] = mapped_column(String(10))
    received_us: Mapped[int] = mapped_column(BigInteger)
    entered_by: Mapped[str] = mapped_column(String(64), default="")
    commune_said: Mapped[str] = mapped_column(String(100), default="")
    place: Mapped[str] = mapped_column(String(500), default="")
    day: Mapped[str] = mapped_column(String(10), default="")
    hours: Mapped[str] = mapped_column(String(11), default="")
    recognise: Mapped[str] = mapped_column(String(500), default="")
    contact: Mapped[str] = mapped_column(String(300), default="")
    case: Mapped[str] = mapped_column(String(64), default="")
    registered_by: Mapped[str] = mapped_column(String(64), default="")
    registered_us: Mapped[int | None] = mapped_column(BigInteger)
    identity: Mapped[str] = mapped_column(String(16), default="")
    identity_on: Mapped[str] = mapped_column(String(10), default="")
    identity_by: Mapped[str] = mapped_column(String(64), default="")
    document: Mapped[str] = mapped_column(String(200), default="")
    decided_us: Mapped[int | None] = mapped_column(BigInteger)
    decided_by: Mapped[str] = mapped_column(String(64), default="")
    outcome: Mapped[str] = mapped_column(String(16), default="")
    ground: Mapped[str] = mapped_column(String(20), default="")
    reason: Mapped[str] = mapped_column(String(2000), default="")
    answered_us: Mapped[int | None] = mapped_column(BigInteger)
    closed_us: Mapped[int | None] = mapped_column(BigInteger)
    closed_why: Mapped[str] = mapped_column(String(16), default="")


class SubjectViewingRow(Base):
    """A viewing in the person's presence: who held it, before which screen, what was noted at its end."""

    __tablename__ = "subject_viewings"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("subject_requests.id"), index=True)
    person: Mapped[str] = mapped_column(String(64))
    session: Mapped[str] = mapped_column(String(128))
    begun_us: Mapped[int] = mapped_column(BigInteger)
    ended_us: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(String(1000), default="")


class SubjectCopyRow(Base):
    """A derived copy of minutes of one camera: who prepared it, who agreed, its boxes, its file, its end."""

    __tablename__ = "subject_copies"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("subject_requests.id"), index=True)
    camera: Mapped[str] = mapped_column(String(63))
    from_us: Mapped[int] = mapped_column(BigInteger)
    to_us: Mapped[int] = mapped_column(BigInteger)
    prepared_by: Mapped[str] = mapped_column(String(64))
    prepared_us: Mapped[int] = mapped_column(BigInteger)
    second: Mapped[str] = mapped_column(String(64))
    agreed_us: Mapped[int | None] = mapped_column(BigInteger)
    masking: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    built_us: Mapped[int | None] = mapped_column(BigInteger)
    pictures: Mapped[int] = mapped_column(default=0)
    size_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    manifest_sha256: Mapped[str] = mapped_column(String(64), default="")
    checked_us: Mapped[int | None] = mapped_column(BigInteger)
    handed_us: Mapped[int | None] = mapped_column(BigInteger)
    destroyed_us: Mapped[int | None] = mapped_column(BigInteger)
