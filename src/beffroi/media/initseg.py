"""The beginning of a file: `ftyp` and an empty `moov` (ISO/IEC 14496-12 §8; 23001-7 §8 for the protected entry).

An init segment says no duration, so that a browser treats the stream as live; a finished file says its own.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from beffroi.media.boxes import box, full_box
from beffroi.media.cenc import IV_BYTES, Protection
from beffroi.media.codec import CodecConfig

TIMESCALE_HZ: Final = 90_000
TRACK_ID: Final = 1
_MATRIX: Final = b"".join(
    value.to_bytes(4, "big") for value in (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000)
)  # unity (§6.2.2)


_FROM_1904_S: Final = 2_082_844_800
_STARTS_WITH_KEY_FRAME: Final = 0x9000_0000  # starts with a stream access point, of type 1 (§8.16.3)


def _u16(value: int) -> bytes:
    return value.to_bytes(2, "big")


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "big")


def _u64(value: int) -> bytes:
    return value.to_bytes(8, "big")


_MOVIE: Final = _u32(0x10000) + _u16(0x100) + bytes(10) + _MATRIX + bytes(24) + _u32(TRACK_ID + 1)
_TREX: Final = full_box(b"trex", 0, 0, _u32(TRACK_ID), _u32(1), _u32(0), _u32(0), _u32(0))


def init_segment(config: CodecConfig, *, protection: Protection | None) -> bytes:
    """`ftyp` + `moov` for one video track at 90 kHz; an `encv` entry with `sinf` when protected (no `pssh`)."""
    ftyp = box(b"ftyp", b"iso6", _u32(0), b"iso6iso5mp41")
    mvhd = full_box(b"mvhd", 0, 0, bytes(8), _u32(TIMESCALE_HZ), _u32(0), _MOVIE)
    return ftyp + box(b"moov", mvhd, _trak(config, protection), box(b"mvex", _TREX))


@dataclass(frozen=True, slots=True)
class Reference:
    """One line of the segment index: some fragments, in bytes and ticks of 90 kHz. ``key``: a key frame comes first."""

    size: int
    duration_90k: int
    key: bool


def file_head(
    config: CodecConfig, *, taken_us: int, duration_90k: int, skip_90k: int, references: Sequence[Reference]
) -> bytes:
    """`ftyp` + `moov` + `sidx` of a finished clear file: with its duration and an index, a player can seek by range.

    Args:
        config: what a decoder must know.
        taken_us: wall time of the first picture, written as the creation time of the movie.
        duration_90k: of what is shown.
        skip_90k: presentation time at which playing begins; what is before is there to be decoded and not to be shown.
        references: the fragments, in order; at most 65,535.
    """
    ftyp = box(b"ftyp", b"iso6", _u32(0), b"iso6iso5mp41")
    seconds = _u64(taken_us // 1_000_000 + _FROM_1904_S)
    mvhd = full_box(b"mvhd", 1, 0, seconds, seconds, _u32(TIMESCALE_HZ), _u64(0), _MOVIE)
    mehd = full_box(b"mehd", 1, 0, _u64(duration_90k))
    # A segment of duration 0 lasts to the end of the fragments (ISO/IEC 14496-12 §8.6.6).
    elst = full_box(b"elst", 1, 0, _u32(1), _u64(0), _u64(skip_90k), _u32(0x10000))
    edits = box(b"edts", elst) if skip_90k else b""
    moov = box(b"moov", mvhd, _trak(config, None, edits), box(b"mvex", mehd, _TREX))
    lines = b"".join(
        struct.pack(">III", item.size, item.duration_90k, _STARTS_WITH_KEY_FRAME if item.key else 0)
        for item in references
    )
    sidx = full_box(
        b"sidx", 1, 0, _u32(TRACK_ID), _u32(TIMESCALE_HZ), _u64(0), _u64(0), _u16(0), _u16(len(references)), lines
    )
    return ftyp + moov + sidx


def _trak(config: CodecConfig, protection: Protection | None, edits: bytes = b"") -> bytes:
    enabled_in_movie = 3
    tkhd = full_box(
        b"tkhd", 0, enabled_in_movie, bytes(8), _u32(TRACK_ID), bytes(4), _u32(0), bytes(8), bytes(8), _MATRIX,
        _u32(config.width << 16), _u32(config.height << 16),
    )  # fmt: skip
    mdhd = full_box(b"mdhd", 0, 0, bytes(8), _u32(TIMESCALE_HZ), _u32(0), _u16(0x55C4), _u16(0))  # language "und"
    hdlr = full_box(b"hdlr", 0, 0, bytes(4), b"vide", bytes(12), b"video\x00")
    vmhd = full_box(b"vmhd", 0, 1, bytes(8))
    dinf = box(b"dinf", full_box(b"dref", 0, 0, _u32(1), full_box(b"url ", 0, 1)))
    stbl = box(
        b"stbl",
        full_box(b"stsd", 0, 0, _u32(1), _sample_entry(config, protection)),
        full_box(b"stts", 0, 0, _u32(0)),
        full_box(b"stsc", 0, 0, _u32(0)),
        full_box(b"stsz", 0, 0, _u32(0), _u32(0)),
        full_box(b"stco", 0, 0, _u32(0)),
    )
    return box(b"trak", tkhd, edits, box(b"mdia", mdhd, hdlr, box(b"minf", vmhd, dinf, stbl)))


def _sample_entry(config: CodecConfig, protection: Protection | None) -> bytes:
    kind, record_kind = (b"avc1", b"avcC") if config.codec == "h264" else (b"hvc1", b"hvcC")
    dpi_72 = _u32(0x480000)
    content = b"".join(
        (
            bytes(6), _u16(1), bytes(16), _u16(config.width), _u16(config.height), dpi_72, dpi_72, bytes(4),
            _u16(1), bytes(32), _u16(24), b"\xff\xff", box(record_kind, config.record()),
        )
    )  # fmt: skip
    if protection is None:
        return box(kind, content)
    scheme = full_box(b"schm", 0, 0, b"cenc", _u32(0x10000))
    tenc = full_box(b"tenc", 0, 0, bytes((0, 0, 1, IV_BYTES)), protection.kid)
    return box(b"encv", content, box(b"sinf", box(b"frma", kind), scheme, box(b"schi", tenc)))
