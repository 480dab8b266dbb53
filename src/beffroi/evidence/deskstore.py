"""The desk's cases in the centre's database. What is told of a case is for those who handle it."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from beffroi.base.db import session_scope
from beffroi.domain.clock import Clock, instant
from beffroi.domain.errors import BadInputError, NotFoundError
from beffroi.domain.ids import CameraId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.evidence.deskrules import Call, CaseKind, Frame, Minutes
from beffroi.registry.desktables import DeskCaseRow, DeskHoldRow, DeskPackageRow, DeskPaperRow

_MANY: Final = 500


class NoCaseError(NotFoundError):
    """There is no such case, or it is not this person's: the same answer."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Ce dossier n'existe pas ou n'est pas le vôtre : demandez à qui le traite de vous l'ouvrir.",
                en="This case does not exist or is not yours: ask whoever handles it to open it to you.",
            )
        )


class CaseClosedError(BadInputError):
    """The case is closed: nothing of it is left."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Ce dossier est clos, ses images sont détruites : ouvrez-en un autre.",
                en="This case is closed and its images are destroyed: open another one.",
            )
        )


@dataclass
class CaseFile:
    """One case, with all that belongs to it, as read at once."""

    row: DeskCaseRow
    holds: list[DeskHoldRow] = field(default_factory=list)
    papers: list[DeskPaperRow] = field(default_factory=list)
    packages: list[DeskPackageRow] = field(default_factory=list)

    @property
    def kind(self) -> CaseKind:
        """Why images are kept."""
        return CaseKind(self.row.kind)

    @property
    def call(self) -> Call:
        """The call."""
        row = self.row
        return Call(row.caller, row.service, row.callback, row.verified, Frame(row.frame), row.number)

    @property
    def held(self) -> list[Minutes]:
        """The minutes held or being held."""
        return [minutes_of(one) for one in self.holds if one.ended_us is None]

    def package(self, name: str) -> DeskPackageRow:
        """One package.

        Raises:
            NotFoundError: none of that name.
        """
        found = next((one for one in self.packages if one.id == name), None)
        if found is None:
            raise NotFoundError(
                Text(fr="Cette remise n'existe pas dans ce dossier.", en="There is no such delivery in this case.")
            )
        return found


def minutes_of(hold: DeskHoldRow) -> Minutes:
    """The minutes of a hold."""
    return Minutes(CameraId(hold.camera), WallRange(hold.from_us, hold.to_us))


class DeskStore:
    """Reads and writes cases; each write is one transaction."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def open(self, kind: CaseKind, by: PersonId) -> CaseFile:
        """A new case: the search begins."""
        at_us = self._clock.wall_us()
        name = f"D-{instant(at_us):%Y%m%d}-{secrets.token_hex(4)}"
        row = DeskCaseRow(
            id=name,
            kind=kind.value,
            opened_us=at_us,
            opened_by=by,
            handlers=[by],
            search_until_us=None,
            closed_us=None,
            closed_why="",
            **_call_fields(Call()),
        )
        with session_scope(self._engine) as session:
            session.add(row)
        return CaseFile(row)

    def case(self, name: str, person: PersonId | None = None) -> CaseFile:
        """One case; with a ``person``, only when they handle it.

        Raises:
            NoCaseError: none, or not theirs.
        """
        with session_scope(self._engine, read_only=True) as session:
            return self._read(session, name, person)

    def listed(self, person: PersonId | None, wanted: Callable[[CaseFile], bool] | None = None) -> list[CaseFile]:
        """The cases that a person handles (None: all), and that are ``wanted``: the open ones, then the closed ones; of
        each, newest first."""
        with session_scope(self._engine, read_only=True) as session:
            # The open ones first: none may be cut off because many newer ones are closed.
            order = (DeskCaseRow.closed_us.is_not(None), DeskCaseRow.opened_us.desc())
            rows = session.scalars(select(DeskCaseRow).order_by(*order)).all()
            # Cut after the others' cases are left out: their number would show in which of one's own are told.
            own = (self._filled(session, row) for row in rows if person is None or person in row.handlers)
            return list(islice(own if wanted is None else filter(wanted, own), _MANY))

    def standing(self) -> list[CaseFile]:
        """The cases that are not closed."""
        with session_scope(self._engine, read_only=True) as session:
            rows = session.scalars(select(DeskCaseRow).where(DeskCaseRow.closed_us.is_(None)))
            return [self._filled(session, row) for row in rows]

    def change(self, name: str, step: Callable[[CaseFile, Session], None]) -> CaseFile:
        """Change an open case under the database's lock.

        Raises:
            NoCaseError, CaseClosedError: and whatever the step raises: then nothing changed.
        """
        with session_scope(self._engine) as session:
            case = self._read(session, name, None)
            if case.row.closed_us is not None:
                raise CaseClosedError
            step(case, session)
            session.flush()
            return self._filled(session, case.row)

    def add_handlers(self, name: str, persons: Sequence[str]) -> CaseFile:
        """These persons handle the case too."""

        def step(case: CaseFile, _: Session) -> None:
            case.row.handlers = sorted({*case.row.handlers, *persons})

        return self.change(name, step)

    def take_call(self, name: str, call: Call) -> CaseFile:
        """Write the call down."""

        def step(case: CaseFile, _: Session) -> None:
            for key, value in _call_fields(call).items():
                setattr(case.row, key, value)

        return self.change(name, step)

    def close(self, name: str, why: str) -> None:
        """Nothing of the case is left: who called, for which report, and who signed which receipt are no longer needed
        here; the register has them beside its leaves, erasable."""
        at_us = self._clock.wall_us()

        def step(case: CaseFile, _: Session) -> None:
            case.row.closed_us, case.row.closed_why = at_us, why
            case.row.caller = case.row.callback = case.row.number = ""
            for package in case.packages:
                package.signed_by = package.reference = ""

        self.change(name, step)

    def _read(self, session: Session, name: str, person: PersonId | None) -> CaseFile:
        row = session.get(DeskCaseRow, name)
        if row is None or (person is not None and person not in row.handlers):
            raise NoCaseError
        return self._filled(session, row)

    def _filled(self, session: Session, row: DeskCaseRow) -> CaseFile:
        holds = session.scalars(select(DeskHoldRow).where(DeskHoldRow.case == row.id).order_by(DeskHoldRow.camera))
        papers = session.scalars(select(DeskPaperRow).where(DeskPaperRow.case == row.id))
        packages = session.scalars(select(DeskPackageRow).where(DeskPackageRow.case == row.id))
        packed = sorted(packages, key=lambda one: one.prepared_us)
        return CaseFile(row, list(holds), list(papers), packed)


def _call_fields(call: Call) -> dict[str, str | bool]:
    return {
        "caller": call.caller,
        "service": call.service,
        "callback": call.callback,
        "verified": call.verified,
        "frame": call.frame.value,
        "number": call.number,
    }
