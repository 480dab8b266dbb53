"""Tables of viewings on site: the joint session, what was opened in it, what was marked. Instants are wall time in
microseconds, UTC. Who the investigator is leaves when the case closes."""

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from beffroi.base.db import Base


class OnsiteRow(Base):
    """One joint session of a case. ``session`` is the login session as the register names it; ``entry`` the register's
    entry of its opening, ``end_entry`` that of its end. ``outcome`` is empty until it is over."""

    __tablename__ = "desk_onsite"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    case: Mapped[str] = mapped_column(ForeignKey("desk_cases.id"), index=True)
    person: Mapped[str] = mapped_column(String(64))
    session: Mapped[str] = mapped_column(String(16))
    post: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(String(60))
    investigator: Mapped[str] = mapped_column(String(200))
    service: Mapped[str] = mapped_column(String(200))
    number: Mapped[str] = mapped_column(String(100))
    asked_us: Mapped[int] = mapped_column(BigInteger)
    opened_us: Mapped[int | None] = mapped_column(BigInteger)
    entry: Mapped[int | None] = mapped_column(BigInteger)
    ended_us: Mapped[int | None] = mapped_column(BigInteger)
    end_entry: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str] = mapped_column(String(16), default="")
    cause: Mapped[str] = mapped_column(String(16), default="")
    package: Mapped[str] = mapped_column(String(64), default="")


class OnsiteViewRow(Base):
    """What was opened to both: minutes of a camera, under a requisition, with its entry in the register."""

    __tablename__ = "desk_onsite_views"

    entry: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    onsite: Mapped[str] = mapped_column(ForeignKey("desk_onsite.id"), index=True)
    camera: Mapped[str] = mapped_column(String(63))
    from_us: Mapped[int] = mapped_column(BigInteger)
    to_us: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[str] = mapped_column(String(200))
    opened_us: Mapped[int] = mapped_column(BigInteger)


class OnsiteMarkRow(Base):
    """Minutes to be handed over, marked while they were seen."""

    __tablename__ = "desk_onsite_marks"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    onsite: Mapped[str] = mapped_column(ForeignKey("desk_onsite.id"), index=True)
    camera: Mapped[str] = mapped_column(String(63))
    from_us: Mapped[int] = mapped_column(BigInteger)
    to_us: Mapped[int] = mapped_column(BigInteger)
    marked_us: Mapped[int] = mapped_column(BigInteger)
