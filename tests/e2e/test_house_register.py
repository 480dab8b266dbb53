"""No image without its entry, against a real centre, a real disk and real kills."""

import os

import pytest
from tests.support.promises import tell

from beffroi.cli.house import House
from beffroi.cli.promises.register import entry_before_byte_whatever_dies, no_byte_before_its_entry

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

KILLS = int(os.environ.get("BEFFROI_CENTRE_KILLS", "10"))


def test_no_byte_leaves_before_its_entry_is_durable(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    tell(no_byte_before_its_entry(house), capsys)


def test_a_dead_centre_leaves_entries_without_images_never_the_reverse(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(entry_before_byte_whatever_dies(house, kills=KILLS), capsys)
