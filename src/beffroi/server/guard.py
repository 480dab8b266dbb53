"""What every request meets first: Host and Origin allow-lists, size limits, security headers.

ASGI middleware rather than Starlette's helper class, so that WebSocket handshakes pass the same checks.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from beffroi.domain.text import Text

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BODY_BYTES: Final = 1_000_000
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

_WRONG_HOST: Final = Text(
    fr="Cette adresse n'est pas celle du centre : employez l'adresse donnée par votre administrateur.",
    en="This address is not the centre's: use the address given by your administrator.",
)
_WRONG_ORIGIN: Final = Text(
    fr="La demande ne vient pas d'une page du centre : rouvrez la console et recommencez.",
    en="The request does not come from a page of the centre: open the console again and retry.",
)
_TOO_LARGE: Final = Text(
    fr="La demande est trop volumineuse (1 Mo au plus).", en="The request is too large (1 MB at most)."
)


class Guard:
    """Refuse foreign hosts, foreign origins and oversized bodies; add the security headers to every answer."""

    def __init__(self, app: App, *, origins: frozenset[str], https: bool) -> None:
        self._app = app
        self._origins = origins
        self._hosts = frozenset(origin.split("://", 1)[1] for origin in origins)
        self._extra = (*_HEADERS, _HSTS) if https else _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await self._refuse(scope, receive, send, *refusal)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                path = scope["path"]
                cache = b"no-store" if not path.startswith("/assets/") else b"public, max-age=31536000, immutable"
                message["headers"] = [*message["headers"], *self._extra, (b"cache-control", cache)]
            await send(message)

        await self._app(scope, _limited(receive), send_guarded)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, Text] | None:
        if headers.get("host", "") not in self._hosts:
            return 421, _WRONG_HOST
        unsafe = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        if unsafe and headers.get("origin", "") not in self._origins:
            return 403, _WRONG_ORIGIN
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            if headers.get("x-beffroi") != "1":
                return 403, _WRONG_ORIGIN
            length = headers.get("content-length", "0")
            if not length.isdigit() or int(length) > MAX_BODY_BYTES:
                return 413, _TOO_LARGE
        return None

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, status: int, text: Text) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": CLOSE_FORBIDDEN_ORIGIN})
            return
        body = json.dumps({"error": {"code": "refused", "text": text.as_dict()}}).encode()
        headers = [(b"content-type", b"application/json"), *self._extra, (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _limited(receive: Receive) -> Receive:
    """A body without content-length is counted as it comes; past the limit the connection is over."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > MAX_BODY_BYTES:
                return {"type": "http.disconnect"}
        return message

    return limited
