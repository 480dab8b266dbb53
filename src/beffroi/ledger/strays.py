"""Files of a register's folder that its checkpoint does not need: every one is accounted for, or named."""

import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import Final

from beffroi.ledger import tiles
from beffroi.ledger.findings import Finding, FindingKind
from beffroi.ledger.note import NoteError, Verifier, open_note
from beffroi.ledger.tilefiles import read_tile
from beffroi.ledger.tiles import CHECKPOINT, ENTRIES, WIDTH, TileId

PASSING_S: Final = 0.3
"""A file under a passing name (".…") is renamed, and a tile covered by its checkpoint, within this time, unless the
disk hangs."""

_ROUNDS: Final = 5


def strays(root: Path, verifier: Verifier, seen: Collection[str], size: int) -> list[Finding]:
    """What is wrong with the files that a verification of ``size`` entries has not ``seen``, and with links in place of
    those it has.

    A register at work puts tiles before the checkpoint that covers them, and takes replaced ones away after it: only
    what stays is a finding.
    """
    files, links = _files(root)
    suspects, before = dict.fromkeys(files.difference(seen) | links, FindingKind.STRAY_FILE), -1
    for _ in range(_ROUNDS):
        now = max(size, _size_now(root, verifier))
        found = {name: _stray(root, name, now) for name in suspects}
        suspects = {name: kind for name, kind in found.items() if kind is not None}
        if now == before and not any(_passing(name, kind) for name, kind in suspects.items()):
            break
        if not suspects:
            break
        before = now
        time.sleep(PASSING_S)
    return [Finding(kind, name) for name, kind in sorted(suspects.items())]


def _passing(name: str, kind: FindingKind) -> bool:
    """Whether a slow disk may still be about to make it right."""
    return kind is FindingKind.BEYOND_CHECKPOINT or name.rpartition("/")[2].startswith(".")


def _size_now(root: Path, verifier: Verifier) -> int:
    try:
        return open_note((root / CHECKPOINT).read_bytes(), verifier).size
    except (OSError, NoteError):
        return 0


def _stray(root: Path, name: str, size: int) -> FindingKind | None:
    """What is wrong with a file where ``size`` entries are covered now: a name that is no tile's, a tile beyond the
    checkpoint, or an older partial tile that does not repeat what we know."""
    path, tile = root / name, tiles.parse_path(name)
    if not os.path.lexists(path):
        return None
    if tile is None or path.is_symlink() or path.is_dir():
        return FindingKind.STRAY_FILE
    count = size >> (8 * max(tile.level, 0))
    if tile.index * WIDTH + tile.width > count:
        return FindingKind.BEYOND_CHECKPOINT
    return _repeated(root, tile, min(WIDTH, count - tile.index * WIDTH))


def _repeated(root: Path, tile: TileId, width: int) -> FindingKind | None:
    """What is wrong with a tile that a longer one of this width should have replaced."""
    try:
        whole = read_tile(root, TileId(tile.level, tile.index, width))
    except FileNotFoundError:  # of entries that reached their term nothing stays; else it is named where it is verified
        return FindingKind.STRAY_FILE if tile.level == ENTRIES else None
    except (OSError, tiles.BundleError):
        return None  # torn: that is named where it is verified
    try:
        same = whole.startswith((root / tile.path).read_bytes())
    except FileNotFoundError:
        same = True  # gone meanwhile
    except OSError:
        same = False
    return None if same else FindingKind.TILE_ALTERED


def _files(root: Path) -> tuple[set[str], set[str]]:
    """Everything in a folder that is no folder, and folders that cannot be looked into, by relative name; and which of
    them are links."""
    found: set[str] = set()
    links: set[str] = set()

    def closed(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):  # replaced tiles go with their folder
            found.add(Path(error.filename).relative_to(root).as_posix())

    for folder, folders, files in os.walk(root, onerror=closed):
        here = Path(folder)
        links.update(
            (here / name).relative_to(root).as_posix() for name in [*folders, *files] if (here / name).is_symlink()
        )
        found.update((here / name).relative_to(root).as_posix() for name in files)
    return found, links
