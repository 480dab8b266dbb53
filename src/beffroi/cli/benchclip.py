"""The clip of the benches: real H.264 whose content fills the rate asked for, encoded once and kept."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal

import av
import numpy as np

from simulate.clips import Encoder, cache_dir, digest, made

FPS: Final = 25
GOP: Final = 50
_VERSION: Final = 1
_SECONDS: Final = 8

Kind = Literal["main", "sub"]


@dataclass(frozen=True, slots=True)
class Quality:
    """A stream as cameras are set to send it."""

    width: int
    height: int
    kbit_s: int


QUALITIES: Final[dict[Kind, Quality]] = {"main": Quality(1920, 1080, 4000), "sub": Quality(640, 360, 400)}


def bench_clip(quality: Quality) -> Path:
    """Eight seconds of moving noise on grey, groups of pictures of two seconds. The path of a cached file."""
    parameters = {"v": _VERSION, "w": quality.width, "h": quality.height, "k": quality.kbit_s, "s": _SECONDS, "g": GOP}
    name = f"bench-{quality.height}p-{quality.kbit_s}-{digest(parameters)}.mp4"
    return made(cache_dir() / name, lambda draft: _encode(draft, quality))


def _encode(path: Path, quality: Quality) -> None:
    width, height = quality.width, quality.height
    rng = np.random.default_rng(7)
    noise = rng.integers(0, 256, (height, width), dtype=np.uint8)
    encoder = Encoder(path, "h264", width, height, Fraction(FPS), gop=GOP, bframes=0, kbit_s=quality.kbit_s)
    for number in range(_SECONDS * FPS):
        picture = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
        picture[:height, : width // 2] = np.roll(noise[:, : width // 2], number * 7, axis=0)
        encoder.add(av.VideoFrame.from_ndarray(picture, format="yuv420p"))
    encoder.close()
