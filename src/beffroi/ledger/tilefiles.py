"""Tiles as they lie on disk beside a register at work: what an append has replaced is read out of what replaced it."""

from pathlib import Path

from beffroi.ledger import tiles
from beffroi.ledger.tiles import ENTRIES, HASH_SIZE, WIDTH, TileId


def read_tile(root: Path, tile: TileId) -> bytes:
    """The bytes of a tile, tied to nothing. A partial tile that an append has replaced meanwhile is cut out of the
    longer one, since tiles only grow: whoever read a checkpoint finds its tiles, however far the register has gone on.

    Raises:
        FileNotFoundError: neither it nor a longer one is there. OSError: the disk. BundleError: the longer bundle is
            malformed.
    """
    for _ in range(WIDTH):  # a longer one may be replaced in its turn, by one longer still
        try:
            return (root / tile.path).read_bytes()
        except FileNotFoundError:
            longer = _longest(root, tile)
            if longer is None:
                raise
        try:
            data = (root / longer.path).read_bytes()
        except FileNotFoundError:
            continue
        return tiles.bundle_prefix(data, tile.width) if tile.level == ENTRIES else data[: tile.width * HASH_SIZE]
    raise FileNotFoundError(tile.path)


def _longest(root: Path, tile: TileId) -> TileId | None:
    """The longest tile of this place that is longer than this one."""
    if tile.width == WIDTH:
        return None
    whole = TileId(tile.level, tile.index)
    try:
        widths = [int(path.name) for path in (root / tile.path).parent.iterdir() if path.name.isdecimal()]
    except FileNotFoundError:
        widths = []
    width = max(widths, default=0)
    if (root / whole.path).exists():  # asked last: the whole one is there before the last partial one goes
        return whole
    return TileId(tile.level, tile.index, width) if tile.width < width < WIDTH else None
