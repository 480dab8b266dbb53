"""Tiles as they lie on disk beside a register at work: what an append has replaced is read out of what replaced it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from beffroi.ledger import tiles
from beffroi.ledger.tiles import CHECKPOINT, ENTRIES, HASH_SIZE, WIDTH, TileId

_LOOKS: Final = 3
"""A folder in which one file comes and another goes may, read at that moment, show neither."""


def read_tile(root: Path, tile: TileId) -> bytes:
    """The bytes of a tile, tied to nothing. A partial tile that an append has replaced meanwhile is cut out of the
    longer one, since tiles only grow: whoever read a checkpoint finds its tiles, however far the register has gone on.

    Only a tile that the checkpoint now on disk covers is cut: beside an older checkpoint put back, nothing is whole.

    Raises:
        FileNotFoundError: neither it nor a longer one is there. OSError: the disk. BundleError: the longer bundle is
            malformed.
    """
    for attempt in range(WIDTH):  # a longer one may be replaced in its turn, by one longer still
        try:
            return (root / tile.path).read_bytes()
        except FileNotFoundError:
            longer = max(_longer(root, tile), key=lambda one: one.width, default=None)
            if longer is None and attempt < _LOOKS:
                continue
            if longer is None:
                raise
        try:
            data = (root / longer.path).read_bytes()
        except FileNotFoundError:
            continue
        return tiles.bundle_prefix(data, tile.width) if tile.level == ENTRIES else data[: tile.width * HASH_SIZE]
    raise FileNotFoundError(tile.path)


def _longer(root: Path, tile: TileId) -> Iterator[TileId]:
    """The tiles of this place that are longer than this one, and covered by the checkpoint."""
    if tile.width == WIDTH:
        return
    try:
        widths = [int(path.name) for path in (root / tile.path).parent.iterdir() if path.name.isdecimal()]
    except FileNotFoundError:
        widths = []
    # Asked after the partial ones: the whole one is there before the last of them goes. And the checkpoint after both:
    # a tile is covered some time after it is there.
    if (root / TileId(tile.level, tile.index).path).exists():
        widths.append(WIDTH)
    covered = (_size(root) >> (8 * max(tile.level, 0))) - tile.index * WIDTH
    yield from (TileId(tile.level, tile.index, width) for width in widths if tile.width < width <= min(WIDTH, covered))


def _size(root: Path) -> int:
    """How many entries the checkpoint on disk says that it covers; its signature is the affair of who verifies."""
    try:
        return int((root / CHECKPOINT).read_bytes().split(b"\n")[1])
    except (FileNotFoundError, IndexError, ValueError):
        return 0
