"""Putting sentences together: names filled in, dates as people write them, French elisions."""

import re
from datetime import date, datetime, time
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from beffroi.domain.documents import Document
from beffroi.domain.facts import Facts
from beffroi.domain.text import Text
from beffroi.law.pack import ConditionWords, Pack
from beffroi.law.situation import Situation

_MONTHS: Final = (
    ("janvier", "January"),
    ("février", "February"),
    ("mars", "March"),
    ("avril", "April"),
    ("mai", "May"),
    ("juin", "June"),
    ("juillet", "July"),
    ("août", "August"),
    ("septembre", "September"),
    ("octobre", "October"),
    ("novembre", "November"),
    ("décembre", "December"),
)
_ELISION: Final = re.compile(r"\bde (?=[AEIOUYÀÂÄÉÈÊËÎÏÔÖÛÜ])")
_CONTRACTIONS: Final = (("de Les ", "des "), ("de Le ", "du "), ("de les ", "des "), ("de le ", "du "))

Pair = tuple[str, str]
"""French, English; may be empty, unlike a Text."""


class Writer:
    """Writes about one situation."""

    def __init__(self, pack: Pack, facts: Facts, situation: Situation, authority: str = "maire") -> None:
        self._words = pack.words
        self._facts = facts
        self._found = situation.papers
        self._at = situation.request.at
        names = tuple((key, (name, name)) for key, name in situation.names.items())
        whose = _fill(pack.words.authorities[authority], names)
        self._names = (*names, ("authority", (whose.fr, whose.en)))

    def fill(self, text: Text, **more: Pair) -> Text:
        """Fill in the names of this situation, and these (French, English)."""
        return _fill(text, (*self._names, *more.items()))

    def unmet(self, condition: ConditionWords) -> Text:
        """Why a condition does not hold: the state of its paper, or what the paper does not say."""
        found = self._found.get(condition.slot) if condition.slot else None
        if condition.slot is None or found is None:
            return self.fill(condition.unmet)
        if (found.document is not None and not found.covers) or found.state not in self._words.states:
            return self.fill(condition.unmet)
        paper = self._words.papers[condition.slot]
        return self.fill(
            self._words.states[found.state],
            paper=_pair(self.fill(paper.name)),
            e=("e" if paper.feminine else "", ""),
            **self._dates(found.document),
        )

    def awaiting(self, document: Document) -> Text:
        """Who is to confirm this document."""
        body = self._facts.bodies.get(document.awaiting) if document.awaiting else None
        return Text(fr=body.name, en=body.name) if body else self._words.someone

    def _dates(self, document: Document | None) -> dict[str, Pair]:
        if document is None:
            return {}
        since = ("", "")
        if document.status_at is not None:
            day = day_text(document.status_at, document.time_zone)
            since = (self._words.since.fr.format(day=day.fr), self._words.since.en.format(day=day.en))
        ends = document.valid_until
        return {
            "since": since,
            "begins": _pair(day_text(document.valid_from, document.time_zone)),
            "ends": _pair(day_text(ends, document.time_zone)) if ends else ("", ""),
            "awaiting": _pair(self.awaiting(document)),
        }


def day_text(day: date | datetime, time_zone: str) -> Text:
    """A day, or an instant in legal time, as people write it: “1er mars 2026”, “1 March 2026 at 10:30”.

    An instant at local midnight is the end of a day or the start of one: it is written as that day.
    """
    if not isinstance(day, datetime):
        number = "1er" if day.day == 1 else str(day.day)
        return Text(
            fr=f"{number} {_MONTHS[day.month - 1][0]} {day.year}",
            en=f"{day.day} {_MONTHS[day.month - 1][1]} {day.year}",
        )
    local = day.astimezone(ZoneInfo(time_zone))
    written = day_text(local.date(), time_zone)
    if local.time() == time():
        return written
    return Text(fr=f"{written.fr} à {local:%H h %M}", en=f"{written.en} at {local:%H:%M}")


def _pair(text: Text) -> Pair:
    return text.fr, text.en


@lru_cache(maxsize=4096)
def _fill(text: Text, names: tuple[tuple[str, Pair], ...]) -> Text:
    return Text(
        fr=contracted(text.fr.format(**{key: fr for key, (fr, _) in names})),
        en=text.en.format(**{key: en for key, (_, en) in names}),
    )


def contracted(text: str) -> str:
    """French with « de le » made « du », « de les » « des », and « de » before a vowel « d' »."""
    for long, short in _CONTRACTIONS:
        text = text.replace(long, short)
    return _ELISION.sub("d'", text)
