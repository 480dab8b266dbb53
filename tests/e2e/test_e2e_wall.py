"""The wall, driven as an operator drives it."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from beffroi.cli.house import House
from beffroi.cli.promises.browser import Desk, desk
from beffroi.cli.promises.wall import picture_of_the_wall, wall

pytestmark = pytest.mark.e2e
PICTURE = Path(__file__).parents[2] / "docs" / "img" / "wall.png"


def test_the_operator_logs_in_and_watches_four_communes(browser: Browser, house: House) -> None:
    with desk(browser, house, "operator", form=True) as operator:
        print(wall(operator))


@pytest.mark.skipif(os.environ.get("BEFFROI_KEEP_SCREENSHOT") != "1", reason="only `make screenshot` draws it")
def test_picture_of_the_wall(operator: Desk) -> None:
    picture_of_the_wall(operator, PICTURE)
    assert PICTURE.stat().st_size <= 400_000
