"""A viewing on site in Chromium, on a real centre with real images: card, confirmation, mark, nothing else, one end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.console.conftest import built  # noqa: F401  a fixture
from tests.support.clips import clip
from tests.support.console_person import faults, replaying, until
from tests.support.desktown import BEGIN_US, desk_town
from tests.support.onsitetown import INVESTIGATOR, OnsiteTown, onsite_town

SHOTS = os.environ.get("BEFFROI_SCREENSHOTS")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnsiteTown]:
    with desk_town(tmp_path_factory.mktemp("onsite") / "data") as place:
        place.record("cx", clip(count=500, gop=25, width=320, height=180))
        one = onsite_town(place)
        assert place.hold(one.case, {"cx": (0, 5)}).status == 200
        yield one


@pytest.fixture
def page(browser: Browser, here: OnsiteTown, built: Path) -> Iterator[Page]:  # noqa: F811
    assert built.is_dir()
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="fr-FR")
    context.set_default_timeout(30_000)
    address = f"http://127.0.0.1:{here.place.town.port}"
    cookies = here.agent.cookies.items()
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies])
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.goto(f"{address}/#/desk")
    opened.locator(".frame").wait_for()
    yield opened
    context.close()
    assert not troubles


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png")


def begin(page: Page, here: OnsiteTown) -> None:
    """Both sides, at the keyboard."""
    page.get_by_label("Numéro de la réquisition").fill(here.number)
    page.get_by_label("Nom et qualité de l’enquêteur").fill(INVESTIGATOR)
    page.get_by_label("Motif").select_option(here.reason())
    page.get_by_label("J’ai vu sa carte").check()
    assert faults(page) == []
    shot(page, "onsite-ask")
    page.get_by_role("button", name="Demander le visionnage").click()
    expect(page.get_by_role("heading", name="À l’enquêteur")).to_be_visible()
    expect(page.get_by_label("Votre nom et votre qualité")).to_be_focused()
    shot(page, "onsite-confirm")
    page.keyboard.type(INVESTIGATOR)
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Devant l’écran : vous et {INVESTIGATOR}")).to_be_visible()


def plays(page: Page) -> None:
    page.get_by_role("button", name="Place du Marché").click()
    until(page, lambda: replaying(page).get("frames", 0) > 10, "pictures")


def test_two_persons_one_screen(page: Page, here: OnsiteTown) -> None:
    page.get_by_role("button", name="Réquisition", exact=True).first.click()
    shot(page, "onsite-case")
    page.get_by_role("button", name="Visionnage sur place").click()
    begin(page, here)
    plays(page)
    assert replaying(page)["fromUs"] == BEGIN_US
    assert replaying(page)["toUs"] == BEGIN_US + 60_000_000
    page.keyboard.press("i")
    marked_us = replaying(page)["atUs"]
    until(page, lambda: replaying(page)["atUs"] > marked_us + 1_000_000, "a second of pictures")
    page.keyboard.press("o")
    remove = page.get_by_role("button", name="Supprimer le repère")
    expect(remove).to_have_count(1)
    expect(page.get_by_role("button", name="Rien trouvé")).to_be_disabled()
    assert faults(page) == []
    shot(page, "onsite-watch")

    page.get_by_role("button", name="Préparer l’extrait").click()
    page.get_by_label("Qui sera la seconde personne").select_option("pmX")
    shot(page, "onsite-extract")
    page.get_by_role("button", name="Terminer").click()
    expect(page.get_by_text("Extrait demandé : remise")).to_be_visible()
    (package,) = here.agent.get(f"/api/desk/cases/{here.case}").body["packages"]
    assert all(BEGIN_US <= one["from_us"] < one["to_us"] <= BEGIN_US + 60_000_000 for one in package["asked"])

    begin(page, here)
    plays(page)
    page.get_by_role("button", name="Rien trouvé").click()
    page.get_by_role("button", name="Terminer").click()
    expect(page.get_by_text("Néant : rien trouvé")).to_be_visible()
    with page.expect_download() as slip:
        page.get_by_role("link", name="Récépissé (PDF)").first.click()
    assert Path(slip.value.path()).read_bytes().startswith(b"%PDF")
    shot(page, "onsite-over")


def test_a_requisition_that_ends_darkens_the_screen(page: Page, here: OnsiteTown) -> None:
    page.get_by_role("button", name="Réquisition", exact=True).first.click()
    shot(page, "onsite-case")
    page.get_by_role("button", name="Visionnage sur place").click()
    begin(page, here)
    plays(page)
    here.withdraw()
    expect(page.get_by_text("L’enquêteur est encore déclaré devant cet écran")).to_be_visible()
    shot(page, "onsite-withdrawn")
    page.get_by_role("button", name="L’enquêteur est parti").click()
    expect(page.get_by_text("L’enquêteur est encore déclaré devant cet écran")).to_have_count(0)
    expect(page.get_by_text("Interrompu : la réquisition n’est plus en vigueur")).to_be_visible()
