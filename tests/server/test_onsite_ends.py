"""A joint session has one end, whatever happens while its extract is prepared: that takes as long as the holds do."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.server.test_onsite import desk, played
from tests.support.clips import clip
from tests.support.desktown import DeskTown, desk_town
from tests.support.held import held_back
from tests.support.onsitetown import OnsiteTown, onsite_town
from tests.support.ports import wait_for

from beffroi.server.onsite import Onsites
from beffroi.server.onsiteviews import OnsiteViews

EXTRACT = {"outcome": "extract", "second": "pmX"}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[OnsiteTown]:
    with desk_town(tmp_path / "data") as place:
        place.record("cx", clip(count=300, gop=5, fps=5))
        yield onsite_town(place)


def marked(here: OnsiteTown) -> str:
    """A joint session whose end may be an extract."""
    name = here.begin()
    assert played(here, name, 10, 20)[1] == 201
    assert here.mark(name, 12, 18).status == 201
    return name


def ends(place: DeskTown) -> list[tuple[object, object]]:
    return [(one.detail["outcome"], one.detail["package"]) for one in desk(place, "onsite_ended")]


def first_look(onsites: Onsites) -> None:
    """What the watch of a process does first, until it has looked once."""

    async def once() -> None:
        task = asyncio.create_task(onsites._watch())
        while not told:
            await asyncio.sleep(0.01)
        task.cancel()

    told: list[str] = []

    async def look() -> None:
        told.append("looked")

    onsites.look = look  # type: ignore[method-assign]  # it comes after the first pass
    asyncio.run(once())


def test_an_extract_that_is_asked_for_twice_is_prepared_once(here: OnsiteTown) -> None:
    name = marked(here)
    with ThreadPoolExecutor(1) as pool, held_back(OnsiteViews, "_prepare") as held:
        first = pool.submit(here.step, name, "end", EXTRACT)
        held.begun()
        assert here.step(name, "end", EXTRACT).status == 403, "a page that was reloaded asks again"
        held.go()
        answer = first.result(60)
    assert answer.status == 200, answer.body
    (package,) = here.agent.get(f"/api/desk/cases/{here.case}").body["packages"]
    assert ends(here.place) == [("extract", package["id"])]


def test_an_extract_that_could_not_be_prepared_may_be_asked_for_again(here: OnsiteTown) -> None:
    name = marked(here)
    assert here.step(name, "end", {**EXTRACT, "second": "nobody"}).status in {403, 404, 422}
    assert here.step(name, "end", EXTRACT).status == 200


@pytest.mark.parametrize("how", ["withdrawn", "interrupted"])
def test_what_has_ended_while_its_extract_was_prepared_does_not_end_again(here: OnsiteTown, how: str) -> None:
    name = marked(here)
    with ThreadPoolExecutor(1) as pool, held_back(OnsiteViews, "_prepare", done=True) as held:
        first = pool.submit(here.step, name, "end", EXTRACT)
        held.begun()
        if how == "withdrawn":
            here.withdraw()
        else:
            assert here.step(name, "end", {"outcome": "interrupted", "cause": "left"}).status == 200
        wait_for(lambda: name not in here.onsites.live, what="its own end")
        before = here.onsites.store.one(here.case, name).row
        held.go()
        assert first.result(60).status == 403
    assert ends(here.place) == [("interrupted", "")]
    after = here.onsites.store.one(here.case, name).row
    assert (after.outcome, after.end_entry, after.ended_us) == (before.outcome, before.end_entry, before.ended_us)


def test_the_first_look_ends_nothing_that_has_just_ended(here: OnsiteTown) -> None:
    """Read before, as one of a process that is no more, it looks like what had no end."""
    name, onsites = marked(here), Onsites(here.place.town.centre, here.onsites.desk, here.onsites.viewing)
    with held_back(type(onsites.store), "standing", done=True) as held, ThreadPoolExecutor(1) as pool:
        looking = pool.submit(first_look, onsites)
        held.begun()
        assert here.step(name, "end", {"outcome": "interrupted", "cause": "left"}).status == 200
        held.go()
        looking.result(60)
    assert ends(here.place) == [("interrupted", "")]
