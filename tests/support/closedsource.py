"""A frame source for packages of tests: a closed file as the recorder wrote it, without a recorder or a hold."""

from collections.abc import Sequence
from functools import cached_property

from beffroi.evidence.frames import ChunkProof
from beffroi.ledger import merkle
from beffroi.vault.chunkformat import DamagedChunkError, GopEntry
from beffroi.vault.reader import ChunkReader


class ClosedSource:
    """A whole closed file.

    Raises:
        DamagedChunkError: it is not closed.
    """

    def __init__(self, reader: ChunkReader, key: bytes) -> None:
        if reader.footer is None:
            raise DamagedChunkError(reader.path.name, "not closed")
        self._reader, self._key, self._footer = reader, key, reader.footer

    @cached_property
    def _leaves(self) -> list[bytes]:
        return [merkle.leaf_hash(leaf) for leaf in self._footer.leaves()]

    @cached_property
    def chunk(self) -> ChunkProof:
        """The file itself."""
        head = self._reader.read(0, self._reader.head_length)
        return ChunkProof(head, self._key, self._footer.root, len(self._leaves), self._path(0))

    @property
    def entries(self) -> Sequence[GopEntry]:
        """The file's index."""
        return self._footer.entries

    def leaf(self, number: int) -> tuple[int, tuple[bytes, ...]]:
        """Place and path of a line in the file's tree."""
        return number + 1, self._path(number + 1)

    def stored(self, number: int) -> bytes:
        """The stored bytes of a fragment."""
        gop = self._footer.entries[number]
        return self._reader.read(gop.offset, gop.length)

    def _path(self, index: int) -> tuple[bytes, ...]:
        return tuple(merkle.inclusion_proof(merkle.nodes_of(self._leaves), index, len(self._leaves)))
