"""A workstation whose clock is wrong shows the centre's time: ages, "live", day pickers, what may be replayed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from tests.support import console_facts as facts
from tests.support.console_person import enter, on_duty, put, tiles, until

PARIS = ZoneInfo("Europe/Paris")
WRONG = {"ten minutes ahead": 10, "ten minutes behind": -10, "a day and two hours behind": -26 * 60}


def _wrong(page: Page, minutes: int) -> None:
    """From now on this page's wall clock is off; what it measures by the monotonic clock is right."""
    page.add_init_script(
        f"""{{
          const right = Date.now;
          Date.now = () => right() + {minutes} * 60000;
          window.Date = new Proxy(Date, {{
            construct: (of, given) => new of(...(given.length ? given : [of.now()])),
          }});
        }}"""
    )


def _is_live(tile: dict[str, Any] | None) -> bool:
    """Said to be live, with the delay of a live picture: neither late nor early."""
    delays = sorted((tile or {}).get("delayMs", []))
    return tile is not None and tile["state"] == "live" and len(delays) > 10 and -200 < delays[len(delays) // 2] < 2_500


def _minutes(iso: str) -> float:
    """How long ago an instant was, by the centre's clock."""
    return (datetime.now(PARIS) - datetime.fromisoformat(iso)) / timedelta(minutes=1)


def _told(words: str) -> int:
    """Minutes of "2 j 3 h", "3 h 05" or "12 min", as the console writes a length."""
    total, parts = 0, words.replace(" min", "min").split()
    for number, unit in zip(parts[::2], [*parts[1::2], "m"], strict=False):
        total += int(number) * {"j": 1440, "h": 60}.get(unit, 1)
    return total


@pytest.mark.parametrize("off", WRONG)
def test_a_wrong_workstation_shows_the_centre_s_time(page: Page, address: str, off: str) -> None:
    _wrong(page, WRONG[off])
    on_duty(page, address)
    put(page, "Bourg-Neuf/Place du Marché")
    until(page, lambda: any(_is_live(tile) for tile in tiles(page)), f"live, {off}: {tiles(page)}", 30)
    # Half a minute back from now is in the past, and what is asked ends now.
    page.keyboard.press("1")
    page.keyboard.press("r")
    expect(page.locator("#day")).not_to_have_value("")
    now = datetime.now(PARIS)
    _, minute, second = page.locator("#from").input_value().split(":")
    # Within the hour only: one hour of a year comes twice.
    ago_s = (now.minute * 60 + now.second - int(minute) * 60 - int(second)) % 3600
    assert 29 * 60 < ago_s < 34 * 60
    days = {str((now.astimezone(UTC) - timedelta(minutes=back)).astimezone(PARIS).date()) for back in (29, 34)}
    assert page.locator("#day").input_value() in days
    expect(page.locator(".player time")).to_be_visible()
    page.get_by_role("button", name="Ouvrir la relecture").click()
    expect(page.get_by_text("La période commence dans le futur.")).to_have_count(0)


@pytest.mark.parametrize("off", WRONG)
def test_days_and_ages_are_the_centre_s(page: Page, address: str, off: str) -> None:
    _wrong(page, WRONG[off])
    before = datetime.now(PARIS).date()
    enter(page, address, "health")
    age = page.locator("tbody tr", has_text="en panne").first.locator("td.nowrap", has_text="(").inner_text()
    told = _told(age.split("(")[1].rstrip(")"))
    # Beyond a day the console tells whole hours.
    assert abs(told - max(0, _minutes(facts.DOWN_SINCE))) < (61 if told >= 1440 else 2), age
    for room, picker in (("register", "#register-day"), ("seen", "#seen-day"), ("account", "#balance-to")):
        page.goto(f"{address}/#/{room}")
        page.reload()
        field = page.locator(picker)
        expect(field).to_be_visible()
        days = {str(before), str(datetime.now(PARIS).date())}
        assert field.input_value() in days
        assert field.get_attribute("max") in days
