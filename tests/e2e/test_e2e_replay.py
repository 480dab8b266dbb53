"""Replay in the browser, read by the numbers burnt into the pictures."""

import pytest
from tests.support.console_person import faults
from tests.support.promises import tell

from beffroi.cli.promises.browser import Desk
from beffroi.cli.promises.replay import replay, replay_h265

pytestmark = pytest.mark.e2e


def test_thirty_seconds_back_shows_the_frames_of_that_time(operator: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    tell(replay(operator), capsys)
    assert faults(operator.page) == []


def test_an_h265_camera_replays_through_its_sub_stream(operator: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    tell(replay_h265(operator), capsys)
