"""Serving a folder of real clips: what is not H.264 or H.265 is transcoded once, and kept."""

import math
import re
from fractions import Fraction
from pathlib import Path
from typing import Final

import av

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from simulate.clips import Encoder, cache_dir, digest, made
from simulate.config import Camera

_SUFFIXES: Final = (".mp4", ".avi", ".mpg", ".mpeg", ".mkv", ".mov", ".ts")
_VERSION: Final = 1
_SUB_HEIGHT: Final = 360


def cameras_of(folder: Path, *, user: str = "", password: str = "") -> tuple[Camera, ...]:
    """One camera per clip of the folder and of its folders, named after the file.

    Raises:
        BadInputError: no clip there, or one that cannot be read.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if not paths:
        raise BadInputError(Text(fr=f"Aucun clip dans {folder} ({', '.join(_SUFFIXES)}).", en=f"No clip in {folder}."))
    found: dict[str, Camera] = {}
    for path in paths:
        base = name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:40] or "clip"
        count = 2
        while name in found:
            name, count = f"{base}-{count}", count + 1
        main, sub = streamable(path)
        found[name] = Camera(name=name, main=main, sub=sub, user=user, password=password)
    return tuple(found.values())


def streamable(path: Path) -> tuple[Path, Path]:
    """Main and sub clips that the server can send: the file itself when it may, copies in the cache otherwise.

    Raises:
        BadInputError: not a video.
    """
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            codec, height = stream.codec_context.name, stream.codec_context.height
    except (av.error.FFmpegError, IndexError) as error:
        raise BadInputError(
            Text(
                fr=f"Le clip {path.name} ne se lit pas ({error}).", en=f"The clip {path.name} cannot be read ({error})."
            )
        ) from error
    main = path if codec in ("h264", "hevc") else _transcoded(path, height)
    return main, _transcoded(path, min(height, _SUB_HEIGHT))


def _transcoded(path: Path, height: int) -> Path:
    """An H.264 copy of this height, at a constant rate, with a key frame every 2 s."""
    stat = path.stat()
    version = digest({"v": _VERSION, "size": stat.st_size, "mtime": stat.st_mtime_ns, "path": str(path), "h": height})

    def make(draft: Path) -> None:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            fps = Fraction(stream.average_rate or 25).limit_denominator(1001)
            ratio = stream.codec_context.width / stream.codec_context.height
            width, even = round(height * ratio / 2) * 2, height // 2 * 2
            pixels = width * even * float(fps)
            encoder = Encoder(
                draft, "h264", width, even, fps, gop=math.ceil(fps * 2), bframes=0, kbit_s=max(200, int(pixels / 9000))
            )
            for frame in container.decode(stream):
                encoder.add(frame.reformat(width, even, format="yuv420p"))
            encoder.close()

    return made(cache_dir() / f"clip-{path.stem[:40]}-{height}-{version}.mp4", make)
