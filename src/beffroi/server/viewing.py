"""View sockets: which connection is whose, what was opened on it, and its end.

A view is asked for over HTTP, with the name of an open socket; its lease is good on that socket alone.
"""

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from beffroi.base.background import Background
from beffroi.capture.client import RecorderClient
from beffroi.domain.acts import Act
from beffroi.domain.clock import now
from beffroi.domain.decision import ActRequest
from beffroi.domain.errors import BeffroiError, NotFoundError
from beffroi.domain.ids import ConnectionId
from beffroi.domain.lease import LeaseRefusedError, check
from beffroi.domain.text import Text
from beffroi.gate.answers import Cut, OpenedView
from beffroi.gate.gate import Gate
from beffroi.identity.accounts import SessionsEnded
from beffroi.registry.changes import FactsChanged
from beffroi.server.asking import before_screen
from beffroi.server.centre import Centre
from beffroi.server.crosssign import JOURNAL_MARK, CrossSigning
from beffroi.server.intake import RECORDER, JournalIntake
from beffroi.server.posts import Post
from beffroi.server.rendering import refusal_json
from beffroi.server.session import Caller, NotLoggedInError, caller_of, token_of
from beffroi.watch.hub import LiveHub
from beffroi.watch.live import LiveView
from beffroi.watch.ports import ClientGoneError
from beffroi.watch.recorder import RecorderLive
from beffroi.watch.replay import ReplayView

_log = structlog.get_logger(__name__)

FIRST_MESSAGE_S: Final = 15.0
MAX_CONNECTIONS_PER_SESSION: Final = 64
CLOSE_NOT_LOGGED_IN: Final = 4401
CLOSE_REFUSED: Final = 4403
CLOSE_TOO_MANY: Final = 4429
CLOSE_ENDED: Final = 4000

SESSION_WATCH_S: Final = 1.0

Heard = Callable[[Any], None]
"""Told of what a replaying client says, before it is read."""

_SESSION_ENDED: Final = Text(
    fr="Votre session a pris fin : reconnectez-vous.", en="Your session has ended: log in again."
)
_TOO_MANY: Final = Text(
    fr=f"Vous avez déjà {MAX_CONNECTIONS_PER_SESSION} vues ouvertes : fermez-en une.",
    en=f"You have {MAX_CONNECTIONS_PER_SESSION} views open already: close one.",
)
_NO_SOCKET: Final = Text(
    fr="Cette connexion n'existe pas ou n'est pas la vôtre : rouvrez la vue.",
    en="This connection does not exist or is not yours: open the view again.",
)


@dataclass
class Connection:
    """One open view socket."""

    id: ConnectionId
    caller: Caller
    socket: WebSocket
    view: OpenedView | None = None
    asked: bool = False
    task: asyncio.Task[None] | None = None
    ended: Text | None = None
    h265: bool = False
    post: Post | None = None
    heard: Heard | None = None
    code: int = CLOSE_NOT_LOGGED_IN


@dataclass
class WebSocketSink:
    """The viewer's side of a view."""

    socket: WebSocket

    async def text(self, message: dict[str, Any]) -> None:
        """Send JSON."""
        await self._send(json.dumps(message, ensure_ascii=False), None)

    async def binary(self, data: bytes) -> None:
        """Send bytes."""
        await self._send(None, data)

    async def _send(self, text: str | None, data: bytes | None) -> None:
        if self.socket.client_state is not WebSocketState.CONNECTED:
            raise ClientGoneError
        try:
            if text is not None:
                await self.socket.send_text(text)
            elif data is not None:
                await self.socket.send_bytes(data)
        except (RuntimeError, WebSocketDisconnect) as error:
            raise ClientGoneError from error


@dataclass
class Viewing:
    """All view sockets of this process. Use as a context, in the event loop."""

    centre: Centre
    gate: Gate
    connections: dict[ConnectionId, Connection] = field(default_factory=dict)
    others: dict[ConnectionId, tuple[Caller, Post | None]] = field(default_factory=dict)
    """Views that no socket carries (files): whose, and from which workstation."""
    _leave: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._watching = Background(self._watch_sessions, "session-watch")
        self._live = RecorderLive(self.centre.recorder)
        self.hub = LiveHub(self._live)
        told, ledger = self.centre.supply.told, self.centre.ledger
        mark = self.centre.data / "centre" / JOURNAL_MARK
        cross = CrossSigning(self.centre.recorder, ledger, name=RECORDER, mark=mark, tell=told.cross)
        self._intake = JournalIntake(self.centre.recorder, ledger, name=RECORDER, tell=told.journal, cross=cross)

    async def __aenter__(self) -> "Viewing":
        loop = asyncio.get_running_loop()
        trust = self.centre.data / "recorder" / "trust" / "gate.pub"
        if not trust.exists():
            _log.error("the recorder has no gate.pub: it will refuse every view", path=trust.name)

        def facts_changed(_: FactsChanged) -> None:
            loop.call_soon_threadsafe(self.gate.poke)
            self.centre.supply.poke()

        def sessions_ended(event: SessionsEnded) -> None:
            for key in event.keys:
                self.centre.duties.leave(key)
            self.centre.screens.forget(event.keys)
            loop.call_soon_threadsafe(self._end_sessions, event.keys)

        self._leave = [
            self.centre.bus.subscribe(FactsChanged, facts_changed),
            self.centre.bus.subscribe(SessionsEnded, sessions_ended),
        ]
        self._watching.start()
        await self._intake.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        for leave in self._leave:
            leave()
        await self._watching.stop()
        await self._intake.__aexit__()
        await self.centre.recorder.close()

    # --- asking for a view ---

    async def open(
        self,
        caller: Caller,
        connection_id: str,
        request: ActRequest,
        payload: dict[str, Any],
        *,
        h265: bool,
        post: Post | None = None,
        detail: dict[str, Any] | None = None,
        heard: Heard | None = None,
    ) -> OpenedView:
        """Open a view for an open socket of the same session. ``post`` is the workstation, ``detail`` what the
        register's leaf says besides; ``heard`` is told what its client says.

        Raises:
            NotFoundError: no such socket of this session, or it has a view already.
            GateRefusedError, GateClosedError, BadInputError: see `beffroi.gate.gate.Gate.open`.
        """
        connection = self.connections.get(ConnectionId(connection_id))
        if connection is None or connection.caller.session != caller.session or connection.asked:
            raise NotFoundError(_NO_SOCKET)
        connection.asked, connection.post, connection.heard = True, post, heard
        try:
            view = await self.gate.open(
                request, connection.id, payload, session=screen_id(caller.session), detail=detail
            )
        except BeffroiError:
            connection.asked = False
            raise
        connection.view, connection.h265 = view, h265
        if connection.id not in self.connections:
            await self.gate.end(view.id, outcome="disconnected")
            raise NotFoundError(_NO_SOCKET)
        self.restate()  # somebody may have come before the screen while the register wrote
        return view

    def restate(self) -> None:
        """Who is before a screen, or which workstation is declared, changed: ask again about what is open. In the event
        loop's thread."""

        def changed(view: OpenedView) -> ActRequest:
            connection = self.connections.get(view.connection)
            known = (connection.caller, connection.post) if connection else self.others.get(view.connection)
            if known is None:
                return view.request
            caller, declared = known
            post = declared and self.centre.posts.current(declared.id, declared.device)
            return replace(
                view.request,
                present=before_screen(self.centre, caller, view.request.guest),
                post=None if post is None else post.name,
            )

        self.gate.restate(changed)

    def close(self, connection_id: ConnectionId, text: Text) -> None:
        """Close a view socket, its view with it, saying why. In the event loop's thread."""
        connection = self.connections.get(connection_id)
        if connection is not None and connection.task is not None:
            connection.ended, connection.code = text, CLOSE_ENDED
            connection.task.cancel()

    def watchers(self) -> dict[str, tuple[Caller, int]]:
        """Who has view sockets open, by session, and how many."""
        found: dict[str, tuple[Caller, int]] = {}
        for one in list(self.connections.values()):  # asked in threads, while the loop adds and removes
            found[one.caller.session] = (one.caller, found.get(one.caller.session, (one.caller, 0))[1] + 1)
        return found

    # --- the socket ---

    async def serve(self, socket: WebSocket) -> None:
        """One view socket, from handshake to close."""
        await socket.accept()
        caller = await asyncio.to_thread(caller_of, socket)
        if caller is None:
            await self._close(socket, CLOSE_NOT_LOGGED_IN, NotLoggedInError().text)
            return
        mine = [one for one in self.connections.values() if one.caller.session == caller.session]
        if len(mine) >= MAX_CONNECTIONS_PER_SESSION:
            await self._close(socket, CLOSE_TOO_MANY, _TOO_MANY)
            return
        connection = Connection(ConnectionId(secrets.token_urlsafe(18)), caller, socket, task=asyncio.current_task())
        self.connections[connection.id] = connection
        try:
            if not await asyncio.to_thread(self._still_open, socket):  # it ended before this socket was known
                await self._close(socket, CLOSE_NOT_LOGGED_IN, _SESSION_ENDED)
                return
            await socket.send_text(json.dumps({"type": "hello", "connection": connection.id}))
            await self._serve(connection)
        except (WebSocketDisconnect, ClientGoneError, ConnectionError):
            pass
        except asyncio.CancelledError:
            if connection.ended is None:
                raise
            await self._close(socket, connection.code, connection.ended)
        finally:
            self.connections.pop(connection.id, None)
            await self.gate.end_connection(connection.id)

    async def _serve(self, connection: Connection) -> None:
        socket = connection.socket
        try:
            async with asyncio.timeout(FIRST_MESSAGE_S):
                first = json.loads(await socket.receive_text())
            token = first["lease"] if first.get("type") == "lease" else ""
            lease = check(token, self.gate.verify_key, now_us=self.centre.clock.wall_us(), connection=connection.id)
        except (LeaseRefusedError, ValueError, KeyError, TypeError, AttributeError, RecursionError, TimeoutError):
            await self._close(socket, CLOSE_REFUSED, LeaseRefusedError("first message").text)
            return
        view = connection.view
        if view is None or view.id != lease.view:
            await self._close(socket, CLOSE_REFUSED, LeaseRefusedError("other view").text)
            return
        cut = await self._run(connection, view)
        if cut is not None and socket.client_state is WebSocketState.CONNECTED:
            with contextlib.suppress(RuntimeError):
                await socket.close(CLOSE_ENDED)

    async def _run(self, connection: Connection, view: OpenedView) -> Cut | None:
        sink = WebSocketSink(connection.socket)
        try:
            if view.request.act is Act.LIVE:
                live = LiveView(
                    self.hub,
                    self.gate,
                    view,
                    self._live,
                    sink,
                    h265=connection.h265,
                    verify_key=self.gate.verify_key,
                    clock=self.centre.clock,
                    render=refusal_json,
                )
                reading = asyncio.create_task(self._drain(connection))
                running = asyncio.create_task(live.run())
                try:
                    await asyncio.wait({reading, running}, return_when=asyncio.FIRST_COMPLETED)
                finally:  # also when the session ends: the view has said what it sent before anything goes on
                    for task in (reading, running):
                        task.cancel()
                    _, outcome = await asyncio.gather(reading, running, return_exceptions=True)
                if isinstance(outcome, Exception):
                    raise outcome
                return outcome[1] if isinstance(outcome, tuple) else None
            async with RecorderClient(self.centre.recorder_socket) as footage:
                replay = ReplayView(
                    footage,
                    self.centre.releaser,
                    self.gate,
                    view,
                    sink,
                    _messages(connection.socket, connection.heard),
                    h265=connection.h265,
                    verify_key=self.gate.verify_key,
                    clock=self.centre.clock,
                    render=refusal_json,
                )
                return (await replay.run())[1]
        except BeffroiError as error:
            await sink.text({"type": "cut", "text": error.text.as_dict(), "refusal": None, "code": "unreachable"})
            await connection.socket.close(CLOSE_ENDED)
            return None

    async def _drain(self, connection: Connection) -> None:
        """A live viewer has nothing to say: what it sends is thrown away; its leaving ends the view."""
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await connection.socket.receive_text()

    def _still_open(self, socket: WebSocket) -> bool:
        token = token_of(socket, https=self.centre.https)
        return token is not None and self.centre.identity.session(token) is not None

    async def _watch_sessions(self) -> None:
        """A session that reaches its term ends its views too: nobody announces that one."""
        while True:
            await asyncio.sleep(SESSION_WATCH_S)
            at = now(self.centre.identity.clock)
            ended = {
                one.caller.session for one in self.connections.values() if one.caller.until and at >= one.caller.until
            }
            self._end_sessions(frozenset(ended))

    def _end_sessions(self, keys: frozenset[str]) -> None:
        for connection in list(self.connections.values()):
            if connection.caller.session in keys and connection.task is not None:
                connection.ended = _SESSION_ENDED
                connection.task.cancel()

    async def _close(self, socket: WebSocket, code: int, text: Text) -> None:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.send_text(
                json.dumps({"type": "cut", "text": text.as_dict(), "refusal": None, "code": "ended"})
            )
            await socket.close(code)


def screen_id(session: str) -> str:
    """A session as the register names it: enough to tell one from another, not to enter it."""
    return session[:16]


async def _messages(socket: WebSocket, heard: Heard | None) -> AsyncIterator[Any]:
    """What a replaying client says, message by message (None for one that is not JSON). Ends when the client leaves."""
    while True:
        try:
            message = json.loads(await socket.receive_text())
        except WebSocketDisconnect:
            return
        except (ValueError, KeyError, TypeError, RecursionError):
            message = None
        if heard is not None:
            heard(message)
        yield message
