"""The room of the account: read when asked, what is wrong first and in words, by keyboard alone, in both themes."""

import json

from playwright.sync_api import Page, expect
from tests.support.console_balance import ENDLESS, balance
from tests.support.console_person import enter, faults, shot


def test_the_account_is_asked_for_and_says_what_is_wrong(page: Page, address: str) -> None:
    enter(page, address, "account")
    expect(page.get_by_role("heading", name="Bilan des enregistrements", exact=True)).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(0)  # reading is an entry: nothing before a person asks
    page.get_by_label("Caméra").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "balance-to":
            break
    page.get_by_role("button", name="Consulter").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Le compte n’est pas bon : 2 anomalies")).to_be_visible()
    rows = page.locator("tbody tr")
    expect(rows.first).to_contain_text("Halle")
    expect(rows.first).to_contain_text("faux")
    expect(rows.nth(1)).to_contain_text("n'est plus là, sans preuve de destruction")
    expect(page.get_by_text("acte n° 640")).to_be_visible()
    expect(rows.last).to_contain_text("23 h 59 min 59 s")
    expect(rows.last).to_contain_text("juste")
    shot(page, "balance-dark")
    assert faults(page) == []
    page.get_by_role("button", name="Thème clair").click()
    shot(page, "balance-light")
    assert faults(page) == []


def test_it_is_shown_as_it_comes_and_stops_when_told_to(page: Page, address: str) -> None:
    """Minutes for a large centre: what has come is there to read, and how far it is; the same key stops it."""
    enter(page, address, "account")
    page.get_by_label("Caméra").select_option(ENDLESS)
    page.get_by_role("button", name="Consulter").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 caméra sur 4")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Avancement du bilan")).to_have_attribute("max", "4")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("button", name="Arrêter")).to_be_focused()
    shot(page, "balance-coming")
    assert faults(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Bilan incomplet : 1 caméra sur 4")).to_be_visible()
    expect(page.get_by_role("button", name="Consulter")).to_be_focused()
    expect(page.locator("tbody tr")).to_have_count(1)
    shot(page, "balance-stopped")
    assert faults(page) == []


def test_an_answer_that_breaks_off_is_no_balance(page: Page, address: str) -> None:
    enter(page, address, "account")
    body = "".join(json.dumps(line) + "\n" for line in balance()[:3])
    page.route("**/api/account?*", lambda route: route.fulfill(content_type="application/x-ndjson", body=body))
    page.get_by_role("button", name="Consulter").click()
    expect(page.get_by_role("alert")).to_contain_text("Le bilan s’est interrompu avant sa fin")
    expect(page.get_by_role("status").filter(has_text="Bilan incomplet : 2 caméras sur 4")).to_be_visible()
    expect(page.get_by_text("Le compte est bon")).to_have_count(0)
    shot(page, "balance-broken")
    assert faults(page) == []
    page.unroute("**/api/account?*")
    page.get_by_role("button", name="Réessayer").click()
    expect(page.get_by_role("status").filter(has_text="Le compte n’est pas bon : 2 anomalies")).to_be_visible()
    expect(page.get_by_text("Le bilan s’est interrompu")).to_have_count(0)
