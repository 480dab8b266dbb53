"""Files of footage being fetched: which is whose, what is sent of it, and its end.

One file is one view of the gate with act `extract`. It belongs to one session; its name opens nothing without that
session's cookie. It ends when it is given back, when nobody asks for it any more, when the session ends, or when the
gate cuts it: then what is under way stops where it stands.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from beffroi.base.background import Background
from beffroi.base.ending import bring_to_end
from beffroi.capture.client import RecorderClient
from beffroi.domain.clock import now
from beffroi.domain.decision import ActRequest
from beffroi.domain.errors import BadInputError, NotFoundError, RefusedError
from beffroi.domain.ids import ConnectionId, StreamName
from beffroi.domain.text import Text
from beffroi.gate.answers import Cut, OpenedView
from beffroi.gate.gate import Gate
from beffroi.identity.accounts import SessionsEnded
from beffroi.server.centre import Centre
from beffroi.server.posts import Post
from beffroi.server.session import Caller, NotLoggedInError
from beffroi.server.viewing import Viewing, screen_id
from beffroi.watch.rangeview import Out, RangeView

_log = structlog.get_logger(__name__)

IDLE_S: Final = 120.0
"""A file that nobody has asked a byte of for so long is over; a cut one is forgotten after the same time."""

MAX_PER_SESSION: Final = 8
_SWEEP_S: Final = 1.0

_GONE: Final = Text(
    fr="Ce fichier n'existe pas, n'est pas le vôtre, ou a été rendu : demandez de nouveau l'intervalle.",
    en="This file does not exist, is not yours, or was given back: ask for the range again.",
)
_TOO_MANY: Final = Text(
    fr=f"Vous avez déjà {MAX_PER_SESSION} fichiers ouverts : terminez-en un.",
    en=f"You have {MAX_PER_SESSION} files open already: finish one.",
)


@dataclass(eq=False)
class Extract:
    """One file being fetched. ``cut`` says why it was withdrawn."""

    view: OpenedView
    caller: Caller
    post: Post | None
    file: RangeView
    footage: RecorderClient
    used_s: float
    sending: set["asyncio.Task[None]"] = field(default_factory=set)
    cut: Cut | None = None
    over: bool = False


@dataclass
class Extracts:
    """All files of this process. Use as a context, in the event loop."""

    centre: Centre
    gate: Gate
    viewing: Viewing
    idle_s: float = IDLE_S
    _open: dict[str, Extract] = field(default_factory=dict)
    _tasks: set["asyncio.Task[Any]"] = field(default_factory=set)

    async def __aenter__(self) -> "Extracts":
        loop = asyncio.get_running_loop()

        def sessions_ended(event: SessionsEnded) -> None:
            loop.call_soon_threadsafe(self._end_sessions, event.keys)

        self._leave = self.centre.bus.subscribe(SessionsEnded, sessions_ended)
        self._sweeping = Background(self._sweep, "extracts")
        self._sweeping.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leave()
        await self._sweeping.stop()
        for extract in list(self._open.values()):
            await self.end(extract, "stopped")
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def open(
        self,
        caller: Caller,
        request: ActRequest,
        payload: Mapping[str, Any],
        *,
        stream: StreamName,
        post: Post | None,
        detail: Mapping[str, Any],
    ) -> Extract:
        """Decide, register, then lay the file out.

        Raises:
            BadInputError: too many at once; or see `beffroi.watch.rangeview.RangeView.prepare`.
            GateRefusedError, GateClosedError: see `beffroi.gate.gate.Gate.open`.
            NotLoggedInError: the session ended meanwhile.
        """
        mine = [one for one in self._open.values() if one.caller.session == caller.session and not one.over]
        if len(mine) >= MAX_PER_SESSION:
            raise BadInputError(_TOO_MANY)
        # no socket carries this connection: only this process hands its bytes over, to the session that asked
        connection = ConnectionId(secrets.token_urlsafe(18))
        self.viewing.others[connection] = (caller, post)
        try:
            view = await self.gate.open(request, connection, payload, session=screen_id(caller.session), detail=detail)
        except BaseException:
            self.viewing.others.pop(connection, None)
            raise
        footage = RecorderClient(self.centre.recorder_socket)
        file = RangeView(
            footage,
            self.centre.releaser,
            self.gate,
            view,
            stream=stream,
            verify_key=self.gate.verify_key,
            clock=self.centre.clock,
        )
        extract = Extract(view, caller, post, file, footage, self.centre.clock.monotonic_s())
        self._open[view.id] = extract
        self.gate.subscribe(view.id, lambda _, cut: self._cut(extract, cut))
        self.viewing.restate()  # somebody may have come before the screen while the register wrote
        try:
            await self._check_session(extract)  # one that ended while the register wrote met no file here to end
            await file.prepare()
            await self._check_session(extract)
        except BaseException:
            await self.end(extract, "no_file")
            self._open.pop(view.id, None)
            raise
        extract.used_s = self.centre.clock.monotonic_s()
        return extract

    async def _check_session(self, extract: Extract) -> None:
        if await asyncio.to_thread(self.centre.identity.session_of_key, extract.caller.session) is None:
            await self.end(extract, "disconnected")
            raise NotLoggedInError

    def find(self, name: str, caller: Caller) -> Extract:
        """A file of this session.

        Raises:
            NotFoundError: there is none of that name.
            RefusedError: it was withdrawn; the sentence says why.
        """
        found = self._open.get(name)
        if found is None or found.caller.session != caller.session:
            raise NotFoundError(_GONE)
        if found.cut is not None:
            raise RefusedError(found.cut.text)
        if found.over:
            raise NotFoundError(_GONE)
        return found

    async def send(self, extract: Extract, start: int, end: int, out: Out) -> bool:
        """Hand over bytes of a file. False when it was cut or ended on the way: no more bytes will come.

        Raises:
            BeffroiError: the recorder, a key or a damaged fragment stopped it.
        """
        task = asyncio.create_task(self._write(extract, start, end, out))
        extract.sending.add(task)
        try:
            await asyncio.wait({task})
        finally:
            if not task.done():
                await bring_to_end(task)
            extract.sending.discard(task)
            extract.used_s = self.centre.clock.monotonic_s()
        if task.cancelled():
            return False
        task.result()
        return True

    async def _write(self, extract: Extract, start: int, end: int, out: Out) -> None:
        if not extract.over:
            await extract.file.write(start, end, out)

    async def end(self, extract: Extract, outcome: str = "ended") -> None:
        """The file is over: nothing more leaves, the register is told what did."""
        if extract.over:
            return
        extract.over = True
        self.viewing.others.pop(extract.view.connection, None)
        await bring_to_end(*extract.sending)
        await self.gate.end(extract.view.id, extract.file.sent, outcome=outcome)
        await extract.footage.close()
        if extract.cut is None:
            self._open.pop(extract.view.id, None)

    def _cut(self, extract: Extract, cut: Cut) -> None:
        extract.cut = cut
        for task in list(extract.sending):
            task.cancel()
        self._later(self.end(extract))

    def _end_sessions(self, keys: frozenset[str]) -> None:
        for extract in list(self._open.values()):
            if extract.caller.session in keys:
                self._later(self.end(extract, "disconnected"))

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            at, at_s = now(self.centre.identity.clock), self.centre.clock.monotonic_s()
            for name, extract in list(self._open.items()):
                idle = not extract.sending and at_s - extract.used_s > self.idle_s
                if extract.over:
                    if idle:
                        self._open.pop(name, None)
                elif extract.caller.until is not None and at >= extract.caller.until:
                    self._later(self.end(extract, "disconnected"))
                elif idle:
                    self._later(self.end(extract))
