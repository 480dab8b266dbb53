"""The requisition desk when answers come late: what was asked before an act or a step back undoes nothing."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, Browser, Route, expect
from tests.console.test_console_desk import on_the_phone, placed
from tests.support.console_person import until
from tests.support.deskscreen import seated, town_with_map
from tests.support.desktown import AGENT, DeskTown

DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture(scope="module")
def place(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskTown]:
    assert built.is_dir()
    with town_with_map(tmp_path_factory.mktemp("desk") / "data") as one:
        yield one


def test_a_case_read_before_its_first_hold_does_not_ask_for_the_hold_again(browser: Browser, place: DeskTown) -> None:
    with seated(browser, place, AGENT) as seat:
        page = seat.page
        on_the_phone(page, "rue haute")
        late: list[tuple[Route, APIResponse]] = []

        def keep(route: Route) -> None:
            if not late:
                late.append((route, route.fetch()))

        page.route(re.compile(r"/api/desk/cases/[^/?]+$"), keep)
        until(page, lambda: bool(late), "the case read again by itself")
        placed(page)
        expect(page.get_by_label("Lieu, commune ou caméra")).to_have_count(0)
        route, before = late[0]
        assert before.json()["holds"] == []
        with page.expect_event("requestfinished", lambda one: one is route.request):
            route.fulfill(response=before)
        page.evaluate(DRAWN)
        expect(page.get_by_label("Lieu, commune ou caméra")).to_have_count(0)
        expect(page.get_by_role("heading", name="Réquisition (D15)")).to_be_visible()


def test_a_screen_that_comes_once_one_went_back_does_not_come_up(browser: Browser, place: DeskTown) -> None:
    case = place.open_case()
    with seated(browser, place, AGENT) as seat:
        page = seat.page
        waiting: list[Route] = []

        def keep(route: Route) -> None:
            waiting.append(route)

        page.route(re.compile(r"/assets/Onsite-[^/]+\.js"), keep)
        page.locator(f"#desk-case-{case}").click()
        page.get_by_role("button", name="Sans appel").click()
        page.get_by_role("button", name="Visionnage sur place").click()
        until(page, lambda: bool(waiting), "the screen asked for")
        page.keyboard.press("Escape")
        expect(page.locator(f"#desk-case-{case}")).to_be_visible()
        with page.expect_event("requestfinished", lambda one: one is waiting[0].request):
            waiting[0].continue_()
        page.evaluate(DRAWN)
        expect(page.locator("section.onsite")).to_have_count(0)
        expect(page.locator(f"#desk-case-{case}")).to_be_visible()
