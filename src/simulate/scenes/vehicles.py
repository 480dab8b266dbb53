"""Cars, vans and buses: a profile pulled across its width, projected and shaded face by face. Plates are blank."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from PIL import Image, ImageDraw, ImageFilter

from simulate.scenes.sprite import Sprite, from_image
from simulate.scenes.view import Pixel, View

Heading = Literal["right", "left", "away", "near"]
Rgb = tuple[int, int, int]
Flat = tuple[float, float]

_GLASS: Final = (52, 64, 76)
_PAINTS: Final = (
    (196, 198, 200),
    (60, 66, 76),
    (150, 32, 36),
    (44, 82, 134),
    (226, 226, 222),
    (28, 30, 34),
    (120, 128, 132),
    (86, 108, 92),
)


@dataclass(frozen=True, slots=True)
class Model:
    """A vehicle: profile in metres (0 = rear, up from the road), glazed parts by index of edge, side panes, wheels."""

    kind: Literal["car", "van", "bus"]
    paint: Rgb
    width: float
    profile: tuple[Flat, ...]  # from the rear bottom, over the roof, to the front bottom
    glazed: tuple[int, ...]
    panes: tuple[tuple[Flat, ...], ...]
    wheels: tuple[float, ...]
    wheel: float = 0.32

    @property
    def length(self) -> float:
        """Metres from bumper to bumper."""
        return self.profile[-1][0]


def car(paint: Rgb) -> Model:
    """A hatchback of 4.1 m."""
    profile = (
        (0.0, 0.3),
        (0.0, 0.9),
        (0.35, 1.42),
        (0.6, 1.48),
        (2.25, 1.46),
        (3.05, 0.98),
        (3.95, 0.82),
        (4.1, 0.62),
        (4.1, 0.3),
    )
    panes = (
        ((0.42, 0.95), (0.62, 1.36), (1.35, 1.38), (1.35, 0.95)),
        ((1.43, 0.95), (1.43, 1.38), (2.18, 1.36), (2.82, 0.97)),
    )
    return Model("car", paint, 1.75, profile, (1, 4), panes, (0.72, 3.3))


def van(paint: Rgb) -> Model:
    """A delivery van of 5.3 m."""
    profile = ((0.0, 0.35), (0.0, 2.2), (0.15, 2.3), (3.9, 2.3), (4.6, 1.35), (5.2, 1.1), (5.3, 0.8), (5.3, 0.35))
    return Model(
        "van", paint, 2.0, profile, (3,), (((3.5, 1.3), (3.5, 1.95), (3.95, 1.95), (4.4, 1.3)),), (0.9, 4.4), 0.36
    )


def bus(paint: Rgb) -> Model:
    """A town bus of 11 m."""
    profile = ((0.0, 0.35), (0.0, 1.2), (0.0, 2.9), (0.2, 3.0), (10.8, 3.0), (11.0, 2.8), (11.0, 1.0), (11.0, 0.35))
    panes = tuple(
        ((0.5 + n * 1.75, 1.3), (0.5 + n * 1.75, 2.55), (2.1 + n * 1.75, 2.55), (2.1 + n * 1.75, 1.3)) for n in range(6)
    )
    return Model("bus", paint, 2.5, profile, (1, 5), panes, (2.4, 8.6), 0.48)


def any_car(rng: random.Random) -> Model:
    """A car or a van at random."""
    return van(rng.choice(_PAINTS[:5])) if rng.random() < 0.18 else car(rng.choice(_PAINTS))


def _place(heading: Heading, x: float, z: float, along: float, up: float, across: float) -> tuple[float, float, float]:  # noqa: PLR0917 — pen, place, size, colours
    if heading in ("right", "left"):
        return (x + along if heading == "right" else x - along), up, z + across
    return x + across, up, (z + along if heading == "away" else z - along)


def _tint(colour: Rgb, by: float) -> Rgb:
    return min(255, int(colour[0] * by)), min(255, int(colour[1] * by)), min(255, int(colour[2] * by))


@lru_cache(maxsize=8192)
def vehicle_sprite(model: Model, view: View, heading: Heading, x: float, z: float, shadow: int) -> Sprite:  # noqa: PLR0917 — a cache key
    """The vehicle with its middle at (x, z), its foot being that point of the road. Drawn twice too large, reduced."""
    half = model.length / 2

    def spot(along: float, up: float, across: float) -> Pixel:
        px, py, pz = _place(heading, x, z, along - half, up, across)
        px, py = view.project(px, py, max(pz, 2.0))
        return px, py

    w = model.width / 2
    corners = [spot(a, u, s) for a in (0, model.length) for u in (0, max(p[1] for p in model.profile)) for s in (-w, w)]
    pad = 12 + int(view.scale(z) * 0.5)
    left, top = min(c[0] for c in corners) - pad, min(c[1] for c in corners) - pad
    right, bottom = max(c[0] for c in corners) + pad, max(c[1] for c in corners) + pad
    size = int(min(right - left, 1900)), int(min(bottom - top, 900))
    big = 2
    sheet = Image.new("RGBA", (size[0] * big, size[1] * big))

    _body(ImageDraw.Draw(sheet), model, view, heading, (x, z), lambda a, u, c: _large(spot(a, u, c), (left, top), big))
    small = sheet.reduce(big)
    ground = [spot(a, 0.0, s) for a, s in ((-0.1, -w), (model.length + 0.1, -w), (model.length + 0.1, w), (-0.1, w))]
    reach = view.scale(z) * 0.35 if shadow > 60 else 0.0
    dark = Image.new("L", size)
    pen = ImageDraw.Draw(dark)
    pen.polygon([(px - left, py - top) for px, py in ground], fill=max(shadow + 60, 150))
    pen.polygon([(px - left + reach, py - top) for px, py in ground], fill=max(shadow + 40, 120))
    under = Image.new("RGBA", size)
    under.putalpha(dark.filter(ImageFilter.BoxBlur(max(1.0, view.scale(z) * 0.06))))
    under.alpha_composite(small)
    foot = view.project(x, 0, z)
    box = (pad, pad, size[0] - 2 * pad, size[1] - 2 * pad)
    return from_image(under, (foot[0] - left, foot[1] - top), box)


def _large(at: Pixel, origin: Pixel, big: int) -> Pixel:
    return (at[0] - origin[0]) * big, (at[1] - origin[1]) * big


Spot = Callable[[float, float, float], Pixel]


def _body(  # noqa: PLR0917 — pen, place, size, colours
    pen: ImageDraw.ImageDraw, model: Model, view: View, heading: Heading, place: tuple[float, float], spot: Spot
) -> None:
    w, half = model.width / 2, model.length / 2
    side = -w if heading in ("right", "left") or place[0] > view.camera_x_m else w
    edges = list(enumerate(zip(model.profile, model.profile[1:], strict=False)))

    def away(edge: tuple[int, tuple[Flat, Flat]]) -> float:
        (a0, u0), (a1, u1) = edge[1]
        x, up, z = _place(heading, *place, (a0 + a1) / 2 - half, (u0 + u1) / 2, 0)
        return (x - view.camera_x_m) ** 2 + (view.height_m - up) ** 2 + z**2

    for number, ((a0, u0), (a1, u1)) in sorted(edges, key=away, reverse=True):
        facing_up = (a1 - a0) / max(((a1 - a0) ** 2 + (u1 - u0) ** 2) ** 0.5, 0.01)
        colour = _GLASS if number in model.glazed else _tint(model.paint, 0.74 + 0.36 * facing_up)
        pen.polygon([spot(a0, u0, -w), spot(a1, u1, -w), spot(a1, u1, w), spot(a0, u0, w)], fill=colour)
        if number in model.glazed:
            inner = 0.12
            pen.line([spot(a0, u0, -w + inner), spot(a1, u1, -w + inner)], fill=_tint(model.paint, 0.8), width=3)
            pen.line([spot(a0, u0, w - inner), spot(a1, u1, w - inner)], fill=_tint(model.paint, 0.8), width=3)
    for end, colour in ((0.0, (170, 24, 22)), (model.length, (244, 240, 220))):
        if not end_is_seen(model, view, heading, place, front=end > 0):
            continue
        pen.polygon([spot(end, 0.28, -w), spot(end, 0.5, -w), spot(end, 0.5, w), spot(end, 0.28, w)], fill=(46, 47, 50))
        for inner, outer in ((-w + 0.42, -w + 0.06), (w - 0.06, w - 0.42)):
            pen.polygon(
                [spot(end, 0.62, inner), spot(end, 0.8, inner), spot(end, 0.8, outer), spot(end, 0.62, outer)],
                fill=colour,
            )
    _side(pen, model, side, 0.9 if heading in ("right", "left") else 0.66, spot)


def _side(pen: ImageDraw.ImageDraw, model: Model, side: float, bright: float, spot: Spot) -> None:
    pen.polygon([spot(a, u, side) for a, u in model.profile], fill=_tint(model.paint, bright))
    sill = 0.5 if model.kind != "bus" else 0.62
    ends = (model.profile[0], model.profile[-1])
    pen.polygon(
        [spot(ends[0][0], ends[0][1], side), spot(0, sill, side), spot(model.length, sill, side), spot(*ends[1], side)],
        fill=_tint(model.paint, bright * 0.7),
    )
    for pane in model.panes:
        pen.polygon([spot(a, u, side) for a, u in pane], fill=_GLASS)
        low, high = pane[0], pane[1]
        middle = (high[0] + 0.45 * (pane[2][0] - high[0]), high[1])
        pen.polygon([spot(*low, side), spot(*high, side), spot(*middle, side)], fill=(84, 100, 114))
    for along in model.wheels:
        for radius, colour in (
            (model.wheel + 0.07, (26, 27, 29)),
            (model.wheel, (34, 35, 37)),
            (model.wheel * 0.58, (142, 144, 148)),
        ):
            ring = [
                spot(along + radius * math.cos(turn), max(0.0, model.wheel + radius * math.sin(turn)), side)
                for turn in (n * math.pi / 9 for n in range(18))
            ]
            pen.polygon(ring, fill=colour)


def end_is_seen(model: Model, view: View, heading: Heading, place: tuple[float, float], *, front: bool) -> bool:
    """True when the camera is on that side of the vehicle's front, or of its rear."""
    half = model.length / 2
    if heading in ("near", "away"):
        return front == (heading == "near")
    ahead = 1 if (heading == "right") == front else -1
    return (view.camera_x_m - (place[0] + ahead * half)) * ahead > 0


def lamps(model: Model, view: View, heading: Heading, x: float, z: float) -> list[tuple[Pixel, Rgb, float]]:
    """Lit lamps for the night: where, which colour, radius in metres. A lamp turned away shows as a dim edge."""
    w, half = model.width / 2, model.length / 2
    found: list[tuple[Pixel, Rgb, float]] = []
    for end, colour, front in ((half, (255, 240, 205), True), (-half, (230, 26, 18), False)):
        seen = end_is_seen(model, view, heading, (x, z), front=front)
        radius = (1.15 if front else 0.5) if seen else (0.42 if front else 0.3)
        across = (-w + 0.25, w - 0.25) if seen else (-w + 0.1,)
        if not seen and heading in ("near", "away"):
            continue
        for place in across:
            px, py, pz = _place(heading, x, z, end, 0.72, place)
            found.append((view.project(px, py, max(pz, 2.0)), colour, radius))
    return found
