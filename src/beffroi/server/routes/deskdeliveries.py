"""The requisition desk, once paper is there: requisition, delivery with a second person, download, receipt."""

import asyncio
from datetime import date
from typing import Annotated, Final

from fastapi import Request
from pydantic import Field
from starlette.responses import JSONResponse, Response

from beffroi.domain.errors import RefusedError
from beffroi.domain.text import Text
from beffroi.evidence.deskrules import MOST
from beffroi.server.access import DESK, Routes
from beffroi.server.asking import post_here
from beffroi.server.body import Body
from beffroi.server.byterange import span_of
from beffroi.server.centre import Centre
from beffroi.server.deskbuild import package_path
from beffroi.server.deskdelivery import Deliveries, Maker
from beffroi.server.deskfetch import Fetch
from beffroi.server.deskjson import case_json, requisitions_json
from beffroi.server.desksending import Piece, PieceAnswer
from beffroi.server.rendering import Json, error_json
from beffroi.server.routes.desk import Line
from beffroi.server.session import require_caller

NOT_THERE: Final = Text(
    fr="Cette partie du fichier n'existe pas : reprenez le téléchargement depuis le début.",
    en="This part of the file does not exist: start the download again.",
)


class Attach(Body):
    """A requisition of the registry."""

    document: Annotated[str, Field(max_length=200)]


class Prepare(Body):
    """What to hand over (all that may leave, when nothing is named), and who agrees."""

    second: Annotated[str, Field(max_length=64)]
    cameras: Annotated[tuple[Line, ...], Field(max_length=MOST)] = ()


class BuildIt(Body):
    """Why, from the closed list of reasons."""

    reason: Annotated[str, Field(max_length=60)]


class Receipt(Body):
    """The signed receipt: when, by whom, its reference."""

    signed_on: date
    signed_by: Annotated[str, Field(min_length=1, max_length=200)]
    reference: Annotated[str, Field(min_length=1, max_length=100)]


def build(centre: Centre, deliveries: Deliveries) -> Routes:
    """These routes, on this centre."""
    routes, store = Routes(), deliveries.desk.store

    @routes.post("/api/desk/cases/{case}/requisition", DESK)
    async def attach(case: str, body: Attach, request: Request) -> Json:
        """Attach a requisition or its written complement (a D15 document): it limits all that may leave."""
        caller = require_caller(request)
        found = store.case(case, caller.person)
        return case_json(centre, await deliveries.attach(found, body.document, caller), caller)

    @routes.get("/api/desk/cases/{case}/requisitions", DESK)
    async def requisitions(case: str, request: Request) -> list[Json]:
        """Requisitions (D15) that may be attached to this case, confirmed or waiting for their commune."""
        caller = require_caller(request)
        return requisitions_json(centre, store.case(case, caller.person), caller)

    @routes.get("/api/desk/cases/{case}/seconds", DESK)
    async def seconds(case: str, request: Request) -> list[Json]:
        """Who may be asked to agree to a delivery of this case."""
        caller = require_caller(request)
        store.case(case, caller.person)
        return deliveries.desk.seconds(caller)

    @routes.post("/api/desk/cases/{case}/packages", DESK, status_code=201)
    async def prepare(case: str, body: Prepare, request: Request) -> Json:
        """Prepare a delivery within the requisition; it waits, held, for the second person."""
        caller = require_caller(request)
        found, lines = store.case(case, caller.person), [line.minutes() for line in body.cameras]
        return case_json(centre, await deliveries.prepare(found, lines, body.second, caller), caller)

    @routes.post("/api/desk/cases/{case}/packages/{package}/agree", DESK)
    async def agree(case: str, package: str, request: Request) -> Json:
        """Agree, as the second person, present or on call at a distance."""
        caller = require_caller(request)
        return case_json(centre, await deliveries.agree(store.case(case, caller.person), package, caller), caller)

    @routes.post("/api/desk/cases/{case}/packages/{package}/build", DESK)
    async def make(case: str, package: str, body: BuildIt, request: Request) -> Json:
        """Build the delivery: each line decided, registered and leased; then the package that proves itself."""
        caller = require_caller(request)
        found, reason = store.case(case, caller.person), centre.duties.reason(body.reason)
        payload = {
            "account": caller.account.name,
            "reason": reason.id,
            "address": request.client.host if request.client else "",
        }
        post = post_here(centre, request)
        maker = Maker(caller, post, reason, payload)
        return case_json(centre, await deliveries.build(found, package, maker), caller)

    @routes.get("/api/desk/cases/{case}/packages/{package}/remise.zip", DESK)
    async def fetch(case: str, package: str, request: Request) -> Response:
        """The package as a zip file, whole or one range of it; every byte that leaves is counted in the register."""
        caller = require_caller(request)
        store.case(case, caller.person).package(package)
        asked = Fetch(deliveries, caller, post_here(centre, request), case, package)
        try:
            row = await asyncio.to_thread(asked.permitted)
        except RefusedError as error:
            await asked.refused(error)
            raise
        size, etag = row.size_bytes or 0, f'"{row.sha256}"'
        headers = {
            "Accept-Ranges": "bytes",
            "ETag": etag,
            "Content-Disposition": f'attachment; filename="remise-{package}.zip"',
        }
        sent = request.headers
        span = span_of(sent.getlist("range"), sent.get("if-range"), size=size, etag=etag)
        if span is None:
            answer = error_json("bad-range", NOT_THERE)
            return JSONResponse(answer, 416, {**headers, "Content-Range": f"bytes */{size}"})
        await asked.begin(span)
        return PieceAnswer(asked, Piece(package_path(centre, package), size), span=span, headers=headers)

    @routes.post("/api/desk/cases/{case}/packages/{package}/receipt", DESK)
    async def receive(case: str, package: str, body: Receipt, request: Request) -> Json:
        """Record the signed receipt; the centre's copy is destroyed within seven days of it."""
        caller = require_caller(request)
        found = await deliveries.receive(
            store.case(case, caller.person),
            package,
            signed_on=body.signed_on.isoformat(),
            signed_by=body.signed_by,
            reference=body.reference,
            caller=caller,
        )
        return case_json(centre, found, caller)

    return routes
