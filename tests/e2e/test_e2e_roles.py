"""Who sees what, over the raw API, against a table written by hand."""

import pytest
from tests.support.promises import tell

from beffroi.cli.house import House
from beffroi.cli.promises.roles import EVERYWHERE, foreign_is_absent, roles

pytestmark = pytest.mark.e2e


def test_every_account_on_every_camera_live_and_back(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.world is not None
    assert set(EVERYWHERE) == {place.id for place in house.world.places}
    tell(roles(house), capsys)


def test_a_foreign_camera_answers_like_an_absent_one(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    tell(foreign_is_absent(house), capsys)
