"""A copy of the register while the centre writes it: what one checkpoint covers, no more, no less.

Tiles are never altered, only replaced by longer ones: hard links to whole tiles cost nothing and hold still; the
partial ones at the growing edge are copied, cut to what the checkpoint covers when the writer was faster.
"""

import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from beffroi.backup.errors import BackupFailedError
from beffroi.base.files import fsync_fd
from beffroi.ledger import tiles
from beffroi.ledger.note import NoteError, parse_verifier
from beffroi.ledger.note import open_note as open_checkpoint
from beffroi.ledger.tilefiles import read_tile
from beffroi.ledger.tiles import CHECKPOINT, WIDTH, TileId
from beffroi.ledger.verify import verify
from beffroi.vault.signed import b64

PAYLOADS: Final = "payloads.sqlite"
VERIFIER: Final = "ledger.vkey"
_TRIES: Final = 3


def copy_register(centre: Path, into: Path) -> dict[str, Any]:
    """Make ``into`` a register of its own, verified; returns what the manifest keeps of it.

    Args:
        centre: the centre's folder; a running centre goes on writing.
        into: a new folder on the same disk.

    Raises:
        BackupFailedError: the register does not verify.
    """
    ledger = centre / "ledger"
    for left in reversed(range(_TRIES)):
        try:
            verifier = parse_verifier((centre / VERIFIER).read_text())
            note = (ledger / CHECKPOINT).read_bytes()
            size = open_checkpoint(note, verifier).size
            _copy_edge(ledger, into / "ledger", size)
            _link_whole(ledger, into / "ledger", size)
            (into / "ledger" / CHECKPOINT).write_bytes(note)
            _copy_payloads(centre / PAYLOADS, into / PAYLOADS)
        except (OSError, NoteError, tiles.BundleError, sqlite3.Error) as error:
            raise BackupFailedError("le registre est illisible", "the register cannot be read") from error
        report = verify(into / "ledger", verifier, payloads=into / PAYLOADS)
        if report.clean:
            return {"checkpoint": b64(note), "size": size}
        if not left or (ledger / CHECKPOINT).read_bytes() == note:
            break
        discard(into)  # what reached its term was removed meanwhile: begin again
        into.mkdir(mode=0o700)
    first = report.findings[0]
    raise BackupFailedError(
        f"le registre est abîmé ({first.kind.value} {first.where}) ; lancez « beffroi ledger verify »",
        f"the register is damaged ({first.kind.value} {first.where}); run `beffroi ledger verify`",
    )


def discard(into: Path) -> None:
    """Remove such a copy; the names that its payloads held are overwritten first, since they can be erased at home."""
    for path in into.glob(f"{PAYLOADS}*"):
        with path.open("r+b") as file:
            left = path.stat().st_size
            while left > 0:
                left -= file.write(bytes(min(left, 1 << 20)))
            fsync_fd(file.fileno(), path)
    shutil.rmtree(into, ignore_errors=True)


def _copy_edge(ledger: Path, into: Path, size: int) -> None:
    for tile in tiles.edge_of(size).values():
        target = into / tile.path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target.write_bytes(read_tile(ledger, tile))


def _link_whole(ledger: Path, into: Path, size: int) -> None:
    for index in range(size // WIDTH):
        with suppress(FileNotFoundError):  # `verify` tells a bundle that was pruned from one that is lost
            _link(ledger, into, TileId(tiles.ENTRIES, index, WIDTH))
    for level in range(tiles.MAX_LEVEL + 1):
        for index in range(size >> (8 * (level + 1))):
            _link(ledger, into, TileId(level, index, WIDTH))


def _link(ledger: Path, into: Path, tile: TileId) -> None:
    target = into / tile.path
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target.hardlink_to(ledger / tile.path)


def _copy_payloads(source: Path, target: Path) -> None:
    """SQLite's own online copy: one snapshot, taken after the checkpoint, so that no promised payload is missing."""
    reading = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
    writing = sqlite3.connect(target)
    try:
        target.chmod(0o600)
        reading.backup(writing)
        writing.execute("PRAGMA journal_mode=DELETE")
    finally:
        writing.close()
        reading.close()
