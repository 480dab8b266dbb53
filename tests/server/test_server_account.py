"""The account as the DPO and the mayor read it: only what the law opens, every reading an entry, from a recorder that
answers on its real socket."""

import asyncio
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.centre import Town, running
from tests.support.registeracts import since

from beffroi.capture.control import ControlServer
from beffroi.cli.promises.client import Answer, Person
from beffroi.domain.errors import BadInputError, BrokenError
from beffroi.domain.text import Text
from beffroi.ledger.entry import EntryKind
from beffroi.server import accountparts
from beffroi.server.accountparts import CAMERA_DAYS, divided
from beffroi.vault.accounttext import Fault, act, discrepancy

DAY, MONTH = "2026-03-02", "from=2026-02-01&to=2026-02-28"
KNOWN = ["cd", "cx", "cy", "cz", "gone"]
FAULT = {"kind": "entry_missing", "name": "7", "text": {"fr": "l'acte n° 7 manque", "en": "act no. 7 is missing"}}
TERMS = ("mandated", "recorded", "gaps", "pending", "beyond", "held", "destroyed", "lost", "twice")


class FakeBooks:
    """What a recorder answers: a line for each camera asked for, wrong for the cameras named."""

    def __init__(self, wrong: set[str] = frozenset()) -> None:  # type: ignore[assignment]  # an empty default
        self.wrong = wrong
        self.asked: list[dict[str, Any]] = []
        self.whole: list[dict[str, Any]] = []
        self.before: Callable[[list[str]], None] = lambda _: None
        self.at_once = self.most_at_once = 0
        self.fault = {"fr": "Le fichier f", "en": "The file f"}

    def call(self, method: str, params: dict[str, Any]) -> Any:
        if method == "journal":  # the centre asks for it all the while, and says when it is refused
            return {"entries": []}
        if method == "ping":
            return {"pong": 1_772_460_000_000_000}
        if method == "account_known":
            return {"cameras": KNOWN, **self.told()}
        if method != "account":
            raise BadInputError(Text(fr="Inconnu.", en="Unknown."))
        self.asked.append(params)
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            self.before(params["cameras"])
        finally:
            self.at_once -= 1
        return {"adds_up": True, "days": [self.line(one) for one in params["cameras"]], **self.told()}

    def told(self) -> dict[str, Any]:
        return {"now_us": 1_772_460_000_000_000, "whole": self.whole, "whole_us": 1}

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


def whole(answer: Answer) -> dict[str, Any]:
    """The lines of an answer as one, when it came to its end."""
    assert answer.status == 200, answer.raw
    head, *parts, end = [json.loads(line) for line in answer.raw.splitlines() if line]
    assert [part["done"] for part in parts][-1:] == ([head["cameras"]] if head["cameras"] else [])
    return {**head, "days": [line for part in parts for line in part["days"]], **end}


@contextmanager
def reading(client: Person, query: str, *, silent: Any = None) -> Iterator[Callable[[], Any]]:
    """An answer as it comes, line by line, until one leaves; "" is its end. A line that says nothing is ``silent``, or
    passed over."""
    link = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
    link.request("GET", f"/api/account?{query}", headers={"Cookie": client.cookie_header()})
    response = link.getresponse()
    assert response.status == 200

    def line() -> Any:
        while (raw := response.readline()) == b"\n":
            if silent is not None:
                return silent
        return json.loads(raw) if raw else ""

    try:
        yield line
    finally:
        response.close()
        link.close()


def ended(town: Town) -> int:
    """How many answers of this route have come to an end, whole or left."""
    samples = [one for found in town.app.state.collectors for family in found.collect() for one in family.samples]
    own = (one for one in samples if one.labels.get("route") == "/api/account")
    counted: float = sum(one.value for one in own if one.name.endswith("_count"))
    return round(counted)


def test_a_mayor_reads_the_account_of_the_commune_alone(town: Town) -> None:
    books = FakeBooks(wrong={"cx"})
    books.whole = [FAULT]
    mayor = town.person("mayorX")
    with answering(town, books):
        found = whole(mayor.get(f"/api/account?from={DAY}"))
    own = {camera.id for camera in town.centre.registry.facts().cameras.values() if camera.commune == "X"}
    assert {camera for one in books.asked for camera in one["cameras"]} == own & set(KNOWN)
    assert {line["commune"] for line in found["days"]} == {found["days"][0]["commune"]}
    assert found["adds_up"] is False
    assert found["cameras"] == len(own & set(KNOWN))
    assert "7" not in str(found["whole"])  # acts of others are not counted before a mayor
    assert "délégué" in found["whole"][0]["text"]["fr"]


def test_a_mayor_is_told_neither_another_s_fault_nor_how_many_acts_there_are(town: Town) -> None:
    """What differs is one camera of another commune, and how much its recorder's journal holds."""
    answers = []
    for foreign, seq in (([], 41), ([{**FAULT, "camera": "cz"}], 1_007)):
        books = FakeBooks(wrong={"cx"})
        books.whole, books.fault = foreign, discrepancy(Fault.ENTRY_ALONE, act(seq), "f", camera="cx").text.as_dict()
        with answering(town, books):
            answers.append(whole(town.person("mayorX").get(f"/api/account?from={DAY}")))
            every = whole(town.person("dpo").get(f"/api/account?from={DAY}"))
        assert str(seq) in str(every["days"])
        assert len(every["whole"]) == len(foreign)
    assert answers[0] == answers[1]
    assert "un acte" in str(answers[0]["days"])
    books = FakeBooks()
    books.whole = [{**FAULT, "camera": "cx"}]
    with answering(town, books):
        own = whole(town.person("mayorX").get(f"/api/account?from={DAY}&camera=cd"))
    assert own["whole"], "one's own is told whichever camera was asked for"


def test_the_dpo_reads_all_even_of_cameras_that_are_no_more(town: Town) -> None:
    books = FakeBooks()
    with answering(town, books):
        found = whole(town.person("dpo").get(f"/api/account?from={DAY}&to={DAY}"))
    assert found["adds_up"] is True
    assert [line["name"] for line in found["days"] if line["camera"] == "gone"] == ["gone"]


def test_a_month_is_asked_for_a_camera_at_a_time_and_told_as_it_comes(town: Town) -> None:
    """However many cameras there are, the recorder is never asked for more than one's month at once, and the reader
    waits for one camera, not for all."""
    books, told = FakeBooks(), threading.Semaphore(0)
    books.before = lambda _: assert_(told.acquire(timeout=60))
    with answering(town, books), reading(town.session("dpo"), MONTH) as line:
        assert line() == {"from": "2026-02-01", "to": "2026-02-28", "cameras": len(KNOWN)}
        for done, camera in enumerate(KNOWN, 1):
            told.release()
            part = line()
            assert (part["done"], [one["camera"] for one in part["days"]]) == (done, [camera])
        assert line()["adds_up"] is True
    assert [one["cameras"] for one in books.asked] == [[camera] for camera in KNOWN]


def test_who_leaves_stops_the_work_and_who_comes_back_waits_for_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recorder cannot be stopped in what it was asked for: it is asked for a part, once, and by one person for one
    at a time."""
    monkeypatch.setattr(accountparts, "SILENCE_S", 0.2)
    books, asked, go_on = FakeBooks(), threading.Event(), threading.Event()

    def before(_: list[str]) -> None:
        asked.set()
        assert go_on.wait(60)

    books.before = before
    with running(tmp_path / "data") as town, answering(town, books):
        dpo = town.person("dpo")
        with reading(dpo, MONTH) as line:
            assert line()["cameras"] == len(KNOWN)
            assert asked.wait(60)
        until_s = time.monotonic() + 60
        while ended(town) == 0 and time.monotonic() < until_s:
            time.sleep(0.01)
        assert ended(town) == 1, "the centre noticed"
        with reading(dpo, MONTH, silent="waits") as line:
            assert line()["cameras"] == len(KNOWN)
            assert [line() for _ in range(3)] == ["waits"] * 3
            go_on.set()
            told = [said for said in iter(line, "") if said != "waits"]
    assert [part.get("done") for part in told] == [1, 2, 3, 4, 5, None]
    assert books.most_at_once == 1
    assert [one["cameras"] for one in books.asked] == [[camera] for camera in ("cd", *KNOWN)]


def test_a_session_that_ends_is_told_nothing_more(town: Town) -> None:
    books, told = FakeBooks(), threading.Semaphore(0)
    books.before = lambda _: assert_(told.acquire(timeout=60))
    dpo = town.session("dpo")
    with answering(town, books), reading(dpo, MONTH) as line:
        told.release()
        assert [line().get("cameras"), line().get("done")] == [len(KNOWN), 1]
        assert dpo.post("/api/logout").status < 300
        told.release()
        assert "session a pris fin" in line()["error"]["text"]["fr"]
        assert line() == "", "nothing after it"
    assert len(books.asked) == 2


def test_a_recorder_that_fails_midway_is_told_and_nothing_adds_up(town: Town) -> None:
    def fail(cameras: list[str]) -> None:
        if "cz" in cameras:
            raise BrokenError(Text(fr="La panne.", en="The fault."))

    books = FakeBooks()
    books.before = fail
    with answering(town, books):
        answer = town.person("dpo").get(f"/api/account?{MONTH}")
    *_, last = [json.loads(line) for line in answer.raw.splitlines() if line]
    assert last["error"]["text"]["fr"] == "La panne."
    assert b'adds_up": true, "whole' not in answer.raw
    assert [one["cameras"] for one in books.asked] == [["cd"], ["cx"], ["cy"], ["cz"]]


@given(st.lists(st.text(max_size=3), max_size=40), st.integers(0, 30))
def test_parts_are_all_the_cameras_a_few_camera_days_each(cameras: list[str], more: int) -> None:
    first = date(2026, 3, 1)
    parts = divided(cameras, first, first + timedelta(days=more))
    assert [one for part in parts for one in part] == cameras
    assert all(len(part) == 1 or len(part) * (more + 1) <= CAMERA_DAYS for part in parts)


def assert_(met: bool) -> None:
    assert met


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
