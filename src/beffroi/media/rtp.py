"""RTP (RFC 3550) over one interleaved TCP stream, to access units: H.264 (RFC 6184) and H.265 (RFC 7798).

The loop of `Depacketiser.interleaved` is what a recorder of many cameras does all day: nearly every packet is the next
middle fragment of the NAL unit under way, is recognised by three comparisons, and costs one copy. Everything else takes
the long way through `packet`.
"""

import struct
from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Final

from beffroi.media.errors import MalformedMediaError
from beffroi.media.nal import Codec, split_annexb
from beffroi.media.rtp_header import HEADER_BYTES, Bytes, FragmentHead, payload_bounds
from beffroi.media.rtp_nals import RULES, Role
from beffroi.media.rtp_picture import MAX_PICTURE_BYTES, AccessUnit, PictureBuilder, SenderClock

__all__ = ["AccessUnit", "Bytes", "Depacketiser", "FragmentHead", "SenderClock"]

_FIXED: Final = struct.Struct(">BBHII")
_FRAME_BYTES: Final = 4
_HALVES: Final = struct.Struct(">QQ")
_BUT_LENGTH_AND_MARKER: Final = 0xFFFF_0000_FF7F_FFFF
_BUT_LENGTH: Final = 0xFFFF_0000_FFFF_FFFF
_MARKER: Final = 0x80_0000
_START_CODE: Final = b"\0\0\1"


@lru_cache(maxsize=256)
def _layout(size: int, head: int) -> struct.Struct:
    """An interleaved frame of ``size`` bytes: frame header with the first half of the RTP header, RTP time and source,
    ``head`` bytes of payload header, a fragment."""
    return struct.Struct(f">QQ{head}s{max(0, size - 16 - head)}s")


class Depacketiser(ABC):
    """Turns the RTP packets of one video stream into access units.

    ``received`` and ``lost`` count packets. A changing SSRC is followed: cameras get it wrong. Whatever the packets,
    nothing is glued from pieces of different NAL units: with a packet missing, the NAL unit under way is dropped, and
    the picture says that something was lost.
    """

    codec: Codec

    def __init__(self, payload_type: int, clock: SenderClock | None = None) -> None:
        self.clock = clock or SenderClock()
        self.received = self.lost = 0
        self.ssrc: int | None = None
        self.highest_sequence = 0  # extended: turns of the 16-bit counter in the upper bits
        self._rules = RULES[self.codec]
        self._picture = PictureBuilder(self._rules, self.clock)
        self._channel = 0x2400
        self._type, self._type_seen = payload_type, False
        self._plain = 0  # the first 8 bytes of a frame of this stream, without length, marker and number
        self._next = 0
        self._begun = False
        # The NAL unit under way in fragments: where its length stands in the parts of the picture, its role, the bytes
        # before its further fragments, and how long the frame of its last one was.
        self._at: int | None = None
        self._role = Role.INNER
        self._middle = self._last = b""
        self._frame_size = 0
        self._start: FragmentHead | None = None  # how the last NAL unit that came in fragments began
        self._knows_starts = True
        self._stamp = -1
        self.on_channel(0)

    def on_channel(self, channel: int) -> None:
        """Which interleaved channel carries this stream."""
        self._channel = 0x2400 | channel
        self._plain = self._channel << 48 | 0x8000_0000 | self._type << 16

    @property
    def held_bytes(self) -> int:
        """Bytes kept of the picture under way."""
        return sum(map(len, self._picture.parts)) + sum(map(len, self._picture.sets))

    def interleaved(self, data: Bytes, at: int, out: list[AccessUnit]) -> int:
        """Take the whole interleaved frames of this channel that stand one behind the other from ``at``.

        Nothing of ``data`` is kept.

        Returns:
            Where it stopped: at the end, at a frame that is not whole yet, or at something else.

        Raises:
            MalformedMediaError: the camera packs its video in a way that is not understood.
        """
        end, channel = len(data), self._channel
        while True:
            if self._at is not None:
                at = self._middles(data, at, end)
                after = self._end_of_unit(data, at, end, out)
            else:
                after = self._start_of_picture(data, at, end, out)
            if after:
                at = after
                continue
            if end - at < _FRAME_BYTES or data[at] << 8 | data[at + 1] != channel:
                return at
            stop = at + _FRAME_BYTES + (data[at + 2] << 8 | data[at + 3])
            if stop > end:
                return at
            self.packet(data, at + _FRAME_BYTES, stop, out)
            at = stop

    def _middles(self, data: Bytes, at: int, end: int) -> int:
        """Take the plain middle fragments of the NAL unit under way; returns where they end."""
        began, picture, middle, stamp = at, self._picture, self._middle, self._stamp
        layout = _layout(self._frame_size, len(middle))
        append, unpack, size = picture.parts.append, layout.unpack_from, layout.size
        # Frame mark, channel and length, RTP version, type and number: what the next packet must begin with.
        word = self._plain | (size - _FRAME_BYTES) << 32 | self._next
        last = end - size
        while at <= last:
            this_word, this_stamp, head, piece = unpack(data, at)
            if this_word != word or this_stamp != stamp or head != middle:
                break
            append(piece)
            at += size
            word += 1
        if at > began:
            packets = (at - began) // size
            self.received += packets
            self.highest_sequence += packets
            self._next = self.highest_sequence + 1 & 0xFFFF
            picture.size += at - began
            if picture.size > MAX_PICTURE_BYTES:
                self._too_large()
        return at

    def _end_of_unit(self, data: Bytes, at: int, end: int, out: list[AccessUnit]) -> int:
        """Take the plain last fragment of the NAL unit under way; returns where it ends, 0 if it is something else."""
        size = len(self._last) + 16
        if end - at < size or self._at is None:
            return 0
        word, stamp = _HALVES.unpack_from(data, at)
        stop: int = at + _FRAME_BYTES + (word >> 32 & 0xFFFF)
        if (
            word & _BUT_LENGTH_AND_MARKER != self._plain | self._next
            or stamp != self._stamp
            or data[at + 16 : at + size] != self._last
            or not at + size <= stop <= end
        ):
            return 0
        self.received += 1
        self.highest_sequence += 1
        self._next = self._next + 1 & 0xFFFF
        picture = self._picture
        picture.size += stop - at
        picture.parts.append(bytes(data[at + size : stop]))
        self._end_fragments(out)
        if word & _MARKER:
            picture.mark(out)
        return stop

    def _start_of_picture(self, data: Bytes, at: int, end: int, out: list[AccessUnit]) -> int:
        """Take the plain first fragment of a NAL unit like the last, with which the next picture begins; returns where
        it ends, 0 if it is something else."""
        head, picture = self._start, self._picture
        if head is None or picture.size or picture.parts or picture.sets:
            return 0
        size = len(head.first) + 16
        if end - at < size:
            return 0
        word, stamp = _HALVES.unpack_from(data, at)
        rtp_time = stamp >> 32
        stop: int = at + _FRAME_BYTES + (word >> 32 & 0xFFFF)
        if (
            word & _BUT_LENGTH != self._plain | self._next
            or stamp & 0xFFFFFFFF != self.ssrc
            or rtp_time == picture.rtp_time
            or data[at + 16 : at + size] != head.first
            or not at + size <= stop <= end
        ):
            return 0
        self.received += 1
        self.highest_sequence += 1
        self._next = self._next + 1 & 0xFFFF
        self._stamp = stamp
        picture.turn(rtp_time, out)
        picture.size = stop - at - _FRAME_BYTES
        self._frame_size = stop - at
        self._middle, self._last = head.middle, head.last
        self._role = self._rules.roles[head.nal[0]]
        self._at = 0
        picture.parts += (b"", head.nal, bytes(data[at + size : stop]))
        return stop

    def packet(self, data: Bytes, start: int, end: int, out: list[AccessUnit]) -> None:
        """Take one RTP packet. Anything that is not one is ignored.

        Raises:
            MalformedMediaError: the camera packs its video in a way that is not understood.
        """
        if end - start < HEADER_BYTES:
            return
        first, second, sequence, rtp_time, ssrc = _FIXED.unpack_from(data, start)
        begin = start + HEADER_BYTES
        if first != 0x80:  # version 2 without padding, extension or contributing sources
            begin, end = payload_bounds(data, start, end, first)
            if begin < 0:
                return
        if 72 <= second & 0x7F <= 76:
            return  # RTCP on the channel of the video (RFC 5761 §4)
        picture = self._picture
        stamp = rtp_time << 32 | ssrc
        self.received += 1
        if sequence == self._next and self._begun and second & 0x7F == self._type:
            self.highest_sequence += 1
            self._next = (sequence + 1) & 0xFFFF
            gap = False
        else:
            gap = self._follow(sequence, ssrc)
            if second & 0x7F != self._type and not self._adopt(second & 0x7F):
                if gap:
                    self._tear()
                return
        if gap or stamp != self._stamp:
            self._stamp, self.ssrc, self._type_seen = stamp, ssrc, True
            self._turn(rtp_time, gap, out)
        picture.size += end - start
        if picture.size > MAX_PICTURE_BYTES:
            self._too_large()
        self._frame_size = end - start + _FRAME_BYTES
        if begin < end:
            self._payload(data, begin, end, out)
        if second & 0x80 and self._at is None:
            picture.mark(out)

    def _turn(self, rtp_time: int, gap: bool, out: list[AccessUnit]) -> None:
        """This packet is not the plain next one of its picture: of another time, or behind missing ones."""
        picture = self._picture
        if gap or (self._at is not None and rtp_time != picture.rtp_time):
            self._tear()
        picture.turn(rtp_time, out)
        picture.lost = picture.lost or gap

    def _too_large(self) -> None:
        self._at = None
        self._picture.drop()

    def _follow(self, sequence: int, ssrc: int) -> bool:
        """Count what is missing before this packet; whether something is, or may be."""
        expected, self._next = self._next, (sequence + 1) & 0xFFFF
        if not self._begun:
            self._begun, self.highest_sequence = True, sequence
            return False
        missing = (sequence - expected) & 0xFFFF
        if not missing:
            self.highest_sequence += 1
            return False
        if ssrc != self.ssrc or missing >= 0x8000:  # the camera began anew: how many are missing cannot be known
            self.highest_sequence = (self.highest_sequence & ~0xFFFF) | sequence
        else:
            self.lost += missing
            self.highest_sequence += missing + 1
        return True

    def _adopt(self, payload_type: int) -> bool:
        """A camera that never sends the type it announced means the one it sends."""
        if self._type_seen:
            return False
        self._type = payload_type
        self._plain = self._channel << 48 | 0x8000_0000 | payload_type << 16
        return True

    def _tear(self) -> None:
        """Something is missing: the NAL unit under way is dropped."""
        if self._at is not None:
            del self._picture.parts[self._at :]
            self._at = None
        self._picture.lost = True

    @abstractmethod
    def _payload(self, data: Bytes, start: int, end: int, out: list[AccessUnit]) -> None:
        """Take the payload of one packet; never empty."""

    def _whole(self, nal: bytes, out: list[AccessUnit]) -> None:
        """A NAL unit that came in one piece."""
        rules, picture = self._rules, self._picture
        if len(nal) <= rules.header_bytes:
            return
        role = rules.roles[nal[0]]
        if (role >= Role.INNER or not nal[0]) and _START_CODE in nal:
            # Some cameras put a byte stream where one unit belongs, parameter sets first (never allowed inside a unit).
            for part in split_annexb(_START_CODE + nal):
                self._whole(part, out)
            return
        if picture.begin(role, role <= Role.KEY_SLICE and nal[rules.header_bytes] & 0x80 != 0, out):
            picture.add(role, nal)

    def _fragment_of(self, head: FragmentHead, piece: bytes, out: list[AccessUnit]) -> None:
        """One fragment of a NAL unit."""
        picture = self._picture
        self._middle, self._last = head.middle, head.last
        if head.starts:
            if self._at is not None:
                self._tear()  # the one before never ended
            role = self._role = self._rules.roles[head.nal[0]]
            first_slice = role <= Role.KEY_SLICE and piece[:1] >= b"\x80"
            if self._knows_starts:
                self._start = head
            if not picture.begin(role, first_slice, out):
                return
            self._at = len(picture.parts)
            picture.parts += (b"", head.nal, piece)
        elif self._at is None:
            picture.lost = True
            return
        else:
            picture.parts.append(piece)  # whatever type it claims: some cameras write the right one in the first only
        if head.ends:
            self._end_fragments(out)

    def _end_fragments(self, out: list[AccessUnit]) -> None:
        picture, at, role = self._picture, self._at, self._role
        self._at = None
        parts = picture.parts
        size = sum(map(len, parts[at:]))
        if size <= self._rules.header_bytes:
            del parts[at:]
            return
        if role <= Role.KEY_SLICE:
            parts[at] = size.to_bytes(4, "big")  # type: ignore[index]  # a NAL unit was under way
            picture.slice(role)
            return
        nal = b"".join(parts[at:])
        del parts[at:]
        self._whole(nal, out)

    def _refuse(self, word: str) -> None:
        """A way of packing that is not understood: of a stray packet, a loss; of the camera, the end."""
        if not self._picture.delivered:
            raise MalformedMediaError(word)
        self._tear()
