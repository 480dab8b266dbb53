"""Ten past three in the morning, a refused officer: the card alone must tell what to do."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.support.centre import Town, running
from tests.support.console_person import faults

from beffroi.base.db import session_scope
from beffroi.cli.promises.browser import keep_shot
from beffroi.domain.clock import now
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.identity.tables import AccountRow

pytestmark = pytest.mark.e2e
PICTURE = Path(__file__).parents[2] / "docs" / "img" / "refused-at-night.png"
PICTURE_BYTES = 250_000
NIGHT = datetime(2026, 3, 3, 3, 10, tzinfo=ZoneInfo("Europe/Paris"))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A centre at night; the coordination agreement of X has no night clause."""
    with running(tmp_path_factory.mktemp("night") / "data") as one:
        registry = one.centre.registry
        paper = registry.facts().versions(DocumentId("coordination/X"))[-1]
        registry.propose(replace(paper, fields={**paper.fields, "night_clause": False}), by=PersonId("clerkE"))
        registry.confirm(paper.id, by=PersonId("mayorX"))
        with session_scope(one.centre.engine) as session:  # the town names people by their id
            account = session.get_one(AccountRow, one.accounts["pmX"])
            account.label_fr, account.label_en = "Police municipale", "Municipal police"
        one.clock.advance((NIGHT - now(one.clock)).total_seconds())
        yield one


@pytest.fixture
def page(browser: Browser, town: Town) -> Iterator[Page]:
    """The officer's console, whose clock shows the same night."""
    person = town.session("pmX")
    assert person.duty("watch").status == 200
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="fr-FR")
    context.set_default_timeout(30_000)
    address = f"http://127.0.0.1:{town.port}"
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in person.cookies.items()])
    opened = context.new_page()
    opened.clock.install(time=NIGHT)
    opened.goto(address)
    opened.locator(".wall").wait_for()
    try:
        yield opened
    finally:
        context.close()


def refused(page: Page) -> None:
    page.keyboard.press("Control+1")
    page.get_by_text("Place du Marché", exact=True).first.click()
    expect(page.get_by_role("article")).to_contain_text("Accès refusé")


def test_the_card_alone_tells_what_to_do(page: Page) -> None:
    refused(page)
    card = page.get_by_role("article")
    expect(card).to_contain_text("Que faire maintenant")
    expect(card).to_contain_text("coordination")  # the document that cures it
    expect(card).to_contain_text("à obtenir auprès de")  # who issues it
    expect(card).to_contain_text("Prévenez le chef de salle")
    expect(card).to_contain_text("112")
    expect(card).to_contain_text("CSI")  # by what right
    assert faults(page) == []
    page.locator("h1").first.evaluate("heading => document.activeElement.blur()")
    page.keyboard.press("p")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Ce qui manque")
    unmet = dialog.get_by_role("listitem").filter(has_text="non remplie")
    expect(unmet).to_have_count(1)
    expect(unmet).to_contain_text("nuit")
    expect(dialog).to_contain_text("Ce qui est en règle")
    assert faults(page) == []


@pytest.mark.skipif(os.environ.get("BEFFROI_KEEP_SCREENSHOT") != "1", reason="only `make screenshot` draws it")
def test_picture_of_the_card(page: Page) -> None:
    refused(page)
    page.mouse.move(5, 760)
    keep_shot(page, PICTURE, most_bytes=PICTURE_BYTES)
    assert PICTURE.stat().st_size <= PICTURE_BYTES
