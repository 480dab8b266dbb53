"""A person at the console in Chromium: the login form, duty, the wall, the replay, and the pictures on the screen."""

import io
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from beffroi.base.clock import SystemClock
from beffroi.cli.house import House
from beffroi.cli.promises.client import Person
from beffroi.cli.promises.report import PromiseBrokenError, demand
from beffroi.domain.clock import now
from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text
from simulate.config import Camera, read_config
from simulate.marks import read_both
from simulate.scenes import SCENES, files
from simulate.scenes.catalogue import FPS, FRAMES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

Picture = npt.NDArray[np.uint8]

WIDTH_PX: Final = 1920
HEIGHT_PX: Final = 1080
_WAIT_MS: Final = 30_000
"""A deadline, not a bar, as are all that are given to `Desk.until`: two busy cores show a page late."""

_POLL_MS: Final = 50
_SMALL_BUT_SEEN: Final = ("--ok", "--amber", "--accent", "--text", "--muted", "--surface", "--raised", "--bg")
_LAYOUTS: Final = (1, 4, 9, 16)
_STEP: Final = timedelta(seconds=30)
_FLAGS: Final = (
    "--no-sandbox",
    "--lang=fr-FR",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


@contextmanager
def chromium() -> Iterator["Browser"]:
    """A headless Chromium.

    Raises:
        BrokenError: Playwright or Chromium is not installed; says how to install it.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise BrokenError(
            Text(
                fr="Playwright n'est pas installé : la console ne peut pas être vérifiée. Lancez « make install ».",
                en="Playwright is not installed: the console cannot be checked. Run `make install`.",
            )
        ) from error
    path = shutil.which("chromium")
    if path is None:
        raise BrokenError(
            Text(
                fr="Chromium n'est pas installé : la console ne peut pas être vérifiée. Lancez « make install ».",
                en="Chromium is not installed: the console cannot be checked. Run `make install`.",
            )
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def page_errors() -> tuple[type[Exception], ...]:
    """What Playwright raises when a page does not do what it is asked; none when it is not installed."""
    try:
        from playwright.sync_api import Error
    except ImportError:
        return ()
    return (Error,)


@dataclass
class Desk:
    """One person before one screen of 1920 × 1080. ``troubles`` are errors of the page's scripts."""

    house: House
    page: "Page"
    troubles: list[str] = field(default_factory=list)

    def sign_in(self, key: str) -> None:
        """Type account, password and code into the login form.

        Raises:
            PromiseBrokenError: the console did not open, with what it said.
        """
        account = self.house.account(key)
        self.page.goto(self.house.address)
        self.page.locator("#account").wait_for()
        for code in self.codes(key):
            self.page.locator("#account").fill(account.account)
            self.page.locator("#password").fill(account.password)
            self.page.locator("#code").fill(code)
            self.page.locator("form button[type=submit]").click()
            self.page.locator(".frame, [role=alert] .sentence").first.wait_for()
            if self.page.locator(".frame").count():
                break
        said = " ".join(self.page.locator("[role=alert]").all_inner_texts())
        demand(self.page.locator(".frame").count(), f"Connexion refusée : {said}", f"Login refused: {said}")
        self.house.people[key] = self.person()

    def codes(self, key: str) -> tuple[str, str]:
        """One-time codes to try: a code serves once, and when this step's is spent the centre takes the next one's."""
        account, at = self.house.account(key), now(SystemClock())
        return account.code(at), account.code(at + _STEP)

    def resume(self, key: str) -> None:
        """Open the console in the session that this person has already."""
        person = self.house.people[key]
        self.page.context.add_cookies(
            [{"name": name, "value": value, "url": self.house.address} for name, value in person.cookies.items()]
        )
        self.page.goto(self.house.address)
        self.page.locator(".frame").wait_for()

    def take_duty(self, reason: str = "watch") -> None:
        """Go to the wall and choose a reason in the list, when none is chosen yet."""
        self.room(1)
        self.page.locator("#duty-title, .wall").first.wait_for()
        if self.page.locator("#duty-title").count():
            text = next(one["text"] for one in self.person().get("/api/reasons").body if one["id"] == reason)
            self.page.get_by_role("button", name=text["fr"]).or_(
                self.page.get_by_role("button", name=text["en"])
            ).click()
        self.page.locator(".wall").wait_for()

    def person(self) -> Person:
        """The same session, without the browser."""
        cookies = {one["name"]: one["value"] for one in self.page.context.cookies()}
        return Person(self.house.port, {name: value for name, value in cookies.items() if "beffroi" in name})

    # --- what is done ---

    def room(self, number: int) -> None:
        """Go to the n-th room of the rail (1 is the wall, 2 the replay)."""
        self.page.locator("nav button").nth(number - 1).click()

    def put(self, camera: str) -> None:
        """Put a camera on the next place of the wall, from the list."""
        commune, name = self.place(camera)
        self.page.get_by_role("region", name=commune, exact=True).get_by_text(name, exact=True).click()

    def empty_wall(self, tiles: int = 4) -> None:
        """Go to the wall, empty it, and lay it out for so many tiles (1, 4, 9 or 16)."""
        self.take_duty()
        layout, rest = self.page.locator(".controls .row").all()
        layout.get_by_role("button").nth(_LAYOUTS.index(tiles)).click()
        rest.get_by_role("button").nth(1).click()
        self.until(lambda: self.page.get_by_role("article").count() == 0, "le mur vide / an empty wall")

    def tile(self, camera: str) -> "Locator":
        """The tile that shows a camera."""
        return self.page.get_by_role("article").filter(has_text=self.place(camera)[1])

    # --- what is seen ---

    def place(self, camera: str) -> tuple[str, str]:
        """Commune and name of a camera, as this person's list has them."""
        for commune in self.person().get("/api/cameras").body["communes"]:
            for one in commune["cameras"]:
                if one["id"] == camera:
                    return commune["name"], one["name"]
        raise PromiseBrokenError(f"« {camera} » n'est pas dans la liste", f"“{camera}” is not in the list")

    def tiles(self) -> dict[str, dict[str, Any]]:
        """What each tile of the wall measured, by camera."""
        found: list[dict[str, Any] | None] = self.page.evaluate("() => window.__beffroi?.tiles ?? []")
        return {str(tile["camera"]): tile for tile in found if tile}

    def replaying(self) -> dict[str, Any]:
        """What the replay measured; empty when there is none."""
        found: dict[str, Any] = self.page.evaluate("() => window.__beffroi?.replay ?? {}")
        return found

    def until(self, condition: Callable[[], object], what: str, timeout_s: float = 30) -> None:
        """Wait for something that the page does not announce.

        Raises:
            PromiseBrokenError: it did not come in time.
        """
        end = time.monotonic() + timeout_s
        while not condition():
            demand(time.monotonic() < end, f"attendu en vain : {what}", f"waited in vain for: {what}")
            self.page.wait_for_timeout(_POLL_MS)

    def picture(self, video: "Locator") -> Picture:
        """The pixels of a video as they are on the screen (an encrypted one reads black any other way)."""
        box = video.evaluate(
            """video => {
                const r = video.getBoundingClientRect();
                const scale = Math.min(r.width / video.videoWidth, r.height / video.videoHeight);
                const width = video.videoWidth * scale, height = video.videoHeight * scale;
                return {x: r.x + (r.width - width) / 2, y: r.y + (r.height - height) / 2, width, height};
            }"""
        )
        return _pixels(self.page.screenshot(clip=box))

    def number(self, video: "Locator", *, attempts: int = 5) -> tuple[int, int]:
        """Scene and number burnt into the picture that a video shows.

        Raises:
            PromiseBrokenError: no picture with readable marks.
        """
        return self.number_since(video, attempts=attempts)[:2]

    def number_since(self, video: "Locator", *, attempts: int = 5) -> tuple[int, int, int]:
        """As `number`, and the wall time (us) just before the screen was read: the picture is of then or later."""
        for _ in range(attempts):
            before_us = SystemClock().wall_us()
            found = read_both(self.picture(video))
            if found is not None:
                return (*found, before_us)
            self.page.wait_for_timeout(100)
        raise PromiseBrokenError("L'image ne porte pas de numéro lisible", "The picture carries no readable number")

    def composed(self) -> None:
        """Wait until the screen shows what the page holds now: two of its pictures later."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


@contextmanager
def desk(browser: "Browser", house: House, key: str, *, form: bool = False) -> Iterator[Desk]:
    """A person at the console: logged in through the form the first time, or when ``form`` is asked.

    Raises:
        PromiseBrokenError: on leaving, when the page's scripts failed or broke its security policy.
    """
    context = browser.new_context(viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, locale="fr-FR")
    context.set_default_timeout(_WAIT_MS)
    page = context.new_page()
    seat = Desk(house, page)
    page.on("pageerror", lambda error: seat.troubles.append(str(error)))
    page.on(
        "console",
        lambda line: seat.troubles.append(line.text) if "Content Security" in line.text else None,
    )
    try:
        if form or key not in house.people:
            seat.sign_in(key)
        else:
            seat.resume(key)
        yield seat
        demand(not seat.troubles, f"Erreurs de la page : {seat.troubles}", f"Errors of the page: {seat.troubles}")
    finally:
        context.close()


def keep_shot(page: "Page", path: Path, *, most_bytes: int) -> None:
    """Write the screen as a PNG with a palette, the largest that fits; only when ``BEFFROI_KEEP_SCREENSHOT=1``."""
    if os.environ.get("BEFFROI_KEEP_SCREENSHOT") != "1":
        return
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    small: list[str] = page.evaluate(
        "names => names.map(name => getComputedStyle(document.documentElement).getPropertyValue(name).trim())",
        list(_SMALL_BUT_SEEN),
    )
    for colours in range(200, 40, -20):
        palette = shot.quantize(colours, method=Image.Quantize.MEDIANCUT).getpalette() or []
        for name in small:  # a palette by area forgets the colours of a few words, which carry the meaning
            palette += [int(name[at : at + 2], 16) for at in (1, 3, 5)] if re.fullmatch("#[0-9a-f]{6}", name) else []
        paint = Image.new("P", (1, 1))
        paint.putpalette(palette)
        shot.quantize(palette=paint, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= most_bytes:
            return


@dataclass(frozen=True)
class Truth:
    """What each simulated camera shows at a wall time: its scene's number and the frame's."""

    cameras: dict[str, Camera]
    epoch_us: int

    @classmethod
    def of(cls, house: House) -> "Truth":
        """Read from the house's cameras."""
        config = read_config(house.data / "cameras.json")
        return cls({one.name: one for one in config.cameras}, config.epoch_us)

    def scene(self, camera: str) -> int:
        """The mark of the scene that a camera shows."""
        main = self.cameras[camera].main.name
        return next(one.number for one in SCENES if files(one).main.name == main)

    def frame(self, camera: str, wall_us: int) -> int:
        """The frame shown at this instant: ⌊(now − epoch + offset) · fps⌋, modulo the loop."""
        shown_us = wall_us - self.epoch_us + round(self.cameras[camera].offset_s * 1e6)
        return shown_us * FPS // 1_000_000 % FRAMES

    @staticmethod
    def behind(expected: int, seen: int) -> int:
        """How many frames ``seen`` lags behind ``expected``, on the shortest way round the loop."""
        return (expected - seen + FRAMES // 2) % FRAMES - FRAMES // 2


def _pixels(png: bytes) -> Picture:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=np.uint8)
