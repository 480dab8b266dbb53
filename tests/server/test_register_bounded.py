"""Answers that hold so many lines and no more: what a reader may not see takes no place in them and is not counted.

Else `more`, or a line of one's own that is missing, would tell that there is a camera elsewhere, and how busy it is.
"""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from sqlalchemy import update
from tests.support import worlds
from tests.support.centre import Town, running
from tests.support.missionletter import letter
from tests.support.registeracts import view

from beffroi.base.db import session_scope
from beffroi.cli.promises.client import Answer, Person
from beffroi.domain.clock import to_wall_us
from beffroi.domain.ids import CameraId, PersonId, ViewId
from beffroi.identity import Role
from beffroi.identity.tables import AccountRow
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.server import registers
from beffroi.server.routes import acts, room

DAY = "2026-03-01"
FEW = 3
DAY_US = 86_400_000_000


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Yesterday: two refused views of cx; five of cy before them, five after; nothing else."""
    with running(tmp_path_factory.mktemp("bounded") / "data") as one:
        for number in range(5):
            view(one, "cy", f"before-{number}", minutes_ago=90 - number, days_ago=1, refused=True)
            view(one, "cy", f"after-{number}", minutes_ago=20 - number, days_ago=1, refused=True)
        for number in range(2):
            view(one, "cx", f"own-{number}", minutes_ago=60 - number, days_ago=1, refused=True)
        yield one


def told(answer: Answer) -> tuple[list[str], bool]:
    """The cameras of an answer's lines, and whether it says that there are more."""
    assert answer.status == 200, answer.body
    return [one["camera"] for one in answer.body["entries"]], answer.body["more"]


def test_what_a_letter_is_not_about_takes_no_line_and_is_no_more(town: Town) -> None:
    inspector = town.person("inspector")
    with patch.object(acts, "MOST", FEW):
        with letter(town, "own", cameras="cx"):
            assert told(inspector.get(f"/api/register?day={DAY}")) == (["Place du Marché"] * 2, False)
            foreign, unknown = (inspector.get(f"/api/register?day={DAY}&camera={one}") for one in ("cy", "none"))
            assert told(foreign) == ([], False)
            assert foreign.raw == unknown.raw
        with letter(town, "x", bodies="X"), letter(town, "y", bodies="Y"):
            lines, more = told(inspector.get(f"/api/register?day={DAY}"))
            assert (lines, more) == (["Rue Haute"] * FEW, True), "of one's own there are more"
            assert told(inspector.get(f"/api/register?day={DAY}&camera=cx")) == (["Place du Marché"] * 2, False)
        with letter(town, "dates", bodies="Y", **{"from": "2026-03-02"}):
            assert told(inspector.get(f"/api/register?day={DAY}")) == ([], False), "the letter's days are others"


def test_a_mayor_learns_nothing_of_a_foreign_camera_by_the_whole_register(town: Town) -> None:
    with patch.object(acts, "MOST", FEW):
        for reader in (town.person("mayorX"), of_another_office(town)):
            for path in (f"/api/register?day={DAY}&camera=", f"/api/seen?day={DAY}&camera="):
                foreign, unknown = (reader.get(path + one) for one in ("cy", "none"))
                assert (foreign.status, foreign.raw) == (unknown.status, unknown.raw)
                assert foreign.status == 403
            assert reader.get(f"/api/register?day={DAY}").status == 403


def test_no_entry_is_proven_or_lifted_for_who_may_not_read_the_whole(town: Town) -> None:
    ledger = town.centre.ledger
    foreign = next(one for one in range(ledger.size) if ledger.record(one).camera == "cy")
    reader = of_another_office(town)
    assert [reader.get(f"/api/register/{foreign}/{what}").status for what in ("proof", "person")] == [403, 403]


def of_another_office(town: Town) -> Person:
    """A mayor whose account has a role that is not theirs: no invitation gives it, and the law still decides."""
    with session_scope(town.centre.engine) as session:
        changed = update(AccountRow).where(AccountRow.person == "mayorZ").values(role=Role.INSPECTOR.value)
        session.execute(changed)
    return town.session("mayorZ")


def test_a_register_is_not_refused_for_entries_that_a_letter_is_not_about(town: Town) -> None:
    """Entries of the day after are looked through, for views that end then: they are outside of the letter's days."""
    for number in range(FEW + 1):
        view(town, "cx", f"later-{number}", minutes_ago=60 + number)
    path = f"/api/registers/accesses?commune=X&from={DAY}&to={DAY}"
    with patch.object(registers, "MOST", FEW):
        with letter(town, "day", bodies="X", **{"from": DAY, "to": DAY}):
            assert town.person("inspector").get(path).status == 200
        assert town.person("inspector").get(path).status == 422, "without it they count"


def test_acts_to_review_elsewhere_hide_none_of_one_s_own(town: Town) -> None:
    def to_review(camera: str, view_: str) -> None:
        town.centre.ledger.append(
            Entry(
                EntryKind.VIEW_OPENED,
                actor=PersonId("agentE"),
                camera=CameraId(camera),
                view=ViewId(view_),
                detail={"review": "person-in-danger"},
                at_us=to_wall_us(worlds.NOW) - DAY_US,
            )
        )

    supervisor = town.person("supervisorE")
    for number in range(FEW):
        to_review("cz", f"elsewhere-{number}")
    to_review("cx", "own")
    with patch.object(room, "MOST", FEW):
        assert [one["view"] for one in supervisor.get("/api/reviews").body] == ["own"]
        assert supervisor.post("/api/reviews/elsewhere-0", {}).status == 404
        assert supervisor.post("/api/reviews/own", {}).status == 200
        assert supervisor.get("/api/reviews").body == []
