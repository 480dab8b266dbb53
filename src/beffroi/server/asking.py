"""What is asked of the law, with the circumstances that the centre knows: two factors, workstation, shared screen."""

from datetime import datetime

from starlette.requests import HTTPConnection

from beffroi.domain.acts import Act, Purpose
from beffroi.domain.clock import now
from beffroi.domain.decision import ActRequest
from beffroi.domain.ids import CameraId, DocumentId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.law.engine import GUEST
from beffroi.server.centre import Centre
from beffroi.server.posts import Post, post_of
from beffroi.server.session import Caller


def post_here(centre: Centre, connection: HTTPConnection) -> Post | None:
    """The declared workstation that a request comes from."""
    return post_of(centre.posts, connection, https=centre.https)


def before_screen(centre: Centre, caller: Caller, guest: DocumentId | None = None) -> frozenset[PersonId]:
    """The other persons declared before the caller's screen; the investigator of a joint session is none in a view that
    is asked about her by itself (``guest``)."""
    return centre.screens.present(caller.session) - {caller.person} - ({GUEST} if guest is not None else set())


def question(
    centre: Centre,
    caller: Caller,
    camera: CameraId,
    act: Act,
    purpose: Purpose | None,
    *,
    footage: WallRange | None = None,
    recipient: str | None = None,
    second: PersonId | None = None,
    post: Post | None = None,
    held_until: datetime | None = None,
    guest: DocumentId | None = None,
) -> ActRequest:
    """One act of the caller, now."""
    return ActRequest(
        person=caller.person,
        act=act,
        camera=camera,
        purpose=purpose,
        at=now(centre.clock),
        footage=footage,
        strong_auth=caller.strong,
        recipient=recipient,
        second=second,
        post=None if post is None else post.name,
        present=before_screen(centre, caller, guest),
        held_until=held_until,
        guest=guest,
    )
