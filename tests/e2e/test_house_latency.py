"""What a person waits for, measured on a running house."""

import pytest
from tests.support.promises import tell

from beffroi.cli.house import House
from beffroi.cli.promises.latency import law_and_gate_in_time

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_a_decision_and_a_durable_opening_are_quick(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    tell(law_and_gate_in_time(house), capsys)
