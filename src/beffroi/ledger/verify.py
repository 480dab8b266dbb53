"""Verify a register from its leaves alone: nothing that the program computed before is believed.

Every leaf is hashed again, every tile computed again and compared byte for byte, every file of the folder accounted
for. Against whoever holds the signing key this proves nothing, unless an older checkpoint, kept elsewhere, is given.
"""

import itertools
from pathlib import Path
from typing import Final

from beffroi.ledger import leaf, merkle, tiles
from beffroi.ledger.entry import EntryKind, LeafError
from beffroi.ledger.findings import Finding, FindingKind, Report
from beffroi.ledger.merkle import CompactRange
from beffroi.ledger.note import Checkpoint, NoteError, Verifier, open_note
from beffroi.ledger.payloads import Payloads
from beffroi.ledger.proofs import Prover
from beffroi.ledger.pruning import Pruning, pruning_of
from beffroi.ledger.strays import strays
from beffroi.ledger.tilefiles import read_tile
from beffroi.ledger.tiles import CHECKPOINT, ENTRIES, MAX_LEVEL, WIDTH, TileId

_LIVE_ROUNDS: Final = 5

_OF_A_PRUNING: Final = frozenset({FindingKind.MISSING, FindingKind.PAYLOAD_MISSING})
"""What a pruning under way looks like to whoever read the checkpoint before it: payloads go first, then bundles."""


def verify(directory: Path, verifier: Verifier, *, older: bytes | None = None, payloads: Path | None = None) -> Report:
    """Verify the register in ``directory``.

    A register at work goes on beneath the reader: what is verified is what the checkpoint read first covers. What
    reaches its term and is removed meanwhile is missing from that one: it then starts again, up to five times.

    Args:
        directory: the register's folder.
        verifier: name and public key of the register.
        older: a signed checkpoint kept elsewhere: finds a rollback and a fork.
        payloads: the file kept beside, to check it too.
    """
    for _ in range(_LIVE_ROUNDS):
        before = _read(directory / CHECKPOINT)
        report = _Verification(directory, verifier, payloads).run(before, older)
        pruned = any(finding.kind in _OF_A_PRUNING for finding in report.findings)
        if not pruned or _read(directory / CHECKPOINT) == before:
            break
    return report


class _Verification:
    def __init__(self, directory: Path, verifier: Verifier, payloads: Path | None) -> None:
        self._root = directory
        self._verifier = verifier
        self._payloads = Payloads(payloads, read_only=True) if payloads and payloads.exists() else None
        self._findings: list[Finding] = []
        self._seen: set[str] = {CHECKPOINT}
        self._rows: list[list[bytes]] = [[] for _ in range(MAX_LEVEL + 1)]
        self._next: list[int] = [0] * (MAX_LEVEL + 1)
        self._range = CompactRange()
        self._held = self._erased = 0
        self._old: Checkpoint | None = None
        self._gone: list[int] = []
        self._prunings: list[Pruning] = []

    def run(self, note: bytes | None, older: bytes | None) -> Report:
        head = self._open(note)
        if older is not None:
            self._open_older(older)
        if head is not None:
            self._leaves(head.size)
            if not self._findings and self._range.root() != head.root:
                self._find(FindingKind.ROOT_MISMATCH)
            self._judge_prunings(head.size)
            self._compare_size(head)
            self._findings += strays(self._root, self._verifier, self._seen, head.size)
        if self._payloads is not None:
            self._payloads.close()
        pruned = len(self._gone) * WIDTH
        read = self._range.size - pruned
        return Report(head, read, len(self._seen), self._held, self._erased, tuple(self._findings), pruned)

    def _find(self, kind: FindingKind, where: object = "", detail: object = "") -> None:
        self._findings.append(Finding(kind, str(where), str(detail)))

    def _open(self, note: bytes | None) -> Checkpoint | None:
        if note is None:
            self._find(FindingKind.CHECKPOINT_MISSING)
            return None
        try:
            return open_note(note, self._verifier)
        except NoteError as error:
            self._find(FindingKind.CHECKPOINT_REFUSED, detail=error)
            return None

    def _open_older(self, older: bytes) -> None:
        try:
            self._old = open_note(older, self._verifier)
        except NoteError as error:
            self._find(FindingKind.OLD_CHECKPOINT_REFUSED, detail=error)

    def _compare_size(self, head: Checkpoint) -> None:
        if self._old is not None and self._old.size > head.size:
            self._find(FindingKind.ROLLBACK, head.size, self._old.size)

    def _leaves(self, size: int) -> None:
        self._compare_old()
        for index in range(-(-size // WIDTH)):
            width = min(WIDTH, size - index * WIDTH)
            tile = TileId(ENTRIES, index, width)
            data = self._file(tile)
            if data is None:
                hashes = self._pruned_row(index) if width == WIDTH else None
                if hashes is None:
                    self._missing(index, width)
                    return  # the rows above cannot be computed without it
                for hashed in hashes:
                    self._hash(hashed)
                continue
            try:
                entries = tiles.decode_bundle(data, width)
            except tiles.BundleError as error:
                self._find(FindingKind.BUNDLE_MALFORMED, tile.path, error)
                return
            self._bundle(index, entries)
        for level in range(MAX_LEVEL + 1):
            if self._rows[level]:
                self._tile(level, len(self._rows[level]))

    def _bundle(self, index: int, entries: list[bytes]) -> None:
        hashes = [merkle.leaf_hash(entry) for entry in entries]
        self._name_changes(index, hashes)
        for offset, (entry, hashed) in enumerate(zip(entries, hashes, strict=True)):
            self._leaf(entry, index * WIDTH + offset)
            self._hash(hashed)

    def _hash(self, hashed: bytes) -> None:
        self._range.append(hashed)
        self._compare_old()
        self._rows[0].append(hashed)
        for level in range(MAX_LEVEL):
            if len(self._rows[level]) < WIDTH:
                break
            self._tile(level, WIDTH)
            self._rows[level + 1].append(merkle.perfect_root(self._rows[level]))
            self._rows[level].clear()
            self._next[level] += 1

    def _pruned_row(self, index: int) -> list[bytes] | None:
        """The hashes of a bundle that is not there: a pruning must tell of it, which is known at the end only."""
        data = self._file(TileId(0, index))
        if data is None or len(data) != WIDTH * tiles.HASH_SIZE:
            return None
        self._gone.append(index)
        self._seen.discard(TileId(ENTRIES, index).path)
        return [data[i : i + 32] for i in range(0, len(data), 32)]

    def _missing(self, index: int, width: int = WIDTH) -> None:
        tile = TileId(ENTRIES, index, width)
        self._find(FindingKind.MISSING, tile.path, f"{index * WIDTH}–{index * WIDTH + width - 1}")

    def _judge_prunings(self, size: int) -> None:
        """Bundles may lack below the newest pruning only; each pruning must go on from the one before it, and hold."""
        to = max((pruning.to for pruning in self._prunings), default=0)
        # a pruning under way, or cut: the names of its entries go before the entries do
        self._findings = [one for one in self._findings if not _is_payload_below(one, to)]
        for index in self._gone:
            if (index + 1) * WIDTH > to:
                self._missing(index)
        for before, after in itertools.pairwise(self._prunings):
            if after.first != before.to:
                self._find(FindingKind.PRUNING_REFUSED, after.index, f"{after.first} ≠ {before.to}")
        prover, gone = Prover(self._root, size), set(self._gone)
        for pruning in self._prunings if not self._findings else ():
            # Where the entry that an older pruning kept is gone itself, the newer one answers for all before it.
            kept = pruning.to // WIDTH not in gone
            root = prover.root(pruning.to) == pruning.root
            if fault := prover.pruning_fault(pruning) if kept else "" if root else "root":
                self._find(FindingKind.PRUNING_REFUSED, pruning.index, fault)

    def _leaf(self, entry: bytes, index: int) -> None:
        try:
            record = leaf.parse(entry, index)
        except LeafError as error:
            self._find(FindingKind.LEAF_REFUSED, index, error)
            return
        if record.kind is EntryKind.REGISTER_PRUNED:
            try:
                self._prunings.append(pruning_of(record))
            except LeafError as error:
                self._find(FindingKind.PRUNING_REFUSED, index, error)
        if self._payloads is None:
            return
        state = self._payloads.state(record.commitment)
        self._held += state == "held"
        self._erased += state == "erased"
        if state == "altered":
            self._find(FindingKind.PAYLOAD_ALTERED, index)
        elif state == "missing":
            self._find(FindingKind.PAYLOAD_MISSING, index)

    def _name_changes(self, index: int, hashes: list[bytes]) -> None:
        """Where the hash tile disagrees with its entries, say which entry: moved, or changed."""
        data = self._file(TileId(0, index, len(hashes)))
        if data is None or len(data) != len(hashes) * tiles.HASH_SIZE:
            return  # `_tile` says so
        kept = [data[i : i + 32] for i in range(0, len(data), 32)]
        for offset, (computed, written) in enumerate(zip(hashes, kept, strict=True)):
            if computed == written:
                continue
            if computed in kept:
                moved = index * WIDTH + kept.index(computed)
                self._find(FindingKind.ENTRIES_REORDERED, index * WIDTH + offset, moved)
            else:
                self._find(FindingKind.ENTRY_EDITED, index * WIDTH + offset)

    def _tile(self, level: int, width: int) -> None:
        tile = TileId(level, self._next[level], width)
        data = self._file(tile)
        if data is None:
            self._find(FindingKind.MISSING, tile.path, "–")
        elif data != b"".join(self._rows[level]):
            self._find(FindingKind.TILE_ALTERED, tile.path)

    def _compare_old(self) -> None:
        old = self._old
        if old is not None and old.size == self._range.size and old.root != self._range.root():
            self._find(FindingKind.FORK, old.size)

    def _file(self, tile: TileId) -> bytes | None:
        self._seen.add(tile.path)
        return _tile(self._root, tile)


def _is_payload_below(finding: Finding, to: int) -> bool:
    return finding.kind is FindingKind.PAYLOAD_MISSING and int(finding.where) < to


def _tile(root: Path, tile: TileId) -> bytes | None:
    try:
        return read_tile(root, tile)
    except (OSError, tiles.BundleError):
        return None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
