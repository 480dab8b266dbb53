"""The account as the DPO and the mayor read it: only what the law opens, every reading an entry, from a recorder that
answers on its real socket."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.support.centre import Town
from tests.support.registeracts import since

from beffroi.capture.control import ControlServer
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from beffroi.ledger.entry import EntryKind
from beffroi.vault.accounttext import Fault, act, discrepancy

DAY = "2026-03-02"
FAULT = {"kind": "entry_missing", "name": "7", "text": {"fr": "l'acte n° 7 manque", "en": "act no. 7 is missing"}}
TERMS = ("mandated", "recorded", "gaps", "pending", "beyond", "held", "destroyed", "lost", "twice")


class FakeBooks:
    """What a recorder answers: a line for each camera asked for, wrong for the cameras named."""

    def __init__(self, wrong: set[str] = frozenset()) -> None:  # type: ignore[assignment]  # an empty default
        self.wrong = wrong
        self.asked: list[dict[str, Any]] = []
        self.whole: list[dict[str, Any]] = []
        self.fault = {"fr": "Le fichier f", "en": "The file f"}

    def call(self, method: str, params: dict[str, Any]) -> Any:
        if method == "journal":  # the centre asks for it all the while, and says when it is refused
            return {"entries": []}
        if method == "ping":
            return {"pong": 1_772_460_000_000_000}
        if method != "account":
            raise BadInputError(Text(fr="Inconnu.", en="Unknown."))
        self.asked.append(params)
        cameras = params.get("cameras", ["cx", "cy", "cz", "gone"])
        days = [self.line(camera) for camera in cameras]
        return {"adds_up": True, "now_us": 1_772_460_000_000_000, "days": days, "whole": self.whole, "whole_us": 1}

    def line(self, camera: str) -> dict[str, Any]:
        bad = camera in self.wrong
        fault = {"kind": "file_missing", "name": "f", "text": self.fault}
        where = {"camera": camera, "stream": "main", "day": DAY, "adds_up": not bad, "wrong": [fault] if bad else []}
        return {**where, **{f"{term}_us": 86_400_000_000 for term in TERMS}}


@contextmanager
def answering(town: Town, books: FakeBooks) -> Iterator[None]:
    """A control socket that answers in a thread of its own."""
    loop = asyncio.new_event_loop()
    server = ControlServer(books)  # type: ignore[arg-type]  # the one method that it calls
    town.centre.recorder_socket.parent.mkdir(parents=True, exist_ok=True)
    ready = threading.Event()

    def run() -> None:
        loop.run_until_complete(server.start(town.centre.recorder_socket))
        ready.set()
        loop.run_forever()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(60)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        town.centre.recorder_socket.unlink(missing_ok=True)


def test_a_mayor_reads_the_account_of_the_commune_alone(town: Town) -> None:
    books = FakeBooks(wrong={"cx"})
    books.whole = [FAULT]
    mayor = town.person("mayorX")
    with answering(town, books):
        found = mayor.get(f"/api/account?from={DAY}")
    assert found.status == 200, found.body
    own = {camera.id for camera in town.centre.registry.facts().cameras.values() if camera.commune == "X"}
    assert set(books.asked[0]["cameras"]) == own
    assert {line["commune"] for line in found.body["days"]} == {found.body["days"][0]["commune"]}
    assert found.body["adds_up"] is False
    assert "7" not in str(found.body["whole"])  # acts of others are not counted before a mayor
    assert "délégué" in found.body["whole"][0]["text"]["fr"]


def test_a_mayor_is_told_neither_another_s_fault_nor_how_many_acts_there_are(town: Town) -> None:
    """What differs is one camera of another commune, and how much its recorder's journal holds."""
    answers = []
    for foreign, seq in (([], 41), ([{**FAULT, "camera": "cz"}], 1_007)):
        books = FakeBooks(wrong={"cx"})
        books.whole, books.fault = foreign, discrepancy(Fault.ENTRY_ALONE, act(seq), "f", camera="cx").text.as_dict()
        with answering(town, books):
            answers.append(town.person("mayorX").get(f"/api/account?from={DAY}").body)
            whole = town.person("dpo").get(f"/api/account?from={DAY}").body
        assert str(seq) in str(whole["days"])
        assert len(whole["whole"]) == len(foreign)
    assert answers[0] == answers[1]
    assert "un acte" in str(answers[0]["days"])
    books = FakeBooks()
    books.whole = [{**FAULT, "camera": "cx"}]
    with answering(town, books):
        own = town.person("mayorX").get(f"/api/account?from={DAY}&camera=cd").body
    assert own["whole"], "one's own is told whichever camera was asked for"


def test_the_dpo_reads_all_even_of_cameras_that_are_no_more(town: Town) -> None:
    books = FakeBooks()
    with answering(town, books):
        found = town.person("dpo").get(f"/api/account?from={DAY}&to={DAY}")
    assert found.body["adds_up"] is True
    assert "cameras" not in books.asked[0]
    assert [line["name"] for line in found.body["days"] if line["camera"] == "gone"] == ["gone"]


def test_reading_is_an_entry_before_it_is_an_answer(town: Town) -> None:
    dpo, before = town.person("dpo"), town.centre.ledger.size  # logging in is an entry of its own
    assert dpo.get(f"/api/account?from={DAY}").status == 503  # no recorder answers
    (read,) = since(town, before, EntryKind.REGISTER_READ)
    detail = town.centre.ledger.record(read).detail
    assert (detail["day"], detail["account"]) == (DAY, DAY)


@pytest.mark.parametrize("person", ["agentE", "pmX", "electedX", "technician", "adminE", "supervisorE"])
def test_nobody_else_reads_it(town: Town, person: str) -> None:
    asking, before = town.person(person), town.centre.ledger.size  # logging in is an entry of its own
    assert asking.get(f"/api/account?from={DAY}").status == 403
    assert since(town, before, EntryKind.REGISTER_READ) == []
    assert town.nobody().get("/api/account").status == 401


def test_another_s_camera_is_unknown(town: Town) -> None:
    mayor = town.person("mayorX")
    there, nowhere = mayor.get("/api/account?camera=cz"), mayor.get("/api/account?camera=zz")
    assert (there.status, nowhere.status) == (404, 404)
    assert str(there.body).replace("cz", "?") == str(nowhere.body).replace("zz", "?")


@pytest.mark.parametrize("span", ["from=2026-03-02&to=2026-03-01", "from=2026-01-01&to=2026-03-01", "from=hier"])
def test_days_that_are_none_are_refused(town: Town, span: str) -> None:
    assert town.person("dpo").get(f"/api/account?{span}").status == 422
