"""The RTP header (RFC 3550 §5.1) and the heads of fragments, apart from the plain ones that `rtp` knows by sight."""

from dataclasses import dataclass
from typing import Final

Bytes = bytes | memoryview
HEADER_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class FragmentHead:
    """The bytes before a fragment. ``first``: those of a first fragment that is not the last, of a unit of this type;
    ``middle`` and ``last``: those of the further fragments of the same NAL unit."""

    nal: bytes
    first: bytes
    starts: bool
    ends: bool
    middle: bytes
    last: bytes


def payload_bounds(data: Bytes, start: int, end: int, first: int) -> tuple[int, int]:
    """Where the payload lies behind contributing sources and an extension, without padding; (-1, -1): no RTP."""
    if first >> 6 != 2:
        return -1, -1
    begin = start + HEADER_BYTES + 4 * (first & 0x0F)
    if first & 0x10:
        if begin + 4 > end:
            return -1, -1
        begin += 4 + 4 * (data[begin + 2] << 8 | data[begin + 3])
    if first & 0x20:
        padding = data[end - 1]
        if padding == 0 or begin + padding > end:
            return -1, -1
        end -= padding
    return (begin, end) if begin <= end else (-1, -1)
