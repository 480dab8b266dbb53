"""Small pictures with transparency, and how they are laid on a frame."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

Bytes = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Sprite:
    """Colour, coverage (0-256), where its foot stands in it, and the box (x, y, w, h) of the body without shadow."""

    colour: npt.NDArray[np.uint16]
    cover: npt.NDArray[np.uint16]
    foot: tuple[float, float]
    body: Box


def from_image(picture: Image.Image, foot: tuple[float, float], body: Box) -> Sprite:
    """From an RGBA picture, cut to what is not transparent."""
    left, top, right, bottom = picture.getchannel("A").getbbox() or (0, 0, 1, 1)
    data = np.asarray(picture)[top:bottom, left:right].astype(np.uint16)
    cover = data[..., 3:] + (data[..., 3:] > 127)
    foot, body = (foot[0] - left, foot[1] - top), (body[0] - left, body[1] - top, body[2], body[3])
    return Sprite(np.ascontiguousarray(data[..., :3]), np.ascontiguousarray(cover), foot, body)


def lay(frame: Bytes, sprite: Sprite, x: float, y: float, light: tuple[int, int, int]) -> Box | None:
    """Lay a sprite, its foot on (x, y), its colours times ``light``/256 (at most 256).

    Returns the body's box within the frame, None when it is outside.
    """
    left, top = round(x - sprite.foot[0]), round(y - sprite.foot[1])
    height, width = sprite.cover.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + width, frame.shape[1]), min(top + height, frame.shape[0])
    if x0 >= x1 or y0 >= y1:
        return None
    here = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    part = frame[y0:y1, x0:x1]
    cover = sprite.cover[here]
    colour = sprite.colour[here]
    if light != (256, 256, 256):
        colour = (colour * np.array(light, np.uint16) >> 8).astype(np.uint16)
    part[...] = (colour * cover + part * (256 - cover) >> 8).astype(np.uint8)
    bx, by, bw, bh = sprite.body
    bx0, by0 = max(left + bx, 0), max(top + by, 0)
    bx1, by1 = min(left + bx + bw, frame.shape[1]), min(top + by + bh, frame.shape[0])
    return (bx0, by0, bx1 - bx0, by1 - by0) if bx1 > bx0 and by1 > by0 else None
