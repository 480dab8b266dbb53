"""The register as people read it: one's own acts, the whole for controllers, and reading is itself an act."""

import asyncio
from typing import Any

from tests.support.centre import Town
from tests.support.registeracts import since

from beffroi.capture.client import RecorderGoneError
from beffroi.ledger.entry import EntryKind
from beffroi.server.intake import JournalIntake
from beffroi.server.notices import Notices
from beffroi.server.routes.acts import PAGE


def test_reading_the_register_is_an_entry_before_it_is_an_answer(town: Town) -> None:
    inspector = town.person("inspector")
    before = town.centre.ledger.size
    answer = inspector.get("/api/register?camera=cx&day=2026-03-02")
    assert answer.status == 200
    (read,) = since(town, before, EntryKind.REGISTER_READ)
    record = town.centre.ledger.record(read)
    assert (record.camera, record.detail["day"]) == ("cx", "2026-03-02")
    mine = inspector.get("/api/acts/mine").body["entries"][0]
    assert mine["kind"] == "register_read"
    assert "2026-03-02" in mine["text"]["fr"]
    assert [entry["kind"] for entry in answer.body["entries"]].count("register_read") == 1


def test_one_s_own_acts_are_numbered_from_one_and_come_by_pages(town: Town) -> None:
    person = town.session("mayorY")
    person.duty()
    for begun in range(0, PAGE + 2, 10):  # a socket that shows no lease is closed after a while
        with person.socket() as socket:
            for _ in range(begun, min(begun + 10, PAGE + 2)):
                assert person.open_view(socket.connection_id, "cx").status == 403
    first = person.get("/api/acts/mine").body
    assert len(first["entries"]) == PAGE
    numbers = [entry["index"] for entry in first["entries"]]
    older = person.get(f"/api/acts/mine?before={first['next']}").body
    numbers += [entry["index"] for entry in older["entries"]]
    assert numbers == list(range(numbers[0], 0, -1))
    assert older["next"] is None


def test_nobody_s_acts_are_another_s(town: Town) -> None:
    one, other = town.person("mayorX"), town.person("pmX")
    one.duty()
    with one.socket() as socket:
        one.open_view(socket.connection_id, "cy")
    kinds = {entry["kind"] for entry in other.get("/api/acts/mine").body["entries"]}
    assert kinds <= {"login"}
    refused = one.get("/api/acts/mine").body["entries"][0]
    assert (refused["kind"], refused["camera"], refused["commune"]) == ("view_refused", "cy", None)


class Journal:
    """A recorder whose journal holds these lines."""

    def __init__(self, *lines: dict[str, Any]) -> None:
        self.lines, self.gone = list(lines), False

    async def journal(self, after: int, limit: int) -> list[dict[str, Any]]:
        if self.gone:
            raise RecorderGoneError
        return [line for line in self.lines if line["seq"] > after][:limit]

    async def journal_ack(self, seq: int) -> None:
        self.acked = seq


def line(seq: int, **more: Any) -> dict[str, Any]:
    return {"seq": seq, "kind": "run_started", "wall_us": 1_772_442_000_000_000, "fields": {"camera": "cx"}, **more}


async def test_a_journal_is_taken_in_once_and_acknowledged(town: Town) -> None:
    journal = Journal(line(1), line(2))
    intake = JournalIntake(journal, town.centre.ledger, name="essai")  # type: ignore[arg-type]  # of a recorder, its journal
    assert await intake.once() == 2
    assert journal.acked == 2
    assert await intake.once() == 0
    journal.lines.append(line(3))
    assert await intake.once() == 1
    assert town.centre.ledger.last_seq("essai") == 3


async def test_a_journal_that_is_not_understood_is_told(town: Town) -> None:
    told = Notices()
    journal = Journal({"seq": 1})
    taking = JournalIntake(journal, town.centre.ledger, name="autre", tell=told.journal)  # type: ignore[arg-type]  # same
    async with taking as intake:
        assert intake is not None
        async with asyncio.timeout(60):
            while not told.listed():
                await asyncio.sleep(0.01)
    assert [notice.code for notice in told.listed()] == ["journal-stuck"]
    told.journal(None)
    assert told.listed() == []


def test_a_session_is_in_the_register_before_its_cookie_leaves(town: Town) -> None:
    before = town.centre.ledger.size
    town.session("pmZ")
    (login,) = since(town, before, EntryKind.LOGIN)
    assert town.centre.ledger.payload(login) is not None


def test_a_failed_login_is_an_entry_without_the_name_that_was_typed(town: Town) -> None:
    town.forgive()
    before = town.centre.ledger.size
    town.nobody().login("Tilleul-mot-de-passe-tape-trop-tot", "x", "1")
    (index,) = since(town, before, EntryKind.LOGIN_FAILED)
    assert town.centre.ledger.record(index).actor is None
    assert set(town.centre.ledger.payload(index) or {}) == {"address"}
    town.forgive()


def test_the_machine_s_troubles_are_told_to_those_who_look_after_it(town: Town) -> None:
    told = town.person("technician").get("/api/health/system").body["notices"]
    assert [notice["code"] for notice in told] == ["recorder-silent"]
    assert set(told[0]["text"]) == {"fr", "en"}
    town.centre.supply.told.locked()
    try:
        assert [one["code"] for one in town.person("adminE").get("/api/me").body["notices"]] == ["keyring-locked"]
        for other in ("agentE", "supervisorE", "mayorX", "dpo"):
            assert town.person(other).get("/api/me").body["notices"] == []
    finally:
        town.centre.supply.told._held.clear()
