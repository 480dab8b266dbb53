"""Frozen pieces behind a recorder's socket, as sources of a package: the recorder gives ciphertext and proofs."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from beffroi.evidence.frames import ChunkProof
from beffroi.vault.chunkformat import GopEntry, unpack_entries

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
        """The stored bytes of a fragment."""
        gop = self._described["gops"][number]
        return self._whole(int(gop["offset"]), int(gop["length"]))

    def _whole(self, offset: int, length: int) -> bytes:
        ends = range(offset, offset + length, READ_BYTES)
        return b"".join(self._read(at, min(READ_BYTES, offset + length - at)) for at in ends)
