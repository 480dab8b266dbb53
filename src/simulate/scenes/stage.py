"""Drawing one frame: the backdrop, who is there at that second from far to near, rain, marks and caption."""

import math
import random
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from simulate import marks
from simulate.scenes import backdrop
from simulate.scenes.actors import Actor, cast
from simulate.scenes.catalogue import FPS, Scene
from simulate.scenes.light import add, glow
from simulate.scenes.people import PHASES, Look, Side, person_sprite
from simulate.scenes.sprite import Box, Sprite, lay
from simulate.scenes.vehicles import Heading, Model, lamps, vehicle_sprite
from simulate.scenes.view import HEIGHT, WIDTH

Bytes = npt.NDArray[np.uint8]
_STEP_M: Final = 1.5
_MIN_BOX_PX: Final = 6


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody or something in a frame: the box is (x, y, width, height) in pixels of 1280×720, inside the picture."""

    number: int
    kind: str
    box: Box


class Stage:
    """Draws the frames of one scene, in any order."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.backdrop = backdrop.build(scene.view, scene.street, scene.light, scene.seed)
        self._cast = cast(scene.street, scene.seed, busy=scene.busy)
        self._digits = [_glyph(str(digit)) for digit in range(10)]
        self._rain = [_rain(seed) for seed in range(7)] if scene.light.rain else []
        self._glows: dict[tuple[int, tuple[int, int, int]], npt.NDArray[np.float32]] = {}
        self._empty = self.backdrop.picture.copy()
        _caption(self._empty, scene.caption)
        self._hiders = self.backdrop.hiders

    def draw(self, number: int) -> tuple[Bytes, list[Seen]]:
        """The n-th frame (RGB, 720×1280×3) and what is truly in it."""
        t = number / FPS
        frame = self._empty.copy()
        present = [(place, actor) for actor in self._cast if (place := actor.at(t))]
        things: list[tuple[float, Actor | tuple[float, Sprite], tuple[float, float, float]]] = [
            (place[1], actor, place) for place, actor in present
        ]
        things += [(z, (x, sprite), (x, z, 0.0)) for x, z, sprite in self._hiders]
        seen = []
        covered: list[Box] = []
        for _, thing, place in sorted(things, key=lambda one: -one[0]):
            if isinstance(thing, Actor):
                box = self._lay_actor(frame, thing, place)
                if box:
                    covered.append(box)
                    if min(box[2:]) >= _MIN_BOX_PX:
                        seen.append(Seen(thing.number, thing.kind, box))
            else:
                x, sprite = thing
                at = self._scene.view.project(x, 0, place[1])
                if any(_touch(box, at, sprite) for box in covered):
                    lay(frame, sprite, *at, (256, 256, 256))
        if self._rain:
            np.maximum(frame, self._rain[number * 3 % 7], out=frame)
        self._number(frame, number)
        return frame, seen

    def _lay_actor(self, frame: Bytes, actor: Actor, place: tuple[float, float, float]) -> Box | None:
        view = self._scene.view
        x, z, gone = place
        at = view.project(x, 0, z)
        light = self.backdrop.light_at(*at)
        shadow = int(self._scene.light.shadow * 255)
        if isinstance(actor.form, Look):
            sprite = self._person(actor, actor.form, z, gone, shadow)
            return lay(frame, sprite, *at, light)
        heading = _heading(actor)
        if heading in ("right", "left"):
            place_q = (round(x / 1.5) * 1.5, z)
        else:
            place_q = (x, 5 * 1.04 ** round(math.log(z / 5) / math.log(1.04)))
        sprite = vehicle_sprite(actor.form, view, heading, *place_q, shadow)
        box = lay(frame, sprite, *at, light)
        if self._scene.light.lamps or self._scene.light.rain:
            self._lamps(frame, actor.form, heading, (x, z))
        return box

    def _person(self, actor: Actor, who: Look, z: float, gone: float, shadow: int) -> Sprite:
        x0, _, x1, _ = actor.line
        sideways = abs(x1 - x0) > 2
        side: Side = "along" if not sideways else "right" if x1 > x0 else "left"
        phase = int(gone / (_STEP_M if actor.kind == "person" else 4.4) * PHASES) % PHASES
        true = self._scene.view.scale(z)
        scale = round(1.05 ** round(math.log(true) / math.log(1.05)))
        return person_sprite(who, side, phase, scale, shadow, bicycle=actor.kind == "bicycle")

    def _lamps(self, frame: Bytes, model: Model, heading: Heading, place: tuple[float, float]) -> None:
        strength = 1.0 if self._scene.light.lamps >= 1 else 0.55
        for (px, py), colour, radius_m in lamps(model, self._scene.view, heading, *place):
            radius = min(70, max(3, int(radius_m * strength * self._scene.view.scale(place[1]) / 2) * 2))
            key = radius, colour
            if key not in self._glows:
                self._glows[key] = glow(radius, colour, 3.0) + glow(radius, colour, 12.0)
            add(frame, self._glows[key], int(px), int(py))

    def _number(self, frame: Bytes, number: int) -> None:
        marks.draw(frame, self._scene.number, number)
        left = marks.strip_box(WIDTH, HEIGHT)[2] + 8
        top = HEIGHT - 40
        frame[top - 4 : HEIGHT - 6, left - 4 : left + 80] = 24
        for place, digit in enumerate(f"{number:04d}"):
            glyph = self._digits[int(digit)]
            frame[top : top + glyph.shape[0], left + place * 19 : left + place * 19 + glyph.shape[1]] = glyph


def _touch(box: Box, at: tuple[float, float], sprite: Sprite) -> bool:
    left, top = at[0] - sprite.foot[0], at[1] - sprite.foot[1]
    height, width = sprite.cover.shape[:2]
    return box[0] < left + width and left < box[0] + box[2] and box[1] < top + height and top < box[1] + box[3]


def _heading(actor: Actor) -> Heading:
    x0, z0, x1, z1 = actor.line
    if abs(x1 - x0) > abs(z1 - z0):
        return "right" if x1 > x0 else "left"
    return "away" if z1 > z0 else "near"


def _glyph(digit: str) -> Bytes:
    sheet = Image.new("RGB", (18, 30), (24, 24, 24))
    ImageDraw.Draw(sheet).text((9, 14), digit, font=ImageFont.load_default(28), fill=(245, 245, 245), anchor="mm")
    return np.asarray(sheet)


def _caption(picture: Bytes, text: str) -> None:
    font = ImageFont.load_default(24)
    small = ImageFont.load_default(15)
    wide = int(max(font.getlength(text), small.getlength("simulation"))) + 28
    part = picture[14:74, 16 : 16 + wide]
    part[...] = part // 3 + 10
    sheet = Image.fromarray(part)
    pen = ImageDraw.Draw(sheet)
    pen.text((14, 6), text, font=font, fill=(250, 250, 246))
    pen.text((14, 36), "simulation", font=small, fill=(208, 212, 216))
    part[...] = np.asarray(sheet)


def _rain(seed: int) -> Bytes:
    rng = random.Random(seed)  # noqa: S311 — the same rain each time is wanted
    sheet = Image.new("L", (WIDTH * 2, HEIGHT * 2))
    pen = ImageDraw.Draw(sheet)
    for _ in range(130):
        x, y, long = rng.uniform(0, WIDTH * 2), rng.uniform(-60, HEIGHT * 2), rng.uniform(30, 90)
        pen.line((x, y, x - long * 0.16, y + long), fill=rng.randint(120, 190), width=2)
    for _ in range(40):
        x, y = rng.uniform(0, WIDTH * 2), rng.uniform(460 * 2, HEIGHT * 2)
        pen.ellipse((x - 6, y - 2, x + 6, y + 2), outline=150)
    grey = np.asarray(sheet.resize((WIDTH, HEIGHT), Image.Resampling.BOX))
    return np.repeat(grey[..., None], 3, 2)
