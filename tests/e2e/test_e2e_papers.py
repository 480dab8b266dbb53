"""A document entered by form, confirmed by the mayor, opens what it opens: three persons at three consoles."""

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.support.console_person import faults

from beffroi.cli.house import House
from beffroi.cli.promises.browser import Desk, desk

pytestmark = pytest.mark.e2e
CAMERA = "sa-place-de-la-mairie"
COMMUNE = "Saint-Aubin-des-Bois"
NOT_CONFIRMED = 503


def read(page: Page, document: str) -> None:
    """Find the document in the list and open it."""
    page.get_by_role("navigation").get_by_role("button", name="Documents").click()
    page.get_by_role("searchbox").fill(document)
    page.locator("tbody button").first.click()
    expect(page.locator("section.file h2")).to_contain_text("Convention entre membres")


def test_a_form_then_the_mayor_then_the_picture(browser: Browser, house: House) -> None:
    mayor = house.login("mayor2")
    document = next(
        one["id"]
        for one in mayor.get("/api/documents").body
        if one["kind"] == "agreement" and one["communes"] == [COMMUNE] and one["in_force"]
    )
    assert mayor.post(f"/api/documents/{document}/suspend", {"reason": "avenant à signer"}).status == 200
    with (
        desk(browser, house, "operator") as operator,
        desk(browser, house, "supervisor") as supervisor,
        desk(browser, house, "mayor2") as town_hall,
    ):
        refused(operator)
        enter(supervisor, document)
        assert ask_again(operator) == 403  # entered is not confirmed
        refused(operator)
        confirm(town_hall, document)
        assert ask_again(operator) == 201
        operator.until(lambda: operator.tiles().get(CAMERA, {}).get("frames"), "the live picture", 60)


def refused(operator: Desk) -> None:
    if CAMERA not in operator.tiles():
        operator.empty_wall()
        operator.put(CAMERA)
    operator.until(lambda: operator.tiles().get(CAMERA, {}).get("state") == "refused", "the refusal")
    expect(operator.tile(CAMERA)).to_contain_text("convention")
    assert not operator.tiles().get(CAMERA, {}).get("frames")


def ask_again(operator: Desk) -> int:
    """The centre's answer to this question, not what the card still says of the one before. Where the register's disk
    did not confirm in time (503), the tile asks again by itself."""
    button = operator.tile(CAMERA).get_by_role("button", name="Demander à nouveau")
    with operator.page.expect_response(
        lambda answer: answer.url.endswith("/api/views") and answer.status != NOT_CONFIRMED
    ) as answered:
        button.click()
    return answered.value.status


def enter(supervisor: Desk, document: str) -> None:
    """The next version: what the paper says is there already, its dates are new."""
    page = supervisor.page
    read(page, document)
    expect(page.locator("section.file")).to_contain_text("suspendu")
    page.get_by_role("button", name="Nouvelle version").click()
    form = page.get_by_role("dialog")
    expect(form.get_by_label("Acquisition")).not_to_have_value("")
    for name, value in (
        ("number", "2026-AV1"),
        ("signed", "2026-01-05"),
        ("from", "2026-01-06"),
        ("until", "2031-01-05"),
    ):
        form.locator(f"#paper-{name}").fill(value)
    assert faults(page) == []
    form.get_by_role("button", name="Nouvelle version").click()
    expect(page.locator("section.file")).to_contain_text(f"à confirmer par {COMMUNE}")
    expect(page.locator("section.file ins").first).to_contain_text("2026-AV1")


def confirm(town_hall: Desk, document: str) -> None:
    page = town_hall.page
    read(page, document)
    page.get_by_role("button", name="Confirmer", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("au nom de la commune")
    dialog.get_by_role("button", name="Confirmer").click()
    expect(page.locator("section.file .mark").first).to_contain_text("en vigueur")
