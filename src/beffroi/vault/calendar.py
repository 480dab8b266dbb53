"""What is held for one stream over a range: recorded, missing and why, destroyed at term, lost. Pure functions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from beffroi.domain.gaps import Gap, GapCause
from beffroi.domain.ranges import WallRange

JOIN_TOLERANCE_US: Final = 1_000_000
"""Two pieces less than this apart are one, unless a gap was stored between them: a late frame is not a gap."""

SHORTEST_GAP_US: Final = 200_000
"""A stored gap shorter than this lost no picture of a camera at five a second: it is the join of two files."""


@dataclass(frozen=True, slots=True)
class Destroyed:
    """Recorded once, destroyed at the end of this term."""

    range: WallRange
    term_days: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """Disjoint, ordered, clipped to the range asked for. An unexplained hole between two known pieces is a gap of
    unknown cause; time before the first and after the last known piece is not spoken of."""

    recorded: tuple[WallRange, ...]
    gaps: tuple[Gap, ...]
    destroyed: tuple[Destroyed, ...]
    lost: tuple[WallRange, ...]


def build(
    asked: WallRange,
    *,
    recorded: Iterable[WallRange],
    gaps: Sequence[Gap],
    destroyed: Sequence[Destroyed],
    lost: Sequence[WallRange],
    beyond: Sequence[WallRange] = (),
) -> Calendar:
    """Join, clip, and name the holes. What is or was on disk wins over a gap over it; of two gaps, the first.

    ``beyond`` holds the nearest known pieces outside the range: they bound a hole that spans it.
    """
    pieces = join(recorded, tolerance_us=0)
    stored = join(
        (
            piece
            for gap in gaps
            for piece in subtract(gap.range, pieces)
            if piece.to_us - piece.from_us >= SHORTEST_GAP_US
        ),
        tolerance_us=0,
    )
    held = [piece for whole in join(pieces) for piece in subtract(whole, stored)]
    present = join([*held, *(item.range for item in destroyed), *lost], tolerance_us=0)
    missing: list[Gap] = []
    for gap in sorted(gaps, key=lambda item: item.range):
        taken = join([*present, *(item.range for item in missing)], tolerance_us=0)
        missing += [Gap(piece, gap.cause) for piece in subtract(gap.range, taken)]
    known = join([*present, *beyond, *(gap.range for gap in missing)], tolerance_us=0)
    missing += [_hole(WallRange(before.to_us, after.from_us), missing) for before, after in pairwise(known)]
    missing.sort(key=lambda item: item.range)
    return Calendar(
        recorded=tuple(_clip(held, asked)),
        gaps=tuple(Gap(part, gap.cause) for gap in missing for part in _clip([gap.range], asked)),
        destroyed=tuple(
            Destroyed(part, item.term_days) for item in _by_term(destroyed) for part in _clip([item.range], asked)
        ),
        lost=tuple(_clip(sorted(lost), asked)),
    )


def _by_term(destroyed: Sequence[Destroyed]) -> list[Destroyed]:
    """In time order, what nearly touches and had the same term made one."""
    terms = {item.term_days for item in destroyed}
    joined = [
        Destroyed(piece, days)
        for days in terms
        for piece in join(item.range for item in destroyed if item.term_days == days)
    ]
    return sorted(joined, key=lambda item: (item.range, item.term_days))


def _hole(hole: WallRange, missing: Sequence[Gap]) -> Gap:
    """An unexplained hole. A short one beside a gap belongs to it: two readings of a clock differ."""
    if hole.to_us - hole.from_us <= JOIN_TOLERANCE_US:
        for gap in missing:
            if gap.range.to_us == hole.from_us or gap.range.from_us == hole.to_us:
                return Gap(hole, gap.cause)
    return Gap(hole, GapCause.UNKNOWN)


def join(ranges: Iterable[WallRange], tolerance_us: int = JOIN_TOLERANCE_US) -> list[WallRange]:
    """Ordered ranges, those that touch or nearly touch made one."""
    out: list[WallRange] = []
    for item in sorted(ranges):
        if out and item.from_us - out[-1].to_us <= tolerance_us:
            out[-1] = WallRange(out[-1].from_us, max(out[-1].to_us, item.to_us))
        else:
            out.append(item)
    return out


def subtract(whole: WallRange, taken: Iterable[WallRange]) -> list[WallRange]:
    """The parts of ``whole`` that no range of ``taken`` (ordered, disjoint) covers."""
    out, at = [], whole.from_us
    for item in taken:
        if item.to_us <= at or item.from_us >= whole.to_us:
            continue
        if item.from_us > at:
            out.append(WallRange(at, item.from_us))
        at = max(at, item.to_us)
    if at < whole.to_us:
        out.append(WallRange(at, whole.to_us))
    return out


def _clip(ranges: Iterable[WallRange], asked: WallRange) -> list[WallRange]:
    return [
        WallRange(max(item.from_us, asked.from_us), min(item.to_us, asked.to_us))
        for item in ranges
        if item.overlaps(asked)
    ]
