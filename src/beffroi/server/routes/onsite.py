"""Viewing on site with the investigator: two persons before one screen, within a requisition that provides for it."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from beffroi.domain.errors import RefusedError
from beffroi.domain.text import Text
from beffroi.evidence.onsiterules import Cause, Outcome
from beffroi.publish.onsite_slip import onsite_slip_pdf
from beffroi.server.access import DESK, DESK_READ, Routes
from beffroi.server.asking import post_here
from beffroi.server.body import Body
from beffroi.server.centre import Centre, authority_name, commune_name
from beffroi.server.onsite import Here, Onsites, Words
from beffroi.server.onsitejson import onsite_json, session_json, sheet_of
from beffroi.server.onsiteviews import OnsiteViews, Socket, Wish
from beffroi.server.rendering import Json
from beffroi.server.routes.desk import Line, who_asks
from beffroi.server.session import require_caller

_STANDS: Final = Text(
    fr="Ce visionnage n'est pas terminé : le récépissé s'imprime à la fin.",
    en="This viewing is not over: the slip is printed at its end.",
)


class Ask(Body):
    """What the operator read on the card and on the requisition; ``card``: it was seen, and is this person's."""

    reason: Annotated[str, Field(max_length=60)]
    investigator: Annotated[str, Field(max_length=200)]
    service: Annotated[str, Field(max_length=200)]
    number: Annotated[str, Field(max_length=100)]
    card: bool = False


class Confirm(Body):
    """The investigator's own name, typed by themselves."""

    investigator: Annotated[str, Field(max_length=200)]


class OpenView(Line):
    """Minutes to see, on an open view socket of this session."""

    connection: Annotated[str, Field(max_length=64)]
    codecs: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=20, default_factory=list)]
    h265: bool = False


class End(Body):
    """How it ends: an extract (with the second person of the delivery), nothing found, or interrupted (why)."""

    outcome: Outcome
    cause: Cause | None = None
    second: Annotated[str, Field(max_length=64)] = ""


def build(centre: Centre, onsites: Onsites, views: OnsiteViews) -> Routes:
    """These routes, on this centre."""
    routes = Routes()
    _sessions(routes, centre, onsites)
    _images(routes, centre, onsites, views)
    return routes


def _sessions(routes: Routes, centre: Centre, onsites: Onsites) -> None:
    store = onsites.desk.store

    @routes.get("/api/desk/cases/{case}/onsite", DESK_READ)
    async def listed(case: str, request: Request) -> Json:
        """What the case's requisitions open on site, and its viewings."""
        caller = require_caller(request)
        return onsite_json(onsites, onsites.desk.case(case, caller), caller)

    @routes.post("/api/desk/cases/{case}/onsite", DESK, status_code=201)
    async def ask(case: str, body: Ask, request: Request) -> Json:
        """Begin a viewing on site: card and requisition were read; no image opens yet."""
        who, reason = _here(centre, request), centre.duties.reason(body.reason)
        found = store.case(case, who.caller.person)
        words = Words(body.investigator, body.service, body.number, body.card)
        made = await onsites.ask(found, who, reason, words)
        return session_json(onsites, made, who.caller)

    @routes.post("/api/desk/cases/{case}/onsite/{onsite}/confirm", DESK)
    async def confirm(case: str, onsite: str, body: Confirm, request: Request) -> Json:
        """The investigator confirms on the same screen; every other image of this screen goes dark."""
        who = _here(centre, request)
        found = store.case(case, who.caller.person)
        made = await onsites.confirm(found, onsite, who, body.investigator)
        return session_json(onsites, made, who.caller)

    @routes.post("/api/desk/cases/{case}/onsite/{onsite}/left", DESK)
    async def left(case: str, onsite: str, request: Request) -> Json:
        """The investigator has left the screen, after a viewing that ended by itself."""
        caller = require_caller(request)
        found = store.case(case, caller.person)
        await onsites.left(found, onsite, caller)
        return onsite_json(onsites, found, caller)

    @routes.get("/api/desk/cases/{case}/onsite/{onsite}/recepisse.pdf", DESK_READ)
    async def slip(case: str, onsite: str, request: Request) -> Response:
        """The slip of a viewing that is over, to be signed by both on paper."""
        caller = require_caller(request)
        found = onsites.desk.case(case, caller)
        one = onsites.store.one(found.row.id, onsite)
        if one.row.ended_us is None:
            raise RefusedError(_STANDS)
        made = await asyncio.to_thread(onsite_slip_pdf, sheet_of(onsites, found, one))
        name = f'attachment; filename="visionnage-{one.row.id}.pdf"'
        return Response(made, media_type="application/pdf", headers={"Content-Disposition": name})


def _images(routes: Routes, centre: Centre, onsites: Onsites, views: OnsiteViews) -> None:
    store = onsites.desk.store

    @routes.post("/api/desk/cases/{case}/onsite/{onsite}/views", DESK, status_code=201)
    async def view(case: str, onsite: str, body: OpenView, request: Request) -> Json:
        """See minutes of the requisition, both: decision, register entry, then a lease for this connection."""
        who, asked = _here(centre, request), body.minutes()
        found = store.case(case, who.caller.person)
        opened = await views.open(found, onsite, asked, Socket(body.connection, body.h265), who)
        facts, purpose = centre.registry.facts(), opened.request.purpose
        camera = facts.cameras[asked.camera]
        commune = commune_name(facts, camera.commune)
        return {
            "view": opened.id,
            "lease": opened.lease,
            "authority": {"id": opened.authority, "name": authority_name(facts, opened.authority, commune).as_dict()},
            "purpose": None if purpose is None else purpose.value,
            "review": False,
            "camera": {"id": camera.id, "name": camera.name, "commune": commune},
        }

    @routes.post("/api/desk/cases/{case}/onsite/{onsite}/marks", DESK, status_code=201)
    async def mark(case: str, onsite: str, body: Line, request: Request) -> Json:
        """Mark minutes that the extract is to contain."""
        who, asked = _here(centre, request), body.minutes()
        made = await views.mark(store.case(case, who.caller.person), onsite, asked, who)
        return session_json(onsites, made, who.caller)

    @routes.delete("/api/desk/cases/{case}/onsite/{onsite}/marks/{mark_id}", DESK)
    async def unmark(case: str, onsite: str, mark_id: str, request: Request) -> Json:
        """Remove a mark."""
        who = _here(centre, request)
        made = await views.unmark(store.case(case, who.caller.person), onsite, mark_id, who)
        return session_json(onsites, made, who.caller)

    @routes.post("/api/desk/cases/{case}/onsite/{onsite}/end", DESK)
    async def end(case: str, onsite: str, body: End, request: Request) -> Json:
        """End it: an extract of the marks is prepared, nothing was found, or it was interrupted."""
        who = _here(centre, request)
        found = store.case(case, who.caller.person)
        asking = await asyncio.to_thread(who_asks, centre, request, who.caller)
        made = await views.end(found, onsite, Wish(body.outcome, body.cause, body.second), asking, who)
        return session_json(onsites, made, who.caller)


def _here(centre: Centre, request: Request) -> Here:
    caller = require_caller(request)
    payload: dict[str, Any] = {
        "account": caller.account.name,
        "address": request.client.host if request.client else "",
    }
    return Here(caller, post_here(centre, request), payload)
