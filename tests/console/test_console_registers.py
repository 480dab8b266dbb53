"""The rooms of the registers: read when asked, by keyboard alone, in both themes; a proof is one click away."""

from playwright.sync_api import Page, expect
from tests.support.console_person import enter, faults, shot


def looked_at(page: Page, name: str) -> None:
    """In both themes, as a picture and to axe."""
    shot(page, f"{name}-dark")
    assert faults(page) == []
    page.get_by_role("button", name="Thème clair").click()
    shot(page, f"{name}-light")
    assert faults(page) == []


def test_a_register_is_asked_for_by_keyboard_and_taken_away(page: Page, address: str) -> None:
    enter(page, address, "registers")
    expect(page.get_by_role("heading", name="Registres de la commune", exact=True)).to_be_visible()
    expect(page.get_by_label("Commune", exact=True)).to_have_value("99001")
    expect(page.locator("tbody tr")).to_have_count(0)  # reading is an entry: nothing before a person asks
    page.get_by_label("Registre", exact=True).focus()
    for _ in range(14):  # a date has three parts and a calendar
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "submit":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="2 lignes")).to_be_visible()
    rows = page.get_by_role("table", name="Registre des accès").locator("tbody tr")
    expect(rows.first).to_contain_text("4821-0736")
    expect(rows.first).to_contain_text("22:04:30")
    counts = page.get_by_role("table", name="Décomptes mensuels").locator("tbody tr")
    expect(counts.first).to_contain_text("< 5")
    paper = page.get_by_role("link", name="Papier (PDF)")
    assert "/api/registers/accesses/pdf?commune=99001&from=" in (paper.get_attribute("href") or "")
    report = page.get_by_role("link", name="Rapport de 2026-10, Bourg-Neuf (PDF)")
    assert report.get_attribute("href") == "/api/reports/99001/2026-10"
    looked_at(page, "registers")


def test_who_saw_a_camera_and_why_each_with_its_proof(page: Page, address: str) -> None:
    enter(page, address, "seen")
    expect(page.get_by_role("heading", name="Qui a vu cette caméra")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(0)
    page.get_by_label("Caméra", exact=True).select_option(index=0)
    page.get_by_role("button", name="Chercher").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="2 vues · 1 refus")).to_be_visible()
    rows = page.locator("tbody tr")
    expect(rows.first).to_contain_text("Surveillance des lieux exposés")
    expect(rows.first).to_contain_text("22:04:30")
    expect(rows.nth(1)).to_contain_text("aucune image")
    expect(rows.nth(2)).to_contain_text("Visionnages sur place")
    expect(rows.nth(2)).to_contain_text("motif effacé")
    proof = page.get_by_role("link", name="Prouver l’inscription n° 1204 (fichier JSON)")
    assert proof.get_attribute("href") == "/api/register/1204/proof"
    page.get_by_role("button", name="Lever le numéro 4821-0736").first.click()
    expect(rows.first).to_contain_text("compte : operateur3")
    looked_at(page, "seen")


def test_an_inspection_sees_its_letter_the_hours_and_takes_its_pack(page: Page, address: str) -> None:
    enter(page, address, "inspection")
    expect(page.get_by_text("CDV-2026-7")).to_be_visible()
    expect(page.get_by_text("21/11/2026 – 30/11/2026")).to_be_visible()  # the last day covered
    expect(page.get_by_text("porte sur : Bourg-Neuf · à partir du 2026-11-01")).to_be_visible()
    expect(page.get_by_text("de 6 h à 21 h")).to_be_visible()
    expect(page.get_by_text("hors de ces heures")).to_be_visible()
    pack = page.get_by_role("link", name="Prendre le dossier (ZIP)")
    assert "/api/inspection/pack.zip?commune=99001&from=" in (pack.get_attribute("href") or "")
    looked_at(page, "inspection")
