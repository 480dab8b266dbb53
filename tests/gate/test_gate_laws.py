"""Whatever happens, in whatever order: no lease in force more than three seconds after the last allow."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.gate.test_gate_open import KEY
from tests.support.gates import TableLaw, live
from tests.support.register import open_ledger

from beffroi.domain.clock import ManualClock
from beffroi.domain.ids import ConnectionId, ViewId
from beffroi.domain.lease import LeaseRefusedError, check
from beffroi.gate.answers import GateClosedError, GateRefusedError, OpenedView
from beffroi.gate.gate import Gate
from beffroi.ledger.entry import EntryKind

PEOPLE = ("p1", "p2")
CAMERAS = ("cam-1", "cam-2")
PAIRS = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(CAMERAS))


class GateMachine(RuleBasedStateMachine):
    """Opens, renews, ends, withdraws, breaks and lets time pass; keeps every token that was ever handed out."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.clock = ManualClock()
        self.law = TableLaw()
        self.dead = False
        self.ledger = open_ledger(Path(self.folder.name), clock=self.clock, fsync=self._fsync)
        self.gate = Gate(self.law, self.ledger, KEY, self.clock)
        self.tokens: dict[str, OpenedView] = {}
        self.ended: set[ViewId] = set()
        self.refusals: list[int] = []
        # the instant since which the law, as it stands, has not allowed the pair (None: it allows it)
        self.denied_since: dict[tuple[str, str], int] = {(p, c): 0 for p in PEOPLE for c in CAMERAS}

    def _fsync(self, _fd: int, _path: Path) -> None:
        if self.dead:
            raise OSError(5, "Input/output error")

    def teardown(self) -> None:
        self.ledger.close()
        self.loop.close()
        self.folder.cleanup()

    @rule(pair=PAIRS)
    def open(self, pair: tuple[str, str]) -> None:
        allowed = pair not in self.denied_since
        try:
            view = self.loop.run_until_complete(self.gate.open(live(*pair), ConnectionId("c"), {}))
        except GateRefusedError as refused:
            self.refusals.append(refused.ledger_index)
            assert not allowed
        except GateClosedError:
            assert self.dead
        else:
            assert allowed
            assert not self.dead
            record = self.ledger.record(view.ledger_index)
            assert (record.kind, record.view) == (EntryKind.VIEW_OPENED, view.id)
            self.tokens[view.lease] = view

    @rule(pair=PAIRS)
    def allow(self, pair: tuple[str, str]) -> None:
        self.law.allow(*pair)
        self.denied_since.pop(pair, None)

    @rule(pair=PAIRS)
    def withdraw(self, pair: tuple[str, str]) -> None:
        self.law.withdraw(*pair)
        self.denied_since.setdefault(pair, self.clock.wall)

    @rule(seconds=st.floats(0, 4))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def look(self) -> None:
        self.loop.run_until_complete(self.gate.tick())
        for view in self.gate.views():
            assert (view.request.person, view.request.camera) not in self.denied_since
        if self.ledger.failure is not None:
            assert self.gate.views() == []

    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        views = self.gate.views()
        if views:
            view = data.draw(st.sampled_from(views))
            try:
                self.tokens[self.loop.run_until_complete(self.gate.renew(view.id))] = view
            except GateRefusedError:
                assert (view.request.person, view.request.camera) in self.denied_since
            except GateClosedError:
                assert self.ledger.failure is not None

    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        views = self.gate.views()
        if views:
            view = data.draw(st.sampled_from(views))
            self.loop.run_until_complete(self.gate.end(view.id))
            self.ended.add(view.id)

    @rule(really=st.integers(0, 9))
    def disk_dies(self, really: int) -> None:
        self.dead = self.dead or really == 0

    @invariant()
    def no_lease_outlives_its_allow(self) -> None:
        for view in self.gate.views():
            token = self.gate.current_lease(view.id)
            if token is not None:
                self.tokens[token] = view
        for token, view in self.tokens.items():
            since = self.denied_since.get((view.request.person, view.request.camera))
            try:
                lease = check(token, self.gate.verify_key, now_us=self.clock.wall)
            except LeaseRefusedError:
                continue
            if since is not None:
                assert self.clock.wall - since < 3_000_000
                assert lease.expires_us <= since + 3_000_000

    @invariant()
    def each_refusal_is_an_entry(self) -> None:
        assert all(self.ledger.record(index).kind is EntryKind.VIEW_REFUSED for index in self.refusals)

    @invariant()
    def an_ended_view_has_no_lease(self) -> None:
        assert all(self.gate.current_lease(view) is None for view in self.ended)


GateMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestGateLaws = GateMachine.TestCase
