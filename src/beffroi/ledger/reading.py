"""Reading a register beside its writer: every entry in order, from the files, without its lock."""

from collections.abc import Iterator
from pathlib import Path

from beffroi.ledger import leaf, tiles
from beffroi.ledger.entry import Record
from beffroi.ledger.note import NoteError, Verifier, open_note
from beffroi.ledger.pruning import newest_pruning
from beffroi.ledger.store import CHECKPOINT, LedgerDamagedError
from beffroi.ledger.tiles import ENTRIES, WIDTH, TileId


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
            data = _bundle(directory, index, width)
            for offset, entry in enumerate(tiles.decode_bundle(data, width)):
                yield leaf.parse(entry, index * WIDTH + offset)
    except (OSError, NoteError, ValueError) as error:
        raise LedgerDamagedError(str(error) or type(error).__name__) from error


def _first(directory: Path, size: int) -> int:
    if size < WIDTH or (directory / TileId(ENTRIES, 0).path).exists():
        return 0
    pruning = newest_pruning(directory, size)
    return 0 if pruning is None else pruning.to // WIDTH


def _bundle(directory: Path, index: int, width: int) -> bytes:
    try:
        return (directory / TileId(ENTRIES, index, width).path).read_bytes()
    except FileNotFoundError:
        if width == WIDTH:
            raise
        # The writer has gone on meanwhile: the fuller bundle begins with the same entries, and it alone is left.
        return _prefix(_fuller(directory, index, width), width)


def _fuller(directory: Path, index: int, width: int) -> tuple[bytes, int]:
    for more in range(width + 1, WIDTH + 1):
        path = directory / TileId(ENTRIES, index, more).path
        if path.exists():
            return path.read_bytes(), more
    raise FileNotFoundError(TileId(ENTRIES, index, width).path)


def _prefix(bundle: tuple[bytes, int], width: int) -> bytes:
    return tiles.encode_bundle(tiles.decode_bundle(*bundle)[:width])
