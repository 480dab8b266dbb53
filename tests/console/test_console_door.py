"""Who is not in yet: log in, be told why not, open an account from an invitation. With the keyboard alone."""

import re

from playwright.sync_api import Page, expect
from tests.support.console_person import faults, log_in


def test_login_has_no_fault_and_takes_the_keyboard(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_label("Identifiant")).to_be_focused()
    assert faults(page) == []
    log_in(page, address)
    expect(page).to_have_title(re.compile("Beffroi"))


def test_a_failed_login_is_a_sentence_that_is_announced(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("Identifiant").fill("operateur1")
    page.get_by_label("Mot de passe").fill("faux")
    page.get_by_label("Code à 6 chiffres").fill("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("incorrect")
    expect(page.get_by_label("Code à 6 chiffres")).to_have_value("")
    assert faults(page) == []


def test_an_empty_form_is_not_sent(page: Page, address: str) -> None:
    page.goto(address)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "login" in request.url else None)
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("alert")).to_contain_text("Renseignez")
    assert asked == []


def test_english_is_one_press_away_and_is_remembered(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "en"


def test_an_invitation_leads_to_an_account_and_leaves_the_address_bar(page: Page, address: str) -> None:
    page.goto(f"{address}/invitation#one-time-token")
    assert "one-time-token" not in page.evaluate("() => location.href")
    page.get_by_label("Mot de passe").fill("court")
    page.get_by_label("Le même").fill("court")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("12 caractères")
    page.get_by_label("Mot de passe").fill("cheval pile agrafe correcte")
    page.get_by_label("Le même").fill("cheval pile agrafe correcte")
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name=re.compile("QR"))).to_be_visible()
    expect(page.get_by_text("JBSW Y3DP")).to_be_visible()
    assert faults(page) == []
    page.get_by_label(re.compile("Code à 6")).fill("123456")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Votre compte est ouvert")).to_be_visible()
