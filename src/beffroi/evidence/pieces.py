"""Frame sources for a package: frozen pieces and closed files that lie on a disk at hand."""

from collections.abc import Sequence
from functools import cached_property

from beffroi.evidence.frames import ChunkProof
from beffroi.ledger import merkle
from beffroi.vault.chunkformat import DamagedChunkError, GopEntry
from beffroi.vault.frozen import FrozenPiece
from beffroi.vault.reader import ChunkReader


class PieceSource:
    """A frozen piece, opened by whoever holds its content key."""

    def __init__(self, piece: FrozenPiece, key: bytes) -> None:
        self._piece, self._key = piece, key

    @cached_property
    def chunk(self) -> ChunkProof:
        """The recorded file that the piece is of."""
        facts = self._piece.facts
        head = self._piece.read(0, self._piece.head_length)
        return ChunkProof(head, self._key, facts.root, facts.leaves, facts.head_path)

    @property
    def entries(self) -> Sequence[GopEntry]:
        """The lines of the file's index that the piece has."""
        return self._piece.entries

    def leaf(self, number: int) -> tuple[int, tuple[bytes, ...]]:
        """Place and path of a line in the file's tree."""
        return self._piece.facts.leaf_numbers[number], self._piece.facts.paths[number]

    def stored(self, number: int) -> bytes:
        """The stored bytes of a fragment."""
        gop = self._piece.gops[number]
        return self._piece.read(gop.offset, gop.length)


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
        def node(height: int, number: int) -> bytes:
            return merkle.perfect_root(self._leaves[number << height : (number + 1) << height])

        return tuple(merkle.inclusion_proof(node, index, len(self._leaves)))
