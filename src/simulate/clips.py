"""Clips and where they are kept: a cache of files that anyone can make again."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from simulate import marks
from simulate.nal import Codec

_TINY_VERSION: Final = 4
_ENCODER: Final[dict[Codec, str]] = {"h264": "libx264", "h265": "libx265"}
TINY_SCENE: Final = 63


def cache_dir() -> Path:
    """`$BEFFROI_SCENES`, or `.scenes` in the current folder. Created."""
    path = Path(os.environ.get("BEFFROI_SCENES") or ".scenes").resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def digest(parameters: dict[str, Any]) -> str:
    """A short name for these parameters: another generator makes another file."""
    return hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()[:12]


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path of the same folder and suffix, renamed to ``path`` when the block ends well."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".making-", suffix=path.suffix)
    os.close(handle)
    try:
        yield Path(name)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def made(path: Path, make: Callable[[Path], None]) -> Path:
    """``path``, made first when it is not there. Two processes may make it at once: both files are right."""
    if not path.exists():
        with atomic(path) as draft:
            make(draft)
    return path


def encoder_options(
    codec: Codec, *, gop: int, bframes: int = 0, kbit_s: int | None = None, large: bool = False
) -> dict[str, str]:
    """Closed groups of pictures of a fixed length, as cameras make them; one thread, for the same bytes each time.

    ``large``: H.265 with large blocks only, in two thirds of the time: for pictures whose marks are large too.
    """
    common = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={bframes}"
    if kbit_s:
        common += f":vbv-maxrate={kbit_s * 5 // 4}:vbv-bufsize={kbit_s * 2}"
    if codec == "h264":
        params = common + ":threads=1:rc-lookahead=0:sync-lookahead=0:cabac=1:deblock=0,0"
        return {"preset": "ultrafast", "x264-params": params}
    quick = "open-gop=0:pools=none:frame-threads=1:log-level=none:info=0:merange=16:max-merge=1:aq-mode=0:psy-rd=0"
    if large:
        quick += ":ctu=32:min-cu-size=32:fast-intra=1:early-skip=1:rd=1:subme=0:no-deblock=1:strong-intra-smoothing=0"
    return {"preset": "ultrafast", "x265-params": f"{common}:{quick}:rc-lookahead={2 * bframes}"}


class Encoder:
    """One MP4 of one video track, fed with YUV 4:2:0 or RGB frames in order."""

    def __init__(
        self, path: Path, codec: Codec, width: int, height: int, fps: Fraction, *, gop: int, bframes: int, kbit_s: int
    ) -> None:
        self._out = av.open(str(path), "w", format="mp4")
        options = encoder_options(codec, gop=gop, bframes=bframes, kbit_s=kbit_s, large=height >= 720)
        stream = self._out.add_stream(_ENCODER[codec], rate=fps, options=options)
        assert isinstance(stream, av.VideoStream)  # noqa: S101 — narrows the type
        self._stream = stream
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.bit_rate = kbit_s * 1000
        if codec == "h265":
            self._stream.codec_context.codec_tag = "hvc1"
        self._fps, self._count = fps, 0

    def add(self, frame: av.VideoFrame) -> None:
        """Encode the next frame."""
        frame.pts, frame.time_base = self._count, 1 / self._fps
        self._count += 1
        self._out.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Finish the file."""
        self._out.mux(self._stream.encode(None))
        self._out.close()


def tiny(  # noqa: PLR0917 — the order of a video mode: codec, size, rate, length
    codec: Codec = "h264",
    w: int = 320,
    h: int = 180,
    fps: int = 25,
    seconds: float = 4.0,
    gop: int = 25,
    bframes: int = 0,
) -> Path:
    """A small cached clip for unit tests: a sliding gradient with a moving square, and marks that give the frame.

    Raises:
        ValueError: more frames than the marks can number.
    """
    parameters = {"v": _TINY_VERSION, "c": codec, "w": w, "h": h, "f": fps, "s": seconds, "g": gop, "b": bframes}

    def make(draft: Path) -> None:
        encoder = Encoder(
            draft, codec, w, h, Fraction(fps), gop=gop, bframes=bframes, kbit_s=max(64, w * h * fps // 9000)
        )
        ramp = np.add.outer(np.arange(h), np.arange(w + 256)).astype(np.uint8)
        for number in range(round(seconds * fps)):
            picture = np.empty((h, w, 3), np.uint8)
            shift = number * 2 % 256
            picture[..., 0] = ramp[:, shift : shift + w] // 2 + 32
            picture[..., 1] = 96
            picture[..., 2] = ramp[::-1, :w] // 2 + 32
            x = number * 4 % max(w - h // 6, 1)
            picture[h // 4 : h // 4 + h // 6, x : x + h // 6] = (240, 220, 40)
            marks.draw(picture, TINY_SCENE, number)
            encoder.add(av.VideoFrame.from_ndarray(picture, format="rgb24"))
        encoder.close()

    return made(cache_dir() / f"tiny-{codec}-{w}x{h}-{digest(parameters)}.mp4", make)
