"""The built console behind the centre's own guard, in one Chromium for the whole folder."""

import shutil
import subprocess
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.support.console_centre import serving
from tests.support.console_media import encode
from tests.support.console_person import PATIENCE_MS

from beffroi.cli.promises.browser import chromium
from beffroi.server.static import FOLDER

CONSOLE = Path(__file__).parents[2] / "console"
_folder = ExitStack()
_open: list[Browser] = []


@pytest.fixture(scope="module")
def browser(pytestconfig: pytest.Config) -> Browser:
    """One Chromium for all the files of this folder; closed after its last test."""
    expect.set_options(timeout=PATIENCE_MS)
    if not _open:
        _open.append(_folder.enter_context(chromium()))
        pytestconfig.add_cleanup(_shut)
    return _open[0]


def _shut() -> None:
    _open.clear()
    _folder.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """Its driver keeps an event loop running in this thread, which tests of other folders would meet."""
    yield
    if nextitem is None or Path(__file__).parent not in nextitem.path.parents:
        _shut()


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder of the built console; built now when it is absent."""
    if not (FOLDER / "index.html").is_file():
        npm = shutil.which("npm")
        if npm is None or not (CONSOLE / "node_modules").is_dir():
            raise RuntimeError("the console is not built: run `make install`")
        subprocess.run([npm, "run", "--silent", "build"], cwd=CONSOLE, check=True, timeout=120)
    return FOLDER


@pytest.fixture(scope="session")
def address(built: Path) -> Iterator[str]:
    """Where the console is served."""
    assert built.is_dir()
    with serving([encode(None, 0), encode(None, 1)]) as url:
        yield url


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="fr-FR")
    opened.set_default_timeout(PATIENCE_MS)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails its test on any error of the script or of the security policy."""
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on(
        "console",
        lambda line: troubles.append(line.text) if line.type == "error" and "Content Security" in line.text else None,
    )
    yield opened
    assert not troubles
