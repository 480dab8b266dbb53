"""The two sums of one stream and one day, to the microsecond. Pure.

    mandated + beyond = recorded + gaps + pending
    recorded          = held + destroyed + lost

Each term comes from its own source: *mandated* from the signed sheets, *recorded* and *gaps* from the journal, *held*
from the files, *destroyed* and *lost* from the proofs. Time recorded twice (the clock went back) counts once here; that
every file is there is looked at file by file (`beffroi.vault.accountcheck`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from beffroi.vault.spans import Span, clip, common, holes, length, minus, union

JOIN_US: Final = 60_000
"""Two pieces of recording less than this apart, with no gap entered between them, are one: the recorder's own measure
of what is the slewing of its clock and not a missing picture."""

BESIDE_US: Final = 1_000_000
"""The same beside a gap: where a picture ends that nothing follows is an estimate."""

STOP_US: Final = 5_000_000
"""What it takes to stop: a stop order is followed within this, and the last moment before it may hold no picture."""

PENDING_US: Final = 900_000_000
"""How long the present may stay untold: a gap is entered at least every ten minutes, a file lasts ten."""


@dataclass
class StreamFacts:
    """What the sources say of one stream around a day. Spans in microseconds, in any order, overlapping or not.

    ``first_us`` and ``last_us`` are the first and the last instant that the stream was ever known to record or to miss;
    ``growing`` what open files hold; ``stopped``: no recorder is running.
    """

    mandated: list[Span] = field(default_factory=list)
    recorded: list[Span] = field(default_factory=list)
    gaps: list[Span] = field(default_factory=list)
    held: list[Span] = field(default_factory=list)
    growing: list[Span] = field(default_factory=list)
    destroyed: list[Span] = field(default_factory=list)
    lost: list[Span] = field(default_factory=list)
    first_us: int | None = None
    last_us: int = 0
    now_us: int = 0
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Sums:
    """One day of one stream, in microseconds. ``beyond``: recorded outside any order. ``pending``: of the last minutes,
    not told yet. ``twice``: recorded twice. The last four are what does not add up, as spans of time."""

    mandated: int
    recorded: int
    gaps: int
    pending: int
    beyond: int
    held: int
    destroyed: int
    lost: int
    twice: int
    untold: tuple[Span, ...] = ()
    unordered: tuple[Span, ...] = ()
    missing: tuple[Span, ...] = ()
    unrecorded: tuple[Span, ...] = ()

    @property
    def adds_up(self) -> bool:
        """Whether both sums are exact."""
        ordered = self.mandated + self.beyond == self.recorded + self.gaps + self.pending
        kept = self.recorded == self.held + self.destroyed + self.lost
        return ordered and kept and not self.unordered


def sum_up(facts: StreamFacts, start_us: int, end_us: int) -> Sums:
    """The sums of ``[start_us, end_us)``; what is later than now is left out."""
    end_us = max(start_us, min(end_us, facts.now_us))
    pieces = [*facts.recorded, *facts.growing]
    recorded = union(pieces, _joins(pieces, facts.gaps))
    mandated = clip(facts.mandated, start_us, facts.now_us)
    gaps = union(minus(facts.gaps, recorded), _beside(facts, recorded), _edges(facts, recorded))
    open_end = minus(mandated, union(recorded, gaps))
    pending = _pending(facts, recorded, open_end)
    held, destroyed, lost = _kept(facts)

    def day(spans: Sequence[Span]) -> list[Span]:
        return clip(spans, start_us, end_us)

    beyond = minus(recorded, facts.mandated)
    kept = union(held, destroyed, lost)
    return Sums(
        mandated=length(day(mandated)),
        recorded=length(day(recorded)),
        gaps=length(day(common(gaps, mandated))),
        pending=length(day(pending)),
        beyond=length(day(beyond)),
        held=length(day(held)),
        destroyed=length(day(destroyed)),
        lost=length(day(lost)),
        twice=sum(length(clip([piece], start_us, end_us)) for piece in pieces) - length(day(union(pieces))),
        untold=tuple(day(minus(open_end, pending))),
        unordered=tuple(day([span for span in beyond if span[1] - span[0] > STOP_US])),
        missing=tuple(day(minus(recorded, kept))),
        unrecorded=tuple(day(minus(kept, recorded))),
    )


def lasting(before: Sums, again: Sums) -> Sums:
    """``again``, where only the time is wrong that was wrong ``before``: of a recorder at work each look finds another
    file between two steps. Time that is missing only now was held or is about to be told destroyed; untold only now, it
    is about to be told."""
    untold = tuple(common(before.untold, again.untold))
    missing = tuple(common(before.missing, again.missing))
    unrecorded = tuple(common(before.unrecorded, again.unrecorded))
    passing = length(again.missing) - length(missing) - (length(again.unrecorded) - length(unrecorded))
    return replace(
        again,
        pending=again.pending + length(again.untold) - length(untold),
        held=again.held + passing,
        untold=untold,
        unordered=tuple(common(before.unordered, again.unordered)),
        missing=missing,
        unrecorded=unrecorded,
    )


def _joins(pieces: Sequence[Span], gaps: Sequence[Span]) -> list[Span]:
    return minus(holes(pieces, JOIN_US), gaps)


def _beside(facts: StreamFacts, recorded: Sequence[Span]) -> list[Span]:
    """Short holes beside a gap belong to it: two readings of a clock differ."""
    edges = {at for gap in facts.gaps for at in gap}
    return [hole for hole in holes([*recorded, *facts.gaps], BESIDE_US) if hole[0] in edges or hole[1] in edges]


def _edges(facts: StreamFacts, recorded: Sequence[Span]) -> list[Span]:
    """Missing time that needs no entry: before a stream's first picture ever, and the moment of a stop."""
    first_us = facts.first_us if facts.first_us is not None else facts.now_us
    before = [(start, min(end, first_us)) for start, end in union(facts.mandated) if start < first_us]
    found = minus(before, recorded)
    known = union(recorded, facts.gaps)
    for start, end in minus(facts.mandated, known):
        if end - start <= STOP_US and any(stop == end for _, stop in union(facts.mandated)):
            found.append((start, end))
    return found


def _pending(facts: StreamFacts, recorded: Sequence[Span], open_end: Sequence[Span]) -> list[Span]:
    """The untold time that reaches the present: nobody tells it while no recorder runs, or it is a few minutes."""
    since_us = max([facts.last_us, *(end for _, end in recorded), *(end for _, end in facts.gaps)])
    if facts.stopped or facts.now_us - since_us <= PENDING_US:
        return clip(open_end, since_us, facts.now_us)
    return []


def _kept(facts: StreamFacts) -> tuple[list[Span], list[Span], list[Span]]:
    """Held, destroyed, lost, disjoint: of a time recorded twice what is still there counts as held. A join belongs to
    the piece before it."""
    held = union(facts.held, facts.growing)
    destroyed = minus(facts.destroyed, held)
    lost = minus(facts.lost, union(held, destroyed))
    joins = _joins([*held, *destroyed, *lost], facts.gaps)
    shares = []
    for spans in (held, destroyed, lost):
        ends = {end for _, end in spans}
        own: list[Span] = []
        for start, end in joins:
            if start in ends:
                own.append((start, end))
                ends.add(end)
        shares.append(union(spans, own))
    return shares[0], shares[1], shares[2]
