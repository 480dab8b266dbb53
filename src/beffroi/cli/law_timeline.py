"""`beffroi law timeline`: the law of an instant, and what changed when."""

from datetime import datetime
from typing import Annotated

import typer

from beffroi.base.clock import SystemClock
from beffroi.domain.clock import now
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Language, Text


def timeline(
    at: Annotated[str | None, typer.Option(help="instant, ISO 8601 with a time zone (default: now)")] = None,
    english: Annotated[bool, typer.Option("--english", help="sentences in English")] = False,
) -> None:
    """What changed when; with --at, the law of that instant: regime, purposes, rules in force."""
    from beffroi.law.engine import LawEngine

    language: Language = "en" if english else "fr"
    dated = LawEngine.load().timeline
    if at is None:
        for change in dated.changes:
            print(f"{change.day.isoformat()}  [{change.confidence}]  {change.text.in_(language)}")
    law = dated.at(_instant(at))
    print(f"{law.at.isoformat()}  {law.regime.in_(language)}")
    for version in law.purposes:
        regime = dated.regime_of(version.purpose, law.at)
        print(
            f"  {version.purpose.value:<4}{version.wording.in_(language)}  ({regime.in_(language) if regime else ''})"
        )
    for rule in law.rules:
        print(f"  {rule.id}  {rule.article}")


def _instant(text: str | None) -> datetime:
    if text is None:
        return now(SystemClock())
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        made = datetime.min  # noqa: DTZ901  refused below, as any instant without its zone
    if made.tzinfo is None:
        raise BadInputError(
            Text(
                fr=f"« {text} » n'est pas un instant avec son fuseau, comme 2026-03-02T10:00:00+01:00.",
                en=f"“{text}” is not an instant with its time zone, like 2026-03-02T10:00:00+01:00.",
            )
        )
    return made
