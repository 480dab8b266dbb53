"""Viewing on site, with real chunks, a real register, a real gate: two persons, one requisition, one end."""

import asyncio
import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest
from tests.support.clips import clip
from tests.support.desktown import AGENT, BEGIN_US, DeskTown, desk_town, span
from tests.support.onsitetown import INVESTIGATOR, POST, SERVICE, OnsiteTown, declared, onsite_town
from tests.support.ports import busy, wait_for
from typer.testing import CliRunner

from beffroi.cli.law import app as law
from beffroi.cli.promises.client import KIND_FRAGMENT, ViewSocket
from beffroi.domain.acts import Act
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.evidence.onsiterules import Limits
from beffroi.law.engine import GUEST
from beffroi.ledger.entry import EntryKind, Record
from beffroi.publish.registers.privacy import Secret, secret_of
from beffroi.server.onsite import Onsites


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DeskTown]:
    with desk_town(tmp_path / "data") as one:
        yield one


@pytest.fixture
def here(place: DeskTown) -> OnsiteTown:
    place.record("cx", clip(count=300, gop=5, fps=5))
    return onsite_town(place)


def register(place: DeskTown) -> list[Record]:
    ledger = place.town.centre.ledger
    return [ledger.record(index) for index in range(ledger.size)]


def desk(place: DeskTown, outcome: str) -> list[Record]:
    return [one for one in views(place, EntryKind.DESK) if one.outcome == outcome]


def views(place: DeskTown, kind: EntryKind) -> list[Record]:
    return [one for one in register(place) if one.kind is kind]


def read(socket: ViewSocket, until: str = "end", timeout_s: float = 60) -> list[Any]:
    """Messages up to one of this type, or to the end of the socket."""
    found: list[Any] = []
    while True:
        message = socket.receive(timeout_s)
        if message is None:
            return found
        found.append(message)
        if isinstance(message, dict) and message["type"] == until:
            return found


def fragments(messages: list[Any]) -> list[int]:
    """Wall time of the first picture of each fragment, in seconds after `BEGIN_US`."""
    sent = [one[1] for one in messages if isinstance(one, tuple) and one[0] == KIND_FRAGMENT]
    return [round((int.from_bytes(one[:8], "big") - BEGIN_US) / 1e6) for one in sent]


def played(here: OnsiteTown, name: str, from_s: float, to_s: float) -> tuple[list[Any], int]:
    """All that leaves when this range is opened and played to its end; the status of the asking."""
    with here.agent.socket() as socket:
        answer = here.open(name, socket.connection_id, from_s, to_s)
        if answer.status != 201:
            return [], answer.status
        socket.send({"type": "lease", "lease": answer.body["lease"]})
        messages = read(socket, "timeline")
        seek_us = BEGIN_US + round(from_s * 1e6)
        socket.send({"type": "seek", "seek": 1, "at_us": seek_us, "speed": 1})
        socket.send({"type": "position", "at_us": BEGIN_US + round(to_s * 1e6)})
        messages += read(socket)
        return messages, answer.status


def test_from_the_card_to_nothing_found(here: OnsiteTown) -> None:
    place = here.place
    told = here.agent.get(here.url).body
    assert [one["number"] for one in told["papers"]] == [here.number]
    assert [one["id"] for one in told["papers"][0]["cameras"]] == ["cx"]

    given_up = str(here.ask().body["id"])
    assert here.step(given_up, "end", {"outcome": "interrupted", "cause": "left"}).body["cause"] == "unconfirmed"
    assert desk(place, "onsite_ended")[-1].detail["cause"] == "unconfirmed", "nobody knows whether she left"
    name = str(here.ask().body["id"])
    with here.agent.socket() as socket:
        assert here.open(name, socket.connection_id, 10, 20).status == 403, "the investigator has not confirmed"
    assert here.step(name, "confirm", {"investigator": "Quelqu'un d'autre"}).status == 422
    assert here.step(name, "confirm", {"investigator": INVESTIGATOR.upper()}).status == 200
    assert here.step(name, "confirm", {"investigator": INVESTIGATOR}).status == 422, "once"
    assert here.step(name, "end", {"outcome": "nothing"}).status == 422, "nothing was looked at"

    messages, status = played(here, name, 10, 20)
    assert status == 201
    assert fragments(messages) == list(range(10, 20))
    opened = views(place, EntryKind.VIEW_OPENED)[-1]
    assert opened.detail == {"case": here.case, "onsite": name}
    assert opened.act is Act.REPLAY
    assert opened.decision is not None
    assert here.document in opened.decision.documents
    assert "CSI R.253-3 III" in opened.decision.articles
    assert secret_of(opened) is Secret.ON_SITE

    assert here.step(name, "end", {"outcome": "nothing", "cause": "left"}).status == 422, "one end, not two"
    assert here.step(name, "end", {"outcome": "interrupted"}).status == 422, "an interruption says why"
    assert here.agent.get(f"{here.url}/{name}/recepisse.pdf").status == 403, "not over"
    ended = here.step(name, "end", {"outcome": "nothing"})
    assert (ended.status, ended.body["outcome"]) == (200, "nothing")
    assert here.step(name, "end", {"outcome": "nothing"}).status == 403, "one end"
    entry = desk(place, "onsite_ended")[-1]
    assert entry.detail["outcome"] == "nothing"
    assert entry.detail["views"] == 1
    assert "Essai" not in json.dumps([dict(one.detail) for one in register(place)])

    town = place.town
    for who, told_of_it in ((town.person("dpo"), True), (here.agent, False)):
        (session,) = [one for one in who.get(here.url).body["sessions"] if one["id"] == name]
        assert (session["entry"] is not None) is told_of_it
    assert town.person("pmY").get(here.url).status == 404
    assert town.person("dpo").post(here.url, {}).status == 403

    asked_again = CliRunner().invoke(law, ["replay", "--data", str(town.centre.data)])
    assert re.search(r" 0 différente\(s\), 0 impossible\(s\)", asked_again.output), asked_again.output

    slip = here.agent.call("GET", f"{here.url}/{name}/recepisse.pdf")
    assert slip.status == 200
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(slip.raw)).pages)
    told = " ".join(text.split())
    for word in ("NÉANT", INVESTIGATOR, SERVICE, here.number, "Place du Marché", POST, str(opened.index), "flagrance"):
        assert word in told, word
    assert "09:40:10 – 02/03/2026 09:40:20" in told, "what really left"


def test_two_persons_one_post_one_paper(here: OnsiteTown) -> None:
    place = here.place
    assert here.ask(card=False).status == 422, "the card was not seen"
    assert here.ask(investigator=" ").status == 422
    assert here.ask(number="2024-autre").status == 422
    assert here.ask(service="police nationale").status == 422
    elsewhere = place.town.session(AGENT)
    elsewhere.duty()
    assert here.ask(elsewhere).status == 403, "no declared post"
    off = place.town.session(AGENT)
    off.cookies["beffroi-post"] = here.agent.cookies["beffroi-post"]
    assert here.ask(off).status == 403, "not on duty"
    assert here.ask(place.town.person("pmX")).status == 404, "a case of others is not there"

    with here.agent.socket() as live:
        answer = here.agent.open_view(live.connection_id, "cx")
        live.send({"type": "lease", "lease": answer.body["lease"]})
        name = here.begin()
        messages = read(live, "cut")
        assert [one["type"] for one in messages if isinstance(one, dict)][-1:] == ["cut"], "what was open goes dark"
    assert here.ask().status == 403, "one at a time on a screen"
    off.duty()
    assert here.mark(name, 1, 2).status == 422, "nothing was opened yet"
    with off.socket() as socket:
        body = {"connection": socket.connection_id, "camera": "cx", **span(1, 5)}
        assert here.step(name, "views", body, off).status == 403, "another session is another screen"
    assert here.agent.get(here.url).body["guest"] is True
    supervisor = place.town.person("supervisorE")
    screen = next(one for one in supervisor.get("/api/screens").body if GUEST in {who["id"] for who in one["present"]})
    assert supervisor.call("DELETE", f"/api/screens/{screen['id']}/present/{GUEST}").status == 200
    wait_for(lambda: here.agent.get(here.url).body["guest"] is True, what="her, still there")
    with here.agent.socket() as live:
        assert here.agent.open_view(live.connection_id, "cx").status == 403, "nothing else before her"
        own = {"reason": here.reason(), **span(1, 5)}
        assert here.agent.open_view(live.connection_id, "cx", "replay", **own).status == 403
    assert here.step(name, "end", {"outcome": "interrupted", "cause": "left"}).status == 200
    with here.agent.socket() as live:
        assert here.agent.open_view(live.connection_id, "cx").status == 201, "she has left"
    assert here.agent.get(f"{here.url}/{name}").status in {404, 405}
    assert here.step("V-20260302-00000000", "end", {"outcome": "nothing"}).status == 404


def test_marks_become_a_delivery(here: OnsiteTown) -> None:
    place = here.place
    assert place.hold(here.case, {"cx": (0, 14)}).status == 200
    name = here.begin()
    assert played(here, name, 10, 40)[1] == 201
    assert here.mark(name, 5, 12).status == 422, "not opened"
    assert here.mark(name, 30, 70).status == 403, "outside of the requisition"
    assert here.mark(name, 12, 18).status == 201
    assert here.mark(name, 16, 20).status == 201
    unwanted = here.mark(name, 30, 35).body["marks"][-1]["id"]
    assert here.agent.call("DELETE", f"{here.url}/{name}/marks/{unwanted}").status == 200
    assert here.agent.call("DELETE", f"{here.url}/{name}/marks/{unwanted}").status == 422
    assert here.step(name, "end", {"outcome": "nothing"}).status == 422, "there are marks"
    assert here.step(name, "end", {"outcome": "extract"}).status == 422, "no second person"
    assert here.step(name, "end", {"outcome": "extract", "second": AGENT}).status == 403
    assert here.one(name)["outcome"] == "", "what failed did not end it"
    ended = here.step(name, "end", {"outcome": "extract", "second": "pmX"})
    assert ended.status == 200, ended.body
    case = here.agent.get(f"/api/desk/cases/{here.case}").body
    (package,) = case["packages"]
    assert ended.body["package"] == package["id"]
    lines = [
        ((one["from_us"] - BEGIN_US) / 1e6, (one["to_us"] - BEGIN_US) / 1e6)
        for one in sorted(package["asked"], key=lambda one: one["from_us"])
    ]
    assert lines == [(12, 14), (14, 18), (18, 20)], "each within one mark and one hold"
    assert len(case["holds"]) == 3
    assert [one.detail["package"] for one in desk(place, "onsite_ended")] == [package["id"]]


def darkened(here: OnsiteTown, name: str, what: str, withdraw: Callable[[], object]) -> None:
    """An open view is dark within five seconds of this."""
    clock = here.place.town.centre.clock
    with here.agent.socket() as socket:
        answer = here.open(name, socket.connection_id, 0, 60)
        assert answer.status == 201, answer.body
        socket.send({"type": "lease", "lease": answer.body["lease"]})
        read(socket, "timeline")
        began_s = clock.monotonic_s()
        withdraw()
        messages = read(socket, "cut")
        took_s = clock.monotonic_s() - began_s
    assert isinstance(messages[-1], dict)
    assert messages[-1]["type"] == "cut"
    sys.stdout.write(f"{what}: dark after {took_s:.2f} s\n")
    assert took_s <= 5 * busy()


def ended_by(here: OnsiteTown, name: str) -> str:
    """The cause of an end that comes by itself, as the register has it."""

    def found() -> list[Record]:
        return [one for one in desk(here.place, "onsite_ended") if one.detail["onsite"] == name]

    wait_for(lambda: found() != [], timeout_s=60, what="the end in the register")
    (entry,) = found()
    assert entry.detail["outcome"] == "interrupted"
    return str(entry.detail["cause"])


def test_a_requisition_that_is_withdrawn_closes_all(here: OnsiteTown) -> None:
    name = here.begin()
    darkened(here, name, "requisition", here.withdraw)
    assert ended_by(here, name) == "withdrawn"
    assert here.agent.get(here.url).body["guest"] is True, "she is still before the screen"
    with here.agent.socket() as live:
        assert here.agent.open_view(live.connection_id, "cx").status == 403
    assert here.step(name, "left").status == 200
    assert here.agent.get(here.url).body["guest"] is False
    assert here.ask().status == 403


def test_the_operators_own_right_post_and_session_count_too(here: OnsiteTown) -> None:
    town = here.place.town

    def revoke() -> None:
        posts = town.person("adminE").get("/api/posts").body
        post = next(one for one in posts if one["name"] == POST)
        assert town.person("adminE").post(f"/api/posts/{post['id']}/revoke").status == 200

    name = here.begin()
    darkened(here, name, "post", revoke)
    assert ended_by(here, name) == "session"
    assert here.step(name, "left").status == 200
    declared(here.place, here.agent, "Salle 1, poste B")
    name = here.begin()
    darkened(here, name, "session", lambda: here.agent.post("/api/logout"))
    assert ended_by(here, name) == "session"

    here.agent = town.session(AGENT)
    here.agent.duty()
    declared(here.place, here.agent, "Salle 1, poste C")
    name, own = here.begin(), DocumentId(f"designation/{AGENT}-X")
    darkened(here, name, "right", lambda: town.centre.registry.suspend(own, by=PersonId("mayorX"), reason="essai"))
    assert here.step(name, "end", {"outcome": "nothing"}).status == 200, "the requisition stands: she looked"


def test_it_ends_by_itself(here: OnsiteTown) -> None:
    limits = {"idle": Limits(idle_s=1.0), "time": Limits(longest_s=1.0), "unconfirmed": Limits(confirm_s=0.5)}
    for cause, limit in limits.items():
        here.onsites.limits = Limits()
        name = str(here.ask().body["id"])
        if cause != "unconfirmed":
            assert here.step(name, "confirm", {"investigator": INVESTIGATOR}).status == 200
        here.onsites.limits = limit
        assert ended_by(here, name) == cause
        with here.agent.socket() as socket:
            assert here.open(name, socket.connection_id, 0, 5).status == 403


def test_a_restart_ends_it_and_a_closed_case_forgets_the_name(here: OnsiteTown) -> None:
    name = here.begin()
    centre = here.place.town.centre
    here.onsites.live.clear()  # what a process that stops leaves behind: the rows

    async def restarted() -> None:
        async with Onsites(centre, here.onsites.desk, here.onsites.viewing):
            while here.onsites.store.one(here.case, name).row.ended_us is None:
                await asyncio.sleep(0.02)

    asyncio.run(restarted())
    assert ended_by(here, name) == "restart"
    assert here.agent.get(here.url).body["guest"] is True, "she is still before the screen"
    assert here.step(name, "left").status == 200

    name = here.begin()
    here.onsites.desk.store.change(here.case, lambda found, _: setattr(found.row, "closed_us", BEGIN_US))
    assert ended_by(here, name) == "closed"
    here.onsites.store.forget_closed()
    assert [one["investigator"] for one in here.agent.get(here.url).body["sessions"]] == ["", ""]
    assert here.agent.get(f"{here.url}/{name}/recepisse.pdf").status == 200
    assert here.ask().status == 422, "a closed case opens nothing"


def test_images_past_their_term_are_for_the_extract(here: OnsiteTown) -> None:
    place = here.place
    assert place.hold(here.case, {"cx": (0, 50)}).body["holds"][0]["complete"]
    place.days_pass(31 * 86_400.0)
    name = here.begin()
    with here.agent.socket() as socket:
        refused = here.open(name, socket.connection_id, 0, 30)
    assert refused.status == 403
    assert "extrait" in refused.body["error"]["text"]["fr"]
    assert secret_of(views(place, EntryKind.VIEW_REFUSED)[-1]) is Secret.ON_SITE


def test_a_requisition_that_does_not_provide_for_it(place: DeskTown) -> None:
    here = onsite_town(place, onsite_viewing=False)
    assert here.agent.get(here.url).body["papers"] == []
    refused = here.ask()
    assert refused.status == 403
    assert "complément" in refused.body["error"]["text"]["fr"]
