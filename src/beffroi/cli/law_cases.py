"""`beffroi law cases` and `beffroi law worlds`: case files run like tests, and the worlds that they are written in."""

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from beffroi.domain.text import Language

if TYPE_CHECKING:
    from beffroi.domain.documents import Document
    from beffroi.law.cases.run import Outcome
    from beffroi.law.worlds.world import World

DIFFERS: Final = 1
MALFORMED: Final = 2
_LINE: Final = 100
"""Dots on one line."""


def cases(
    paths: Annotated[list[Path], typer.Argument(help="case files, or folders of them")],
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
    junit: Annotated[Path | None, typer.Option(help="write a JUnit report here")] = None,
    word: Annotated[str, typer.Option("-k", help="only the cases whose file, id or note holds this word")] = "",
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="a line for each case")] = False,
    english: Annotated[bool, typer.Option("--english", help="sentences in English")] = False,
) -> None:
    """Run case files. Exit code: 0 all as expected, 1 one differs, 2 a file is malformed."""
    from beffroi.law.cases.junit import junit as report
    from beffroi.law.cases.malformed import MalformedCaseError
    from beffroi.law.cases.run import ask, questions
    from beffroi.profiles.worlds import register

    register()
    language: Language = "en" if english else "fr"
    started = time.monotonic()
    try:
        several = questions(paths, word=word)
    except MalformedCaseError as error:
        for sentence in error.sentences:
            print(sentence.in_(language), file=sys.stderr)
        raise typer.Exit(MALFORMED) from error
    outcomes: list[Outcome] = []
    for outcome in ask(several):
        outcomes.append(outcome)
        if not as_json:
            _progress(outcome, len(outcomes), verbose)
    if junit is not None:
        junit.write_text(report(outcomes), encoding="utf-8")
    failed = [one for one in outcomes if not one.holds]
    if as_json:
        print(json.dumps([_as_dict(one) for one in outcomes], ensure_ascii=False, indent=2))
    else:
        _summary(outcomes, failed, language, time.monotonic() - started)
    if failed:
        raise typer.Exit(DIFFERS)


def worlds(
    name: Annotated[str | None, typer.Argument(help="one world: its persons, cameras and documents")] = None,
    english: Annotated[bool, typer.Option("--english", help="in English")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """The worlds that case files name: all of them, or what one holds."""
    from beffroi.law.worlds.catalog import WORLDS, world
    from beffroi.law.worlds.describe import described
    from beffroi.profiles.worlds import register

    register()
    if name is not None:
        found = world(name)
        print(json.dumps(described(found), ensure_ascii=False, indent=2) if as_json else _whole(found, english))
        return
    several = [world(one) for one in WORLDS]
    if as_json:
        print(json.dumps([{"name": one.name, "title": one.title.as_dict()} for one in several], ensure_ascii=False))
        return
    for one in several:
        print(f"{one.name:<18} {one.title.in_('en' if english else 'fr')}")


def _progress(outcome: "Outcome", count: int, verbose: bool) -> None:
    if verbose:
        print(f"{'ok ' if outcome.holds else '✗  '} {outcome.place.file}  {outcome.case.id}")
        return
    print("." if outcome.holds else "✗", end="\n" if count % _LINE == 0 else "", flush=True)


def _summary(outcomes: list["Outcome"], failed: list["Outcome"], language: Language, seconds: float) -> None:
    print()
    for one in failed:
        _failure(one, language)
    held = len(outcomes) - len(failed)
    if language == "fr":
        print(f"{held} cas conforme(s), {len(failed)} différent(s), {seconds:.1f} s")
    else:
        print(f"{held} case(s) as expected, {len(failed)} different, {seconds:.1f} s")


def _failure(outcome: "Outcome", language: Language) -> None:
    place, decision = outcome.place, outcome.decision
    print(f"\n✗ {place.file}:{place.line}  {outcome.case.id}  ({outcome.world})")
    for text in outcome.differences:
        print(f"    {text.in_(language)}")
    print(f"    {decision.sentence.in_(language)}")
    print(f"    {', '.join(decision.articles)}  [{decision.ground}; {', '.join(decision.rules)}]")
    for condition in decision.conditions:
        print(f"      {'✓' if condition.met else '✗'} {condition.text.in_(language)} ({condition.article})")


def _as_dict(outcome: "Outcome") -> dict[str, object]:
    from beffroi.cli.law import decision_as_dict

    return {
        "file": outcome.place.file,
        "line": outcome.place.line,
        "id": outcome.case.id,
        "world": outcome.world,
        "holds": outcome.holds,
        "differences": [one.as_dict() for one in outcome.differences],
        "decision": decision_as_dict(outcome.decision),
    }


def _whole(world: "World", english: bool) -> str:
    facts = world.facts
    heads = ("Persons", "Cameras", "Documents") if english else ("Personnes", "Caméras", "Pièces")
    lines = [world.name, world.title.in_("en" if english else "fr"), f"at: {world.at.isoformat()}", "", heads[0]]
    lines += [f"  {one.id:<16} {one.status.value:<24} {one.employer}" for one in facts.persons.values()]
    lines += ["", heads[1]]
    lines += [f"  {one.id:<16} {one.origin.value:<24} {one.commune}  {one.system}" for one in facts.cameras.values()]
    lines += ["", heads[2], *(_of(one) for one in facts.documents)]
    return "\n".join(lines)


def _of(document: "Document") -> str:
    scope = document.scope
    named: Iterable[str] = (*sorted(scope.bodies), *sorted(scope.cameras), *sorted(scope.systems))
    about = ", ".join((*named, *sorted(scope.persons)))
    return f"  {document.id:<44} {about}"
