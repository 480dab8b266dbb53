"""Opening accounts, logging in, locking: the rules one by one."""

import contextlib
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, text
from sqlalchemy.orm import Session
from tests.support.identities import GOOD_PASSWORD, administrator, enrol, newcomer, room

from beffroi.base.bus import Bus
from beffroi.base.db import insert_missing
from beffroi.domain.clock import ManualClock, now
from beffroi.domain.errors import BadInputError, NotFoundError
from beffroi.domain.ids import PersonId
from beffroi.identity import AccountId, AccountState, Identity, Role, throttle
from beffroi.identity.accounts import (
    LinkRefusedError,
    LoginAttempt,
    LoginRefusedError,
    NotEntitledError,
    OpenedSession,
    SessionsEnded,
    ThrottledError,
    WrongCodeError,
)
from beffroi.identity.password import WeakPasswordError
from beffroi.identity.tables import ThrottleRow
from beffroi.identity.totp import code_at


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def identity(engine: Engine, clock: ManualClock) -> Identity:
    return room(engine, clock)


def test_login_takes_both_factors_and_gives_a_session_of_twelve_hours(identity: Identity, clock: ManualClock) -> None:
    _, secret = administrator(identity, clock)
    opened = identity.login("Admin ", GOOD_PASSWORD, code_at(secret, now(clock)), address="192.0.2.1")
    found = identity.session(opened.token)
    assert found is not None
    assert found.strong
    assert found.account.role is Role.ADMINISTRATOR
    clock.advance(12 * 3600 - 1)
    assert identity.session(opened.token) is not None
    clock.advance(1)
    assert identity.session(opened.token) is None


def test_a_code_works_once_even_in_a_second_session(identity: Identity, clock: ManualClock) -> None:
    _, secret = administrator(identity, clock)
    code = code_at(secret, now(clock))
    identity.login("admin", GOOD_PASSWORD, code, address="192.0.2.1")
    with pytest.raises(LoginRefusedError):
        identity.login("admin", GOOD_PASSWORD, code, address="192.0.2.1")
    # nor does an older code that nobody used
    older = code_at(secret, now(clock) - timedelta(seconds=30))
    with pytest.raises(LoginRefusedError):
        identity.login("admin", GOOD_PASSWORD, older, address="192.0.2.1")


def test_of_two_logins_at_once_with_one_code_one_wins(identity: Identity, clock: ManualClock) -> None:
    _, secret = administrator(identity, clock)
    code = code_at(secret, now(clock))
    outcomes: list[OpenedSession | Exception] = []
    barrier = threading.Barrier(4)

    def attempt() -> None:
        barrier.wait()
        try:
            outcomes.append(identity.login("admin", GOOD_PASSWORD, code, address="192.0.2.1"))
        except LoginRefusedError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(outcome, OpenedSession) for outcome in outcomes) == 1
    assert len(outcomes) == 4


def test_a_login_goes_on_when_another_has_just_forgiven_the_account(
    identity: Identity, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From another address: between this one's insert, which finds the row, and its lock, the row is deleted."""
    _, secret = administrator(identity, clock)
    inserted = insert_missing
    forgiven: list[bytes] = []

    def then_forgiven(session: Session, table: type[ThrottleRow], values: dict[str, Any]) -> None:
        inserted(session, table, values)
        if not forgiven:
            forgiven.append(values["key_hash"])
            session.execute(delete(ThrottleRow).where(ThrottleRow.key_hash == values["key_hash"]))

    monkeypatch.setattr(throttle, "insert_missing", then_forgiven)
    assert identity.login("admin", GOOD_PASSWORD, code_at(secret, now(clock)), address="192.0.2.1")
    assert forgiven


@pytest.mark.parametrize("drift_s", [-30, 30])
def test_a_phone_may_be_one_step_off(identity: Identity, clock: ManualClock, drift_s: int) -> None:
    _, secret = administrator(identity, clock)
    clock.advance(60)
    code = code_at(secret, now(clock) + timedelta(seconds=drift_s))
    assert identity.login("admin", GOOD_PASSWORD, code, address="192.0.2.1")


@pytest.mark.parametrize("drift_s", [-60, 60])
def test_a_phone_two_steps_off_is_refused(identity: Identity, clock: ManualClock, drift_s: int) -> None:
    _, secret = administrator(identity, clock)
    clock.advance(120)
    code = code_at(secret, now(clock) + timedelta(seconds=drift_s))
    with pytest.raises(LoginRefusedError):
        identity.login("admin", GOOD_PASSWORD, code, address="192.0.2.1")


def test_all_failures_look_the_same(identity: Identity, clock: ManualClock) -> None:
    admin, secret = administrator(identity, clock)
    locked, other_secret = enrol(identity, clock, identity.invite(newcomer("agent"), by=admin).token)
    identity.invite(newcomer("not.yet"), by=admin)
    identity.lock(locked.id, by=admin)
    good = code_at(secret, now(clock))
    attempts = [
        ("nobody", GOOD_PASSWORD, good),
        ("admin", "wrong", good),
        ("admin", GOOD_PASSWORD, "000000" if good != "000000" else "000001"),
        ("agent", GOOD_PASSWORD, code_at(other_secret, now(clock))),
        ("not.yet", GOOD_PASSWORD, good),
        ("", "", ""),
        ("admin", "x" * 10_000, good),
        ("nul\x00", "\udcff", "٠٠٠٠٠٠"),
    ]
    sentences = set()
    for name, password, code in attempts:
        with pytest.raises(LoginRefusedError) as refused:
            identity.login(name, password, code, address="192.0.2.1")
        sentences.add((type(refused.value), refused.value.text))
    assert len(sentences) == 1
    # and a failure with the right password did not use the code up
    assert identity.login("admin", GOOD_PASSWORD, good, address="192.0.2.1")


def test_guessing_is_slowed_per_account_whatever_the_address(identity: Identity, clock: ManualClock) -> None:
    _, secret = administrator(identity, clock)
    for attempt in range(5):
        with pytest.raises(LoginRefusedError):
            identity.login("admin", "wrong", "000000", address=f"192.0.2.{attempt}")
    with pytest.raises(ThrottledError) as throttled:
        identity.login("admin", GOOD_PASSWORD, code_at(secret, now(clock)), address="192.0.2.99")
    assert throttled.value.wait_s == 1
    waits = []
    for _ in range(12):
        clock.advance(throttled.value.wait_s)
        with pytest.raises(LoginRefusedError):
            identity.login("admin", "wrong", "000000", address="192.0.2.99")
        with pytest.raises(ThrottledError) as throttled:
            identity.login("admin", "wrong", "000000", address="192.0.2.99")
        waits.append(throttled.value.wait_s)
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
    clock.advance(900)
    assert identity.login("admin", GOOD_PASSWORD, code_at(secret, now(clock)), address="192.0.2.99")
    with pytest.raises(LoginRefusedError):  # forgiven: the free attempts are back
        identity.login("admin", "wrong", "000000", address="192.0.2.99")


def test_an_unknown_account_is_slowed_exactly_like_a_known_one(identity: Identity, clock: ManualClock) -> None:
    administrator(identity, clock)

    def answers(name: str) -> list[str]:
        seen = []
        for _ in range(8):
            try:
                identity.login(name, "wrong", "000000", address=f"192.0.2.{len(name)}")
            except (LoginRefusedError, ThrottledError) as error:
                seen.append(error.text.fr)
        return seen

    assert answers("admin") == answers("nobody")


def test_an_address_that_tries_many_names_is_slowed(identity: Identity, clock: ManualClock) -> None:
    _, secret = administrator(identity, clock)
    for attempt in range(30):
        with pytest.raises(LoginRefusedError):
            identity.login(f"name{attempt}", "wrong", "000000", address="2001:db8::1")
    with pytest.raises(ThrottledError):  # the same customer's other addresses
        identity.login("admin", GOOD_PASSWORD, code_at(secret, now(clock)), address="2001:db8::2:1")
    assert identity.login("admin", GOOD_PASSWORD, code_at(secret, now(clock)), address="2001:db8:0:1::1")


def test_a_clock_set_back_does_not_turn_seconds_into_days(identity: Identity, clock: ManualClock) -> None:
    _, secret = administrator(identity, clock)
    for _ in range(5):
        with pytest.raises(LoginRefusedError):
            identity.login("admin", "wrong", "000000", address="192.0.2.1")
    clock.step(3600)
    with pytest.raises(LoginRefusedError):
        identity.login("admin", "wrong", "000000", address="192.0.2.1")
    clock.step(-1800)
    assert identity.login("admin", GOOD_PASSWORD, code_at(secret, now(clock)), address="192.0.2.1")


def test_a_link_works_once_and_for_forty_eight_hours(identity: Identity, clock: ManualClock) -> None:
    admin, _ = administrator(identity, clock)
    first = identity.invite(newcomer("agent"), by=admin)
    second = identity.invite_again(first.account, by=admin)
    with pytest.raises(LinkRefusedError):
        identity.accept(first.token, GOOD_PASSWORD)
    clock.advance(48 * 3600 - 31)
    enrol(identity, clock, second.token)
    with pytest.raises(LinkRefusedError):
        identity.accept(second.token, GOOD_PASSWORD)
    with pytest.raises(NotEntitledError):
        identity.invite_again(first.account, by=admin)
    late = identity.invite(newcomer("late"), by=admin)
    clock.advance(48 * 3600)
    with pytest.raises(LinkRefusedError):
        identity.accept(late.token, GOOD_PASSWORD)


def test_a_link_needs_a_password_before_a_code_and_a_right_code(identity: Identity, clock: ManualClock) -> None:
    admin, _ = administrator(identity, clock)
    link = identity.invite(newcomer("agent"), by=admin)
    with pytest.raises(LinkRefusedError):
        identity.enrol(link.token, "000000")
    with pytest.raises(WeakPasswordError):
        identity.accept(link.token, "court")
    former = identity.accept(link.token, GOOD_PASSWORD)
    current = identity.accept(link.token, GOOD_PASSWORD)
    with pytest.raises(WrongCodeError):
        identity.enrol(link.token, code_at(former.secret, now(clock)))
    assert identity.enrol(link.token, code_at(current.secret, now(clock))).state is AccountState.ACTIVE


def test_accounts_are_personal(identity: Identity, clock: ManualClock) -> None:
    admin, _ = administrator(identity, clock)
    identity.invite(newcomer("agent"), by=admin)
    with pytest.raises(BadInputError):
        identity.invite(newcomer("agent"), by=admin)
    same_person = newcomer("agent-bis")
    with pytest.raises(BadInputError):
        identity.invite(replace(same_person, person=PersonId("p-agent")), by=admin)
    with pytest.raises(BadInputError):
        identity.invite(newcomer("x y"), by=admin)


def test_only_an_administrator_invites_and_the_first_one_only_once(identity: Identity, clock: ManualClock) -> None:
    admin, _ = administrator(identity, clock)
    agent, _ = enrol(identity, clock, identity.invite(newcomer("agent"), by=admin).token)
    with pytest.raises(NotEntitledError):
        identity.invite(newcomer("friend"), by=agent.id)
    with pytest.raises(NotEntitledError):
        identity.bootstrap(newcomer("another", Role.ADMINISTRATOR))


def test_locking_ends_sessions_at_once_and_says_so(engine: Engine, clock: ManualClock) -> None:
    bus = Bus()
    ended: list[SessionsEnded] = []
    attempts: list[LoginAttempt] = []
    bus.subscribe(SessionsEnded, ended.append)
    bus.subscribe(LoginAttempt, attempts.append)
    identity = room(engine, clock, bus)
    admin, _ = administrator(identity, clock)
    agent, secret = enrol(identity, clock, identity.invite(newcomer("agent"), by=admin).token)
    opened = identity.login("agent", GOOD_PASSWORD, code_at(secret, now(clock)), address="192.0.2.1")
    live = identity.session(opened.token)
    assert live is not None
    identity.lock(agent.id, by=admin)
    assert identity.session(opened.token) is None
    assert ended == [SessionsEnded(account=agent.id, person=agent.person, keys=frozenset({live.key}))]
    assert [attempt.account for attempt in attempts] == [agent.id]
    clock.advance(30)
    identity.unlock(agent.id, by=admin)
    assert identity.session(opened.token) is None
    assert identity.login("agent", GOOD_PASSWORD, code_at(secret, now(clock)), address="192.0.2.1")


def test_the_last_administrator_cannot_be_locked(identity: Identity, clock: ManualClock) -> None:
    admin, _ = administrator(identity, clock)
    with pytest.raises(NotEntitledError):
        identity.lock(admin, by=admin)
    second, _ = enrol(identity, clock, identity.invite(newcomer("admin2", Role.ADMINISTRATOR), by=admin).token)
    identity.lock(admin, by=second.id)
    with pytest.raises(NotEntitledError):  # a locked administrator acts no more
        identity.unlock(admin, by=admin)


def test_logout_ends_that_session_only(identity: Identity, clock: ManualClock) -> None:
    _, secret = administrator(identity, clock)
    one = identity.login("admin", GOOD_PASSWORD, code_at(secret, now(clock)), address="192.0.2.1")
    clock.advance(30)
    two = identity.login("admin", GOOD_PASSWORD, code_at(secret, now(clock)), address="192.0.2.1")
    identity.logout(one.token)
    identity.logout(one.token)
    identity.logout("unknown")
    assert identity.session(one.token) is None
    assert identity.session(two.token) is not None


def test_a_lost_factor_takes_two_other_persons(identity: Identity, clock: ManualClock) -> None:
    admin, _ = administrator(identity, clock)
    chief, _ = enrol(identity, clock, identity.invite(newcomer("chief", Role.ROOM_SUPERVISOR), by=admin).token)
    agent, secret = enrol(identity, clock, identity.invite(newcomer("agent"), by=admin).token)
    opened = identity.login("agent", GOOD_PASSWORD, code_at(secret, now(clock)), address="192.0.2.1")
    with pytest.raises(NotEntitledError):
        identity.request_reset(agent.id, by=agent.id)
    request = identity.request_reset(agent.id, by=admin)
    assert identity.session(opened.token) is not None  # one person changed nothing
    with pytest.raises(NotEntitledError):
        identity.approve_reset(request.id, by=admin)
    with pytest.raises(NotEntitledError):
        identity.approve_reset(request.id, by=agent.id)
    assert identity.pending_resets() == [request]
    link = identity.approve_reset(request.id, by=chief.id)
    assert identity.session(opened.token) is None
    assert identity.pending_resets() == []
    clock.advance(30)
    with pytest.raises(LoginRefusedError):
        identity.login("agent", GOOD_PASSWORD, code_at(secret, now(clock)), address="192.0.2.1")
    with pytest.raises(NotEntitledError):  # nor does one person draw another link in their place
        identity.invite_again(agent.id, by=admin)
    _, fresh = enrol(identity, clock, link.token, "Autre-Ardoise-1234")
    assert identity.login("agent", "Autre-Ardoise-1234", code_at(fresh, now(clock)), address="192.0.2.1")


def test_nothing_in_the_database_opens_a_door(identity: Identity, clock: ManualClock, engine: Engine) -> None:
    """A copy of the database holds no password, factor secret, link or session id."""
    admin, secret = administrator(identity, clock)
    link = identity.invite(newcomer("agent"), by=admin)
    opened = identity.login("admin", GOOD_PASSWORD, code_at(secret, now(clock)), address="192.0.2.1")
    with engine.connect() as connection:
        content = "".join(
            str([bytes(value) if isinstance(value, memoryview) else value for value in row])
            for table in ("accounts", "invitations", "sessions", "throttles")
            for row in connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608  our own names
        )
    for hidden in (GOOD_PASSWORD, secret, link.token, opened.token):
        assert hidden not in content
    assert "192.0.2.1" not in content


@pytest.mark.parametrize("strange", ["", "a\0b", "half \ud83d", "a-unknown", "é" * 300])
def test_an_account_that_cannot_exist_is_not_found(identity: Identity, clock: ManualClock, strange: str) -> None:
    admin, _ = administrator(identity, clock)
    with pytest.raises(NotFoundError):
        identity.account(AccountId(strange))
    with pytest.raises(NotFoundError):
        identity.lock(AccountId(strange), by=admin)
    with pytest.raises(NotFoundError):
        identity.approve_reset(strange, by=admin)
    assert identity.session(strange) is None
    with pytest.raises(LinkRefusedError):
        identity.accept(strange, GOOD_PASSWORD)


def test_a_login_and_a_lock_at_once_leave_no_session(identity: Identity, clock: ManualClock) -> None:
    admin, _ = administrator(identity, clock)
    agent, secret = enrol(identity, clock, identity.invite(newcomer("agent"), by=admin).token)
    for _ in range(5):
        clock.advance(30)
        opened: list[OpenedSession] = []
        barrier = threading.Barrier(2)

        def attempt(barrier: threading.Barrier = barrier, opened: list[OpenedSession] = opened) -> None:
            barrier.wait()
            with contextlib.suppress(LoginRefusedError):
                opened.append(identity.login("agent", GOOD_PASSWORD, code_at(secret, now(clock)), address="192.0.2.1"))

        thread = threading.Thread(target=attempt)
        thread.start()
        barrier.wait()
        identity.lock(agent.id, by=admin)
        thread.join()
        identity.unlock(agent.id, by=admin)
        assert [identity.session(one.token) for one in opened] == [None] * len(opened)
