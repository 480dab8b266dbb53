"""The printable slip of a delivery: what it is and the hashes that hold it, for the procedure. No image."""

import asyncio

from fastapi import Request, Response

from beffroi.server.access import DESK, Routes
from beffroi.server.centre import Centre
from beffroi.server.deskbuild import package_path
from beffroi.server.deskdelivery import Deliveries
from beffroi.server.deskpapers import printed
from beffroi.server.deskstamp import stamp_json
from beffroi.server.routes.registers import attached
from beffroi.server.session import require_caller


def build(centre: Centre, deliveries: Deliveries) -> Routes:
    """This route, on this centre."""
    routes, store = Routes(), deliveries.desk.store

    @routes.get("/api/desk/cases/{case}/packages/{package}/bordereau.pdf", DESK)
    async def slip(case: str, package: str, request: Request) -> Response:
        """The printable slip of a delivery, with the hashes of its statement and of its file. No image."""
        caller = require_caller(request)
        row, path = deliveries.file(store.case(case, caller.person), package), package_path(centre, package)
        stamp = await asyncio.to_thread(stamp_json, path, row.sha256) or {}
        made = await asyncio.to_thread(printed, path, row, stamp.get("time", ""))
        return attached(made, f"bordereau-{package}.pdf", "application/pdf")

    return routes
