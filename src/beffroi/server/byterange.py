"""The `Range` header of a request for a file (RFC 9110 §14), from somebody who may be hostile."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_ONE: Final = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``start`` to ``end`` (excluded) of a file; ``partial``: they are an answer to a range."""

    start: int
    end: int
    partial: bool


def span_of(ranges: Sequence[str], if_range: str | None, *, size: int, etag: str) -> Span | None:
    """What to send.

    One range is served. A header that is malformed, of another unit, or of several ranges is ignored, as §14.2 allows:
    the whole file is sent. So is one whose `If-Range` is not exactly our strong tag (a date or a weak tag never is).

    Args:
        ranges: values of all `Range` headers.
        if_range: value of `If-Range`, if any.
        size: of the file, in bytes; at least 1.
        etag: its strong tag, with its quotes.

    Returns:
        None when no byte of the file is in the range (416).
    """
    whole = Span(0, size, partial=False)
    if len(ranges) != 1 or (if_range is not None and if_range.strip() != etag):
        return whole
    found = _ONE.fullmatch(ranges[0])
    if found is None or found[1] == found[2] == "":
        return whole
    if found[1] == "":
        length = min(int(found[2]), size)
        return Span(size - length, size, partial=True) if length else None
    start, last = int(found[1]), int(found[2]) if found[2] else size - 1
    if found[2] and last < start:
        return whole  # §14.1.1: an invalid range, not an unsatisfiable one
    return Span(start, min(last + 1, size), partial=True) if start < size else None
