"""The number of a frame, drawn in it as black and white squares, and read back from any picture of it.

Two rows of 14 squares stand in the bottom left corner. A square is 1/48 of the picture's width, so a screenshot
240 px wide still has 5 px for each. 12 bits of frame, 6 of scene, 10 of CRC (x¹⁰+x⁹+x⁵+x⁴+x+1), frame's top bit first.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

MAX_FRAMES: Final = 1 << 12
MAX_SCENES: Final = 1 << 6
_COLUMNS: Final = 14
_ROWS: Final = 2
_CELL: Final = 1 / 48
_MARGIN: Final = 1 / 96
_MIN_CONTRAST: Final = 96.0


def _crc10(value: int) -> int:
    register = 0x2A5  # not zero: an all-black strip is not a valid number
    for shift in range(17, -1, -1):
        top = ((register >> 9) ^ (value >> shift)) & 1
        register = ((register << 1) & 0x3FF) ^ (0x233 if top else 0)
    return register


def _bits(scene: int, frame: int) -> list[int]:
    value = frame << 6 | scene
    whole = value << 10 | _crc10(value)
    return [(whole >> shift) & 1 for shift in range(_ROWS * _COLUMNS - 1, -1, -1)]


def strip_box(width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in pixels of the strip with its margin, in a picture of this size."""
    right = (2 * _MARGIN + _COLUMNS * _CELL) * width
    top = height - (2 * _MARGIN + _ROWS * _CELL) * width
    return 0, int(top), int(right + 0.999), height


def draw(picture: Picture, scene: int, frame: int) -> None:
    """Draw the squares into an RGB or grey picture, in place.

    Raises:
        ValueError: the number or the scene does not fit.
    """
    if not (0 <= frame < MAX_FRAMES and 0 <= scene < MAX_SCENES):
        raise ValueError(f"frame {frame} or scene {scene} does not fit the marks")
    height, width = picture.shape[:2]
    left, top, right, bottom = strip_box(width, height)
    picture[top:bottom, left:right] = 96
    for index, bit in enumerate(_bits(scene, frame)):
        row, column = divmod(index, _COLUMNS)
        x0 = (_MARGIN + column * _CELL) * width
        y0 = height - (_MARGIN + (_ROWS - row) * _CELL) * width
        side = _CELL * width
        picture[round(y0) : round(y0 + side), round(x0) : round(x0 + side)] = 255 if bit else 0


def read_both(picture: npt.NDArray[Any]) -> tuple[int, int] | None:
    """Scene and frame of an RGB picture at any scale of at least 240 px in width; None when there is no strip."""
    height, width = picture.shape[:2]
    side = _CELL * width
    if width < 200 or height < 3 * side:
        return None
    levels = np.empty(_ROWS * _COLUMNS)
    reach = max(side * 0.22, 0.6)
    for index in range(levels.size):
        row, column = divmod(index, _COLUMNS)
        x = (_MARGIN + (column + 0.5) * _CELL) * width
        y = height - (_MARGIN + (_ROWS - row - 0.5) * _CELL) * width
        cell = picture[round(y - reach) : max(round(y + reach), round(y - reach) + 1), :][
            :, round(x - reach) : max(round(x + reach), round(x - reach) + 1)
        ]
        levels[index] = cell.mean()
    low, high = float(levels.min()), float(levels.max())
    if high - low < _MIN_CONTRAST:
        return None
    whole = 0
    for level in levels:
        share = (level - low) / (high - low)
        if 0.4 < share < 0.6:
            return None
        whole = whole << 1 | (1 if share > 0.5 else 0)
    value = whole >> 10
    if _crc10(value) != whole & 0x3FF:
        return None
    return value & 0x3F, value >> 6


def read(picture: npt.NDArray[Any]) -> int | None:
    """Frame number of an RGB picture, or None when the squares cannot be read with certainty."""
    found = read_both(picture)
    return found[1] if found else None
