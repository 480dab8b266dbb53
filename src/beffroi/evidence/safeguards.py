"""What an operator preserves after what they saw (constat): which minutes, which neighbours. Pure.

Source: CSI R.253-4. A safeguard never lengthens an image's life: it is a copy apart that dies on the image's own day,
unless a written requisition arrives before (`beffroi.evidence.deskrules`).
"""

from collections.abc import Iterable
from typing import Final

from beffroi.domain.facts import Camera
from beffroi.domain.ranges import WallRange
from beffroi.evidence.desksearch import Near, Place, search

MINUTE_US: Final = 60_000_000
BEFORE_MIN: Final = 5
AFTER_MIN: Final = 5
MOST_MIN: Final = 60
"""Minutes before and after this instant, when nothing else is said, and at most."""

NEAR_M: Final = 300.0
MOST_NEAR: Final = 8
"""What is offered beside a camera: as far as a person runs in a minute, and as many as fit on one screen."""


def around(now_us: int, before_min: int, after_min: int) -> WallRange:
    """The minutes before this instant, and those that are still to come."""
    return WallRange(now_us - before_min * MINUTE_US, now_us + after_min * MINUTE_US)


def neighbours(camera: Camera, known: Iterable[Camera]) -> list[Near]:
    """The cameras near another one, nearest first; none when nobody entered its coordinates."""
    if camera.latitude_deg is None or camera.longitude_deg is None:
        return []
    found = search(known, {}, Place(camera.latitude_deg, camera.longitude_deg, NEAR_M))
    return [one for one in found if one.camera.id != camera.id][:MOST_NEAR]
