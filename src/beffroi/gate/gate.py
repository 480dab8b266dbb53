"""The gate. One per process; every method runs in the event loop's thread."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from beffroi.base.background import Background
from beffroi.domain.acts import IMAGE_ACTS, Act
from beffroi.domain.clock import Clock, now
from beffroi.domain.decision import ActRequest, Decider, Decision
from beffroi.domain.errors import BadInputError, NotFoundError
from beffroi.domain.ids import ConnectionId, ViewId
from beffroi.domain.lease import Lease
from beffroi.domain.text import Text
from beffroi.gate import entries
from beffroi.gate.answers import (
    ENDED_TEXT,
    REGISTER_TEXT,
    Cut,
    CutCode,
    GateClosedError,
    GateRefusedError,
    OpenedView,
    denied_by_error,
)
from beffroi.gate.entries import NOTHING_SENT, Case
from beffroi.gate.registrar import Registrar
from beffroi.gate.signer import LeaseSigner
from beffroi.ledger.entry import Entry, EntryKind, Sent
from beffroi.ledger.ledger import Ledger

_log = structlog.get_logger(__name__)

OnCut = Callable[[OpenedView, Cut], None]

REDECIDE_S: Final = 1.5
POLL_S: Final = 0.25
REGISTER_WAIT_S: Final = 2.0
STALL_LIMIT_S: Final = 10.0
SAY_SENT_S: Final = 3.0
"""At a stop, how long what shows a view has to enter what it sent: to let go of the recorder and to say the cut take it
a second each."""

END_S: Final = 5.0
"""At a stop, how long the register has for the ends of all that is left open; its own end waits for the disk too."""

_STALE_ANSWER_US: Final = 250_000
_BUDGET_S: Final = 0.01


@dataclass(slots=True)
class _Open:
    view: OpenedView
    case: Case
    token: str
    expires_us: int
    decided_s: float
    cut: Cut | None = None
    heard: bool = False
    """Whether somebody was to be told of its cut, who ends it then."""
    listeners: list[OnCut] = field(default_factory=list)


class Gate:
    """Opens, renews and withdraws views. Use as ``async with Gate(…)`` or call `start` and `stop`.

    Args:
        decider: the law over the current facts.
        ledger: the register; nothing opens without its durable entry.
        signing_key: signs leases; no other part holds it.
        clock: wall time of leases, monotonic time of renewals.
        register_wait_s: an entry that is not durable in this time opens nothing.
        stall_limit_s: a register whose disk has not answered for this long counts as dead: views are cut.
    """

    def __init__(
        self,
        decider: Decider,
        ledger: Ledger,
        signing_key: Ed25519PrivateKey,
        clock: Clock,
        *,
        register_wait_s: float = REGISTER_WAIT_S,
        stall_limit_s: float = STALL_LIMIT_S,
    ) -> None:
        self._decider = decider
        self._register = Registrar(ledger, wait_s=register_wait_s, stall_limit_s=stall_limit_s)
        self._signer = LeaseSigner(signing_key)
        self._clock = clock
        self._views: dict[ViewId, _Open] = {}
        self._revision: int | None = None
        self._poked = asyncio.Event()
        self._task = Background(self._run, "gate")

    @property
    def verify_key(self) -> Ed25519PublicKey:
        """Checks leases; the server exports it for the recorder (``trust/gate.pub``)."""
        return self._signer.verify_key

    def verify_key_pem(self) -> bytes:
        """The same key, PEM."""
        return self._signer.verify_key_pem()

    # --- life ---

    async def start(self) -> None:
        """Begin to ask again about open views."""
        self._task.start()

    async def stop(self) -> None:
        """Cut and end every view, then stop. What shows one enters first what it sent; a register whose disk hangs is
        not waited for without end."""
        await self._task.stop()
        for state in list(self._views.values()):
            self._cut(state, Cut(CutCode.ENDED, ENDED_TEXT))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SAY_SENT_S):
                while any(state.heard for state in self._views.values()):
                    await asyncio.sleep(0.02)
        left = list(self._views)
        try:
            async with asyncio.timeout(END_S):
                await asyncio.gather(*(self.end(view, outcome="stopped") for view in left))
        except TimeoutError:
            _log.error("entry not registered", kind=EntryKind.VIEW_ENDED, views=len(left), error="no answer in time")

    async def __aenter__(self) -> "Gate":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # --- views ---

    async def open(
        self,
        request: ActRequest,
        connection: ConnectionId,
        payload: Mapping[str, Any],
        *,
        session: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> OpenedView:
        """Decide, write the entry, wait until it is on disk, then sign a lease.

        Args:
            request: ``at`` is replaced by the gate's own clock.
            connection: the only connection on which the lease is worth anything.
            payload: names, reason, address: kept beside the register, erasable.
            session: opaque id of the login session, for the register.
            detail: what the register's leaf says besides, for ever: no name, no free text.

        Raises:
            GateRefusedError: the law did not allow it; the refusal is in the register.
            GateClosedError: the register did not confirm in time, or no longer writes.
            BadInputError: a replay or extract without its footage range, or an act without images.
        """
        _check(request)
        if self._register.broken():
            raise GateClosedError
        revision = self._current_revision()
        allowed_us, decision = self._decide(request)
        view = ViewId(secrets.token_hex(16))

        def late(index: int) -> Entry | None:
            case = Case(view, request, decision.authority, session, index)
            return entries.ended(case, NOTHING_SENT, "register_late") if decision.allowed else None

        index = await self._register.durable(
            entries.asked(decision, request, view, session, payload, detail=detail or {}), late
        )
        if not decision.allowed or decision.authority is None:
            raise GateRefusedError(decision, index)
        case = Case(view, request, decision.authority, session, index)
        if revision != self._current_revision() or self._clock.wall_us() - allowed_us > _STALE_ANSWER_US:
            # the disk was slow, or a fact changed while it wrote: the first answer is too old to rest a lease on
            allowed_us, again = self._decide(request)
            if not again.allowed or not _as_before(again, decision):
                self._register.write(entries.cut(case, again, CutCode.WITHDRAWN))
                self._register.write(entries.ended(case, NOTHING_SENT, f"cut_{CutCode.WITHDRAWN}"))
                raise GateRefusedError(again, index)
        opened = OpenedView(view, connection, decision.request, decision.authority, decision, index, "")
        lease, token = self._sign(opened, allowed_us)
        opened = replace(opened, lease=token)
        self._views[view] = _Open(opened, case, token, lease.expires_us, self._clock.monotonic_s())
        return opened

    async def renew(self, view: ViewId) -> str:
        """Ask the law now and return a fresh lease.

        Raises:
            NotFoundError: the view is not open (any more).
            GateRefusedError: the law has just withdrawn it.
        """
        state = self._views.get(view)
        if state is None or state.cut is not None:
            raise _not_open()
        if self._register.broken():
            self._cut(state, Cut(CutCode.REGISTER, REGISTER_TEXT))
            raise GateClosedError
        self._redecide(state)
        # re-read: `_redecide` may have cut it
        withdrawn: Cut | None = state.cut
        if withdrawn is not None:
            if withdrawn.decision is not None:
                raise GateRefusedError(withdrawn.decision, state.view.ledger_index)
            raise _not_open()
        return state.token

    def current_lease(self, view: ViewId) -> str | None:
        """The view's lease, or None when it was withdrawn, ended, or ran out unrenewed."""
        state = self._views.get(view)
        if state is None or state.cut is not None or self._clock.wall_us() >= state.expires_us:
            return None
        return state.token

    def opened(self, view: ViewId) -> OpenedView | None:
        """The view, while it is open and not cut."""
        state = self._views.get(view)
        return state.view if state is not None and state.cut is None else None

    def subscribe(self, view: ViewId, on_cut: OnCut) -> Callable[[], None]:
        """Call ``on_cut`` once when the view is cut (at once when it already is). Returns how to unsubscribe.

        Raises:
            NotFoundError: the view is not open.
        """
        state = self._views.get(view)
        if state is None:
            raise _not_open()
        state.heard = True
        if state.cut is not None:
            on_cut(state.view, state.cut)
            return lambda: None
        state.listeners.append(on_cut)

        def leave() -> None:
            with contextlib.suppress(ValueError):
                state.listeners.remove(on_cut)

        return leave

    async def end(self, view: ViewId, sent: Sent = NOTHING_SENT, *, outcome: str = "ended") -> int | None:
        """The view is over: withdraw the lease and write what was really sent.

        Returns the entry's index, or None when the view was already ended or the register could not write (logged:
        nothing leaves any more either way). Call it after a cut too.
        """
        state = self._views.pop(view, None)
        if state is None:
            return None
        if state.cut is not None and outcome == "ended":
            outcome = f"cut_{state.cut.code}"
        return await self._register.write_end(entries.ended(state.case, sent, outcome))

    async def end_connection(self, connection: ConnectionId) -> None:
        """The connection is gone: end what is still open on it (views that nothing was sent for)."""
        for view, state in list(self._views.items()):
            if state.view.connection == connection:
                await self.end(view, outcome="disconnected")

    def views(self) -> list[OpenedView]:
        """Views open now."""
        return [state.view for state in self._views.values() if state.cut is None]

    def restate(self, change: Callable[[OpenedView], ActRequest]) -> None:
        """The circumstances of open views changed (who is before the screen, which workstation): from now on each is
        asked about as ``change`` says, and all are asked at once. Call it from the loop's thread."""
        for state in list(self._views.values()):
            request = change(state.view)
            if request != state.view.request and state.cut is None:
                state.view = replace(state.view, request=request)
                self._redecide(state)

    def poke(self) -> None:
        """A fact may have changed: look now. Call it from the loop's thread."""
        self._poked.set()

    # --- asking again ---

    async def tick(self) -> None:
        """One look: cut when the register is dead, ask again what is due, or everything when a fact changed."""
        if self._register.broken():
            for state in list(self._views.values()):
                self._cut(state, Cut(CutCode.REGISTER, REGISTER_TEXT))
            return
        revision = self._current_revision()
        changed = revision is None or revision != self._revision
        self._revision = revision
        started_s = self._clock.monotonic_s()
        for state in list(self._views.values()):
            if state.cut is None and (changed or self._clock.monotonic_s() - state.decided_s >= REDECIDE_S):
                self._redecide(state)
                if self._clock.monotonic_s() - started_s > _BUDGET_S:
                    await asyncio.sleep(0)
                    started_s = self._clock.monotonic_s()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):  # `wait_for` loses a stop that comes just after a poke (until 3.12)
                    await self._poked.wait()
            self._poked.clear()
            try:
                await self.tick()
            except Exception:  # noqa: BLE001  the loop must go on for the other views; what it missed just expires
                _log.exception("gate tick failed")

    def _redecide(self, state: _Open) -> None:
        allowed_us, decision = self._decide(state.view.request)
        if decision.allowed and _as_before(decision, state.view.decision):
            lease, state.token = self._sign(state.view, allowed_us)
            state.expires_us, state.decided_s = lease.expires_us, self._clock.monotonic_s()
        else:
            self._cut(state, Cut(CutCode.WITHDRAWN, decision.sentence, decision))
            self._register.write(entries.cut(state.case, decision, CutCode.WITHDRAWN))

    def _sign(self, view: OpenedView, allowed_us: int) -> tuple[Lease, str]:
        return self._signer.sign(
            view=view.id,
            connection=view.connection,
            request=view.request,
            authority=view.recorded_under,
            ledger_index=view.ledger_index,
            allowed_us=allowed_us,
        )

    def _cut(self, state: _Open, cut: Cut) -> None:
        """Withdraw first, tell next, write last: darkness does not wait for the disk."""
        if state.cut is not None:
            return
        state.cut, state.token, state.expires_us = cut, "", 0
        listeners, state.listeners = state.listeners, []
        for listener in listeners:
            try:
                listener(state.view, cut)
            except Exception:  # noqa: BLE001  one viewer's fault must not keep another's cut from being told
                _log.exception("cut listener failed")

    def _decide(self, request: ActRequest) -> tuple[int, Decision]:
        """The wall time at which the law was asked, and its answer; an error is a denial."""
        asked_us = self._clock.wall_us()
        try:
            request = replace(request, at=now(self._clock))
            decision = self._decider.decide(request)
            if decision.request != request or (decision.allowed and decision.authority is None):
                raise ValueError("an answer to another question")  # noqa: TRY301  same cure: deny
        except Exception:  # noqa: BLE001  default deny: whatever fails in the law, nothing is shown
            _log.exception("decision failed")
            return asked_us, denied_by_error(request)
        return asked_us, decision

    def _current_revision(self) -> int | None:
        try:
            return self._decider.revision()
        except Exception:  # noqa: BLE001  unknown revision: everything is asked again
            _log.exception("revision unknown")
            return None


def _as_before(decision: Decision, opened: Decision) -> bool:
    """Whether it is still the same authority's act, on recordings of the same one's."""
    return (decision.authority, decision.recorded_under) == (opened.authority, opened.recorded_under)


def _check(request: ActRequest) -> None:
    if request.act not in IMAGE_ACTS:
        raise BadInputError(
            Text(
                fr="Cet acte ne montre pas d'image : il ne passe pas par une vue.",
                en="This act shows no image: it does not go through a view.",
            )
        )
    if request.act in {Act.REPLAY, Act.EXTRACT} and (request.footage is None or request.footage.duration_s <= 0):
        raise BadInputError(
            Text(
                fr="Indiquez la période à relire : un début et une fin.",
                en="Say which period to play back: a beginning and an end.",
            )
        )


def _not_open() -> NotFoundError:
    return NotFoundError(Text(fr="Cette vue n'est pas ouverte.", en="This view is not open."))
