"""What a person does at the console, and what they may read there."""

import time
from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from tests.support.console_centre import PASSWORD

AA = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


def enter(page: Page, address: str, room: str = "") -> None:
    """Log in, when nobody is, and go to a room."""
    page.goto(f"{address}/#/{room}")
    page.reload()
    page.locator("#account, .frame").first.wait_for()
    if page.locator("#account").count():
        page.keyboard.type("operateur1")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Tab")
        page.keyboard.type("123456")
        page.keyboard.press("Enter")
    page.locator(".frame").wait_for()


def on_duty(page: Page, address: str, room: str = "wall") -> None:
    """On duty for the first reason, in one keystroke."""
    enter(page, address, "wall")
    page.locator("#duty-title, .wall").first.wait_for()
    if page.locator("#duty-title").count():
        page.locator("kbd").first.wait_for()
        page.keyboard.press("1")
    page.locator(".wall").wait_for()
    if room != "wall":
        page.get_by_role("navigation").get_by_role("button", name=room).click()


def until(page: Page, condition: Callable[[], bool], what: str, timeout_s: float = 10) -> None:
    """Wait for something that the page itself does not announce."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"waited for {what}"
        page.wait_for_timeout(50)


def tiles(page: Page) -> list[dict[str, Any] | None]:
    """The measures of the wall's tiles."""
    found: list[dict[str, Any] | None] = page.evaluate("() => window.__beffroi.tiles")
    return found


def replaying(page: Page) -> dict[str, Any]:
    """The measures of the replay; empty when there is none."""
    found: dict[str, Any] = page.evaluate("() => window.__beffroi.replay ?? {}")
    return found


def put(page: Page, *cameras: str) -> None:
    """Put cameras on the wall by their place in the list, written commune/camera."""
    for camera in cameras:
        commune, _, name = camera.partition("/")
        page.get_by_role("region", name=commune, exact=True).get_by_text(name, exact=True).click()


def faults(page: Page) -> list[str]:
    """What axe finds against WCAG 2.1 AA (what RGAA 4.1 asks): one line a fault."""
    report = Axe().run(page, options=AA).response
    return [
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
        for rule in report["violations"]
        for node in rule["nodes"]
    ]
