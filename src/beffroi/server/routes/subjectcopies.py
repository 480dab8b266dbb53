"""Derived copies and supervised viewings of a filmed person's request: two persons, each picture leased."""

import asyncio
from functools import partial
from typing import Annotated

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import JSONResponse, Response

from beffroi.domain.errors import RefusedError
from beffroi.evidence.blur import MOST_KEYS, MOST_REGIONS, Mode, masking_from, masking_of
from beffroi.server.access import SUBJECT, Routes
from beffroi.server.asking import post_here
from beffroi.server.body import Body
from beffroi.server.byterange import span_of
from beffroi.server.centre import Centre
from beffroi.server.deskdelivery import Maker
from beffroi.server.desksending import PieceAnswer
from beffroi.server.rendering import Json, error_json
from beffroi.server.routes.desk import Line
from beffroi.server.routes.deskdeliveries import NOT_THERE
from beffroi.server.session import require_caller
from beffroi.server.subjectcopy import Copies
from beffroi.server.subjectediting import Editings
from beffroi.server.subjectfetch import CopyFetch
from beffroi.server.subjectjson import request_json
from beffroi.server.subjectviewing import Supervised

_LARGEST = 2**53


class Prepare(Line):
    """Minutes of one camera, and who is asked to agree."""

    second: Annotated[str, Field(max_length=64)]


class Open(Body):
    """Why, from the closed list of reasons."""

    reason: Annotated[str, Field(max_length=60)]


_Row = Annotated[list[int], Field(min_length=5, max_length=5)]
_Region = Annotated[list[_Row], Field(max_length=MOST_KEYS)]


class Boxes(Body):
    """The boxes: per region, rows of [instant, left, top, right, bottom]."""

    mode: Mode = Mode.KEEP
    regions: Annotated[list[_Region], Field(max_length=MOST_REGIONS)]


class Note(Body):
    """What the agent wrote of the viewing; no name."""

    note: Annotated[str, Field(max_length=1000)] = ""


def build(centre: Centre, editings: Editings, supervised: Supervised) -> Routes:
    """These routes, on this centre."""
    routes = Routes()
    _two_persons(routes, editings)
    _leaving(routes, centre, editings.copies)
    _drawing(routes, centre, editings)
    _viewings(routes, supervised)
    return routes


def _two_persons(routes: Routes, editings: Editings) -> None:
    copies, subjects = editings.copies, editings.copies.subjects

    @routes.get("/api/subject/requests/{name}/seconds", SUBJECT)
    async def seconds(name: str, request: Request) -> list[Json]:
        """Who may be asked to agree to a copy."""
        caller = require_caller(request)
        subjects.request(caller, name)
        return subjects.desk.seconds(caller)

    @routes.post("/api/subject/requests/{name}/copies", SUBJECT, status_code=201)
    async def prepare(name: str, body: Prepare, request: Request) -> Json:
        """Prepare a derived copy of minutes that are held; it waits for the second person."""
        caller = require_caller(request)
        found = subjects.request(caller, name, open_=True)
        return request_json(subjects, await copies.prepare(found, body.minutes(), body.second, caller), caller)

    @routes.post("/api/subject/requests/{name}/copies/{copy}/agree", SUBJECT)
    async def agree(name: str, copy: str, request: Request) -> Json:
        """Agree, as the second person, before any picture is opened."""
        caller = require_caller(request)
        found = subjects.request(caller, name, open_=True)
        return request_json(subjects, await copies.agree(found, copy, caller), caller)

    @routes.post("/api/subject/requests/{name}/copies/{copy}/check", SUBJECT)
    async def check(name: str, copy: str, request: Request) -> Json:
        """Say, as the second person, that the derived copy was looked at and may leave."""
        caller = require_caller(request)
        found = subjects.request(caller, name, open_=True)
        return request_json(subjects, await copies.check(found, copy, caller), caller)

    @routes.post("/api/subject/requests/{name}/copies/{copy}/handed", SUBJECT)
    async def handed(name: str, copy: str, request: Request) -> Json:
        """Handed over: the centre's file is destroyed within seven days."""
        caller = require_caller(request)
        found = subjects.request(caller, name, open_=True)
        return request_json(subjects, await copies.handed(found, copy, caller), caller)


def _leaving(routes: Routes, centre: Centre, copies: Copies) -> None:
    @routes.get("/api/subject/requests/{name}/copies/{copy}/copie.zip", SUBJECT)
    async def fetch(name: str, copy: str, request: Request) -> Response:
        """The derived copy with its statement, once it was looked over."""
        return await _sent(CopyFetch(copies, require_caller(request), post_here(centre, request), name, copy), request)

    @routes.get("/api/subject/requests/{name}/copies/{copy}/film.mp4", SUBJECT)
    async def film(name: str, copy: str, request: Request) -> Response:
        """The masked film alone, to be looked at here."""
        asked = CopyFetch(copies, require_caller(request), post_here(centre, request), name, copy)
        return await _sent(asked, request, film=True)


async def _sent(asked: CopyFetch, request: Request, *, film: bool = False) -> Response:
    try:
        row = await asyncio.to_thread(asked.permitted)
    except RefusedError as error:
        await asked.refused(error)
        raise
    piece = await asyncio.to_thread(partial(asked.piece, row, film=film))
    etag = f'"{row.sha256}-film"' if film else f'"{row.sha256}"'
    headers = {"Accept-Ranges": "bytes", "ETag": etag}
    if not film:
        headers["Content-Disposition"] = f'attachment; filename="copie-{asked.copy}.zip"'
    told = request.headers
    span = span_of(told.getlist("range"), told.get("if-range"), size=piece.size, etag=etag)
    if span is None:
        answer = error_json("bad-range", NOT_THERE)
        return JSONResponse(answer, 416, {**headers, "Content-Range": f"bytes */{piece.size}"})
    await asked.begin(span, film=film)
    return PieceAnswer(asked, piece, span=span, headers=headers)


def _drawing(routes: Routes, centre: Centre, editings: Editings) -> None:
    copies, subjects = editings.copies, editings.copies.subjects

    @routes.post("/api/subject/requests/{name}/copies/{copy}/open", SUBJECT)
    async def opened(name: str, copy: str, body: Open, request: Request) -> Json:
        """Open the pictures to draw upon: decided, registered, leased, as any extract."""
        caller = require_caller(request)
        found, reason = subjects.request(caller, name, open_=True), centre.duties.reason(body.reason)
        payload = {"account": caller.account.name, "reason": reason.id}
        editing = await editings.open(found, copy, Maker(caller, post_here(centre, request), reason, payload))
        return {"from_us": editing.asked.from_us, "to_us": editing.asked.to_us, "idle_s": editings.idle_s}

    @routes.get("/api/subject/requests/{name}/copies/{copy}/open", SUBJECT)
    async def still(name: str, copy: str, request: Request) -> Json:
        """Whether the pictures may still be on this screen, or why not. To ask does not keep them open."""
        caller = require_caller(request)
        subjects.request(caller, name, open_=True).copy(copy)
        editings.still(copy, caller)
        return {"open": True}

    @routes.get("/api/subject/requests/{name}/copies/{copy}/picture", SUBJECT)
    async def picture(
        name: str,
        copy: str,
        request: Request,
        at_us: Annotated[int, Query(ge=0, le=_LARGEST)] = 0,
        masked: bool = False,
    ) -> Response:
        """The picture of an instant, to be drawn upon; or as the derived copy will show it."""
        caller = require_caller(request)
        found = subjects.request(caller, name, open_=True)
        row = found.copy(copy)
        editing = editings.find(copy, caller)
        wall_us, data = await editings.picture(editing, at_us, masking_from(row.masking) if masked else None)
        return Response(data, media_type="image/jpeg", headers={"X-Beffroi-At": str(wall_us)})

    @routes.post("/api/subject/requests/{name}/copies/{copy}/boxes", SUBJECT)
    async def draw(name: str, copy: str, body: Boxes, request: Request) -> Json:
        """Keep the boxes."""
        caller = require_caller(request)
        found = subjects.request(caller, name, open_=True)
        return request_json(subjects, copies.draw(found, copy, masking_of(body.mode, body.regions), caller), caller)

    @routes.post("/api/subject/requests/{name}/copies/{copy}/build", SUBJECT)
    async def make(name: str, copy: str, request: Request) -> Json:
        """Make the derived copy; the clear pictures are closed with it."""
        caller = require_caller(request)
        found = subjects.request(caller, name, open_=True)
        found.copy(copy)
        return request_json(subjects, await editings.build(found, editings.find(copy, caller)), caller)

    @routes.post("/api/subject/requests/{name}/copies/{copy}/close", SUBJECT)
    async def close(name: str, copy: str, request: Request) -> Json:
        """Close the pictures; the boxes are kept."""
        caller = require_caller(request)
        found = subjects.request(caller, name)
        found.copy(copy)
        await editings.close(editings.find(copy, caller))
        return request_json(subjects, found, caller)


def _viewings(routes: Routes, supervised: Supervised) -> None:
    subjects = supervised.subjects

    @routes.post("/api/subject/requests/{name}/viewings", SUBJECT, status_code=201)
    async def begin(name: str, request: Request) -> Json:
        """The person is before this screen: from now on it shows the minutes of the request alone."""
        caller = require_caller(request)
        found = subjects.request(caller, name, open_=True)
        return request_json(subjects, await supervised.begin(found, caller), caller)

    @routes.post("/api/subject/requests/{name}/viewings/{viewing}/end", SUBJECT)
    async def end(name: str, viewing: str, body: Note, request: Request) -> Json:
        """The viewing is over."""
        caller = require_caller(request)
        found = subjects.request(caller, name)
        return request_json(subjects, await supervised.end(found, viewing, body.note, caller), caller)
