"""Which of the minutes asked for have neither pictures nor a note that says why.

What may stay untold is counted over all that was asked of a camera, not hole by hole: else many short holes, or gap
notes of next to nothing between them, would hide an hour.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from beffroi.domain.ranges import WallRange

UNTOLD_US: Final = 300_000
"""So much in all, of one camera, may be missing without a note: what rounding leaves between groups of pictures."""

UNKNOWN: Final = "unknown"


def untold(asked: Iterable[WallRange], known: Iterable[WallRange]) -> list[WallRange]:
    """The holes that had to be told; empty when all of them together are no longer than `UNTOLD_US`.

    Args:
        asked: what was asked of one camera.
        known: where there are pictures, or a note.

    Returns:
        Each hole longer than `UNTOLD_US`, in order; then, when the shorter ones together are longer, the one stretch
        from the first of them to the last.
    """
    holes = list(_minus(union(asked), union(known)))
    long = [hole for hole in holes if length_us(hole) > UNTOLD_US]
    short = [hole for hole in holes if length_us(hole) <= UNTOLD_US]
    if sum(map(length_us, short)) > UNTOLD_US:
        long.append(WallRange(short[0].from_us, short[-1].to_us))
    return long


def uncovered(asked: WallRange, held: Iterable[WallRange]) -> Iterator[WallRange]:
    """What of a range none of these covers, in order."""
    return _minus([asked], union(held))


def caused(hole: WallRange, known: Iterable[tuple[WallRange, str]]) -> list[tuple[WallRange, str]]:
    """A hole cut where its cause changes, in order and whole: a second without network is no word on the hour beside.

    Args:
        hole: a range without pictures.
        known: causes, each with where it is known to hold; of several at one instant the first counts.

    Returns:
        Each stretch and its cause, "unknown" where none is known. An unknown stretch of at most `UNTOLD_US` goes with
        the one after it, the last with the one before: what rounding leaves between groups of pictures.
    """
    found: list[tuple[WallRange, str]] = []
    at = hole.from_us
    for span, cause in sorted(known):
        start, end = max(at, span.from_us), min(span.to_us, hole.to_us)
        if start >= end:
            continue
        if start - at > UNTOLD_US:
            found.append((WallRange(at, start), UNKNOWN))
            at = start
        found.append((WallRange(at, end), cause))
        at = end
    if hole.to_us - at > UNTOLD_US or not found:
        found.append((WallRange(at, hole.to_us), UNKNOWN))
    elif at < hole.to_us:
        last, cause = found[-1]
        found[-1] = (WallRange(last.from_us, hole.to_us), cause)
    return found


def union(ranges: Iterable[WallRange]) -> list[WallRange]:
    """The same instants in as few ranges as can be, in order."""
    found: list[WallRange] = []
    for one in sorted(ranges):
        if found and one.from_us <= found[-1].to_us:
            found[-1] = WallRange(found[-1].from_us, max(found[-1].to_us, one.to_us))
        else:
            found.append(one)
    return found


def length_us(one: WallRange) -> int:
    """How long it lasts."""
    return one.to_us - one.from_us


def _minus(asked: list[WallRange], known: list[WallRange]) -> Iterator[WallRange]:
    """Both in order and without overlaps: each is passed once, however many a forger wrote."""
    n = 0
    for one in asked:
        at = one.from_us
        while n < len(known) and known[n].from_us < one.to_us:
            if known[n].from_us > at:
                yield WallRange(at, known[n].from_us)
            at = max(at, known[n].to_us)
            if known[n].to_us > one.to_us:
                break  # it may reach into the next
            n += 1
        if at < one.to_us:
            yield WallRange(at, one.to_us)
