"""Deliveries: prepared by one person, agreed by another, built under the gate, handed over, received, destroyed."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy.orm import Session

from beffroi.base.files import unlink_durable
from beffroi.domain.acts import Act
from beffroi.domain.clock import instant, now
from beffroi.domain.errors import BadInputError, RefusedError
from beffroi.domain.ids import CameraId, ConnectionId, DocumentId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.reasons import Reason
from beffroi.domain.text import Text
from beffroi.evidence.deskrules import Minutes, NoTitleError, Title, check_scope, titles_of, within
from beffroi.evidence.deskstore import CaseClosedError, CaseFile, minutes_of
from beffroi.gate.answers import OpenedView
from beffroi.gate.gate import Gate
from beffroi.law.timeline import day_of
from beffroi.ledger.entry import Entry, EntryKind, Sent
from beffroi.registry.desktables import DeskHoldRow, DeskPackageRow, DeskPaperRow
from beffroi.server.asking import question
from beffroi.server.centre import Centre
from beffroi.server.desk import Desk
from beffroi.server.deskbuild import Building, Built, Line, holding, package_path, packages_folder
from beffroi.server.duty import purpose_for
from beffroi.server.leftovers import destroy_left
from beffroi.server.posts import Post
from beffroi.server.session import Caller
from beffroi.server.viewing import Viewing, screen_id

_log = structlog.get_logger(__name__)

_NOT_HELD: Final = Text(
    fr="Ces minutes ne sont pas (toutes) sous gel dans ce dossier : gelez-les d'abord.",
    en="These minutes are not (all) held in this case: hold them first.",
)
_GROWING: Final = Text(
    fr="Le gel n'est pas complet : l'enregistreur ferme ses fichiers en dix minutes, quinze au plus ; réessayez.",
    en="The hold is not complete yet: the recorder closes its files within ten minutes, fifteen at most; try again.",
)
_OWN: Final = Text(
    fr="Vous avez préparé cette remise : une autre personne doit donner son accord.",
    en="You prepared this delivery: another person has to agree.",
)
_NOT_SECOND: Final = Text(
    fr="L'accord de cette remise est demandé à une autre personne.",
    en="Another person is asked to agree to this delivery.",
)
_NOT_AGREED: Final = Text(
    fr="La seconde personne n'a pas encore donné son accord : la remise est prête et attend sous gel ; appelez-la.",
    en="The second person has not agreed yet: the delivery is ready and waits, held; call them.",
)
_NOT_YOURS: Final = Text(
    fr="Cette remise est faite par la personne qui l'a préparée.",
    en="This delivery is made by the person who prepared it.",
)
_DONE: Final = Text(fr="Cette étape est déjà faite.", en="This step is done already.")
_NOT_BUILT: Final = Text(
    fr="Cette remise n'est pas faite, ou sa copie est détruite.",
    en="This delivery is not made, or its copy is destroyed.",
)

_NO_DAY: Final = Text(
    fr="Le reçu se signe entre le jour où la remise est faite et aujourd'hui : vérifiez sa date.",
    en="The receipt is signed between the day on which the delivery was made and today: check its date.",
)


@dataclass(frozen=True, slots=True)
class Maker:
    """Who builds a delivery, from which workstation, for which reason; ``payload`` is kept beside the entries."""

    caller: Caller
    post: Post | None
    reason: Reason
    payload: dict[str, Any]


@dataclass
class Deliveries:
    """The deliveries of one desk."""

    centre: Centre
    desk: Desk
    gate: Gate
    viewing: Viewing
    untidy: bool = False
    _busy: set[str] = field(default_factory=set)

    def titles(self, case: CaseFile) -> list[Title]:
        """What the requisitions of a case let leave now."""
        names = [one.document for one in case.papers]
        return titles_of(self.centre.registry.facts(), names, now(self.centre.clock))

    async def attach(self, case: CaseFile, document: str, caller: Caller) -> CaseFile:
        """Attach a requisition of the registry (the first, or a written complement): the case's scope is the union of
        those in force. What is held then waits for the hand-over.

        Raises:
            BadInputError: not a requisition, or it names no camera that the case holds or may hold.
        """
        facts = self.centre.registry.facts()
        known = {one.camera.id for one in self.centre.visible_to(caller.person, strong=caller.strong)}
        paper = facts.in_charge(DocumentId(document), now(self.centre.clock))
        if paper is None or paper.kind.value != "requisition" or not paper.scope.cameras & known:
            raise BadInputError(
                Text(
                    fr="Cette pièce n'est pas une réquisition (D15) qui nomme une caméra du centre : saisissez-la dans "
                    "« Documents », puis joignez-la.",
                    en="This document is not a requisition (D15) that names a camera of the centre: enter it under "
                    "“Documents”, then attach it.",
                )
            )
        at_us = self.centre.clock.wall_us()

        def step(found: CaseFile, session: Session) -> None:
            if all(one.document != document for one in found.papers):
                session.add(
                    DeskPaperRow(case=found.row.id, document=document, attached_us=at_us, attached_by=caller.person)
                )

        self.desk.store.change(case.row.id, step)
        await self.desk.enter("paper_attached", case.row.id, caller, {"document": document})
        return await self.settle(case.row.id, caller)

    async def settle(self, name: str, caller: Caller | None) -> CaseFile:
        """Lengthen of what is held the files that a requisition in force of the case speaks of; nothing before, nothing
        else."""
        case = self.desk.store.case(name)
        named, titles = [], self.titles(case)
        for row in case.holds:
            before = self.desk.holds.lengthened(row)
            asked = [one.range for one in within([minutes_of(row)], titles)]
            if row.ended_us is None and not all(any(old.contains(one) for old in before) for one in asked):
                named.append((row, tuple(dict.fromkeys((*before, *asked)))))
        if not named:
            return case
        person, session = (caller.person, screen_id(caller.session)) if caller else (None, None)
        return await self.desk.holds.renew(case, named, person, session)

    async def prepare(self, case: CaseFile, wanted: Sequence[Minutes], second: str, caller: Caller) -> CaseFile:
        """Prepare a delivery: these lines, or all that is held and that the requisitions let leave. It waits for the
        second person, who handles the case from now on.

        Raises:
            NoTitleError, OutsideScopeError: nothing leaves outside of a requisition in force.
            RefusedError: not held. NotFoundError: the second person is unknown.
        """
        case = await self.settle(case.row.id, caller)
        titles = self.titles(case)
        if not titles:
            raise NoTitleError
        lines = sorted(set(wanted)) or within(case.held, titles)
        facts = self.centre.registry.facts()
        names = {one.camera: facts.cameras[one.camera].name for one in case.held if one.camera in facts.cameras}
        check_scope(lines, titles, names=names)
        if not lines or any(holding(case, one) is None for one in lines):
            raise RefusedError(_NOT_HELD)
        if second == caller.person:
            raise RefusedError(_OWN)
        self.desk.check_person(caller, second)
        package = DeskPackageRow(
            id=f"{case.row.id}-{secrets.token_hex(3)}",
            case=case.row.id,
            asked=[[one.camera, one.range.from_us, one.range.to_us] for one in lines],
            prepared_us=self.centre.clock.wall_us(),
            prepared_by=caller.person,
            second=second,
        )

        def step(found: CaseFile, session: Session) -> None:
            found.row.handlers = sorted({*found.row.handlers, second})
            session.add(package)

        self.desk.store.change(case.row.id, step)
        told = {"package": package.id, "lines": len(lines), "asked": _digestible(lines)}
        await self.desk.enter("prepared", case.row.id, caller, told, {"second": second})
        return self.desk.store.case(case.row.id)

    async def agree(self, case: CaseFile, name: str, caller: Caller) -> CaseFile:
        """The second person's own word, in their own session: for these lines and no others.

        Raises:
            RefusedError: the preparer, or somebody who was not asked. CaseClosedError: too late.
        """
        if case.row.closed_us is not None:
            raise CaseClosedError  # before the entry
        package = case.package(name)
        if caller.person == package.prepared_by:
            raise RefusedError(_OWN)
        if caller.person != package.second or not caller.strong:
            raise RefusedError(_NOT_SECOND)
        if package.agreed_us is not None:
            raise BadInputError(_DONE)
        await self.desk.enter("agreed", case.row.id, caller, {"package": name})
        return self._mark(case, name, {"agreed_us": self.centre.clock.wall_us()})

    async def build(self, case: CaseFile, name: str, maker: Maker) -> CaseFile:
        """Build it: each line decided, registered and leased by the gate, then made and put on the centre's disk.

        Raises:
            RefusedError: not agreed, not the preparer, outside of the scope as it is now. GateRefusedError: the law.
        """
        package = case.package(name)
        if package.prepared_by != maker.caller.person:
            raise RefusedError(_NOT_YOURS)
        if package.agreed_us is None:
            raise RefusedError(_NOT_AGREED)
        if package.built_us is not None or name in self._busy:
            raise BadInputError(_DONE)
        asked = [Minutes(CameraId(one), WallRange(begin, end)) for one, begin, end in package.asked]
        check_scope(asked, self.titles(case))
        self._busy.add(name)  # before the first wait: two asks at once make one
        try:
            return await self._make(case, package, asked, maker)
        except BaseException:
            path = package_path(self.centre, name)
            if path.exists():  # no row speaks of it: nothing would ever destroy it
                unlink_durable(path)
            raise
        finally:
            self._busy.discard(name)

    async def _make(self, case: CaseFile, package: DeskPackageRow, asked: Sequence[Minutes], maker: Maker) -> CaseFile:
        name = package.id
        case = await self.desk.holds.secure(case.row.id)
        holds = [self._held(case, one) for one in asked]
        views: list[OpenedView] = []
        outcome, built = "not_built", None
        try:
            for one, hold in zip(asked, holds, strict=True):
                views.append(await self._open(package, one, hold, maker))
            self.viewing.restate()  # somebody may have come before the screen while the register wrote
            lines = [Line(one, hold, view) for one, hold, view in zip(asked, holds, views, strict=True)]
            building = Building(self.centre, self.gate, case, package)
            built = await asyncio.to_thread(building.run, lines)
            outcome = "ended"
        finally:
            for view in views:
                self.viewing.others.pop(view.connection, None)
                await self.gate.end(view.id, _sent(built, view), outcome=outcome)
        told: dict[str, Any] = {
            "package": name,
            "manifest": built.manifest_sha256,
            "sha256": built.sha256,
            "bytes": built.size_bytes,
        }
        told |= built.stamp
        entry = await self.desk.enter("built", case.row.id, maker.caller, told)
        return self._mark(
            case,
            name,
            {
                "built_us": self.centre.clock.wall_us(),
                "entry": entry,
                "size_bytes": built.size_bytes,
                "sha256": built.sha256,
                "manifest_sha256": built.manifest_sha256,
            },
        )

    async def receive(
        self, case: CaseFile, name: str, *, signed_on: str, signed_by: str, reference: str, caller: Caller
    ) -> CaseFile:
        """The signed receipt: from now on the centre's copy has seven days at most.

        Raises:
            BadInputError: nothing was made, or received already; signed before it was made, or in the future.
        """
        package = case.package(name)
        if package.built_us is None or package.received_us is not None:
            raise BadInputError(_NOT_BUILT if package.built_us is None else _DONE)
        if not day_of(instant(package.built_us)).isoformat() <= signed_on <= day_of(now(self.centre.clock)).isoformat():
            raise BadInputError(_NO_DAY)
        payload = {"signed_by": signed_by, "reference": reference}
        await self.desk.enter("received", case.row.id, caller, {"package": name, "signed_on": signed_on}, payload)
        at_us = self.centre.clock.wall_us()
        return self._mark(case, name, {"signed_on": signed_on, **payload, "received_us": at_us})

    async def fetched(self, case: str, name: str, sent: int, caller: Caller) -> None:
        """So many bytes of a delivery left: an entry, also of a part of it."""
        await self.desk.enter("fetched", case, caller, {"package": name, "bytes": sent})

        def step(found: CaseFile, _: Session) -> None:
            found.package(name).fetched_bytes += sent

        self.desk.store.change(case, step)

    async def destroy(self, case: CaseFile, package: DeskPackageRow, why: str) -> None:
        """The centre's copy of a delivery is destroyed, as an entry of the register."""
        path = package_path(self.centre, package.id)
        there = path.exists()
        if there:
            await asyncio.to_thread(unlink_durable, path)
        detail: dict[str, Any] = {"case": case.row.id, "package": package.id, "sha256": package.sha256, "why": why}
        detail |= {"manifest": package.manifest_sha256, "bytes": package.size_bytes or 0, "was_there": there}
        await self.centre.ledger.append_async(
            Entry(EntryKind.DESTRUCTION, outcome="package_destroyed", detail={**detail, "gone": not path.exists()})
        )
        self._mark(case, package.id, {"destroyed_us": self.centre.clock.wall_us()})

    def tidy(self) -> None:
        """Destroy what a crash left in clear: half a delivery, or a whole one that no row knows of. Blocking."""

        def kept(path: Path) -> bool:
            if path.stem in self._busy:
                return True
            built = (one for case in self.desk.store.standing() for one in case.packages if one.built_us)
            known = {one.id for one in built if one.destroyed_us is None}
            return path.suffix == ".zip" and path.stem in known

        ledger = self.centre.ledger
        self.untidy = not destroy_left(ledger, packages_folder(self.centre), kept, "package_destroyed")

    def file(self, case: CaseFile, name: str) -> DeskPackageRow:
        """A delivery whose copy is there.

        Raises:
            RefusedError: not made, or destroyed.
        """
        package = case.package(name)
        path = package_path(self.centre, name)
        if package.built_us is None or package.destroyed_us is not None or not path.exists():
            raise RefusedError(_NOT_BUILT)
        return package

    def _held(self, case: CaseFile, asked: Minutes) -> DeskHoldRow:
        hold = holding(case, asked)
        if hold is None:
            raise RefusedError(_NOT_HELD)
        if not hold.complete:
            raise RefusedError(_GROWING)
        return hold

    async def _open(self, package: DeskPackageRow, asked: Minutes, hold: DeskHoldRow, maker: Maker) -> OpenedView:
        caller, reason = maker.caller, maker.reason
        request = question(
            self.centre,
            caller,
            asked.camera,
            Act.EXTRACT,
            reason.purpose,
            footage=asked.range,
            second=PersonId(package.second),
            post=maker.post,
            held_until=instant(hold.until_us),
        )
        purpose = purpose_for(reason, lambda one: self.centre.decider.decide(replace(request, purpose=one)).allowed)
        connection = ConnectionId(secrets.token_urlsafe(18))
        self.viewing.others[connection] = (caller, maker.post)
        try:
            return await self.gate.open(
                replace(request, purpose=purpose),
                connection,
                maker.payload,
                session=screen_id(caller.session),
                detail={"case": package.case, "package": package.id},
            )
        except BaseException:
            self.viewing.others.pop(connection, None)
            raise

    def _mark(self, case: CaseFile, name: str, values: dict[str, Any]) -> CaseFile:
        def step(found: CaseFile, _: Session) -> None:
            package = found.package(name)
            for key, value in values.items():
                setattr(package, key, value)

        return self.desk.store.change(case.row.id, step)


def _sent(built: Built | None, view: OpenedView) -> Sent:
    """What left the recorder for the centre's copy; what leaves the centre is an entry of its own."""
    camera, asked = view.request.camera, view.request.footage
    if built is None or asked is None:
        return Sent(0, 0, None)
    mine = [
        one
        for one in built.manifest.files
        if one.camera == camera and asked.overlaps(WallRange(one.from_us, one.to_us))
    ]
    if not mine:
        return Sent(0, 0, None)
    span = WallRange(min(one.from_us for one in mine), max(one.to_us for one in mine))
    return Sent(sum(one.frames for one in mine), sum(one.bytes for one in mine), span)


def _digestible(lines: Sequence[Minutes]) -> list[list[Any]]:
    return [[one.camera, one.range.from_us, one.range.to_us] for one in lines]
