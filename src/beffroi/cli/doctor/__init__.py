"""`beffroi doctor`: what is wrong with this machine, or soon will be, and what to do; nothing is changed."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from beffroi.cli.doctor.findings import Finding, Level
from beffroi.cli.doctor.look import look

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="État de cette machine. / How this machine does.",
)

_MARK = {Level.OK: "ok  ", Level.WARN: "WARN", Level.BAD: "BAD "}


@app.callback(invoke_without_command=True)
def doctor(
    data: Annotated[Path, typer.Option(help="Dossier de données. / Data folder.")] = Path("/var/lib/beffroi"),
    json_: Annotated[bool, typer.Option("--json", help="Pour une machine. / For a machine.")] = False,
) -> None:
    """Look at disk, clocks, cameras, keys, certificates, papers, register and services; works with programs stopped.

    Exit code: 0 all is well, 1 something to see to, 2 something is wrong now.
    """
    found = sorted(look(data.absolute()), key=lambda one: (-one.level, one.code, one.about))
    print(json.dumps(_json(found), ensure_ascii=False, indent=1) if json_ else _lines(found))
    raise typer.Exit(max((one.level for one in found), default=Level.OK))


def _json(found: Sequence[Finding]) -> dict[str, object]:
    worst = max((one.level for one in found), default=Level.OK)
    return {
        "worst": worst.name.lower(),
        "findings": [
            {"code": one.code.value, "level": one.level.name.lower(), "about": one.about, "text": one.text.as_dict()}
            for one in found
        ],
    }


def _lines(found: Sequence[Finding]) -> str:
    lines = []
    for one in found:
        lines += [f"{_MARK[one.level]} {one.code.value:<20} {one.text.fr}", f"{'':<26}{one.text.en}"]
    return "\n".join(lines)
