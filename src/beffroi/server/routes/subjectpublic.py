"""The public form of filmed persons' requests, and where one follows it: no account, no cookie, few calls an hour."""

from typing import Final

from fastapi import Request
from starlette.responses import Response

from beffroi.domain.clock import instant, now
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from beffroi.evidence.subjectrules import Channel
from beffroi.evidence.subjectstore import NoRequestError
from beffroi.law.sentences import day_text
from beffroi.law.timeline import day_of
from beffroi.server.access import PUBLIC, Routes
from beffroi.server.centre import Centre
from beffroi.server.ratelimit import RateLimit
from beffroi.server.subject import Subjects
from beffroi.server.subjectpublic import (
    POLICY,
    BadFormError,
    asked_of,
    fields_of,
    follow_page,
    form_page,
    progress,
    received_page,
    refused_page,
    style,
)

FORM: Final = "application/x-www-form-urlencoded"
EACH, ALL = 5, 60
"""Requests an hour from one address, and from all: more than a town files in a bad week."""
FOLLOWS_EACH, FOLLOWS_ALL = 20, 600
COMMISSION_FILE: Final = "commission.txt"
"""In the centre's folder: the address of the departmental commission, one line, shown on the public page."""
_LONGEST: Final = 300

_NOT_A_FORM: Final = Text(
    fr="Cette adresse reçoit un formulaire : ouvrez « /demande » dans un navigateur.",
    en="This address takes a form: open “/demande” in a browser.",
)
_WAIT: Final = (
    "Trop de demandes viennent d'arriver. Réessayez dans une heure ; ou faites-la sur papier, par téléphone ou au "
    "guichet de la mairie : elle a les mêmes effets et les mêmes délais."
)
_LATER: Final = "Trop de consultations viennent d'arriver. Votre demande reste enregistrée : revenez dans une heure."
_UNKNOWN: Final = "Aucune demande ne répond à ce numéro et à ce code : vérifiez-les."


def build(centre: Centre, subjects: Subjects) -> Routes:
    """These routes, on this centre."""
    routes = Routes()
    sent, followed = RateLimit(centre.clock, EACH, ALL), RateLimit(centre.clock, FOLLOWS_EACH, FOLLOWS_ALL)

    @routes.get("/demande", PUBLIC)
    async def form() -> Response:
        """The public form to ask for images of oneself; nothing of the centre is in it."""
        return _html(form_page(_commission(centre)))

    @routes.get("/demande.css", PUBLIC)
    async def sheet() -> Response:
        """The style of the public pages."""
        return Response(style(), media_type="text/css")

    @routes.post("/demande", PUBLIC)
    async def receive(request: Request) -> Response:
        """Receive a request; its reference and follow-up code are told once."""
        body = await _form(request)
        try:
            asked = asked_of(body)
        except BadFormError as wrong:
            return _html(form_page(_commission(centre), wrong), 422)
        if not sent.admit(_address(request)):
            return _html(refused_page(_WAIT), 429)
        today = day_of(now(centre.clock))
        found, code = await subjects.receive(asked, Channel.WEB, today, subjects.named(asked.commune), None)
        return _html(received_page(found.row.id, code, _until(subjects.due(found).at_us)), 201)

    @routes.get("/demande/suivi", PUBLIC)
    async def follow() -> Response:
        """Where one follows a request."""
        return _html(follow_page())

    @routes.post("/demande/suivi", PUBLIC)
    async def followed_up(request: Request) -> Response:
        """Where a request stands, for who holds its code; unknown and wrong are answered alike."""
        values = fields_of(await _form(request), ("reference", "code"))
        if not followed.admit(_address(request)):
            return _html(follow_page(_LATER, found=False), 429)
        try:
            found = subjects.store.followed(values["reference"], values["code"])
        except NoRequestError:
            return _html(follow_page(_UNKNOWN, found=False), 404)
        row = found.row
        told = {"closed": row.closed_why, "answered": row.answered_us is not None, "outcome": row.outcome}
        return _html(follow_page(progress(told, _until(subjects.due(found).at_us))))

    return routes


async def _form(request: Request) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise BadInputError(_NOT_A_FORM)
    return await request.body()


def _html(page: str, status: int = 200) -> Response:
    return Response(page, status, {"Content-Security-Policy": POLICY}, "text/html; charset=utf-8")


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _until(at_us: int) -> str:
    """The last day of a deadline, in words: the deadline itself is the instant after it."""
    return day_text(day_of(instant(at_us - 1)), LEGAL_TIME_ZONE).fr


def _commission(centre: Centre) -> str:
    path = centre.data / "centre" / COMMISSION_FILE
    try:
        return " ".join(path.read_text(encoding="utf-8")[:_LONGEST].split())
    except (OSError, UnicodeDecodeError):
        return ""
