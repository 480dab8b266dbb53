"""The cookie session, and who is calling."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

from beffroi.domain.errors import RefusedError
from beffroi.domain.ids import PersonId
from beffroi.domain.text import Text
from beffroi.identity.accounts import Account, LiveSession
from beffroi.identity.roles import Role
from beffroi.identity.service import Identity

COOKIE_HTTPS: Final = "__Host-beffroi"
COOKIE_LOOPBACK: Final = "beffroi"
"""On plain http (127.0.0.1 only) a browser would refuse the ``__Host-`` prefix, which demands ``Secure``."""


class NotLoggedInError(RefusedError):
    """No session, or it has ended."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Vous n'êtes pas connecté, ou votre session a pris fin : connectez-vous.",
                en="You are not logged in, or your session has ended: log in.",
            )
        )


@dataclass(frozen=True, slots=True)
class Caller:
    """The person behind a request: account, session key (which cannot open a session), and when the session ends."""

    account: Account
    session: str
    strong: bool
    until: datetime | None = None

    @property
    def person(self) -> PersonId:
        """The person that the law knows."""
        return self.account.person

    @property
    def role(self) -> Role:
        """The role, which opens tools and never an image."""
        return self.account.role


def cookie_name(*, https: bool) -> str:
    """The session cookie's name."""
    return COOKIE_HTTPS if https else COOKIE_LOOPBACK


def set_cookie(response: Response, token: str, *, expires: datetime, https: bool) -> None:
    """Hand a session to the browser: HttpOnly, SameSite=Strict, Secure over HTTPS, path /, no domain."""
    response.set_cookie(
        cookie_name(https=https),
        token,
        expires=expires,
        path="/",
        secure=https,
        httponly=True,
        samesite="strict",
    )


def clear_cookie(response: Response, *, https: bool) -> None:
    """Take the session back from the browser."""
    response.delete_cookie(cookie_name(https=https), path="/", secure=https, httponly=True, samesite="strict")


def token_of(connection: HTTPConnection, *, https: bool) -> str | None:
    """The session token that came with a request or a WebSocket handshake."""
    return connection.cookies.get(cookie_name(https=https))


def caller_of(connection: HTTPConnection) -> Caller | None:
    """Who is calling, or None. Looked up once a request."""
    known: Caller | None = getattr(connection.state, "caller", None)
    if known is None:
        token = token_of(connection, https=connection.app.state.https)
        identity: Identity = connection.app.state.identity
        live: LiveSession | None = identity.session(token) if token else None
        if live is not None:
            known = Caller(live.account, live.key, live.strong, live.expires_at)
            connection.state.caller = known
    return known


def require_caller(connection: HTTPConnection) -> Caller:
    """Who is calling.

    Raises:
        NotLoggedInError: nobody we know.
    """
    caller = caller_of(connection)
    if caller is None:
        raise NotLoggedInError
    return caller
