"""Inspector mode: the mission and its hours, settings and versions, the evidence pack. Read-only; each an entry."""

import asyncio
from datetime import date
from typing import Annotated

from fastapi import Query, Request, Response

from beffroi.domain.clock import now
from beffroi.domain.facts import Facts
from beffroi.domain.ids import BodyId, CameraId
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.publish.registers.period import Period
from beffroi.server.access import INSPECTION, Routes
from beffroi.server.centre import Centre, commune_name
from beffroi.server.inspection import configuration, hours, missions, pack
from beffroi.server.missionscope import reach_of
from beffroi.server.registers import reader_of
from beffroi.server.rendering import Json, iso_instant
from beffroi.server.routes.registers import attached, safe
from beffroi.server.session import require_caller


def build(centre: Centre) -> Routes:
    """These routes, on this centre."""
    routes = Routes()
    making = asyncio.Lock()

    @routes.get("/api/inspection", INSPECTION)
    def inspection(request: Request) -> Json:
        """The caller's mission letters in force, the hours of a visit, the communes inspected."""
        caller, facts, at = require_caller(request), centre.registry.facts(), now(centre.clock)
        reader = reader_of(centre, facts, caller.person)
        return {
            "missions": [
                {
                    "document": one.document,
                    "reference": one.reference,
                    "signatory": one.signatory,
                    "from": iso_instant(one.begins),
                    "to": iso_instant(one.ends),
                    "images": one.images,
                    "bodies": [commune_name(facts, name) for name in one.bodies],
                    "devices": [_device(facts, name) for name in one.devices],
                    "dates": list(one.dates),
                }
                for one in missions(facts, caller.person, at)
            ],
            "hours": hours(at),
            "communes": sorted(
                ({"id": one, "name": commune_name(facts, one)} for one in reader.communes), key=lambda one: one["name"]
            ),
        }

    @routes.get("/api/inspection/configuration", INSPECTION)
    def settings(request: Request) -> Json:
        """Settings, versions, public keys: no secret. Reading is itself an entry."""
        caller = require_caller(request)
        detail = {"inspection": "configuration"}
        centre.ledger.append(Entry(EntryKind.REGISTER_READ, actor=caller.person, detail=detail))
        return configuration(centre, reach_of(centre.registry.facts(), caller.person, now(centre.clock)))

    @routes.get("/api/inspection/pack.zip", INSPECTION)
    async def evidence(
        request: Request,
        commune: Annotated[str, Query(max_length=64)],
        first: Annotated[date, Query(alias="from")],
        last: Annotated[date, Query(alias="to")],
    ) -> Response:
        """The evidence pack of a commune and a period: registers, documents, settings, proofs, the signed head."""
        caller, period = require_caller(request), Period(first, last)

        def work() -> bytes:
            reader = reader_of(centre, centre.registry.facts(), caller.person)
            return pack(centre, reader, BodyId(commune), period)

        async with making:
            made = await asyncio.to_thread(work)
        return attached(made, f"controle-{safe(commune)}-{period.name}.zip", "application/zip")

    return routes


def _device(facts: Facts, name: str) -> str:
    """A camera by its name; a system by its own."""
    camera = facts.cameras.get(CameraId(name))
    return name if camera is None else camera.name
