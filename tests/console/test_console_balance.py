"""The room of the account: read when asked, what is wrong first and in words, by keyboard alone, in both themes."""

from playwright.sync_api import Page, expect
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
