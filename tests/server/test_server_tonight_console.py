"""“Ce soir” and “Planning” in Chromium, on a real centre: by keyboard, readable without colour, no fault of access."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.console.conftest import built  # noqa: F401  a fixture
from tests.support.centre import Town, running
from tests.support.console_person import faults

from beffroi.domain.clock import now

SHOTS = os.environ.get("BEFFROI_SCREENSHOTS")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running(tmp_path_factory.mktemp("night") / "data") as one:
        yield one


@pytest.fixture
def page(browser: Browser, town: Town, built: Path) -> Iterator[Page]:  # noqa: F811
    """The console of the room supervisor, at the centre's time."""
    assert built.is_dir()
    client = town.session("supervisorE")
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="fr-FR")
    context.set_default_timeout(30_000)
    address = f"http://127.0.0.1:{town.port}"
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in client.cookies.items()])
    opened = context.new_page()
    opened.clock.set_fixed_time(now(town.clock))
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.goto(f"{address}/#/tonight")
    opened.locator(".frame").wait_for()
    yield opened
    context.close()
    assert not troubles


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png")


def everybody(page: Page) -> None:
    page.get_by_role("button", name="Tous", exact=True).click()
    page.get_by_role("grid").wait_for()


def test_the_night_is_read_by_keyboard_and_each_cell_says_why(page: Page) -> None:
    expect(page.get_by_text("Personne n’est de service")).to_be_visible()
    everybody(page)
    expect(page.get_by_role("button", name="agentE, Bourg-Neuf, Direct : ouvert, 2 caméras sur 2")).to_be_visible()
    expect(page.locator("th[scope=row]").filter(has_text="pmZ")).to_have_count(0)
    shot(page, "tonight")
    page.get_by_label("Chercher une personne").fill("chef")
    cell = page.get_by_role("button", name="chef, Bourg-Neuf")
    expect(cell).to_contain_text("○")
    cell.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="chef, Orville")).to_be_focused()
    page.keyboard.press("2")
    acts = page.get_by_role("group", name="Acte")
    expect(acts.get_by_role("button", name="Relecture")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("agrément")
    expect(dialog).to_contain_text("Rue Haute")
    assert faults(page) == []
    shot(page, "tonight-why")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="chef, Orville")).to_be_focused()


def test_no_fault_of_access_in_either_theme(page: Page) -> None:
    everybody(page)
    assert faults(page) == []
    page.get_by_role("button", name="Thème clair").click()
    assert faults(page) == []
    page.get_by_role("button", name="Planning").first.click()
    expect(page.get_by_role("heading", name="Planning", exact=True)).to_be_visible()
    assert faults(page) == []


def test_what_if_an_agreement_ended(page: Page) -> None:
    everybody(page)
    page.get_by_role("button", name="Et si…").click()
    dialog = page.get_by_role("dialog")
    option = dialog.get_by_label("Pièce").locator("option", has_text="onvention").filter(has_text="E-X")
    option.first.wait_for(state="attached")
    dialog.get_by_label("Pièce").select_option(value="agreement/E-X")
    dialog.get_by_label("Dernier jour valable").fill("2026-03-01")
    dialog.get_by_role("button", name="Supposer").click()
    row = dialog.locator("tbody tr").filter(has_text="agentE")
    expect(row.first).to_contain_text("perd 2 caméras")
    assert faults(page) == []
    shot(page, "tonight-what-if")


def test_a_shift_is_refused_with_what_lacks_then_entered_then_replaced(page: Page, town: Town) -> None:
    page.get_by_role("button", name="Planning").first.click()
    page.get_by_role("button", name="Inscrire un service").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Personne").select_option(value="supervisorE")
    dialog.get_by_label("Bourg-Neuf").check()
    dialog.get_by_label("Jour").fill((now(town.clock) + timedelta(days=3)).date().isoformat())
    dialog.get_by_role("button", name="Inscrire", exact=True).click()
    expect(dialog).to_contain_text("chef ne pourrait pas voir Bourg-Neuf en direct le 05/03 à 20 h 00")
    expect(dialog).to_contain_text("agrément")
    assert faults(page) == []
    shot(page, "roster-refused")
    dialog.get_by_label("Personne").select_option(value="agentE")
    dialog.get_by_role("button", name="Inscrire", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Service inscrit")).to_be_visible()
    row = page.locator("tbody tr").filter(has_text="agentE")
    expect(row).to_contain_text("20:00 – 06:00")
    row.get_by_role("button", name="Remplacer").click()
    take = page.get_by_role("dialog").get_by_role("button", name="Remplacer par pmX")
    expect(take).to_be_visible()
    assert faults(page) == []
    shot(page, "roster-replace")
    take.click()
    expect(page.locator("tbody tr")).to_contain_text(["pmX"])
    expect(page.get_by_role("status").filter(has_text="Remplacement fait")).to_be_visible()
    shot(page, "roster")
