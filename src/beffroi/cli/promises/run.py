"""`beffroi demo --check`: a house is built and started, its promises are checked, one line for each."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from beffroi.cli.house import House
from beffroi.cli.promises.browser import chromium, desk, page_errors
from beffroi.cli.promises.keys import no_key_no_picture
from beffroi.cli.promises.kills import workers_killed
from beffroi.cli.promises.recording import recording_needs_no_centre
from beffroi.cli.promises.register import entry_before_byte_whatever_dies, no_byte_before_its_entry
from beffroi.cli.promises.replay import replay
from beffroi.cli.promises.report import Kept
from beffroi.cli.promises.roles import SOME, foreign_is_absent, roles
from beffroi.cli.promises.wall import refusal_card, wall
from beffroi.cli.promises.withdrawal import lapse, withdrawal
from beffroi.domain.errors import BeffroiError

Check = Callable[[], Kept]

_GOOD: Final = "✓"
_BROKEN: Final = "✗"
_KILLS: Final = 3
_BACK_S: Final = 20.0
_ORDER_LAPSES_S: Final = 45.0
"""From the making of the papers: what comes before it takes about as long on an idle machine."""


def check_house(house: House) -> int:
    """Check every promise on a fresh house; the caller stops it. Gives the exit code: 1 when one is broken.

    Those that need a screen come first, the withdrawal last of them; then those that kill.
    """
    began = time.monotonic()
    house.order_lapses_s = _ORDER_LAPSES_S
    house.build()
    house.start()
    print(f"{_GOOD} La maison est en marche / the house is up ({time.monotonic() - began:.0f} s)", flush=True)
    with chromium() as browser, desk(browser, house, "operator") as operator:
        broken = _tell(
            [
                lambda: wall(operator),
                lambda: refusal_card(operator),
                lambda: roles(house, cameras=SOME),
                lambda: foreign_is_absent(house, keys=("mayor",)),
                lambda: replay(operator, back_s=_BACK_S, seeks_back_s=(_BACK_S - 5,)),
                lambda: withdrawal(operator, house.login("supervisor"), silence_s=2.0),
            ]
        )
    with ThreadPoolExecutor(1) as aside:
        lapsing = aside.submit(lapse, house)  # it waits for an instant: the hunt for keys fills the time
        broken += _tell([lambda: no_key_no_picture(house), lapsing.result])
    broken += _tell(
        [
            lambda: no_byte_before_its_entry(house),
            lambda: entry_before_byte_whatever_dies(house, kills=_KILLS),
            lambda: workers_killed(house, kills=_KILLS),
            lambda: recording_needs_no_centre(house, frames=25),
        ]
    )
    words = (
        "tout est tenu / all kept" if not broken else f"{broken} promesse(s) non tenue(s) / {broken} promise(s) broken"
    )
    print(f"{_BROKEN if broken else _GOOD} {words} ({time.monotonic() - began:.0f} s)", flush=True)
    return 1 if broken else 0


def _tell(checks: Sequence[Check]) -> int:
    """Run checks, one line each; a broken one does not hide the others. Gives how many are broken."""
    broken = 0
    for check in checks:
        try:
            print(f"{_GOOD} {check()}", flush=True)
        except BeffroiError as error:
            broken += 1
            print(f"{_BROKEN} {error.text.fr}\n  {error.text.en}", flush=True)
        except page_errors() as error:
            broken += 1
            print(f"{_BROKEN} La console n'a pas suivi / the console did not follow: {error}", flush=True)
    return broken
