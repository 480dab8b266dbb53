"""One whole house for the folder: what is promised is checked on running programs."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from beffroi.cli.demo import free_port
from beffroi.cli.house import House
from beffroi.cli.promises.browser import Desk, desk


@pytest.fixture(scope="session", autouse=True)
def _scenes() -> None:
    os.environ.setdefault("BEFFROI_SCENES", str(Path(".scenes").resolve()))


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """INGEAGGLO with sixteen cameras: simulated cameras, recorder, centre, each a process."""
    folder = tmp_path_factory.mktemp("e2e") / "house"
    built = House(folder, free_port(), free_port(), free_port(), order_lapses_s=86_400)
    built.build()
    try:
        built.start()
        yield built
    finally:
        built.stop()


@pytest.fixture
def operator(browser: Browser, house: House) -> Iterator[Desk]:
    """The operator of the pooled centre, at the console."""
    with desk(browser, house, "operator") as seat:
        yield seat
