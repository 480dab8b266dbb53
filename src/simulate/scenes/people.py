"""Walkers and cyclists: twelve phases of a step, seen from the side or along the street. No face is drawn."""

import math
import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from PIL import Image, ImageDraw, ImageFilter

from simulate.scenes.sprite import Sprite, from_image

Side = Literal["right", "left", "along"]
PHASES: Final = 12
_TALL: Final = 360  # drawn height of 1.75 m, reduced afterwards
_METRE: Final = _TALL / 1.75
_COATS: Final = (
    (44, 54, 78),
    (150, 46, 50),
    (62, 96, 76),
    (196, 158, 70),
    (92, 84, 104),
    (58, 60, 64),
    (178, 108, 70),
    (212, 206, 194),
    (84, 130, 166),
)
_LEGS: Final = ((38, 42, 54), (62, 66, 84), (76, 66, 56), (30, 30, 34), (104, 100, 92))
_HAIR: Final = ((40, 32, 28), (86, 60, 40), (140, 110, 70), (120, 120, 122), (24, 22, 22))
_SKIN: Final = ((214, 176, 148), (178, 132, 100), (120, 84, 64), (228, 194, 168))

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Look:
    """Clothes of one walker or cyclist."""

    coat: Rgb
    legs: Rgb
    hair: Rgb
    skin: Rgb
    bag: bool
    tall_m: float


def look(rng: random.Random) -> Look:
    """Somebody at random."""
    return Look(
        rng.choice(_COATS),
        rng.choice(_LEGS),
        rng.choice(_HAIR),
        rng.choice(_SKIN),
        rng.random() < 0.4,
        rng.uniform(1.55, 1.85),
    )


def _dark(colour: Rgb, by: float = 0.72) -> Rgb:
    return int(colour[0] * by), int(colour[1] * by), int(colour[2] * by)


def _limb(pen: ImageDraw.ImageDraw, points: list[tuple[float, float]], wide: float, fill: Rgb) -> None:
    pen.line(points, fill=fill, width=round(wide), joint="curve")
    for x, y in points:
        pen.ellipse((x - wide / 2, y - wide / 2, x + wide / 2, y + wide / 2), fill=fill)


def _joint(x: float, y: float, angle: float, length: float) -> tuple[float, float]:
    return x + math.sin(angle) * length, y + math.cos(angle) * length


@lru_cache(maxsize=1024)
def _walker(who: Look, side: Side, phase: int) -> Image.Image:
    """One phase of a step: 360 px for 1.75 m, feet 20 px above the bottom, centred."""
    picture = Image.new("RGBA", (260, 420))
    pen = ImageDraw.Draw(picture)
    x, ground = 130.0, 400.0
    swing = math.sin(2 * math.pi * phase / PHASES)
    bob = abs(math.cos(2 * math.pi * phase / PHASES)) * 4
    hip, neck = ground - 180 - bob, ground - 305 - bob
    if side == "along":
        for sign in (-1, 1):
            lift = max(0.0, sign * swing) * 22
            _limb(
                pen,
                [(x + sign * 15, hip), (x + sign * 17, hip + 88), (x + sign * 16, ground - 10 - lift)],
                27,
                who.legs,
            )
            pen.ellipse((x + sign * 16 - 15, ground - 20 - lift, x + sign * 16 + 15, ground - lift), fill=(28, 26, 26))
            _limb(
                pen,
                [
                    (x + sign * 40, neck + 18),
                    (x + sign * 48, neck + 78),
                    (x + sign * 46, neck + 130 - sign * swing * 10),
                ],
                20,
                _dark(who.coat, 0.85),
            )
        wide = 44.0
    else:
        wide = 31.0
        for sign, fill in ((-1, _dark(who.legs)), (1, who.legs)):
            thigh = sign * swing * 0.45
            bend = 0.55 * max(0.0, math.cos(2 * math.pi * phase / PHASES) * -sign)
            knee = _joint(x, hip, thigh, 88)
            foot = _joint(*knee, thigh - bend, 84)
            _limb(pen, [(x, hip), knee, foot], 28, fill)
            pen.rounded_rectangle((foot[0] - 12, foot[1] - 6, foot[0] + 28, foot[1] + 12), 8, fill=(28, 26, 26))
        _limb(
            pen,
            [
                (x, neck + 20),
                _joint(x, neck + 20, swing * 0.5, 58),
                _joint(*_joint(x, neck + 20, swing * 0.5, 58), swing * 0.5 + 0.3, 52),
            ],
            20,
            _dark(who.coat),
        )
    pen.rounded_rectangle((x - wide, neck, x + wide, hip + 34), 24, fill=who.coat)
    pen.rectangle((x - wide, hip + 26, x + wide, hip + 38), fill=_dark(who.coat, 0.82))
    if who.bag:
        pen.rounded_rectangle((x - wide - 14, neck + 14, x - wide + 16, neck + 92), 10, fill=_dark(who.hair, 1.4))
    if side != "along":
        arm = _joint(x, neck + 20, -swing * 0.5, 58)
        _limb(pen, [(x, neck + 20), arm, _joint(*arm, -swing * 0.5 + 0.3, 52)], 21, _dark(who.coat, 0.88))
    pen.rectangle((x - 9, neck - 16, x + 9, neck + 6), fill=who.skin)
    pen.ellipse((x - 24, neck - 62, x + 24, neck - 6), fill=who.skin)
    pen.pieslice((x - 26, neck - 66, x + 26, neck - 8), 150, 390, fill=who.hair)
    if side == "left":
        return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return picture


@lru_cache(maxsize=512)
def _cyclist(who: Look, side: Side, phase: int) -> Image.Image:
    picture = Image.new("RGBA", (460, 420))
    pen = ImageDraw.Draw(picture)
    x, ground = 230.0, 400.0
    turn = 2 * math.pi * phase / PHASES
    if side == "along":
        pen.rounded_rectangle((x - 7, ground - 140, x + 7, ground), 7, fill=(30, 30, 32))
        for sign in (-1, 1):
            up = math.sin(turn) * sign * 22
            _limb(
                pen,
                [(x + sign * 14, ground - 205), (x + sign * 24, ground - 130 - up), (x + sign * 14, ground - 55 - up)],
                24,
                who.legs,
            )
            _limb(
                pen,
                [(x + sign * 34, ground - 318), (x + sign * 52, ground - 262), (x + sign * 40, ground - 212)],
                18,
                _dark(who.coat, 0.85),
            )
        pen.line((x - 50, ground - 208, x + 50, ground - 208), fill=(40, 40, 44), width=8)
        pen.rounded_rectangle((x - 40, ground - 338, x + 40, ground - 192), 26, fill=who.coat)
        head = (x, ground - 366)
    else:
        back, front, crank = (x - 108, ground - 70), (x + 112, ground - 70), (x - 6, ground - 72)
        for centre in (back, front):
            pen.ellipse((centre[0] - 70, ground - 140, centre[0] + 70, ground), outline=(32, 32, 34), width=9)
        seat, bar = (x - 44, ground - 190), (x + 78, ground - 200)
        for start, end in ((back, crank), (back, seat), (seat, crank), (crank, bar), (seat, bar), (bar, front)):
            pen.line((*start, *end), fill=who.hair, width=9)
        hip, neck = (x - 44, ground - 206), (x + 14, ground - 318)
        for sign, fill in ((-1, _dark(who.legs)), (1, who.legs)):
            pedal = (crank[0] + math.cos(turn) * 34 * sign, crank[1] + math.sin(turn) * 34 * sign)
            knee = ((hip[0] + pedal[0]) / 2 + 42, (hip[1] + pedal[1]) / 2 - 14)
            _limb(pen, [hip, knee, pedal], 26, fill)
        _limb(pen, [hip, neck], 58, who.coat)
        _limb(pen, [neck, (neck[0] + 46, neck[1] + 66), bar], 19, _dark(who.coat, 0.85))
        head = (neck[0] + 22, neck[1] - 40)
    pen.ellipse((head[0] - 24, head[1] - 28, head[0] + 24, head[1] + 28), fill=who.skin)
    pen.pieslice((head[0] - 28, head[1] - 34, head[0] + 28, head[1] + 30), 175, 365, fill=who.coat)  # a helmet
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if side == "left" else picture


@lru_cache(maxsize=8192)
def person_sprite(who: Look, side: Side, phase: int, px_per_m: int, shadow: int, *, bicycle: bool) -> Sprite:
    """Somebody at this scale, with a soft shadow of this opacity (0-255) falling to the right."""
    big = (_cyclist if bicycle else _walker)(who, side, phase)
    ratio = px_per_m / _METRE * who.tall_m / 1.75
    pad = max(2, round(big.height * ratio * 0.30))
    size = (max(3, round(big.width * ratio)), max(4, round(big.height * ratio)))
    coarse = max(1, int(0.7 / ratio))
    small = big.reduce(coarse).resize(size, Image.Resampling.BICUBIC)
    box = small.getchannel("A").point(lambda level: 255 if level > 40 else 0).getbbox() or (0, 0, *size)
    sheet = Image.new("RGBA", (size[0] + 2 * pad, size[1] + pad // 2))
    foot = (pad + size[0] / 2, 400 * ratio)
    if shadow:
        dark = Image.new("L", sheet.size)
        reach, flat = size[1] * (0.30 if not bicycle else 0.42), max(2.0, size[1] * 0.045)
        ImageDraw.Draw(dark).ellipse(
            (foot[0] - reach * 0.45, foot[1] - flat, foot[0] + reach * 1.2, foot[1] + flat), fill=shadow
        )
        sheet.putalpha(dark.filter(ImageFilter.GaussianBlur(max(1.0, size[1] * 0.015))))
    sheet.alpha_composite(small, (pad, 0))
    return from_image(sheet, foot, (pad + box[0], box[1], box[2] - box[0], box[3] - box[1]))
