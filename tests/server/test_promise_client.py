"""The person whom the promises put before the centre: asks again when the register's disk stalled, and no more."""

import dataclasses
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.centre import Town, running
from tests.support.stilllive import show_stills

from beffroi.base.files import fsync_fd
from beffroi.cli.promises.client import Answer, Person
from beffroi.cli.promises.listening import listening
from beffroi.cli.promises.waiting import wait_until
from beffroi.gate.gate import REGISTER_WAIT_S
from beffroi.ledger.entry import EntryKind

PATIENT_S = 60.0


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running(tmp_path_factory.mktemp("stall") / "data") as one:
        show_stills(one.app)
        yield one


@dataclasses.dataclass
class Watching(Person):
    """One who hears the first refusal of a disk that stalls; then the disk goes again."""

    refused: Callable[[], None] = lambda: None
    statuses: list[int] = dataclasses.field(default_factory=list)

    def open_view(self, connection_id: str, camera: str, act: str = "live", **more: Any) -> Answer:
        answer = super().open_view(connection_id, camera, act, **more)
        self.statuses.append(answer.status)
        if answer.status == 503:
            self.refused()
        return answer


@contextmanager
def stalled(town: Town, person: Watching) -> Iterator[None]:
    """The register's disk answers no fsync until this person was refused for it, as late as a real gate refuses."""
    goes, store, registrar = threading.Event(), town.centre.ledger._store, town.app.state.viewing.gate._register

    def held(fd: int, path: Path) -> None:
        assert goes.wait(60)
        fsync_fd(fd, path)

    def go() -> None:
        registrar._wait_s = PATIENT_S  # the next answer is not about this machine's disk
        goes.set()

    before, store._fsync, registrar._wait_s, person.refused = store._fsync, held, REGISTER_WAIT_S, go
    try:
        yield
    finally:
        go()
        store._fsync = before


def watching(town: Town) -> Watching:
    person = town.session("agentE")
    assert person.duty("watch").status == 200
    return Watching(person.port, person.cookies)


def test_a_disk_that_stalls_once_is_asked_again_and_the_view_is_one_act(town: Town) -> None:
    person, size = watching(town), town.centre.ledger.size
    with stalled(town, person), person.socket() as socket:
        answer = person.obtain_view(socket.connection_id, "cx")
        assert (person.statuses, answer.status) == ([503, 201], 201)
        ledger = town.centre.ledger

        def told(kind: EntryKind, outcome: str | None) -> set[str | None]:
            records = [ledger.record(index) for index in range(size, ledger.size)]
            return {one.view for one in records if one.kind is kind and outcome in {None, one.outcome}}

        def alone() -> bool:
            late = told(EntryKind.VIEW_ENDED, "register_late")
            return len(late) == 1 and told(EntryKind.VIEW_OPENED, None) - late == {answer.body["view"]}

        wait_until(alone, "une seule vue", "one view")


def test_who_listens_is_not_turned_away_by_a_disk_that_stalls_once(town: Town) -> None:
    person = watching(town)
    with stalled(town, person), listening(person, "cx") as listener:
        wait_until(lambda: listener.fragments, "une image", "a picture")
    assert person.statuses == [503, 201]


def test_a_disk_that_goes_no_more_is_asked_a_few_times_and_what_is_refused_once() -> None:
    asked = []

    class Refused(Person):
        def open_view(self, connection_id: str, camera: str, act: str = "live", **more: Any) -> Answer:
            asked.append((connection_id, camera, act, more))
            return Answer(503 if camera == "stalled" else 403, {}, b"", {})

    person = Refused(1)
    assert person.obtain_view("c", "stalled", "replay", reason="watch").status == 503
    assert asked == [("c", "stalled", "replay", {"reason": "watch"})] * 5
    asked.clear()
    assert person.obtain_view("c", "foreign").status == 403
    assert len(asked) == 1
