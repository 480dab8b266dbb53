"""Declared workstations: an order (D2) may say from which posts its cameras are watched.

An administrator names a post and receives a code; the machine that gives the code back receives a signed cookie, which
lasts and can be revoked. The cookie says which machine asks, never who.
"""

import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

from beffroi.base.files import write_durable
from beffroi.base.secrets import load_or_create_key
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BadInputError, NotFoundError
from beffroi.domain.text import Text

CODE_S: Final = 900
COOKIE_S: Final = 400 * 86_400
"""The longest that browsers keep a cookie."""

_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_SIGNS: Final = 10
_NO_CODE: Final = Text(
    fr="Ce code n'existe pas, a servi ou a plus de 15 minutes : demandez-en un autre à l'administrateur.",
    en="This code does not exist, has been used or is older than 15 minutes: ask the administrator for another one.",
)
_NO_POST: Final = Text(fr="Ce poste n'existe pas.", en="There is no such workstation.")
_TAKEN: Final = Text(fr="Un poste porte déjà ce nom.", en="A workstation has this name already.")


@dataclass(frozen=True, slots=True)
class Post:
    """A declared workstation. ``device`` and ``code`` are hashes; wall times in microseconds."""

    id: str
    name: str
    code: str | None
    code_until_us: int
    device: str | None = None
    enrolled_us: int | None = None
    revoked: bool = False


class Posts:
    """All posts of the centre. Thread-safe."""

    def __init__(self, path: Path, key: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._key = load_or_create_key(key)
        self._lock = threading.Lock()
        held = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        self._posts = {one["id"]: Post(**one) for one in held}

    def listed(self) -> list[Post]:
        """All posts, by name; revoked ones last."""
        with self._lock:
            return sorted(self._posts.values(), key=lambda post: (post.revoked, post.name))

    def declare(self, name: str) -> tuple[Post, str]:
        """Declare a post, or give a new code for a declared one (its former machine is then forgotten); the code.

        Raises:
            BadInputError: a post that is not revoked has this name and its machine already.
        """
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_SIGNS))
        until = self._clock.wall_us() + CODE_S * 1_000_000
        with self._lock:
            same = next((post for post in self._posts.values() if post.name == name and not post.revoked), None)
            if same is not None and same.device is not None:
                raise BadInputError(_TAKEN)
            known = same or Post(secrets.token_hex(8), name, None, 0)
            post = replace(known, code=_digest(code), code_until_us=until)
            self._keep(post)
        return post, code

    def enrol(self, code: str) -> tuple[Post, str]:
        """The machine that gives a code back; its cookie.

        Raises:
            NotFoundError: no such code, or too late.
        """
        digest, device = _digest(code.strip().upper().replace("-", "").replace(" ", "")), secrets.token_hex(16)
        with self._lock:
            found = [
                post
                for post in self._posts.values()
                if post.code is not None and hmac.compare_digest(post.code, digest) and not post.revoked
            ]
            if not found or self._clock.wall_us() >= found[0].code_until_us:
                raise NotFoundError(_NO_CODE)
            post = replace(found[0], code=None, device=_digest(device), enrolled_us=self._clock.wall_us())
            self._keep(post)
        return post, f"{post.id}.{device}.{self._signature(post.id, device)}"

    def revoke(self, identifier: str) -> Post:
        """The machine is this post no more, from now on.

        Raises:
            NotFoundError: no such post.
        """
        with self._lock:
            known = self._posts.get(identifier)
            if known is None:
                raise NotFoundError(_NO_POST)
            post = replace(known, revoked=True, code=None, device=None)
            self._keep(post)
        return post

    def of_cookie(self, value: str | None) -> Post | None:
        """The post whose machine carries this cookie, unless it was revoked or enrolled again."""
        parts = (value or "").split(".")
        if len(parts) != 3:
            return None
        identifier, device, signature = parts
        if not hmac.compare_digest(signature.encode(), self._signature(identifier, device).encode()):
            return None
        return self.current(identifier, _digest(device))

    def current(self, identifier: str, device: str | None) -> Post | None:
        """The post, while it is on this machine."""
        with self._lock:
            post = self._posts.get(identifier)
        return post if post is not None and not post.revoked and post.device == device else None

    def _signature(self, identifier: str, device: str) -> str:
        return hmac.new(self._key, f"{identifier}.{device}".encode(), "sha256").hexdigest()

    def _keep(self, post: Post) -> None:
        self._posts[post.id] = post
        held = [asdict(one) for one in self._posts.values()]
        write_durable(self._path, json.dumps(held, ensure_ascii=False).encode(), mode=0o600)


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _cookie(*, https: bool) -> str:
    return "__Host-beffroi-post" if https else "beffroi-post"


def hand_cookie(response: Response, value: str, *, https: bool) -> None:
    """Make the browser of this machine the post: HttpOnly, SameSite=Strict, Secure over HTTPS."""
    response.set_cookie(
        _cookie(https=https), value, max_age=COOKIE_S, path="/", secure=https, httponly=True, samesite="strict"
    )


def post_of(posts: Posts, connection: HTTPConnection, *, https: bool) -> Post | None:
    """The post that a request comes from, if it comes from one."""
    return posts.of_cookie(connection.cookies.get(_cookie(https=https)))
