"""The configuration of a video stream: parameter sets, size, codec string and decoder record."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from beffroi.media import h264, h265
from beffroi.media.boxes import find, walk
from beffroi.media.errors import MalformedMediaError
from beffroi.media.nal import (
    H264_PPS,
    H264_SPS,
    H265_PPS,
    H265_SPS,
    H265_VPS,
    NAL_HEADER_BYTES,
    Codec,
    annexb_to_lengths,
    nal_type,
    split_annexb,
)

__all__ = [
    "Codec",
    "CodecConfig",
    "annexb_to_lengths",
    "config_from_annexb",
    "config_from_init",
    "config_from_parameter_sets",
]

_ORDER: dict[Codec, tuple[int, ...]] = {"h264": (H264_SPS, H264_PPS), "h265": (H265_VPS, H265_SPS, H265_PPS)}
_MAX_SETS_OF_A_KIND = 16
_MAX_SET_BYTES = 4096


@dataclass(frozen=True)
class CodecConfig:
    """What a decoder must know before the first frame. Size in pixels, after cropping."""

    codec: Codec
    width: int
    height: int
    parameter_sets: tuple[bytes, ...]

    @cached_property
    def codec_string(self) -> str:
        """The exact RFC 6381 string: ``avc1.64001f``, ``hvc1.1.6.L93.90``."""
        sps = self._first_sps()
        return (h264.parse_sps(sps) if self.codec == "h264" else h265.parse_sps(sps)).codec_string

    def record(self) -> bytes:
        """Payload of the ``avcC`` or ``hvcC`` box (ISO/IEC 14496-15 §5.3.3, §8.3.3)."""
        return self._avcc() if self.codec == "h264" else self._hvcc()

    def digest(self) -> str:
        """Hex SHA-256 of the codec name and the parameter sets: equal configurations, equal digest."""
        hasher = hashlib.sha256(self.codec.encode())
        for item in self.parameter_sets:
            hasher.update(len(item).to_bytes(4, "big") + item)
        return hasher.hexdigest()

    def _first_sps(self) -> bytes:
        return self._of_kind(H264_SPS if self.codec == "h264" else H265_SPS)[0]

    def _of_kind(self, kind: int) -> list[bytes]:
        return [item for item in self.parameter_sets if nal_type(self.codec, item) == kind]

    def _avcc(self) -> bytes:
        sps_list, pps_list = self._of_kind(H264_SPS), self._of_kind(H264_PPS)
        sps = h264.parse_sps(sps_list[0])
        out = bytearray((1, sps.profile, sps.constraints, sps.level, 0xFF, 0xE0 | len(sps_list)))
        for item in sps_list:
            out += len(item).to_bytes(2, "big") + item
        out.append(len(pps_list))
        for item in pps_list:
            out += len(item).to_bytes(2, "big") + item
        if sps.has_high_fields:
            out += bytes((0xFC | sps.chroma_format, 0xF8 | (sps.luma_bits - 8), 0xF8 | (sps.chroma_bits - 8), 0))
        return bytes(out)

    def _hvcc(self) -> bytes:
        sps = h265.parse_sps(self._first_sps())
        out = bytearray((1, sps.profile_space << 6 | sps.high_tier << 5 | sps.profile))
        out += sps.compatibility.to_bytes(4, "big") + sps.constraints
        out += bytes((sps.level, 0xF0, 0, 0xFC, 0xFC | sps.chroma_format))
        out += bytes((0xF8 | (sps.luma_bits - 8), 0xF8 | (sps.chroma_bits - 8), 0, 0))
        out += bytes((sps.temporal_layers << 3 | sps.temporal_nesting << 2 | 3, 3))
        for kind in _ORDER["h265"]:
            items = self._of_kind(kind)
            out += bytes((0x80 | kind,)) + len(items).to_bytes(2, "big")
            for item in items:
                out += len(item).to_bytes(2, "big") + item
        return bytes(out)


def config_from_parameter_sets(codec: Codec, parameter_sets: Iterable[bytes]) -> CodecConfig:
    """Order and check the parameter sets of a stream; other NAL units are ignored, doubles removed.

    Raises:
        MalformedMediaError: one kind is missing, too many or too long, or the SPS does not parse.
    """
    ordered: list[bytes] = []
    distinct = list(dict.fromkeys(bytes(item) for item in parameter_sets if len(item) > NAL_HEADER_BYTES[codec]))
    for kind in _ORDER[codec]:
        of_kind = [item for item in distinct if nal_type(codec, item) == kind]
        if not of_kind:
            raise MalformedMediaError(f"{codec} parameter set {kind} is missing")
        if len(of_kind) > _MAX_SETS_OF_A_KIND or any(len(item) > _MAX_SET_BYTES for item in of_kind):
            raise MalformedMediaError(f"{codec} parameter sets {kind} are too many or too long")
        ordered += of_kind
    sps_kind = H264_SPS if codec == "h264" else H265_SPS
    sps = next(item for item in ordered if nal_type(codec, item) == sps_kind)
    parsed = h264.parse_sps(sps) if codec == "h264" else h265.parse_sps(sps)
    return CodecConfig(codec, parsed.width, parsed.height, tuple(ordered))


def config_from_annexb(codec: Codec, extradata: bytes) -> CodecConfig:
    """The configuration found in Annex B bytes (SDP parameter sets, or a whole key frame).

    Raises:
        MalformedMediaError: see `config_from_parameter_sets`.
    """
    return config_from_parameter_sets(codec, split_annexb(extradata))


def config_from_init(init: bytes) -> CodecConfig:
    """The configuration written in an init segment of ours, clear or protected.

    Raises:
        MalformedMediaError: it holds no H.264 or H.265 track.
    """
    stsd = find(init, (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"))
    entry = next(walk(init, stsd.body + 8, stsd.end), None) if stsd else None
    if entry is None:
        raise MalformedMediaError("no sample entry")
    for item in walk(init, entry.body + 78, entry.end):
        record = init[item.body : item.end]
        if item.kind == b"avcC":
            return config_from_parameter_sets("h264", _avcc_sets(record))
        if item.kind == b"hvcC":
            return config_from_parameter_sets("h265", _hvcc_sets(record))
    raise MalformedMediaError("no decoder record")


def _avcc_sets(record: bytes) -> list[bytes]:
    if len(record) < 7:
        raise MalformedMediaError("avcC")
    sps, at = _sets(record, 6, record[5] & 0x1F)
    pps, _ = _sets(record, at + 1, int.from_bytes(record[at : at + 1], "big"))
    return sps + pps


def _hvcc_sets(record: bytes) -> list[bytes]:
    if len(record) < 23:
        raise MalformedMediaError("hvcC")
    out, at = [], 23
    for _ in range(record[22]):
        found, at = _sets(record, at + 3, int.from_bytes(record[at + 1 : at + 3], "big"))
        out += found
    return out


def _sets(record: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    out = []
    for _ in range(count):
        size = int.from_bytes(record[at : at + 2], "big")
        out.append(record[at + 2 : at + 2 + size])
        at += 2 + size
        if at > len(record):
            raise MalformedMediaError("decoder record is cut")
    return out, at
