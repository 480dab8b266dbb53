"""Short synthetic clips, encoded by real encoders, as frames of the house. No sound, nobody in them."""

import functools
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt

from beffroi.media.codec import Codec, CodecConfig, annexb_to_lengths, config_from_annexb
from beffroi.media.frame import Frame

_ENCODERS: dict[Codec, str] = {"h264": "libx264", "h265": "libx265"}


def picture(number: int, width: int, height: int) -> npt.NDArray[np.uint8]:
    """A moving gradient with a bright square: each picture differs from its neighbours everywhere."""
    x = np.arange(width)[None, :, None]
    y = np.arange(height)[:, None, None]
    shade = (x * 2 + y + number * 9 + np.array([0, 85, 170])) % 256
    side = max(8, height // 6)
    left = (number * 7) % max(1, width - side)
    shade[height // 3 : height // 3 + side, left : left + side] = 250
    out: npt.NDArray[np.uint8] = shade.astype(np.uint8)
    return out


@functools.lru_cache(maxsize=16)
def clip(
    codec: Codec = "h264",
    *,
    count: int = 50,
    gop: int = 25,
    width: int = 160,
    height: int = 90,
    b_frames: int = 0,
    vfr: bool = False,
    slices: int = 1,
    fps: int = 25,
) -> tuple[CodecConfig, tuple[Frame, ...]]:
    """Encode ``count`` pictures and return the configuration and the frames, first decode time at 0."""
    encoder = av.CodecContext.create(_ENCODERS[codec], "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 90_000), Fraction(fps)
    keys = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b_frames}"
    options = {"preset": "ultrafast"}
    if codec == "h264":
        options["x264-params"] = f"{keys}:slices={slices}:threads=1"
    else:
        options["x265-params"] = f"{keys}:open-gop=0:log-level=none:pools=none:frame-threads=1"
    encoder.options = options
    steps = [3600, 1800, 7200, 2700] if vfr else [90_000 // fps]
    packets, pts = [], 0
    for number in range(count):
        frame = av.VideoFrame.from_ndarray(picture(number, width, height), format="rgb24")
        frame.pts, frame.time_base = pts, encoder.time_base
        pts += steps[number % len(steps)]
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    first = packets[0].dts
    assert first is not None
    config = config_from_annexb(codec, bytes(packets[0]))
    frames = []
    for packet in packets:
        assert packet.dts is not None
        assert packet.pts is not None
        data, key, _ = annexb_to_lengths(codec, bytes(packet))
        frames.append(Frame(data, key, packet.dts - first, packet.pts - first, 0, 0, None))
    return config, tuple(frames)


def gops(frames: tuple[Frame, ...]) -> list[list[Frame]]:
    """The frames cut before each key frame."""
    out: list[list[Frame]] = []
    for frame in frames:
        if frame.key or not out:
            out.append([])
        out[-1].append(frame)
    return out
