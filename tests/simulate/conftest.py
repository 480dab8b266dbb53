"""One cache of clips for the whole session."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def _scene_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    before = os.environ.get("BEFFROI_SCENES")
    folder = Path(before) if before else tmp_path_factory.mktemp("scenes")
    os.environ["BEFFROI_SCENES"] = str(folder)
    yield folder
    if before is None:
        del os.environ["BEFFROI_SCENES"]
