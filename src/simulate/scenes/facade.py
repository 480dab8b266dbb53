"""House fronts, drawn flat at 40 px per metre: a day picture and a mask of its lit windows."""

import random
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

PX: Final = 40
_WALLS: Final = (
    (226, 212, 184),
    (214, 190, 152),
    (178, 104, 82),
    (200, 196, 188),
    (232, 224, 206),
    (190, 134, 104),
    (206, 176, 130),
)
_SHUTTERS: Final = ((92, 116, 128), (110, 130, 104), (124, 88, 74), (178, 178, 170), (70, 92, 120))
_AWNINGS: Final = ((158, 50, 46), (44, 92, 74), (40, 70, 116), (170, 122, 44))
_WARM: Final = ((255, 214, 140), (255, 196, 112), (246, 228, 180), (196, 214, 240))


@dataclass(frozen=True, slots=True)
class Facade:
    """Pictures of one house front, roof included, and its size in metres."""

    picture: Image.Image
    lit: Image.Image
    width_m: float
    height_m: float


def facade(rng: random.Random, width_m: float, floors: int, windows: float, *, shop: bool) -> Facade:
    """A house of this width: a ground floor of 3.6 m, floors of 2.9 m, a cornice and a slate roof of 2 m."""
    height_m = 3.6 + 2.9 * floors + 0.4 + 2.0
    w, h = int(width_m * PX), int(height_m * PX)
    picture = Image.new("RGBA", (w, h))
    lit = Image.new("RGB", (w, h))
    pen, light = ImageDraw.Draw(picture), ImageDraw.Draw(lit)
    wall = rng.choice(_WALLS)
    roof = int(2.0 * PX)
    _roof(pen, rng, w, roof)
    pen.rectangle((0, roof, w, h), fill=wall)
    if wall[0] - wall[2] > 80:
        for y in range(roof, h, 6):
            pen.line((0, y, w, y), fill=_shade(wall, 0.92))
    pen.rectangle((0, roof, w, roof + 14), fill=_shade(wall, 1.1))
    pen.rectangle((0, roof + 14, w, roof + 19), fill=_shade(wall, 0.72))
    columns = max(2, round(width_m / 2.3))
    shutter = rng.choice(_SHUTTERS) if rng.random() < 0.7 else None
    for floor in range(floors):
        top = roof + int((0.4 + 0.75 + 2.9 * floor) * PX)
        for column in range(columns):
            middle = int((column + 0.5) * w / columns)
            _window(pen, light, rng, middle, top, wall, shutter, lit=rng.random() < windows)
        band = roof + int((0.4 + 2.9 * (floor + 1)) * PX)
        pen.rectangle((0, band - 3, w, band + 3), fill=_shade(wall, 0.88))
    street = h - int(3.6 * PX)
    (_shop if shop else _entrance)(pen, light, rng, w, street, h, wall, windows)
    pen.line((0, roof, 0, h), fill=_shade(wall, 0.6), width=2)
    return Facade(picture, lit, width_m, height_m)


def _shade(colour: tuple[int, int, int], by: float) -> tuple[int, int, int]:
    red, green, blue = (min(255, int(part * by)) for part in colour)
    return red, green, blue


def _roof(pen: ImageDraw.ImageDraw, rng: random.Random, w: int, roof: int) -> None:
    slate = rng.choice(((84, 90, 102), (104, 84, 76), (92, 96, 100)))
    pen.rectangle((0, 12, w, roof), fill=slate)
    for y in range(12, roof, 7):
        pen.line((0, y, w, y), fill=_shade(slate, 0.9 + 0.1 * (y % 2)))
    for column in range(rng.randint(1, 2)):
        x = int((column + rng.uniform(0.3, 0.7)) * w / 2)
        pen.rectangle((x - 10, 0, x + 10, 26), fill=(148, 92, 76))
        pen.rectangle((x - 12, 0, x + 12, 5), fill=(120, 76, 64))


def _window(  # noqa: PLR0917 — pen, place, size, colours
    pen: ImageDraw.ImageDraw,
    light: ImageDraw.ImageDraw,
    rng: random.Random,
    x: int,
    y: int,
    wall: tuple[int, int, int],
    shutter: tuple[int, int, int] | None,
    *,
    lit: bool,
) -> None:
    w, h = 38, 66
    if shutter:
        for side in (-1, 1):
            edge = x + side * (w // 2 + 9)
            pen.rectangle((edge - 8, y - 1, edge + 8, y + h), fill=shutter)
            for slat in range(y + 4, y + h - 2, 6):
                pen.line((edge - 6, slat, edge + 6, slat), fill=_shade(shutter, 0.8))
    pen.rectangle((x - w // 2 - 4, y - 5, x + w // 2 + 4, y + h + 2), fill=_shade(wall, 1.12))
    pen.rectangle((x - w // 2, y, x + w // 2, y + h), fill=(58, 70, 84))
    pen.polygon(((x - w // 2, y), (x + w // 2, y), (x - w // 2, y + h - 14)), fill=(92, 110, 128))
    pen.rectangle((x - w // 2 - 6, y + h, x + w // 2 + 6, y + h + 5), fill=_shade(wall, 0.8))
    if lit:
        light.rectangle((x - w // 2, y, x + w // 2, y + h), fill=_shade(rng.choice(_WARM), rng.uniform(0.55, 1.0)))
    for target, frame in ((pen, (236, 234, 228)), (light, (20, 16, 10))):
        if target is pen or lit:
            target.line((x, y, x, y + h), fill=frame, width=3)
            target.line((x - w // 2, y + 20, x + w // 2, y + 20), fill=frame, width=3)


def _shop(  # noqa: PLR0917 — pen, place, size, colours
    pen: ImageDraw.ImageDraw,
    light: ImageDraw.ImageDraw,
    rng: random.Random,
    w: int,
    top: int,
    bottom: int,
    wall: tuple[int, int, int],
    windows: float,
) -> None:
    colour = rng.choice(_AWNINGS)
    pen.rectangle((0, top, w, bottom), fill=_shade(wall, 0.86))
    pen.rectangle((12, top + 10, w - 12, top + 34), fill=_shade(colour, 0.8))  # a sign without letters
    pen.rectangle((16, top + 62, w - 70, bottom - 22), fill=(64, 78, 90))
    pen.polygon(((16, top + 62), (w // 2, top + 62), (16, bottom - 40)), fill=(98, 118, 134))
    pen.rectangle((w - 60, top + 62, w - 20, bottom), fill=(80, 62, 50))
    pen.rectangle((w - 54, top + 70, w - 26, bottom - 34), fill=(84, 100, 114))
    if windows > 0.1:
        light.rectangle((16, top + 66, w - 70, bottom - 22), fill=_shade((255, 226, 170), rng.uniform(0.6, 0.95)))
    for stripe in range(0, w - 24, 28):
        shade = colour if stripe // 28 % 2 else (238, 232, 220)
        left = 12 + stripe
        right = min(left + 28, w - 12)
        pen.polygon(((left, top + 36), (right, top + 36), (right, top + 66), (left, top + 66)), fill=shade)
    pen.line((12, top + 66, w - 12, top + 66), fill=_shade(colour, 0.6), width=3)


def _entrance(  # noqa: PLR0917 — pen, place, size, colours
    pen: ImageDraw.ImageDraw,
    light: ImageDraw.ImageDraw,
    rng: random.Random,
    w: int,
    top: int,
    bottom: int,
    wall: tuple[int, int, int],
    windows: float,
) -> None:
    pen.rectangle((0, bottom - 30, w, bottom), fill=_shade(wall, 0.7))
    door = int(w * rng.choice((0.22, 0.78)))
    pen.rectangle((door - 26, top + 42, door + 26, bottom), fill=_shade(wall, 1.1))
    pen.rectangle((door - 21, top + 48, door + 21, bottom), fill=rng.choice(_SHUTTERS))
    pen.rectangle((door - 21, top + 48, door + 21, top + 64), fill=(70, 84, 98))
    for step in range(max(1, w // 110)):
        x = 50 + step * 100
        if abs(x - door) > 52 and x < w - 24:
            _window(pen, light, rng, x, top + 46, wall, None, lit=rng.random() < windows)
