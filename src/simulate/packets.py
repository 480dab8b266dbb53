"""RTP packets of a clip, cut once: sending a frame later is one copy and three numbers per packet."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Final

import av
from av.bitstream import BitStreamFilterContext

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from simulate.nal import Codec, parameter_sets, split_annexb

VIDEO_TYPE: Final = 96
RTP_CLOCK_HZ: Final = 90_000
_PAYLOAD_BYTES: Final = 1400
_HEADER: Final = struct.Struct("!BBHBBHII")  # "$", channel, length | V/P/X/CC, M/PT, sequence, timestamp, SSRC
_PATCH: Final = struct.Struct("!HII")
_PATCH_AT: Final = 6


@dataclass(frozen=True, slots=True)
class FramePackets:
    """One access unit as interleaved RTP packets (RFC 2326 §10.12), sequence, timestamp and SSRC left at zero."""

    template: bytes
    starts: tuple[int, ...]
    key: bool
    order: int  # rank of the picture in presentation order, within the clip
    first_packet: int  # packets of the clip before this frame

    def stamped(self, *, first_sequence: int, timestamp: int, ssrc: int) -> bytearray:
        """A copy ready to send on channel 0."""
        out = bytearray(self.template)
        for number, start in enumerate(self.starts):
            _PATCH.pack_into(out, start + _PATCH_AT, (first_sequence + number) & 0xFFFF, timestamp, ssrc)
        return out


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip ready to be served for ever."""

    path: Path
    codec: Codec
    width: int
    height: int
    fps: Fraction
    sets: tuple[bytes, ...]
    frames: tuple[FramePackets, ...]
    packets: int

    def ticks(self, number: int) -> int:
        """90 kHz time of the n-th frame since the epoch of the server."""
        return number * RTP_CLOCK_HZ * self.fps.denominator // self.fps.numerator

    def timestamp(self, number: int) -> int:
        """90 kHz presentation time of the n-th frame sent: it differs from sending order with B-frames."""
        loop, index = divmod(number, len(self.frames))
        return self.ticks(loop * len(self.frames) + self.frames[index].order)

    def sequence(self, number: int) -> int:
        """RTP sequence number of the first packet of the n-th frame, the same for every viewer."""
        loop, index = divmod(number, len(self.frames))
        return (loop * self.packets + self.frames[index].first_packet) & 0xFFFF


def fragments(codec: Codec, unit: bytes, limit: int = _PAYLOAD_BYTES) -> list[bytes]:
    """RTP payloads of one NAL unit: itself when it fits, else FU-A (RFC 6184 §5.8) or FU (RFC 7798 §4.4.3)."""
    if len(unit) <= limit:
        return [unit]
    if codec == "h264":
        header, kind, body = bytes([(unit[0] & 0xE0) | 28]), unit[0] & 0x1F, unit[1:]
    else:
        header, kind, body = bytes([(unit[0] & 0x81) | (49 << 1), unit[1]]), (unit[0] >> 1) & 0x3F, unit[2:]
    step = limit - len(header) - 1
    pieces = [body[at : at + step] for at in range(0, len(body), step)]
    last = len(pieces) - 1
    return [
        header + bytes([kind | (0x80 if number == 0 else 0) | (0x40 if number == last else 0)]) + piece
        for number, piece in enumerate(pieces)
    ]


def packetise(codec: Codec, units: list[bytes]) -> tuple[bytes, tuple[int, ...]]:
    """Interleaved RTP packets of one access unit, and where each begins. The last one has the marker bit."""
    payloads = [piece for unit in units for piece in fragments(codec, unit)]
    out = bytearray()
    starts = []
    for number, payload in enumerate(payloads):
        starts.append(len(out))
        marker = 0x80 if number == len(payloads) - 1 else 0
        out += _HEADER.pack(0x24, 0, len(payload) + 12, 0x80, marker | VIDEO_TYPE, 0, 0, 0) + payload
    return bytes(out), tuple(starts)


@lru_cache(maxsize=64)
def load_clip(path: Path) -> Clip:
    """Read a clip (any container FFmpeg knows, H.264 or H.265) and cut its packets.

    Raises:
        BadInputError: the file is not H.264 or H.265 video, or has no key frame first.
    """
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            codec = _codec_of(stream.codec_context.name)
            fps = Fraction(stream.average_rate or 25)
            sink = BitStreamFilterContext("h264_mp4toannexb" if codec == "h264" else "hevc_mp4toannexb", stream)
            found: list[tuple[list[bytes], bool, int]] = []
            for packet in container.demux(stream):
                for part in sink.filter(packet if packet.size else None):
                    units = split_annexb(bytes(part))
                    found.append((units, part.is_keyframe, part.pts if part.pts is not None else len(found)))
            width, height = stream.codec_context.width, stream.codec_context.height
    except (av.error.FFmpegError, IndexError) as error:
        raise _bad(path, str(error)) from error
    sets = parameter_sets(codec, (unit for units, _, _ in found for unit in units))
    if not found or not found[0][1] or len(sets) < 2:
        raise _bad(path, "no key frame first")
    ranks = {pts: rank for rank, pts in enumerate(sorted(pts for _, _, pts in found))}
    frames: list[FramePackets] = []
    packets = 0
    for units, key, pts in found:
        template, starts = packetise(codec, units)
        frames.append(FramePackets(template, starts, key, ranks[pts], packets))
        packets += len(starts)
    return Clip(path, codec, width, height, fps, sets, tuple(frames), packets)


def _codec_of(name: str) -> Codec:
    if name == "h264":
        return "h264"
    if name == "hevc":
        return "h265"
    raise IndexError(f"codec {name}")


def _bad(path: Path, why: str) -> BadInputError:
    return BadInputError(
        Text(
            fr=f"Le clip {path.name} ne peut pas être servi ({why}) : donnez une vidéo H.264 ou H.265.",
            en=f"The clip {path.name} cannot be served ({why}): give an H.264 or H.265 video.",
        )
    )
