"""A person at the other end of the wire, without a browser: logs in, asks, opens views, reads raw bytes."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any, Final

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

Json = dict[str, Any]

KIND_INIT: Final = 1
KIND_FRAGMENT: Final = 2
_ANSWER_S: Final = 60.0
"""A deadline, not a bar: what is promised of an answer's time is measured where it is promised."""

_NOT_CONFIRMED: Final = 503
_ASKED_AT_MOST: Final = 5
"""Each asking waits two seconds for the register, and a view socket fifteen for its lease."""


@dataclass
class Answer:
    """Status, parsed body (None when it is not JSON), and raw bytes of one HTTP answer."""

    status: int
    body: Any
    raw: bytes
    headers: dict[str, str]


@dataclass
class Person:
    """One session on the centre at 127.0.0.1:``port``."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """The origin that a page of this centre has."""
        return f"http://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, body: Json | None = None, *, headers: Json | None = None) -> Answer:
        """One request, with the headers that the console sends."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_ANSWER_S)
        sent = {"Origin": self.origin, "X-Beffroi": "1", "Content-Type": "application/json", **(headers or {})}
        if self.cookies:
            sent["Cookie"] = self.cookie_header()
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            response = connection.getresponse()
            raw = response.read()
            for value in response.headers.get_all("Set-Cookie") or []:
                for name, morsel in SimpleCookie(value).items():
                    self.cookies[name] = morsel.value
            kind = response.headers.get("Content-Type", "")
            parsed = json.loads(raw) if kind.startswith("application/json") and raw else None
            return Answer(response.status, parsed, raw, dict(response.headers.items()))
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        """GET."""
        return self.call("GET", path)

    def post(self, path: str, body: Json | None = None) -> Answer:
        """POST a JSON body."""
        return self.call("POST", path, body or {})

    def cookie_header(self) -> str:
        """The Cookie header of this session."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def login(self, account: str, password: str, code: str) -> Answer:
        """Open a session."""
        return self.post("/api/login", {"account": account, "password": password, "code": code})

    def duty(self, reason: str | None = None) -> Answer:
        """Take duty for a reason (the first of the list when none is given)."""
        return self.post("/api/duty", {"reason": reason or self.get("/api/reasons").body[0]["id"]})

    @contextmanager
    def socket(self) -> Iterator["ViewSocket"]:
        """A view's WebSocket, greeted."""
        with connect(
            f"ws://127.0.0.1:{self.port}/ws/view",
            origin=Origin(self.origin),
            additional_headers={"Cookie": self.cookie_header()},
            max_size=64 * 1024 * 1024,
            open_timeout=_ANSWER_S,
            max_queue=None,  # a paused reader would keep the closing handshake waiting
        ) as connection:
            yield ViewSocket(connection, connection_id=json.loads(connection.recv(timeout=_ANSWER_S))["connection"])

    def open_view(self, connection_id: str, camera: str, act: str = "live", **more: Any) -> Answer:
        """Ask for a view on an open socket."""
        body = {"connection": connection_id, "camera": camera, "act": act, "codecs": ["avc1.640028"], **more}
        return self.post("/api/views", body)

    def insist(self, path: str, body: Json | None = None) -> Answer:
        """As `post`, asked again while the register's disk did not confirm in time (503), as a person would: a machine
        busy with other work may stall once, and nothing was done meanwhile. The last answer, after a few."""
        return _insisted(lambda: self.post(path, body))

    def obtain_view(self, connection_id: str, camera: str, act: str = "live", **more: Any) -> Answer:
        """As `open_view`, asked again as `insist` does."""
        return _insisted(lambda: self.open_view(connection_id, camera, act, **more))


def _insisted(ask: Callable[[], Answer]) -> Answer:
    for _ in range(_ASKED_AT_MOST):
        answer = ask()
        if answer.status != _NOT_CONFIRMED:
            break
    return answer


@dataclass
class ViewSocket:
    """The socket of one view."""

    connection: ClientConnection
    connection_id: str
    closed: tuple[int, str] | None = None

    def send(self, message: Json) -> None:
        """Send a text message."""
        self.connection.send(json.dumps(message))

    def receive(self, timeout_s: float) -> Json | tuple[int, bytes] | None:
        """The next message: JSON, or (kind, bytes). None when nothing came in time or the socket is closed."""
        try:
            message = self.connection.recv(timeout=timeout_s)
        except TimeoutError:
            return None
        except ConnectionClosed as closed:
            self.closed = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")
            return None
        if isinstance(message, str):
            parsed: Json = json.loads(message)
            return parsed
        return message[0], message[1:]
