"""The wall, driven as an operator drives it."""

import os
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.support.console_person import faults
from tests.support.promises import tell

from beffroi.cli.house import House
from beffroi.cli.promises.browser import Desk, chromium, desk
from beffroi.cli.promises.wall import PICTURE_BYTES, picture_of_the_wall, refusal_card, wall
from beffroi.domain.errors import BrokenError

pytestmark = pytest.mark.e2e
PICTURE = Path(__file__).parents[2] / "docs" / "img" / "wall.png"


def test_the_operator_logs_in_and_watches_four_communes(
    browser: Browser, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    with desk(browser, house, "operator", form=True) as operator:
        tell(wall(operator), capsys)
        assert faults(operator.page) == []


def test_a_refused_camera_explains_itself(operator: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    tell(refusal_card(operator), capsys)
    assert faults(operator.page) == []
    operator.page.get_by_role("button", name="Passer en anglais").click()
    card = operator.page.get_by_role("article").first
    expect(card).to_contain_text("the agreement between INGEAGGLO and Fontclaire ended")
    expect(card).to_contain_text("CSI L.132-14 IV")
    expect(operator.page.get_by_role("banner")).to_contain_text("On duty")
    operator.page.get_by_role("button", name="Switch to French").click()
    expect(card).to_contain_text("la convention entre INGEAGGLO et Fontclaire a pris fin")


def test_hands_never_leave_the_keyboard(browser: Browser, house: House) -> None:
    """Login, reason, camera, replay half a minute back, pause, back to the wall: no pointer at all."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="fr-FR")
    context.set_default_timeout(30_000)
    try:
        police = Desk(house, context.new_page())
        page = police.page
        page.goto(house.address)
        page.locator("#account:focus").wait_for()
        assert faults(page) == []
        _type_login(police, "police")
        page.locator("#duty-title").wait_for()
        page.locator("kbd").first.wait_for()
        page.keyboard.press("1")
        page.get_by_role("region", name="Bourg-Neuf", exact=True).wait_for()
        page.keyboard.press("/")
        page.keyboard.type("bourg pont-neuf")
        page.keyboard.press("Enter")
        police.until(lambda: police.tiles().get("bn-pont-neuf", {}).get("frames", 0) > 0, "the live picture", 60)
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.keyboard.press("1")
        page.keyboard.press("r")
        police.until(lambda: police.replaying().get("frames", 0) > 0, "the replay", 60)
        page.keyboard.press("k")
        police.until(lambda: police.replaying()["state"] == "paused", "the pause")
        page.keyboard.press("Escape")
        page.locator(".wall").wait_for()
    finally:
        context.close()


def test_without_playwright_the_check_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(BrokenError, match="make install"), chromium():
        pass


@pytest.mark.skipif(os.environ.get("BEFFROI_KEEP_SCREENSHOT") != "1", reason="only `make screenshot` draws it")
def test_picture_of_the_wall(operator: Desk) -> None:
    picture_of_the_wall(operator, PICTURE)
    assert PICTURE.stat().st_size <= PICTURE_BYTES


def _type_login(desk_: Desk, key: str) -> None:
    page: Page = desk_.page
    account = desk_.house.account(key)
    page.keyboard.type(account.account)
    page.keyboard.press("Tab")
    page.keyboard.type(account.password)
    page.keyboard.press("Tab")
    for code in desk_.codes(key):  # after a refusal the cursor is in the emptied code field
        page.keyboard.type(code)
        page.keyboard.press("Enter")
        page.locator(".frame, [role=alert] .sentence").first.wait_for()
        if page.locator(".frame").count():
            desk_.house.people.setdefault(key, desk_.person())  # the code is spent
            return
