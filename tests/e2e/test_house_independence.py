"""The recorder needs nothing above the disk: no centre, no database, no keyring, no library of theirs."""

import pytest
from tests.support.promises import tell

from beffroi.cli.house import House
from beffroi.cli.promises.recording import recording_needs_no_centre

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_recording_goes_on_and_restarts_without_the_centre(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    tell(recording_needs_no_centre(house), capsys)
