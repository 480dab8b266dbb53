"""A right withdrawn while somebody watches."""

import pytest
from tests.support.promises import tell

from beffroi.cli.house import House
from beffroi.cli.promises.browser import Desk
from beffroi.cli.promises.withdrawal import lapse, restore, withdrawal

pytestmark = pytest.mark.e2e

NOTICE_S = 6.0


def test_a_suspended_accreditation_blanks_the_tile_and_silences_the_socket(
    house: House, operator: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor = house.login("supervisor")
    try:
        tell(withdrawal(operator, supervisor), capsys)
    finally:
        restore(supervisor, house.login("mayor"))


def test_an_order_that_ends_cuts_its_own_mayor_and_stops_the_recording(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    told = lapse(house, notice_s=NOTICE_S)
    assert told.figures, "the end was seen while the mayor watched"
    tell(told, capsys)
