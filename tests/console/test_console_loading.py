"""What could not be loaded is said, with the way to ask again; it never looks like "there is nothing"."""

import re

import pytest
from playwright.sync_api import Page, Route, expect
from tests.support.console_person import enter, faults, on_duty

REFUSED = '{"error": {"code": "broken", "text": {"fr": "Panne d’essai. Réessayez.", "en": "Trial fault. Try again."}}}'

# By room: what is read there by itself (a pattern of addresses), its name, and a word that is there once it is read.
ROOMS = {
    "wall": ("/api/reasons", "Motifs", "finalité F5"),  # the service is taken before the wall is there
    "replay": ("/api/reasons", "Motifs", "F5"),
    "health": ("/api/health/cameras", "État des flux", "2 caméras en panne"),
    "documents": ("/api/documents(/kinds)?", "Documents, Types de documents", "à confirmer par Valbrune"),
    "people": ("/api/persons", "Personnes", "aucune pièce"),
    "cameras": ("/api/cameras/file", "Caméras", "implantation à confirmer"),
    "register": ("/api/register/checkpoint", "Dernier point de contrôle du registre", "non attesté par un témoin"),
    "registers": ("/api/(registers|reports)", "Registres, Rapports mensuels", "SHA-256"),
    "inspection": ("/api/inspection", "Lettres de mission", "Prendre"),
    "room": ("/api/(screens|reviews|persons)", "Écrans, Actes d’urgence à revoir, Personnes", "Personne en danger"),
    "accounts": ("/api/accounts", "Comptes", "Une demande attend une seconde personne"),
    "posts": ("/api/posts", "Postes", "attend son code"),
}

# What rooms say when there is nothing: none of it is true of what was not read.
NOTHING = re.compile(
    r"Aucune? (document|caméra|personne|compte|poste|acte|rapport|panne|échéance|inscription|dossier|demande|écran)"
    r"|aucun acte de vous|Rien (à|ne)|n’est déclaré|Chargement…",
)


def _closed(route: Route) -> None:
    route.abort("connectionrefused")


def _broken(route: Route) -> None:
    route.fulfill(status=503, content_type="application/json", body=REFUSED)


def _never_by_itself(page: Page) -> None:
    """Nothing is asked again at an interval: what comes back came back by the person's own press."""
    page.add_init_script("window.setInterval = () => 0")


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_that_could_not_be_loaded_says_so_and_asks_again(page: Page, address: str, room: str) -> None:
    paths, name, words = ROOMS[room]
    asked = re.compile(rf"^{re.escape(address)}{paths}(\?.*)?$")
    page.route(asked, _closed)
    _never_by_itself(page)
    enter(page, address, room)
    main = page.locator("main")
    alert = main.get_by_role("alert").filter(has_text="chargement impossible")
    expect(alert).to_contain_text(f"{name}\u00a0: chargement impossible. Le centre ne répond pas.")
    expect(main).not_to_contain_text(NOTHING)
    assert faults(page) == []
    # The centre answers again, but with a fault of its own: its own sentence is told.
    page.route(asked, _broken)
    alert.get_by_role("button", name="Réessayer").click()
    expect(alert).to_contain_text("Panne d’essai")
    expect(main).not_to_contain_text(NOTHING)
    page.unroute(asked)
    alert.get_by_role("button", name="Réessayer").click()
    expect(alert).to_have_count(0)
    expect(main.get_by_text(words).first).to_be_attached()


def test_the_wall_s_list_says_that_the_cameras_are_not_loaded(page: Page, address: str) -> None:
    on_duty(page, address)
    page.route("**/api/cameras", _closed)
    _never_by_itself(page)
    page.reload()
    listed = page.get_by_role("group", name="Caméras")
    expect(listed).to_contain_text("Caméras\u00a0: chargement impossible.")
    listed.get_by_role("searchbox").fill("Marché")
    expect(listed).to_contain_text("Caméras\u00a0: chargement impossible.")
    expect(listed).not_to_contain_text(NOTHING)
    page.unroute("**/api/cameras")
    listed.get_by_role("button", name="Réessayer").click()
    expect(listed.locator("button.camera").first).to_be_visible()


def test_what_was_read_stays_and_says_since_when_and_comes_back_by_itself(page: Page, address: str) -> None:
    page.clock.install()
    enter(page, address, "health")
    expect(page.locator("tbody tr").first).to_be_visible()  # the bar tells of the cameras before the list is there
    rows = page.locator("tbody tr").count()
    page.route("**/api/health/**", _closed)
    alert = page.locator("main").get_by_role("alert").filter(has_text="plus à jour depuis")
    page.clock.run_for(10_000)
    expect(alert).to_have_text(re.compile(r"État des flux.*plus à jour depuis \d\d:\d\d:\d\d\."))
    assert page.locator("tbody tr").count() == rows
    page.unroute("**/api/health/**")
    page.clock.run_for(5_000)
    expect(alert).to_have_count(0)


def test_the_desk_s_filmed_persons_do_not_open_into_nothing(page: Page, address: str) -> None:
    """The screen itself comes from the centre: a click that cannot fetch it is answered."""
    for there in ("**/assets/Subject-*.js", "**/api/desk/cases", "**/api/subject/requests"):
        page.route(there, _closed)
    enter(page, address, "desk")
    expect(page.get_by_role("alert").filter(has_text="Dossiers\u00a0: chargement impossible.")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text(NOTHING)
    # The alarm of a deadline that could not be read is not "no deadline".
    page.get_by_role("button", name="Demande d’une personne filmée échéances non lues").click()
    # Besides the list's own alarm, which says the same of the list.
    answer = page.get_by_role("alert").filter(has_not_text="chargement impossible")
    expect(answer.filter(has_text="Le centre ne répond pas.")).to_be_visible()


def test_a_reason_kept_for_a_list_that_failed_is_taken_when_it_comes_by_itself(page: Page, address: str) -> None:
    page.clock.install()
    on_duty(page, address)
    page.route("**/api/reasons", _closed)
    page.get_by_role("button", name="Place du Marché").first.click()
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name="Préserver")
    expect(dialog.get_by_role("alert").filter(has_text="Motifs\u00a0: chargement impossible.")).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("status").filter(has_text="La touche est retenue")).to_be_visible()
    page.unroute("**/api/reasons")
    page.clock.run_for(5_000)
    expect(dialog.get_by_role("status").filter(has_text="C’est gardé")).to_be_visible()
    expect(dialog.get_by_role("alert").filter(has_text="chargement impossible")).to_have_count(0)


def test_deadlines_that_were_not_read_are_no_empty_bell(page: Page, address: str) -> None:
    page.clock.install()
    page.route("**/api/announcements", _closed)
    enter(page, address, "health")
    bell = page.get_by_role("banner").get_by_role("button", name="Échéances non lues")
    expect(bell).to_be_visible()
    assert faults(page) == []
    bell.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert").filter(has_text="Échéances\u00a0: chargement impossible.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.unroute("**/api/announcements")
    page.clock.run_for(10_000)
    expect(page.get_by_role("banner").get_by_role("button", name="1 échéance annoncée")).to_be_visible()
    expect(bell).to_have_count(0)
