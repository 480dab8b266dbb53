"""Any sequence of invitations, logins, locks, resets and passing time agrees with a model of a few lines."""

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.support.identities import GOOD_PASSWORD, administrator, enrol, newcomer, room

from beffroi.base.db import open_engine
from beffroi.domain.clock import ManualClock, now
from beffroi.identity import AccountId, Role
from beffroi.identity.accounts import LinkRefusedError, LoginRefusedError, NotEntitledError, ThrottledError
from beffroi.identity.totp import code_at
from beffroi.registry.migrate import upgrade


@dataclass
class Known:
    """What the model knows of one account."""

    id: AccountId
    name: str
    secret: str = ""
    link: str = ""
    link_ends: float = 0
    state: str = "invited"
    used_step: int = 0
    sessions: dict[str, float] = field(default_factory=dict)


class Accounts(RuleBasedStateMachine):
    """One administrator and one room supervisor act on up to three agents."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="beffroi-identity-"))
        self.engine = open_engine(f"sqlite:///{self.folder / 'a.sqlite'}")
        upgrade(self.engine)
        self.clock = ManualClock()
        self.identity = room(self.engine, self.clock)
        self.admin, _ = administrator(self.identity, self.clock)
        link = self.identity.invite(newcomer("chief", Role.ROOM_SUPERVISOR), by=self.admin)
        self.chief = enrol(self.identity, self.clock, link.token)[0].id
        self.known: list[Known] = []
        self.requests: dict[str, tuple[Known, AccountId]] = {}

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.dispose()
            shutil.rmtree(self.folder)

    @property
    def step(self) -> int:
        return int(now(self.clock).timestamp()) // 30

    @rule()
    @precondition(lambda self: len(self.known) < 3)
    def invite(self) -> None:
        name = f"agent{len(self.known)}"
        link = self.identity.invite(newcomer(name), by=self.admin)
        self.known.append(Known(link.account, name, link=link.token, link_ends=link.expires_at.timestamp()))

    @rule(pick=st.integers(0, 2))
    def open_account(self, pick: int) -> None:
        if pick >= len(self.known):
            return
        one = self.known[pick]
        try:
            enrolment = self.identity.accept(one.link, GOOD_PASSWORD)
            self.identity.enrol(one.link, code_at(enrolment.secret, now(self.clock)))
        except LinkRefusedError:
            assert one.state != "invited" or not one.link or now(self.clock).timestamp() >= one.link_ends
            return
        assert one.state == "invited"
        assert now(self.clock).timestamp() < one.link_ends
        one.state, one.secret, one.link, one.used_step = "active", enrolment.secret, "", self.step

    @rule(pick=st.integers(0, 2), right=st.booleans())
    def login(self, pick: int, *, right: bool) -> None:
        if pick >= len(self.known):
            return
        one = self.known[pick]
        code = code_at(one.secret, now(self.clock)) if one.secret else "000000"
        should = right and one.state == "active" and one.used_step < self.step
        try:
            opened = self.identity.login(one.name, GOOD_PASSWORD if right else "wrong", code, address="192.0.2.1")
        except ThrottledError:
            return
        except LoginRefusedError:
            assert not should
            return
        assert should
        one.used_step = self.step
        one.sessions[opened.token] = now(self.clock).timestamp() + 12 * 3600

    @rule(pick=st.integers(0, 2), by_admin=st.booleans())
    def lock(self, pick: int, *, by_admin: bool) -> None:
        if pick >= len(self.known):
            return
        one = self.known[pick]
        self.identity.lock(one.id, by=self.admin if by_admin else self.chief)
        one.state, one.link = "locked", ""
        one.sessions.clear()

    @rule(pick=st.integers(0, 2))
    def unlock(self, pick: int) -> None:
        if pick >= len(self.known) or self.known[pick].state != "locked":
            return
        one = self.known[pick]
        self.identity.unlock(one.id, by=self.admin)
        one.state = "active" if one.secret else "invited"

    @rule(pick=st.integers(0, 2), by_admin=st.booleans())
    def request_reset(self, pick: int, *, by_admin: bool) -> None:
        if pick >= len(self.known):
            return
        one, by = self.known[pick], self.admin if by_admin else self.chief
        try:
            request = self.identity.request_reset(one.id, by=by)
        except NotEntitledError:
            assert one.state == "locked"
            return
        assert one.state != "locked"
        self.requests[request.id] = (one, by)

    @rule(by_admin=st.booleans())
    def approve_reset(self, *, by_admin: bool) -> None:
        for request in self.identity.pending_resets():
            one, asked_by = self.requests[request.id]
            by = self.admin if by_admin else self.chief
            try:
                link = self.identity.approve_reset(request.id, by=by)
            except NotEntitledError:
                assert by == asked_by or one.state == "locked"
                continue
            assert by != asked_by
            one.state, one.secret, one.link = "invited", "", link.token
            one.link_ends = link.expires_at.timestamp()
            one.sessions.clear()
            return

    @rule(seconds=st.sampled_from([1, 29, 30, 31, 900, 43_199, 43_200]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @invariant()
    def sessions_are_those_of_active_accounts_and_not_older_than_twelve_hours(self) -> None:
        if not hasattr(self, "known"):
            return
        for one in self.known:
            for token, ends in one.sessions.items():
                live = self.identity.session(token)
                alive = one.state == "active" and now(self.clock).timestamp() < ends
                assert (live is not None) is alive
        states = {account.id: account.state.value for account in self.identity.accounts()}
        assert {one.id: one.state for one in self.known} == {one.id: states[one.id] for one in self.known}


Accounts.TestCase.settings = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAccounts = Accounts.TestCase
