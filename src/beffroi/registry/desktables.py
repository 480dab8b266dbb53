"""Tables of the requisition desk: cases, what each holds, its papers, what was handed over. Not facts of law: changed
in place, each step with its entry in the register. Instants are wall time in microseconds, UTC."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from beffroi.base.db import Base, JsonColumn


class DeskCaseRow(Base):
    """A case: who opened it, the call, the time spent searching. ``handlers`` are the persons who may know of it."""

    __tablename__ = "desk_cases"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    opened_us: Mapped[int] = mapped_column(BigInteger)
    opened_by: Mapped[str] = mapped_column(String(64))
    handlers: Mapped[list[str]] = mapped_column(JsonColumn)
    search_until_us: Mapped[int | None] = mapped_column(BigInteger)
    caller: Mapped[str] = mapped_column(String(200), default="")
    service: Mapped[str] = mapped_column(String(200), default="")
    callback: Mapped[str] = mapped_column(String(40), default="")
    verified: Mapped[bool] = mapped_column(default=False)
    frame: Mapped[str] = mapped_column(String(16), default="none")
    number: Mapped[str] = mapped_column(String(100), default="")
    closed_us: Mapped[int | None] = mapped_column(BigInteger)
    closed_why: Mapped[str] = mapped_column(String(16), default="")


class DeskHoldRow(Base):
    """Minutes of a camera held for a case. ``held`` to ``past_term`` count files, as the recorder last told them."""

    __tablename__ = "desk_holds"

    case: Mapped[str] = mapped_column(ForeignKey("desk_cases.id"), primary_key=True)
    camera: Mapped[str] = mapped_column(String(63), primary_key=True)
    from_us: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    to_us: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    authority: Mapped[str] = mapped_column(String(128))
    commune: Mapped[str] = mapped_column(String(32))
    person: Mapped[str] = mapped_column(String(64))
    until_us: Mapped[int] = mapped_column(BigInteger)
    beyond_us: Mapped[int] = mapped_column(BigInteger)
    entry: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(64), default="")
    held: Mapped[int] = mapped_column(default=0)
    growing: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    damaged: Mapped[int] = mapped_column(default=0, server_default="0")
    past_term: Mapped[int] = mapped_column(default=0, server_default="0")
    complete: Mapped[bool] = mapped_column(default=False)
    lengthened: Mapped[bool] = mapped_column(default=False)
    placed_us: Mapped[int | None] = mapped_column(BigInteger)
    ended_us: Mapped[int | None] = mapped_column(BigInteger)


class DeskPaperRow(Base):
    """A requisition (a document of the registry) attached to a case."""

    __tablename__ = "desk_papers"

    case: Mapped[str] = mapped_column(ForeignKey("desk_cases.id"), primary_key=True)
    document: Mapped[str] = mapped_column(String(200), primary_key=True)
    attached_us: Mapped[int] = mapped_column(BigInteger)
    attached_by: Mapped[str] = mapped_column(String(64))


class DeskPackageRow(Base):
    """What is handed over: ``asked`` holds [camera, from, to]; who agreed, what was built, the receipt, the end."""

    __tablename__ = "desk_packages"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    case: Mapped[str] = mapped_column(ForeignKey("desk_cases.id"), index=True)
    asked: Mapped[list[Any]] = mapped_column(JsonColumn)
    prepared_us: Mapped[int] = mapped_column(BigInteger)
    prepared_by: Mapped[str] = mapped_column(String(64))
    second: Mapped[str] = mapped_column(String(64))
    agreed_us: Mapped[int | None] = mapped_column(BigInteger)
    built_us: Mapped[int | None] = mapped_column(BigInteger)
    entry: Mapped[int | None] = mapped_column(BigInteger)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    manifest_sha256: Mapped[str] = mapped_column(String(64), default="")
    fetched_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    signed_on: Mapped[str] = mapped_column(String(10), default="")
    signed_by: Mapped[str] = mapped_column(String(200), default="")
    reference: Mapped[str] = mapped_column(String(100), default="")
    received_us: Mapped[int | None] = mapped_column(BigInteger)
    destroyed_us: Mapped[int | None] = mapped_column(BigInteger)
