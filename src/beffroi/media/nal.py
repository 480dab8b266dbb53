"""NAL units: where they start, what they are, and the change from start codes to lengths (H.264 and H.265 annex B)."""

from typing import Final, Literal, get_args

from beffroi.media.errors import MalformedMediaError

Codec = Literal["h264", "h265"]
CODECS: Final[tuple[Codec, ...]] = get_args(Codec)

NAL_HEADER_BYTES: Final[dict[Codec, int]] = {"h264": 1, "h265": 2}

H264_IDR: Final = 5
H264_SEI: Final = 6
H264_SPS: Final = 7
H264_PPS: Final = 8
_H264_AUD: Final = 9
_H264_DROPPED: Final = frozenset({_H264_AUD, 10, 11, 12})  # delimiter, end of sequence, end of stream, filler

H265_VPS: Final = 32
H265_SPS: Final = 33
H265_PPS: Final = 34
_H265_DROPPED: Final = frozenset({35, 36, 37, 38})  # delimiter, end of sequence, end of stream, filler
_H265_IRAP: Final = frozenset(range(16, 22))  # BLA, IDR, CRA (H.265 table 7-1)


def nal_type(codec: Codec, nal: bytes) -> int:
    """``nal_unit_type`` of a NAL unit that has at least one byte."""
    return nal[0] & 0x1F if codec == "h264" else (nal[0] >> 1) & 0x3F


def is_parameter_set(codec: Codec, kind: int) -> bool:
    """Whether this type is an SPS, PPS or VPS."""
    if codec == "h264":
        return kind in {H264_SPS, H264_PPS}
    return kind in {H265_VPS, H265_SPS, H265_PPS}


def split_annexb(data: bytes) -> list[bytes]:
    """The NAL units between start codes, trailing zero bytes removed; empty ones are left out.

    Bytes before the first start code are not a NAL unit and are dropped; data without any start code gives nothing.
    """
    nals = []
    start = data.find(b"\x00\x00\x01")
    while start >= 0:
        start += 3
        following = data.find(b"\x00\x00\x01", start)
        # A NAL unit never ends with a zero byte (H.264 §7.4.1): zeros before a start code belong to the start code.
        nal = data[start : following if following >= 0 else None].rstrip(b"\x00")
        if nal:
            nals.append(nal)
        start = following
    return nals


def annexb_to_lengths(codec: Codec, data: bytes) -> tuple[bytes, bool, tuple[bytes, ...]]:
    """Change one access unit from start codes to 4-byte lengths.

    Returns:
        The length-prefixed data without delimiters, fillers and parameter sets (SEI kept); whether decoding may start
        here; the parameter sets met in-band, in order.

    Raises:
        MalformedMediaError: when the data holds no NAL unit at all.
    """
    nals = split_annexb(data)
    if not nals:
        raise MalformedMediaError("no NAL unit")
    dropped = _H264_DROPPED if codec == "h264" else _H265_DROPPED
    parts: list[bytes] = []
    parameter_sets: list[bytes] = []
    key = False
    for nal in nals:
        kind = nal_type(codec, nal)
        if is_parameter_set(codec, kind):
            parameter_sets.append(nal)
        elif kind not in dropped:
            key = key or (kind == H264_IDR if codec == "h264" else kind in _H265_IRAP)
            parts += (len(nal).to_bytes(4, "big"), nal)
    return b"".join(parts), key, tuple(parameter_sets)


def split_lengths(data: bytes) -> list[tuple[int, int]]:
    """(offset, length) of each NAL unit of length-prefixed data, the offset being after the length field.

    Raises:
        MalformedMediaError: when the chain of lengths does not add up to the data.
    """
    total, at, found = len(data), 0, []
    while at < total:
        size = int.from_bytes(data[at : at + 4], "big")
        at += 4
        if at + size > total:
            raise MalformedMediaError("NAL lengths do not add up")
        found.append((at, size))
        at += size
    if not found or at != total:
        raise MalformedMediaError("NAL lengths do not add up")
    return found
