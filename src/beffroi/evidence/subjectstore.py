"""Filmed persons' requests in the centre's database: each is there for those tied to its commune, for no one else."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Engine, and_, not_, select
from sqlalchemy.orm import Session

from beffroi.base.db import session_scope
from beffroi.domain.clock import Clock, instant
from beffroi.domain.errors import NotFoundError
from beffroi.domain.ids import BodyId, CameraId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.evidence.deskrules import Minutes
from beffroi.evidence.subjectrules import Channel, Wish
from beffroi.registry.subjecttables import SubjectCopyRow, SubjectRequestRow, SubjectViewingRow

_MANY: Final = 500
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE: Final = 16
"""Signs of a follow-up code: 80 bits, without those that are taken for one another."""


class NoRequestError(NotFoundError):
    """There is no such request, or it is another commune's: the same answer."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Cette demande n'existe pas ou concerne une autre commune.",
                en="This request does not exist or concerns another commune.",
            )
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person writes, on the web, on paper or by phone; ``day`` and ``hours`` as they said them."""

    wish: Wish
    commune: str
    place: str = ""
    day: str = ""
    hours: str = ""
    recognise: str = ""
    contact: str = ""


@dataclass
class RequestFile:
    """A request with all that belongs to it."""

    row: SubjectRequestRow
    viewings: list[SubjectViewingRow] = field(default_factory=list)
    copies: list[SubjectCopyRow] = field(default_factory=list)

    @property
    def wish(self) -> Wish:
        """What is asked for."""
        return Wish(self.row.wish)

    def copy(self, name: str) -> SubjectCopyRow:
        """One derived copy.

        Raises:
            NotFoundError: none of that name.
        """
        found = next((one for one in self.copies if one.id == name), None)
        if found is None:
            raise NotFoundError(
                Text(fr="Cette copie n'existe pas dans cette demande.", en="There is no such copy in this request.")
            )
        return found


def minutes_of_copy(row: SubjectCopyRow) -> Minutes:
    """The minutes of a copy."""
    return Minutes(CameraId(row.camera), WallRange(row.from_us, row.to_us))


class SubjectStore:
    """Reads and writes requests; each write is one transaction."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def receive(
        self, asked: Asked, channel: Channel, received_on: str, commune: BodyId | None, by: str = ""
    ) -> tuple[RequestFile, str]:
        """A new request, and its follow-up code, which is kept nowhere."""
        at_us, code = self._clock.wall_us(), "".join(secrets.choice(_LETTERS) for _ in range(_CODE))
        row = SubjectRequestRow(
            id=f"P-{instant(at_us):%Y%m%d}-{secrets.token_hex(4)}",
            code_sha256=_digest(code),
            commune=commune or "",
            channel=channel.value,
            wish=asked.wish.value,
            received_on=received_on,
            received_us=at_us,
            entered_by=by,
            commune_said=asked.commune,
            place=asked.place,
            day=asked.day,
            hours=asked.hours,
            recognise=asked.recognise,
            contact=asked.contact,
        )
        with session_scope(self._engine) as session:
            session.add(row)
        return self.request(row.id), code

    def request(self, name: str, communes: Collection[BodyId] | None = None) -> RequestFile:
        """One request; with ``communes``, only when it is one of theirs.

        Raises:
            NoRequestError: none, or another commune's.
        """
        with session_scope(self._engine, read_only=True) as session:
            row = session.get(SubjectRequestRow, name)
            if row is None or (communes is not None and row.commune not in communes):
                raise NoRequestError
            return self._filled(session, row)

    def followed(self, name: str, code: str) -> RequestFile:
        """A request, for who holds its follow-up code (spaces, dashes and case apart).

        Raises:
            NoRequestError: no such request, or another code: the same.
        """
        given = _digest(re.sub(r"[\s-]", "", code).upper())
        try:
            found = self.request(name.strip())
        except NoRequestError:
            hmac.compare_digest(given, given)  # as long as for one that is there
            raise
        if not hmac.compare_digest(found.row.code_sha256, given):
            raise NoRequestError
        return found

    def listed(self, communes: Collection[BodyId] | None) -> list[RequestFile]:
        """The requests of these communes (None: all, also those that nobody routed yet): those to be decided, oldest
        first, so that however many come in none that is due is hidden; then decided and closed ones, newest first."""
        query, decided = select(SubjectRequestRow).limit(_MANY), SubjectRequestRow.decided_us
        if communes is not None:
            query = query.where(SubjectRequestRow.commune.in_([*communes]))
        received, waits = SubjectRequestRow.received_us, and_(decided.is_(None), SubjectRequestRow.closed_us.is_(None))
        wanted = (
            query.where(waits).order_by(received),
            query.where(not_(waits)).order_by(received.desc()),
        )
        with session_scope(self._engine, read_only=True) as session:
            return [self._filled(session, row) for one in wanted for row in session.scalars(one).all()]

    def standing(self) -> list[RequestFile]:
        """Those that are not closed, or whose derived copies are still there."""
        with session_scope(self._engine, read_only=True) as session:
            rows = session.scalars(select(SubjectRequestRow).where(SubjectRequestRow.closed_us.is_(None)))
            return [self._filled(session, row) for row in rows]

    def change(self, name: str, step: Callable[[RequestFile, Session], None]) -> RequestFile:
        """Change a request under the database's lock.

        Raises:
            NoRequestError: and whatever the step raises: then nothing changed.
        """
        with session_scope(self._engine) as session:
            row = session.get(SubjectRequestRow, name, with_for_update=True)
            if row is None:
                raise NoRequestError
            step(self._filled(session, row), session)
        return self.request(name)

    def set(self, name: str, **values: str | int | None) -> RequestFile:
        """Write columns of a request."""

        def step(found: RequestFile, _: Session) -> None:
            for key, value in values.items():
                setattr(found.row, key, value)

        return self.change(name, step)

    def set_copy(self, name: str, copy: str, **values: object) -> RequestFile:
        """Write columns of a derived copy."""

        def step(found: RequestFile, _: Session) -> None:
            row = found.copy(copy)
            for key, value in values.items():
                setattr(row, key, value)

        return self.change(name, step)

    def add(self, name: str, row: SubjectCopyRow | SubjectViewingRow) -> RequestFile:
        """Add a copy or a viewing."""
        return self.change(name, lambda _, session: session.add(row))

    def _filled(self, session: Session, row: SubjectRequestRow) -> RequestFile:
        viewings = session.scalars(select(SubjectViewingRow).where(SubjectViewingRow.request == row.id))
        copies = session.scalars(select(SubjectCopyRow).where(SubjectCopyRow.request == row.id))
        return RequestFile(
            row,
            sorted(viewings, key=lambda one: one.begun_us),
            sorted(copies, key=lambda one: one.prepared_us),
        )


def _digest(code: str) -> str:
    return hashlib.sha256(b"beffroi follow-up|" + code.encode()).hexdigest()
