"""One stream of one camera: which bytes go out at which instant, faults included. No requests here."""

import asyncio
import random
import struct
import zlib
from dataclasses import dataclass, field
from typing import Final

from simulate.config import Join
from simulate.faults import Fault
from simulate.packets import RTP_CLOCK_HZ, Clip

_NTP_1970_S: Final = 2_208_988_800
_REPORT_EVERY_US: Final = 2_000_000
_BACKLOG_BYTES: Final = 8 * 1024 * 1024
_REPORT = struct.Struct("!BBHBBHIIIIII")
_AUDIO = struct.Struct("!BBHBBHII")
_AUDIO_HZ: Final = 8000
_A_LAW_SILENCE: Final = b"\xd5"


@dataclass(eq=False, slots=True)
class Viewer:
    """A playing connection. Channels are the interleaved ones asked for; None when that track was not set up."""

    transport: asyncio.WriteTransport
    video_channel: int | None
    audio_channel: int | None
    first: int = 0
    waits_for_key: bool = False

    def send(self, number: int, data: bytes, *, key: bool) -> None:
        """Write the n-th frame, unless this viewer lags: then nothing until it caught up and a key frame comes."""
        if number < self.first or self.video_channel is None or self.transport.is_closing():
            return
        if self.transport.get_write_buffer_size() > _BACKLOG_BYTES:
            self.waits_for_key = True
            return
        if self.waits_for_key and not key:
            return
        self.waits_for_key = False
        self.transport.write(_on_channel(data, self.video_channel) if self.video_channel else data)


def _on_channel(data: bytes, channel: int) -> bytes:
    """The same interleaved packets moved from channels 0 and 1 to ``channel`` and the next."""
    out = bytearray(data)
    at = 0
    while at < len(out):
        out[at + 1] += channel
        at += 4 + int.from_bytes(out[at + 2 : at + 4], "big")
    return bytes(out)


@dataclass(eq=False)
class Feed:
    """Turns frame numbers into packets for its viewers. The n-th frame is shown n/fps seconds after the epoch."""

    camera: str
    name: str
    clip: Clip
    offset_us: int = 0
    epoch_us: int = 0
    audio: bool = False
    join: Join = "live"
    alternate: Clip | None = None
    fault: Fault = field(default_factory=Fault)
    viewers: set[Viewer] = field(default_factory=set)
    frames_sent: int = 0

    def __post_init__(self) -> None:
        self.serving = self.clip
        self._following: Clip | None = None
        self._ssrc = zlib.crc32(f"{self.camera}/{self.name}".encode())
        self._random = random.Random(self._ssrc)  # noqa: S311 — a repeatable fault is wanted, not a secret
        self._clock_offset_us = 0
        self._sequence_offset = 0
        self._held: list[tuple[int, bytes, bool]] = []
        self._hold_until_us = 0
        self._last_report_us = 0

    # Time

    def number_at(self, wall_us: int) -> int:
        """Number of the frame shown at this wall time: floor((now − epoch + offset) · fps)."""
        fps = self.clip.fps
        return (wall_us - self.epoch_us + self.offset_us) * fps.numerator // (1_000_000 * fps.denominator)

    def due_us(self, number: int) -> int:
        """The first microsecond of wall time at which the n-th frame is shown."""
        fps = self.clip.fps
        return -(-number * 1_000_000 * fps.denominator // fps.numerator) + self.epoch_us - self.offset_us

    def rtp_time(self, number: int) -> int:
        """RTP timestamp of the n-th frame, clock steps included."""
        return (self.serving.timestamp(number) + self._clock_offset_us * 9 // 100) & 0xFFFFFFFF

    def sequence(self, number: int) -> int:
        """RTP sequence number of the first packet of the n-th frame: the same for every viewer."""
        return (self.serving.sequence(number) + self._sequence_offset) & 0xFFFF

    def audio_time(self, number: int) -> int:
        """RTP timestamp (8 kHz) of the sound that goes with the n-th frame."""
        return self.clip.ticks(number) * _AUDIO_HZ // RTP_CLOCK_HZ & 0xFFFFFFFF

    @staticmethod
    def audio_sequence(number: int) -> int:
        """RTP sequence number of the sound that goes with the n-th frame."""
        return number & 0xFFFF

    # Faults

    def set_fault(self, fault: Fault) -> None:
        """Apply a fault. A clock step or a change of encoding happens once and stays; the others last until lifted."""
        self._release()
        self._hold_until_us = 0
        if fault.kind == "clock-step":
            self._clock_offset_us += round(fault.amount * 1_000_000)
            self._last_report_us = 0
        elif fault.kind == "new-sps" and self.alternate:
            self._following = self.alternate if self.serving is self.clip else self.clip
        self.fault = Fault() if fault.kind in ("clock-step", "new-sps", "close") else fault

    # Sending

    def first_for(self, wall_us: int) -> int:
        """Number of the first frame that a viewer who joins now is sent: the next one, or the last key frame."""
        number = self.number_at(wall_us)
        if self.join == "live" or self.fault.kind != "none":
            return number + 1
        while not self._frame_is_key(number):
            number -= 1
        return number

    def join_viewer(self, viewer: Viewer, first: int, wall_us: int) -> None:
        """Add a viewer: a sender report and the frames due since ``first`` go out at once."""
        if self.fault.kind in ("stall", "silent"):
            viewer.first = self.number_at(wall_us) + 1
        else:
            viewer.send(0, self._report(wall_us), key=True)
            viewer.first = max(first, self.number_at(wall_us) + 1)
            for number in range(first, viewer.first):
                viewer.send(viewer.first, bytes(self._stamped(number)), key=True)
        self.viewers.add(viewer)

    def emit(self, number: int, wall_us: int) -> None:
        """Send the n-th frame to every viewer, as the fault in force will have it."""
        if self._following and self._following.frames[number % len(self._following.frames)].key:
            before = self.sequence(number)
            self.serving, self._following = self._following, None
            self._sequence_offset += before - self.sequence(number)
        if self.fault.kind in ("stall", "silent") or not self.viewers:
            return
        damages = self.fault.kind in ("drop", "corrupt")
        data = self._damaged(number) if damages else bytes(self._stamped(number))
        if wall_us - self._last_report_us >= _REPORT_EVERY_US:
            self._last_report_us = wall_us
            data = self._report(wall_us) + data
        self.frames_sent += 1
        self._held.append((number, data, self._frame_is_key(number)))
        if self.fault.kind == "burst":
            self._hold_until_us = self._hold_until_us or wall_us + round(self.fault.amount * 1_000_000)
            if wall_us < self._hold_until_us:
                return
            self._hold_until_us = 0
        self._release()
        if self.audio:
            self._send_audio(number)

    def _release(self) -> None:
        held, self._held = self._held, []
        for number, data, key in held:
            for viewer in self.viewers:
                viewer.send(number, data, key=key)

    def _frame_is_key(self, number: int) -> bool:
        return self.serving.frames[number % len(self.serving.frames)].key

    def _stamped(self, number: int) -> bytearray:
        frame = self.serving.frames[number % len(self.serving.frames)]
        return frame.stamped(first_sequence=self.sequence(number), timestamp=self.rtp_time(number), ssrc=self._ssrc)

    def _damaged(self, number: int) -> bytes:
        frame = self.serving.frames[number % len(self.serving.frames)]
        whole = self._stamped(number)
        out = bytearray()
        for start, end in zip(frame.starts, (*frame.starts[1:], len(whole)), strict=True):
            packet = whole[start:end]
            if self._random.random() < self.fault.amount:
                if self.fault.kind == "drop":
                    continue
                for _ in range(max(1, len(packet) // 64)):  # beyond the headers: the bits of the picture
                    packet[min(len(packet) - 1, 20 + self._random.randrange(max(1, len(packet) - 20)))] ^= 0xFF
            out += packet
        return bytes(out)

    def _report(self, wall_us: int) -> bytes:
        """RTCP sender report (RFC 3550 §6.4.1) on channel 1: the camera's own wall time beside its RTP time."""
        seconds, micros = divmod(wall_us + self._clock_offset_us, 1_000_000)
        media_us = wall_us - self.epoch_us + self.offset_us + self._clock_offset_us
        return _REPORT.pack(
            0x24,
            1,
            28,
            0x80,
            200,
            6,
            self._ssrc,
            (seconds + _NTP_1970_S) & 0xFFFFFFFF,
            (micros << 32) // 1_000_000,
            media_us * 9 // 100 & 0xFFFFFFFF,
            0,
            0,
        )

    def _send_audio(self, number: int) -> None:
        begin = self.audio_time(number)
        size = self.audio_time(number + 1) - begin & 0xFFFFFFFF
        for viewer in self.viewers:
            if viewer.audio_channel is not None and number >= viewer.first and not viewer.transport.is_closing():
                sequence = self.audio_sequence(number)
                head = _AUDIO.pack(0x24, viewer.audio_channel, size + 12, 0x80, 8, sequence, begin, self._ssrc ^ 1)
                viewer.transport.write(head + _A_LAW_SILENCE * size)
