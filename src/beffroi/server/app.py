"""The web application: guard, error sentences, routes, the view socket, the console's files."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from beffroi import __version__
from beffroi.domain.errors import BadInputError, BeffroiError, BrokenError, NotFoundError, RefusedError
from beffroi.domain.text import Text
from beffroi.gate.answers import GateRefusedError
from beffroi.gate.gate import Gate
from beffroi.gate.restored import ShutWhileRestored
from beffroi.identity.accounts import LoginRefusedError, ThrottledError
from beffroi.server import static
from beffroi.server.access import RouteFact, Routes
from beffroi.server.centre import Centre
from beffroi.server.desk import Desk
from beffroi.server.deskdelivery import Deliveries
from beffroi.server.deskround import DeskRound
from beffroi.server.extracts import Extracts
from beffroi.server.guard import Guard
from beffroi.server.meters import CentreCollector, CountedDecider, Measured, Meters
from beffroi.server.onsite import Onsites
from beffroi.server.onsiteviews import OnsiteViews
from beffroi.server.rendering import error_json, refusal_json
from beffroi.server.reports import Reports
from beffroi.server.routes import (
    account,
    acts,
    camerafile,
    cameras,
    desk,
    deskdeliveries,
    deskslip,
    door,
    extracts,
    inspection,
    onsite,
    paperfiles,
    papers,
    people,
    persons,
    posts,
    registers,
    room,
    roster,
    safeguard,
    seen,
    subject,
    subjectcopies,
    subjectpublic,
    tonight,
    views,
    why,
)
from beffroi.server.session import NotLoggedInError
from beffroi.server.subject import Subjects
from beffroi.server.subjectcopy import Copies
from beffroi.server.subjectediting import Editings
from beffroi.server.subjectround import SubjectRound
from beffroi.server.subjectviewing import Supervised
from beffroi.server.viewing import Viewing

_STATUS: tuple[tuple[type[BeffroiError], int, str], ...] = (
    (NotLoggedInError, 401, "not-logged-in"),
    (LoginRefusedError, 401, "login-refused"),
    (ThrottledError, 429, "wait"),
    (NotFoundError, 404, "not-found"),
    (BadInputError, 422, "bad-input"),
    (RefusedError, 403, "refused"),
    (BrokenError, 503, "broken"),
)


def create_app(centre: Centre) -> FastAPI:
    """The application of one open centre."""
    meters = Meters()
    decider = CountedDecider(ShutWhileRestored(centre.decider, centre.restored), meters)
    gate = Gate(decider, centre.ledger, centre.gate_key, centre.clock)
    viewing = Viewing(centre, gate)
    files = Extracts(centre, gate, viewing)
    requisitions = Desk(centre)
    deliveries = Deliveries(centre, requisitions, gate, viewing)
    onsites, subjects = Onsites(centre, requisitions, viewing), Subjects(centre, requisitions)
    copies, supervised = Copies(centre, subjects), Supervised(centre, subjects, viewing)
    editings = Editings(centre, copies, gate, viewing)
    round_of_subjects = SubjectRound(centre, editings, supervised)
    reports = Reports(centre, centre.data / "centre")

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        centre.supply.start()
        centre.herald.start()
        centre.mirror.start()
        centre.witnessing.start()
        reports.start()
        centre.register_term.start()
        try:
            async with gate, viewing, files, DeskRound(centre, deliveries), onsites, editings, round_of_subjects:
                yield
        finally:
            centre.register_term.stop()
            reports.stop()
            centre.witnessing.stop()
            centre.mirror.stop()
            centre.herald.stop()
            centre.supply.stop()
            centre.ledger.close()
            centre.engine.dispose()

    app = FastAPI(
        title="Beffroi",
        version=__version__,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.identity, app.state.https = centre.identity, centre.https
    app.state.viewing, app.state.reports = viewing, reports
    app.state.extracts, app.state.deliveries, app.state.onsites = files, deliveries, onsites
    app.state.subjects, app.state.subject_round = editings, round_of_subjects
    app.state.collectors = [CentreCollector(centre, viewing), *meters.all()]
    table: list[RouteFact] = []
    for build in (
        door.build,
        cameras.build,
        camerafile.build,
        why.build,
        papers.build,
        paperfiles.build,
        persons.build,
        acts.build,
        account.build,
        seen.build,
        inspection.build,
        people.build,
        roster.build,
    ):
        table += _included(app, build(centre))
    for build_on_views in (views.build, room.build, posts.build, tonight.build):
        table += _included(app, build_on_views(centre, viewing))
    for fetched in (
        registers.build(centre, reports),
        extracts.build(centre, files),
        desk.build(centre, requisitions),
        safeguard.build(centre, requisitions),
        deskdeliveries.build(centre, deliveries),
        deskslip.build(centre, deliveries),
        subject.build(centre, subjects),
        subjectpublic.build(centre, subjects),
        subjectcopies.build(centre, editings, supervised),
        onsite.build(centre, onsites, OnsiteViews(onsites, deliveries)),
    ):
        table += _included(app, fetched)
    app.state.route_table = [*table, static.FACT]
    app.include_router(static.router)
    app.add_exception_handler(BeffroiError, _sentence)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _plain)
    app.add_middleware(
        Guard, origins=centre.origins, https=centre.https, now_us=centre.clock.wall_us, proxies=centre.proxies
    )
    app.add_middleware(Measured, meters=meters)
    return app


def _included(app: FastAPI, routes: Routes) -> list[RouteFact]:
    """The routes of one subject, in the application; their lines of the table."""
    app.include_router(routes.router)
    return routes.table


def _sentence(request: Request, error: Exception) -> JSONResponse:
    del request
    assert isinstance(error, BeffroiError)  # noqa: S101  registered for this class alone
    for kind, status, code in _STATUS:
        if isinstance(error, kind):
            refusal = refusal_json(error.decision) if isinstance(error, GateRefusedError) else None
            return JSONResponse(error_json(code, error.text, refusal), status_code=status)
    return JSONResponse(error_json("error", error.text), status_code=500)


def _malformed(request: Request, error: Exception) -> JSONResponse:
    """Which field is wrong, never what was sent: a password may be in it, even as the name of a field."""
    del request
    fields: set[str] = set()
    if isinstance(error, RequestValidationError):
        for item in error.errors():
            place = item["loc"][1:2]
            named = bool(place) and isinstance(place[0], str) and item["type"] != "extra_forbidden"
            fields.add(str(place[0]) if named else "")
    named_fields = ", ".join(f"« {name} »" for name in sorted(fields) if name)
    text = (
        Text(fr=f"Donnée refusée : corrigez {named_fields}.", en=f"Input refused: correct {named_fields}.")
        if named_fields
        else Text(
            fr="Donnée refusée : la demande est mal formée ou porte un champ inconnu.",
            en="Input refused: the request is malformed or carries an unknown field.",
        )
    )
    return JSONResponse(error_json("bad-input", text), status_code=422)


_PLAIN: dict[int, tuple[str, Text]] = {
    400: ("bad-input", Text(fr="La demande est illisible.", en="The request cannot be read.")),
    404: ("not-found", Text(fr="Cette adresse n'existe pas.", en="This address does not exist.")),
    405: (
        "not-allowed",
        Text(fr="Cette adresse n'accepte pas cette méthode.", en="This address does not accept this method."),
    ),
}


def _plain(request: Request, error: Exception) -> JSONResponse:
    """What the framework itself refuses, as a sentence."""
    del request
    status = error.status_code if isinstance(error, HTTPException) else 400
    code, text = _PLAIN.get(status, _PLAIN[400])
    return JSONResponse(error_json(code, text), status_code=status)
