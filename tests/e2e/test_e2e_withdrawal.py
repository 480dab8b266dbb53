"""A right withdrawn while somebody watches."""

from pathlib import Path

import pytest
from tests.support.promises import tell

from beffroi.cli.demo import free_port
from beffroi.cli.house import House
from beffroi.cli.promises.browser import Desk
from beffroi.cli.promises.withdrawal import lapse, restore, withdrawal

pytestmark = pytest.mark.e2e


def test_a_suspended_accreditation_blanks_the_tile_and_silences_the_socket(
    house: House, operator: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor = house.login("supervisor")
    try:
        tell(withdrawal(operator, supervisor), capsys)
    finally:
        restore(supervisor, house.login("mayor"))


def test_an_order_that_ends_cuts_its_own_mayor_and_stops_the_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    house = House(tmp_path / "house", free_port(), free_port(), free_port(), cameras=7, order_lapses_s=25)
    house.build()
    try:
        house.start()
        tell(lapse(house), capsys)
    finally:
        house.stop()
