"""Fixed slots on disk for private hour keys: one small file a UTC day, one 128-byte slot an hour.

A slot is only ever written in place: no copy of a wrapped private key is left in blocks that a rename would free. A
destroyed slot stays as a tombstone, so that its hour is never made again. Slots lie inside one 512-byte sector.
"""

import os
import struct
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Final

from beffroi.base.files import fsync_fd, write_durable

_SLOT: Final = struct.Struct(">B3xI32s12s48sQ16xI")
SLOT_BYTES: Final = _SLOT.size
SLOTS_A_DAY: Final = 24
_ZERO_NONCE: Final = bytes(12)
_ZERO_WRAPPED: Final = bytes(48)


class KeyState(IntEnum):
    """What a slot holds."""

    EMPTY = 0
    HELD = 1
    DESTROYED = 2
    DAMAGED = 3


@dataclass(frozen=True, slots=True)
class Slot:
    """One hour's key: its public half, and its private half wrapped under the ring key (zeros once destroyed)."""

    hour: int
    state: KeyState
    public: bytes
    nonce: bytes
    wrapped: bytes
    destroyed_us: int

    @classmethod
    def held(cls, hour: int, public: bytes, nonce: bytes, wrapped: bytes) -> "Slot":
        """A slot with a key."""
        return cls(hour, KeyState.HELD, public, nonce, wrapped, 0)

    def tombstone(self, destroyed_us: int) -> "Slot":
        """The same slot without its private half."""
        return replace(
            self, state=KeyState.DESTROYED, nonce=_ZERO_NONCE, wrapped=_ZERO_WRAPPED, destroyed_us=destroyed_us
        )

    def pack(self) -> bytes:
        """The 128 bytes of the slot."""
        head = _SLOT.pack(self.state, self.hour, self.public, self.nonce, self.wrapped, self.destroyed_us, 0)[:-4]
        return head + zlib.crc32(head).to_bytes(4, "big")


def unpack(raw: bytes, hour: int) -> Slot:
    """Read a slot; anything that is neither empty nor whole is DAMAGED (and can still be destroyed)."""
    if not any(raw):
        return Slot(hour, KeyState.EMPTY, bytes(32), _ZERO_NONCE, _ZERO_WRAPPED, 0)
    damaged = Slot(hour, KeyState.DAMAGED, bytes(32), _ZERO_NONCE, _ZERO_WRAPPED, 0)
    if len(raw) != SLOT_BYTES:
        return damaged
    state, at, public, nonce, wrapped, destroyed_us, crc = _SLOT.unpack(raw)
    if crc != zlib.crc32(raw[:-4]) or at != hour or state not in (KeyState.HELD, KeyState.DESTROYED):
        return damaged
    return Slot(hour, KeyState(state), public, nonce, wrapped, destroyed_us)


class SlotFiles:
    """The day files of one term, in one directory. Callers hold the ring's lock while they write."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self, hour: int) -> Slot:
        """One slot; EMPTY when its day was never prepared."""
        return self.read_day(hour // SLOTS_A_DAY)[hour % SLOTS_A_DAY]

    def read_day(self, day: int) -> list[Slot]:
        """The 24 slots of a unix day."""
        try:
            raw = self._path(day).read_bytes()
        except FileNotFoundError:
            raw = bytes(SLOT_BYTES * SLOTS_A_DAY)
        return [
            unpack(raw[n * SLOT_BYTES : (n + 1) * SLOT_BYTES].ljust(SLOT_BYTES, b"\xff"), day * SLOTS_A_DAY + n)
            for n in range(SLOTS_A_DAY)
        ]

    def days(self) -> list[int]:
        """Unix days that have a file, in order."""
        found = []
        for path in self.directory.glob("????-??-??.keys"):
            try:
                found.append(int(datetime.fromisoformat(path.stem).replace(tzinfo=UTC).timestamp()) // 86400)
            except ValueError:
                continue
        return sorted(found)

    def write(self, slots: list[Slot]) -> None:
        """Write slots of one day in place and force them to disk.

        Raises:
            FsyncFailedError: the process must end.
        """
        path = self._path(slots[0].hour // SLOTS_A_DAY)
        if not path.exists():
            write_durable(path, bytes(SLOT_BYTES * SLOTS_A_DAY))
        fd = os.open(path, os.O_RDWR)
        try:
            for slot in slots:
                raw, offset = slot.pack(), slot.hour % SLOTS_A_DAY * SLOT_BYTES
                if os.pwrite(fd, raw, offset) != len(raw):
                    raise OSError(f"short write in {path.name}")
            fsync_fd(fd, path)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(fd)

    def _path(self, day: int) -> Path:
        return self.directory / f"{datetime.fromtimestamp(day * 86400, UTC):%Y-%m-%d}.keys"
