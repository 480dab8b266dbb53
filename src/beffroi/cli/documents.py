"""`beffroi documents`: bring documents in from a file, list them, see what ends, write them out."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from beffroi.base.clock import SystemClock
from beffroi.cli.opening import opened_registry
from beffroi.domain.clock import now
from beffroi.domain.documents import Document, DocumentStatus
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import BodyId, DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.law.documents import code, type_name
from beffroi.registry.attachments import Attachments
from beffroi.registry.deadlines import deadlines as due
from beffroi.registry.papers_file import ImportRefusedError, Line, import_all, read_documents
from beffroi.registry.papers_out import newest, to_csv, to_yaml

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Documents of the registry."
)

Data = Annotated[Path, typer.Option(help="data folder prepared by `beffroi init`")]
By = Annotated[str, typer.Option(help="person who enters it, by person id")]

_WRITERS = {".csv": to_csv, ".yaml": to_yaml, ".yml": to_yaml}


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV or YAML file; the guide lists its columns")],
    data: Data,
    by: By,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only tell what is wrong and what would enter")] = False,
) -> None:
    """Enter the documents of a file: all, or none when a line is wrong. Each then waits for its commune."""
    content = _read(file)
    with opened_registry(data, write=not dry_run) as (registry, _):
        lines = read_documents(content, file.name, registry.facts())
        for line in lines:
            _tell(line)
        if dry_run:
            if any(line.errors for line in lines):
                raise ImportRefusedError(lines)
            print("Essai : rien n'a été saisi. / Dry run: nothing was entered.")
            return
        changes = import_all(registry, lines, by=PersonId(by))
    print(f"{len(changes)} pièce(s) saisie(s), à confirmer. / {len(changes)} document(s) entered, to be confirmed.")


@app.command(name="list")
def list_(
    data: Data,
    commune: Annotated[str | None, typer.Option(help="only documents that name this body")] = None,
) -> None:
    """One line for each document: its state, its end, its id."""
    with opened_registry(data, write=False) as (registry, _):
        facts, first = registry.facts(), registry.first_confirmations()
    for document in newest(facts):
        if commune is None or BodyId(commune) in document.scope.bodies:
            waits = " (une seconde personne doit confirmer)" if document.id in first else ""
            print(f"{_state(document):<12} {_end(document):<12} {code(document.kind):<6} {document.id}{waits}")


@app.command()
def deadlines(
    data: Data,
    commune: Annotated[list[str] | None, typer.Option(help="only what concerns this commune; repeat")] = None,
) -> None:
    """What ends or is due within twelve months, nearest first, and what to do."""
    with opened_registry(data, write=False) as (registry, _):
        facts = registry.facts()
    found = due(facts, now(SystemClock()), [BodyId(one) for one in commune] if commune else None)
    for one in found:
        name = type_name(one.document.kind)
        print(f"{one.last_day}  {one.days_left:>4} j  {one.document.id}  {name.fr} / {name.en}")
        print(f"            {one.blocks.fr} {one.task.fr}")
        print(f"            {one.blocks.en} {one.task.en}")
    if not found:
        print("Rien ne finit dans les douze mois. / Nothing ends within twelve months.")


@app.command()
def export(
    data: Data,
    output: Annotated[Path, typer.Option(help="file to write: .csv or .yaml; it must not exist")],
) -> None:
    """Write the newest version of every document to a file that `beffroi documents import` reads."""
    writer = _WRITERS.get(output.suffix.lower())
    if writer is None:
        raise BadInputError(Text(fr="Donnez un fichier .csv ou .yaml.", en="Give a .csv or .yaml file."))
    with opened_registry(data, write=False) as (registry, _):
        documents = newest(registry.facts())
    try:
        with output.open("xb") as file:
            file.write(writer(documents))
    except OSError as error:
        raise BadInputError(
            Text(
                fr=f"« {output} » ne peut être écrit, ou existe déjà : choisissez un autre nom.",
                en=f"“{output}” cannot be written, or is there already: choose another name.",
            )
        ) from error
    print(f"{len(documents)} pièce(s) dans {output.name}. / {len(documents)} document(s) in {output.name}.")


@app.command()
def attach(
    document: Annotated[str, typer.Argument(help="id of the document: kind/name")],
    file: Annotated[Path, typer.Argument(help="PDF, PNG, JPEG or ODT, at most 25 MB")],
    data: Data,
    by: By,
) -> None:
    """Keep a file and say that it belongs to the newest version of a document."""
    content = _read(file)
    with opened_registry(data) as (registry, _):
        stored = Attachments(data / "centre" / "attachments").put(content)
        registry.attach(DocumentId(document), stored, name=file.name, by=PersonId(by))
    print(f"{file.name} : {stored.media_type}, SHA-256 {stored.sha256}")
    if stored.read.signed_on is not None:
        print(f"Date de signature lue : {stored.read.signed_on}. / Date of signature read: {stored.read.signed_on}.")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInputError(
            Text(fr=f"« {file} » est illisible : vérifiez son nom.", en=f"“{file}” is unreadable: check its name.")
        ) from error


def _tell(line: Line) -> None:
    name = line.document.id if line.document is not None else "?"
    for error in line.errors:
        print(f"{line.number}: {name}: {error.fr}\n{line.number}: {name}: {error.en}", file=sys.stderr)
    if not line.errors:
        print(f"{line.number}: {name}: {'déjà là / known already' if line.known else 'bon / good'}")


def _state(document: Document) -> str:
    return {
        DocumentStatus.PROPOSED: "à confirmer",
        DocumentStatus.CONFIRMED: "confirmée",
        DocumentStatus.SUSPENDED: "suspendue",
        DocumentStatus.WITHDRAWN: "retirée",
    }[document.status]


def _end(document: Document) -> str:
    return str(document.valid_until)[:10] if document.valid_until is not None else "sans fin"
