"""`beffroi law matrix`: who may see what tonight, and what a change would make of it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

import typer

from beffroi.base.clock import SystemClock
from beffroi.domain.acts import Act
from beffroi.domain.clock import now
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Language, Text

if TYPE_CHECKING:  # the engine is loaded only when the command runs
    from beffroi.domain.facts import Facts
    from beffroi.law.engine import LawEngine
    from beffroi.law.tonight.difference import Gap
    from beffroi.law.tonight.matrix import Course, Matrix, Standing

_ACTS: Final = {
    Act.LIVE: Text(fr="direct", en="live"),
    Act.REPLAY: Text(fr="relecture", en="replay"),
    Act.PTZ: Text(fr="pilotage", en="steering"),
    Act.EXTRACT: Text(fr="extrait", en="extract"),
    Act.RELAY: Text(fr="renvoi", en="relay"),
    Act.READ_REGISTER: Text(fr="registre", en="register"),
    Act.CONFIGURE: Text(fr="réglage", en="settings"),
}
_STATES: Final = {
    "open": Text(fr="● ouvert", en="● open"),
    "partial": Text(fr="◐ ouvert", en="◐ open"),
    "unsettled": Text(fr="? à confirmer", en="? to be confirmed"),
    "refused": Text(fr="○ refusé", en="○ refused"),
}


def matrix(
    facts: Annotated[Path | None, typer.Argument(help="facts file (YAML or JSON); or --data")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="data folder of a centre (holds `centre`)")] = None,
    at: Annotated[str | None, typer.Option(help="from this instant on, ISO 8601 with its zone (default: now)")] = None,
    until: Annotated[str | None, typer.Option(help="to this instant (default: the next 08:00, legal time)")] = None,
    persons: Annotated[str | None, typer.Option(help="persons, separated by commas (default: all)")] = None,
    communes: Annotated[str | None, typer.Option(help="communes, separated by commas (default: all)")] = None,
    acts: Annotated[str, typer.Option(help="acts, separated by commas")] = "live,replay,ptz",
    what_if: Annotated[list[str] | None, typer.Option(help='a change, such as "end agreement/E-X 2026-03-01"')] = None,
    why: Annotated[bool, typer.Option("--why", help="with the reason and the cure of each refusal")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
    english: Annotated[bool, typer.Option("--english", help="sentences in English")] = False,
    bench: Annotated[bool, typer.Option("--bench", help="measure: 5 000 cameras, 200 communes, 500 people")] = False,
) -> None:
    """People × communes × acts tonight; with --what-if, who would gain and who would lose, from when."""
    if bench:
        _bench(as_json)
        return
    from beffroi.law.engine import LawEngine
    from beffroi.law.tonight.difference import suppose
    from beffroi.law.tonight.matrix import draw
    from beffroi.law.tonight.moments import Span, tonight
    from beffroi.law.tonight.spoken import spoken

    engine, read = LawEngine.load(), _facts(facts, data)
    start = _instant(at) if at else now(SystemClock())
    end = _instant(until) if until else tonight(start).end
    if end < start:
        raise BadInputError(Text(fr="La fin précède le début.", en="The end comes before the start."))
    who = [PersonId(one) for one in _several(persons)] if persons else None
    where = [BodyId(one) for one in _several(communes)] if communes else None
    asked = _acts(acts)
    language: Language = "en" if english else "fr"
    if what_if:
        changes = [change for line in what_if for change in spoken(read, line, start)]
        gaps = suppose(engine, read, changes, start, persons=who, communes=where, acts=asked)
        _print_gaps(read, gaps, language, as_json)
        return
    made = draw(engine, read, Span(start, end), persons=who, communes=where, acts=asked)
    if as_json:
        print(json.dumps(_as_dict(made), ensure_ascii=False))
        return
    for line in _lines(engine, made, language, why):
        print(line)


def _bench(as_json: bool) -> None:
    from beffroi.law.tonight.bench import measure

    figures = asdict(measure())
    if as_json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<16} {value}")


def _facts(file: Path | None, data: Path | None) -> "Facts":
    if (file is None) == (data is None):
        raise BadInputError(
            Text(fr="Donnez un fichier de faits, ou --data et un dossier.", en="Give a facts file, or --data a folder.")
        )
    if file is not None:
        from beffroi.law.facts_file import load_facts

        return load_facts(file)
    from beffroi.base.db import open_engine
    from beffroi.registry.store import Registry

    database = Path(data or "") / "centre" / "beffroi.sqlite"
    if not database.exists():
        raise BadInputError(
            Text(
                fr="Ce dossier n'est pas celui d'un centre : vérifiez --data.",
                en="This is not the folder of a centre: check --data.",
            )
        )
    database_engine = open_engine(f"sqlite:///{database}")
    try:
        return Registry(database_engine, SystemClock(), register=None).facts()
    finally:
        database_engine.dispose()


def _lines(engine: "LawEngine", made: "Matrix", language: Language, why: bool) -> Iterable[str]:
    facts = made.facts
    yield f"{_clock(made.span.start)} → {_clock(made.span.end)}"
    for commune in made.communes:
        body = facts.bodies.get(commune)
        yield f"\n{body.name if body else commune} ({commune})"
        for person in made.persons:
            cells = {act: made.course(person, commune, act) for act in made.acts}
            told = [
                f"{_ACTS[act].in_(language)} {_course(course, language)}" for act, course in cells.items() if course
            ]
            if told:
                yield f"  {facts.persons[person].label.in_(language)} ({person}): {' · '.join(told)}"
            if why:
                yield from _reasons(engine, made, person, commune, language)


def _reasons(
    engine: "LawEngine", made: "Matrix", person: PersonId, commune: BodyId, language: Language
) -> Iterable[str]:
    from beffroi.law.tonight.matrix import first_refusal

    said: set[str] = set()
    for act in made.acts:
        reason = first_refusal(engine, made, (person, commune, act))
        if reason is None:
            continue
        decision = reason.decision
        line = f"      {decision.sentence.in_(language)} ({', '.join(decision.articles)})"
        if decision.cure is not None:
            line += f" → {decision.cure.text.in_(language)} — {decision.cure.issuer.in_(language)}"
        if line not in said:
            said.add(line)
            yield line


def _course(course: "Course", language: Language) -> str:
    first, *later = course
    return _standing(first, language) + "".join(f", {_clock(one.at)} {_standing(one, language)}" for one in later)


def _standing(one: "Standing", language: Language) -> str:
    word = _STATES[one.state.value].in_(language)
    return f"{word} {one.opened}/{one.total}" if one.state.value == "partial" else word


def _print_gaps(facts: "Facts", gaps: Sequence["Gap"], language: Language, as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "person": one.person,
                "commune": one.commune,
                "act": one.act.value,
                "first": one.first.isoformat(),
                "gained": sorted(one.gained),
                "lost": sorted(one.lost),
            }
            for one in gaps
        ]
        print(json.dumps(rows, ensure_ascii=False))
        return
    if not gaps:
        print("Rien ne change." if language == "fr" else "Nothing changes.")
    for one in gaps:
        name = facts.persons[one.person].label.in_(language)
        body = facts.bodies.get(one.commune)
        change = " ".join(f"{sign}{len(some)}" for sign, some in (("+", one.gained), ("−", one.lost)) if some)
        where = body.name if body else one.commune
        print(f"{_clock(one.first)}  {where} · {name} · {_ACTS[one.act].in_(language)} : {change}")


def _as_dict(made: "Matrix") -> dict[str, object]:
    return {
        "from": made.span.start.isoformat(),
        "to": made.span.end.isoformat(),
        "asked": made.asked,
        "cells": [
            {
                "person": person,
                "commune": commune,
                "act": act.value,
                "standings": [
                    {"at": one.at.isoformat(), "state": one.state.value, "open": one.opened, "of": one.total}
                    for one in course
                ],
            }
            for (person, commune, act), course in made.courses.items()
        ],
    }


def _several(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _acts(text: str) -> tuple[Act, ...]:
    try:
        return tuple(Act(one) for one in _several(text))
    except ValueError as error:
        known = ", ".join(Act)
        raise BadInputError(
            Text(fr=f"« {text} » : les actes sont {known}.", en=f"“{text}”: the acts are {known}.")
        ) from error


def _clock(at: datetime) -> str:
    return at.astimezone(ZoneInfo(LEGAL_TIME_ZONE)).strftime("%d/%m/%Y %H:%M")


def _instant(text: str) -> datetime:
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        made = datetime.min  # noqa: DTZ901  without zone: refused below
    if made.tzinfo is None:
        raise BadInputError(
            Text(
                fr=f"« {text} » n'est pas un instant avec son fuseau, comme 2026-03-02T10:00:00+01:00.",
                en=f"“{text}” is not an instant with its time zone, like 2026-03-02T10:00:00+01:00.",
            )
        )
    return made
