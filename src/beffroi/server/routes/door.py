"""Login, logout, who am I, duty."""

from typing import Annotated, Any

from fastapi import FastAPI, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from beffroi.domain.errors import RefusedError
from beffroi.domain.text import Language
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.server.access import LOGGED_IN, MACHINE, PUBLIC, TOOLS, Routes
from beffroi.server.asking import post_here
from beffroi.server.body import Body
from beffroi.server.centre import Centre
from beffroi.server.posts import Post
from beffroi.server.rendering import Json, iso, notice_json
from beffroi.server.session import Caller, clear_cookie, require_caller, set_cookie, token_of


class Login(Body):
    """Both factors at once."""

    account: Annotated[str, Field(max_length=200)]
    password: Annotated[str, Field(max_length=1000)]
    code: Annotated[str, Field(max_length=20)]


class TakeDuty(Body):
    """The reason, from the closed list."""

    reason: Annotated[str, Field(max_length=60)]


class Speak(Body):
    """The language of the console."""

    language: Language


def build(centre: Centre) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    @routes.get("/api/openapi.json", PUBLIC)
    def openapi(request: Request) -> Json:
        """These addresses, as OpenAPI; each says its access rule."""
        app: FastAPI = request.app
        return app.openapi()

    @routes.post("/api/login", PUBLIC)
    async def login(body: Login, request: Request, response: Response) -> Json:
        """Open a session with password and code."""
        address = request.client.host if request.client else "?"
        try:
            opened = await run_in_threadpool(
                centre.identity.login, body.account, body.password, body.code, address=address
            )
        except RefusedError:
            await centre.ledger.append_async(Entry(EntryKind.LOGIN_FAILED, payload={"address": address}))
            raise
        caller = Caller(opened.account, "", strong=True)
        # The entry is durable before the cookie leaves: no session without its login in the register.
        await centre.ledger.append_async(
            Entry(EntryKind.LOGIN, actor=caller.person, payload={"account": opened.account.name, "address": address})
        )
        set_cookie(response, opened.token, expires=opened.expires_at, https=centre.https)
        return await run_in_threadpool(me_json, centre, caller, None, post_here(centre, request))

    @routes.post("/api/logout", LOGGED_IN)
    async def logout(request: Request, response: Response) -> Json:
        """End the session."""
        caller = require_caller(request)
        token = token_of(request, https=centre.https)
        if token:
            await run_in_threadpool(centre.identity.logout, token)
        centre.duties.leave(caller.session)
        centre.screens.forget([caller.session])
        await centre.ledger.append_async(Entry(EntryKind.LOGOUT, actor=caller.person))
        clear_cookie(response, https=centre.https)
        return {}

    @routes.get("/api/me", LOGGED_IN)
    def me(request: Request) -> Json:
        """Who is logged in, with which tools."""
        caller = require_caller(request)
        return me_json(centre, caller, caller.session, post_here(centre, request))

    @routes.post("/api/me/language", LOGGED_IN)
    def speak(body: Speak, request: Request) -> Json:
        """Choose the language of the console."""
        caller = require_caller(request)
        centre.identity.set_language(caller.account.id, body.language)
        return {}

    @routes.get("/api/reasons", LOGGED_IN)
    def reasons() -> list[Json]:
        """The closed list of reasons, each with its purpose."""
        return [
            {"id": reason.id, "purpose": reason.purpose.value, "text": reason.text.as_dict()}
            for reason in centre.duties.reasons()
        ]

    @routes.post("/api/duty", LOGGED_IN)
    def take_duty(body: TakeDuty, request: Request) -> Json:
        """Take duty for a reason, or change it; open views stay open."""
        caller = require_caller(request)
        centre.duties.take(caller.session, body.reason, at_us=centre.clock.wall_us())
        return duty_json(centre, caller, caller.session, post_here(centre, request)) or {}

    @routes.delete("/api/duty", LOGGED_IN)
    def leave_duty(request: Request) -> Json:
        """End duty."""
        centre.duties.leave(require_caller(request).session)
        return {}

    return routes


def me_json(centre: Centre, caller: Caller, session: str | None, post: Post | None) -> Json:
    """The person, as the console shows it."""
    facts = centre.registry.facts()
    person = facts.persons.get(caller.person)
    body = facts.bodies.get(person.employer) if person else None
    return {
        "account": caller.account.name,
        "name": caller.account.label.as_dict(),
        "role": caller.role.value,
        "language": caller.account.language,
        "body": None if body is None else {"id": body.id, "name": body.name},
        "duty": duty_json(centre, caller, session, post) if session else None,
        "post": None if post is None else post.name,
        "banner": None if centre.banner is None else centre.banner.as_dict(),
        "demo": centre.banner is not None,
        "witnessed": centre.witnessing.status().witnessed,
        "notices": [notice_json(one) for one in centre.notices()] if caller.role in (MACHINE.roles or ()) else [],
        "tools": [tool for tool, rule in TOOLS.items() if rule.roles is not None and caller.role in rule.roles],
    }


def duty_json(centre: Centre, caller: Caller, session: str, post: Post | None) -> dict[str, Any] | None:
    """The duty of this session: the reason, since when, and under whose authority views may be opened here."""
    duty = centre.duties.of(session)
    if duty is None:
        return None
    return {
        "reason": {
            "id": duty.reason.id,
            "purpose": duty.reason.purpose.value,
            "text": duty.reason.text.as_dict(),
        },
        "since": iso(duty.since_us),
        "authorities": [
            {"id": authority, "name": name.as_dict(), "commune": commune}
            for authority, name, commune in centre.authorities_served(
                caller.person, post=None if post is None else post.name
            )
        ],
    }
