"""Index and payloads brought in line with the leaves, and a pruning carried out to its end: after a crash, after the
index was deleted."""

from collections.abc import Iterator

import structlog

from beffroi.ledger import leaf
from beffroi.ledger.entry import EntryKind, LeafError, Record
from beffroi.ledger.index import Index
from beffroi.ledger.payloads import Payloads
from beffroi.ledger.pruning import pruning_of
from beffroi.ledger.store import LedgerDamagedError, TileStore
from beffroi.ledger.tiles import WIDTH

_log = structlog.get_logger(__name__)


def align(store: TileStore, index: Index, payloads: Payloads) -> int:
    """Rebuild what the index lacks, finish a pruning that was cut short, remove payloads that no entry promises.

    Returns the first entry that is kept.

    Raises:
        LedgerDamagedError: entries are missing that no pruning tells of.
    """
    first, end, last = index.span()
    if end == 0 or end > store.size or last != _one(store, end - 1).commitment or first > pruned_to(store, index):
        index.clear()
        first = end = store.oldest() * WIDTH
    while end < store.size:
        bundle = end // WIDTH
        index.add(_some(store.bundle(bundle), bundle * WIDTH, end % WIDTH))
        end = min((bundle + 1) * WIDTH, store.size)
    to = pruned_to(store, index)
    if first > to:
        raise LedgerDamagedError(f"entries {to}–{first - 1} are missing")
    remove_pruned(store, index, payloads, to)
    if payloads.count() > store.size - to:
        removed = payloads.keep_only(index.commitments())
        _log.info("payloads without an entry removed", count=removed)
    return to


def remove_pruned(store: TileStore, index: Index, payloads: Payloads, to: int) -> None:
    """Remove what a pruning entry on disk told: payloads, index, bundles, in this order. Can be done again.

    Raises:
        FsyncFailedError, OSError, sqlite3.Error: the rest is removed the next time.
    """
    if to == 0:
        return
    payloads.drop(index.commitments_before(0, to))
    index.drop_below(to)
    removed = store.drop_bundles(to // WIDTH)
    if removed:
        _log.info("register pruned", below=to, files=removed)


def pruned_to(store: TileStore, index: Index) -> int:
    """Below which entry the newest pruning told that all are gone (0: there was none).

    Raises:
        LedgerDamagedError: its entry cannot be read.
    """
    told = index.last_of_kind(EntryKind.REGISTER_PRUNED)
    try:
        return pruning_of(_one(store, told[0])).to if told else 0
    except LeafError as error:
        raise LedgerDamagedError(f"entry {told[0]}: {error}") from error


def _one(store: TileStore, index: int) -> Record:
    return next(_some([store.entry(index)], index, 0))


def _some(entries: list[bytes], first: int, start: int) -> Iterator[Record]:
    for place in range(start, len(entries)):
        try:
            yield leaf.parse(entries[place], first + place)
        except ValueError as error:
            raise LedgerDamagedError(f"entry {first + place}: {error}") from error
