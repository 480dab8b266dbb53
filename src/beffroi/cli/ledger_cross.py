"""`beffroi ledger cross`: the register and the journals of its recorders, held against one another, offline."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from beffroi.cli.usage import wrong_usage_is_2
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

if TYPE_CHECKING:
    from beffroi.vault.crossfindings import CrossReport

RECORDER = "recorder"


@wrong_usage_is_2("ledger")
def cross(
    directory: Annotated[Path, typer.Argument(help="The register's folder.")],
    journal: Annotated[
        list[str],
        typer.Option("--journal", help="journal.sqlite of a recorder, or NAME=FILE (the register's name of it)."),
    ],
    key: Annotated[str | None, typer.Option("--key", help="Verifier key (name+id+key) or a file of it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable result on standard output.")] = False,
) -> None:
    """Hold recorders' journals and the register against one another.

    Exit code: 0 they agree, 1 not, 2 wrong usage, or a file that cannot be read as a journal.
    """
    from beffroi.cli.ledger import register_at
    from beffroi.vault.crosscheck import cross as run

    verifier, _ = register_at(directory, key)
    reports = [run(directory, verifier, path, recorder=name) for name, path in map(_named, journal)]
    clean = all(one.clean for one in reports)
    if as_json:
        print(
            json.dumps({"clean": clean, "journals": [one.as_dict() for one in reports]}, ensure_ascii=False, indent=2)
        )
    else:
        for one in reports:
            for text in [finding.text for finding in one.findings] or [_agreed(one)]:
                print(f"{one.recorder} : {text.fr}\n  {one.recorder}: {text.en}")
    if not clean:
        raise typer.Exit(1)


def _named(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not equals:
        return RECORDER, Path(text)
    if not name or not path or not name.isprintable() or '"' in name or "\\" in name:
        raise BadInputError(
            Text(
                fr=f"« {text[:80]} » ne se lit pas : écrivez nom=fichier, ou le fichier seul.",
                en=f"“{text[:80]}” cannot be read: write name=file, or the file alone.",
            )
        )
    return name, Path(path)


def _agreed(report: "CrossReport") -> Text:
    return Text(
        fr=f"journal et registre s'accordent : {report.acts} actes comparés, {report.chained} empreintes du journal, "
        f"{report.heads} points de contrôle gardés ({report.before} d'avant une restauration), {report.pruned} actes "
        "effacés d'un côté à leur terme.",
        en=f"journal and register agree: {report.acts} acts compared, {report.chained} hashes of the journal, "
        f"{report.heads} checkpoints kept ({report.before} from before a restoration), {report.pruned} acts dropped on "
        "one side at their term.",
    )
