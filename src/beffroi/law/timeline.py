"""The law of an instant: rules in force, purposes with their wording, the data-protection regime, what changed when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from beffroi.domain.acts import Purpose
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.text import Text


@lru_cache(maxsize=256)
def midnight(day: date) -> datetime:
    """The first instant of a day of legal time."""
    return datetime.combine(day, time(), ZoneInfo(LEGAL_TIME_ZONE)).astimezone(UTC)


def day_of(at: datetime) -> date:
    """The day of legal time on which an instant falls."""
    return at.astimezone(ZoneInfo(LEGAL_TIME_ZONE)).date()


@dataclass(frozen=True, slots=True)
class Rule:
    """One dated rule of law. ``valid_to`` is the last day; ``aliases`` are other names under which it is cited."""

    id: str
    article: str
    valid_from: date
    valid_to: date | None
    status: str
    source: str
    text: Text
    aliases: tuple[str, ...] = ()

    def in_force(self, at: datetime) -> bool:
        """Whether the rule is the law at this instant (days are days of legal time)."""
        return midnight(self.valid_from) <= at and (
            self.valid_to is None or at < midnight(self.valid_to + timedelta(days=1))
        )


@dataclass(frozen=True, slots=True)
class PurposeVersion:
    """The wording of a purpose between two days, with the regime of data protection that it falls under."""

    purpose: Purpose
    valid_from: date
    valid_to: date | None
    wording: Text
    regime: Text

    def in_force(self, day: date) -> bool:
        """Whether this wording is the law on this day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Change:
    """A line of the timeline. ``confidence``: V read, P secondary, G note of others, M memory."""

    day: date
    text: Text
    confidence: str


@dataclass(frozen=True, slots=True)
class Regime:
    """The law of data protection from a day on."""

    valid_from: date
    text: Text
    by_purpose: bool


@dataclass(frozen=True, slots=True)
class LawOfDay:
    """What the law is at an instant. ``changes`` are those of that day and before, latest first."""

    at: datetime
    rules: tuple[Rule, ...]
    purposes: tuple[PurposeVersion, ...]
    regime: Text
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Timeline:
    """The dated law."""

    rules: Mapping[str, Rule]
    purposes: tuple[PurposeVersion, ...]
    regimes: tuple[Regime, ...]
    changes: tuple[Change, ...]

    def at(self, instant: datetime) -> LawOfDay:
        """The law of an instant."""
        day = day_of(instant)
        regime = [one for one in self.regimes if one.valid_from <= day][-1:]
        return LawOfDay(
            at=instant,
            rules=tuple(rule for rule in self.rules.values() if rule.in_force(instant)),
            purposes=tuple(one for one in self.purposes if one.in_force(day)),
            regime=regime[0].text if regime else Text(fr="aucun texte enregistré", en="no text recorded"),
            changes=tuple(one for one in reversed(self.changes) if one.day <= day),
        )

    def regime_of(self, purpose: Purpose, instant: datetime) -> Text | None:
        """The regime of data protection of a purpose at an instant; None: the law does not list the purpose then."""
        law = self.at(instant)
        version = next((one for one in law.purposes if one.purpose is purpose), None)
        if version is None:
            return None
        by_purpose = any(one.by_purpose and one.text == law.regime for one in self.regimes)
        return version.regime if by_purpose else law.regime

    def edges(self) -> list[datetime]:
        """The instants at which a rule or a purpose begins or ends."""
        spans = [(rule.valid_from, rule.valid_to) for rule in self.rules.values()]
        spans += [(version.valid_from, version.valid_to) for version in self.purposes]
        days = {first for first, _ in spans} | {last + timedelta(days=1) for _, last in spans if last is not None}
        return sorted(midnight(day) for day in days)


def timeline_of(
    rules: Mapping[str, Rule], purposes: Mapping[str, Any], changes: Iterable[Mapping[str, Any]]
) -> Timeline:
    """Read purposes.yaml and timeline.yaml."""
    versions = tuple(
        PurposeVersion(
            Purpose(row["code"]),
            row["valid_from"],
            row.get("valid_to"),
            _text(row),
            _text(purposes["titles"][row["title"]]),
        )
        for row in purposes["purposes"]
    )
    regimes = tuple(Regime(row["valid_from"], _text(row), bool(row["by_purpose"])) for row in purposes["regimes"])
    return Timeline(
        rules, versions, regimes, tuple(Change(row["date"], _text(row), row["confidence"]) for row in changes)
    )


def _text(row: Mapping[str, Any]) -> Text:
    return Text(fr=row["fr"], en=row["en"])
