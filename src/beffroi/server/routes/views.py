"""Asking to see: live or replay, on a socket already open. The answer is a first lease, or a refusal that explains."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Request, WebSocket
from pydantic import Field

from beffroi.domain.acts import Act
from beffroi.domain.clock import to_wall_us
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import CameraId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.ledger.index import REVIEW
from beffroi.server.access import LOGGED_IN, Routes
from beffroi.server.asking import post_here, question
from beffroi.server.body import Body
from beffroi.server.centre import Centre, authority_name, commune_name
from beffroi.server.duty import purpose_for
from beffroi.server.rendering import Json
from beffroi.server.session import require_caller
from beffroi.server.viewing import Viewing

_NO_DUTY = Text(
    fr="Dites d'abord pourquoi vous regardez : choisissez un motif à la prise de service.",
    en="First say why you are watching: choose a reason at the start of duty.",
)
_NO_REASON = Text(
    fr="Une relecture demande son propre motif : choisissez-le.", en="A replay asks its own reason: choose one."
)
_BAD_RANGE = Text(
    fr="Indiquez un début et une fin, le début d'abord, avec leur fuseau horaire.",
    en="Give a beginning and an end, the beginning first, with their time zone.",
)


class AskView(Body):
    """What to see. ``h265`` says that this browser plays it; ``codecs`` is what it was asked about."""

    connection: Annotated[str, Field(max_length=64)]
    camera: Annotated[str, Field(max_length=63)]
    act: Literal["live", "replay"]
    reason: Annotated[str | None, Field(max_length=60)] = None
    begin: Annotated[datetime | None, Field(alias="from")] = None
    end: Annotated[datetime | None, Field(alias="to")] = None
    codecs: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=20, default_factory=list)]
    h265: bool = False


def build(centre: Centre, viewing: Viewing) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    @routes.post("/api/views", LOGGED_IN, status_code=201)
    async def ask(body: AskView, request: Request) -> Json:
        """Open a view: decision, register entry, then a lease for this connection."""
        caller = require_caller(request)
        act = Act(body.act)
        duty = centre.duties.of(caller.session)
        if body.reason is not None:
            reason = centre.duties.reason(body.reason)
        elif act is Act.REPLAY:
            raise BadInputError(_NO_REASON)
        elif duty is None:
            raise BadInputError(_NO_DUTY)
        else:
            reason = duty.reason
        post = post_here(centre, request)
        asked = question(
            centre,
            caller,
            CameraId(body.camera),
            act,
            reason.purpose,
            footage=_footage(body) if act is Act.REPLAY else None,
            post=post,
        )
        purpose = purpose_for(reason, lambda one: centre.decider.decide(replace(asked, purpose=one)).allowed)
        asked = replace(asked, purpose=purpose)
        payload = {
            "account": caller.account.name,
            "reason": reason.id,
            "address": request.client.host if request.client else "",
        }
        detail = {REVIEW: reason.id} if reason.review else {}
        view = await viewing.open(caller, body.connection, asked, payload, h265=body.h265, post=post, detail=detail)
        facts = centre.registry.facts()
        camera = facts.cameras[asked.camera]
        commune = commune_name(facts, camera.commune)
        return {
            "view": view.id,
            "lease": view.lease,
            "authority": {"id": view.authority, "name": authority_name(facts, view.authority, commune).as_dict()},
            "purpose": purpose.value,
            "review": reason.review,
            "camera": {"id": camera.id, "name": camera.name, "commune": commune},
        }

    async def view_socket(socket: WebSocket) -> None:
        """One view's socket: greeted with its name, fed under its lease."""
        await viewing.serve(socket)

    routes.websocket("/ws/view", LOGGED_IN, view_socket)

    return routes


def _footage(body: AskView) -> WallRange:
    begin, end = body.begin, body.end
    if begin is None or end is None or begin.tzinfo is None or end.tzinfo is None or not begin < end:
        raise BadInputError(_BAD_RANGE)
    return WallRange(to_wall_us(begin.astimezone(UTC)), to_wall_us(end.astimezone(UTC)))
