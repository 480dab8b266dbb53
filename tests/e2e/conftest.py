"""One whole house for the folder: what is promised is checked on running programs."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.support.houses import RUNNING
from tests.support.ports import free_port

from beffroi.cli.house import House
from beffroi.cli.promises.browser import Desk, desk

expect.set_options(timeout=30_000)  # a deadline, not a bar: two busy cores show a page late


@pytest.fixture(scope="session", autouse=True)
def _scenes() -> None:
    os.environ.setdefault("BEFFROI_SCENES", str(Path(".scenes").resolve()))


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[House]:
    """INGEAGGLO with sixteen cameras: simulated cameras, recorder, centre, each a process."""
    folder = tmp_path_factory.mktemp("e2e") / "house"
    built = House(folder, free_port(), free_port(), free_port(), order_lapses_s=86_400)
    built.build()
    try:
        built.start()
        pytestconfig.stash[RUNNING] = built
        yield built
    finally:
        if RUNNING in pytestconfig.stash:
            del pytestconfig.stash[RUNNING]
        built.stop()


@pytest.fixture
def operator(browser: Browser, house: House) -> Iterator[Desk]:
    """The operator of the pooled centre, at the console."""
    with desk(browser, house, "operator") as seat:
        yield seat
