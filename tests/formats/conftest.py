"""Real processes on a shared machine."""

import pytest


@pytest.fixture(autouse=True)
def _enough_time(request: pytest.FixtureRequest) -> None:
    request.node.add_marker(pytest.mark.timeout(180))
