"""What can be asked of an open register: entries by number, person, camera, view, kind; what is kept beside them."""

from collections.abc import Callable, Collection
from typing import Any

from beffroi.domain.ids import CameraId, PersonId, ViewId
from beffroi.domain.ranges import WallRange
from beffroi.ledger import leaf
from beffroi.ledger.choosing import Choice, chosen
from beffroi.ledger.entry import EntryKind, Record, Source
from beffroi.ledger.index import Index
from beffroi.ledger.payloads import Payloads
from beffroi.ledger.pruning import PrunedEntryError
from beffroi.ledger.store import LedgerDamagedError, TileStore


class Readings:
    """The reading half of `beffroi.ledger.ledger.Ledger`. Thread-safe."""

    _store: TileStore
    _index: Index
    _payloads: Payloads
    _first: int = 0

    @property
    def first(self) -> int:
        """The first entry that is still kept: those below it were pruned at their term."""
        return self._first

    def record(self, index: int) -> Record:
        """The entry at ``index``.

        Raises:
            IndexError: there is no such entry.
            PrunedEntryError: it reached its term.
            LedgerDamagedError: its bundle is missing or malformed.
        """
        if 0 <= index < self._first:
            raise PrunedEntryError(index)
        data = self._store.entry(index)
        try:
            return leaf.parse(data, index)
        except ValueError as error:
            raise LedgerDamagedError(f"entry {index}: {error}") from error

    def payload(self, index: int) -> dict[str, Any] | None:
        """What was kept beside entry ``index``, or None when it was erased.

        Raises:
            LedgerDamagedError: it is missing or is not what the entry promises.
        """
        try:
            return self._payloads.read(self.record(index).commitment)
        except (KeyError, ValueError) as error:
            raise LedgerDamagedError(f"payload of entry {index}") from error

    def own_entries(self, person: PersonId, *, before: int | None = None, limit: int = 50) -> list[Record]:
        """A person's own entries, newest first, below index ``before``."""
        actor = self._payloads.pseudonym(person)
        if actor is None:
            return []
        return [self.record(index) for index in self._index.of_actor(actor, before=before, limit=limit)]

    def own_numbered(self, person: PersonId, *, before: int | None = None, limit: int = 50) -> list[tuple[int, Record]]:
        """As `own_entries`, each with its rank among the person's own (the first: 1), which tells nothing of others."""
        actor = self._payloads.pseudonym(person)
        if actor is None:
            return []
        ranked = self._index.numbered_of_actor(actor, before=before, limit=limit)
        return [(rank, self.record(index)) for rank, index in ranked]

    def entries_between(self, span: WallRange, *, camera: CameraId | None = None, limit: int = 1000) -> list[Record]:
        """Entries that happened in a wall range (a day), about one camera or any, oldest first."""
        return [self.record(i) for i in self._index.of_camera(camera, span.from_us, span.to_us, limit)]

    def chosen(self, choice: Choice, wanted: Callable[[Record], bool] | None = None) -> list[Record]:
        """Entries by kind, period and place, oldest first; with ``wanted``, those alone for which it is true."""
        return chosen(self._index, self._store, choice, wanted)

    def entries_of_view(self, view: ViewId) -> list[Record]:
        """Opening, cut and end of one view."""
        return [self.record(index) for index in self._index.of_view(view)]

    def to_review(self, cameras: Collection[CameraId], *, limit: int = 500) -> list[Record]:
        """Acts before these cameras, marked for a review (detail ``review``) that nobody has done yet, oldest first."""
        return [self.record(index) for index in self._index.to_review(cameras, limit=limit)]

    def last_seq(self, recorder: str) -> int | None:
        """The highest number of a recorder's journal already taken in."""
        return self._index.last_seq(recorder)

    def chain_of(self, recorder: str) -> str | None:
        """The hash of a recorder's journal up to the highest number taken in, when that entry tells it."""
        last = self._index.last_seq(recorder)
        index = None if last is None else self._index.of_source(Source(recorder, last))
        if index is None or index < self._first:
            return None
        source = self.record(index).source
        return source.chain if source is not None and source.seq == last else None

    def of_register(self, kind: EntryKind, *, limit: int = 1) -> list[Record]:
        """The newest entries that the register makes of itself (its term, its prunings), newest first."""
        return [self.record(index) for index in self._index.last_of_kind(kind, limit=limit)]
