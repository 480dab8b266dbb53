"""The room: a shared screen shows what all before it may see, a post may be needed, a reason changes nothing open."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from tests.support.centre import Town, running
from tests.support.ports import busy
from tests.support.stilllive import PICTURE, show_stills

from beffroi.cli.promises.client import KIND_FRAGMENT, Person, ViewSocket
from beffroi.domain.documents import JsonValue
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.ledger.entry import EntryKind, Record
from beffroi.server.screens import Screens


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running(tmp_path_factory.mktemp("room") / "data") as one:
        show_stills(one.app)
        yield one


@pytest.fixture
def agent(town: Town) -> Person:
    person = town.session("agentE")
    assert person.duty("watch").status == 200
    return person


def watch(person: Person, socket: ViewSocket, camera: str = "cx", **more: str) -> dict[str, str]:
    answer = person.open_view(socket.connection_id, camera, **more)
    assert answer.status == 201, answer.body
    socket.send({"type": "lease", "lease": answer.body["lease"]})
    assert sees(socket)
    body: dict[str, str] = answer.body
    return body


def sees(socket: ViewSocket) -> bool:
    """Whether a picture comes."""
    for _ in range(60):
        message = socket.receive(60)
        if message is None:
            return False
        if isinstance(message, tuple) and message[0] == KIND_FRAGMENT:
            return message[1].endswith(PICTURE)
    return False


def cut(socket: ViewSocket) -> dict[str, object]:
    """The cut, within the five seconds that are promised."""
    end = time.monotonic() + 5 * busy()
    while time.monotonic() < end:
        message = socket.receive(5)
        if isinstance(message, dict) and message["type"] == "cut":
            return message
    pytest.fail("the view goes on")


def refused(person: Person, camera: str = "cx", **more: str) -> bool:
    with person.socket() as socket:
        status = person.open_view(socket.connection_id, camera, **more).status
    assert status in {201, 403}
    return status == 403


def listed(person: Person) -> dict[str, str]:
    """What the list says of each camera, live."""
    communes = person.get("/api/cameras").body["communes"]
    return {str(camera["id"]): str(camera["live"]) for commune in communes for camera in commune["cameras"]}


def screen_of(town: Town, account: str) -> str:
    listed = town.person("supervisorE").get("/api/screens").body
    return next(str(one["id"]) for one in listed if one["account"] == account)


def entries(town: Town, kind: EntryKind) -> list[Record]:
    ledger = town.centre.ledger
    return [record for index in range(ledger.size) if (record := ledger.record(index)).kind is kind]


@pytest.fixture
def before(town: Town, agent: Person) -> Iterator[Callable[[str, str], None]]:
    """Somebody comes before the agent's screen, or leaves; nobody stays behind."""
    with agent.socket():
        path = f"/api/screens/{screen_of(town, 'compte.agente')}/present"
    supervisor = town.person("supervisorE")

    def change(verb: str, person: str) -> None:
        if verb == "came":
            with agent.socket():  # a screen is listed while it has a view socket
                answer = supervisor.post(path, {"person": person})
        else:  # or while somebody is declared before it, even when that has closed everything
            answer = supervisor.call("DELETE", f"{path}/{person}")
        assert answer.status == 200, answer.body

    yield change
    for one in agent.get("/api/screen").body.get("present", ()):  # nobody, once logged out
        change("left", one["id"])


def test_a_visitor_blanks_every_view_at_once_and_leaving_brings_them_back(
    town: Town, agent: Person, before: Callable[[str, str], None]
) -> None:
    written = len(entries(town, EntryKind.SCREEN_CHANGED))
    with agent.socket() as one, agent.socket() as other:
        watch(agent, one, "cx")
        watch(agent, other, "cy")
        before("came", "~visiteur")
        for socket in (one, other):
            told = cut(socket)
            assert told["code"] == "withdrawn"
            refusal = told["refusal"]
            assert isinstance(refusal, dict)
            assert refusal["ground"] == "screen"  # by which the console asks again once they have gone
    assert agent.get("/api/screen").body["visitor"] is True
    assert refused(agent)
    before("left", "~visiteur")
    with agent.socket() as socket:
        watch(agent, socket)
    new = entries(town, EntryKind.SCREEN_CHANGED)[written:]
    assert [record.outcome for record in new] == ["visitor-came", "visitor-left"]


def test_a_person_before_the_screen_narrows_it_to_what_they_may_see(
    agent: Person, before: Callable[[str, str], None]
) -> None:
    with agent.socket() as one, agent.socket() as other:
        watch(agent, one, "cx")
        watch(agent, other, "cy")
        before("came", "pmX")  # may watch X, not Y
        assert cut(other)["code"] == "withdrawn"
        assert sees(one)
    assert refused(agent, "cy")
    assert not refused(agent, "cx")


def test_the_card_tells_of_the_shared_screen(agent: Person, before: Callable[[str, str], None]) -> None:
    asked = {"camera": "cx", "act": "live"}
    assert agent.post("/api/why", asked).body["verdict"] == "allow"
    before("came", "electedX")
    assert agent.post("/api/why", asked).body["verdict"] == "deny"


def test_only_the_supervisor_says_who_is_there(town: Town, agent: Person) -> None:
    assert agent.get("/api/screens").status == 403
    with agent.socket():
        name = screen_of(town, "compte.agente")
        assert agent.post(f"/api/screens/{name}/present", {"person": "~visiteur"}).status == 403
        unknown = town.person("supervisorE").post(f"/api/screens/{name}/present", {"person": "pmZ"})
        assert unknown.status == 404  # another commune's officer is as unknown as nobody


def test_who_is_there_survives_a_restart(town: Town, agent: Person, before: Callable[[str, str], None]) -> None:
    before("came", "~visiteur")
    kept = Screens(town.centre.data / "centre" / "screens.json")
    held = [one for session in kept._present for one in kept.present(session)]
    assert PersonId("~visiteur") in held
    agent.post("/api/logout")
    kept = Screens(town.centre.data / "centre" / "screens.json")
    assert not kept._present  # a session that is over has no screen
    town.people.pop("agentE", None)


def test_changing_the_reason_never_closes_an_open_view(agent: Person) -> None:
    with agent.socket() as socket:
        opened = watch(agent, socket)
        assert opened["purpose"] == "F5"
        assert agent.duty("dumping").status == 200  # the order does not have F11
        assert refused(agent)
        for _ in range(3):
            time.sleep(0.6)  # the gate asks again every 1.5 s, and on every change
            assert sees(socket)
        assert agent.duty("watch").status == 200
        assert not refused(agent)


def amend_order(town: Town, **fields: JsonValue) -> None:
    """A next version of X's order, as it was at first but for these fields, confirmed by its mayor."""
    registry = town.centre.registry
    first = registry.facts().versions(DocumentId("prefect_order/X"))[0]
    registry.propose(replace(first, fields={**first.fields, **fields}), by=PersonId("clerkE"))
    registry.confirm(first.id, by=PersonId("mayorX"))


def test_a_person_in_danger_is_asked_under_what_the_order_has_and_reviewed(town: Town, agent: Person) -> None:
    try:
        amend_order(town, purposes=["F1", "F5"])  # no rescue (F8)
        assert agent.duty("person-in-danger").status == 200
        with agent.socket() as socket:
            opened = watch(agent, socket)
        assert opened["purpose"] == "F5"
        supervisor = town.person("supervisorE")
        waiting = supervisor.get("/api/reviews").body
        mine = next(one for one in waiting if one["view"] == opened["view"])
        assert mine["reason"]["fr"].startswith("Personne en danger")
        assert mine["account"] == "compte.agente"
        record = next(one for one in entries(town, EntryKind.VIEW_OPENED) if one.view == opened["view"])
        assert record.detail == {"review": "person-in-danger"}
        assert supervisor.post(f"/api/reviews/{opened['view']}", {"note": "chute constatée"}).status == 200
        assert opened["view"] not in [one["view"] for one in supervisor.get("/api/reviews").body]
        assert supervisor.post(f"/api/reviews/{opened['view']}", {}).status == 404
        done = entries(town, EntryKind.REVIEWED)[-1]
        assert done.opened == record.index
        assert "chute" not in str(done)  # free text stays beside the register
        # An ordinary reason asks for no review.
        assert agent.duty("watch").status == 200
        with agent.socket() as socket:
            plain = watch(agent, socket)
        assert plain["view"] not in [one["view"] for one in supervisor.get("/api/reviews").body]
    finally:
        amend_order(town)


def test_an_order_that_declares_posts_opens_on_these_machines_alone(town: Town, agent: Person) -> None:
    admin = town.person("adminE")
    try:
        amend_order(town, posts=["Salle 1, poste A"])
        assert refused(agent)
        made = admin.post("/api/posts", {"name": "Salle 1, poste A"}).body
        assert agent.post("/api/posts/enrol", {"code": "MAUVAISCODE"[:10]}).status == 404
        answer = agent.post("/api/posts/enrol", {"code": made["code"].lower()})
        assert answer.body == {"name": "Salle 1, poste A"}
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert agent.post("/api/posts/enrol", {"code": made["code"]}).status == 404  # a code serves once
        assert agent.get("/api/me").body["post"] == "Salle 1, poste A"
        forged = town.session("agentE")
        forged.duty("watch")
        forged.cookies["beffroi-post"] = agent.cookies["beffroi-post"][:-1] + "0"
        if forged.cookies["beffroi-post"] != agent.cookies["beffroi-post"]:
            assert refused(forged)
        assert agent.get("/api/me").body["duty"]["authorities"]
        assert listed(agent)["cx"] == "allow"
        assert listed(town.person("agentE"))["cx"] == "deny"  # the same person on another machine
        with agent.socket() as socket:
            watch(agent, socket)
            assert admin.post(f"/api/posts/{made['id']}/revoke").status == 200
            assert cut(socket)["code"] == "withdrawn"
        assert refused(agent)
        changes = [(one.outcome, one.detail["post"]) for one in entries(town, EntryKind.POST_CHANGED)]
        assert changes == [(what, "Salle 1, poste A") for what in ("created", "enrolled", "revoked")]
    finally:
        amend_order(town)
    assert not refused(agent)  # an order without posts does not narrow
