"""H.264 in RTP (RFC 6184): packetization modes 0 and 1."""

from typing import Final

from beffroi.media.nal import Codec
from beffroi.media.rtp import Depacketiser
from beffroi.media.rtp_picture import AccessUnit, SenderClock

_STAP_A: Final = 24
_FU_A: Final = 28
_REFUSED: Final = {25: "STAP-B", 26: "MTAP16", 27: "MTAP24", 29: "FU-B"}


class H264Depacketiser(Depacketiser):
    """Single NAL units, STAP-A and FU-A. The interleaved mode (STAP-B, MTAP, FU-B) is refused."""

    codec: Codec = "h264"

    def __init__(self, payload_type: int, clock: SenderClock | None = None) -> None:
        super().__init__(payload_type, clock)

    def _payload(self, data: bytes, start: int, end: int, out: list[AccessUnit]) -> None:
        kind = data[start] & 0x1F
        if kind == _FU_A:
            if end - start < 2:
                self._tear()
                return
            indicator, flags = data[start], data[start + 1]
            self._middle = bytes((indicator, flags & 0x3F))  # with the reserved bit, which some cameras set
            self._fragment_of(bytes((indicator & 0xE0 | flags & 0x1F,)), flags, data[start + 2 : end], out)
            return
        if self._at is not None:
            self._tear()
        if kind < _STAP_A:
            self._whole(data[start:end], out)
        elif kind == _STAP_A:
            self._aggregate(data, start + 1, end, out)
        elif kind in _REFUSED:
            self._refuse(_REFUSED[kind])

    def _aggregate(self, data: bytes, at: int, end: int, out: list[AccessUnit]) -> None:
        while end - at >= 2:
            size = data[at] << 8 | data[at + 1]
            at += 2
            if size > end - at:
                self._tear()
                return
            if size and data[at] & 0x1F < _STAP_A:
                self._whole(data[at : at + size], out)
            at += size
