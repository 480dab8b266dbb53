"""The replay: encrypted files of several keys, a gap that shows, a timeline to move on."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect
from tests.support.console_person import faults, held, on_duty, put, replaying, tiles, until


@pytest.fixture
def replay(page: Page, address: str) -> Page:
    """A replay of the last half hour, playing."""
    on_duty(page, address, "Relecture")
    put(page, "Bourg-Neuf/Rue de la Gare")
    page.get_by_role("button", name="Ouvrir la relecture").click()
    until(page, lambda: replaying(page).get("frames", 0) > 5, "the first pictures")
    return page


def at_s(page: Page) -> float:
    now: dict[str, Any] = replaying(page)
    return float(now["atUs"] - now["fromUs"]) / 1e6


def still_s(page: Page) -> float:
    """Where the playhead stands, once it does: it is read from the stopped element at each tick."""
    seen: list[float] = []

    def stands() -> bool:
        page.wait_for_timeout(250)
        seen.append(at_s(page))
        return len(seen) > 1 and seen[-1] == seen[-2]

    until(page, stands, "the playhead to stand")
    return seen[-1]


def shown_s(page: Page) -> float | None:
    """Where the video element stands once it has a picture there: told by the browser, not by the console."""
    shown = "v => v.seeking || v.readyState < 2 ? null : v.currentTime"
    at = page.locator("video").evaluate(shown)
    return None if at is None else float(at)


def go_to(page: Page, second: int) -> None:
    """Type the time that lies so many seconds after the start."""
    typed = page.evaluate(
        "(s) => new Date(window.__beffroi.replay.fromUs / 1000 + s * 1000)"
        ".toLocaleTimeString('fr-FR', { timeZone: 'Europe/Paris' })",
        second,
    )
    page.keyboard.press("t")
    page.keyboard.type(typed)
    page.keyboard.press("Enter")
    # It plays on meanwhile, for as long as a loaded machine takes to tell where it is.
    until(page, lambda: second - 3 < at_s(page) < second + 30, f"the playhead at {second} s")


def test_plays_ciphertext_and_says_whose_it_is(replay: Page) -> None:
    assert replaying(replay)["startedMs"] > 0  # told; `beffroi demo --check` holds it to its second
    expect(replay.get_by_text("maire de Bourg-Neuf · F5", exact=False)).to_be_visible()
    assert faults(replay) == []


def test_a_file_with_another_key_follows_without_a_stop(replay: Page) -> None:
    go_to(replay, 117)
    until(replay, lambda: at_s(replay) > 122, "the playhead beyond the change of key")
    assert replaying(replay)["error"] is None


def test_a_gap_is_shown_with_its_cause_then_passed(replay: Page) -> None:
    go_to(replay, 298)
    until(replay, lambda: replaying(replay)["state"] == "gap", "the gap")
    expect(replay.get_by_text("Rien n’a été enregistré", exact=False).first).to_be_visible()
    expect(replay.get_by_text("fibre", exact=False).first).to_be_visible()
    until(replay, lambda: replaying(replay)["state"] == "playing" and at_s(replay) >= 380, "what follows the gap")


def test_the_keys_of_editing_software(replay: Page) -> None:
    replay.keyboard.press("k")
    until(replay, lambda: replaying(replay)["state"] == "paused", "the pause")
    here = still_s(replay)
    replay.keyboard.press(".")
    until(replay, lambda: 0.02 < at_s(replay) - here < 0.2, "one picture on")
    replay.keyboard.press(",")
    until(replay, lambda: abs(at_s(replay) - here) < 0.02, "one picture back")
    replay.keyboard.press("Shift+ArrowRight")
    until(replay, lambda: abs(at_s(replay) - here - 60) < 0.5, "a minute on")
    replay.keyboard.press("l")
    replay.keyboard.press("l")
    replay.keyboard.press("l")
    until(replay, lambda: at_s(replay) - here > 68, "play at four times")
    replay.keyboard.press("k")
    replay.keyboard.press("j")
    turned = at_s(replay)
    until(replay, lambda: at_s(replay) < turned - 1, "play backwards")


def test_a_move_beyond_what_has_come_shows_the_picture_of_that_very_instant(replay: Page) -> None:
    replay.keyboard.press("k")
    until(replay, lambda: replaying(replay)["state"] == "paused", "the pause")
    here = still_s(replay)
    told = here
    for key, by in (("Shift+ArrowRight", 60), ("Shift+ArrowRight", 60), ("Shift+ArrowLeft", -60), ("ArrowRight", 10)):
        replay.keyboard.press(key)
        told += by
        until(replay, lambda: shown_s(replay) is not None, "the picture")
        assert abs((shown_s(replay) or 0) - told) < 0.05
        assert abs(still_s(replay) - told) < 0.05


def test_a_move_asked_while_the_view_is_away_is_made_once_it_is_back(page: Page, address: str) -> None:
    links: list[WebSocketRoute] = []

    def through(link: WebSocketRoute) -> None:
        link.connect_to_server()
        links.append(link)

    page.route_web_socket(re.compile("/ws/view"), through)
    on_duty(page, address, "Relecture")
    put(page, "Bourg-Neuf/Rue de la Gare")
    page.get_by_role("button", name="Ouvrir la relecture").click()
    until(page, lambda: replaying(page).get("frames", 0) > 5, "the first pictures")
    page.keyboard.press("k")
    until(page, lambda: replaying(page)["state"] == "paused", "the pause")
    here = still_s(page)
    with held(page, "/api/views") as come:
        links[-1].close()
        until(page, lambda: replaying(page)["state"] in {"unreachable", "opening"}, "the loss of the view")
        page.keyboard.press("Shift+ArrowRight")
        assert abs(at_s(page) - here - 60) < 0.5
        come()
        until(page, lambda: replaying(page)["state"] == "paused", "the view to be back, still paused")
    until(page, lambda: shown_s(page) is not None, "a picture of it")
    assert abs((shown_s(page) or 0) - here - 60) < 0.05


def test_a_time_outside_the_range_is_refused_in_words(replay: Page) -> None:
    replay.keyboard.press("t")
    replay.keyboard.type("hier")
    replay.keyboard.press("Enter")
    expect(replay.get_by_text("Heure illisible", exact=False)).to_be_visible()


def test_click_and_wheel_on_the_timeline(replay: Page) -> None:
    lane = replay.get_by_role("slider")
    box = lane.bounding_box()
    assert box is not None
    replay.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + 45)
    until(replay, lambda: abs(at_s(replay) - 900) < 10, "the middle of the half hour")
    all_of_it = lane.locator("text").all_inner_texts()
    replay.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 45)
    replay.mouse.wheel(0, -500)
    until(replay, lambda: lane.locator("text").all_inner_texts() != all_of_it, "the zoom")


def test_the_end_of_the_range_is_said(replay: Page) -> None:
    go_to(replay, 1796)
    until(replay, lambda: replaying(replay)["state"] == "ended", "the end")
    expect(replay.get_by_text("Fin de la période accordée")).to_be_visible()


def test_a_refused_replay_explains(page: Page, address: str) -> None:
    on_duty(page, address, "Relecture")
    put(page, "Valbrune/Place du Marché")
    page.get_by_role("button", name="Ouvrir la relecture").click()
    expect(page.get_by_text("Vous ne pouvez pas voir cette caméra", exact=False)).to_be_visible()
    expect(page.get_by_text("Que faire maintenant")).to_be_visible()


def test_r_replays_the_camera_of_the_tile_thirty_seconds_back(page: Page, address: str) -> None:
    on_duty(page, address)
    put(page, "Bourg-Neuf/Place du Marché")
    until(page, lambda: bool(tiles(page)) and (tiles(page)[0] or {}).get("frames", 0) > 0, "the live picture")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.keyboard.press("r")
    until(page, lambda: replaying(page).get("frames", 0) > 0, "the replay")
    assert 1765 < at_s(page) < 1780
    page.keyboard.press("Escape")
    expect(page.locator(".wall")).to_be_visible()
