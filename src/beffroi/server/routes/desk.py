"""The requisition desk, until a hold is in place: cases, search by place, the phone call."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Request
from pydantic import Field

from beffroi.domain.acts import Act
from beffroi.domain.clock import to_wall_us
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import CameraId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.evidence.deskrules import MOST, Call, CaseKind, Frame, Minutes, check_call, checked_minutes
from beffroi.evidence.desksearch import MAX_RADIUS_M, Place, search
from beffroi.law.packs.fr.links import authority_of
from beffroi.server.access import DESK, DESK_READ, Routes
from beffroi.server.asking import post_here
from beffroi.server.body import Body
from beffroi.server.centre import Centre, authority_name, commune_name
from beffroi.server.desk import Desk
from beffroi.server.deskholds import Who
from beffroi.server.deskjson import case_json
from beffroi.server.rendering import Json
from beffroi.server.session import Caller, require_caller

_BAD_RANGE: Final = Text(
    fr="Indiquez un début et une fin, le début d'abord, avec leur fuseau horaire.",
    en="Give a beginning and an end, the beginning first, with their time zone.",
)
_OF_A_REQUEST: Final = Text(
    fr="Le gel d'une demande de personne filmée se pose depuis cette demande, pas depuis le guichet.",
    en="The hold of a filmed person's request is placed from that request, not from the desk.",
)
Name = Annotated[str, Field(max_length=64)]


class OpenCase(Body):
    """What for."""

    kind: CaseKind = CaseKind.REQUISITION


class Where(Body):
    """A place: a point and a radius, or words."""

    latitude: Annotated[float | None, Field(ge=-90, le=90)] = None
    longitude: Annotated[float | None, Field(ge=-180, le=180)] = None
    radius_m: Annotated[float, Field(gt=0, le=MAX_RADIUS_M)] = 300.0
    text: Annotated[str, Field(max_length=200)] = ""


class Line(Body):
    """Minutes of a camera."""

    camera: Annotated[str, Field(max_length=63)]
    begin: Annotated[datetime, Field(alias="from")]
    end: Annotated[datetime, Field(alias="to")]

    def minutes(self) -> Minutes:
        """As the desk reads them.

        Raises:
            BadInputError: without time zones, or the end first.
        """
        if self.begin.tzinfo is None or self.end.tzinfo is None or not self.begin < self.end:
            raise BadInputError(_BAD_RANGE)
        begin, end = to_wall_us(self.begin.astimezone(UTC)), to_wall_us(self.end.astimezone(UTC))
        return Minutes(CameraId(self.camera), WallRange(begin, end))


class PlaceHold(Body):
    """The call, and what to hold."""

    caller: Annotated[str, Field(max_length=200)] = ""
    service: Annotated[str, Field(max_length=200)] = ""
    callback: Annotated[str, Field(max_length=40)] = ""
    verified: bool = False
    frame: Frame = Frame.NONE
    number: Annotated[str, Field(max_length=100)] = ""
    cameras: Annotated[list[Line], Field(max_length=MOST)]


class AddHandler(Body):
    """Who joins."""

    person: Name


def who_asks(centre: Centre, request: Request, caller: Caller) -> Who:
    """The caller, with what they may know of and watch from here."""
    post = post_here(centre, request)
    listed = centre.visible_to(caller.person, strong=caller.strong, post=None if post is None else post.name)
    known = {one.camera.id: one.decisions[Act.LIVE].allowed for one in listed}
    return Who(caller.person, caller.session, caller.strong, known)


def build(centre: Centre, desk: Desk) -> Routes:
    """These routes, on this centre."""
    routes, store = Routes(), desk.store

    @routes.get("/api/desk/cases", DESK_READ)
    async def listed(request: Request) -> list[Json]:
        """The cases that the caller handles (all of them for the data protection officer and inspectors)."""
        caller = require_caller(request)
        return [case_json(centre, one, caller) for one in desk.cases(caller)]

    @routes.post("/api/desk/cases", DESK, status_code=201)
    async def open_case(body: OpenCase, request: Request) -> Json:
        """Open a case: the time spent searching begins to count."""
        caller = require_caller(request)
        if body.kind is CaseKind.SUBJECT:
            raise BadInputError(_OF_A_REQUEST)
        case = store.open(body.kind, caller.person)
        await desk.enter("opened", case.row.id, caller, {"kind": body.kind.value})
        return case_json(centre, case, caller)

    @routes.get("/api/desk/cases/{case}", DESK_READ)
    async def one(case: str, request: Request) -> Json:
        """One case: the call, what is held, the papers, what was handed over."""
        caller = require_caller(request)
        return case_json(centre, desk.case(case, caller), caller)

    @routes.post("/api/desk/cases/{case}/handlers", DESK)
    async def add(case: str, body: AddHandler, request: Request) -> Json:
        """Open the case to one more person of the service."""
        caller = require_caller(request)
        store.case(case, caller.person)
        desk.check_person(caller, body.person)
        return case_json(centre, store.add_handlers(case, [body.person]), caller)

    @routes.post("/api/desk/cases/{case}/search", DESK)
    async def look(case: str, body: Where, request: Request) -> list[Json]:
        """Cameras of a place, of all communes served: names and places, no image, no calendar."""
        caller = require_caller(request)
        store.case(case, caller.person)
        who, facts = await asyncio.to_thread(who_asks, centre, request, caller), centre.registry.facts()
        communes = {camera.commune: commune_name(facts, camera.commune) for camera in facts.cameras.values()}
        place = Place(body.latitude, body.longitude, body.radius_m, body.text)
        found = search([facts.cameras[camera] for camera in who.known if camera in facts.cameras], communes, place)
        await desk.enter("searched", case, caller, {"found": len(found)})
        return [
            {
                "id": near.camera.id,
                "name": near.camera.name,
                "commune": communes[near.camera.commune],
                "authority": authority_name(facts, authority_of(near.camera), communes[near.camera.commune]).as_dict(),
                "distance_m": None if near.distance_m is None else round(near.distance_m),
                "may_watch": who.known[near.camera.id],
            }
            for near in found
        ]

    @routes.post("/api/desk/cases/{case}/hold", DESK)
    async def hold(case: str, body: PlaceHold, request: Request) -> Json:
        """Hold minutes at once, at the phone call: nobody sees anything; every camera is an entry of the register."""
        caller = require_caller(request)
        store.case(case, caller.person)  # another's case is not waited for
        who, facts = await asyncio.to_thread(who_asks, centre, request, caller), centre.registry.facts()
        names = {one: facts.cameras[one].name for one in who.known if one in facts.cameras}
        call = Call(body.caller, body.service, body.callback, body.verified, body.frame, body.number)
        lines, now_us = [line.minutes() for line in body.cameras], centre.clock.wall_us()
        async with desk.holds.turn(case):
            found = store.case(case, caller.person)
            desk.holds.check_open(found, lines)
            if found.holds:
                call = desk.same_call(found, call)
            check_call(found.kind, call)
            wanted = checked_minutes(lines, now_us, held=found.held, names=names)
            payload = {"account": caller.account.name, "caller": call.caller, "service": call.service}
            payload |= {"callback": call.callback, "number": call.number}
            found = store.take_call(case, call)
            verified = {"verified": call.verified, "frame": call.frame.value}
            await desk.enter("called", case, caller, verified, payload)
            await desk.holds.place(found, wanted, who, payload)
        return case_json(centre, await desk.holds.secure(case, lines), caller)

    return routes
