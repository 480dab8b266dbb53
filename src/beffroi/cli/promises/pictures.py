"""Pictures compared: what a stored file shows, with a key, with another, with none, beside what the camera filmed."""

import io
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

Thumbnail = NDArray[np.float64]

SAME: Final = 0.99
"""Correlation from which two pictures are the same one, coded or not."""

UNLIKE: Final = 0.5
"""Correlation under which a picture shows nothing of the other."""

_WIDTH: Final = 64
_HEIGHT: Final = 36


def shown(media: bytes, key: bytes | None, *, limit: int = 4) -> list[Thumbnail]:
    """The first pictures that a player other than ours makes of a file; none when it makes none.

    FFmpeg opens `cenc` by itself when it is given the key (16 bytes).
    """
    options = {"decryption_key": key.hex()} if key is not None else {}
    pictures: list[Thumbnail] = []
    try:
        with av.open(io.BytesIO(media), "r", format="mp4", options=options) as container:
            for frame in container.decode(video=0):
                pictures.append(_thumbnail(frame))
                if len(pictures) >= limit:
                    break
    except (FFmpegError, IndexError):
        pass  # what was shown until then counts
    return pictures


def filmed(clip: Path) -> list[Thumbnail]:
    """The key pictures of what a simulated camera films."""
    with av.open(str(clip)) as container:
        container.streams.video[0].codec_context.skip_frame = "NONKEY"
        return [_thumbnail(frame) for frame in container.decode(video=0)]


def likeness(pictures: list[Thumbnail], others: list[Thumbnail]) -> float:
    """The best correlation between any two, 0 when there is nothing to compare. A flat picture is like nothing."""
    return max((_correlation(one, other) for one in pictures for other in others), default=0.0)


def kinds_of_streams(media: bytes) -> list[str]:
    """The kinds of the streams in a file: ``video``, ``audio``…"""
    with av.open(io.BytesIO(media), format="mp4") as container:
        return [stream.type for stream in container.streams]


def _thumbnail(frame: av.VideoFrame) -> Thumbnail:
    return frame.reformat(_WIDTH, _HEIGHT, "gray").to_ndarray().astype(np.float64)


def _correlation(one: Thumbnail, other: Thumbnail) -> float:
    left, right = one - one.mean(), other - other.mean()
    size = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float((left * right).sum()) / size if size else 0.0
