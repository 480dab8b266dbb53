"""A centre that hangs can withdraw nothing: the console darkens by itself, and the same views come back."""

import re
import time

import pytest
from playwright.sync_api import Locator, expect
from tests.support.hanging import stopped
from tests.support.promises import tell

from beffroi.cli.house import House
from beffroi.cli.promises.browser import Desk
from beffroi.cli.promises.report import Figure, kept

pytestmark = pytest.mark.e2e

CAMERA = "bn-place-du-marche"
TARGET_S = 5.0
SAID = re.compile("Le centre ne répond plus")


def test_a_centre_that_hangs_darkens_live_and_replay(
    house: House, operator: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.empty_wall()
    sockets: list[str] = []
    operator.put(CAMERA)
    tile = operator.tile(CAMERA)
    figures = []
    operator.until(lambda: _frames(operator) > 10, "le direct / the live picture")
    operator.page.on("websocket", lambda socket: sockets.append(socket.url))
    figures.append(_darkens(house, operator, tile, "direct"))
    before = _frames(operator)
    operator.until(lambda: _frames(operator) > before + 10, "le direct / the live picture")
    tile.get_by_role("button", name="Relire").click()
    player = operator.page.locator(".player")
    operator.until(lambda: operator.replaying().get("state") == "playing", "la relecture / the replay")
    assert len(sockets) == 1, "that of the replay: a view asked anew is one more act in the register"
    del sockets[:]
    figures.append(_darkens(house, operator, player, "relecture"))
    operator.until(lambda: operator.replaying().get("state") == "playing", "la relecture / the replay")
    assert sockets == []
    tell(kept("Centre qui ne répond plus : l'image est masquée, puis revient dans la même vue", *figures), capsys)


def _frames(desk: Desk) -> int:
    return int(desk.tiles().get(CAMERA, {}).get("frames", 0))


def _darkens(house: House, desk: Desk, place: Locator, what: str) -> Figure:
    """Hang the centre until the picture is hidden, then let it go on until the picture is back."""
    video = place.locator("video")
    expect(video).to_be_visible()
    with stopped(house.children.running["centre"].pid):
        hung_s = time.monotonic()
        expect(video).to_be_hidden()
        dark_s = time.monotonic() - hung_s
        expect(place).to_contain_text(SAID)
    expect(video).to_be_visible()
    expect(place).not_to_contain_text(SAID)
    return Figure(f"{what} : masqué en", round(dark_s, 2), "s", TARGET_S)
