"""ISO BMFF boxes (ISO/IEC 14496-12 §4.2): writing them, and walking bytes that nobody vouches for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from beffroi.media.errors import MalformedMediaError


class Bytes(Protocol):
    """Anything that gives bytes when sliced: bytes, memoryview, mmap."""

    def __getitem__(self, at: slice, /) -> "bytes | memoryview":
        """A slice; short when the end is passed."""
        ...

    def __len__(self) -> int:
        """Number of bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Box:
    """Where one box lies: ``start`` of its header, ``body`` of its content, ``end`` after it; offsets in bytes."""

    kind: bytes
    start: int
    body: int
    end: int


def box(kind: bytes, *parts: bytes) -> bytes:
    """One box with a 32-bit size.

    Raises:
        ValueError: the content passes 4 GiB, or the kind is not four bytes.
    """
    size = 8 + sum(map(len, parts))
    if size >= 1 << 32 or len(kind) != 4:
        raise ValueError("a box needs four letters and fewer than 4 GiB")
    return b"".join((size.to_bytes(4, "big"), kind, *parts))


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A box with version and flags (§4.2.2)."""
    return box(kind, (version << 24 | flags).to_bytes(4, "big"), *parts)


def walk(data: Bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes from ``start`` to ``end``, one after the other, without going into them.

    Size 1 means a 64-bit size and size 0 "to the end" (§4.2.2), which is accepted for ``mdat`` alone.

    Raises:
        MalformedMediaError: when a header is cut, a size is smaller than its header or passes the end, or a kind is
            not printable. Everything yielded before was whole.
    """
    end = len(data) if end is None else end
    while start < end:
        head = bytes(data[start : min(start + 16, end)])
        if len(head) < 8:
            raise MalformedMediaError(f"box header cut at {start}")
        size, kind, header = int.from_bytes(head[:4], "big"), head[4:8], 8
        if not all(0x20 <= letter < 0x7F or letter == 0xA9 for letter in kind):
            raise MalformedMediaError(f"no box at {start}")
        if size == 1:
            if len(head) < 16:
                raise MalformedMediaError(f"box header cut at {start}")
            size, header = int.from_bytes(head[8:16], "big"), 16
        elif size == 0:
            if kind != b"mdat":
                raise MalformedMediaError(f"endless box at {start}")
            size = end - start
        if size < header or size > end - start:
            raise MalformedMediaError(f"box size at {start}")
        yield Box(kind, start, start + header, start + size)
        start += size


def find(data: Bytes, path: Sequence[bytes], start: int = 0, end: int | None = None) -> Box | None:
    """The first box at this path of plain containers, or None.

    Raises:
        MalformedMediaError: see `walk`.
    """
    found: Box | None = None
    for kind in path:
        found = next((item for item in walk(data, start, end) if item.kind == kind), None)
        if found is None:
            return None
        start, end = found.body, found.end
    return found
