"""A hand faster than the line: a key pressed before its list is there is kept, told, and acts on what comes; a key of
an earlier text never acts on a later one's list, nor an earlier answer on a later question."""

import re

import pytest
from playwright.sync_api import Page, expect
from tests.support.console_person import enter, faults, held, on_duty, tiles, until

KEPT = "La touche est retenue"


@pytest.fixture
def sent(page: Page) -> list[str]:
    """Every call of the page that changes something, by its path."""
    calls: list[str] = []
    page.on(
        "request",
        lambda one: calls.append(re.sub(r"^https?://[^/]+", "", one.url)) if one.method != "GET" else None,
    )
    return calls


def test_enter_before_the_persons_are_there_declares_the_first_when_they_come(
    page: Page, address: str, sent: list[str]
) -> None:
    with held(page, "/api/persons") as come:
        enter(page, address, "room")
        box = page.get_by_role("searchbox", name="Déclarer une personne")
        box.fill("elu valb")
        box.press("Enter")
        expect(page.get_by_role("status").filter(has_text=KEPT)).to_be_visible()
        expect(page.get_by_text("Personne ne répond")).to_have_count(0)  # nobody knows yet
        assert faults(page) == []
        assert sent == []
        come()
        expect(page.get_by_role("banner")).to_contain_text("Écran partagé : Élu de Valbrune")
    expect(page.get_by_text(KEPT)).to_have_count(0)
    expect(box).to_have_value("")
    page.get_by_role("button", name="Élu de Valbrune est parti").click()
    expect(page.get_by_role("banner")).not_to_contain_text("Écran partagé")
    assert len(sent) == 2, sent  # once each, whatever was waited for


@pytest.mark.parametrize("after", ["Escape", "x"])
def test_an_enter_of_an_earlier_text_declares_nobody(page: Page, address: str, sent: list[str], after: str) -> None:
    with held(page, "/api/persons") as come:
        enter(page, address, "room")
        box = page.get_by_role("searchbox", name="Déclarer une personne")
        box.fill("elu valb")
        box.press("Enter")
        expect(page.get_by_text(KEPT)).to_be_visible()
        box.press(after)
        expect(page.get_by_text(KEPT)).to_have_count(0)
        come()
        box.fill("elu")
        expect(page.get_by_role("button", name="Élu de Valbrune")).to_be_visible()
    assert sent == []
    expect(page.get_by_role("banner")).not_to_contain_text("Écran partagé")


def test_a_camera_chosen_before_the_list_is_there_is_put_when_it_comes(page: Page, address: str) -> None:
    with held(page, "/api/cameras") as come:
        on_duty(page, address)
        page.keyboard.press("/")
        page.keyboard.type("montclair ecole")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").filter(has_text=KEPT)).to_be_visible()
        expect(page.get_by_text("Aucune caméra")).to_have_count(0)
        assert faults(page) == []
        come()
        until(page, lambda: bool(tiles(page)) and tiles(page)[0] is not None, "the camera put")
    expect(page.get_by_role("article").first).to_contain_text("École Jules-Ferry")
    expect(page.get_by_role("article")).to_have_count(1)


def test_a_reason_chosen_before_the_list_is_there_is_taken_when_it_comes(page: Page, address: str) -> None:
    with held(page, "/api/reasons") as come:
        enter(page, address, "wall")
        expect(page.locator("#duty-title")).to_be_visible()
        page.keyboard.press("3")
        page.keyboard.press("2")  # a slip put right: the last is meant
        expect(page.get_by_role("status").filter(has_text=KEPT)).to_be_visible()
        come()
        expect(page.get_by_role("banner")).to_contain_text("Régulation de la circulation")


def test_preserve_in_three_keystrokes_whatever_comes_late(page: Page, address: str, sent: list[str]) -> None:
    with held(page, "/api/reasons") as reasons, held(page, "/api/desk/safeguards") as kept:
        on_duty(page, address)
        page.get_by_role("button", name="Place du Marché").first.click()
        page.keyboard.press("c")
        dialog = page.get_by_role("dialog", name="Préserver")
        expect(dialog).to_be_visible()
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("status").filter(has_text=KEPT)).to_be_visible()
        reasons()
        until(page, lambda: "/api/desk/safeguards" in sent, "the hold to be asked for")
        page.keyboard.press("v")
        kept()
        expect(dialog.get_by_role("row")).to_have_count(4)
    assert [one for one in sent if "/desk/" in one][1:] == ["/api/desk/cases/D-20261122-0c0ffee0/hold"]


def test_a_name_typed_before_the_names_are_there_becomes_its_id(page: Page, address: str, sent: list[str]) -> None:
    with held(page, "/api/documents/names") as come:
        enter(page, address, "documents")
        page.get_by_role("button", name="Saisir", exact=False).first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Nature", exact=True).select_option("prefect_order")
        box = dialog.locator("#scope-cameras")
        box.fill("Place du Marché (cam-20)")
        box.press("Enter")
        expect(dialog.get_by_role("status").filter(has_text=KEPT)).to_be_visible()
        assert "retenue" in box.evaluate("box => box.validationMessage"), "the form is not sent without it"
        expect(dialog.get_by_role("button", name="Enlever")).to_have_count(0)
        come()
        expect(dialog.get_by_role("button", name="Enlever Place du Marché", exact=True)).to_be_visible()
    assert box.evaluate("box => box.validationMessage") == ""


def test_a_form_asked_for_before_its_kinds_are_there_opens_when_they_come(page: Page, address: str) -> None:
    with held(page, "/api/documents/kinds") as come:
        enter(page, address, "documents")
        page.keyboard.press("n")
        expect(page.get_by_role("status").filter(has_text=KEPT)).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)
        come()
        expect(page.get_by_role("dialog").get_by_label("Nature", exact=True)).to_be_visible()


def test_the_file_on_screen_is_the_last_that_was_asked_for(page: Page, address: str) -> None:
    enter(page, address, "cameras")
    with held(page, "/api/cameras/cam-00/file") as come:
        with page.expect_request("**/cam-00/file"):
            page.get_by_role("button", name="Place du Marché").click()
        page.get_by_role("button", name="École Jules-Ferry").click()
        file = page.get_by_role("region", name="École Jules-Ferry")
        expect(file).to_be_visible()
        with page.expect_response("**/cam-00/file") as late:
            come()
        late.value.finished()
        page.evaluate("() => new Promise(done => setTimeout(done))")  # what the page does with it is done
    expect(file).to_be_visible()
