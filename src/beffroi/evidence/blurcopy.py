"""The derived copy: recorded pictures decoded, masked, encoded again, marked as what they are. No sound, no original.

Decoding and encoding are FFmpeg's; one thread each, so that recording on the same machine comes first and the same
pictures and boxes always give the same bytes.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Final

import av
import numpy as np
import numpy.typing as npt
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from PIL import Image, ImageDraw, ImageFont

from beffroi.domain.errors import BrokenError
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.evidence.blur import Masking, Plane, allowed, fill
from beffroi.media.clear import parse_alone
from beffroi.media.codec import CodecConfig

MARK: Final = "COPIE DÉRIVÉE, TIERS MASQUÉS"
_DECODERS: Final = {"h264": "h264", "h265": "hevc"}
_FORMATS: Final = frozenset({"yuv420p", "yuvj420p"})
_TICKS: Final = Fraction(1, 90_000)
_LOWEST_STRIP: Final = 12


class UnreadablePicturesError(BrokenError):
    """The pictures cannot be decoded here, or not as the mask needs them."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Ces images ne peuvent pas être décodées ici (format inhabituel ou fichier abîmé) : accordez le "
                "visionnage, ou demandez de l'aide à l'exploitant.",
                en="These pictures cannot be decoded here (an unusual format or a damaged file): grant viewing, or ask "
                "the operator of the system for help.",
            )
        )


@dataclass(frozen=True, slots=True)
class Group:
    """Consecutive pictures, clear: their fragment (`moof` + `mdat`), and the wall time of the first. ``key``: decoding
    may begin here. Decode times go on from group to group."""

    config: CodecConfig
    data: bytes
    wall_us: int
    key: bool = True


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture; ``full_range`` as the camera encoded it."""

    wall_us: int
    planes: tuple[Plane, Plane, Plane]
    full_range: bool

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.planes[0].shape[1])

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.planes[0].shape[0])


def pictures(groups: Iterable[Group], asked: WallRange) -> Iterator[Picture]:
    """The pictures of these minutes, in the order in which they are shown.

    Raises:
        UnreadablePicturesError: they cannot be decoded. MalformedMediaError: a group is not one.
    """
    decoding: _Decoding | None = None
    try:
        for group in groups:
            if decoding is None or group.key:
                yield from decoding.rest(asked) if decoding else ()
                decoding = _Decoding(group.config)
            yield from decoding.feed(group, asked)
        yield from decoding.rest(asked) if decoding else ()
    except av.error.FFmpegError as error:
        raise UnreadablePicturesError from error


def jpeg(picture: Picture, *, quality: int = 85) -> bytes:
    """A picture as JPEG, to be drawn upon."""
    frame = _frame(picture.planes, picture.full_range)
    out = BytesIO()
    Image.fromarray(frame.to_ndarray(format="rgb24")).save(out, "JPEG", quality=quality)
    return out.getvalue()


def masked(picture: Picture, masking: Masking, mark: "Strip | None" = None) -> Picture:
    """The picture with nothing but what may leave, its size made even, marked at the bottom."""
    even = slice(0, picture.height & ~1), slice(0, picture.width & ~1)
    half = slice(0, picture.height // 2), slice(0, picture.width // 2)
    luma, blue, red = picture.planes
    planes = luma[even].copy(), blue[half].copy(), red[half].copy()
    fill(planes, allowed(masking, picture.wall_us, picture.width, picture.height))
    if mark is not None:
        mark.print_on(planes)
    return Picture(picture.wall_us, planes, picture.full_range)


class Strip:
    """The words burnt into the bottom of every picture of a copy."""

    def __init__(self, words: str, width: int, height: int) -> None:
        tall = max(_LOWEST_STRIP, height // 24) & ~1
        image = Image.new("L", (width, tall), 24)
        font = ImageFont.load_default(size=tall * 0.7)
        ImageDraw.Draw(image).text((4, 0), words, fill=235, font=font)
        self._strip: npt.NDArray[np.uint8] = np.asarray(image, dtype=np.uint8)

    def print_on(self, planes: tuple[Plane, Plane, Plane]) -> None:
        """Print, in place."""
        tall = min(self._strip.shape[0], planes[0].shape[0])
        planes[0][-tall:, :] = self._strip[:tall, :]
        for chroma in planes[1:]:
            chroma[-(tall // 2) :, :] = 128


def write_copy(out: Path, source: Iterable[Picture], masking: Masking, words: str) -> int:
    """Write the derived copy as an MP4 file; how many pictures it has. No picture: no file.

    Args:
        out: written anew.
        source: pictures, in order.
        masking: the boxes.
        words: burnt into each picture, and in the file's title.

    Raises:
        UnreadablePicturesError: the size of the pictures changes half-way, or the encoder refuses them. OSError: disk.
    """
    count, before_90k = 0, -1
    encoder: _Encoder | None = None
    try:
        for picture in source:
            encoder = encoder or _Encoder(out, picture, words)
            encoder.check(picture)
            at_90k = max(before_90k + 1, (picture.wall_us - encoder.first_us) * 9 // 100)
            encoder.add(masked(picture, masking, encoder.strip), at_90k)
            count, before_90k = count + 1, at_90k
        if encoder is not None:
            encoder.finish()
    except BaseException as error:
        if encoder is not None:
            encoder.abandon()
        out.unlink(missing_ok=True)
        if isinstance(error, av.error.FFmpegError):
            raise UnreadablePicturesError from error
        raise
    return count


class _Encoder:
    def __init__(self, out: Path, first: Picture, words: str) -> None:
        self.first_us = first.wall_us
        width, height = first.width & ~1, first.height & ~1
        self.strip = Strip(words, width, height)
        self._size, self._full = (width, height), first.full_range
        self._container = av.open(
            str(out), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
        )
        self._container.metadata.update({"title": words, "comment": MARK})
        stream = self._container.add_stream("libx264", rate=25)
        if not isinstance(stream, VideoStream):
            raise UnreadablePicturesError
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = stream.codec_context.time_base = _TICKS
        stream.codec_context.color_range = 2 if self._full else 1
        stream.codec_context.thread_count = 1
        stream.options = {"preset": "veryfast", "crf": "20", "x264-params": "threads=1:keyint=50"}
        self._stream = stream

    def check(self, picture: Picture) -> None:
        if (picture.width & ~1, picture.height & ~1) != self._size:
            raise UnreadablePicturesError

    def add(self, picture: Picture, at_90k: int) -> None:
        frame = _frame(picture.planes, self._full)
        frame.pts, frame.time_base = at_90k, _TICKS
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def abandon(self) -> None:
        """Let go of the file: closed first, because what is put in front of it is read from it by its name."""
        with suppress(av.error.FFmpegError):
            self._container.close()


class _Decoding:
    """One decoder, from a key picture to the next; it knows when each picture was taken."""

    def __init__(self, config: CodecConfig) -> None:
        decoder = av.CodecContext.create(_DECODERS[config.codec], "r")
        if not isinstance(decoder, VideoCodecContext):
            raise UnreadablePicturesError
        decoder.extradata, decoder.thread_count = config.record(), 1
        self._decoder = decoder
        self._walls_us: dict[int, int] = {}

    def feed(self, group: Group, asked: WallRange) -> Iterator[Picture]:
        found = parse_alone(group.data)
        first_90k = found.samples[0].pts_90k
        for sample in found.samples:
            self._walls_us[sample.pts_90k] = group.wall_us + (sample.pts_90k - first_90k) * 100 // 9
        for sample in found.samples:
            packet = av.Packet(group.data[sample.offset : sample.offset + sample.size])
            packet.pts, packet.dts, packet.time_base = sample.pts_90k, sample.dts_90k, _TICKS
            yield from self._shown(self._decoder.decode(packet), asked)

    def rest(self, asked: WallRange) -> Iterator[Picture]:
        yield from self._shown(self._decoder.decode(None), asked)

    def _shown(self, frames: Iterable[av.VideoFrame], asked: WallRange) -> Iterator[Picture]:
        for frame in frames:
            wall_us = self._walls_us.pop(frame.pts or 0, None)
            if wall_us is not None and asked.from_us <= wall_us < asked.to_us:
                yield _picture(frame, wall_us)


def _picture(frame: av.VideoFrame, wall_us: int) -> Picture:
    if frame.format.name not in _FORMATS:
        raise UnreadablePicturesError
    planes = []
    for plane in frame.planes:
        rows = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)
        planes.append(rows[:, : plane.width].copy())
    full = frame.format.name == "yuvj420p" or frame.color_range == 2
    return Picture(wall_us, (planes[0], planes[1], planes[2]), full)


def _frame(planes: tuple[Plane, Plane, Plane], full_range: bool) -> av.VideoFrame:
    frame = av.VideoFrame(planes[0].shape[1], planes[0].shape[0], "yuv420p")
    for target, plane in zip(frame.planes, planes, strict=True):
        rows = np.zeros((target.height, target.line_size), np.uint8)
        rows[: plane.shape[0], : plane.shape[1]] = plane
        target.update(rows.tobytes())
    frame.color_range = 2 if full_range else 1
    return frame
