"""The replay when something goes wrong: cut, broken pictures, asked again. Each view that is opened is an act."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect
from tests.console.test_console_replay import at_s, go_to
from tests.support.console_person import on_duty, put, replaying, until

CUT = {"type": "cut", "code": "withdrawn", "text": {"fr": "Un visiteur est arrivé.", "en": "A visitor came."}}
GAP_CARD = "() => new Promise(done => setTimeout(done, 2500))"
"""Longer than the card of a gap is shown."""


class Link:
    """What lies between the page and the centre: cuts the view, breaks pictures, counts the acts."""

    def __init__(self, page: Page) -> None:
        self.acts = 0
        self.broken_s: tuple[float, float] = (0, 0)
        self._page = page
        self._links: list[WebSocketRoute] = []
        page.route_web_socket(re.compile("/ws/view"), self._through)
        page.on("request", self._count)

    def cut(self) -> None:
        self._links[-1].send(json.dumps(CUT | {"refusal": None}))

    def _count(self, request: Any) -> None:
        self.acts += request.url.endswith("/api/views") and request.method == "POST"

    def _through(self, link: WebSocketRoute) -> None:
        centre = link.connect_to_server()
        self._links.append(link)
        from_us = 0

        def pass_on(message: str | bytes) -> None:
            nonlocal from_us
            if isinstance(message, str):
                from_us = json.loads(message).get("from", 0) if '"timeline"' in message else from_us
            elif message[0] == 2:
                at = (int.from_bytes(message[1:9], "big") - from_us) / 1e6
                if self.broken_s[0] <= at < self.broken_s[1]:
                    message = _broken(message)
            link.send(message)

        centre.on_message(pass_on)


def _broken(message: bytes) -> bytes:
    """The same fragment, with the head of each slice spoilt: its boxes are read, its pictures cannot be decoded."""
    data = bytearray(message)
    at = data.index(b"mdat") + 4
    while at + 4 < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        for byte in range(at + 5, min(at + 4 + length, at + 12)):
            data[byte] ^= 0xFF
        at += 4 + length
    return bytes(data)


@pytest.fixture
def link(page: Page) -> Link:
    return Link(page)


def opened(page: Page, address: str) -> None:
    on_duty(page, address, "Relecture")
    put(page, "Bourg-Neuf/Rue de la Gare")
    page.get_by_role("button", name="Ouvrir la relecture").click()
    until(page, lambda: replaying(page).get("frames", 0) > 5, "the first pictures")


def test_a_double_click_and_enter_again_ask_for_one_view(page: Page, address: str, link: Link) -> None:
    on_duty(page, address, "Relecture")
    put(page, "Bourg-Neuf/Rue de la Gare")
    ask = page.get_by_role("button", name="Ouvrir la relecture")
    ask.dblclick()
    until(page, lambda: replaying(page).get("frames", 0) > 5, "the first pictures")
    ask.press("Enter")
    until(page, lambda: replaying(page).get("frames", 0) > 30, "pictures of the same view")
    assert link.acts == 1


def test_a_replay_cut_while_it_played_shows_pictures_when_it_is_asked_again(
    page: Page, address: str, link: Link
) -> None:
    opened(page, address)
    for times in (1, 2):
        assert link.acts == times
        link.cut()
        expect(page.get_by_text("Un visiteur est arrivé.")).to_be_visible()
        page.get_by_role("button", name="Demander à nouveau").click()
        until(page, lambda: replaying(page).get("frames", 0) > 5, "pictures again")
        assert replaying(page)["state"] == "playing"
    assert replaying(page)["error"] is None
    assert link.acts == 3


def test_a_cut_during_the_card_of_a_gap_stays_on_screen(page: Page, address: str, link: Link) -> None:
    opened(page, address)
    go_to(page, 298)
    until(page, lambda: replaying(page)["state"] == "gap", "the gap")
    link.cut()
    expect(page.get_by_text("Un visiteur est arrivé.")).to_be_visible()
    page.evaluate(GAP_CARD)
    expect(page.get_by_text("Un visiteur est arrivé.")).to_be_visible()
    assert replaying(page)["state"] == "cut"


def test_a_pause_during_the_card_of_a_gap_is_a_pause(page: Page, address: str, link: Link) -> None:
    opened(page, address)
    go_to(page, 298)
    until(page, lambda: replaying(page)["state"] == "gap", "the gap")
    page.keyboard.press("k")
    expect(page.get_by_role("button", name="Lire")).to_be_visible()
    until(page, lambda: replaying(page)["state"] == "paused" and at_s(page) >= 380, "the pause behind the gap")
    page.evaluate(GAP_CARD)
    assert (replaying(page)["state"], round(at_s(page))) == ("paused", 380)
    assert link.acts == 1, replaying(page)


def test_j_at_the_end_goes_back_from_the_end(page: Page, address: str, link: Link) -> None:
    opened(page, address)
    go_to(page, 1798)
    until(page, lambda: replaying(page)["state"] == "ended", "the end")
    page.keyboard.press("j")
    until(page, lambda: at_s(page) < 1799.2, "play backwards")
    assert at_s(page) > 1700
    assert link.acts == 1, replaying(page)


def test_pictures_that_cannot_be_decoded_are_tried_twice_then_passed_by_a_person(
    page: Page, address: str, link: Link
) -> None:
    link.broken_s = (6, 8)
    opened(page, address)
    expect(page.get_by_role("button", name="Demander à nouveau")).to_be_visible()
    assert replaying(page)["state"] == "cut"
    assert link.acts == 2
    page.get_by_role("button", name=re.compile("^Reprendre à")).click()
    until(page, lambda: replaying(page)["state"] == "playing" and at_s(page) > 12, "what lies behind")
    assert link.acts == 3
