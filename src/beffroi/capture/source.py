"""One RTSP session: opened over TCP, demultiplexed, never decoded.

Only the video is asked for (`allowed_media_types`): the camera's sound is not even requested, so there is nothing to
drop. The address with its password lives in the arguments of `open_source` only: FFmpeg puts it into its error texts,
so no text of FFmpeg's ever leaves this module, and its logging is off.
"""

import contextlib
import errno
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

import av
import av.error
import av.logging

from beffroi.capture.ends import RunEnd
from beffroi.media.codec import Codec

av.logging.set_level(None)

_OPTIONS: Final = {
    "rtsp_transport": "tcp",
    "timeout": "5000000",  # µs; a stall is seen after once or twice this
    "analyzeduration": "0",
    "probesize": "32",
    "allowed_media_types": "video",
}
_CODECS: Final[dict[str, Codec]] = {"h264": "h264", "hevc": "h265"}
_TICKS: Final = 90_000
_PRFT: Final = struct.Struct("<q")


class SourceError(Exception):
    """The session ended. Carries why, never FFmpeg's text (which holds the camera's address and password)."""

    def __init__(self, end: RunEnd, kind: str = "") -> None:
        super().__init__(f"{end.value} {kind}".rstrip())
        self.end = end


@dataclass(frozen=True, slots=True)
class Packet:
    """One access unit as the camera sent it (Annex B), with the times known at its arrival.

    ``dts`` and ``pts`` are in 90 kHz, not unwrapped, and None on the first packets of some sessions.
    ``camera_us`` is the camera's own wall time (from its RTCP reports), looked up on key frames only.
    """

    data: bytes
    dts: int | None
    pts: int | None
    key: bool
    camera_us: int | None


class Source:
    """An open session. Iterate to get packets; the iteration ends with `SourceError`, always."""

    def __init__(self, container: Any, stream: Any) -> None:
        self._container = container
        self._stream = stream
        self.codec: Codec = _CODECS[stream.codec_context.name]
        self.extradata: bytes = bytes(stream.codec_context.extradata or b"")

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __iter__(self) -> Iterator[Packet]:
        base = self._stream.time_base
        scale = 1 if base.numerator == 1 and base.denominator == _TICKS else _TICKS * base.numerator / base.denominator
        packets = self._container.demux(self._stream)
        while True:
            failed: SourceError | None = None
            try:
                packet = next(packets)
            except StopIteration:
                failed = SourceError(RunEnd.CLOSED)
            except (av.error.FFmpegError, OSError, ValueError) as error:
                failed = SourceError(_cause(error), type(error).__name__)
            if failed:
                raise failed  # out of the except block: FFmpeg's error, with the address, must not be its context
            if packet.size == 0:  # an orderly end raises nothing: the demuxer yields an empty packet
                raise SourceError(RunEnd.CLOSED)
            key = packet.is_keyframe
            yield Packet(
                data=bytes(packet),
                dts=None if packet.dts is None else round(packet.dts * scale),
                pts=None if packet.pts is None else round(packet.pts * scale),
                key=key,
                camera_us=_camera_us(packet) if key else None,
            )

    def close(self) -> None:
        """End the session (TEARDOWN). A camera that does not answer it is no matter."""
        with contextlib.suppress(av.error.FFmpegError, OSError, ValueError):
            self._container.close()


def open_source(url: str) -> Source:
    """Open a camera's stream.

    Args:
        url: ``rtsp://`` or ``rtsps://``, with user and password.

    Raises:
        SourceError: refused, unauthorised, stalled, or not a video that can be recorded. Its text holds nothing of
            the URL.
    """
    _check(url)
    failed: SourceError | None = None
    try:
        container = av.open(url, format="rtsp", options=dict(_OPTIONS))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        failed = SourceError(_cause(error, opening=True), type(error).__name__)
    if failed:
        raise failed
    known = [stream for stream in container.streams.video if stream.codec_context.name in _CODECS]
    if not known:
        container.close()
        raise SourceError(RunEnd.UNREADABLE, "no H.264 or H.265 video")
    return Source(container, known[0])


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"rtsp", "rtsps"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or any(ord(character) <= 32 or ord(character) == 127 for character in url):
        raise SourceError(RunEnd.UNREADABLE, "address")


def _cause(error: BaseException, *, opening: bool = False) -> RunEnd:
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return RunEnd.UNAUTHORISED
    if isinstance(error, av.error.TimeoutError | av.error.ExitError):
        return RunEnd.STALLED
    number = getattr(error, "errno", None)
    if number in {errno.ETIMEDOUT, errno.EAGAIN}:
        return RunEnd.STALLED
    if opening:
        return RunEnd.REFUSED
    return RunEnd.CLOSED


def _camera_us(packet: Any) -> int | None:
    if not packet.has_sidedata("prft"):
        return None
    data = bytes(packet.get_sidedata("prft"))
    wall: int = _PRFT.unpack_from(data)[0]
    return wall if wall > 0 else None
