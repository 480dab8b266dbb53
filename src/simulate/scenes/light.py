"""Weather and hour: what multiplies the colours of a scene, and what shines in it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Colour = tuple[int, int, int]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Light:
    """One hour of one weather. ``ambient`` multiplies red, green and blue."""

    sky_top: Colour
    sky_low: Colour
    ambient: tuple[float, float, float]
    shadow: float  # opacity of cast shadows
    lamps: float  # 0 = off; strength of the street lamps' light on the ground
    windows: float  # share of lit windows
    rain: bool = False
    clouds: float = 0.0


DAY = Light((86, 142, 206), (206, 226, 240), (1.0, 0.985, 0.95), 0.42, 0.0, 0.0, clouds=0.8)
RAIN = Light((120, 130, 142), (176, 184, 190), (0.66, 0.70, 0.76), 0.16, 0.0, 0.22, rain=True, clouds=0.35)
DUSK = Light((52, 66, 118), (244, 168, 112), (0.62, 0.52, 0.56), 0.14, 0.55, 0.45, clouds=0.5)
NIGHT = Light((7, 10, 22), (30, 34, 52), (0.15, 0.17, 0.25), 0.0, 1.0, 0.38)

LAMP: Colour = (255, 206, 138)


def glow(radius: int, colour: Colour, power: float = 2.0) -> Floats:
    """A round light of this radius in pixels, to be added: brightest in the middle, nothing at the edge."""
    axis = np.linspace(-1, 1, 2 * radius + 1, dtype=np.float32)
    away = np.sqrt(axis[:, None] ** 2 + axis[None, :] ** 2)
    shine = np.clip(1 - away, 0, 1) ** power
    out: Floats = (shine[..., None] * np.array(colour, np.float32)).astype(np.float32)
    return out


def add(picture: npt.NDArray[np.uint8], patch: Floats, x: int, y: int) -> None:
    """Add light to a picture, the patch centred on (x, y), cut at the edges."""
    height, width = patch.shape[:2]
    left, top = x - width // 2, y - height // 2
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + width, picture.shape[1]), min(top + height, picture.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    part = picture[y0:y1, x0:x1]
    lit = part.astype(np.float32) + patch[y0 - top : y1 - top, x0 - left : x1 - left]
    part[...] = np.minimum(lit, 255).astype(np.uint8)
