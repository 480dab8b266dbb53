"""`beffroi demo --check`: a house is built and started, its promises are checked, one line for each."""

import time
from collections.abc import Callable
from typing import Final

from beffroi.cli.house import House
from beffroi.cli.promises.browser import chromium, desk
from beffroi.cli.promises.replay import replay
from beffroi.cli.promises.report import Kept
from beffroi.cli.promises.wall import wall
from beffroi.domain.errors import BeffroiError

_GOOD: Final = "✓"
_BROKEN: Final = "✗"


def check_house(house: House) -> int:
    """Check every promise on a fresh house; the caller stops it. Gives the exit code: 1 when one is broken."""
    began = time.monotonic()
    house.build()
    house.start()
    print(f"{_GOOD} maison en marche / house up: {time.monotonic() - began:.0f} s", flush=True)
    broken = 0
    with chromium() as browser, desk(browser, house, "operator") as operator:
        checks: list[Callable[[], Kept]] = [
            lambda: wall(operator),
            lambda: replay(operator, seeks_back_s=(20.0,)),
        ]
        for check in checks:
            broken += not _told(check)
    print(f"{'tout est tenu' if not broken else f'{broken} non tenue(s)'} ({time.monotonic() - began:.0f} s)")
    return 1 if broken else 0


def _told(check: Callable[[], Kept]) -> bool:
    try:
        print(f"{_GOOD} {check()}", flush=True)
    except BeffroiError as error:
        print(f"{_BROKEN} {error.text.fr}\n  {error.text.en}", flush=True)
        return False
    return True
