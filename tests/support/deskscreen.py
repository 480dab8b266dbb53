"""The requisition desk on screens: a real centre whose recorder holds, the built console, persons in their browsers.

The cameras of the town have coordinates here, so that the map has something to draw; the page's clock is the centre's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from tests.support import worlds
from tests.support.clips import clip
from tests.support.console_person import PATIENCE_MS
from tests.support.desktown import CLERK, DeskTown, desk_town, span

from beffroi.domain.clock import instant
from beffroi.domain.documents import DocumentKind, JsonValue
from beffroi.domain.facts import Camera
from beffroi.domain.ids import DocumentId, PersonId

PLACES: Final = {"cx": (48.8500, 2.3500), "cd": (48.8512, 2.3520), "cy": (48.8530, 2.3480), "cz": (48.9500, 2.4500)}
SIZES: Final = ((1920, 1080), (1366, 768))


def _with_places() -> list[Camera]:
    return [replace(one, latitude_deg=PLACES[one.id][0], longitude_deg=PLACES[one.id][1]) for one in _WITHOUT_PLACES()]


_WITHOUT_PLACES: Final = worlds.cameras


@contextmanager
def town_with_map(folder: Path) -> Iterator[DeskTown]:
    """The town of the desk: three cameras of two communes hold ten seconds from 08:40 UTC (09:40 legal time)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worlds, "cameras", _with_places)
        with desk_town(folder) as place:
            for camera in ("cx", "cy", "cd"):
                place.record(camera, clip(count=250))
            yield place


@dataclass
class Seat:
    """A person before their own screen. ``troubles``: errors of scripts, of the policy, requests elsewhere."""

    context: BrowserContext
    page: Page
    troubles: list[str]


@contextmanager
def seated(
    browser: Browser, place: DeskTown, who: str, *, size: tuple[int, int] = SIZES[0], theme: str = "dark"
) -> Iterator[Seat]:
    """The room « Réquisitions » of one person, in a browser context of its own, on the centre's time.

    Raises:
        AssertionError: at the end, when the page had any error.
    """
    town = place.town
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="fr-FR", accept_downloads=True)
    context.set_default_timeout(PATIENCE_MS)
    address = f"http://127.0.0.1:{town.port}"
    person = town.person(who)
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in person.cookies.items()])
    context.add_init_script(f"localStorage.setItem('beffroi.theme', '{theme}')")
    page, troubles = context.new_page(), list[str]()
    page.clock.install(time=instant(town.clock.wall_us()))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "console",
        lambda line: troubles.append(line.text) if line.type == "error" and "Content Security" in line.text else None,
    )
    page.on("request", lambda sent: troubles.append(sent.url) if _elsewhere(sent.url, address) else None)
    page.goto(f"{address}/#/desk")
    page.get_by_role("heading", name="Réquisitions", exact=True).wait_for()
    try:
        yield Seat(context, page, troubles)
        assert not troubles
    finally:
        context.close()


def _elsewhere(url: str, address: str) -> bool:
    """Whether a request goes anywhere but to the centre: the map has neither tiles nor glyphs nor network."""
    return not url.startswith((f"{address}/", "data:", f"blob:{address}/"))


def requisition(place: DeskTown, name: str, cameras: tuple[str, ...], from_s: float, to_s: float) -> DocumentId:
    """A D15 entered by the centre, not confirmed yet; its number is ``PV`` and the name."""
    fields: dict[str, JsonValue] = {
        "opj": "OPJ",
        "service": "gendarmerie",
        "frame": "flagrance",
        "article": "60-1",
        **span(from_s, to_s),
    }
    paper = worlds.paper(DocumentKind.REQUISITION, name, cameras=cameras, fields=fields, number=f"PV {name}")
    place.town.centre.registry.propose(paper, by=CLERK)
    return paper.id


def confirm(place: DeskTown, paper: DocumentId) -> None:
    """The commune's word."""
    place.town.centre.registry.confirm_all([paper], by=PersonId("mayorX"))
