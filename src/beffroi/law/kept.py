"""Decisions kept while nothing that they rest on can have changed: the same facts, the same question, the same
stretch of time between two edges (of documents, of the law, of hours, of the term of the images)."""

from bisect import bisect_right
from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta
from typing import Final

from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.facts import Facts
from beffroi.law.situation import Country

_MOST: Final = 20_000
_SETS: Final = 4


class _Answers:
    """Answers about one set of facts."""

    def __init__(self, facts: Facts, edges: Sequence[datetime]) -> None:
        self.facts = facts
        self.edges = edges
        self.known: dict[Hashable, tuple[Decision, datetime | None]] = {}


class Kept:
    """A bounded store. What is not found is asked again; nothing is found that could differ."""

    def __init__(self, country: Country, law_edges: Sequence[datetime]) -> None:
        self._country = country
        self._law_edges = law_edges
        self._sets: tuple[_Answers, ...] = ()

    def law_stretch(self, at: datetime) -> int:
        """The number of the stretch of the law's timeline in which an instant falls."""
        return bisect_right(self._law_edges, at)

    def law_instant(self, stretch: int) -> datetime:
        """An instant of this stretch."""
        return self._law_edges[stretch - 1] if stretch else self._law_edges[0] - timedelta(days=1)

    def get(self, facts: Facts, request: ActRequest) -> Decision | None:
        """The decision about this question, if it is known to hold at this instant."""
        answers = self._answers(facts)
        found = answers.known.get(self._key(answers, request))
        if found is None:
            return None
        decision, term = found
        if term is not None and (request.at < term) != (decision.request.at < term):
            return None  # the images have passed their term meanwhile
        return decision

    def put(self, facts: Facts, decision: Decision, term: datetime | None) -> None:
        """Keep a decision. ``term``: when the images asked for pass their term."""
        answers = self._answers(facts)
        if len(answers.known) >= _MOST:
            answers.known = {}
        answers.known[self._key(answers, decision.request)] = (decision, term)

    def _key(self, answers: _Answers, request: ActRequest) -> Hashable:
        return (
            request.person,
            request.act,
            request.camera,
            request.purpose,
            request.footage,
            request.strong_auth,
            request.recipient,
            request.second,
            request.post,
            bisect_right(answers.edges, request.at),
            self.law_stretch(request.at),
            self._country.stretch(answers.facts, request.at),
        )

    def _answers(self, facts: Facts) -> _Answers:
        for one in self._sets:
            if one.facts is facts:
                return one
        made = _Answers(facts, self._country.edges(facts))
        self._sets = (made, *self._sets[: _SETS - 1])
        return made
