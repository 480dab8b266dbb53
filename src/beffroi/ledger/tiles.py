"""C2SP tlog-tiles: where each hash and each entry lies in plain files, and how a bundle is spelt.

A tile of level L holds up to 256 hashes, each the root of 256^L entries; `tile/0/x001/067` is tile 1067 of level 0,
`….p/12` is a partial tile of 12. `tile/entries/…` are the entries themselves, 256 a bundle, each preceded by its length
as two big-endian bytes.
"""

import re
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 256
HASH_SIZE: Final = 32
MAX_LEVEL: Final = 5
"""256⁶ entries: more than any register will hold; a path with a higher level is not a tile of ours."""

ENTRY_LIMIT: Final = 65_535
ENTRIES: Final = -1
"""The level of entry bundles in a `TileId`."""

CHECKPOINT: Final = "checkpoint"
"""The file that says, signed, how many entries there are."""

_PATH: Final = re.compile(r"tile/(entries|[0-9]{1,2})((?:/x[0-9]{3})*/[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class BundleError(ValueError):
    """The bytes are not an entry bundle."""


@dataclass(frozen=True, slots=True, order=True)
class TileId:
    """One tile or bundle: ``width`` is 256 when whole."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Relative path in the register."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{name}{partial}"


def parse_path(path: str) -> TileId | None:
    """The tile that a relative path names, or None when the path is not the one spelling of a tile's name."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level = ENTRIES if match[1] == "entries" else int(match[1])
    index = int(re.sub(r"[/x]", "", match[2]))
    width = int(match[3]) if match[3] else WIDTH
    tile = TileId(level, index, width)
    return tile if level <= MAX_LEVEL and tile.path == path else None


def edge_of(size: int) -> dict[int, TileId]:
    """The partial tile of each level (absent where the edge is whole): what an append starts from."""
    found: dict[int, TileId] = {}
    for level in (ENTRIES, *range(MAX_LEVEL + 1)):
        count = size >> (8 * max(level, 0))
        if count % WIDTH:
            found[level] = TileId(level, count // WIDTH, count % WIDTH)
    return found


def encode_bundle(entries: list[bytes]) -> bytes:
    """Entries as a bundle: each preceded by its length (two bytes, big-endian)."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > ENTRY_LIMIT:
            raise BundleError("an entry is longer than 65 535 bytes")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def bundle_prefix(data: bytes, count: int) -> bytes:
    """The first ``count`` entries of a bundle, still a bundle.

    Raises:
        BundleError: it has fewer.
    """
    at = 0
    for _ in range(count):
        if at + 2 > len(data):
            raise BundleError("fewer entries than are due")
        at += 2 + int.from_bytes(data[at : at + 2], "big")
    if at > len(data):
        raise BundleError("cut inside an entry")
    return data[:at]


def decode_bundle(data: bytes, count: int) -> list[bytes]:
    """The ``count`` entries of a bundle.

    Raises:
        BundleError: fewer entries, more bytes, or a length that runs past the end.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            raise BundleError("cut inside a length")
        length = int.from_bytes(data[at : at + 2], "big")
        if at + 2 + length > len(data):
            raise BundleError("cut inside an entry")
        entries.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    if len(entries) != count:
        raise BundleError(f"{len(entries)} entries where {count} are due")
    return entries
