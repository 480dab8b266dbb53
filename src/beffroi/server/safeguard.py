"""An operator preserves what they saw (constat): one call opens the case and holds the minutes; nobody sees anything.

What was preserved dies with its images unless a requisition is attached: everything after that is the desk's own way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from beffroi.domain.errors import BeffroiError
from beffroi.domain.ids import CameraId
from beffroi.domain.ranges import WallRange
from beffroi.domain.reasons import Reason
from beffroi.evidence.deskrules import Call, CaseKind, Minutes, checked_minutes
from beffroi.evidence.desksearch import Near
from beffroi.evidence.deskstore import CaseClosedError, CaseFile
from beffroi.evidence.safeguards import neighbours
from beffroi.gate.keeping import HoldRefusedError
from beffroi.server.centre import Centre, commune_name
from beffroi.server.desk import Desk
from beffroi.server.deskholds import Who
from beffroi.server.rendering import Json
from beffroi.server.session import Caller


@dataclass(frozen=True, slots=True)
class Safeguards:
    """The operator's own holds, on one desk."""

    centre: Centre
    desk: Desk

    async def preserve(self, camera: CameraId, span: WallRange, reason: Reason, caller: Caller, who: Who) -> CaseFile:
        """Open a case and hold these minutes of one camera.

        Raises:
            BadInputError: minutes that cannot be held. HoldRefusedError: this person may not; the case is closed again.
            GateClosedError: the register is silent.
        """
        wanted = checked_minutes([Minutes(camera, span)], self.centre.clock.wall_us())
        case = self.desk.store.open(CaseKind.SAFEGUARD, caller.person)
        payload = {"account": caller.account.name, "reason": reason.id}
        told = {"kind": CaseKind.SAFEGUARD.value, "purpose": reason.purpose.value}
        await self.desk.enter("opened", case.row.id, caller, told, payload)
        try:
            async with self.desk.holds.turn(case.row.id):
                await self.desk.holds.place(case, wanted, who, payload)
        except HoldRefusedError:
            await self.desk.enter("closed", case.row.id, caller, {"why": "refused"})
            self.desk.store.close(case.row.id, "refused")
            raise
        return await self.desk.holds.secure(case.row.id)

    async def report(self, case: CaseFile, call: Call, caller: Caller) -> CaseFile:
        """A service was told of what is preserved (CPP 40): an entry. It lengthens nothing; only a requisition does.

        Raises:
            CaseClosedError: its images are destroyed.
        """
        if case.row.closed_us is not None:
            raise CaseClosedError  # before the entry
        payload = {"account": caller.account.name, "caller": call.caller, "service": call.service}
        await self.desk.enter("reported", case.row.id, caller, {}, {**payload, "number": call.number})
        return self.desk.store.take_call(case.row.id, call)

    def near(self, camera: CameraId, who: Who) -> list[Json]:
        """The cameras near one, among those that the caller's service is tied to."""
        facts = self.centre.registry.facts()
        found = facts.cameras.get(camera)
        known = [facts.cameras[one] for one in who.known if one in facts.cameras]
        near: Sequence[Near] = [] if found is None or camera not in who.known else neighbours(found, known)
        return [
            {
                "id": one.camera.id,
                "name": one.camera.name,
                "commune": commune_name(facts, one.camera.commune),
                "distance_m": round(one.distance_m or 0.0),
            }
            for one in near
        ]


def reason_json(centre: Centre, case: CaseFile) -> Json | None:
    """Why an operator preserved it, from beside the register's entry; None for a call, or once it was erased there."""
    if case.kind is not CaseKind.SAFEGUARD or not case.holds:
        return None
    try:
        payload = centre.ledger.payload(case.holds[0].entry) or {}
        return dict(centre.duties.reason(str(payload.get("reason", ""))).text.as_dict())
    except BeffroiError:
        return None
