"""Proofs out of the files: that an entry is in the register, that an older head is a prefix of it."""

from dataclasses import dataclass
from pathlib import Path

from beffroi.ledger import leaf, merkle, tiles
from beffroi.ledger.entry import LeafError
from beffroi.ledger.pruning import PrunedEntryError, Pruning, newest_pruning
from beffroi.ledger.store import LedgerDamagedError
from beffroi.ledger.tilefiles import read_tile
from beffroi.ledger.tiles import ENTRIES, WIDTH, TileId


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """Shows, with a checkpoint of ``size``, that ``leaf`` is entry ``index``."""

    index: int
    size: int
    leaf: bytes
    path: tuple[bytes, ...]

    def holds(self, root: bytes) -> bool:
        """Whether it leads to this root."""
        return merkle.verify_inclusion(merkle.leaf_hash(self.leaf), self.index, self.size, self.path, root)


class Prover:
    """Reads tiles as they are, also beside a register at work; a wrong tile gives a proof that does not verify, never
    a wrong answer."""

    def __init__(self, directory: Path, size: int) -> None:
        self._root = directory
        self._size = size

    def inclusion(self, index: int) -> InclusionProof:
        """The proof of entry ``index`` in the tree of this size.

        Raises:
            ValueError: the index is outside the tree.
            PrunedEntryError: the entry reached its term.
            LedgerDamagedError: a tile is missing.
        """
        path = merkle.inclusion_proof(self._node, index, self._size)
        width = min(WIDTH, self._size - index // WIDTH * WIDTH)
        entry = self._bundle(index // WIDTH, width)[index % WIDTH]
        return InclusionProof(index, self._size, entry, tuple(path))

    def consistency(self, old: int) -> list[bytes]:
        """The proof that the tree of ``old`` leaves is a prefix of this one.

        Raises:
            ValueError: ``old`` is larger.
            LedgerDamagedError: a tile is missing.
        """
        return merkle.consistency_proof(self._node, old, self._size)

    def root(self, size: int) -> bytes:
        """The head of the first ``size`` entries, from the tiles."""
        return merkle.range_root(self._node, 0, size)

    def pruning_fault(self, pruning: Pruning) -> str:
        """Why a pruning does not hold, or nothing: what it removed must give its root, and the first entry that it
        kept must be older than the term, so that all before it was.

        Raises:
            LedgerDamagedError: a tile is missing, or that entry is.
        """
        if self.root(pruning.to) != pruning.root:
            return "root"
        try:
            width = min(WIDTH, self._size - pruning.to)
            first = leaf.parse(self._bundle(pruning.to // WIDTH, width)[0], pruning.to)
        except LeafError as error:
            return str(error)
        return "" if first.time_us < pruning.before_us else f"{pruning.to}: term"

    def _bundle(self, number: int, width: int) -> list[bytes]:
        tile = TileId(ENTRIES, number, width)
        try:
            return tiles.decode_bundle(read_tile(self._root, tile), width)
        except FileNotFoundError as error:
            pruning = newest_pruning(self._root, self._size)
            if pruning is not None and number * WIDTH < pruning.to:
                raise PrunedEntryError(number * WIDTH) from error
            raise LedgerDamagedError(f"{tile.path}: {error.strerror}") from error
        except (OSError, tiles.BundleError) as error:
            raise LedgerDamagedError(f"{tile.path}: {error}") from error

    def _node(self, height: int, index: int) -> bytes:
        level, within = divmod(height, 8)
        first = index << within
        tile = TileId(level, first // WIDTH, min(WIDTH, (self._size >> (8 * level)) - first // WIDTH * WIDTH))
        data = self.tile(tile)
        at = first % WIDTH
        row = [data[i * 32 : i * 32 + 32] for i in range(at, at + (1 << within))]
        if any(len(item) != 32 for item in row):
            raise LedgerDamagedError(f"{tile.path}: length")
        return merkle.perfect_root(row)

    def tile(self, tile: TileId) -> bytes:
        """The bytes of a tile.

        Raises:
            LedgerDamagedError: it cannot be read.
        """
        try:
            return read_tile(self._root, tile)
        except OSError as error:
            raise LedgerDamagedError(f"{tile.path}: {error.strerror}") from error
