"""The init segment: `ftyp` and an empty `moov` (ISO/IEC 14496-12 §8; 23001-7 §8 for the protected entry).

No duration is written, so that a browser treats the stream as live.
"""

from typing import Final

from beffroi.media.boxes import box, full_box
from beffroi.media.cenc import IV_BYTES, Protection
from beffroi.media.codec import CodecConfig

TIMESCALE_HZ: Final = 90_000
TRACK_ID: Final = 1
_MATRIX: Final = b"".join(
    value.to_bytes(4, "big") for value in (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000)
)  # unity (§6.2.2)


def _u16(value: int) -> bytes:
    return value.to_bytes(2, "big")


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "big")


def init_segment(config: CodecConfig, *, protection: Protection | None) -> bytes:
    """`ftyp` + `moov` for one video track at 90 kHz; an `encv` entry with `sinf` when protected (no `pssh`)."""
    ftyp = box(b"ftyp", b"iso6", _u32(0), b"iso6iso5mp41")
    mvhd = full_box(
        b"mvhd", 0, 0, bytes(8), _u32(TIMESCALE_HZ), _u32(0), _u32(0x10000), _u16(0x100), bytes(10), _MATRIX,
        bytes(24), _u32(TRACK_ID + 1),
    )  # fmt: skip
    trex = full_box(b"trex", 0, 0, _u32(TRACK_ID), _u32(1), _u32(0), _u32(0), _u32(0))
    return ftyp + box(b"moov", mvhd, _trak(config, protection), box(b"mvex", trex))


def _trak(config: CodecConfig, protection: Protection | None) -> bytes:
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
    return box(b"trak", tkhd, box(b"mdia", mdhd, hdlr, box(b"minf", vmhd, dinf, stbl)))


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
