"""H.265 in RTP (RFC 7798)."""

from functools import lru_cache
from typing import Final

from beffroi.media.nal import Codec
from beffroi.media.rtp import Bytes, Depacketiser, FragmentHead
from beffroi.media.rtp_picture import AccessUnit, SenderClock

_AGGREGATION: Final = 48
_FRAGMENT: Final = 49
_PACI: Final = 50


class H265Depacketiser(Depacketiser):
    """Single NAL units, AP and FU; ``donl``: each unit carries a decoding order number (sprop-max-don-diff > 0).

    The number is skipped: over TCP packets come in the order sent, and a camera that sends out of decoding order
    (which the number would tell) is not one that can be recorded without holding pictures back.
    """

    codec: Codec = "h265"

    def __init__(self, payload_type: int, clock: SenderClock | None = None, *, donl: bool = False) -> None:
        super().__init__(payload_type, clock)
        self._donl = donl
        self._knows_starts = not donl

    def _payload(self, data: Bytes, start: int, end: int, out: list[AccessUnit]) -> None:
        kind = (data[start] >> 1) & 0x3F
        if kind == _FRAGMENT:
            if end - start < 3:
                self._tear()
                return
            head = _head(bytes(data[start : start + 3]))
            begin = start + (5 if self._donl and head.starts else 3)
            self._fragment_of(head, bytes(data[begin:end]), out)
            return
        if self._at is not None:
            self._tear()
        if kind == _AGGREGATION:
            self._aggregate(data, start + 2, end, out)
        elif kind == _PACI:
            self._refuse("PACI")
        elif self._donl:
            self._whole(bytes(data[start : start + 2]) + bytes(data[start + 4 : end]), out)
        else:
            self._whole(bytes(data[start:end]), out)

    def _aggregate(self, data: Bytes, at: int, end: int, out: list[AccessUnit]) -> None:
        order_bytes = 2 if self._donl else 0  # DONL before the first unit, one byte of DOND before the others
        while end - at >= 2 + order_bytes:
            at += order_bytes
            order_bytes = min(order_bytes, 1)
            size = data[at] << 8 | data[at + 1]
            at += 2
            if size > end - at:
                self._tear()
                return
            if size and (data[at] >> 1) & 0x3F < _AGGREGATION:
                self._whole(bytes(data[at : at + size]), out)
            at += size


@lru_cache(maxsize=256)
def _head(written: bytes) -> FragmentHead:
    """Payload header and FU header."""
    first, second, flags = written
    return FragmentHead(
        nal=bytes((first & 0x81 | (flags & 0x3F) << 1, second)),
        starts=flags & 0x80 != 0,
        ends=flags & 0x40 != 0,
        first=bytes((first, second, flags & 0x3F | 0x80)),
        middle=bytes((first, second, flags & 0x3F)),
        last=bytes((first, second, flags & 0x3F | 0x40)),
    )
