"""A right withdrawn while somebody watches."""

import pytest
from tests.support.promises import tell

from beffroi.cli.house import House
from beffroi.cli.promises.browser import Desk
from beffroi.cli.promises.withdrawal import restore, withdrawal

pytestmark = pytest.mark.e2e


def test_a_suspended_accreditation_blanks_the_tile_and_silences_the_socket(
    house: House, operator: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor = house.login("supervisor")
    try:
        tell(withdrawal(operator, supervisor), capsys)
    finally:
        restore(supervisor, house.login("mayor"))
