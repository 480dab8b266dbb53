"""From NAL units to access units: where one picture ends and the next begins, whatever the camera does with its marker.

A picture ends, whichever is first: with the marker bit, once this camera's markers have proved right; with another RTP
time; with a NAL unit that must begin a new access unit. Markers prove right when the first pictures of the session,
each ended by what follows it, had theirs on the last NAL unit and nowhere else: cameras put it on SEI, on every NAL
unit or nowhere. A proven marker costs no delay; an unproven one costs one picture of it, never a torn picture. Of
interlaced H.264, whose two fields have one time and may each have a marker, only another time ends a picture.
"""

import contextlib
from dataclasses import dataclass
from typing import Final

from beffroi.media import h264
from beffroi.media.errors import MalformedMediaError
from beffroi.media.h264_recovery import begins_with_intra, recovers_at_once
from beffroi.media.nal import H264_SEI, H264_SPS
from beffroi.media.rtp_nals import RULES, NalRules, Role

MAX_PICTURE_BYTES: Final = 8 << 20
_MAX_SETS: Final = 64
_UNIT_BYTES: Final = 64  # what keeping a NAL unit costs beside its bytes: a picture of tiny ones is bounded too
_PROOF: Final = 3


@dataclass(slots=True)
class AccessUnit:
    """One picture, still coded, as RTP carried it.

    ``data`` holds NAL units, each prefixed by its length on 4 bytes, big-endian, without access unit delimiters and
    parameter sets; ``sets`` the parameter sets that came with it. ``rtp_time`` is the raw 32-bit presentation time in
    90 kHz. ``camera_us`` is the camera's wall clock by its last sender report, None before the first. ``lost``: RTP
    packets are missing in it or just before it.
    """

    data: bytes
    key: bool
    sets: tuple[bytes, ...]
    rtp_time: int
    camera_us: int | None
    lost: bool


class SenderClock:
    """The camera's wall clock beside its RTP time, as its last RTCP sender report gave them."""

    __slots__ = ("_rtp_time", "_wall_us")

    def __init__(self) -> None:
        self._wall_us: int | None = None
        self._rtp_time = 0

    def report(self, wall_us: int | None, rtp_time: int) -> None:
        """Take a report; ``wall_us`` None: the camera says that it has no clock."""
        self._wall_us, self._rtp_time = wall_us, rtp_time

    def wall_us(self, rtp_time: int) -> int | None:
        """The camera's wall time at an RTP time less than 6 h away from the report."""
        if self._wall_us is None:
            return None
        ticks = (rtp_time - self._rtp_time) & 0xFFFFFFFF
        if ticks & 0x80000000:
            ticks -= 1 << 32
        return self._wall_us + ticks * 100 // 9


class PictureBuilder:
    """Collects the NAL units of the picture under way. ``parts`` is what it holds, to be joined once."""

    __slots__ = (
        "_clock", "_done_time", "_proof", "_recovers", "_skips", "_sps", "delivered", "fields", "has_slice", "key",
        "liar", "lost", "marked", "parts", "rtp_time", "rules", "sets", "size",
    )  # fmt: skip

    def __init__(self, rules: NalRules, clock: SenderClock) -> None:
        self.rules = rules
        self._clock = clock
        self.parts: list[bytes] = []
        self.sets: list[bytes] = []
        self.size = 0  # bytes on the wire, and what each part costs: it bounds their number as well as their sum
        self.key = self.has_slice = self.lost = self.marked = False
        self.rtp_time = 0
        self.delivered = 0
        self.liar = self._skips = self.fields = False
        self._sps = b""
        self._recovers = False  # its SEI calls the picture under way a point from which decoding may start
        self._proof = 0
        self._done_time: int | None = None

    def turn(self, rtp_time: int, out: list[AccessUnit]) -> None:
        """A packet of this time comes: another time ends the picture. Prefixes sent ahead stay for their picture."""
        if rtp_time != self.rtp_time:
            if self.has_slice:
                self.finish(out)
            self.rtp_time = rtp_time
            self._done_time = None
            self._skips = False

    def begin(self, role: Role, first_slice: bool, out: list[AccessUnit]) -> bool:
        """A NAL unit of this role comes: end the picture before it if it must begin another one.

        Returns whether it can be kept: what belongs to a picture that was already given away or dropped cannot.
        """
        if self._skips:
            return False
        if role > Role.INNER or first_slice:
            if self.has_slice and (first_slice or role >= Role.OPENING) and not self.fields:
                self.finish(out)
            return True
        if self.has_slice:
            if self.marked:
                self.liar = True  # the picture goes on after its marker
        elif self._done_time == self.rtp_time:
            self.liar = self.liar or not self.lost
            self.lost = True
            return False
        return True

    def add(self, role: Role, nal: bytes) -> None:
        """Keep a whole NAL unit that `begin` let pass."""
        self.size += _UNIT_BYTES
        if role is Role.SET:
            if len(self.sets) < _MAX_SETS:
                self.sets.append(nal)
                self._learn(nal)
        elif role is not Role.DROPPED and role is not Role.DELIMITER:
            self.parts += (len(nal).to_bytes(4, "big"), nal)
            if role <= Role.KEY_SLICE:
                self.slice(role)
            elif nal[0] & 0x1F == H264_SEI and not self.has_slice and self.rules is RULES["h264"]:
                self._recovers = self._recovers or recovers_at_once(nal)

    def _learn(self, nal: bytes) -> None:
        """From the parameter sets: where pictures may be two fields, both belong to one sample of a file."""
        if self.rules is RULES["h264"] and nal[0] & 0x1F == H264_SPS and nal != self._sps:
            self._sps = nal
            with contextlib.suppress(MalformedMediaError):  # whoever needs the rest of it will say so
                self.fields = h264.parse_sps(nal).fields

    def slice(self, role: Role) -> None:
        """A slice of the picture is whole."""
        self.has_slice = True
        if role is Role.KEY_SLICE:
            self.key = True

    def mark(self, out: list[AccessUnit]) -> None:
        """The marker bit stood on the packet that was just taken."""
        if self.has_slice:
            self.marked = True
            if self._proof >= _PROOF and not self.liar and not self.fields:
                self._done_time = self.rtp_time
                self.finish(out)
        elif not self.lost:
            self.liar = True  # a marker ahead of the slices: it stands on other things than ends of pictures

    def finish(self, out: list[AccessUnit]) -> None:
        """Give away the picture under way."""
        if self.marked:
            self._proof += 1
        elif not self.lost:
            self._proof = 0
        data = b"".join(self.parts)
        out.append(
            AccessUnit(
                data,
                self.key or (self._recovers and begins_with_intra(data)),
                tuple(self.sets) if self.sets else (),
                self.rtp_time,
                self._clock.wall_us(self.rtp_time),
                self.lost,
            )
        )
        self.delivered += 1
        self.parts.clear()
        if self.sets:
            self.sets.clear()
        self.size = 0
        self.key = self.has_slice = self.lost = self.marked = self._recovers = False

    def drop(self) -> None:
        """Forget the picture under way and the rest of it; the next one tells the loss."""
        self._skips = True
        self.parts.clear()
        self.sets.clear()
        self.size = 0
        self.key = self.has_slice = self.marked = self._recovers = False
        self.lost = True
