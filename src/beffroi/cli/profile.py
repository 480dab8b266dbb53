"""`beffroi profile`: the deployments that must work: what each is, who may see what, and the way to a lawful form."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The deployments: what each is, who may see what, what is missing.",
)

Name = Annotated[str, typer.Argument(help="ingeagglo, oise, val-d-oise… (see `beffroi profile list`)")]
AsDescribed = Annotated[bool, typer.Option("--as-described", help="as the deployment is told (the default)")]
Regularised = Annotated[bool, typer.Option("--regularised", help="after what the law asks has been done")]
English = Annotated[bool, typer.Option("--english", help="in English")]


@app.command("list")
def list_profiles(
    english: English = False, as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False
) -> None:
    """The seven deployments; a dual one exists as described and regularised."""
    from beffroi.profiles.card import card_of
    from beffroi.profiles.catalogue import PROFILES, world_names

    if as_json:
        rows = [
            {
                "name": profile.name,
                "worlds": [name for name in world_names() if name.partition("--")[0] == profile.name],
                "title": card_of(profile.name).title.as_dict(),
                "counts": dict(card_of(profile.name).counts),
            }
            for profile in PROFILES.values()
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for profile in PROFILES.values():
        print(f"{profile.name:<20} {card_of(profile.name).title.in_('en' if english else 'fr')}")
        if profile.dual:
            print(f"{'':<20} --as-described, --regularised")


@app.command()
def show(
    name: Name,
    as_described: AsDescribed = False,
    regularised: Regularised = False,
    english: English = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
    at: Annotated[str | None, typer.Option(help="instant, ISO 8601 with a time zone (default: the profile's)")] = None,
) -> None:
    """One deployment in a page: what it is, who may see what, what is refused and why, the way to a lawful form."""
    from beffroi.cli.profile_page import page
    from beffroi.law.engine import LawEngine
    from beffroi.profiles.report import read, report_as_dict

    report = read(LawEngine.load(), _world(name, as_described, regularised), _instant(at))
    if as_json:
        print(json.dumps(report_as_dict(report), ensure_ascii=False, indent=2))
        return
    print("\n".join(page(report, "en" if english else "fr")))


@app.command()
def facts(
    name: Name,
    as_described: AsDescribed = False,
    regularised: Regularised = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="file to write (default: standard output)")
    ] = None,
) -> None:
    """The facts of a deployment as YAML, which `beffroi law ask` reads."""
    from beffroi.law.facts_dump import dump_facts
    from beffroi.profiles.catalogue import build

    text = dump_facts(build(_world(name, as_described, regularised)).facts)
    if output is None:
        print(text, end="")
    else:
        output.write_text(text, encoding="utf-8")


def _world(name: str, as_described: bool, regularised: bool) -> str:
    """The name of the world that the name and the two options mean.

    Raises:
        BadInputError: both options, or one of them for a deployment that has a single state.
    """
    from beffroi.profiles.catalogue import find
    from beffroi.profiles.shape import Variant

    profile, variant = find(name)
    asked = {
        one
        for one, wanted in ((Variant.AS_DESCRIBED, as_described), (Variant.REGULARISED, regularised), (variant, True))
        if wanted and one is not None
    }
    if not profile.dual:
        if asked:
            raise BadInputError(
                Text(
                    fr=f"« {name} » n'a qu'un état : retirez --as-described et --regularised.",
                    en=f"“{name}” has a single state: leave out --as-described and --regularised.",
                )
            )
        return profile.name
    if len(asked) > 1:
        raise BadInputError(
            Text(
                fr="Choisissez : --as-described (tel que décrit) ou --regularised (régularisé).",
                en="Choose: --as-described or --regularised.",
            )
        )
    return f"{profile.name}--{next(iter(asked), Variant.AS_DESCRIBED)}"


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        made = None
    if made is None or made.tzinfo is None:
        raise BadInputError(
            Text(
                fr=f"« {text} » n'est pas un instant avec son fuseau, comme 2026-03-02T22:30:00+01:00.",
                en=f"“{text}” is not an instant with its time zone, like 2026-03-02T22:30:00+01:00.",
            )
        )
    return made
