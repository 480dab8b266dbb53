"""Fetching a range of footage as one MP4, by HTTP Range, under a view of the gate with act `extract`."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from fastapi import Request
from pydantic import Field
from starlette.responses import JSONResponse, Response

from beffroi.domain.acts import Act
from beffroi.domain.clock import instant, to_wall_us
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import CameraId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.ledger.index import REVIEW
from beffroi.server.access import LOGGED_IN, Routes
from beffroi.server.agreements import Agreement, Agreements
from beffroi.server.asking import post_here, question
from beffroi.server.body import Body
from beffroi.server.byterange import span_of
from beffroi.server.centre import Centre, authority_name, commune_name
from beffroi.server.duty import purpose_for
from beffroi.server.extracts import Extract, Extracts
from beffroi.server.filesending import FileAnswer
from beffroi.server.rendering import Json, error_json
from beffroi.server.session import require_caller

_BAD_RANGE: Final = Text(
    fr="Indiquez un début et une fin, le début d'abord, avec leur fuseau horaire.",
    en="Give a beginning and an end, the beginning first, with their time zone.",
)
_NOT_THERE: Final = Text(
    fr="Cette partie du fichier n'existe pas : reprenez le téléchargement depuis le début.",
    en="This part of the file does not exist: start the download again.",
)


class Ranged(Body):
    """A camera and a range of footage."""

    camera: Annotated[str, Field(max_length=63)]
    begin: Annotated[datetime, Field(alias="from")]
    end: Annotated[datetime, Field(alias="to")]

    def footage(self) -> WallRange:
        """The range asked for.

        Raises:
            BadInputError: without time zones, or the end first.
        """
        begin, end = self.begin, self.end
        if begin.tzinfo is None or end.tzinfo is None or not begin < end:
            raise BadInputError(_BAD_RANGE)
        return WallRange(to_wall_us(begin.astimezone(UTC)), to_wall_us(end.astimezone(UTC)))


class Agree(Ranged):
    """The caller agrees that ``person`` takes it."""

    person: Annotated[str, Field(max_length=64)]


class AskExtract(Ranged):
    """What to take, why, and with whose agreement."""

    reason: Annotated[str, Field(max_length=60)]
    second: Annotated[str | None, Field(max_length=64)] = None
    stream: Literal["main", "sub"] = "main"


def build(centre: Centre, extracts: Extracts) -> Routes:
    """These routes, on this centre."""
    routes, agreements = Routes(), Agreements(centre.clock)

    @routes.post("/api/extracts/agree", LOGGED_IN)
    async def agree(body: Agree, request: Request) -> Json:
        """Agree, as the second person, that somebody takes a range; good for a quarter of an hour."""
        caller = require_caller(request)
        agreements.say(Agreement(caller.person, PersonId(body.person), CameraId(body.camera), body.footage()))
        return {}

    @routes.post("/api/extracts", LOGGED_IN, status_code=201)
    async def ask(body: AskExtract, request: Request) -> Json:
        """Open a range as one MP4: decision, register entry, lease; then its size, its tag and where to fetch it."""
        caller, footage = require_caller(request), body.footage()
        reason = centre.duties.reason(body.reason)
        camera, second = CameraId(body.camera), PersonId(body.second or "")
        agreed = agreements.said(Agreement(second, caller.person, camera, footage))
        post = post_here(centre, request)
        asked = question(
            centre,
            caller,
            camera,
            Act.EXTRACT,
            reason.purpose,
            footage=footage,
            second=second if agreed else PersonId(""),
            post=post,
        )
        purpose = purpose_for(reason, lambda one: centre.decider.decide(replace(asked, purpose=one)).allowed)
        extract = await extracts.open(
            caller,
            replace(asked, purpose=purpose),
            {
                "account": caller.account.name,
                "reason": reason.id,
                "address": request.client.host if request.client else "",
            },
            stream=body.stream,
            post=post,
            detail={REVIEW: reason.id} if reason.review else {},
        )
        return _told(centre, extract)

    @routes.get("/api/extracts/{extract}/video.mp4", LOGGED_IN)
    async def fetch(extract: str, request: Request) -> Response:
        """Bytes of the file: whole, or one range of it; every block under the lease of the moment."""
        found = extracts.find(extract, require_caller(request))
        await found.file.permitted()
        layout = found.file.layout
        headers = {
            "Accept-Ranges": "bytes",
            "ETag": layout.etag,
            "Content-Disposition": f'attachment; filename="{_name(found)}"',
        }
        sent = request.headers
        span = span_of(sent.getlist("range"), sent.get("if-range"), size=layout.size, etag=layout.etag)
        if span is None:
            body = error_json("bad-range", _NOT_THERE)
            return JSONResponse(body, 416, {**headers, "Content-Range": f"bytes */{layout.size}"})
        return FileAnswer(extracts, found, span, headers)

    @routes.delete("/api/extracts/{extract}", LOGGED_IN)
    async def give_back(extract: str, request: Request) -> Json:
        """The file is no longer needed: the register is told what was really sent."""
        found = extracts.find(extract, require_caller(request))
        await extracts.end(found)
        sent = found.file.sent
        return {"frames": sent.frames, "bytes": sent.bytes}

    return routes


def _name(extract: Extract) -> str:
    """Camera and first instant shown, in UTC: letters, digits, dashes."""
    request, layout = extract.view.request, extract.file.layout
    shown_us = layout.footage.from_us + layout.lead_in_us
    return f"{request.camera}-{instant(shown_us):%Y%m%dT%H%M%SZ}.mp4"


def _told(centre: Centre, extract: Extract) -> Json:
    view, layout, timeline = extract.view, extract.file.layout, extract.file.timeline
    facts = centre.registry.facts()
    camera = facts.cameras[view.request.camera]
    commune = commune_name(facts, camera.commune)
    return {
        "id": view.id,
        "url": f"/api/extracts/{view.id}/video.mp4",
        "name": _name(extract),
        "size": layout.size,
        "etag": layout.etag,
        "codec": extract.file.codec_string,
        "frames": layout.frames,
        "from": layout.footage.from_us,
        "to": layout.footage.to_us,
        "lead_in_us": layout.lead_in_us,
        "gaps": [hole.as_dict() for hole in (*timeline.gaps, *timeline.destroyed)],
        "authority": {"id": view.authority, "name": authority_name(facts, view.authority, commune).as_dict()},
        "camera": {"id": camera.id, "name": camera.name, "commune": commune},
    }
