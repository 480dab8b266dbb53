"""A stolen recorder shows nothing; the door, under a lease, shows the picture; a destroyed hour shows nothing again."""

import pytest
from tests.support.promises import tell

from beffroi.cli.house import House
from beffroi.cli.promises.keys import no_key_no_picture

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_no_picture_opens_without_its_key(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    tell(no_key_no_picture(house), capsys)
