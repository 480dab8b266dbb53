"""Joint sessions in the centre's database. Each write is one transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from beffroi.base.db import session_scope
from beffroi.domain.errors import NotFoundError
from beffroi.domain.ids import CameraId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.evidence.deskrules import Minutes
from beffroi.registry.desktables import DeskCaseRow
from beffroi.registry.onsitetables import OnsiteMarkRow, OnsiteRow, OnsiteViewRow


class NoOnsiteError(NotFoundError):
    """There is no such joint session in this case."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Ce visionnage n'existe pas dans ce dossier : rouvrez le dossier.",
                en="There is no such viewing in this case: open the case again.",
            )
        )


@dataclass
class OnsiteFile:
    """One joint session with what was opened and marked in it."""

    row: OnsiteRow
    views: list[OnsiteViewRow] = field(default_factory=list)
    marks: list[OnsiteMarkRow] = field(default_factory=list)

    @property
    def seen(self) -> list[Minutes]:
        """What was opened."""
        return [minutes_of(one) for one in self.views]

    @property
    def marked(self) -> list[Minutes]:
        """What was marked."""
        return [minutes_of(one) for one in self.marks]

    @property
    def seconds(self) -> float:
        """How long it lasted, from the investigator's confirmation; 0 while it runs."""
        row = self.row
        return 0.0 if row.opened_us is None or row.ended_us is None else (row.ended_us - row.opened_us) / 1e6


def minutes_of(row: OnsiteViewRow | OnsiteMarkRow) -> Minutes:
    """The minutes of a view or a mark."""
    return Minutes(CameraId(row.camera), WallRange(row.from_us, row.to_us))


class OnsiteStore:
    """Reads and writes joint sessions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, row: OnsiteRow) -> OnsiteFile:
        """A new joint session."""
        with session_scope(self._engine) as session:
            session.add(row)
        return OnsiteFile(row)

    def one(self, case: str, name: str) -> OnsiteFile:
        """One joint session of a case.

        Raises:
            NoOnsiteError: none of that name in this case.
        """
        with session_scope(self._engine, read_only=True) as session:
            return self._filled(session, self._row(session, case, name))

    def listed(self, case: str) -> list[OnsiteFile]:
        """Those of a case, oldest first."""
        with session_scope(self._engine, read_only=True) as session:
            rows = session.scalars(select(OnsiteRow).where(OnsiteRow.case == case).order_by(OnsiteRow.asked_us))
            return [self._filled(session, row) for row in rows.all()]

    def standing(self) -> list[OnsiteFile]:
        """Those that are not over."""
        with session_scope(self._engine, read_only=True) as session:
            rows = session.scalars(select(OnsiteRow).where(OnsiteRow.ended_us.is_(None))).all()
            return [self._filled(session, row) for row in rows]

    def change(self, case: str, name: str, step: Callable[[OnsiteFile, Session], None]) -> OnsiteFile:
        """Change one under the database's lock.

        Raises:
            NoOnsiteError: and whatever the step raises: then nothing changed.
        """
        with session_scope(self._engine) as session:
            found = self._filled(session, self._row(session, case, name))
            step(found, session)
            session.flush()
            return self._filled(session, found.row)

    def forget_closed(self) -> None:
        """Who the investigators of closed cases were leaves; the register keeps it beside the leaf, erasable."""
        closed = select(DeskCaseRow.id).where(DeskCaseRow.closed_us.is_not(None))
        named = select(OnsiteRow).where(OnsiteRow.case.in_(closed), OnsiteRow.investigator != "")
        with session_scope(self._engine) as session:
            for row in session.scalars(named):
                row.investigator = ""

    @staticmethod
    def _row(session: Session, case: str, name: str) -> OnsiteRow:
        row = session.get(OnsiteRow, name)
        if row is None or row.case != case:
            raise NoOnsiteError
        return row

    @staticmethod
    def _filled(session: Session, row: OnsiteRow) -> OnsiteFile:
        views = select(OnsiteViewRow).where(OnsiteViewRow.onsite == row.id).order_by(OnsiteViewRow.entry)
        marks = select(OnsiteMarkRow).where(OnsiteMarkRow.onsite == row.id)
        marked = sorted(session.scalars(marks), key=lambda one: (one.camera, one.from_us))
        return OnsiteFile(row, list(session.scalars(views)), marked)
