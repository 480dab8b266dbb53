"""``beffroi bench ledger``: appends and the gate with the key here and apart, a proof and a day in a large register."""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from beffroi.cli.benchbars import LEDGER, hold


def ledger(
    entries: Annotated[int, typer.Option(min=1000, help="Écritures du grand registre. / Entries.")] = 1_000_000,
    data: Annotated[Path | None, typer.Option(help="Où écrire. / Where to write.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON. / As JSON.")] = False,
) -> None:
    """Appends by 1, 16 and 128 callers and the gate, with the signer here and apart; a proof and a day among N.

    Exit code 1 past a bar.
    """
    from beffroi.cli.bench_gate import signer_figures
    from beffroi.ledger.bench import measure_large, run

    with tempfile.TemporaryDirectory(prefix="bench-", dir=data) as folder:
        figures = run(Path(folder)) | signer_figures(Path(folder)) | measure_large(Path(folder), entries)
    if as_json:
        print(json.dumps(figures, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name:<40} {value:>12.2f}")
    hold(f"ledger, {entries}", figures, LEDGER)
