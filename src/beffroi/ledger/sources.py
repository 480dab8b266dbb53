"""What the register says that one recorder did: its entries in their order, each tied to the signed root."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from beffroi.ledger import leaf, merkle
from beffroi.ledger.entry import EntryKind, LeafError, Record
from beffroi.ledger.note import Checkpoint, NoteError, Verifier, open_note
from beffroi.ledger.proofs import Prover
from beffroi.ledger.pruning import newest_pruning
from beffroi.ledger.store import LedgerDamagedError
from beffroi.ledger.stretch import Rows, read_bundle
from beffroi.ledger.tiles import CHECKPOINT, WIDTH

_RESTORED = f'"type":"{EntryKind.RESTORED.value}"'.encode()


@dataclass(frozen=True, slots=True)
class Told:
    """An entry that came out of a journal; ``restored`` are set when the entry tells of a restoration instead."""

    record: Record
    restored: bool = False


class SignedRegister:
    """A register as its checkpoint signs it. Nothing that is read is believed before it is tied to the root.

    Raises:
        LedgerDamagedError: the checkpoint is not signed by this key, or the right edge does not give its root.
    """

    def __init__(self, directory: Path, verifier: Verifier) -> None:
        self._directory = directory
        self.verifier = verifier
        try:
            self.head: Checkpoint = open_note((directory / CHECKPOINT).read_bytes(), verifier)
        except (OSError, NoteError) as error:
            raise LedgerDamagedError(f"checkpoint: {error}") from error
        self._rows = Rows(directory, self.head)
        self._prover = Prover(directory, self.head.size)

    def goes_on_from(self, old: Checkpoint) -> bool:
        """Whether this register begins with the older one's entries.

        Raises:
            LedgerDamagedError: a tile is missing.
        """
        if old.size > self.head.size:
            return False
        proof = self._prover.consistency(old.size)
        return merkle.goes_on(old.size, old.root, self.head.size, self.head.root, proof)

    def pruned(self) -> tuple[int, dict[str, int]]:
        """Below which entry all were pruned, and the last number then taken in of each recorder; (0, {}) for none.

        Raises:
            LedgerDamagedError: the entry of the pruning is not the one under the root, or does not hold.
        """
        pruning = newest_pruning(self._directory, self.head.size) if self._lacks(0) else None
        if pruning is None:
            return 0, {}
        self._bundle(pruning.index // WIDTH)
        fault = self._prover.pruning_fault(pruning)
        if fault:
            raise LedgerDamagedError(f"pruning {pruning.index}: {fault}")
        return pruning.to, {str(name): int(seq) for name, seq in pruning.sources.items()}

    def told_by(self, recorder: str, *, first: int = 0) -> Iterator[Told]:
        """The entries of a recorder and those that tell of a restoration, from a number on, oldest first.

        Raises:
            LedgerDamagedError: a bundle is missing, malformed, or not the one under the root.
        """
        mark = f'"recorder":"{recorder}"'.encode()
        for bundle in range(first // WIDTH, -(-self.head.size // WIDTH)):
            for offset, entry in enumerate(self._bundle(bundle)):
                if mark not in entry and _RESTORED not in entry:
                    continue
                try:
                    record = leaf.parse(entry, bundle * WIDTH + offset)
                except LeafError as error:
                    raise LedgerDamagedError(f"entry {bundle * WIDTH + offset}: {error}") from error
                if record.source is not None and record.source.recorder == recorder:
                    yield Told(record)
                elif record.kind is EntryKind.RESTORED:
                    yield Told(record, restored=True)

    def _lacks(self, bundle: int) -> bool:
        try:
            read_bundle(self._directory, self.head, bundle)
        except FileNotFoundError:
            return self.head.size > 0
        except (OSError, ValueError):
            return False
        return False

    def _bundle(self, number: int) -> list[bytes]:
        try:
            entries = read_bundle(self._directory, self.head, number)
        except (OSError, ValueError) as error:
            raise LedgerDamagedError(f"entries {number * WIDTH}…: {error}") from error
        if tuple(merkle.leaf_hash(entry) for entry in entries) != tuple(self._rows.row(0, number)):
            raise LedgerDamagedError(f"entries {number * WIDTH}…: not those under the signed root")
        return entries
