"""View sockets: a lease is worth something on one connection, once, for a few seconds, and nowhere else."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, cast

import pytest
from tests.support.centre import Town, account_name, running
from tests.support.ports import wait_for
from tests.support.stilllive import PICTURE, show_stills
from websockets.exceptions import ConnectionClosed

from beffroi.cli.promises.client import KIND_FRAGMENT, Person, ViewSocket
from beffroi.domain.documents import DocumentStatus
from beffroi.domain.ids import ConnectionId, DocumentId
from beffroi.identity.accounts import Account
from beffroi.identity.invitations import hash_token
from beffroi.ledger.entry import EntryKind, Record
from beffroi.server.session import Caller
from beffroi.server.viewing import MAX_CONNECTIONS_PER_SESSION, Connection, Viewing
from beffroi.watch import live

REFUSED, NOT_LOGGED_IN, ENDED = 4403, 4401, 4000


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running(tmp_path_factory.mktemp("views") / "data") as one:
        show_stills(one.app)
        yield one


@pytest.fixture
def agent(town: Town) -> Person:
    person = town.session("agentE")
    person.duty()
    return person


def until_closed(socket: ViewSocket, timeout_s: float = 60) -> list[Any]:
    """Everything until the centre closes."""
    heard, end = [], time.monotonic() + timeout_s
    while socket.closed is None:
        assert time.monotonic() < end, "still open"
        message = socket.receive(timeout_s)
        if message is not None:
            heard.append(message)
    return heard


def pictures(messages: list[Any]) -> list[bytes]:
    return [message[1] for message in messages if isinstance(message, tuple) and message[0] == KIND_FRAGMENT]


def watch(person: Person, socket: ViewSocket, camera: str = "cx") -> str:
    """Open a view and see a picture; the lease."""
    answer = person.open_view(socket.connection_id, camera)
    assert answer.status == 201, answer.body
    lease: str = answer.body["lease"]
    socket.send({"type": "lease", "lease": lease})
    while True:
        message = socket.receive(60)
        assert message is not None
        if isinstance(message, tuple) and message[0] == KIND_FRAGMENT:
            assert message[1].endswith(PICTURE)
            return lease


def test_a_lease_shows_pictures_on_its_own_connection(agent: Person) -> None:
    with agent.socket() as socket:
        watch(agent, socket)


def test_a_live_view_that_fails_by_what_nobody_foresaw_is_in_the_log(
    agent: Person, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(live, "find_stream", fails)
    with agent.socket() as socket:
        answer = agent.open_view(socket.connection_id, "cx")
        assert answer.status == 201, answer.body
        socket.send({"type": "lease", "lease": answer.body["lease"]})
        assert pictures(until_closed(socket)) == []

    def told() -> bool:
        return "nobody foresaw this" in [str(one.exc_info[1]) for one in caplog.records if one.exc_info]

    wait_for(told, what="what it failed by, in the log")


def test_a_lease_is_refused_on_another_connection_of_the_same_person(agent: Person) -> None:
    with agent.socket() as one, agent.socket() as other:
        lease = agent.open_view(one.connection_id, "cx").body["lease"]
        other.send({"type": "lease", "lease": lease})
        assert not pictures(until_closed(other))
        assert other.closed is not None
        assert other.closed[0] == REFUSED


def test_a_lease_is_refused_in_another_s_hands(town: Town, agent: Person) -> None:
    thief = town.session("pmX")
    with agent.socket() as mine, thief.socket() as theirs:
        lease = watch(agent, mine)
        theirs.send({"type": "lease", "lease": lease})
        assert not pictures(until_closed(theirs))


def test_nobody_asks_for_a_view_on_another_s_socket(town: Town, agent: Person) -> None:
    with town.session("pmX").socket() as theirs:
        answer = agent.open_view(theirs.connection_id, "cx")
        assert answer.status == 404
    with town.session("agentE").socket() as other_session:
        assert agent.open_view(other_session.connection_id, "cx").status == 404


def test_a_socket_serves_one_view(agent: Person) -> None:
    with agent.socket() as socket:
        watch(agent, socket)
        assert agent.open_view(socket.connection_id, "cy").status == 404


def test_a_used_lease_does_not_serve_again(agent: Person) -> None:
    with agent.socket() as socket:
        lease = watch(agent, socket)
    with agent.socket() as again:
        again.send({"type": "lease", "lease": lease})
        assert not pictures(until_closed(again))


def test_an_expired_lease_opens_nothing(town: Town, agent: Person) -> None:
    with agent.socket() as socket:
        lease = agent.open_view(socket.connection_id, "cx").body["lease"]
        town.clock.advance(4)
        socket.send({"type": "lease", "lease": lease})
        assert not pictures(until_closed(socket))
        assert socket.closed is not None
        assert socket.closed[0] == REFUSED


@pytest.mark.parametrize(
    "first",
    [
        "", "nothing", "null", "1", "[]", "{}", '{"type": "lease"}', '{"type": "lease", "lease": 1}',
        '{"type": "lease", "lease": null}', '{"type": "lease", "lease": "a.b"}', '{"type": "lease", "lease": ["x"]}',
        '{"type": "seek", "lease": "x"}', "[" * 30_000, '{"type": "lease", "lease": "' + "x" * 60_000 + '"}',
        b"\x00\xff",
        '{"type": "lease", "lease": "é.è"}', '{"type": "lease", "lease": "\\ud800.\\ud800"}', "\u0000",
    ],
)  # fmt: skip
def test_a_malformed_first_message_closes(agent: Person, first: str | bytes) -> None:
    with agent.socket() as socket:
        agent.open_view(socket.connection_id, "cx")
        socket.connection.send(first)
        assert not pictures(until_closed(socket))
        assert socket.closed is not None
        assert socket.closed[0] == REFUSED


def test_a_message_too_large_closes(agent: Person) -> None:
    with agent.socket() as socket:
        socket.connection.send("x" * 200_000)
        until_closed(socket)
        assert socket.closed is not None


def test_the_lease_is_in_no_address_of_the_centre(town: Town) -> None:
    """A URL is kept in histories and logs: no route and no socket takes a lease or a token there."""
    described = town.nobody().get("/api/openapi.json").body["paths"]
    for path, methods in described.items():
        for operation in methods.values():
            names = {one["name"] for one in operation.get("parameters", [])}
            assert not names & {"lease", "token", "password", "code", "session"}, path
    with pytest.raises((ConnectionClosed, KeyError)), Person(town.port).socket():
        pass  # without its cookie, whatever the address says


def ways_out(town: Town) -> dict[str, Callable[[Person], Any]]:
    identity, admin = town.centre.identity, town.accounts["adminE"]

    def lock(_: Person) -> None:
        identity.lock(town.accounts["agentE"], by=admin)
        identity.unlock(town.accounts["agentE"], by=admin)

    def reset(_: Person) -> None:
        asked = identity.request_reset(town.accounts["pmY"], by=admin)
        identity.approve_reset(asked.id, by=town.accounts["dpo"])

    return {"logout": lambda person: person.post("/api/logout"), "lock": lock, "reset": reset}


@pytest.mark.parametrize("way", ["logout", "lock", "reset", "term"])
def test_views_end_with_the_session(town: Town, way: str) -> None:
    seat, camera = ("pmY", "cy") if way == "reset" else ("agentE", "cx")
    person = town.session(seat)
    person.duty()
    first = town.centre.ledger.size
    with person.socket() as idle, person.socket() as socket:
        watch(person, socket, camera)
        if way == "term":
            town.identity_clock.advance(13 * 3600)
        else:
            ways_out(town)[way](person)
        for one in (idle, socket):
            last = [message for message in until_closed(one) if isinstance(message, dict)][-1]
            assert last["type"] == "cut"
            assert set(last["text"]) == {"fr", "en"}
            assert one.closed is not None
            assert one.closed[0] == NOT_LOGGED_IN
    assert person.get("/api/me").status == 401
    (ended,) = wait_for(lambda: ends(town, first), what="the end of the view in the register")
    assert ended.sent is not None
    assert ended.sent.frames > 0, "what was seen is counted, however the view ended"
    assert ended.sent.footage is not None


def ends(town: Town, first: int) -> list[Record]:
    """The entries of views that ended, from an entry on."""
    ledger = town.centre.ledger
    return [one for one in map(ledger.record, range(first, ledger.size)) if one.kind is EntryKind.VIEW_ENDED]


def test_a_suspended_paper_cuts_at_once_with_its_refusal(town: Town) -> None:
    police = town.session("pmX")
    police.duty()
    with police.socket() as socket:
        watch(police, socket)
        mayor = town.session("mayorX")
        suspended = mayor.post("/api/documents/prefect_order/X/suspend", {"reason": "essai"})
        assert suspended.status == 200, suspended.body
        cut = [message for message in until_closed(socket) if isinstance(message, dict)][-1]
        assert (cut["type"], cut["code"]) == ("cut", "withdrawn")
        assert cut["refusal"]["articles"]
    facts = town.centre.registry.facts()
    assert facts.versions(DocumentId("prefect_order/X"))[-1].status is DocumentStatus.SUSPENDED


def test_too_many_sockets_of_one_session_are_refused_with_a_sentence(town: Town) -> None:
    person = town.session("mayorY")
    with ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS_PER_SESSION):
            stack.enter_context(person.socket())
        with pytest.raises(KeyError), person.socket():
            pass  # it is not greeted
        stack.enter_context(town.session("mayorX").socket())  # another person is


def test_one_s_duty_is_one_s_own(town: Town) -> None:
    one, other = town.session("mayorX"), town.session("mayorX")
    one.duty()
    assert one.get("/api/me").body["duty"] is not None
    assert other.get("/api/me").body["duty"] is None
    assert town.session("dpo").get("/api/me").body["duty"] is None
    stranger = town.session("inspector")
    for path in ("/api/me", "/api/acts/mine", "/api/cameras"):
        raw = stranger.get(path).raw.decode()
        assert account_name("mayorX") not in raw
        assert not [value for value in one.cookies.values() if value in raw]


def test_the_session_of_one_is_not_opened_by_its_key(town: Town) -> None:
    """What the centre keeps of a session (its hash) is not a session."""
    person = town.session("mayorX")
    key = hash_token(next(iter(person.cookies.values()))).hex()
    assert Person(town.port, cookies={"beffroi": key}).get("/api/me").status == 401
    assert json.dumps(person.get("/api/me").body).count(key) == 0


def test_who_watches_is_told_while_sockets_come_and_go() -> None:
    """Asked in a thread of its own, while the loop adds connections and takes them away."""
    viewing, caller = object.__new__(Viewing), Caller(cast(Account, None), "session", strong=True)

    class Coming:
        """One after which another comes, just as it is counted."""

        @property
        def caller(self) -> Caller:
            viewing.connections[ConnectionId(f"c{len(viewing.connections)}")] = cast(Connection, self)
            return caller

    viewing.connections = {ConnectionId(one): cast(Connection, Coming()) for one in "ab"}
    assert viewing.watchers() == {"session": (caller, 2)}
