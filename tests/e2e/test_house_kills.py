"""kill -9 of capture workers at random moments: what was being recorded comes back, with its gap."""

import os

import pytest
from tests.support.promises import tell

from beffroi.cli.house import House
from beffroi.cli.promises.kills import workers_killed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

KILLS = int(os.environ.get("BEFFROI_KILLS", "20"))
SEED = int(os.environ.get("BEFFROI_SEED", "1"))
WORKERS = 4
"""They come back in overlapping turns: one is killed while others are starting."""


def test_workers_killed_at_any_moment_cost_a_group_of_pictures(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(workers_killed(house, kills=KILLS, workers=WORKERS, seed=SEED), capsys)
