"""An account as the centre answers it: a usual day, an outage, and a day that does not add up."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from tests.support.console_facts import t

ENDLESS: Final = "cam-00"
"""Asked for this camera alone, the recorder does not get beyond the first."""

_H: int = 3_600_000_000


def balance() -> list[dict[str, Any]]:
    """The lines of an answer: three cameras, one of them wrong, and an act that somebody took out."""
    gone = t(
        "Le fichier streams/halle/main/1795305600000-5e5e5e5e-9a9a9a9a.mp4 a été enregistré (l'acte n° 812) et n'est "
        "plus là, sans preuve de destruction.",
        "The file streams/halle/main/1795305600000-5e5e5e5e-9a9a9a9a.mp4 was recorded (act no. 812) and is no longer "
        "there, without a proof of destruction.",
    )
    missing = t(
        "Du 22/11/2026 à 00:00:00,000 au 22/11/2026 à 00:10:00,000 : 600 s enregistrés, ni présents, ni détruits, ni "
        "déclarés perdus.",
        "From 2026-11-22 00:00:00.000+01:00 to 2026-11-22 00:10:00.000+01:00: 600 s recorded, neither present, "
        "destroyed nor told as lost.",
    )
    act = t(
        "Le journal n'a plus l'acte n° 640 (journal.sqlite) : une main l'a ôté. Le registre en a la copie.",
        "The journal no longer has act no. 640 (journal.sqlite): a hand took it out. The register has the copy.",
    )
    return [
        {"from": "2026-11-22", "to": "2026-11-22", "cameras": 4},
        *({"done": done, "days": [day]} for done, day in enumerate(_days(gone, missing), 1)),
        {
            "at": "2026-11-22T20:00:00Z",
            "checked": "2026-11-22T04:00:12Z",
            "adds_up": False,
            "whole": [{"kind": "entry_missing", "text": act}],
        },
    ]


async def balance_lines(camera: str) -> AsyncIterator[bytes]:
    """An answer as it comes."""
    head, first, *others = [json.dumps(line).encode() + b"\n" for line in balance()]
    yield head
    yield first
    while camera == ENDLESS:
        yield b"\n"
        await asyncio.sleep(0.2)
    for line in others:
        yield line


def _days(gone: dict[str, str], missing: dict[str, str]) -> list[dict[str, Any]]:
    return [
        _line("place", "Place de la Mairie", "Bourg-Neuf", held=24 * _H),
        _line("gare", "Gare routière", "Bourg-Neuf", held=21 * _H + 1_200_000, gaps=3 * _H - 1_200_000),
        {
            **_line("halle", "Halle", "Valbrune", held=24 * _H - 600_000_000),
            "mandated_us": 24 * _H,
            "recorded_us": 24 * _H,
            "adds_up": False,
            "wrong": [{"kind": "file_missing", "text": gone}, {"kind": "time_missing", "text": missing}],
        },
        _line("pont", "Pont du canal", "Bourg-Neuf", destroyed=24 * _H - 40, pending=40),
    ]


def _line(
    camera: str, name: str, commune: str, *, held: int = 0, gaps: int = 0, destroyed: int = 0, pending: int = 0
) -> dict[str, Any]:
    recorded = held + destroyed
    return {
        "camera": camera,
        "name": name,
        "commune": commune,
        "stream": "main",
        "day": "2026-11-22",
        "adds_up": True,
        "mandated_us": recorded + gaps + pending,
        "recorded_us": recorded,
        "gaps_us": gaps,
        "pending_us": pending,
        "beyond_us": 0,
        "held_us": held,
        "destroyed_us": destroyed,
        "lost_us": 0,
        "twice_us": 0,
        "wrong": [],
    }
