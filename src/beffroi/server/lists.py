"""The cameras that each person may know of, with what may be done: drawn by law, kept until something can change.

A list opens nothing: each view is decided again, by itself. Drawing one costs about 0.8 ms a camera and act, and every
console asks every few seconds, so a list is kept while the facts are unchanged, no paper begins or ends, and at most
`KEPT_S`; one list is drawn at a time, so that live views keep their share of the processor.
"""

import threading
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from beffroi.domain.acts import Act
from beffroi.domain.clock import Clock, now, to_wall_us
from beffroi.domain.facts import Facts
from beffroi.domain.ids import PersonId
from beffroi.law.engine import LawEngine
from beffroi.law.visible import VisibleCamera, visible
from beffroi.registry.store import Registry

KEPT_S: Final = 30.0

_Key = tuple[PersonId, bool, str | None]


@dataclass(frozen=True, slots=True)
class _Kept:
    revision: int
    drawn_us: int
    drawn_s: float
    until_us: int
    cameras: list[VisibleCamera]


class CameraLists:
    """Thread-safe."""

    def __init__(self, law: LawEngine, registry: Registry, clock: Clock) -> None:
        self._law = law
        self._registry = registry
        self._clock = clock
        self._kept: dict[_Key, _Kept] = {}
        self._edges: tuple[int, list[int]] = (-1, [])
        self._drawing = threading.Lock()

    def of(self, person: PersonId, *, strong: bool, post: str | None = None) -> list[VisibleCamera]:
        """The list of one person, in order of camera id; ``post`` is the workstation that it is drawn for."""
        facts, key = self._registry.facts(), (person, strong, post)
        held = self._held(key, facts)
        return self._draw(key, facts) if held is None else held

    def _held(self, key: _Key, facts: Facts) -> list[VisibleCamera] | None:
        kept = self._kept.get(key)
        if kept is None or kept.revision != facts.revision:
            return None
        in_time = kept.drawn_us <= self._clock.wall_us() < kept.until_us
        return kept.cameras if in_time and self._clock.monotonic_s() - kept.drawn_s < KEPT_S else None

    def _draw(self, key: _Key, facts: Facts) -> list[VisibleCamera]:
        with self._drawing:
            held = self._held(key, facts)  # another request may have drawn it meanwhile
            if held is not None:
                return held
            at, at_s = now(self._clock), self._clock.monotonic_s()
            at_us = to_wall_us(at)
            person, strong, post = key
            acts = (Act.LIVE, Act.REPLAY)
            found = visible(self._law, facts, person, at, acts=acts, strong_auth=strong, post=post)
            self._kept[key] = _Kept(facts.revision, at_us, at_s, self._next_edge_us(facts, at_us), found)
            return found

    def _next_edge_us(self, facts: Facts, at_us: int) -> int:
        """When the next paper begins or ends."""
        if self._edges[0] != facts.revision:
            instants = {to_wall_us(paper.begins) for paper in facts.documents}
            instants |= {to_wall_us(paper.ends) for paper in facts.documents if paper.ends is not None}
            self._edges = (facts.revision, sorted(instants))
        edges = self._edges[1]
        place = bisect_right(edges, at_us)
        return edges[place] if place < len(edges) else 1 << 62
