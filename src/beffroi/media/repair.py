"""How much of a torn file is whole. A raw fragmented MP4 cut inside a `moof` does not open at all: cut it shorter."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from beffroi.media.boxes import Box, Bytes, walk
from beffroi.media.errors import MalformedMediaError
from beffroi.media.nal import Codec
from beffroi.media.parse import Fragment, check_chain, read_fragment

_BETWEEN: Final = frozenset({b"ftyp", b"moov", b"uuid", b"free", b"skip", b"styp", b"sidx", b"mfra"})


@dataclass(frozen=True, slots=True)
class Whole:
    """``length`` bytes from the start are whole. ``stopped`` says why the walk ended before the end, if it did."""

    length: int
    fragments: tuple[Fragment, ...]
    stopped: str | None


def whole_fragments(data: Bytes, *, start: int = 0, end: int | None = None, codec: Codec | None = None) -> Whole:
    """Walk ``data`` from ``start`` (a box boundary) to the last whole fragment.

    Args:
        data: the file: bytes or mmap.
        start: where to begin; what lies before is taken as whole.
        end: where to stop; the end of the data by default.
        codec: when given, NAL chains are checked as well: past the last confirmed write, sizes alone prove nothing.

    Never raises for hostile bytes: it stops at them.
    """
    fragments: list[Fragment] = []
    length = start
    try:
        for fragment, until in iterate(data, start=start, end=end, codec=codec):
            if fragment is not None:
                fragments.append(fragment)
            length = until
    except MalformedMediaError as error:
        return Whole(length, tuple(fragments), error.what)
    return Whole(length, tuple(fragments), None)


def iterate(
    data: Bytes, *, start: int = 0, end: int | None = None, codec: Codec | None = None
) -> Iterator[tuple[Fragment | None, int]]:
    """Each whole fragment, or None for another whole box, with the offset after it.

    Raises:
        MalformedMediaError: at the first thing that is not whole.
    """
    moof: Box | None = None
    for item in walk(data, start, end):
        if moof is not None:
            if item.kind != b"mdat" or item.body - item.start != 8:
                raise MalformedMediaError(f"no data after the fragment header at {moof.start}")
            fragment = read_fragment(data, moof.start, moof.end, item.end)
            if codec is not None:
                check_chain(data, fragment, codec)
            moof = None
            yield fragment, item.end
        elif item.kind == b"moof":
            moof = item
        elif item.kind in _BETWEEN:
            yield None, item.end
        else:
            raise MalformedMediaError(f"unexpected box at {item.start}")
    if moof is not None:
        raise MalformedMediaError(f"no data after the fragment header at {moof.start}")
