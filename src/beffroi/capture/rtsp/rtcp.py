"""RTCP (RFC 3550 §6): the camera's sender reports in, our receiver reports out."""

import struct
from dataclasses import dataclass
from typing import Final

from beffroi.media.rtp import Bytes

SENDER_REPORT: Final = 200
_RECEIVER_REPORT: Final = 201
_DESCRIPTION: Final = 202
BYE: Final = 203
_NTP_1970_S: Final = 2_208_988_800
_SENDER: Final = struct.Struct(">IIII")  # SSRC of the sender, then NTP seconds, NTP fraction, RTP time
_BLOCK: Final = struct.Struct(">IIIIII")
_NAME: Final = b"beffroi"


@dataclass(frozen=True, slots=True)
class SenderReport:
    """``wall_us`` is None when the camera says that it has no clock; ``ntp_middle`` goes back in our reports."""

    ssrc: int
    wall_us: int | None
    ntp_middle: int
    rtp_time: int


def read_rtcp(data: Bytes, start: int, end: int) -> tuple[SenderReport | None, bool]:
    """The sender report of a compound packet, if any, and whether the camera says good-bye. Ignores the rest."""
    report, bye = None, False
    while end - start >= 4 and data[start] >> 6 == 2:
        size = 4 + 4 * (data[start + 2] << 8 | data[start + 3])
        kind = data[start + 1]
        if size > end - start:
            break
        if kind == SENDER_REPORT and size >= 24:
            ssrc, seconds, fraction, rtp_time = _SENDER.unpack_from(data, start + 4)
            middle = (seconds << 16 | fraction >> 16) & 0xFFFFFFFF
            report = SenderReport(ssrc, _wall_us(seconds, fraction), middle, rtp_time)
        bye = bye or kind == BYE
        start += size
    return report, bye


def _wall_us(seconds: int, fraction: int) -> int | None:
    """Microseconds since 1970. A camera without a clock sends the time since it began, high bit zero (§6.4.1)."""
    if not seconds & 0x80000000:
        return None
    return (seconds - _NTP_1970_S) * 1_000_000 + (fraction * 1_000_000 >> 32)


def receiver_report(
    *,
    own_ssrc: int,
    ssrc: int,
    highest_sequence: int,
    lost: int,
    fraction: int,
    last_report: int,
    since_report_s: float,
) -> bytes:
    """A receiver report with one block, and our name, which RFC 3550 wants in each compound packet.

    ``fraction`` is the share lost since the last report, in 256ths; jitter is told as 0: over TCP it means nothing.
    """
    delay = min(int(since_report_s * 65_536), 0xFFFFFFFF) if last_report else 0
    head = struct.pack(">BBHI", 0x81, _RECEIVER_REPORT, 7, own_ssrc)
    block = _BLOCK.pack(
        ssrc, fraction << 24 | min(lost, 0x7FFFFF), highest_sequence & 0xFFFFFFFF, 0, last_report, delay
    )
    name = struct.pack(">IBB", own_ssrc, 1, len(_NAME)) + _NAME
    name += bytes(4 - len(name) % 4)
    return head + block + struct.pack(">BBH", 0x81, _DESCRIPTION, len(name) // 4) + name
