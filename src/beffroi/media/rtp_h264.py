"""H.264 in RTP (RFC 6184): packetization modes 0 and 1."""

from functools import lru_cache
from typing import Final

from beffroi.media.nal import Codec
from beffroi.media.rtp import Bytes, Depacketiser, FragmentHead
from beffroi.media.rtp_picture import AccessUnit, SenderClock

_STAP_A: Final = 24
_FU_A: Final = 28
_REFUSED: Final = {25: "STAP-B", 26: "MTAP16", 27: "MTAP24", 29: "FU-B"}


class H264Depacketiser(Depacketiser):
    """Single NAL units, STAP-A and FU-A. The interleaved mode (STAP-B, MTAP, FU-B) is refused."""

    codec: Codec = "h264"

    def __init__(self, payload_type: int, clock: SenderClock | None = None) -> None:
        super().__init__(payload_type, clock)

    def _payload(self, data: Bytes, start: int, end: int, out: list[AccessUnit]) -> None:
        kind = data[start] & 0x1F
        if kind == _FU_A:
            if end - start < 2:
                self._tear()
                return
            self._fragment_of(_head(bytes(data[start : start + 2])), bytes(data[start + 2 : end]), out)
            return
        if self._at is not None:
            self._tear()
        if kind < _STAP_A:
            self._whole(bytes(data[start:end]), out)
        elif kind == _STAP_A:
            self._aggregate(data, start + 1, end, out)
        elif kind in _REFUSED:
            self._refuse(_REFUSED[kind])

    def _aggregate(self, data: Bytes, at: int, end: int, out: list[AccessUnit]) -> None:
        while end - at >= 2:
            size = data[at] << 8 | data[at + 1]
            at += 2
            if size > end - at:
                self._tear()
                return
            if size and data[at] & 0x1F < _STAP_A:
                self._whole(bytes(data[at : at + size]), out)
            at += size


@lru_cache(maxsize=256)
def _head(written: bytes) -> FragmentHead:
    """FU indicator and FU header. The reserved bit is kept for the comparison: some cameras set it."""
    indicator, flags = written
    return FragmentHead(
        nal=bytes((indicator & 0xE0 | flags & 0x1F,)),
        starts=flags & 0x80 != 0,
        ends=flags & 0x40 != 0,
        first=bytes((indicator, flags & 0x3F | 0x80)),
        middle=bytes((indicator, flags & 0x3F)),
        last=bytes((indicator, flags & 0x3F | 0x40)),
    )
