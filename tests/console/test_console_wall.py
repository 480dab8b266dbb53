"""The wall: each state of a tile is its own picture and words; nothing outlives its view."""

import json
import re
from functools import partial

from playwright.sync_api import Page, WebSocketRoute, expect
from tests.support.console_person import ask, faults, on_duty, put, tiles, until


def state(page: Page, tile: int) -> str:
    measured = tiles(page)
    return str((measured[tile] or {}).get("state")) if tile < len(measured) else "none"


def test_live_pictures_play_at_the_edge(page: Page, address: str) -> None:
    on_duty(page, address)
    put(page, "Bourg-Neuf/Place du Marché", "Bourg-Neuf/Rue de la Gare")

    def enough() -> bool:
        return all(len((tile or {}).get("delayMs", [])) > 60 for tile in [*tiles(page), None][:2])

    until(page, enough, "60 pictures on two tiles")

    def at_the_edge() -> bool:
        # The controller holds 60 to 200 ms of pictures; the rest is what a loaded machine adds, for a moment.
        latest = [sorted(tile["delayMs"][-40:]) for tile in tiles(page)[:2] if tile and tile["state"] == "live"]
        return len(latest) == 2 and all(one[len(one) // 2] < 500 for one in latest)

    until(page, at_the_edge, "two tiles at the edge")
    tile_line = page.get_by_role("article").first
    expect(tile_line).to_contain_text("maire de Bourg-Neuf")
    expect(tile_line).to_contain_text("direct")


def test_each_trouble_has_its_words(page: Page, address: str) -> None:
    on_duty(page, address)
    page.keyboard.press("Control+3")
    put(
        page,
        "Bourg-Neuf/Pont-Vieux",
        "Saint-Aubin/Pont-Vieux",
        "Valbrune/Place du Marché",
        "Saint-Aubin/Parvis de la mairie",
    )
    until(page, lambda: [state(page, n) for n in range(4)] == ["gap", "unreachable", "refused", "late"], "four states")
    expect(page.get_by_text("La caméra ne répond plus au réseau.")).to_be_visible()
    expect(page.get_by_text("La liaison avec Saint-Aubin est coupée", exact=False)).to_be_visible()
    expect(page.get_by_text(re.compile("Image figée depuis"))).to_be_visible()
    card = page.get_by_role("article").nth(2)
    expect(card).to_contain_text("Vous ne pouvez pas voir cette caméra")
    expect(card).to_contain_text("CSI L.132-14")
    card.get_by_role("button", name="Pourquoi ?", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Relecture").click()
    expect(dialog.get_by_role("list").nth(1)).to_contain_text("non remplie")  # what is missing comes first
    expect(dialog.get_by_role("list").last).to_contain_text("Un arrêté couvre la caméra")
    assert faults(page) == []


def test_a_withdrawn_view_blanks_at_once_and_is_not_asked_again(page: Page, address: str) -> None:
    on_duty(page, address)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/api/views") else None)
    put(page, "Saint-Aubin/Entrée nord")
    until(page, lambda: state(page, 0) == "live", "the live picture")
    ask(page, address, "/stand/withdraw", {})
    until(page, lambda: state(page, 0) == "refused", "the cut")
    assert page.evaluate(
        "() => document.querySelector('video').currentSrc === '' || !document.querySelector('video').src"
    )
    expect(page.get_by_role("article").first).to_contain_text("Vous ne pouvez pas voir")
    page.wait_for_timeout(2500)
    assert len(asked) == 1


def test_an_unreachable_site_is_asked_again_by_itself(page: Page, address: str) -> None:
    on_duty(page, address)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/api/views") else None)
    put(page, "Saint-Aubin/Pont-Vieux")
    until(page, lambda: len(asked) >= 2, "a second attempt")


def test_a_view_that_waits_for_its_camera_is_not_asked_again(page: Page, address: str) -> None:
    """Each question is one more act in the register: a recorder away for an hour must not fill it."""
    late = {"type": "state", "state": "late", "cause": {"fr": "L'enregistreur redémarre.", "en": "It starts again."}}
    sockets: list[WebSocketRoute] = []
    told, passing = [0], [False]

    def waits(socket: WebSocketRoute) -> None:
        """Until ``passing``, each picture of the stand's is a word of its recorder's absence."""
        server = socket.connect_to_server()
        sockets.append(socket)
        kept: list[str | bytes] = []

        def from_server(message: str | bytes) -> None:
            if passing[0] or (isinstance(message, str) and "hello" in message):
                for one in [*kept, message]:
                    socket.send(one)
                kept.clear()
                return
            if isinstance(message, str) or message[0] == 1:
                kept.append(message)  # the stream's beginning
            told[0] += 1
            socket.send(json.dumps(late))

        server.on_message(from_server)

    def told_more(number: int) -> bool:
        return told[0] >= number

    page.route_web_socket("**/ws/view", waits)
    page.clock.install()
    on_duty(page, address)
    put(page, "Saint-Aubin/Entrée nord")
    expect(page.get_by_text("L'enregistreur redémarre.")).to_be_visible()
    for _ in range(3):
        page.clock.fast_forward(15_000)  # a view that hears nothing is given up after twenty seconds
        more = told[0] + 2
        until(page, partial(told_more, more), "another word of the centre's")
    assert state(page, 0) == "connecting"
    assert len(sockets) == 1
    passing[0] = True
    until(page, lambda: state(page, 0) in {"live", "late"}, "the pictures, in the same view")
    assert len(sockets) == 1


def test_a_double_click_in_the_list_is_one_tile(page: Page, address: str) -> None:
    on_duty(page, address)
    page.get_by_role("region", name="Bourg-Neuf", exact=True).get_by_text("Place du Marché", exact=True).dblclick()
    put(page, "Bourg-Neuf/Rue de la Gare")
    expect(page.get_by_role("article")).to_have_count(2)
    expect(page.get_by_role("article").first).to_contain_text("Place du Marché")
    expect(page.get_by_role("article").nth(1)).to_contain_text("Rue de la Gare")


def test_the_keyboard_is_enough(page: Page, address: str) -> None:
    on_duty(page, address)
    page.keyboard.press("/")
    page.keyboard.type("montclair ecole")
    page.keyboard.press("Enter")
    until(page, lambda: bool(tiles(page)) and tiles(page)[0] is not None, "a camera put with the keyboard")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator(".tile.enlarged")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".tile.enlarged")).to_have_count(0)
    page.keyboard.press("g")
    expect(page.locator(".place")).to_have_count(9)
    page.keyboard.press("Control+4")
    expect(page.locator(".place")).to_have_count(16)
    page.keyboard.press("n")
    expect(page.get_by_text("Mode noir")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.get_by_text("Mode noir")).to_have_count(1)
    page.keyboard.press("Delete")
    expect(page.get_by_role("article")).to_have_count(0)


def test_the_wall_survives_a_reload_and_never_scrolls(page: Page, address: str) -> None:
    on_duty(page, address)
    page.keyboard.press("Control+3")
    put(page, "Bourg-Neuf/Place du Marché")
    page.reload()
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.locator(".place")).to_have_count(9)
    for width, height in ((1920, 1080), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        page_fits = "() => document.body.scrollHeight <= innerHeight && document.body.scrollWidth <= innerWidth"
        assert page.evaluate(page_fits)


def test_a_hidden_tile_decodes_nothing(page: Page, address: str) -> None:
    on_duty(page, address)
    put(page, "Bourg-Neuf/Place du Marché", "Bourg-Neuf/Rue de la Gare")
    until(page, lambda: [state(page, 0), state(page, 1)] == ["live", "live"], "two live tiles")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    until(page, lambda: page.evaluate("() => document.querySelectorAll('video')[0].paused"), "the hidden tile to pause")
    page.keyboard.press("Escape")
    before = (tiles(page)[0] or {})["frames"]
    until(page, lambda: (tiles(page)[0] or {})["frames"] > before + 10, "the tile to come back")
