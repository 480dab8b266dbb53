"""Derived copies, step by step between two persons: prepared, agreed, drawn upon, looked at, handed over, destroyed.
Opening and making them: `beffroi.server.subjectediting`."""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from beffroi.base.files import unlink_durable
from beffroi.domain.clock import now, to_wall_us
from beffroi.domain.errors import BadInputError, RefusedError
from beffroi.domain.text import Text
from beffroi.evidence.blur import Masking
from beffroi.evidence.deskrules import Minutes
from beffroi.evidence.subjectrules import Outcome
from beffroi.evidence.subjectstore import RequestFile, minutes_of_copy
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.registry.subjecttables import SubjectCopyRow
from beffroi.server.centre import Centre
from beffroi.server.deskbuild import holding
from beffroi.server.leftovers import destroy_left
from beffroi.server.session import Caller
from beffroi.server.subject import Subjects

LONGEST_US: Final = 10 * 60_000_000
"""One copy is ten minutes at most: each picture of it has to be looked at by somebody."""

IDLE_S: Final = 300.0
_FOLDER: Final = "derived"


def _said(fr: str, en: str) -> Text:
    return Text(fr=fr, en=en)


DONE: Final = _said("Cette étape est déjà faite.", "This step is done already.")
NOT_GRANTED: Final = _said(
    "La copie n'est pas accordée : la décision revient au responsable.",
    "The copy is not granted: the decision is the controller's.",
)
NOT_HELD: Final = _said(
    "Ces minutes ne sont pas (toutes) gelées pour cette demande, ou dépassent dix minutes.",
    "These minutes are not (all) held for this request, or are longer than ten minutes.",
)
NOT_YOURS: Final = _said(
    "Cette étape revient à une autre personne : l'agent prépare et masque, la seconde personne accepte et relit.",
    "This step is another person's: the agent prepares and masks, the second person agrees and looks over.",
)
NOT_READY: Final = _said(
    "La copie n'est pas faite, pas relue, ou détruite.", "The copy is not made, not looked over, or destroyed."
)


@dataclass
class Copies:
    """The derived copies of one centre: each step of two persons."""

    centre: Centre
    subjects: Subjects
    making: set[str] = field(default_factory=set)
    untidy: bool = False

    async def prepare(self, request: RequestFile, wanted: Minutes, second: str, caller: Caller) -> RequestFile:
        """Prepare a copy of minutes that are held; it waits for the second person.

        Raises:
            RefusedError: not granted, not held, too long. NotFoundError: the second person is unknown.
        """
        case = self.subjects.case(request)
        if request.row.outcome != Outcome.COPY.value or case is None:
            raise RefusedError(NOT_GRANTED)
        if holding(case, wanted) is None or wanted.range.to_us - wanted.range.from_us > LONGEST_US:
            raise RefusedError(NOT_HELD)
        if second == caller.person:
            raise RefusedError(NOT_YOURS)
        self.subjects.desk.check_person(caller, second)
        row = SubjectCopyRow(
            id=f"{request.row.id}-{secrets.token_hex(3)}",
            request=request.row.id,
            camera=wanted.camera,
            from_us=wanted.range.from_us,
            to_us=wanted.range.to_us,
            prepared_by=caller.person,
            prepared_us=self.centre.clock.wall_us(),
            second=second,
            masking={"mode": "keep", "regions": []},
        )
        name = row.id
        found = self.subjects.store.add(request.row.id, row)
        asked = [wanted.camera, wanted.range.from_us, wanted.range.to_us]
        await self.subjects.enter("subject_copy_prepared", found, caller, {"copy": name, "asked": asked})
        return found

    async def agree(self, request: RequestFile, name: str, caller: Caller) -> RequestFile:
        """The second person's own word, in their own session, before any picture is opened."""
        row = request.copy(name)
        self.only(caller, row.second)
        if row.agreed_us is not None:
            raise BadInputError(DONE)
        await self.subjects.enter("subject_copy_agreed", request, caller, {"copy": name})
        return self.set(request, name, agreed_us=self.centre.clock.wall_us())

    def draw(self, request: RequestFile, name: str, masking: Masking, caller: Caller) -> RequestFile:
        """Keep the boxes."""
        row = request.copy(name)
        self.only(caller, row.prepared_by)
        if row.built_us is not None:
            raise BadInputError(DONE)
        return self.set(request, name, masking=masking.as_json())

    async def check(self, request: RequestFile, name: str, caller: Caller) -> RequestFile:
        """The second person has looked at the derived copy: it may leave."""
        row = request.copy(name)
        self.only(caller, row.second)
        self.file(row)
        if row.checked_us is not None:
            raise BadInputError(DONE)
        await self.subjects.enter("subject_copy_checked", request, caller, {"copy": name, "sha256": row.sha256})
        return self.set(request, name, checked_us=self.centre.clock.wall_us())

    async def handed(self, request: RequestFile, name: str, caller: Caller) -> RequestFile:
        """Handed over to the person: from now on the centre's file has seven days at most."""
        row = request.copy(name)
        if row.checked_us is None or row.handed_us is not None:
            raise BadInputError(NOT_READY if row.checked_us is None else DONE)
        await self.subjects.enter("subject_copy_handed", request, caller, {"copy": name})
        return self.set(request, name, handed_us=self.centre.clock.wall_us())

    async def destroy(self, request: RequestFile, row: SubjectCopyRow, why: str) -> None:
        """The derived file is destroyed, as an entry."""
        path = self.path(row.id)
        there = path.exists()
        if there:
            await asyncio.to_thread(unlink_durable, path)
        told: dict[str, Any] = {"case": request.row.id, "copy": row.id, "sha256": row.sha256, "why": why}
        told |= {"was_there": there, "gone": not path.exists()}
        await self.centre.ledger.append_async(Entry(EntryKind.DESTRUCTION, outcome="derived_destroyed", detail=told))
        self.set(request, row.id, destroyed_us=self.centre.clock.wall_us())

    def tidy(self) -> None:
        """Destroy what a crash left: half a copy, or a whole one that no row knows of. Blocking."""

        def kept(path: Path) -> bool:
            if path.stem in self.making:
                return True
            built = (one for found in self.subjects.store.standing() for one in found.copies if one.built_us)
            known = {one.id for one in built if one.destroyed_us is None}
            return path.suffix == ".zip" and path.stem in known

        self.untidy = not destroy_left(self.centre.ledger, self.path("x").parent, kept, "derived_destroyed")

    def path(self, name: str) -> Path:
        """Where a derived copy waits."""
        return self.centre.data / "centre" / _FOLDER / f"{name}.zip"

    def file(self, row: SubjectCopyRow) -> Path:
        """The file of a copy that is there.

        Raises:
            RefusedError: not made, or destroyed.
        """
        path = self.path(row.id)
        if row.built_us is None or row.destroyed_us is not None or not path.exists():
            raise RefusedError(NOT_READY)
        return path

    def check_title(self, request: RequestFile, row: SubjectCopyRow) -> None:
        """Whether this request's own decision is in force for these minutes: the law is content with anybody's.

        Raises:
            RefusedError: it is not, or no longer.
        """
        at, asked = now(self.centre.clock), minutes_of_copy(row)
        for paper in self.subjects.papers(request):
            charged = self.centre.registry.facts().in_charge(paper.id, at)
            if charged is None or not charged.holds(at) or asked.camera not in charged.scope.cameras:
                continue
            ends = [to_wall_us(datetime.fromisoformat(str(charged.fields[key]))) for key in ("from", "to")]
            if ends[0] <= asked.range.from_us and asked.range.to_us <= ends[1]:
                return
        raise RefusedError(NOT_GRANTED)

    def only(self, caller: Caller, person: str) -> None:
        """Whether this step is this person's.

        Raises:
            RefusedError: it is another's, or the session has no second factor.
        """
        if caller.person != person or not caller.strong:
            raise RefusedError(NOT_YOURS)

    def set(self, request: RequestFile, name: str, **values: Any) -> RequestFile:
        """Write columns of a copy."""
        return self.subjects.store.set_copy(request.row.id, name, **values)
