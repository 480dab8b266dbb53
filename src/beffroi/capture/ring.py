"""The last group of pictures of one stream, in memory, for those who watch.

One writer (the stream's thread) never waits for a reader. A reader that falls behind what is still held restarts at the
newest key frame and is told how many frames it lost. Frames are shared, never copied.
"""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar


class Sized(Protocol):
    """What a ring holds."""

    @property
    def key(self) -> bool:
        """Whether a reader may start here."""
        ...

    @property
    def size(self) -> int:
        """Bytes held by this item."""
        ...


T = TypeVar("T", bound=Sized)

CAP_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """What a reader gets: new items in order, and how many were lost before the first of them."""

    items: list[T]
    dropped: int


class Ring(Generic[T]):
    """Items from the last key frame on, and those before it while the byte cap allows."""

    def __init__(self, cap_bytes: int = CAP_BYTES) -> None:
        self._cap = cap_bytes
        self._items: deque[T] = deque()
        self._bytes = 0
        self._first = 0  # sequence number of _items[0]
        self._lock = threading.Lock()

    @property
    def next_sequence(self) -> int:
        """Sequence number of the item that comes next."""
        return self._first + len(self._items)

    def push(self, item: T) -> None:
        """Add one item; what exceeds the cap leaves at the old end."""
        with self._lock:
            self._items.append(item)
            self._bytes += item.size
            while self._bytes > self._cap and len(self._items) > 1:
                self._bytes -= self._items.popleft().size
                self._first += 1

    def clear(self) -> None:
        """Forget everything held (a new run: nothing of the old one may be joined to it)."""
        with self._lock:
            self._first += len(self._items)
            self._items.clear()
            self._bytes = 0

    def trim(self) -> None:
        """Keep the two newest groups of pictures: a reader a few frames late at a key frame loses nothing."""
        with self._lock:
            newest = self._newest_key()
            start = self._newest_key(newest) if newest else None
            for _ in range(start or 0):
                self._bytes -= self._items.popleft().size
                self._first += 1

    def read(self, cursor: int | None) -> tuple[Batch[T], int | None]:
        """Items from a cursor on, and the next cursor. A cursor of None joins at the newest key frame.

        A cursor that is no longer held is moved to the newest key frame; without one, nothing is given yet.
        """
        with self._lock:
            end = self._first + len(self._items)
            if cursor is not None and cursor >= self._first:
                items = [self._items[index] for index in range(cursor - self._first, len(self._items))]
                return Batch(items, 0), end
            start = self._newest_key()
            if start is None:
                return Batch([], 0), cursor
            items = [self._items[index] for index in range(start, len(self._items))]
            lost = 0 if cursor is None else self._first + start - cursor
            return Batch(items, lost), end

    def _newest_key(self, before: int | None = None) -> int | None:
        for index in range((len(self._items) if before is None else before) - 1, -1, -1):
            if self._items[index].key:
                return index
        return None
