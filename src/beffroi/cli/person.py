"""`beffroi person`: record a person in one quality, list persons. Accounts are opened in the console."""

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from beffroi.cli.founding import ADMINISTRATOR
from beffroi.cli.opening import opened_registry
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Person, PersonStatus
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Persons of the registry."
)

Data = Annotated[Path, typer.Option(help="data folder prepared by `beffroi init`")]

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@app.command()
def add(
    data: Data,
    person: Annotated[str, typer.Option("--id", help="letters, digits, hyphens; never a name")],
    label: Annotated[str, typer.Option(help="how the person is called on screens, by function (French)")],
    status: Annotated[PersonStatus, typer.Option(help="in what quality")],
    employer: Annotated[str, typer.Option(help="body that employs the person: INSEE or SIREN code")],
    label_en: Annotated[str | None, typer.Option(help="the same in English; the French one by default")] = None,
    commune: Annotated[str | None, typer.Option(help="commune of the mandate or service, where there is one")] = None,
    by: Annotated[str, typer.Option(help="person who enters it")] = ADMINISTRATOR,
) -> None:
    """Record a person. It is never altered: another quality is another person."""
    if not _ID.fullmatch(person) or not label.strip():
        raise BadInputError(
            Text(
                fr=f"« {person[:64]} » n'est pas un identifiant, ou le libellé est vide : lettres, chiffres, tirets.",
                en=f"“{person[:64]}” is no id, or the label is empty: letters, digits, hyphens.",
            )
        )
    made = Person(
        PersonId(person),
        Text(fr=label.strip(), en=(label_en or label).strip()),
        status,
        BodyId(employer),
        BodyId(commune) if commune else None,
    )
    with opened_registry(data) as (registry, _):
        registry.add_person(made, by=PersonId(by))
    print(f"« {person} » enregistré. / “{person}” recorded.")


@app.command(name="list")
def list_(data: Data) -> None:
    """One line for each person: id, quality, employer, commune, label."""
    with opened_registry(data, write=False) as (registry, _):
        facts = registry.facts()
    for _, one in sorted(facts.persons.items()):
        print(f"{one.id:<24} {one.status.value:<24} {one.employer:<12} {one.commune or '-':<8} {one.label.fr}")
