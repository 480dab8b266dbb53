"""Reading a register beside its writer: every entry in order, from the files, without its lock."""

from collections.abc import Iterator
from pathlib import Path

from beffroi.ledger import leaf, tiles
from beffroi.ledger.entry import Record
from beffroi.ledger.note import NoteError, Verifier, open_note
from beffroi.ledger.pruning import newest_pruning
from beffroi.ledger.store import LedgerDamagedError
from beffroi.ledger.tilefiles import read_tile
from beffroi.ledger.tiles import CHECKPOINT, ENTRIES, WIDTH, TileId


def records(directory: Path, verifier: Verifier) -> Iterator[Record]:
    """The entries that the checkpoint on disk covers, oldest first, but those that were pruned at their term.
    Signatures and proofs are `verify`'s affair.

    Raises:
        LedgerDamagedError: the checkpoint, a bundle or an entry is missing or malformed.
    """
    try:
        size = open_note((directory / CHECKPOINT).read_bytes(), verifier).size
        for index in range(_first(directory, size), -(-size // WIDTH)):
            width = min(WIDTH, size - index * WIDTH)
            data = read_tile(directory, TileId(ENTRIES, index, width))
            for offset, entry in enumerate(tiles.decode_bundle(data, width)):
                yield leaf.parse(entry, index * WIDTH + offset)
    except (OSError, NoteError, ValueError) as error:
        raise LedgerDamagedError(str(error) or type(error).__name__) from error


def _first(directory: Path, size: int) -> int:
    if size < WIDTH or (directory / TileId(ENTRIES, 0).path).exists():
        return 0
    pruning = newest_pruning(directory, size)
    return 0 if pruning is None else pruning.to // WIDTH
