"""What a person does at the console, and what they may read there."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, Route
from tests.support.console_centre import PASSWORD

AXE: Final = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "resultTypes": ["violations"],
}
PATIENCE_MS: Final = 30_000
"""How long a page may take on a loaded machine before it is held to hang; it costs nothing when all is well."""
SHOTS: Final = os.environ.get("BEFFROI_SCREENSHOTS")


def log_in(page: Page, address: str) -> None:
    """Log in through the form, by keyboard."""
    page.goto(address)
    page.locator("#account:focus").wait_for()
    page.keyboard.type("operateur1")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.type("123456")
    page.keyboard.press("Enter")
    page.locator(".frame").wait_for()


def enter(page: Page, address: str, room: str = "") -> None:
    """Go to a room, with a session of this page's own that is opened without the form when there is none."""
    if not page.context.cookies():
        ask(page, address, "/api/login", {"account": "operateur1", "password": PASSWORD, "code": "123456"})
    here = page.url.startswith(address)
    page.goto(f"{address}/#/{room}")
    if here:  # a part of the same page: nothing was loaded
        page.reload()
    page.locator(".frame").wait_for()


def on_duty(page: Page, address: str, room: str = "wall") -> None:
    """On duty for the first reason, without the list of reasons."""
    if not page.context.cookies():
        ask(page, address, "/api/login", {"account": "operateur1", "password": PASSWORD, "code": "123456"})
        ask(page, address, "/api/duty", {"reason": "patrol"})
    enter(page, address, "wall")
    page.locator(".wall").wait_for()
    if room != "wall":
        page.get_by_role("navigation").get_by_role("button", name=room).click()


def ask(page: Page, address: str, path: str, body: dict[str, str]) -> None:
    """A call to the centre in this page's session, past the console."""
    headers = {"Origin": address, "X-Beffroi": "1"}
    assert page.context.request.post(f"{address}{path}", data=body, headers=headers).ok


@contextmanager
def held(page: Page, path: str) -> Iterator[Callable[[], None]]:
    """Answers to this path come when what is given is called, and at once from then on."""
    waiting: list[Route] = []
    come = False

    def meet(route: Route) -> None:
        if come:
            route.continue_()
        else:
            waiting.append(route)

    def release() -> None:
        nonlocal come
        come = True
        while waiting:
            waiting.pop(0).continue_()

    page.route(re.compile(rf"{re.escape(path)}(\?|$)"), meet)
    yield release
    release()


def shot(page: Page, name: str) -> None:
    """A picture for a person to look at, in the folder ``BEFFROI_SCREENSHOTS``; no test reads it."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png")


def until(page: Page, condition: Callable[[], bool], what: str, timeout_s: float = PATIENCE_MS / 1000) -> None:
    """Wait for something that the page itself does not announce."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"waited for {what}; {page.evaluate('() => window.__beffroi?.replay ?? null')}"
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
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    broken: list[dict[str, Any]] = page.evaluate("options => axe.run(options).then(found => found.violations)", AXE)
    return [
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}" for rule in broken for node in rule["nodes"]
    ]
