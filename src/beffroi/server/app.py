"""The web application: guard, error sentences, routes, the view socket, the console's files."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from beffroi import __version__
from beffroi.domain.errors import BadInputError, BeffroiError, BrokenError, NotFoundError, RefusedError
from beffroi.domain.text import Text
from beffroi.gate.answers import GateRefusedError
from beffroi.gate.gate import Gate
from beffroi.identity.accounts import LoginRefusedError, ThrottledError
from beffroi.server import static
from beffroi.server.access import RouteFact
from beffroi.server.centre import Centre
from beffroi.server.guard import Guard
from beffroi.server.rendering import error_json, refusal_json
from beffroi.server.routes import acts, cameras, door, papers, people, views
from beffroi.server.session import NotLoggedInError
from beffroi.server.viewing import Viewing

_log = structlog.get_logger(__name__)

_STATUS: tuple[tuple[type[BeffroiError], int, str], ...] = (
    (NotLoggedInError, 401, "not-logged-in"),
    (LoginRefusedError, 401, "login-refused"),
    (ThrottledError, 429, "wait"),
    (NotFoundError, 404, "not-found"),
    (BadInputError, 422, "bad-input"),
    (RefusedError, 403, "refused"),
    (BrokenError, 503, "broken"),
)

_FAULT = Text(
    fr="Le centre a rencontré une panne : l'acte n'a pas eu lieu. Réessayez ; si cela dure, prévenez l'exploitant.",
    en="The centre met a fault: the act did not happen. Try again; if it lasts, tell the operator of the system.",
)


def create_app(centre: Centre) -> FastAPI:
    """The application of one open centre."""
    gate = Gate(centre.decider, centre.ledger, centre.gate_key, centre.clock)
    viewing = Viewing(centre, gate)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        centre.supply.start()
        async with gate, viewing:
            yield
        centre.supply.stop()
        centre.ledger.close()
        centre.engine.dispose()

    app = FastAPI(
        title="Beffroi",
        version=__version__,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.identity, app.state.https = centre.identity, centre.https
    table: list[RouteFact] = []
    for build in (door.build, cameras.build, papers.build, acts.build, people.build):
        routes = build(centre)
        app.include_router(routes.router)
        table += routes.table
    view_routes = views.build(centre, viewing)
    app.include_router(view_routes.router)
    app.state.route_table = [*table, *view_routes.table]
    app.include_router(static.router)
    app.add_exception_handler(BeffroiError, _sentence)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(Exception, _fault)
    app.add_middleware(Guard, origins=centre.origins, https=centre.https)
    return app


def _sentence(request: Request, error: Exception) -> JSONResponse:
    del request
    assert isinstance(error, BeffroiError)  # noqa: S101  registered for this class alone
    for kind, status, code in _STATUS:
        if isinstance(error, kind):
            refusal = refusal_json(error.decision) if isinstance(error, GateRefusedError) else None
            return JSONResponse(error_json(code, error.text, refusal), status_code=status)
    return JSONResponse(error_json("error", error.text), status_code=500)


def _malformed(request: Request, error: Exception) -> JSONResponse:
    """Which field is wrong, never what was sent: a password may be in it."""
    del request
    fields: list[str] = []
    if isinstance(error, RequestValidationError):
        fields = sorted({".".join(str(part) for part in item["loc"][1:]) or "corps" for item in error.errors()})
    named = ", ".join(fields)[:300]
    text = Text(fr=f"Donnée refusée : corrigez {named}.", en=f"Input refused: correct {named}.")
    return JSONResponse(error_json("bad-input", text), status_code=422)


def _fault(request: Request, error: Exception) -> JSONResponse:
    _log.error("request failed", path=request.url.path, exc_info=error)
    return JSONResponse(error_json("fault", _FAULT), status_code=500)
