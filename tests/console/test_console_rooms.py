"""The other rooms, in both themes: no fault of access, and each list says what it must."""

import re

import pytest
from playwright.sync_api import Page, Route, expect
from tests.support.console_person import enter, faults, on_duty

ROOMS = {
    "acts": ("Mes actes", "Vue refusée"),
    "health": ("Supervision technique", "2 caméras en panne"),
    "documents": ("Documents", "à confirmer par Valbrune"),
    "register": ("Registre", "non attesté par un témoin"),
    "accounts": ("Comptes", "Une demande attend une seconde personne"),
    "cameras": ("Caméras", "implantation à confirmer"),
    "people": ("Personnes et agréments", "aucune pièce"),
    "room": ("Salle", "Personne en danger"),
    "posts": ("Postes déclarés", "attend son code"),
}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_no_fault_in_either_theme(page: Page, address: str, room: str) -> None:
    title, words = ROOMS[room]
    enter(page, address, room)
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    expect(page.get_by_text(words).first).to_be_visible()
    assert faults(page) == []
    page.get_by_role("button", name="Thème clair").click()
    assert faults(page) == []


def test_what_is_down_comes_first(page: Page, address: str) -> None:
    enter(page, address, "health")
    rows = page.locator("tbody tr")
    expect(rows.first).to_contain_text("en panne")
    expect(rows.first).to_contain_text("ne répond plus")
    expect(rows.last).to_contain_text("enregistre")


def test_a_camera_s_clock_is_shown_and_marked_over_a_second(page: Page, address: str) -> None:
    enter(page, address, "health")
    off = page.locator("tbody .mark", has_text="+1,3 s").first
    expect(off).to_have_class(re.compile("amber"))
    expect(page.locator("tbody .mark", has_text="0,0 s").first).not_to_have_class(re.compile("amber"))


def test_a_suspension_asks_for_its_reason_in_words(page: Page, address: str) -> None:
    enter(page, address, "documents")
    page.get_by_role("button", name="Agrément individuel").click()
    page.get_by_role("button", name="Suspendre").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("coupées aussitôt")
    dialog.get_by_role("button", name="Suspendre").click()
    expect(dialog.get_by_role("alert")).to_contain_text("raison")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_an_invitation_link_is_shown_once(page: Page, address: str) -> None:
    enter(page, address, "accounts")
    page.get_by_role("button", name="Inviter une personne").click()
    page.get_by_label("Identifiant", exact=True).fill("operateur9")
    page.get_by_label("Personne (identifiant").fill("operateur-9")
    assert faults(page) == []
    page.get_by_role("button", name="Créer l’invitation").click()
    expect(page.get_by_text("invitation#")).to_be_visible()
    page.get_by_role("button", name="Fermer").click()
    expect(page.get_by_text("invitation#")).to_have_count(0)
    again = page.get_by_role("button", name="Nouveau lien")
    expect(again).to_have_count(1)  # of the one account that was never opened
    again.click()
    expect(page.get_by_text("invitation#")).to_be_visible()
    assert faults(page) == []


def test_the_reason_changes_without_closing_views(page: Page, address: str) -> None:
    on_duty(page, address)
    page.keyboard.press("m")
    expect(page.get_by_role("dialog")).to_contain_text("Les vues déjà ouvertes le restent")
    page.get_by_role("dialog").locator("kbd").first.wait_for()
    page.keyboard.press("2")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("banner")).to_contain_text("Régulation de la circulation")
    expect(page.get_by_role("banner")).to_contain_text("sous l’autorité des maires de Bourg-Neuf")


def test_help_lists_the_keys(page: Page, address: str) -> None:
    enter(page, address)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Raccourcis clavier")
    assert faults(page) == []


def test_the_disk_is_told_to_those_who_look_after_the_machine(page: Page, address: str) -> None:
    enter(page, address, "health")
    expect(page.get_by_role("region", name="Disque des images")).to_have_count(0)
    page.route("**/api/me", lambda route: route.fulfill(json={**route.fetch().json(), "role": "administrator"}))
    enter(page, address, "health")
    disk = page.get_by_role("region", name="Disque des images")
    expect(disk).to_contain_text("92 % occupés")
    expect(disk).to_contain_text("24,6 jours")
    expect(disk.get_by_role("meter")).to_have_attribute("value", "92")
    notices = page.get_by_role("status", name="À savoir de la machine")
    expect(notices).to_contain_text("la durée minimale ne tient pas sur le disque")
    expect(notices).to_contain_text("Le disque des images est plein à 92 %")
    assert faults(page) == []


def _fails(route: Route) -> None:
    route.abort("connectionrefused")


def _does(route: Route) -> None:
    route.fulfill(status=200, content_type="application/json", body="{}")


def test_what_is_done_is_said_after_an_earlier_act_failed(page: Page, address: str) -> None:
    enter(page, address, "accounts")
    trouble = page.locator("main").get_by_role("alert").filter(has_text="Le centre ne répond pas")
    page.route("**/api/accounts/*/unlock", _fails)
    page.get_by_role("button", name="Déverrouiller").first.click()
    expect(trouble).to_be_visible()
    page.route("**/api/accounts/*/lock", _does)
    page.get_by_role("button", name="Verrouiller", exact=True).first.click()
    page.get_by_role("dialog").get_by_role("button", name="Verrouiller", exact=True).click()
    expect(page.locator("main").get_by_role("status").filter(has_text=re.compile(r"\S"))).to_be_visible()
    expect(trouble).to_have_count(0)


def test_a_post_revoked_leaves_no_earlier_trouble(page: Page, address: str) -> None:
    enter(page, address, "posts")
    trouble = page.locator("main").get_by_role("alert").filter(has_text="Le centre ne répond pas")
    page.route(re.compile(r"/api/posts$"), lambda one: _fails(one) if one.request.method == "POST" else one.continue_())
    page.get_by_role("button", name="Nouveau code").first.click()
    expect(trouble).to_be_visible()
    page.route("**/api/posts/*/revoke", _does)
    page.get_by_role("button", name="Révoquer").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Révoquer").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(trouble).to_have_count(0)
