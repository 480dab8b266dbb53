"""Just enough of H.264 and H.265 to send them over RTP: NAL units, parameter sets, SDP attributes.

Kept apart from `beffroi.media` on purpose: a simulator that shares the product's parser would hide its mistakes.
"""

import base64
from collections.abc import Iterable
from typing import Literal

Codec = Literal["h264", "h265"]

_START = b"\x00\x00\x01"


def split_annexb(data: bytes) -> list[bytes]:
    """NAL units of a start-code stream (ITU-T H.264 annex B), without start codes or trailing zeros."""
    units: list[bytes] = []
    at = data.find(_START)
    while at >= 0:
        begin = at + 3
        at = data.find(_START, begin)
        unit = data[begin : at if at >= 0 else len(data)].rstrip(b"\x00")
        if unit:
            units.append(unit)
    return units


def nal_type(codec: Codec, unit: bytes) -> int:
    """`nal_unit_type` of the unit's header (H.264 §7.3.1, H.265 §7.3.1.2)."""
    return unit[0] & 0x1F if codec == "h264" else (unit[0] >> 1) & 0x3F


def parameter_sets(codec: Codec, units: Iterable[bytes]) -> tuple[bytes, ...]:
    """SPS and PPS (H.264), or VPS, SPS and PPS (H.265), in order, each distinct unit once."""
    wanted = (7, 8) if codec == "h264" else (32, 33, 34)
    found: dict[bytes, int] = {}
    for unit in units:
        kind = nal_type(codec, unit)
        if kind in wanted:
            found.setdefault(unit, kind)
    return tuple(sorted(found, key=found.__getitem__))


def sdp_format(codec: Codec, sets: tuple[bytes, ...]) -> str:
    """The `a=fmtp` parameters: RFC 6184 §8.1 for H.264, RFC 7798 §7.1 for H.265."""

    def coded(kind: int) -> str:
        return ",".join(base64.b64encode(unit).decode() for unit in sets if nal_type(codec, unit) == kind)

    if codec == "h264":
        profile = next(unit[1:4] for unit in sets if nal_type(codec, unit) == 7).hex()
        return f"packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={coded(7)},{coded(8)}"
    return f"sprop-vps={coded(32)};sprop-sps={coded(33)};sprop-pps={coded(34)}"
