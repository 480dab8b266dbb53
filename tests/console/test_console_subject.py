"""A filmed person's request on screens, each person in their own browser; the public form in one without script."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.support.console_person import PATIENCE_MS, faults, shot
from tests.support.deskscreen import SIZES, seated, town_with_map
from tests.support.desktown import AGENT, DeskTown, span

SECOND, MAYOR = "pmX", "mayorX"


@pytest.fixture(scope="module")
def place(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskTown]:
    assert built.is_dir()
    with town_with_map(tmp_path_factory.mktemp("subject") / "data") as one:
        yield one


def looked_at(page: Page, name: str) -> None:
    """A picture at both sizes; axe where room is scarce; nothing runs out of the page."""
    for width, height in reversed(SIZES):
        page.set_viewport_size({"width": width, "height": height})
        shot(page, f"{name}-{width}")
        assert (width, height) == SIZES[0] or faults(page) == []
        sizes = page.evaluate("[document.body.scrollWidth, document.body.scrollHeight]")
        assert sizes == [width, height], "the page itself does not scroll"


def requests_of(page: Page) -> None:
    page.get_by_role("button", name="Demande d’une personne filmée").click()
    expect(page.get_by_role("heading", name="Demandes des personnes filmées")).to_be_visible()


def chosen(page: Page) -> None:
    requests_of(page)
    page.get_by_role("button", name="devant la halle").click()
    expect(page.get_by_role("heading", name="Copie, tiers masqués")).to_be_visible()


def test_from_paper_to_the_masked_copy(browser: Browser, place: DeskTown) -> None:
    with seated(browser, place, AGENT) as seat:
        page = seat.page
        requests_of(page)
        page.get_by_role("button", name="Saisir une demande").click()
        page.get_by_label("Souhait").select_option("copy")
        page.get_by_label("Commune", exact=True).select_option("X")
        page.get_by_label("Lieu, en mots").fill("devant la halle")
        page.get_by_label("Heures").fill("09:40-09:41")
        page.get_by_label("Comment reconnaître").fill("manteau rouge")
        looked_at(page, "enter")
        page.get_by_role("button", name="Enregistrer").click()
        expect(page.get_by_text("Code de suivi")).to_be_visible()
        page.get_by_label("Caméra", exact=True).select_option("cx")
        strange_nights(page)
        page.get_by_label("Jour", exact=True).fill("2026-03-02")
        page.get_by_label("De", exact=True).fill("09:40:01")
        page.get_by_label("À", exact=True).fill("09:40:05")
        page.get_by_role("button", name="Geler ces minutes").click()
        expect(page.get_by_text("gelées")).to_be_visible()
        page.get_by_label("Vérifiée par").select_option("video_call")
        page.locator("form").filter(has_text="Vérifiée par").get_by_role("button", name="Enregistrer").click()
        expect(page.get_by_text("Vérifiée (pièce montrée en visioconférence) le")).to_be_visible()
        page.get_by_role("button", name="Soumettre").click()
        expect(page.get_by_text("Soumise : la décision revient au maire")).to_be_visible()
        looked_at(page, "file")
        with seated(browser, place, MAYOR, size=SIZES[1]) as mayor:
            chosen(mayor.page)
            mayor.page.get_by_role("radio", name="Refuser").check()
            expect(mayor.page.get_by_label("Motif")).to_be_visible()
            looked_at(mayor.page, "decide")
            mayor.page.get_by_role("radio", name="Accorder une copie").check()
            mayor.page.get_by_role("button", name="Décider").click()
            expect(mayor.page.get_by_role("link", name="Lettre de réponse (PDF)")).to_be_visible()
        page.clock.fast_forward(11_000)
        expect(page.get_by_label("Seconde personne")).to_have_value(re.compile("."))
        page.get_by_label("Seconde personne").select_option(SECOND)
        page.get_by_role("button", name="Préparer la copie").click()
        expect(page.get_by_text("attend l’accord de la seconde personne")).to_be_visible()
        with seated(browser, place, SECOND, size=SIZES[1]) as second:
            expect(second.page.get_by_role("button", name="1 attend votre accord")).to_be_visible()
            requests_of(second.page)
            expect(second.page.locator("tbody tr").first).to_contain_text("Attend votre accord (copie)")
            looked_at(second.page, "asked")
            second.page.get_by_role("button", name="devant la halle").click()
            second.page.get_by_role("button", name="Je donne mon accord").click()
            expect(second.page.get_by_text("accord donné : à masquer")).to_be_visible()
            page.clock.fast_forward(11_000)
            page.get_by_role("button", name="Ouvrir pour masquer").click()
            masked(page)
            second.page.clock.fast_forward(11_000)
            second.page.get_by_role("button", name="Regarder le résultat").click()
            expect(second.page.locator("video")).to_have_js_property("readyState", 4)
            second.page.get_by_role("button", name="J’ai relu, elle peut sortir").click()
            expect(second.page.get_by_text("relue : à remettre")).to_be_visible()
        page.clock.fast_forward(11_000)
        with page.expect_download() as download:
            page.get_by_role("link", name="Télécharger la copie").click()
        with (
            zipfile.ZipFile(download.value.path()) as archive,
            av.open(io.BytesIO(archive.read("copie.mp4")), "r") as film,
        ):
            frames = [one.to_ndarray(format="gray") for one in film.decode(video=0)]
        assert len(frames) == 100
        assert frames[0][60:70, 120:150].std() < 4, "what was not drawn is grey"
        assert frames[0][20:40, 20:60].std() > 10, "what was drawn is the picture"
        page.get_by_role("button", name="Remise à la personne").click()
        expect(page.get_by_text("détruit sous sept jours")).to_be_visible()


def strange_nights(page: Page) -> None:
    """No day is guessed, a skipped hour is refused, and which of two is meant is asked before anything is held."""
    hold, alert = page.get_by_role("button", name="Geler ces minutes"), page.get_by_role("alert")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.post_data or "") if one.url.endswith("/register") else None)
    expect(page.get_by_label("De", exact=True)).to_have_value("09:40")
    hold.click()
    expect(alert.filter(has_text="Donnez le jour des images")).to_be_visible()
    page.get_by_label("Jour", exact=True).fill("2025-03-30")
    page.get_by_label("De", exact=True).fill("2h30")
    page.get_by_label("À", exact=True).fill("3h10")
    hold.click()
    expect(alert.filter(has_text="l’heure du début n’existe pas")).to_be_visible()
    page.get_by_label("Jour", exact=True).fill("2025-10-26")
    hold.click()
    expect(page.get_by_text("2h30 vient deux fois")).to_be_visible()
    assert asked == [], "nothing is held in silence"
    page.get_by_role("button", name="la seconde, heure d’hiver").click()
    with page.expect_response(lambda one: one.url.endswith("/register")):
        hold.click()
    (line,) = json.loads(asked[0])["cameras"]
    assert (line["from"], line["to"]) == ("2025-10-26T01:30:00.000Z", "2025-10-26T02:10:00.000Z")


def drawn(page: Page) -> None:
    """A box over the first quarter of the picture, by mouse."""
    picture = page.get_by_role("application")
    picture.scroll_into_view_if_needed()
    around = picture.bounding_box()
    assert around is not None
    page.mouse.move(around["x"] + 2, around["y"] + 2)
    page.mouse.down()
    page.mouse.move(around["x"] + around["width"] / 2, around["y"] + around["height"] / 2, steps=4)
    page.mouse.up()


def masked(page: Page) -> None:
    """Boxes by mouse and by keyboard, a preview, the copy."""
    picture = page.get_by_role("application")
    expect(picture.locator("img")).to_be_visible()
    expect(page.get_by_text("Aucun cadre : tout est masqué.")).to_be_visible()
    drawn(page)
    expect(page.get_by_label("Droite")).to_have_value(re.compile("^(49|50|51)$"))
    before = picture.locator("img").get_attribute("src")
    page.get_by_role("slider").press("End")
    expect(picture.locator("img")).not_to_have_attribute("src", before or "")
    expect(page.get_by_text("Ce cadre n’est pas là à cet instant")).to_be_visible()
    drawn(page)
    picture.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_label("Bas")).to_have_value(re.compile("^(50|51|52)$"))
    looked_at(page, "mask")
    page.get_by_label("Aperçu du résultat").check()
    expect(picture.locator("img")).to_be_visible()
    shot(page, "preview")
    page.get_by_role("button", name="Faire la copie").click()
    expect(page.get_by_text("attend la relecture")).to_be_visible()


def test_the_public_form_in_a_browser_without_script(browser: Browser, place: DeskTown) -> None:
    address = f"http://127.0.0.1:{place.town.port}"
    context = browser.new_context(java_script_enabled=False, locale="fr-FR", viewport={"width": 1366, "height": 768})
    context.set_default_timeout(PATIENCE_MS)
    sent: list[str] = []
    page = context.new_page()
    page.on("request", lambda one: sent.append(one.url))
    page.goto(f"{address}/demande")
    page.get_by_label("Voir les images").check()
    page.get_by_label("Commune").fill("Bourg-Neuf")
    page.get_by_label("Lieu, en mots").fill("place du marché")
    page.get_by_label("Jour").fill("2026-03-02")
    page.get_by_label("Entre, heure").fill("09:40")
    page.get_by_label("Où vous répondre").fill("poste restante")
    shot(page, "form")
    page.get_by_role("button", name="Envoyer la demande").click()
    page.get_by_role("heading", name="Votre demande est reçue").wait_for()
    reference, code = page.locator(".code").all_text_contents()
    page.get_by_role("link", name="Suivre une demande").click()
    page.get_by_label("Numéro de la demande").fill(reference)
    page.get_by_label("Code de suivi").fill(code)
    page.get_by_role("button", name="Voir où elle en est").click()
    page.get_by_text("Votre demande est à l'étude").wait_for()
    shot(page, "follow")
    assert all(one.startswith(f"{address}/") for one in sent), "no other site"
    assert context.cookies() == []
    context.close()
    checked = browser.new_context(locale="fr-FR")
    seen = checked.new_page()
    for path in ("/demande", "/demande/suivi"):
        seen.goto(f"{address}{path}")
        assert seen.locator("html").get_attribute("lang") == "fr"
    checked.close()


def test_a_viewing_in_the_person_s_presence(browser: Browser, place: DeskTown) -> None:
    """Granted over the routes; then on the agent's screen: nothing but the minutes of the request, and a note."""
    agent, mayor = place.town.person(AGENT), place.town.person(MAYOR)
    asked = {
        "wish": "viewing",
        "channel": "desk",
        "received_on": "2026-03-02",
        "commune": "X",
        "place": "sous le porche",
    }
    path = f"/api/subject/requests/{agent.post('/api/subject/requests', asked).body['request']['id']}"
    assert agent.post(f"{path}/register", {"cameras": [{"camera": "cx", **span(6, 9)}]}).status == 200
    assert agent.post(f"{path}/identity", {"how": "card_seen", "on": "2026-03-02"}).status == 200
    assert agent.post(f"{path}/propose").status == 200
    assert mayor.post(f"{path}/decide", {"outcome": "viewing", "nobody_else": True}).status == 200
    with seated(browser, place, AGENT, size=SIZES[1]) as seat:
        page = seat.page
        requests_of(page)
        page.get_by_role("button", name="sous le porche").click()
        page.get_by_role("button", name="La personne est devant l’écran").click()
        page.get_by_role("button", name="Ouvrir Place du Marché").click()
        expect(page.locator("video")).to_have_js_property("readyState", 4)
        shot(page, "viewing")
        page.get_by_label("Note de fin").fill("la personne s'est reconnue")
        page.get_by_role("button", name="Terminer le visionnage").click()
        expect(page.get_by_text("la personne s'est reconnue")).to_be_visible()
        expect(page.locator("video")).to_have_count(0)
    assert agent.get("/api/screen").body["present"] == []
