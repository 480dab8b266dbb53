"""Verify a stretch of a register (a day) without reading the rest: its entries, and their place under the signed root.

Nothing read is believed before it is tied to the checkpoint: the right edge must give the signed root; each whole tile
must give its hash in the tile above, up to that edge; each entry of the stretch must give its hash. What lies outside
the stretch is covered by hashes only: `verify` reads everything.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from beffroi.ledger import leaf, merkle, tiles
from beffroi.ledger.entry import EntryKind, LeafError
from beffroi.ledger.findings import Finding, FindingKind, Report
from beffroi.ledger.note import Checkpoint, NoteError, Verifier, open_note
from beffroi.ledger.proofs import Prover
from beffroi.ledger.pruning import newest_pruning, pruning_of
from beffroi.ledger.store import LedgerDamagedError, load_edge
from beffroi.ledger.tilefiles import read_tile
from beffroi.ledger.tiles import CHECKPOINT, ENTRIES, WIDTH, TileId


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which entries to read: by number (the last one excluded), or by the time at which they were written (µs)."""

    first: int = 0
    end: int | None = None
    from_us: int | None = None
    to_us: int | None = None


def verify_stretch(directory: Path, verifier: Verifier, asked: Stretch, *, older: bytes | None = None) -> Report:
    """Verify part of the register in ``directory``, by whole bundles of 256 entries.

    Args:
        directory: the register's folder.
        verifier: name and public key of the register.
        asked: the stretch.
        older: a signed checkpoint kept elsewhere: finds a rollback and a fork.
    """
    findings: list[Finding] = []
    try:
        head = open_note((directory / CHECKPOINT).read_bytes(), verifier)
    except OSError:
        return _report(None, 0, 0, [Finding(FindingKind.CHECKPOINT_MISSING)])
    except NoteError as error:
        return _report(None, 0, 0, [Finding(FindingKind.CHECKPOINT_REFUSED, detail=str(error))])
    try:
        rows = Rows(directory, head)
    except LedgerDamagedError as error:
        return _report(head, 0, 0, [Finding(FindingKind.ROOT_MISMATCH, detail=error.text.en)])
    if older is not None:
        findings += _compare(directory, verifier, head, older)
    entries = files = pruned = 0
    to: int | None = None
    for bundle in _bundles(directory, head, asked):
        found, count = _check_bundle(directory, head, rows, bundle)
        if found and found[0].kind is FindingKind.MISSING:
            to = _pruned_to(directory, head, rows, findings) if to is None else to
            if (bundle + 1) * WIDTH <= to:
                pruned += WIDTH
                continue
        files += 1
        findings += found
        entries += count
    return Report(head, entries, files, 0, 0, tuple(findings), pruned)


def _pruned_to(directory: Path, head: Checkpoint, rows: "Rows", findings: list[Finding]) -> int:
    """Below which entry a pruning that holds lets bundles lack: its own entry, and the first that it kept, are tied to
    the signed root before they are believed."""
    pruning = newest_pruning(directory, head.size)
    if pruning is None:
        return 0
    found = [_check_bundle(directory, head, rows, at // WIDTH)[0] for at in (pruning.index, pruning.to)]
    findings += (one for some in found for one in some)
    if any(found):
        return 0
    fault = Prover(directory, head.size).pruning_fault(pruning)
    if fault:
        findings.append(Finding(FindingKind.PRUNING_REFUSED, str(pruning.index), fault))
    return 0 if fault else pruning.to


class Rows:
    """Rows of hashes, each tied to the signed root before it is given."""

    def __init__(self, directory: Path, head: Checkpoint) -> None:
        self._root = directory
        self._edge = load_edge(directory, head, moving=True)
        self._size = head.size
        self.row = lru_cache(maxsize=64)(self._row)

    def _row(self, level: int, index: int) -> tuple[bytes, ...]:
        """The hashes of a tile.

        Raises:
            LedgerDamagedError: it is missing, or is not the one under the root.
        """
        if index == (self._size >> (8 * level)) // WIDTH:
            return self._edge.levels[level]
        tile = TileId(level, index)
        data = Prover(self._root, self._size).tile(tile)
        row = tuple(data[at : at + 32] for at in range(0, len(data), 32))
        if len(row) != WIDTH or merkle.perfect_root(row) != self.row(level + 1, index // WIDTH)[index % WIDTH]:
            raise LedgerDamagedError(tile.path)
        return row


def _bundles(directory: Path, head: Checkpoint, asked: Stretch) -> range:
    last = -(-head.size // WIDTH)
    if asked.from_us is not None or asked.to_us is not None:
        first = _search(directory, head, asked.from_us or 0)
        end = last if asked.to_us is None else _search(directory, head, asked.to_us) + 1
        # Times are given as entries are handed in, order as they are written: a bundle more on each side.
        return range(max(0, first - 2), min(last, end + 1))
    end = head.size if asked.end is None else min(asked.end, head.size)
    return range(max(0, asked.first) // WIDTH, -(-end // WIDTH))


def _search(directory: Path, head: Checkpoint, time_us: int) -> int:
    """The first bundle whose first entry was written at this time or later. A lie there only moves the stretch; the
    entries read are tied to the root all the same."""
    low, high = 0, -(-head.size // WIDTH)
    while low < high:
        middle = (low + high) // 2
        if _first_time_us(directory, head, middle) < time_us:
            low = middle + 1
        else:
            high = middle
    return low


def _first_time_us(directory: Path, head: Checkpoint, bundle: int) -> int:
    try:
        return leaf.parse(read_bundle(directory, head, bundle)[0], bundle * WIDTH).time_us
    except (OSError, ValueError):
        return 0  # the stretch grows towards the damage, which is then named


def read_bundle(directory: Path, head: Checkpoint, bundle: int) -> list[bytes]:
    """The entries of a bundle as they are on disk, tied to nothing.

    Raises:
        OSError: it is not there. BundleError: it is malformed.
    """
    tile = TileId(ENTRIES, bundle, min(WIDTH, head.size - bundle * WIDTH))
    return tiles.decode_bundle(read_tile(directory, tile), tile.width)


def _check_bundle(directory: Path, head: Checkpoint, rows: Rows, bundle: int) -> tuple[list[Finding], int]:
    tile = TileId(ENTRIES, bundle, min(WIDTH, head.size - bundle * WIDTH))
    first = bundle * WIDTH
    try:
        entries = read_bundle(directory, head, bundle)
    except OSError:
        return [Finding(FindingKind.MISSING, tile.path, f"{first}–{first + tile.width - 1}")], 0
    except tiles.BundleError as error:
        return [Finding(FindingKind.BUNDLE_MALFORMED, tile.path, str(error))], 0
    findings: list[Finding] = []
    for offset, entry in enumerate(entries):
        try:
            record = leaf.parse(entry, first + offset)
        except LeafError as error:
            findings.append(Finding(FindingKind.LEAF_REFUSED, str(first + offset), str(error)))
            continue
        if record.kind is EntryKind.REGISTER_PRUNED:
            try:
                pruning_of(record)
            except LeafError as error:
                findings.append(Finding(FindingKind.PRUNING_REFUSED, str(record.index), str(error)))
    hashes = tuple(merkle.leaf_hash(entry) for entry in entries)
    try:
        known = rows.row(0, bundle)
    except LedgerDamagedError:
        return [*findings, *_by_root(rows, bundle, hashes, tile)], len(entries)
    changed = [place for place, (ours, theirs) in enumerate(zip(hashes, known, strict=True)) if ours != theirs]
    for place in changed:
        if hashes[place] in known:
            moved = str(first + known.index(hashes[place]))
            findings.append(Finding(FindingKind.ENTRIES_REORDERED, str(first + place), moved))
        else:
            findings.append(Finding(FindingKind.ENTRY_EDITED, str(first + place)))
    return findings, len(entries)


def _by_root(rows: Rows, bundle: int, hashes: tuple[bytes, ...], tile: TileId) -> list[Finding]:
    """The row of hashes is damaged: judge the entries by the row above, and name the damaged file."""
    found = [Finding(FindingKind.TILE_ALTERED, TileId(0, bundle, tile.width).path)]
    try:
        above = rows.row(1, bundle // WIDTH)[bundle % WIDTH]
    except LedgerDamagedError:
        return [*found, Finding(FindingKind.TILE_ALTERED, TileId(1, bundle // WIDTH).path)]
    if merkle.perfect_root(hashes) != above:
        found.append(Finding(FindingKind.ROOT_MISMATCH))
    return found


def _compare(directory: Path, verifier: Verifier, head: Checkpoint, older: bytes) -> list[Finding]:
    try:
        old = open_note(older, verifier)
    except NoteError as error:
        return [Finding(FindingKind.OLD_CHECKPOINT_REFUSED, detail=str(error))]
    if old.size > head.size:
        return [Finding(FindingKind.ROLLBACK, str(head.size), str(old.size))]
    try:
        proof = Prover(directory, head.size).consistency(old.size)
    except LedgerDamagedError as error:
        return [Finding(FindingKind.TILE_ALTERED, error.text.en)]
    if not merkle.goes_on(old.size, old.root, head.size, head.root, proof):
        return [Finding(FindingKind.FORK, str(old.size))]
    return []


def _report(head: Checkpoint | None, entries: int, files: int, findings: list[Finding]) -> Report:
    return Report(head, entries, files, 0, 0, tuple(findings))
