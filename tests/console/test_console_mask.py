"""The editor of boxes shows a clear picture no longer than its view is open, and never under the name of the result."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect
from tests.console.test_console_subject import looked_at, requests_of
from tests.server.test_subject import entries, granted, prepared
from tests.server.test_subject_ends import on_its_loop
from tests.support.deskscreen import SIZES, seated, town_with_map
from tests.support.desktown import AGENT, DeskTown
from tests.support.held import held_back
from tests.support.ports import wait_for

from beffroi.domain.ids import PersonId
from beffroi.ledger.entry import EntryKind
from beffroi.server.subjectediting import Editings

PATIENCE_MS = 30_000
"""A look each two seconds, four for an answer; far from the five minutes after which the centre closes by itself."""


@pytest.fixture(scope="module")
def place(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskTown]:
    assert built.is_dir()
    with town_with_map(tmp_path_factory.mktemp("mask") / "data") as one:
        yield one


@contextmanager
def editor(browser: Browser, place: DeskTown, *, shown: bool = True) -> Iterator[tuple[Page, str, str]]:
    """The editor of a copy that was agreed to, on the agent's screen; the request and the copy."""
    request = granted(place)
    name = prepared(place, request)
    with seated(browser, place, AGENT, size=SIZES[1]) as seat:
        page = seat.page
        requests_of(page)
        page.locator("tr").filter(has_text=request).get_by_role("button").click()
        page.get_by_role("button", name="Ouvrir pour masquer").click()
        if shown:
            expect(image(page)).to_be_visible(timeout=PATIENCE_MS)
        yield page, request, name


def image(page: Page) -> Locator:
    return page.get_by_role("application").locator("img")


def into(held: list[Route]) -> Callable[[Route], None]:
    """Requests that wait here until the test lets them go."""

    def keep(route: Route) -> None:
        held.append(route)

    return keep


def withdrawn(place: DeskTown, request: str, _: str) -> None:
    (paper,) = place.town.person(AGENT).get(f"/api/subject/requests/{request}").body["papers"]
    place.town.centre.registry.withdraw(paper["id"], by=PersonId("mayorX"), reason="essai")


def visited(place: DeskTown, _: str, name: str) -> None:
    editings: Editings = place.town.app.state.subjects
    session = editings._open[name].caller.session

    async def came() -> None:
        place.town.centre.screens.came(session, PersonId("electedX"))
        editings.viewing.restate()

    on_its_loop(place, came())


def left_alone(place: DeskTown, _: str, name: str) -> None:
    place.town.app.state.subjects._open[name].used_s -= 300.5


@pytest.mark.parametrize(
    ("happens", "said"), [(withdrawn, ""), (visited, ""), (left_alone, "Personne n'a demandé d'image")]
)
def test_the_picture_goes_with_its_view_and_why_is_said(
    browser: Browser, place: DeskTown, happens: Callable[[DeskTown, str, str], None], said: str
) -> None:
    with editor(browser, place) as (page, request, name):
        alert = page.get_by_role("group", name="Masquer à la main").get_by_role("alert")
        expect(alert.filter(has_text="ouvert")).to_have_count(0)
        happens(place, request, name)
        expect(image(page)).to_have_count(0, timeout=PATIENCE_MS)
        expect(alert.filter(has_text=said or ".")).not_to_be_empty()
        looked_at(page, f"mask-{happens.__name__}")
        if happens is visited:
            for key in list(place.town.centre.screens._present):
                place.town.centre.screens.left(key, PersonId("electedX"))


def test_without_the_centre_s_answer_no_picture_stays_and_it_comes_back(browser: Browser, place: DeskTown) -> None:
    with editor(browser, place) as (page, _, _):
        hung: list[Route] = []
        page.route("**/copies/*/open", into(hung))
        expect(image(page)).to_have_count(0, timeout=PATIENCE_MS)
        expect(page.get_by_role("alert").filter(has_text="Le centre ne répond pas")).not_to_have_count(0)
        assert hung, "it was asked"
        page.unroute("**/copies/*/open")
        expect(image(page)).to_be_visible(timeout=PATIENCE_MS)
        expect(page.get_by_role("alert").filter(has_text="Le centre ne répond pas")).to_have_count(0)


def test_a_clear_picture_that_comes_late_is_not_the_preview(browser: Browser, place: DeskTown) -> None:
    with editor(browser, place) as (page, _, _):
        late, kept = list[Route](), list[Route]()
        page.route("**/picture?*masked=false", into(late))
        page.route("**/boxes", into(kept))
        page.get_by_role("application").press(".")
        page.evaluate(
            """() => {
              window.shown = [];
              new MutationObserver(() => {
                const one = document.querySelector('.picture img')?.src;
                if (one && window.shown.at(-1) !== one) window.shown.push(one);
              }).observe(document.querySelector('.picture'), { subtree: true, childList: true, attributes: true });
            }"""
        )
        page.get_by_label("Aperçu du résultat").check()
        expect(image(page)).to_have_count(0)
        assert (len(late), len(kept)) == (1, 1), "the picture was asked for, then the preview"
        with page.expect_event("requestfinished", lambda one: "masked=false" in one.url):
            late[0].continue_()
        with page.expect_event("requestfinished", lambda one: "masked=true" in one.url):
            kept[0].continue_()
        expect(image(page)).to_be_visible()
        shown = page.evaluate("() => window.shown")
        assert len(shown) == 1, "the result alone"


def test_an_editor_left_while_it_opens_leaves_nothing_open(browser: Browser, place: DeskTown) -> None:
    with held_back(Editings, "_view", done=True) as held, editor(browser, place, shown=False) as (page, _, name):
        held.begun()
        page.get_by_role("button", name="Fermer sans faire").click()
        expect(page.get_by_role("button", name="Ouvrir pour masquer")).to_be_visible()
        held.go()
        wait_for(lambda: ended(place, name) == [0], what="the end of the view, nothing shown")
        assert name not in place.town.app.state.subjects._open


def test_an_editor_left_for_the_list_closes_its_pictures(browser: Browser, place: DeskTown) -> None:
    with editor(browser, place) as (page, _, name):
        page.get_by_role("button", name="Toutes les demandes").click()
        wait_for(lambda: ended(place, name) == [1], what="the end of the view, one picture shown")


def ended(place: DeskTown, name: str) -> list[int]:
    """How many pictures the views of a copy showed, of those that ended."""
    records = entries(place)
    views = {one.view for one in records if one.detail.get("copy") == name and one.kind is EntryKind.VIEW_OPENED}
    over = [one for one in records if one.kind is EntryKind.VIEW_ENDED and one.view in views]
    return [one.sent.frames for one in over if one.sent is not None]
