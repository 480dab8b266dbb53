"""Declared workstations: named by the administrator, enrolled on a machine with a code, revoked at once."""

from typing import Annotated

from fastapi import Request, Response
from pydantic import Field

from beffroi.ledger.entry import Entry, EntryKind
from beffroi.server.access import LOGGED_IN, POSTS, Routes
from beffroi.server.body import Body
from beffroi.server.centre import Centre
from beffroi.server.posts import Post, hand_cookie
from beffroi.server.rendering import Json, iso
from beffroi.server.session import Caller, require_caller
from beffroi.server.viewing import Viewing


class Declare(Body):
    """The name under which the order declares the post."""

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^\S(.*\S)?$")]


class Enrol(Body):
    """The code that the administrator received."""

    code: Annotated[str, Field(max_length=20)]


def build(centre: Centre, viewing: Viewing) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    async def note(caller: Caller, post: Post, outcome: str) -> None:
        await centre.ledger.append_async(
            Entry(EntryKind.POST_CHANGED, actor=caller.person, outcome=outcome, detail={"post": post.name})
        )

    @routes.get("/api/posts", POSTS)
    def posts() -> list[Json]:
        """Declared workstations, revoked ones last."""
        return [_post_json(post) for post in centre.posts.listed()]

    @routes.post("/api/posts", POSTS, status_code=201)
    async def declare(body: Declare, request: Request) -> Json:
        """Declare a workstation; answers the code to give on that machine, once, good for 15 minutes."""
        caller = require_caller(request)
        post, code = centre.posts.declare(body.name)
        await note(caller, post, "created")
        return {**_post_json(post), "code": code}

    @routes.post("/api/posts/enrol", LOGGED_IN)
    async def enrol(body: Enrol, request: Request, response: Response) -> Json:
        """This machine is the workstation that the code names: its browser keeps a signed cookie."""
        caller = require_caller(request)
        post, cookie = centre.posts.enrol(body.code)
        await note(caller, post, "enrolled")
        hand_cookie(response, cookie, https=centre.https)
        return {"name": post.name}

    @routes.post("/api/posts/{post}/revoke", POSTS)
    async def revoke(post: str, request: Request) -> Json:
        """The machine is this workstation no more; views that needed it are cut."""
        caller = require_caller(request)
        revoked = centre.posts.revoke(post)
        viewing.restate()
        await note(caller, revoked, "revoked")
        return _post_json(revoked)

    return routes


def _post_json(post: Post) -> Json:
    return {
        "id": post.id,
        "name": post.name,
        "state": "revoked" if post.revoked else "enrolled" if post.device else "waiting",
        "enrolled": None if post.enrolled_us is None else iso(post.enrolled_us),
    }
