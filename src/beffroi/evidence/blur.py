"""Masking third parties by hand: which pixels of a picture may leave, all others being filled with one grey.

Nothing of what is masked is computed from the pixels beneath (no pixelation, no blur: both can be undone over several
pictures), so that two sources which differ there alone give the same copy, bit for bit.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

FULL: Final = 10_000
"""Boxes are given in ten-thousandths of the picture's width and height: the same for every size of picture."""

MOST_REGIONS: Final = 40
MOST_KEYS: Final = 2_000
_GREY: Final = (64, 128, 128)
"""Luma and chroma of what is masked."""

Plane = npt.NDArray[np.uint8]
_BAD: Final = Text(
    fr="Les cadres sont refusés : quatre nombres de 0 à 10 000 par cadre, gauche avant droite, haut avant bas, des "
    f"instants croissants, {MOST_REGIONS} cadres au plus.",
    en="The boxes are refused: four numbers from 0 to 10,000 a box, left before right, top before bottom, growing "
    f"instants, at most {MOST_REGIONS} boxes.",
)


class Mode(StrEnum):
    """What the boxes mean. The default shows nothing but what was drawn."""

    KEEP = "keep"
    HIDE = "hide"


@dataclass(frozen=True, slots=True)
class Key:
    """Where a box is at an instant (wall time, microseconds), in ten-thousandths."""

    at_us: int
    left: int
    top: int
    right: int
    bottom: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom."""
        return self.left, self.top, self.right, self.bottom


@dataclass(frozen=True, slots=True)
class Region:
    """A box that moves: straight from key to key, from the first to the last, not there before nor after."""

    keys: tuple[Key, ...]

    def at(self, wall_us: int, *, inward: bool) -> tuple[int, int, int, int] | None:
        """The box at an instant, rounded inward (to be kept) or outward (to be hidden); None when it is not there."""
        times = [key.at_us for key in self.keys]
        if not times[0] <= wall_us <= times[-1]:
            return None
        number = bisect_right(times, wall_us) - 1
        first = self.keys[number]
        if first.at_us == wall_us or number + 1 == len(self.keys):
            return first.box
        last = self.keys[number + 1]
        part, whole = wall_us - first.at_us, last.at_us - first.at_us

        def between(a: int, b: int, *, up: bool) -> int:
            scaled = a * whole + (b - a) * part
            return -(-scaled // whole) if up else scaled // whole

        return (
            between(first.left, last.left, up=inward),
            between(first.top, last.top, up=inward),
            between(first.right, last.right, up=not inward),
            between(first.bottom, last.bottom, up=not inward),
        )


@dataclass(frozen=True, slots=True)
class Masking:
    """All boxes of one copy."""

    mode: Mode
    regions: tuple[Region, ...]

    def as_json(self) -> dict[str, Any]:
        """JSON-ready."""
        regions = [[[key.at_us, *key.box] for key in one.keys] for one in self.regions]
        return {"mode": self.mode.value, "regions": regions}


def masking_of(mode: Mode, regions: Sequence[Sequence[Sequence[int]]]) -> Masking:
    """Boxes as they come from outside: per region, rows of [instant, left, top, right, bottom].

    Raises:
        BadInputError: too many, out of bounds, out of order, inside out; a copy in which nothing at all is masked.
    """
    found = []
    for rows in regions:
        keys = tuple(Key(*row) for row in rows if len(row) == len(Key.__dataclass_fields__))
        if not 0 < len(keys) == len(rows) <= MOST_KEYS or not all(_sound(key) for key in keys):
            raise BadInputError(_BAD)
        if any(a.at_us >= b.at_us for a, b in pairwise(keys)):
            raise BadInputError(_BAD)
        found.append(Region(keys))
    if len(found) > MOST_REGIONS:
        raise BadInputError(_BAD)
    if not found and mode is Mode.HIDE:
        raise BadInputError(
            Text(
                fr="Aucun cadre : rien ne serait masqué. Dessinez les tiers, ou choisissez « tout masquer sauf ».",
                en="No box: nothing would be masked. Draw third parties, or choose “mask all but”.",
            )
        )
    return Masking(mode, tuple(found))


def masking_from(told: Mapping[str, Any]) -> Masking:
    """As `Masking.as_json` gave it."""
    return masking_of(Mode(told["mode"]), told["regions"])


def allowed(masking: Masking, wall_us: int, width: int, height: int) -> npt.NDArray[np.bool_]:
    """Which pixels of the picture of this instant may leave, in blocks of two by two: chroma is shared by four."""
    keep = masking.mode is Mode.KEEP
    shown = np.full(((height + 1) // 2, (width + 1) // 2), not keep)
    for region in masking.regions:
        box = region.at(wall_us, inward=keep)
        if box is not None:
            left, right = _blocks(box[0], box[2], width, inward=keep)
            top, bottom = _blocks(box[1], box[3], height, inward=keep)
            shown[top:bottom, left:right] = keep
    return shown


def fill(planes: tuple[Plane, Plane, Plane], shown: npt.NDArray[np.bool_]) -> None:
    """Fill in place what may not leave. ``planes``: luma, and both chroma at half size, of even width and height."""
    whole = shown.repeat(2, axis=0).repeat(2, axis=1)
    luma, *chroma = planes
    luma[~whole[: luma.shape[0], : luma.shape[1]]] = _GREY[0]
    for plane, grey in zip(chroma, _GREY[1:], strict=True):
        plane[~shown[: plane.shape[0], : plane.shape[1]]] = grey


def _sound(key: Key) -> bool:
    return (
        all(type(one) is int for one in (key.at_us, *key.box))
        and 0 <= key.left < key.right <= FULL
        and 0 <= key.top < key.bottom <= FULL
    )


def _blocks(first: int, last: int, size: int, *, inward: bool) -> tuple[int, int]:
    """The blocks of two pixels that lie wholly inside (inward) of a stretch, or touch it."""
    unit = 2 * FULL
    if inward:
        return -(-first * size // unit), last * size // unit
    return first * size // unit, -(-last * size // unit)
