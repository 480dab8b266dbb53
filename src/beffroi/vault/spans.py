"""Sets of instants as ordered, disjoint, half-open spans of microseconds. Exact: integers only."""

from collections.abc import Iterable
from itertools import pairwise

Span = tuple[int, int]


def union(*many: Iterable[Span]) -> list[Span]:
    """Every instant that any of them holds; empty spans vanish."""
    out: list[Span] = []
    for start, end in sorted(span for spans in many for span in spans if span[0] < span[1]):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out


def minus(whole: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What is in the first and not in the second."""
    gone, out, first = union(taken), [], 0
    for start, end in union(whole):
        while first < len(gone) and gone[first][1] <= start:
            first += 1
        at, number = start, first
        while number < len(gone) and gone[number][0] < end:
            if gone[number][0] > at:
                out.append((at, gone[number][0]))
            at = max(at, gone[number][1])
            number += 1
        if at < end:
            out.append((at, end))
    return out


def common(one: Iterable[Span], other: Iterable[Span]) -> list[Span]:
    """What is in both."""
    whole = union(one)
    return minus(whole, minus(whole, other))


def clip(spans: Iterable[Span], start: int, end: int) -> list[Span]:
    """What lies in one span."""
    return union((max(a, start), min(b, end)) for a, b in spans)


def holes(spans: Iterable[Span], most_us: int) -> list[Span]:
    """The holes between them that last at most so long."""
    known = union(spans)
    found = ((before[1], after[0]) for before, after in pairwise(known))
    return [hole for hole in found if hole[1] - hole[0] <= most_us]


def length(spans: Iterable[Span]) -> int:
    """Microseconds, of disjoint spans."""
    return sum(end - start for start, end in spans)
