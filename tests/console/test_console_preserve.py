"""« Préserver » at three in the morning: from a live tile and from a replay, by keyboard, in three keystrokes."""

import json
from typing import Any

from playwright.sync_api import Page, expect
from tests.support.console_person import faults, on_duty, put, replaying, shot, tiles, until


def watched(page: Page) -> list[dict[str, Any]]:
    """What the page sends to the desk, as it sends it."""
    sent: list[dict[str, Any]] = []

    def note(request: Any) -> None:
        if request.method == "POST" and "/api/desk/" in request.url:
            sent.append({"url": request.url.split("/api/desk/")[1], **json.loads(request.post_data)})

    page.on("request", note)
    return sent


def live(page: Page, address: str) -> None:
    on_duty(page, address)
    put(page, "Bourg-Neuf/Place du Marché")
    until(page, lambda: bool(tiles(page)) and (tiles(page)[0] or {}).get("state") == "live", "a live picture")


def test_three_keystrokes_hold_the_camera_and_its_neighbours(page: Page, address: str) -> None:
    live(page, address)
    sent = watched(page)
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name="Préserver : Place du Marché")
    expect(dialog).to_contain_text("Personne ne les voit, vous non plus")
    expect(dialog.get_by_role("button", name="motif de service")).to_be_focused()
    shot(page, "preserve-ask")
    assert faults(page) == []
    page.keyboard.press("Enter")  # the duty's reason stands first
    expect(dialog.get_by_role("status").filter(has_text="C’est gardé")).to_be_visible()
    expect(dialog.get_by_role("row")).to_have_count(2)
    expect(dialog).to_contain_text("Personne n’a rien vu")
    page.keyboard.press("v")
    expect(dialog.get_by_role("row")).to_have_count(4)
    (first, second) = sent
    assert (first["url"], first["reason"], first["before_min"], first["after_min"]) == ("safeguards", "patrol", 5, 5)
    assert "from" not in first, "around now is by the centre's clock"
    assert [one["camera"] for one in second["cameras"]] == ["bn-1", "bn-2"]
    shot(page, "preserve-kept")
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_digit_is_the_reason_and_a_service_is_told(page: Page, address: str) -> None:
    live(page, address)
    sent = watched(page)
    tile = page.get_by_role("article").first
    tile.hover()
    tile.get_by_role("button", name="Préserver : Place du Marché").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Minutes avant").select_option("15")
    dialog.get_by_label("Minutes à venir").select_option("0")
    dialog.get_by_role("button", name="Régulation").focus()
    page.keyboard.press("2")
    expect(dialog.get_by_role("row")).to_have_count(2)
    assert (sent[0]["reason"], sent[0]["before_min"], sent[0]["after_min"]) == ("traffic", 15, 0)
    expect(dialog.get_by_role("row").last).to_contain_text("gardé")
    dialog.get_by_role("button", name="Signaler à un service").click()
    expect(dialog.get_by_label("Service", exact=True)).to_be_focused()
    expect(dialog).to_contain_text("Il ne prolonge rien")
    page.keyboard.type("Gendarmerie de Bourg-Neuf")  # the V in it holds nothing more
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Signalé à : Gendarmerie de Bourg-Neuf.")
    assert [one["url"].split("/")[-1] for one in sent] == ["safeguards", "reported"]
    shot(page, "preserve-told")
    assert faults(page) == []


def test_from_a_replay_between_two_marks(page: Page, address: str) -> None:
    on_duty(page, address)
    put(page, "Bourg-Neuf/Place du Marché")
    page.keyboard.press("1")
    page.keyboard.press("r")
    until(page, lambda: replaying(page).get("state") == "playing", "a replay")
    sent = watched(page)
    page.keyboard.press("k")
    page.keyboard.press("i")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("o")
    expect(page.get_by_role("button", name="Repère de fin")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("svg .mark")).to_have_count(2)
    shot(page, "preserve-marks")
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Minutes avant")).to_have_count(0)
    page.keyboard.press("1")
    expect(dialog.get_by_role("row")).to_have_count(2)
    begin, end = (sent[0][key] for key in ("from", "to"))
    assert begin < end, sent[0]
    assert faults(page) == []


def test_the_key_is_in_the_help(page: Page, address: str) -> None:
    on_duty(page, address)
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Raccourcis clavier")
    expect(help_.get_by_text("préserver ces images (constat)")).to_have_count(2)
    expect(help_.get_by_text("repères de début et de fin")).to_be_visible()
