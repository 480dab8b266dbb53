"""What an operator preserves after what they saw (constat): which minutes, which neighbours, until when. Pure.

Source: CSI R.253-4. A safeguard never lengthens an image's life: it is a copy apart that dies on the image's own day,
unless a written requisition arrives before (`beffroi.evidence.deskrules`).
"""

from collections.abc import Iterable
from typing import Final

from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.facts import Camera
from beffroi.domain.ranges import WallRange
from beffroi.evidence.deskrules import Minutes
from beffroi.evidence.desksearch import Near, Place, search
from beffroi.vault.sealing import hour_of
from beffroi.vault.term import hour_term_end_us

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


def dies_us(minutes: Minutes, until_us: int, beyond_us: int, term_days: int | None) -> int:
    """When the first images of held minutes die: at their own term and what the hold adds to it, at the hold's end at
    the latest. ``term_days`` is what the camera's order says; None when none is in force: the hold's end alone."""
    if term_days is None:
        return until_us
    return min(until_us, hour_term_end_us(hour_of(minutes.range.from_us), term_days, LEGAL_TIME_ZONE) + beyond_us)
