"""Coded pictures of unusual streams, made once by real encoders: what each is, byte by byte, and when it is shown.

Kept apart from `beffroi.media` on purpose: what was sent is known without the product's parsers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt

from simulate.nal import Codec, nal_type, parameter_sets, split_annexb

TICKS: Final = 90_000
_ENCODERS: Final[dict[Codec, str]] = {"h264": "libx264", "h265": "libx265"}
_SETS: Final[dict[Codec, frozenset[int]]] = {"h264": frozenset({7, 8}), "h265": frozenset({32, 33, 34})}
_DELIMITERS: Final[dict[Codec, frozenset[int]]] = {"h264": frozenset({9}), "h265": frozenset({35})}


@dataclass(frozen=True, slots=True)
class Picture:
    """One coded picture: its NAL units as they are sent, when it is sent and shown (90 kHz), and whether decoding may
    start at it."""

    units: tuple[bytes, ...]
    sent_90k: int
    shown_90k: int
    key: bool

    def stored(self, codec: Codec) -> bytes:
        """What must be on disk: every unit but parameter sets and delimiters, each behind its length."""
        left_out = _SETS[codec] | _DELIMITERS[codec]
        kept = [unit for unit in self.units if nal_type(codec, unit) not in left_out]
        return b"".join(len(unit).to_bytes(4, "big") + unit for unit in kept)


@dataclass(frozen=True, slots=True)
class OddClip:
    """A stream to be sent once. ``sets``: what its description gives; ``settings``: how many different ones it has."""

    codec: Codec
    sets: tuple[bytes, ...]
    pictures: tuple[Picture, ...]
    settings: int = 1

    @property
    def seconds(self) -> float:
        """From the first picture to the last."""
        return (self.pictures[-1].sent_90k - self.pictures[0].sent_90k) / TICKS


def _image(number: int, width: int, height: int, noise: int) -> npt.NDArray[np.uint8]:
    """YUV 4:2:0 planes, one above the other: a sliding ramp, and noise when the bits are to be many."""
    across, down = np.arange(width, dtype=np.uint16)[None, :], np.arange(height * 3 // 2, dtype=np.uint16)[:, None]
    ramp = ((across + down // 2 + np.uint16(number * 5)) % 200 + 20).astype(np.uint8)
    if noise:
        grain = np.random.default_rng(number).integers(0, noise, ramp.shape, dtype=np.uint8)
        ramp = np.minimum(ramp // 2, 255 - noise) + grain
    return ramp


def _step(fps: int, steps: Sequence[int]) -> Callable[[int], int]:
    return (lambda number: steps[number % len(steps)]) if steps else (lambda _: TICKS // fps)


@lru_cache(maxsize=32)
def odd_clip(
    codec: Codec = "h264", *, count: int, gop: int, fps: int = 25, width: int = 160, height: int = 96, bframes: int = 0,
    open_gop: bool = False, steps: tuple[int, ...] = (), noise: int = 0, quality: int = 28, more: str = "",
) -> OddClip:  # fmt: skip
    """Encode. ``steps``: ticks from each picture to the next, in turn (variable rate); ``more``: for the encoder."""
    encoder = av.CodecContext.create(_ENCODERS[codec], "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, TICKS), Fraction(fps)
    common = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={bframes}:open-gop={int(open_gop)}:b-adapt=0"
    usual = ":threads=2" if codec == "h264" else ":log-level=none:pools=2:frame-threads=1:repeat-headers=1"
    words = common + usual + (f":{more}" if more else "")
    encoder.options = {"preset": "ultrafast", "crf": str(quality), f"{_ENCODERS[codec][3:]}-params": words}
    step, packets, at = _step(fps, steps), list[Any](), 0
    for number in range(count):
        frame = av.VideoFrame.from_ndarray(_image(number, width, height, noise), format="yuv420p")
        frame.pts, frame.time_base = at, encoder.time_base
        at += step(number)
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    pictures = []
    for packet in packets:
        units = tuple(split_annexb(bytes(packet)))
        assert packet.pts is not None
        assert packet.dts is not None
        # An open group of H.264 begins with an ordinary slice: it is the encoder that says so, not its bytes.
        key = _starts(codec, units) or (open_gop and packet.is_keyframe)
        pictures.append(Picture(units, packet.dts - packets[0].dts, packet.pts - packets[0].dts, key))
    sets = parameter_sets(codec, (unit for picture in pictures for unit in picture.units))
    return OddClip(codec, sets, tuple(pictures))


def _starts(codec: Codec, units: Sequence[bytes]) -> bool:
    kinds = {nal_type(codec, unit) for unit in units}
    return 5 in kinds if codec == "h264" else bool(kinds & set(range(16, 22)))


def joined(first: OddClip, second: OddClip, pause_90k: int = 3600) -> OddClip:
    """One after the other, as a camera does whose settings were changed while it was streaming."""
    last = max(picture.shown_90k for picture in first.pictures) + pause_90k
    moved = [
        replace(picture, sent_90k=picture.sent_90k + last, shown_90k=picture.shown_90k + last)
        for picture in second.pictures
    ]
    return OddClip(first.codec, first.sets, (*first.pictures, *moved), settings=first.settings + second.settings)
