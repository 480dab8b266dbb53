"""Frozen pieces behind a recorder's socket, as sources of a package: the recorder gives ciphertext and proofs."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from beffroi.domain.ranges import WallRange
from beffroi.evidence.frames import ChunkProof
from beffroi.vault.chunkformat import GopEntry, unpack_entries
from beffroi.vault.rangeerrors import DamagedFootageError

READ_BYTES: Final = 8 << 20
Read = Callable[[int, int], bytes]
"""Stored bytes of the piece: offset, length (`READ_BYTES` at most)."""


class HeldSource:
    """One piece as the recorder described it under a lease to extract (``hold_pieces``), and its content key."""

    def __init__(self, described: Mapping[str, Any], key: bytes, read: Read) -> None:
        self._described = described
        self._key = key
        self._read = read
        self._entries = tuple(unpack_entries(bytes.fromhex(described["entries"])))

    @cached_property
    def chunk(self) -> ChunkProof:
        """The recorded file that the piece is of."""
        told = self._described
        head_path = tuple(bytes.fromhex(step) for step in told["head_path"])
        head = self._whole(0, int(told["head_length"]))
        return ChunkProof(head, self._key, bytes.fromhex(told["root"]), int(told["leaves"]), head_path)

    @property
    def entries(self) -> Sequence[GopEntry]:
        """The lines of the file's index that may leave."""
        return self._entries

    def leaf(self, number: int) -> tuple[int, tuple[bytes, ...]]:
        """Place and path of a line in the file's tree."""
        path = self._described["paths"][number]
        return int(self._described["leaf_numbers"][number]), tuple(bytes.fromhex(step) for step in path)

    def stored(self, number: int) -> bytes:
        """The stored bytes of a fragment.

        Raises:
            DamagedFootageError: they are not those of the index.
        """
        gop, entry = self._described["gops"][number], self._entries[number]
        found = self._whole(int(gop["offset"]), int(gop["length"]))
        if hashlib.sha256(found).digest() != entry.sha256:
            raise DamagedFootageError(entry.wall_us)
        return found

    def sound(self) -> tuple["HeldSource | None", list[WallRange]]:
        """The same piece without its torn fragments and those that decode from them (None: all are), and where it is
        torn. Reads all of it."""
        kept, torn, after_torn = list[int](), list[WallRange](), False
        for number, entry in enumerate(self._entries):
            after_torn &= not entry.key
            try:
                if not after_torn:
                    self.stored(number)
            except DamagedFootageError:
                after_torn = True
            if after_torn:
                torn.append(WallRange(entry.wall_us, max(entry.wall_us, entry.end_us)))
            else:
                kept.append(number)
        told = dict(self._described)
        for name in ("gops", "paths", "leaf_numbers"):
            told[name] = [told[name][number] for number in kept]
        told["entries"] = b"".join(self._entries[number].pack() for number in kept).hex()
        return (HeldSource(told, self._key, self._read) if kept else None), torn

    def _whole(self, offset: int, length: int) -> bytes:
        ends = range(offset, offset + length, READ_BYTES)
        return b"".join(self._read(at, min(READ_BYTES, offset + length - at)) for at in ends)
