"""Documents, persons, cameras' files, the shared screen and the card, as people drive them."""

from playwright.sync_api import Page, expect
from tests.support.console_person import enter, faults, on_duty


def test_a_document_is_found_by_its_filters_and_read_whole(page: Page, address: str) -> None:
    enter(page, address, "documents")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(5)
    expect(rows.first).to_contain_text("à confirmer")  # what waits for somebody comes first
    page.get_by_label("État").select_option("expired")
    expect(rows).to_have_count(1)
    page.get_by_label("État").select_option("")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("/")
    page.keyboard.type("d3 valbrune")
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Convention entre membres").click()
    file = page.get_by_role("region", name="convention entre membres")
    expect(file).to_contain_text("La vue mutualisée des caméras de cette commune.")  # what is closed without it
    expect(file).to_contain_text("Une première personne a confirmé")
    expect(file).to_contain_text("ab" * 32)
    expect(file).to_contain_text("15/12/2026, dans 23 jours")
    expect(file.locator("del")).to_contain_text("30")
    expect(file.locator("ins")).to_contain_text("15")
    assert faults(page) == []


def test_a_form_asks_what_its_kind_asks(page: Page, address: str) -> None:
    enter(page, address, "documents")
    page.get_by_role("button", name="Convention entre membres").wait_for()
    page.locator("h1").click()
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Nature", exact=True).select_option("prefect_order")
    terms = dialog.get_by_label("Modalités de la transmission")
    expect(terms).not_to_have_attribute("required", "")
    dialog.get_by_text("Champs facultatifs").click()
    dialog.get_by_label("gendarmerie", exact=True).check()
    expect(dialog.get_by_label("Modalités de la transmission")).to_have_attribute("required", "")
    dialog.locator("#scope-cameras").fill("Place du Marché (cam-20)")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Enlever Place du Marché")).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_an_import_tells_each_line(page: Page, address: str) -> None:
    enter(page, address, "documents")
    page.get_by_role("button", name="Importer").click()
    page.get_by_label("Fichier CSV ou YAML").set_input_files(
        {"name": "pieces.csv", "mimeType": "text/csv", "buffer": b"id;number\n"}
    )
    page.get_by_role("button", name="Vérifier").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 ligne à corriger. Rien n’a été saisi.")
    expect(dialog).to_contain_text("ligne 3")
    assert faults(page) == []


def test_an_accreditation_is_suspended_in_two_keystrokes_and_a_reason(page: Page, address: str) -> None:
    enter(page, address, "people")
    page.get_by_role("button", name="Opérateur du centre").last.focus()
    page.keyboard.press("s")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Agrément individuel")
    expect(dialog.get_by_label("Raison")).to_be_focused()
    assert faults(page) == []


def test_a_person_shows_what_happened_to_their_papers(page: Page, address: str) -> None:
    enter(page, address, "people")
    page.get_by_role("button", name="Opérateur du centre").last.click()
    expect(page.get_by_role("region", name="Opérateur du centre")).to_contain_text("Pièce suspendue")
    assert faults(page) == []


def test_a_camera_shows_its_papers(page: Page, address: str) -> None:
    enter(page, address, "cameras")
    page.get_by_role("button", name="Place du Marché").click()
    expect(page.get_by_role("region", name="Place du Marché")).to_contain_text("Version 1")
    assert faults(page) == []


def test_the_card_has_three_looks(page: Page, address: str) -> None:
    on_duty(page, address)
    page.keyboard.press("/")
    page.keyboard.type("bourg marché")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.keyboard.press("p")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Accès ouvert")
    expect(dialog).to_contain_text("maire de Bourg-Neuf")
    assert faults(page) == []
    page.keyboard.press("2")
    expect(dialog).to_contain_text("Accès refusé")
    expect(dialog).to_contain_text("Que faire maintenant")
    expect(dialog).to_contain_text("le conseil municipal de Valbrune")
    assert faults(page) == []
    page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text("à confirmer avec la préfecture")
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_visitor_blanks_the_wall_and_leaves(page: Page, address: str) -> None:
    on_duty(page, address)
    page.keyboard.press("Alt+3")
    page.get_by_role("button", name="Visiteur : éteindre").click()
    expect(page.get_by_role("banner")).to_contain_text("Écran partagé : Visiteur")
    assert faults(page) == []
    page.keyboard.press("Alt+1")
    expect(page.get_by_text("Images éteintes : un visiteur")).to_be_visible()
    page.keyboard.press("Alt+3")
    page.get_by_role("button", name="Le visiteur est parti").click()
    page.keyboard.press("Alt+1")
    expect(page.get_by_text("Images éteintes : un visiteur")).to_have_count(0)
    page.keyboard.press("Alt+3")
    page.get_by_role("searchbox", name="Déclarer une personne").fill("elu valb")
    page.keyboard.press("Enter")
    expect(page.get_by_role("banner")).to_contain_text("Écran partagé : Élu de Valbrune")
    page.get_by_role("button", name="Élu de Valbrune est parti").click()
    expect(page.get_by_role("banner")).not_to_contain_text("Écran partagé")  # the next test's screen is nobody's


def test_deadlines_are_told_in_the_bar(page: Page, address: str) -> None:
    enter(page, address)
    page.get_by_role("button", name="1 échéance annoncée").click()
    expect(page.get_by_role("dialog")).to_contain_text("finit le 15 décembre 2026")
    assert faults(page) == []
