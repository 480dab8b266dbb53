"""A page with pictures to be drawn upon asks whether it may still show them: told why not, and nothing prolonged."""

from collections.abc import Iterator

import pytest
from tests.server.test_subject import SECOND, entries, reason, step
from tests.server.test_subject_ends import on_its_loop
from tests.server.test_subject_leftovers import opened
from tests.support.clips import clip
from tests.support.desktown import AGENT, DeskTown, desk_town
from tests.support.ports import wait_for

from beffroi.cli.promises.client import Answer
from beffroi.domain.ids import PersonId
from beffroi.ledger.entry import EntryKind
from beffroi.server.subjectediting import Editings


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskTown]:
    with desk_town(tmp_path_factory.mktemp("still") / "data") as one:
        one.record("cx", clip(count=250))
        yield one


def still(place: DeskTown, request: str, name: str, who: str = AGENT) -> Answer:
    return place.town.person(who).get(f"/api/subject/requests/{request}/copies/{name}/open")


def why(answer: Answer) -> str:
    assert answer.status == 403, answer.body
    return str(answer.body["error"]["text"]["fr"])


def ends(place: DeskTown, name: str) -> list[str | None]:
    """How the views of a copy ended, as the register tells it."""
    records = entries(place)
    views = {one.view for one in records if one.detail.get("copy") == name and one.kind is EntryKind.VIEW_OPENED}
    return [one.outcome for one in records if one.kind is EntryKind.VIEW_ENDED and one.view in views]


def test_asking_is_told_and_keeps_nothing_open(place: DeskTown, monkeypatch: pytest.MonkeyPatch) -> None:
    request, name = opened(place)
    editings: Editings = place.town.app.state.subjects
    used_s, size = editings._open[name].used_s, place.town.centre.ledger.size
    for _ in range(3):
        answer = still(place, request, name)
        assert (answer.status, answer.body) == (200, {"open": True})
    assert editings._open[name].used_s == used_s, "a page left alone would keep them open for ever"
    assert place.town.centre.ledger.size == size, "nothing was shown"
    assert "ouvrez-les" in why(still(place, request, name, SECOND)), "another session has nothing open"
    monkeypatch.setattr(editings, "idle_s", -1.0)  # that long ago
    wait_for(lambda: name not in editings._open, what="the sweep")
    assert "personne n'a demandé d'image" in why(still(place, request, name)).lower()
    assert "personne n'a demandé" not in why(still(place, request, name, SECOND)).lower(), "said to whom it was open"
    wait_for(lambda: ends(place, name) == ["ended"], what="the end in the register")


def test_what_withdrew_the_pictures_is_said(place: DeskTown) -> None:
    request, name = opened(place)
    (paper,) = place.town.person(AGENT).get(f"/api/subject/requests/{request}").body["papers"]
    assert still(place, request, "none").status == 404
    place.town.centre.registry.withdraw(paper["id"], by=PersonId("mayorX"), reason="essai")
    assert "ouvrez-les" not in why(still(place, request, name)), "others' titles are no title"


def test_somebody_before_the_screen_darkens_the_pictures_and_why_is_remembered(place: DeskTown) -> None:
    request, name = opened(place)
    editings: Editings = place.town.app.state.subjects
    session = editings._open[name].caller.session

    async def came() -> None:
        place.town.centre.screens.came(session, PersonId("electedX"))
        editings.viewing.restate()

    assert still(place, request, name).status == 200
    on_its_loop(place, came())
    wait_for(lambda: name not in editings._open, what="the sweep")
    said = why(still(place, request, name))
    assert "ouvrez-les" not in said, "the law's sentence, also once they are closed"
    assert "ouvrez-les" in why(still(place, request, name, SECOND)), "said to whom they were open, to nobody else"
    place.town.centre.screens.left(session, PersonId("electedX"))
    assert step(place, request, f"copies/{name}/open", {"reason": reason(place)})[0] == 200
    assert still(place, request, name).status == 200
    assert step(place, request, f"copies/{name}/close")[0] == 200
    assert "ouvrez-les" in why(still(place, request, name)), "what was closed by hand has no other reason"
    assert len(ends(place, name)) == 2
