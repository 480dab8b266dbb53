"""What an operator preserves from a live picture or a replay, in one call; and that a service was told of it."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Request
from pydantic import Field

from beffroi.domain.clock import to_wall_us
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import CameraId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.evidence.deskrules import Call, CaseKind
from beffroi.evidence.safeguards import AFTER_MIN, BEFORE_MIN, MOST_MIN, around
from beffroi.server.access import DESK, Routes
from beffroi.server.body import Body
from beffroi.server.centre import Centre
from beffroi.server.desk import Desk
from beffroi.server.deskjson import case_json
from beffroi.server.rendering import Json
from beffroi.server.routes.desk import who_asks
from beffroi.server.safeguard import Safeguards
from beffroi.server.session import require_caller

_BAD_RANGE: Final = Text(
    fr="Donnez le début et la fin des minutes à préserver, le début d'abord, avec leur fuseau horaire ; ou aucun des "
    "deux.",
    en="Give the beginning and the end of the minutes to preserve, the beginning first, with time zones; or neither.",
)
_EMPTY: Final = Text(fr="Préservez au moins une minute.", en="Preserve one minute at least.")
_NOT_A_SAFEGUARD: Final = Text(
    fr="Ce dossier vient d'un appel, le service est déjà connu : seul un constat de l'opérateur se signale.",
    en="This case comes from a call, its service is known already: only an operator's safeguard is reported.",
)
_Minutes = Annotated[int, Field(ge=0, le=MOST_MIN)]


class Preserve(Body):
    """One camera, why, and which minutes: from one mark to another of a replay, or around this instant."""

    camera: Annotated[str, Field(max_length=63)]
    reason: Annotated[str, Field(max_length=60)]
    before_min: _Minutes = BEFORE_MIN
    after_min: _Minutes = AFTER_MIN
    begin: Annotated[datetime | None, Field(alias="from")] = None
    end: Annotated[datetime | None, Field(alias="to")] = None

    def span(self, now_us: int) -> WallRange:
        """The minutes, by the centre's clock: a workstation's may be wrong.

        Raises:
            BadInputError: one end without the other, without time zones, the end first; nothing at all.
        """
        if self.begin is None and self.end is None:
            if not self.before_min + self.after_min:
                raise BadInputError(_EMPTY)
            return around(now_us, self.before_min, self.after_min)
        if self.begin is None or self.end is None or self.begin.tzinfo is None or self.end.tzinfo is None:
            raise BadInputError(_BAD_RANGE)
        if not self.begin < self.end:
            raise BadInputError(_BAD_RANGE)
        return WallRange(to_wall_us(self.begin.astimezone(UTC)), to_wall_us(self.end.astimezone(UTC)))


class Report(Body):
    """Who was told, of which service, under what number."""

    service: Annotated[str, Field(min_length=1, max_length=200)]
    person: Annotated[str, Field(max_length=200)] = ""
    number: Annotated[str, Field(max_length=100)] = ""


def build(centre: Centre, desk: Desk) -> Routes:
    """These routes, on this centre."""
    routes, safeguards = Routes(), Safeguards(centre, desk)

    @routes.post("/api/desk/safeguards", DESK, status_code=201)
    async def preserve(body: Preserve, request: Request) -> Json:
        """Preserve minutes of a camera at once (constat): a case of its own, held, seen by nobody. The answer names the
        cameras near it that may be preserved in one more step."""
        caller = require_caller(request)
        reason, span = centre.duties.reason(body.reason), body.span(centre.clock.wall_us())
        who = await asyncio.to_thread(who_asks, centre, request, caller)
        camera = CameraId(body.camera)
        case = await safeguards.preserve(camera, span, reason, caller, who)
        return {"case": case_json(centre, case, caller), "neighbours": safeguards.near(camera, who)}

    @routes.post("/api/desk/cases/{case}/reported", DESK)
    async def report(case: str, body: Report, request: Request) -> Json:
        """Say that a service was told of a safeguard (CPP 40). Nothing leaves by it, and nothing lives longer."""
        caller = require_caller(request)
        found = desk.store.case(case, caller.person)
        if found.kind is not CaseKind.SAFEGUARD:
            raise BadInputError(_NOT_A_SAFEGUARD)
        call = Call(caller=body.person.strip(), service=body.service.strip(), number=body.number.strip())
        if not call.service:
            raise BadInputError(Text(fr="Nommez le service informé.", en="Name the service that was told."))
        return case_json(centre, await safeguards.report(found, call, caller), caller)

    return routes
