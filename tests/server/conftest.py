"""One centre for tests that leave it as they found it; tests that break things start their own."""

from collections.abc import Iterator

import pytest
from tests.support.centre import Town, running


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running(tmp_path_factory.mktemp("centre") / "data") as one:
        yield one
