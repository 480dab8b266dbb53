"""Filmed persons' requests: entry for paper and phone, minutes held, identity, what the controller decides."""

import asyncio
from datetime import date
from typing import Annotated, Final

from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from beffroi.domain.clock import instant
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import BodyId
from beffroi.domain.text import Text
from beffroi.evidence.deskrules import MOST
from beffroi.evidence.subjectrules import Channel, Decision, Ground, Identity, Missing, Outcome, Wish
from beffroi.evidence.subjectstore import Asked, NoRequestError
from beffroi.publish.subjectletter import letter_pdf
from beffroi.server.access import SUBJECT, SUBJECT_READ, SUBJECT_ROUTE, Routes
from beffroi.server.body import Body
from beffroi.server.centre import Centre
from beffroi.server.rendering import Json
from beffroi.server.routes.desk import Line, who_asks
from beffroi.server.session import require_caller
from beffroi.server.sight import sight_of, unknown
from beffroi.server.subject import Subjects
from beffroi.server.subjectjson import request_json
from beffroi.server.subjectletters import letter_of

_ERASED: Final = Text(
    fr="Cette demande est close : le texte de la lettre est effacé. Voyez l'exemplaire signé, dans vos dossiers.",
    en="This request is closed: the letter's text is erased. See the signed copy in your files.",
)


class Enter(Body):
    """A request on paper, by phone or at the desk, as the web form takes it."""

    wish: Wish
    channel: Channel
    received_on: date
    commune: Annotated[str, Field(max_length=32)]
    place: Annotated[str, Field(max_length=500)] = ""
    day: Annotated[str, Field(max_length=10)] = ""
    hours: Annotated[str, Field(max_length=11)] = ""
    recognise: Annotated[str, Field(max_length=500)] = ""
    contact: Annotated[str, Field(max_length=300)] = ""


class RouteTo(Body):
    """Whose request it is."""

    commune: Annotated[str, Field(max_length=32)]


class Register(Body):
    """Cameras and minutes."""

    cameras: Annotated[list[Line], Field(max_length=MOST)]


class Identify(Body):
    """How identity was checked, and when. There is no field for what was shown."""

    how: Identity
    on: date


class Decide(Body):
    """The controller's decision."""

    outcome: Outcome
    ground: Ground | None = None
    missing: Missing | None = None
    reason: Annotated[str, Field(max_length=2000)] = ""
    nobody_else: bool = False


def build(centre: Centre, subjects: Subjects) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    @routes.get("/api/subject/requests", SUBJECT_READ)
    async def listed(request: Request) -> list[Json]:
        """The requests of the communes served, each with its deadline."""
        caller = require_caller(request)
        return [request_json(subjects, one, caller) for one in subjects.store.listed(subjects.communes(caller))]

    @routes.get("/api/subject/communes", SUBJECT_READ)
    async def communes(request: Request) -> list[Json]:
        """The communes that a request may be entered for."""
        facts = centre.registry.facts()
        sight, filmed = sight_of(facts, require_caller(request).person), {one.commune for one in facts.cameras.values()}
        return [
            {"id": one.id, "name": one.name}
            for _, one in sorted(facts.bodies.items())
            if one.id in filmed and sight.commune(one.id)
        ]

    @routes.post("/api/subject/requests", SUBJECT, status_code=201)
    async def enter(body: Enter, request: Request) -> Json:
        """Enter a request that came on paper, by phone or at the desk: the same rights, the same deadlines."""
        caller = require_caller(request)
        if not sight_of(centre.registry.facts(), caller.person).commune(BodyId(body.commune)):
            raise unknown(body.commune)
        asked = Asked(body.wish, "", body.place, body.day, body.hours, body.recognise, body.contact)
        found, code = await subjects.receive(asked, body.channel, body.received_on, BodyId(body.commune), caller)
        return {"request": request_json(subjects, found, caller), "code": code}

    @routes.get("/api/subject/requests/{name}", SUBJECT_READ)
    async def one(name: str, request: Request) -> Json:
        """One request: what is asked, what is held, what was decided."""
        caller = require_caller(request)
        return request_json(subjects, subjects.request(caller, name), caller)

    @routes.get("/api/subject/requests/{name}/cameras", SUBJECT_READ)
    async def cameras(name: str, request: Request) -> list[Json]:
        """The cameras of the request's commune: names and places, no image."""
        found, facts = subjects.request(require_caller(request), name), centre.registry.facts()
        return [
            {"id": camera.id, "name": camera.name}
            for _, camera in sorted(facts.cameras.items())
            if camera.commune == found.row.commune
        ]

    _before(routes, centre, subjects)
    _decided(routes, subjects)
    return routes


def _before(routes: Routes, centre: Centre, subjects: Subjects) -> None:
    @routes.post("/api/subject/requests/{name}/commune", SUBJECT_ROUTE)
    async def route(name: str, body: RouteTo, request: Request) -> Json:
        """Say whose request it is, where the commune's name was not understood."""
        caller = require_caller(request)
        found = await subjects.route(subjects.request(caller, name, open_=True), BodyId(body.commune), caller)
        return request_json(subjects, found, caller)

    @routes.post("/api/subject/requests/{name}/register", SUBJECT)
    async def register(name: str, body: Register, request: Request) -> Json:
        """Choose cameras and minutes: they are held at once, for this request alone."""
        caller = require_caller(request)
        found = subjects.request(caller, name, open_=True)
        who = await asyncio.to_thread(who_asks, centre, request, caller)
        wanted = [line.minutes() for line in body.cameras]
        done = await subjects.register(found, wanted, who, caller, caller.account.name)
        return request_json(subjects, done, caller)

    @routes.post("/api/subject/requests/{name}/identity", SUBJECT)
    async def identify(name: str, body: Identify, request: Request) -> Json:
        """Write down how and when identity was checked; nothing of what was shown."""
        caller = require_caller(request)
        found = await subjects.identify(subjects.request(caller, name, open_=True), body.how, body.on, caller)
        return request_json(subjects, found, caller)

    @routes.post("/api/subject/requests/{name}/propose", SUBJECT)
    async def propose(name: str, request: Request) -> Json:
        """Put the access before the controller."""
        caller = require_caller(request)
        found = await subjects.propose(subjects.request(caller, name, open_=True), caller)
        return request_json(subjects, found, caller)


def _decided(routes: Routes, subjects: Subjects) -> None:
    @routes.post("/api/subject/requests/{name}/decide", SUBJECT)
    async def decide(name: str, body: Decide, request: Request) -> Json:
        """The controller decides; late is possible while the images live, and is written as late."""
        caller = require_caller(request)
        found = subjects.request(caller, name, open_=True)
        decision = Decision(body.outcome, body.ground, body.missing, body.reason, body.nobody_else)
        return request_json(subjects, await subjects.decide(found, decision, caller), caller)

    @routes.get("/api/subject/requests/{name}/lettre.pdf", SUBJECT_READ)
    async def letter(name: str, request: Request) -> Response:
        """The answer, as a letter to be signed."""
        found = subjects.request(require_caller(request), name)
        if found.row.decided_us is None:
            raise NoRequestError
        if found.row.closed_us is not None:
            raise BadInputError(_ERASED)  # without the controller's words it would be another letter
        made = await asyncio.to_thread(letter_pdf, letter_of(subjects, found), on=instant(found.row.decided_us))
        headers = {"Content-Disposition": f'attachment; filename="reponse-{found.row.id}.pdf"'}
        return Response(made, media_type="application/pdf", headers=headers)

    @routes.post("/api/subject/requests/{name}/answered", SUBJECT)
    async def answered(name: str, request: Request) -> Json:
        """The answer was sent or handed over."""
        caller = require_caller(request)
        found = await subjects.answered(subjects.request(caller, name, open_=True), caller)
        return request_json(subjects, found, caller)
