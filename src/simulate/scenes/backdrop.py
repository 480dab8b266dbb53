"""What does not move: sky, houses, street, trees and lamps, drawn once per scene at twice the size."""

import math
import random
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from simulate.scenes.facade import Facade, facade
from simulate.scenes.ground import Street, paint
from simulate.scenes.light import LAMP, Floats, Light, add, glow
from simulate.scenes.sprite import Sprite, from_image, lay
from simulate.scenes.view import HEIGHT, WIDTH, Pixel, View

_BIG: Final = 2


@dataclass(frozen=True, slots=True)
class Backdrop:
    """The empty scene, the light that falls on each place of it (quarter size, times 256), and what hides people."""

    picture: npt.NDArray[np.uint8]
    light: npt.NDArray[np.uint16]
    hiders: tuple[tuple[float, float, Sprite], ...]  # x, z of the foot, and the thing already lit

    def light_at(self, x: float, y: float) -> tuple[int, int, int]:
        """Light on something standing at this pixel."""
        row, column = min(max(int(y) // 4, 0), HEIGHT // 4 - 1), min(max(int(x) // 4, 0), WIDTH // 4 - 1)
        red, green, blue = (int(part) for part in self.light[row, column])
        return red, green, blue


def build(view: View, street: Street, light: Light, seed: int) -> Backdrop:
    """Draw the scene without its people."""
    rng = random.Random(seed)  # noqa: S311 — the same street each time is wanted
    canvas = _sky(view, light, rng)
    lit = Image.new("RGB", canvas.size)  # what shines by itself
    _belfry(canvas, lit, view, street, light)
    across = street.axis == "x"
    (_row_across if across else _rows_along)(canvas, lit, view, street, light, rng)
    floor(canvas, view, street, light, seed)
    day = np.asarray(canvas.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS), np.float32)
    shine = np.asarray(lit.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS), np.float32)
    posts = _posts(street)
    falling = _falling(view, light, posts)
    ambient = np.repeat(np.repeat(falling, 4, 0), 4, 1)
    picture = np.clip(np.maximum(day * ambient, shine), 0, 255).astype(np.uint8)
    if light.windows and light.lamps < 1:
        picture = np.maximum(picture, (shine * 0.8).astype(np.uint8))
    hiders = _hiders(view, street, light, posts, rng, falling)
    for x, z, sprite in sorted(hiders, key=lambda one: -one[1]):
        lay(picture, sprite, *view.project(x, 0, z), (256, 256, 256))
    if light.lamps:
        for x, z in posts:
            px, py = view.project(x, 5.2, z)
            size = max(6, int(view.scale(z) * 1.7))
            add(picture, glow(size, LAMP, 2.6) * (0.5 + 0.5 * light.lamps), int(px), int(py))
            add(picture, glow(max(3, size // 6), (255, 244, 214), 0.7), int(px), int(py))
    # A hider is drawn again over whoever passes behind it: as it looks in the finished picture, halos included.
    done = tuple((x, z, _as_seen(picture, sprite, view.project(x, 0, z))) for x, z, sprite in hiders)
    return Backdrop(picture, (falling * 256).astype(np.uint16), done)


def _as_seen(picture: npt.NDArray[np.uint8], sprite: Sprite, at: Pixel) -> Sprite:
    left, top = round(at[0] - sprite.foot[0]), round(at[1] - sprite.foot[1])
    height, width = sprite.cover.shape[:2]
    colour = sprite.colour.copy()
    y0, x0, y1, x1 = max(top, 0), max(left, 0), min(top + height, HEIGHT), min(left + width, WIDTH)
    if x1 > x0 and y1 > y0:
        colour[y0 - top : y1 - top, x0 - left : x1 - left] = picture[y0:y1, x0:x1]
    return Sprite(colour, sprite.cover, sprite.foot, sprite.body)


def _sky(view: View, light: Light, rng: random.Random) -> Image.Image:
    rows = np.linspace(0, 1, int(view.horizon_px * _BIG) + 60, dtype=np.float32)[:, None] ** 0.9
    ramp = np.array(light.sky_top, np.float32) * (1 - rows) + np.array(light.sky_low, np.float32) * rows
    whole = np.vstack([ramp, np.repeat(ramp[-1:], HEIGHT * _BIG - len(ramp), 0)])
    picture = Image.fromarray(np.repeat(whole[:, None], WIDTH * _BIG, 1).astype(np.uint8))
    if light.clouds:
        veil = Image.new("L", picture.size)
        pen = ImageDraw.Draw(veil)
        for _ in range(9):
            x, y = rng.uniform(0, WIDTH * _BIG), rng.uniform(0, view.horizon_px * _BIG * 0.8)
            for _ in range(14):
                dx, dy, r = rng.gauss(0, 150), rng.gauss(0, 16), rng.uniform(20, 70)
                pen.ellipse((x + dx - r * 2, y + dy - r * 0.6, x + dx + r * 2, y + dy + r * 0.6), fill=170)
        veil = veil.filter(ImageFilter.GaussianBlur(26)).point(lambda level: int(level * light.clouds))
        white = tuple(min(255, part + 34) for part in light.sky_low)
        picture.paste(Image.new("RGB", picture.size, white), mask=veil)
    return picture.convert("RGBA")


def _paste(  # noqa: PLR0917 — pen, place, size, colours
    canvas: Image.Image, lit: Image.Image, front: Facade, corners: list[Pixel], haze: float, sky: object
) -> None:
    """Warp a house front onto four corners (top left, top right, bottom right, bottom left), at double size."""
    scaled = [(x * _BIG, y * _BIG) for x, y in corners]
    left = max(0, math.floor(min(x for x, _ in scaled)))
    right = min(canvas.width, math.ceil(max(x for x, _ in scaled)))
    top = max(0, math.floor(min(y for _, y in scaled)))
    bottom = min(canvas.height, math.ceil(max(y for _, y in scaled)))
    if right - left < 2 or bottom - top < 2:
        return
    w, h = front.picture.size
    rows = []
    wanted = []
    for (x, y), (u, v) in zip(scaled, ((0, 0), (w, 0), (w, h), (0, h)), strict=True):
        a, b = x - left, y - top
        rows += [[a, b, 1, 0, 0, 0, -u * a, -u * b], [0, 0, 0, a, b, 1, -v * a, -v * b]]
        wanted += [u, v]
    warp = tuple(np.linalg.solve(np.array(rows), np.array(wanted)))
    size = (right - left, bottom - top)
    ratio = (scaled[2][1] - scaled[1][1] + scaled[3][1] - scaled[0][1]) / 2 / h
    source, light = front.picture, front.lit
    if ratio < 0.5:  # far: blur first, or the windows glitter
        source, light = (one.filter(ImageFilter.GaussianBlur(0.35 / ratio)) for one in (source, light))
    house = source.transform(size, Image.Transform.PERSPECTIVE, warp, Image.Resampling.BICUBIC)
    if haze and isinstance(sky, tuple):
        veil = Image.new("RGBA", size, (*sky, 255))
        veil.putalpha(house.getchannel("A").point(lambda level: int(level * haze)))
        house.alpha_composite(veil)
    canvas.alpha_composite(house, (left, top))
    window = light.transform(size, Image.Transform.PERSPECTIVE, warp, Image.Resampling.BILINEAR)
    dark = Image.new("RGB", size)
    lit.paste(Image.composite(window, dark, house.getchannel("A")), (left, top), house.getchannel("A"))


def _row_across(  # noqa: PLR0917 — pen, place, size, colours
    canvas: Image.Image, lit: Image.Image, view: View, street: Street, light: Light, rng: random.Random
) -> None:
    z, x = street.pavement[1], view.camera_x_m - 24.0
    while x < view.camera_x_m + 24:
        front = facade(
            rng, rng.choice((5.5, 6.5, 7.5, 9.0)), rng.choice((1, 2, 2, 3)), light.windows, shop=rng.random() < 0.5
        )
        ends = (x, x + front.width_m)
        corners = [view.project(ends[0], front.height_m, z), view.project(ends[1], front.height_m, z)]
        corners += [view.project(ends[1], 0, z), view.project(ends[0], 0, z)]
        _paste(canvas, lit, front, corners, 0.0, None)
        x += front.width_m


def _rows_along(  # noqa: PLR0917 — pen, place, size, colours
    canvas: Image.Image, lit: Image.Image, view: View, street: Street, light: Light, rng: random.Random
) -> None:
    for x in street.pavement:
        fronts: list[tuple[float, Facade]] = []
        z = 7.0
        while z < 105:
            front = facade(
                rng, rng.choice((6.5, 7.5, 9.0)), rng.choice((2, 2, 3)), light.windows, shop=rng.random() < 0.5
            )
            fronts.append((z, front))
            z += front.width_m
        for z, front in reversed(fronts):
            near, far = z, z + front.width_m
            ends = (near, far) if x < view.camera_x_m else (far, near)
            corners = [view.project(x, front.height_m, ends[0]), view.project(x, front.height_m, ends[1])]
            corners += [view.project(x, 0, ends[1]), view.project(x, 0, ends[0])]
            haze = 0.55 * (1 - math.exp(-z / 130))
            sky = tuple(
                int(part / max(light.ambient[n], 0.2)) if part < 90 else part for n, part in enumerate(light.sky_low)
            )
            _paste(canvas, lit, front, corners, haze, tuple(min(part, 230) for part in sky))


def _belfry(canvas: Image.Image, lit: Image.Image, view: View, street: Street, light: Light) -> None:
    """A belfry closes the street, or rises behind the houses."""
    x, z = (view.camera_x_m + 7.0, 62.0) if street.axis == "x" else (street.middle, 118.0)
    pen, shine = ImageDraw.Draw(canvas), ImageDraw.Draw(lit)
    stone = tuple(int(part * 0.8 + light.sky_low[n] * 0.2) for n, part in enumerate((186, 170, 146)))

    def box(x0: float, x1: float, low: float, high: float) -> tuple[float, float, float, float]:
        left, top = view.project(x + x0, high, z)
        right, bottom = view.project(x + x1, low, z)
        return left * _BIG, top * _BIG, right * _BIG, bottom * _BIG

    pen.rectangle(box(-14, 14, 0, 9), fill=tuple(int(part * 0.85) for part in stone))
    pen.rectangle(box(-3.6, 3.6, 0, 21), fill=stone)
    pen.rectangle(box(1.6, 3.6, 0, 21), fill=tuple(int(part * 0.82) for part in stone))
    pen.rectangle(box(-4.2, 4.2, 17.4, 18.2), fill=tuple(int(part * 0.7) for part in stone))
    for opening in (-1.9, 0.4):
        pen.rectangle(box(opening, opening + 1.5, 18.6, 20.6), fill=(52, 50, 54))
    peak, base = view.project(x, 27.5, z), box(-4.0, 4.0, 21, 22)
    pen.polygon(((base[0], base[3]), (peak[0] * _BIG, peak[1] * _BIG), (base[2], base[3])), fill=(72, 80, 92))
    pen.ellipse(box(-1.4, 1.4, 13.4, 16.2), fill=(228, 224, 212), outline=(60, 58, 60), width=2)
    if light.windows > 0.3:
        shine.ellipse(box(-1.4, 1.4, 13.4, 16.2), fill=(226, 206, 150))


def floor(canvas: Image.Image, view: View, street: Street, light: Light, seed: int) -> None:
    """Paint the ground over the canvas, with reflections of the houses when it rains."""
    x, z, first = view.ground(_BIG)
    colours = paint(street, x, z, seed)
    depth = z if street.axis == "x" else np.abs(x)
    limit = street.pavement[1] if street.axis == "x" else 200.0
    seen = (depth < limit) & (z < 118)
    if street.axis == "z":
        seen &= (x > street.pavement[0]) & (x < street.pavement[1])
    picture = np.asarray(canvas.convert("RGB"), np.float32).copy()
    if light.rain:
        above = np.asarray(canvas.convert("RGB").filter(ImageFilter.GaussianBlur(9)), np.float32)
        base = int(view.project(0, 0, street.pavement[1])[1] * _BIG) if street.axis == "x" else first
        rows = np.clip(2 * base - (first + np.arange(len(x))), 0, above.shape[0] - 1).astype(int)
        colours = colours * 0.66 + above[rows] * 0.26
    part = picture[first:]
    part[seen] = colours[seen]
    wall = np.zeros(seen.shape, np.float32)
    edge = (
        street.pavement[1] - depth if street.axis == "x" else np.minimum(x - street.pavement[0], street.pavement[1] - x)
    )
    wall[seen] = np.clip(1 - edge[seen] / 1.6, 0, 1) * 0.35  # contact shade along the houses
    part *= 1 - wall[..., None]
    canvas.paste(Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)))


def _posts(street: Street) -> list[tuple[float, float]]:
    if street.axis == "x":
        return [(x, street.road[1] + 0.7) for x in (-13.0, -1.0, 11.0)]
    rows = [(street.road[0] - 0.7, z) for z in (16.0, 32.0, 48.0, 64.0, 84.0)]
    return rows + [(street.road[1] + 0.7, z) for z in (24.0, 40.0, 56.0, 74.0)]


def _falling(view: View, light: Light, posts: list[tuple[float, float]]) -> Floats:
    """Light on the ground and on what stands there: the hour's, and a pool under each lamp. Quarter size."""
    rows, columns = np.mgrid[0 : HEIGHT // 4, 0 : WIDTH // 4].astype(np.float32) * 4 + 2
    out = np.empty((HEIGHT // 4, WIDTH // 4, 3), np.float32)
    out[...] = np.array(light.ambient, np.float32)
    for x, z in posts if light.lamps else ():
        px, py = view.project(x, 0, z)
        wide = view.scale(z) * 5.2
        flat = view.focal_px * view.height_m / z**2 * 5.2
        pool = np.exp(-(((columns - px) / wide) ** 2) - ((rows - py) / max(flat, wide * 0.2)) ** 2)
        wall = np.exp(
            -(((columns - px) / (wide * 0.8)) ** 2) - ((rows - view.project(x, 3.4, z)[1]) / (wide * 0.62)) ** 2
        )
        out += light.lamps * (0.85 * pool + 0.42 * wall)[..., None] * np.array(LAMP, np.float32) / 255
    return np.minimum(out, 1.0)


def _hiders(  # noqa: PLR0917 — pen, place, size, colours
    view: View, street: Street, light: Light, posts: list[tuple[float, float]], rng: random.Random, falling: Floats
) -> list[tuple[float, float, Sprite]]:
    found = []
    trees = (
        [(-7.0, street.road[1] + 0.9), (5.0, street.road[1] + 0.9)]
        if street.axis == "x"
        else [(street.road[0] - 1.0, z) for z in (24.0, 40.0, 56.0)] + [(street.road[1] + 1.0, z) for z in (32.0, 48.0)]
    )
    for x, z in trees:
        found.append((x, z, _tree(view.scale(z), rng, _shade(view, falling, light, x, z), light)))
    for x, z in posts:
        found.append((x, z, _post(view.scale(z), _at(view, falling, x, z))))
    return found


def _at(view: View, falling: Floats, x: float, z: float) -> Floats:
    px, py = view.project(x, 0, z)
    spot: Floats = falling[min(max(int(py) // 4, 0), HEIGHT // 4 - 1), min(max(int(px) // 4, 0), WIDTH // 4 - 1)]
    return spot


def _shade(view: View, falling: Floats, hour: Light, x: float, z: float) -> Floats:
    """A tree's crown is above the lamps' pools: mostly the hour's own light."""
    ambient = np.array(hour.ambient, np.float32)
    return (ambient * 0.72 + _at(view, falling, x, z) * 0.25).astype(np.float32)


def _lit(picture: Image.Image, by: Floats) -> Image.Image:
    red, green, blue, alpha = picture.split()
    parts = [
        band.point(lambda level, m=float(m): int(min(255, level * m)))
        for band, m in zip((red, green, blue), by, strict=True)
    ]
    return Image.merge("RGBA", (*parts, alpha))


def _post(scale: float, light: Floats) -> Sprite:
    w, h = max(6, int(scale * 1.4)), max(12, int(scale * 5.6))
    sheet = Image.new("RGBA", (w * 2, h * 2))
    pen = ImageDraw.Draw(sheet)
    x, thick = w, max(2, int(scale * 0.14))
    pen.rectangle((x - thick / 2, scale * 0.9, x + thick / 2, h * 2), fill=(54, 58, 60))
    pen.rectangle((x - thick, h * 2 - scale * 1.4, x + thick, h * 2), fill=(46, 50, 52))
    pen.polygon(
        (
            (x - scale * 0.5, scale * 0.95),
            (x - scale * 0.3, scale * 0.35),
            (x + scale * 0.3, scale * 0.35),
            (x + scale * 0.5, scale * 0.95),
        ),
        fill=(62, 66, 68),
    )
    pen.rectangle((x - scale * 0.4, scale * 0.95, x + scale * 0.4, scale * 1.15), fill=(236, 226, 200))
    small = _lit(sheet.resize((w, h), Image.Resampling.LANCZOS), light)
    return from_image(small, (w / 2, h), (0, 0, w, h))


def _tree(scale: float, rng: random.Random, light: Floats, hour: Light) -> Sprite:
    w, h = int(scale * 4.2), int(scale * 6.6)
    sheet = Image.new("RGBA", (w * 2, h * 2))
    pen = ImageDraw.Draw(sheet)
    s = scale * 2
    pen.polygon(
        ((w - s * 0.16, h * 2), (w - s * 0.09, s * 3.6), (w + s * 0.09, s * 3.6), (w + s * 0.16, h * 2)),
        fill=(88, 70, 56),
    )
    for layer, green in enumerate(((52, 82, 44), (68, 102, 54), (88, 124, 66), (112, 146, 80))):
        for _ in range(70):
            turn, out = rng.uniform(0, math.tau), rng.uniform(0, 1) ** 0.6
            x = w + math.cos(turn) * out * s * 1.75 - layer * s * 0.10
            y = s * 2.7 + math.sin(turn) * out * s * 1.75 - layer * s * 0.16
            r = s * rng.uniform(0.10, 0.26)
            shade = rng.uniform(0.9, 1.1)
            pen.ellipse((x - r, y - r, x + r, y + r), fill=tuple(int(part * shade) for part in green))
    shadow = Image.new("RGBA", sheet.size)
    if hour.shadow:
        ImageDraw.Draw(shadow).ellipse(
            (w - s * 0.6, h * 2 - s * 0.16, w + s * 1.7, h * 2 + s * 0.1), fill=(0, 0, 0, int(255 * hour.shadow))
        )
        shadow = shadow.filter(ImageFilter.GaussianBlur(s * 0.05))
    shadow.alpha_composite(sheet)
    small = _lit(shadow.resize((w, h), Image.Resampling.LANCZOS), light)
    return from_image(small, (w / 2, h), (0, 0, w, h))
