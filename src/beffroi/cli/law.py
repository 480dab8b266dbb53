"""`beffroi law`: ask the law about a facts file, print its rules, measure it."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from beffroi.base.clock import SystemClock
from beffroi.cli import law_audit, law_cases, law_matrix, law_replay, law_timeline
from beffroi.domain.acts import Act, Purpose
from beffroi.domain.clock import now, to_wall_us
from beffroi.domain.decision import ActRequest, Cure, Decision
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Language, Text

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Ask the law; print its rules."
)

app.command("cases")(law_cases.cases)
app.command("worlds")(law_cases.worlds)
app.command("matrix")(law_matrix.matrix)
app.command("audit")(law_audit.audit)
app.command("replay")(law_replay.replay)
app.command("timeline")(law_timeline.timeline)

REFUSED = 3
"""Exit code of a refusal: 0 is an allow, 1 a bad input."""


@app.command()
def ask(
    facts: Annotated[Path, typer.Argument(help="file of facts (persons, bodies, cameras, documents) or world")],
    person: Annotated[str, typer.Option(help="person id")],
    camera: Annotated[str, typer.Option(help="camera id")],
    act: Annotated[Act, typer.Option(help="what is asked")] = Act.LIVE,
    purpose: Annotated[Purpose | None, typer.Option(help="purpose that the reason maps to")] = None,
    at: Annotated[str | None, typer.Option(help="instant, ISO 8601 with a time zone (default: now)")] = None,
    footage_from: Annotated[str | None, typer.Option(help="start of the footage (replay, extract)")] = None,
    footage_to: Annotated[str | None, typer.Option(help="end of the footage")] = None,
    strong_auth: Annotated[bool, typer.Option(help="the session was opened with two factors")] = True,
    recipient: Annotated[str | None, typer.Option(help="service to which images are relayed, e.g. gendarmerie")] = None,
    second: Annotated[str | None, typer.Option(help="the other person whom an extract needs")] = None,
    post: Annotated[str | None, typer.Option(help="workstation, as the order names it")] = None,
    present: Annotated[list[str] | None, typer.Option(help="a person before the shared screen (repeat)")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the whole decision")] = False,
    english: Annotated[bool, typer.Option("--english", help="sentences in English")] = False,
) -> None:
    """Would this be allowed, and why? Exit code 0: allowed; 3: refused."""
    from beffroi.law.engine import LawEngine

    footage = None
    if footage_from is not None or footage_to is not None:
        start, end = to_wall_us(_instant(footage_from)), to_wall_us(_instant(footage_to))
        if end < start:
            raise BadInputError(
                Text(fr="La période finit avant de commencer.", en="The footage ends before it starts.")
            )
        footage = WallRange(start, end)
    instant = _instant(at) if at is not None else now(SystemClock())
    request = ActRequest(
        PersonId(person),
        act,
        CameraId(camera),
        purpose,
        instant,
        footage,
        strong_auth,
        recipient=recipient,
        second=PersonId(second) if second else None,
        post=post,
        present=frozenset(map(PersonId, present or ())),
    )
    decision = LawEngine.load().decide(_facts(facts), request)
    if as_json:
        print(json.dumps(decision_as_dict(decision), ensure_ascii=False, indent=2))
    else:
        _print(decision, "en" if english else "fr")
    if not decision.allowed:
        raise typer.Exit(REFUSED)


def _facts(path: Path) -> Facts:
    """Those of a file, or of a world of the case files."""
    from beffroi.law.facts_file import load_facts
    from beffroi.law.worlds.catalog import WORLDS, world

    return world(str(path)).facts if not path.exists() and str(path) in WORLDS else load_facts(path)


@app.command()
def rules(
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
    english: Annotated[bool, typer.Option("--english", help="sentences in English")] = False,
) -> None:
    """The dated rules, with their articles; interpretations are marked."""
    from beffroi.law.engine import LawEngine

    pack = LawEngine.load().pack
    if as_json:
        rows = [
            {
                "id": rule.id,
                "aliases": list(rule.aliases),
                "article": rule.article,
                "valid_from": rule.valid_from.isoformat(),
                "valid_to": rule.valid_to.isoformat() if rule.valid_to else None,
                "status": rule.status,
                "source": rule.source,
                "text": rule.text.as_dict(),
            }
            for rule in pack.rules.values()
        ]
        print(json.dumps({"rule_set_hash": pack.hash, "rules": rows}, ensure_ascii=False, indent=2))
        return
    for rule in pack.rules.values():
        mark = {"interpretation": " [interprétation]", "unverified": " [non vérifié]"}.get(rule.status, "")
        print(f"{rule.id}  {rule.article}  ({rule.valid_from.isoformat()} →){mark}")
        print(f"    {rule.text.in_('en' if english else 'fr')}")
    print(f"rule set {pack.hash}")


@app.command()
def bench(
    decisions: Annotated[int, typer.Option(min=100, help="how many to measure")] = 5000,
    large: Annotated[bool, typer.Option(help="5 000 cameras, 200 communes, 500 persons")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Time of a decision: 60 bodies, 100 cameras, more than 500 documents; or a large territory."""
    from beffroi.law.bench import LARGE, USUAL, measure

    figures = asdict(measure(decisions, size=LARGE if large else USUAL))
    if as_json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<14} {value}")


def decision_as_dict(decision: Decision) -> dict[str, object]:
    """A decision as JSON-ready data."""
    request = decision.request
    return {
        "verdict": decision.verdict.value,
        "person": request.person,
        "act": request.act.value,
        "camera": request.camera,
        "purpose": request.purpose.value if request.purpose else None,
        "at": request.at.isoformat(),
        "authority": decision.authority,
        "ground": decision.ground,
        "rules": list(decision.rules),
        "articles": list(decision.articles),
        "documents": list(decision.documents),
        "conditions": [
            {
                "id": one.id,
                "met": one.met,
                "text": one.text.as_dict(),
                "article": one.article,
                "cure": _cure_as_dict(one.cure),
            }
            for one in decision.conditions
        ],
        "sentence": decision.sentence.as_dict(),
        "cure": _cure_as_dict(decision.cure),
        "disclosable": decision.disclosable,
        "rule_set_hash": decision.rule_set_hash,
        "facts_hash": decision.facts_hash,
    }


def _cure_as_dict(cure: Cure | None) -> dict[str, object] | None:
    if cure is None:
        return None
    return {"kind": cure.kind, "text": cure.text.as_dict(), "issuer": cure.issuer.as_dict()}


def _print(decision: Decision, language: Language) -> None:
    print(decision.sentence.in_(language))
    print(f"    {', '.join(decision.articles)}  [{decision.ground}]")
    for one in decision.conditions:
        print(f"    {'✓' if one.met else '✗'} {one.text.in_(language)} ({one.article})")
        if one.cure is not None:
            print(f"      → {one.cure.text.in_(language)} — {one.cure.issuer.in_(language)}")


def _instant(text: str | None) -> datetime:
    try:
        made = datetime.fromisoformat(text or "")
    except ValueError as error:
        raise _bad_instant(text) from error
    if made.tzinfo is None:
        raise _bad_instant(text)
    return made


def _bad_instant(text: str | None) -> BadInputError:
    return BadInputError(
        Text(
            fr=f"« {text or ''} » n'est pas un instant avec son fuseau, comme 2026-03-02T10:00:00+01:00.",
            en=f"“{text or ''}” is not an instant with its time zone, like 2026-03-02T10:00:00+01:00.",
        )
    )
