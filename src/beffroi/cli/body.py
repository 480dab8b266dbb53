"""`beffroi body`: record a body after the centre was prepared, set the members of one, list bodies."""

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from beffroi.cli.founding import ADMINISTRATOR
from beffroi.cli.opening import opened_registry
from beffroi.domain.acts import Form
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Body, BodyKind
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Bodies of the registry."
)

Data = Annotated[Path, typer.Option(help="data folder prepared by `beffroi init`")]
Id = Annotated[str, typer.Option("--id", help="INSEE code of a commune or département, SIREN of another body")]
Members = Annotated[list[str] | None, typer.Option("--member", help="body that belongs to it; repeat")]
By = Annotated[str, typer.Option(help="person who enters it")]

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}")


@app.command()
def add(
    data: Data,
    body: Id,
    kind: Annotated[BodyKind, typer.Option(help="what it is")],
    name: Annotated[str, typer.Option(help="its name")],
    departement: Annotated[str, typer.Option(help="code of its département: 78, 2A, 971")] = "",
    form: Annotated[Form | None, typer.Option(help="form of pooling, for a body that pools")] = None,
    member: Members = None,
    by: By = ADMINISTRATOR,
) -> None:
    """Record a body. It opens nothing: documents do."""
    if not _ID.fullmatch(body) or not name.strip():
        raise BadInputError(
            Text(
                fr=f"« {body[:40]} » n'est pas un code d'organisme, ou le nom est vide.",
                en=f"“{body[:40]}” is no code of a body, or the name is empty.",
            )
        )
    made = Body(BodyId(body), kind, name.strip(), departement, form, frozenset(map(BodyId, member or ())))
    with opened_registry(data) as (registry, _):
        registry.add_body(made, by=PersonId(by))
    print(f"« {name} » enregistré. / “{name}” recorded.")


@app.command()
def members(data: Data, body: Id, member: Members = None, by: By = ADMINISTRATOR) -> None:
    """Say who belongs to a body from now on: the whole list."""
    with opened_registry(data) as (registry, _):
        registry.set_members(BodyId(body), frozenset(map(BodyId, member or ())), by=PersonId(by))
    print("Membres modifiés. / Members changed.")


@app.command(name="list")
def list_(data: Data) -> None:
    """One line for each body: code, kind, form, département, number of members, name."""
    with opened_registry(data, write=False) as (registry, _):
        facts = registry.facts()
    for _, one in sorted(facts.bodies.items()):
        form = one.form.value if one.form else "-"
        print(f"{one.id:<12} {one.kind.value:<18} {form:<2} {one.departement:<4} {len(one.members):>3}  {one.name}")
