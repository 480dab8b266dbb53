"""What every request meets first: Host and Origin allow-lists, size limits, security headers.

ASGI middleware rather than Starlette's helper class, so that WebSocket handshakes pass the same checks.
"""

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import structlog

from beffroi.domain.text import Text
from beffroi.registry import attachments, papers_file
from beffroi.server.bodylimit import Incoming, Message, Receive, drop
from beffroi.server.proxied import Network, address_behind

Scope = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = structlog.get_logger(__name__)

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BODY_BYTES: Final = 1_000_000
_LARGER: Final = (
    (re.compile(r"/api/documents/[^/]+/[^/]+/files"), attachments.MAX_BYTES),
    (re.compile(r"/api/documents/import"), papers_file.MAX_BYTES),
    (re.compile(r"/demande(/suivi)?"), 16_000),
)
"""Where a file or a public form is the body: how large it may be, in bytes."""
_FORMS: Final = frozenset({"/demande", "/demande/suivi"})
"""Forms of pages without script, which cannot send our header. No cookie counts there, so that none can be borrowed;
the origin is checked all the same."""
CLOSE_FORBIDDEN_ORIGIN: Final = 4403

_HEADERS: Final[tuple[tuple[bytes, bytes], ...]] = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
        b"media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
        b"frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)
_HSTS: Final = (b"strict-transport-security", b"max-age=31536000")


class Refusal(NamedTuple):
    """An answer given here."""

    status: int
    code: str
    text: Text


_WRONG_HOST: Final = Refusal(
    421,
    "wrong-host",
    Text(
        fr="Cette adresse n'est pas celle du centre : employez l'adresse donnée par votre administrateur.",
        en="This address is not the centre's: use the address given by your administrator.",
    ),
)
_WRONG_ORIGIN: Final = Refusal(
    403,
    "wrong-origin",
    Text(
        fr="La demande ne vient pas d'une page du centre : rouvrez la console et recommencez.",
        en="The request does not come from a page of the centre: open the console again and retry.",
    ),
)
_TOO_LARGE: Final = Refusal(
    413,
    "too-large",
    Text(
        fr="La demande est trop volumineuse (1 Mo ; 25 Mo pour un fichier joint, 4 Mo pour un import).",
        en="The request is too large (1 MB; 25 MB for an attached file, 4 MB for an import).",
    ),
)
_TOO_SLOW: Final = Refusal(
    408,
    "too-slow",
    Text(
        fr="La demande n'est pas arrivée entière dans le temps prévu (20 secondes ; 40 secondes pour un import, "
        "4 minutes pour un fichier joint) : vérifiez la liaison et recommencez.",
        en="The request did not come whole in its time (20 seconds; 40 seconds for an import, 4 minutes for an "
        "attached file): check the line and try again.",
    ),
)
_TWICE: Final = Refusal(
    400,
    "bad-input",
    Text(
        fr="La demande porte deux fois le même en-tête : elle est refusée.",
        en="The request carries the same header twice: it is refused.",
    ),
)
_NO_PAGE: Final = Refusal(404, "not-found", Text(fr="Cette adresse n'existe pas.", en="This address does not exist."))
_FAULT: Final = Text(
    fr="Le centre a rencontré une panne : l'acte n'a pas eu lieu. Réessayez ; si cela dure, prévenez l'exploitant.",
    en="The centre met a fault: the act did not happen. Try again; if it lasts, tell the operator of the system.",
)
# The centre's clock in microseconds: the console counts terms by it, a workstation's may be wrong. Not `Date`: the
# transport's is seconds late on a busy machine, and browsers reckon the end of cookies by it.
_CLOCK: Final = b"x-beffroi-now-us"
_ONCE: Final = frozenset({"host", "origin", "content-length", "x-beffroi"})


class Guard:
    """Refuse foreign hosts, foreign origins and oversized bodies; add the security headers to every answer, also to
    the one that says a fault was met."""

    def __init__(
        self,
        app: App,
        *,
        origins: frozenset[str],
        https: bool,
        now_us: Callable[[], int],
        proxies: Sequence[Network] = (),
    ) -> None:
        self._app = app
        self._proxies = proxies
        self._now_us = now_us
        self._origins = frozenset(origin.lower() for origin in origins)
        self._hosts = frozenset(origin.split("://", 1)[1] for origin in self._origins)
        self._extra = (*_HEADERS, _HSTS) if https else _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        if self._proxies and scope.get("client"):
            scope["client"] = (address_behind(scope["client"][0], scope["headers"], self._proxies), 0)
        refusal = self._refusal(scope)
        if refusal is not None:
            await self._refuse(scope, receive, send, refusal)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = Incoming(receive, limit_of(scope))

        async def send_guarded(message: Message) -> None:
            if body.refused and body.answering:
                raise _cut()  # not swallowed: the route would count these bytes as sent
            if body.refused:
                return
            if message["type"] == "http.response.start":
                body.answering = True
                lasting = scope["path"].startswith("/assets/") and message["status"] == HTTPStatus.OK
                cache = b"public, max-age=31536000, immutable" if lasting else b"no-store"
                clock = (_CLOCK, str(self._now_us()).encode())
                message["headers"] = [*message["headers"], *self._extra, (b"cache-control", cache), clock]
            await send(message)

        try:
            await self._app(scope, body, send_guarded)
        except Exception:
            if not body.refused:
                _log.exception("request failed", path=scope["path"])
            if body.answering:
                raise  # half an answer is out: only the end of the connection can say that it is wrong
            if not body.refused:
                await self._refuse(scope, receive, send, Refusal(500, "fault", _FAULT))
        if body.refused and body.answering:
            raise _cut()
        if body.refused:
            await self._refuse(scope, receive, send, _TOO_LARGE if body.over else _TOO_SLOW)

    def _refusal(self, scope: Scope) -> Refusal | None:
        sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        headers = dict(sent)
        once = [name for name, _ in sent if name in _ONCE]
        if len(once) != len(set(once)):
            return _TWICE
        if headers.get("host", "").lower() not in self._hosts:
            return _WRONG_HOST
        if "\x00" in scope["path"]:
            return _NO_PAGE
        if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
            return None
        return self._unsafe(scope, headers)

    def _unsafe(self, scope: Scope, headers: dict[str, str]) -> Refusal | None:
        if headers.get("origin", "").lower() not in self._origins:
            return _WRONG_ORIGIN
        if scope["type"] == "websocket":
            return None
        if headers.get("x-beffroi") != "1" and scope["path"] not in _FORMS:
            return _WRONG_ORIGIN
        length, limit = headers.get("content-length", "0"), limit_of(scope)
        short = length.isascii() and length.isdigit() and len(length) <= len(str(limit))
        return None if short and int(length) <= limit else _TOO_LARGE

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, refusal: Refusal) -> None:
        body = json.dumps({"error": {"code": refusal.code, "text": refusal.text.as_dict()}}).encode()
        headers = [(b"content-type", b"application/json"), *self._extra, (b"cache-control", b"no-store")]
        if refusal is _TOO_SLOW:
            # The rest of its body is not waited for; the length tells the client when the answer is whole.
            headers += [(b"connection", b"close"), (b"content-length", str(len(body)).encode())]
        kind = "http"
        if scope["type"] == "websocket":
            await receive()
            if "websocket.http.response" not in scope.get("extensions", {}):
                await send({"type": "websocket.close", "code": CLOSE_FORBIDDEN_ORIGIN})
                return
            kind = "websocket.http"
        await send({"type": f"{kind}.response.start", "status": refusal.status, "headers": headers})
        if refusal is _TOO_SLOW:
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await drop(receive)
            body = b""
        await send({"type": f"{kind}.response.body", "body": body})


def _cut() -> ConnectionError:
    """What ends a connection whose answer has begun when its body is refused: no second answer can be given on it."""
    return ConnectionAbortedError("the body was refused after its answer had begun")


def limit_of(scope: Scope) -> int:
    """How large the body of this request may be, in bytes."""
    if scope.get("method") != "POST":
        return MAX_BODY_BYTES
    return next((limit for path, limit in _LARGER if path.fullmatch(scope["path"])), MAX_BODY_BYTES)
