"""The requisition desk before two persons, each in their own browser: a real centre, a real register, real pictures."""

import json
import re
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from tests.server.test_desk_delivery import journal_in_register
from tests.support.console_person import faults, held, shot, until
from tests.support.deskscreen import SIZES, confirm, requisition, seated, town_with_map
from tests.support.desktown import AGENT, CLERK, DeskTown

from beffroi.domain.ids import DocumentId, PersonId
from beffroi.ledger.entry import EntryKind

SECOND = "pmX"


@pytest.fixture(scope="module")
def place(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskTown]:
    assert built.is_dir()
    with town_with_map(tmp_path_factory.mktemp("desk") / "data") as one:
        yield one


def looked_at(page: Page, name: str) -> None:
    """At both sizes; in both themes, and to axe, where room is scarce; nothing runs out of the page."""
    for width, height in reversed(SIZES):
        page.set_viewport_size({"width": width, "height": height})
        shot(page, f"{name}-{width}-dark")
        if (width, height) != SIZES[0]:
            assert faults(page) == []
            page.get_by_role("button", name="Thème clair").click()
            shot(page, f"{name}-{width}-light")
            assert faults(page) == []
            page.get_by_role("button", name="Thème sombre").click()
        sizes = page.evaluate("[document.body.scrollWidth, document.body.scrollHeight]")
        assert sizes == [width, height], "the page itself does not scroll"


def on_the_phone(page: Page, words: str, *, frame: str = "f") -> None:
    """A new case, as far as the hold, by keyboard alone; ``frame`` is the one letter that chooses it in a list, which
    takes several for as many choices when they come slowly; empty, it leaves « non dit »."""
    page.keyboard.press("n")
    expect(page.get_by_label("Lieu, commune ou caméra")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.get_by_role("group").first).to_be_visible()
    page.get_by_label("De", exact=True).focus()
    page.keyboard.type("9h40")
    page.keyboard.press("Tab")
    page.keyboard.type("9h40m10")
    page.keyboard.press("Tab")
    page.keyboard.press("Home")  # no margin: nothing else was recorded
    expect(page.locator("#desk-range")).to_contain_text("02/03 09:40 → 09:40:10 (10 s)")
    page.get_by_label("Qui appelle").focus()
    for typed in ("Adjudant de permanence", "gendarmerie de Bourg-Neuf", "01 00 00 00 17", frame):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # the report's number comes later
    page.keyboard.press("Space")


def placed(page: Page) -> None:
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Réquisition (D15)")).to_be_visible()


def test_by_keyboard_alone_a_hold_stands_and_nobody_saw_anything(browser: Browser, place: DeskTown) -> None:
    with seated(browser, place, AGENT) as seat:
        page = seat.page
        expect(page.get_by_text("Aucun dossier.")).to_be_visible()
        on_the_phone(page, "rue haute")
        expect(page.get_by_role("checkbox", name="Rue Haute")).to_be_checked()
        expect(page.get_by_role("status").filter(has_text="1 cochée sur 1")).to_be_visible()
        expect(page.get_by_text("attend la réquisition sept jours au plus")).to_be_visible()
        looked_at(page, "call")
        began_s = time.monotonic()
        placed(page)
        row = page.get_by_role("row", name="Rue Haute")
        expect(row).to_contain_text("sous gel")
        sys.stderr.write(f"\nheld and told {(time.monotonic() - began_s) * 1000:.0f} ms after Ctrl + Enter\n")
        expect(row).to_contain_text("hors réquisition")
        expect(row).to_contain_text("dans 36 j")  # thirty days of the order, seven for the paper
        expect(page.get_by_text("papier attendu")).to_be_visible()
        expect(page.get_by_role("timer")).to_contain_text("00:")
        page.keyboard.press("Escape")
        expect(page.get_by_role("row", name="gendarmerie de Bourg-Neuf")).to_contain_text("PV à venir")
        assert page.locator("img:not([src='/beffroi.svg']), video").count() == 0
    assert EntryKind.HOLD in kinds(place)
    assert EntryKind.VIEW_OPENED not in kinds(place)


def test_from_the_map_to_the_receipt_with_a_second_person(browser: Browser, place: DeskTown, tmp_path: Path) -> None:
    paper = requisition(place, "2026-17", ("cx",), 0, 60)
    with seated(browser, place, AGENT) as seat, seated(browser, place, SECOND, size=SIZES[1]) as other:
        page = seat.page
        page.keyboard.press("n")
        clicked_on_the_map(page)
        expect(page.get_by_label("Lieu, commune ou caméra")).to_have_value(re.compile(r"48\.851\d\d 2\.3(49|50)"))
        communes = page.get_by_role("region", name="Caméras trouvées").get_by_role("group")
        expect(communes).to_have_count(2)
        expect(page.get_by_role("checkbox", name="Place du Marché")).to_be_checked()
        expect(page.get_by_text(re.compile(r"à 16\d m"))).to_be_visible()
        page.get_by_label("De", exact=True).fill("9h40")
        page.get_by_label("À (").fill("9:40:10")
        page.get_by_label("Marge").select_option("0")
        page.get_by_label("Qui appelle").fill("Adjudant de permanence")
        page.get_by_label("Service", exact=True).fill("gendarmerie")
        placed(page)
        expect(page.get_by_role("row", name="sous gel")).to_have_count(3)

        attached(place, page, paper)
        expect(page.get_by_role("row", name="Place du Marché")).to_contain_text("couvert")
        expect(page.get_by_role("row", name="Rue Haute")).to_contain_text("hors réquisition")
        looked_at(page, "case")
        page.get_by_label("Seconde personne").select_option(SECOND)
        page.get_by_role("button", name="Préparer la remise").click()
        expect(page.get_by_text(f"Attend l’accord de {SECOND}.")).to_be_visible()
        expect(page.get_by_role("button", name="Fabriquer la remise")).to_have_count(0)

        agreed(other.page)
        journal_in_register(place)
        expect(page.get_by_text(f"Accord de {SECOND}")).to_be_visible()
        refused_by_law(page)
        page.get_by_label("Motif").select_option("watch")
        page.get_by_role("button", name="Fabriquer la remise").click()
        expect(page.get_by_text("à remettre")).to_be_visible()
        with page.expect_download() as taken:
            page.get_by_role("link", name="Télécharger la remise").click()
        archive = tmp_path / "remise.zip"
        taken.value.save_as(archive)
        with zipfile.ZipFile(archive) as packet:
            assert {"manifest.json", "index.html", "bordereau.pdf"} <= set(packet.namelist())
        expect(page.get_by_text("déjà téléchargés")).to_be_visible()
        page.get_by_label("Par", exact=True).fill("Adjudant de permanence")
        page.get_by_label("Référence").fill("R-1")
        page.get_by_role("button", name="Noter le reçu").click()
        expect(page.get_by_text("Reçu signé le 02/03/2026 par Adjudant de permanence (R-1).")).to_be_visible()
        expect(page.get_by_text(re.compile(r"copie du centre détruite dans 6 j \d+ h au plus tard"))).to_be_visible()
        looked_at(page, "received")


def clicked_on_the_map(page: Page) -> None:
    """The middle of the map, which frames the cameras known, is where the three of them are in the middle."""
    box = page.locator(".box[data-ready=true]")
    box.wait_for()
    area = box.bounding_box()
    assert area is not None
    page.mouse.click(area["x"] + area["width"] / 2, area["y"] + area["height"] / 2)
    page.get_by_role("group").first.wait_for()


def attached(place: DeskTown, page: Page, paper: DocumentId) -> None:
    """Joined before its commune has confirmed it: the requisition says whose word is missing, and nothing leaves."""
    expect(page.get_by_text("Joignez d’abord une réquisition en vigueur.")).to_be_visible()
    page.get_by_role("button", name="Joindre PV 2026-17").click()
    expect(page.get_by_text("à confirmer par Bourg-Neuf : rien ne sort avant")).to_be_visible()
    expect(page.get_by_text("réquisition à confirmer par la commune")).to_be_visible()
    confirm(place, paper)
    expect(page.get_by_text("en vigueur", exact=True)).to_be_visible()
    expect(page.get_by_text("réquisition jointe").first).to_be_visible()


def refused_by_law(page: Page) -> None:
    """A reason whose purpose the order does not name: the card says why, its conditions unfold, nothing is made."""
    page.get_by_label("Motif").select_option("terrorism")
    page.get_by_role("button", name="Fabriquer la remise").click()
    card = page.get_by_role("alert").filter(has_text="Accès refusé")
    expect(card).to_be_visible()
    card.get_by_role("button", name="Pourquoi ?").click()
    expect(card).to_contain_text("Ce qui manque")
    looked_at(page, "refused-by-law")
    expect(page.get_by_role("link", name="Télécharger la remise")).to_have_count(0)


def agreed(page: Page) -> None:
    """What awaits the second person's word is the first thing on their own screen."""
    panel = page.get_by_role("region", name="Attend votre accord")
    expect(panel).to_contain_text("Place du Marché, 02/03 09:40 → 09:40:10")  # asked for each ten seconds
    expect(panel).not_to_contain_text("Rue Haute")
    looked_at(page, "second")
    panel.get_by_role("button", name="Donner mon accord").click()
    page.get_by_role("dialog").get_by_role("button", name="Donner mon accord").click()
    expect(page.get_by_text("Votre accord est donné.")).to_be_visible()
    expect(panel).to_have_count(0)


def test_what_is_refused_is_said_in_words_and_changes_nothing(browser: Browser, place: DeskTown) -> None:
    with seated(browser, place, AGENT) as seat:
        page = seat.page
        alert = page.get_by_role("alert")
        page.keyboard.press("n")
        expect(page.get_by_label("Lieu, commune ou caméra")).to_be_focused()
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("status").filter(has_text="Cochez au moins une caméra.")).to_be_visible()
        page.get_by_label("Lieu, commune ou caméra").fill("nulle part")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Aucune caméra trouvée.")).to_be_visible()
        page.get_by_label("Lieu, commune ou caméra").fill("orville")
        page.keyboard.press("Enter")
        expect(page.get_by_role("checkbox", name="Rue Haute")).to_be_checked()
        # The autumn night: which 2:30; the spring night: there is none.
        page.get_by_label("Jour").fill("2025-10-26")
        page.get_by_label("De", exact=True).fill("2h30")
        expect(page.get_by_text("Cette nuit-là, 2h30 vient deux fois.")).to_be_visible()
        page.get_by_role("button", name="la seconde, heure d’hiver (+1 UTC)").click()
        expect(page.locator("#desk-range")).to_contain_text("26/10 02:25 (UTC+1) → 02:35 (UTC+1)")
        page.get_by_label("Jour").fill("2026-03-29")
        expect(page.get_by_text("l’heure du début n’existe pas")).to_be_visible()
        page.get_by_label("Jour").fill("2025-12-24")
        page.get_by_label("Qui appelle").fill("Adjudant")
        page.get_by_label("Service", exact=True).fill("gendarmerie")
        page.get_by_label("Cadre").select_option("flagrance")
        expect(page.get_by_text("Un cadre demande le rappel vérifié")).to_be_visible()
        page.keyboard.press("Control+Enter")
        expect(alert.filter(has_text="Rappelez le service à son numéro connu")).to_be_visible()
        page.get_by_label("Cadre").select_option("none")
        page.keyboard.press("Control+Enter")
        expect(alert.filter(has_text="« Rue Haute » sont détruites depuis longtemps")).to_be_visible()
        looked_at(page, "refused")
        page.get_by_role("button", name="Tous les dossiers").click()
        expect(page.get_by_text("ouvert, rien sous gel")).not_to_have_count(0)


def test_what_is_typed_while_a_case_opens_is_its_first_words(browser: Browser, place: DeskTown) -> None:
    with seated(browser, place, AGENT) as seat:
        page = seat.page
        expect(page.get_by_role("button", name="Nouveau dossier")).to_be_visible()
        page.get_by_role("region", name="Réquisitions").locator("table, p").first.wait_for()
        with held(page, "/api/desk/cases") as come:
            page.keyboard.press("n")
            page.keyboard.type("orville")
            page.keyboard.press("Enter")
            expect(page.get_by_role("status").filter(has_text="Ce que vous tapez est gardé")).to_be_visible()
            assert faults(page) == []
            come()
            expect(page.get_by_role("checkbox", name="Rue Haute")).to_be_checked()
        expect(page.get_by_label("Lieu, commune ou caméra")).to_have_value("orville")
        expect(page.get_by_label("Lieu, commune ou caméra")).to_be_focused()


def test_a_hold_is_placed_where_was_said_last(browser: Browser, place: DeskTown) -> None:
    """Neither on the list of an earlier place, nor lost while the list of the new one comes."""
    with seated(browser, place, AGENT) as seat:
        page = seat.page
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.post_data or "") if one.url.endswith("/hold") else None)
        on_the_phone(page, "bourg-neuf", frame="")
        expect(page.get_by_role("checkbox", name="Place du Marché")).to_be_checked()
        words = page.get_by_label("Lieu, commune ou caméra")
        words.fill("orville")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("status").filter(has_text="Le lieu a changé")).to_be_visible()
        expect(page.get_by_role("checkbox", name="Rue Haute")).to_be_checked()
        assert asked == []
        words.fill("bourg-neuf")
        words.press("Enter")
        expect(page.get_by_role("checkbox", name="Place du Marché")).to_be_checked()
        with held(page, "/search") as come:
            words.fill("orville")
            words.press("Enter")
            page.keyboard.press("Control+Enter")
            expect(page.get_by_role("status").filter(has_text="La touche est retenue")).to_be_visible()
            assert asked == []
            come()
            expect(page.get_by_role("heading", name="Réquisition (D15)")).to_be_visible()
        (sent,) = asked
        assert [one["camera"] for one in json.loads(sent)["cameras"]] == ["cy"]


def holds_asked(page: Page) -> list[list[str]]:
    """The cameras of each hold that the page asks for."""
    asked: list[list[str]] = []

    def note(url: str, body: str | None) -> None:
        if url.endswith("/hold"):
            asked.append([one["camera"] for one in json.loads(body or "{}")["cameras"]])

    page.on("request", lambda one: note(one.url, one.post_data))
    return asked


def test_a_hold_asked_for_one_place_is_not_placed_on_the_next(browser: Browser, place: DeskTown) -> None:
    with seated(browser, place, AGENT) as seat:
        page = seat.page
        asked = holds_asked(page)
        on_the_phone(page, "bourg-neuf", frame="")
        words = page.get_by_label("Lieu, commune ou caméra")
        kept = page.get_by_role("status").filter(has_text="La touche est retenue")
        with held(page, "/search") as come:
            words.fill("bourg")
            words.press("Enter")
            page.keyboard.press("Control+Enter")
            expect(kept).to_be_visible()
            words.fill("orville")
            words.press("Enter")
            expect(kept).to_have_count(0)
            come()
            expect(page.get_by_role("checkbox", name="Rue Haute")).to_be_checked()
        assert asked == []
        placed(page)
        assert asked == [["cy"]]


def test_a_key_held_down_places_no_hold_on_a_list_nobody_looked_at(browser: Browser, place: DeskTown) -> None:
    with seated(browser, place, AGENT) as seat:
        page = seat.page
        asked = holds_asked(page)
        on_the_phone(page, "bourg-neuf", frame="")
        words = page.get_by_label("Lieu, commune ou caméra")
        with held(page, "/search") as come:
            words.fill("orville")
            page.keyboard.down("Control")
            page.keyboard.down("Enter")
            expect(page.get_by_role("status").filter(has_text="Le lieu a changé")).to_be_visible()
            page.keyboard.down("Enter")  # the key repeats
            page.keyboard.up("Enter")
            page.keyboard.down("Enter")  # nor a second press: the list is not there
            expect(page.get_by_text("La touche est retenue")).to_have_count(0)
            come()
            expect(page.get_by_role("checkbox", name="Rue Haute")).to_be_checked()
        page.keyboard.down("Enter")
        page.keyboard.up("Control")
        page.get_by_role("button", name="Poser le gel").focus()
        page.keyboard.down("Enter")  # a button is pressed by no repeat either
        page.keyboard.up("Enter")
        assert asked == []
        placed(page)
        assert asked == [["cy"]]


def test_words_typed_for_a_new_case_go_to_no_other_and_are_kept(browser: Browser, place: DeskTown) -> None:
    other = place.open_case()
    with seated(browser, place, AGENT) as seat:
        page = seat.page
        searched: list[str] = []
        page.on("request", lambda one: searched.append(one.url) if one.url.endswith("/search") else None)
        row = page.locator(f"#desk-case-{other}")
        expect(row).to_be_visible()
        words = page.get_by_label("Lieu, commune ou caméra")
        trouble = page.get_by_role("alert").filter(has_text="Le centre ne répond pas")

        met: list[str] = []

        def fails(route: Route) -> None:
            met.append(route.request.method)
            if route.request.method == "POST":
                route.abort("connectionrefused")
            else:
                route.continue_()

        page.route("**/api/desk/cases", fails)
        page.clock.run_for(10_000)  # the list is read again: from then on no call passes beside the fault
        until(page, lambda: bool(met), "the fault to be in place")
        page.keyboard.press("n")
        expect(words).to_be_focused()
        page.keyboard.type("orville")
        page.keyboard.press("Control+Enter")
        expect(trouble).to_be_visible()
        expect(words).to_have_value("orville")
        assert faults(page) == []
        shot(page, "desk-not-opened")
        row.click()
        expect(page.get_by_role("button", name="Tous les dossiers")).to_be_visible()
        expect(words).to_have_value("")
        page.get_by_role("button", name="Tous les dossiers").click()
        expect(words).to_have_count(0)
        page.keyboard.press("n")
        expect(trouble).to_be_visible()
        expect(words).to_be_focused()
        page.keyboard.type("orville")
        page.unroute("**/api/desk/cases")
        assert searched == []
        page.keyboard.press("Enter")  # asks for the case again, then searches there
        expect(page.get_by_role("checkbox", name="Rue Haute")).to_be_checked()
        expect(words).to_have_value("orville")
        (url,) = searched
        assert other not in url


def test_an_investigator_who_comes_with_the_paper_is_no_phone_call(browser: Browser, place: DeskTown) -> None:
    paper = requisition(place, "2026-20", ("cx",), 0, 60)
    confirm(place, paper)
    kept = place.open_case(kind="safeguard")
    with seated(browser, place, AGENT, size=SIZES[1]) as seat:
        page = seat.page
        row = page.get_by_role("row", name=kept)
        expect(row).to_contain_text("Constat")
        page.keyboard.press("n")
        page.get_by_role("button", name="Sans appel : l’enquêteur est là avec sa réquisition").click()
        page.get_by_role("button", name="Joindre PV 2026-20").click()
        expect(page.get_by_text("réquisition jointe")).to_be_visible()
        for screen in ("Visionnage sur place", "Demande d’une personne filmée"):
            page.get_by_role("button", name=screen).click()
            back = page.get_by_role("button", name="Retour au dossier").first  # a screen may have its own below
            expect(page.get_by_role("heading", name="Réquisition (D15)")).to_have_count(0)
            back.click()
            expect(page.get_by_role("heading", name="Réquisition (D15)")).to_be_visible()
        page.get_by_role("button", name="Geler des minutes").click()
        expect(page.get_by_label("Lieu, commune ou caméra")).to_be_focused()


def test_a_camera_that_one_does_not_see_is_marked_and_held_all_the_same(browser: Browser, place: DeskTown) -> None:
    registry, agreement = place.town.centre.registry, DocumentId("agreement/E-Y")
    registry.suspend(agreement, by=PersonId("mayorY"), reason="essai")
    try:
        with seated(browser, place, AGENT) as seat:
            page = seat.page
            on_the_phone(page, "orville", frame="")
            found = page.get_by_role("region", name="Caméras trouvées")
            expect(found).to_contain_text("vous ne voyez pas cette caméra")
            expect(page.get_by_role("checkbox", name="Rue Haute")).to_be_checked()
            placed(page)
            expect(page.get_by_role("row", name="Rue Haute")).to_contain_text("sous gel")
            expect(page.get_by_text("dans 29 j").first).to_be_visible()  # no frame: the image's own term
    finally:
        registry.propose(registry.facts().versions(agreement)[-1], by=CLERK)
        registry.confirm_all([agreement], by=PersonId("mayorY"))


def test_who_controls_reads_every_case_and_acts_in_none(browser: Browser, place: DeskTown) -> None:
    place.open_case()
    with seated(browser, place, "dpo") as seat:
        page = seat.page
        expect(page.get_by_role("button", name="Nouveau dossier")).to_have_count(0)
        page.keyboard.press("n")
        page.get_by_role("row").nth(1).get_by_role("button").click()
        expect(page.get_by_role("heading", name="Remise", exact=True)).to_be_visible()
        for act in ("Poser le gel", "Geler d’autres minutes", "Joindre", "Préparer la remise"):
            expect(page.get_by_role("button", name=act)).to_have_count(0)


def kinds(place: DeskTown) -> set[EntryKind]:
    ledger = place.town.centre.ledger
    return {ledger.record(index).kind for index in range(ledger.size)}
