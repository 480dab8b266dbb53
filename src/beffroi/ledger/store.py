"""The register's files: stage new tiles, make them durable, publish the checkpoint, repair a torn tail on opening.

What is acknowledged is what the checkpoint on disk covers. Tiles go first, the checkpoint last, superseded partial
tiles are removed only after it: at every instant of a crash the checkpoint finds all its tiles.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from beffroi.base.files import FsyncFailedError
from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text
from beffroi.ledger import merkle, tiles
from beffroi.ledger.merkle import CompactRange
from beffroi.ledger.note import Checkpoint, NoteError, Verifier, open_note
from beffroi.ledger.tilefiles import read_tile
from beffroi.ledger.tiles import CHECKPOINT, ENTRIES, MAX_LEVEL, WIDTH, TileId

Fsync = Callable[[int, Path], None]


class LedgerDamagedError(BrokenError):
    """The register on disk is not whole: it is not opened, so that nothing is built upon it."""

    def __init__(self, why: str) -> None:
        super().__init__(
            Text(
                fr=f"Le registre est abîmé ({why}) : aucune vue ne peut s'ouvrir. Lancez « beffroi ledger verify », "
                "gardez les fichiers tels quels et prévenez le délégué à la protection des données.",
                en=f"The register is damaged ({why}): no view can be opened. Run “beffroi ledger verify”, keep the "
                "files as they are and tell the data protection officer.",
            )
        )


@dataclass(frozen=True, slots=True)
class Edge:
    """The growing side of the tree. Never changed in place: an append makes the next one."""

    bundle: tuple[bytes, ...]
    levels: tuple[tuple[bytes, ...], ...]
    range: CompactRange


@dataclass(frozen=True, slots=True)
class Staged:
    """New tiles under temporary names, already on disk; nothing refers to them yet."""

    edge: Edge
    renames: tuple[tuple[Path, Path], ...]
    folders: frozenset[Path]

    def head(self, origin: str) -> Checkpoint:
        """The head that publishing will give."""
        return Checkpoint(origin, self.edge.range.size, self.edge.range.root())


class TileStore:
    """One writer. `Ledger` holds the lock on the folder and calls from one thread."""

    def __init__(self, root: Path, edge: Edge, fsync: Fsync) -> None:
        self.root = root
        self._edge = edge
        self._fsync = fsync

    @property
    def size(self) -> int:
        """How many entries are published."""
        return self._edge.range.size

    def head(self, origin: str) -> Checkpoint:
        """The published head."""
        return Checkpoint(origin, self.size, self._edge.range.root())

    @classmethod
    def create(cls, root: Path, fsync: Fsync) -> "TileStore":
        """An empty store in an existing folder without a checkpoint: the caller publishes one. What a crash of the same
        first step left there is removed."""
        for path in _leftovers(root, 0):
            path.unlink()
        return cls(root, Edge((), ((),) * (MAX_LEVEL + 1), CompactRange()), fsync)

    @classmethod
    def open(cls, root: Path, verifier: Verifier, fsync: Fsync) -> "TileStore":
        """Open what the checkpoint covers and remove what a crash left beyond it.

        Raises:
            LedgerDamagedError: the checkpoint is not ours, or its right edge is missing or does not give its root.
        """
        try:
            head = open_note((root / CHECKPOINT).read_bytes(), verifier)
        except (OSError, NoteError) as error:
            raise LedgerDamagedError(f"checkpoint: {error}") from error
        store = cls(root, load_edge(root, head), fsync)
        for path in _leftovers(root, head.size):
            path.unlink()
        return store

    def entry(self, index: int) -> bytes:
        """The leaf bytes at ``index``.

        Raises:
            IndexError: outside the published tree.
            LedgerDamagedError: its bundle is missing or malformed.
        """
        edge = self._edge
        if not 0 <= index < edge.range.size:
            raise IndexError(index)
        bundle = index // WIDTH
        if bundle == edge.range.size // WIDTH:
            return edge.bundle[index % WIDTH]
        return self.bundle(bundle)[index % WIDTH]

    def bundle(self, index: int) -> list[bytes]:
        """The entries of bundle ``index`` (whole, or the growing one)."""
        edge = self._edge
        if index == edge.range.size // WIDTH:
            return list(edge.bundle)
        tile = TileId(ENTRIES, index)
        try:
            return tiles.decode_bundle((self.root / tile.path).read_bytes(), WIDTH)
        except (OSError, tiles.BundleError) as error:
            raise LedgerDamagedError(f"{tile.path}: {error}") from error

    def oldest(self) -> int:
        """The first bundle from which none is missing up to the last."""
        bundle = self.size // WIDTH
        while bundle and (self.root / TileId(ENTRIES, bundle - 1).path).exists():
            bundle -= 1
        return bundle

    def drop_bundles(self, below: int) -> int:
        """Remove the entry bundles below a number, their hashes stay; how many files. Durable on return.

        Raises:
            FsyncFailedError, OSError: some may be left; the next call removes them.
        """
        removed, folders = 0, set()
        # Not `rglob`: it fails when an append beside it takes away the folder of the bundle that it has filled.
        walk = os.walk(self.root / "tile" / "entries", onerror=_unless_gone)
        for path in sorted(Path(folder, name) for folder, _, names in walk for name in names):
            tile = tiles.parse_path(path.relative_to(self.root).as_posix())
            if tile is not None and tile.index < below:
                path.unlink(missing_ok=True)
                folders.add(path.parent)
                removed += 1
        for folder in folders:
            self._fsync_folder(folder)
        return removed

    def stage(self, leaves: list[bytes]) -> Staged:
        """Write the tiles that these leaves complete or lengthen, under temporary names, and force them to disk.

        Raises:
            OSError: nothing is changed; the caller may go on (a full disk, for instance).
            FsyncFailedError: the caller must not go on.
        """
        edge, contents = _grow(self._edge, leaves)
        renames: list[tuple[Path, Path]] = []
        folders: set[Path] = set()
        try:
            for tile, data in contents.items():
                path = self.root / tile.path
                folders |= self._make(path.parent)
                renames.append((self._write(path, data), path))
        except OSError:
            for temporary, _ in renames:
                temporary.unlink(missing_ok=True)
            raise
        return Staged(edge, tuple(renames), frozenset(folders))

    def place(self, staged: Staged) -> None:
        """Give the tiles their names; durable on return. The checkpoint on disk does not cover them yet.

        Raises:
            FsyncFailedError, OSError: the caller must not go on: what is on disk is not known.
        """
        for temporary, path in staged.renames:
            temporary.replace(path)
        for folder in sorted(staged.folders, key=lambda item: len(item.parts), reverse=True):
            self._fsync_folder(folder)

    def withdraw(self, staged: Staged) -> None:
        """Remove tiles that were placed and will not be published."""
        for _, path in staged.renames:
            path.unlink(missing_ok=True)

    def publish(self, staged: Staged, note: bytes) -> None:
        """Write the checkpoint that covers the tiles placed; durable on return.

        Raises:
            FsyncFailedError, OSError: the caller must not go on: what is on disk is not known.
        """
        checkpoint = self.root / CHECKPOINT
        self._write(checkpoint, note).replace(checkpoint)
        self._fsync_folder(self.root)
        old, self._edge = self._edge, staged.edge
        self._drop_superseded(old.range.size)

    def _make(self, folder: Path) -> set[Path]:
        """Create a folder; returns it and the parents whose entries changed."""
        touched = {folder}
        missing = folder
        while not missing.exists():
            missing = missing.parent
            touched.add(missing)
        folder.mkdir(parents=True, exist_ok=True)
        return touched

    def _write(self, path: Path, data: bytes) -> Path:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            self._sync(fd, path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)
        return temporary

    def _fsync_folder(self, folder: Path) -> None:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._sync(fd, folder)
        finally:
            os.close(fd)

    def _sync(self, fd: int, path: Path) -> None:
        try:
            self._fsync(fd, path)
        except OSError as error:
            raise FsyncFailedError(path) from error

    def _drop_superseded(self, old_size: int) -> None:
        kept = set(tiles.edge_of(self.size).values())
        for tile in tiles.edge_of(old_size).values():
            if tile not in kept:
                path = self.root / tile.path
                path.unlink(missing_ok=True)
                if not any(path.parent.iterdir()):
                    path.parent.rmdir()


def _grow(edge: Edge, leaves: list[bytes]) -> tuple[Edge, dict[TileId, bytes]]:
    bundle, levels, head = list(edge.bundle), [list(level) for level in edge.levels], edge.range.copy()
    contents: dict[TileId, bytes] = {}
    touched: set[int] = set()
    for leaf in leaves:
        hashed = merkle.leaf_hash(leaf)
        bundle.append(leaf)
        levels[0].append(hashed)
        touched.add(0)
        head.append(hashed)
        if head.size % WIDTH == 0:
            contents[TileId(ENTRIES, head.size // WIDTH - 1)] = tiles.encode_bundle(bundle)
            bundle.clear()
        for level in range(MAX_LEVEL):
            if len(levels[level]) < WIDTH:
                break
            contents[TileId(level, (head.size >> (8 * (level + 1))) - 1)] = b"".join(levels[level])
            levels[level + 1].append(merkle.perfect_root(levels[level]))
            touched.add(level + 1)
            levels[level].clear()
    if bundle:
        contents[TileId(ENTRIES, head.size // WIDTH, len(bundle))] = tiles.encode_bundle(bundle)
    for level in touched:
        if levels[level]:
            index = head.size >> (8 * (level + 1))
            contents[TileId(level, index, len(levels[level]))] = b"".join(levels[level])
    return Edge(tuple(bundle), tuple(tuple(level) for level in levels), head), contents


def load_edge(root: Path, head: Checkpoint, *, moving: bool = False) -> Edge:
    """The growing side of the tree, tied to its root. ``moving``: for a reader beside the writer, who may have gone on.

    Raises:
        LedgerDamagedError: a file of it is missing, or it does not give the root.
    """
    read = read_tile if moving else _exactly
    edge = tiles.edge_of(head.size)
    levels: list[tuple[bytes, ...]] = []
    peaks: list[bytes] = []
    try:
        for level in range(MAX_LEVEL + 1):
            tile = edge.get(level)
            data = read(root, tile) if tile else b""
            if tile and len(data) != tile.width * tiles.HASH_SIZE:
                raise LedgerDamagedError(f"{tile.path}: length")
            levels.append(tuple(data[i : i + 32] for i in range(0, len(data), 32)))
        last = edge.get(ENTRIES)
        bundle = tiles.decode_bundle(read(root, last), last.width) if last else []
    except (OSError, tiles.BundleError) as error:
        raise LedgerDamagedError(str(error)) from error
    for row in reversed(levels):
        at = 0
        for bit in reversed(range(8)):
            if len(row) >> bit & 1:
                peaks.append(merkle.perfect_root(row[at : at + (1 << bit)]))
                at += 1 << bit
    compact = CompactRange(head.size, peaks)
    if compact.root() != head.root:
        raise LedgerDamagedError("the tiles do not give the root of the checkpoint")
    if tuple(merkle.leaf_hash(leaf) for leaf in bundle) != levels[0]:
        raise LedgerDamagedError("the last entries are not those of the tiles")
    return Edge(tuple(bundle), tuple(levels), compact)


def is_fresh(root: Path) -> bool:
    """Whether there is no register in a folder yet.

    Raises:
        LedgerDamagedError: there are tiles, and no checkpoint.
    """
    fresh = not (root / CHECKPOINT).exists()
    if fresh and (root / "tile").exists():
        raise LedgerDamagedError("the checkpoint is missing")
    return fresh


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _exactly(root: Path, tile: TileId) -> bytes:
    return (root / tile.path).read_bytes()


def _leftovers(root: Path, size: int) -> Iterator[Path]:
    """Files of an append that a crash cut: temporary names, tiles beyond the checkpoint, superseded partial tiles."""
    edge = set(tiles.edge_of(size).values())
    for path in sorted((root / "tile").rglob("*")) + sorted(root.glob(".checkpoint.*")):
        if path.is_dir():
            continue
        if path.name.startswith("."):
            yield path
            continue
        tile = tiles.parse_path(path.relative_to(root).as_posix())
        if tile is None:
            continue  # not ours: left in place, `verify` names it
        whole = tile.width == WIDTH
        count = size >> (8 * max(tile.level, 0))
        if (whole and (tile.index + 1) * WIDTH > count) or (not whole and tile not in edge):
            yield path
