"""``beffroi bench``: measured figures. Simulated cameras on this machine; the generator's own cost is told apart."""

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False, help="Chiffres mesurés. / Measured figures.")


@app.callback()
def bench() -> None:
    """Measured figures, with what they cost."""


@app.command()
def record(
    streams: Annotated[int, typer.Option(help="Caméras simulées. / Simulated cameras.")] = 48,
    seconds: Annotated[float, typer.Option(help="Durée mesurée. / Measured time.")] = 20.0,
    kbit_s: Annotated[int, typer.Option(help="Débit par flux. / Rate of each stream.")] = 2000,
    data: Annotated[Path | None, typer.Option(help="Où écrire. / Where to write.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON. / As JSON.")] = False,
) -> None:
    """Record N streams of 25 pictures a second for S seconds: pictures missing, CPU, memory, per stream."""
    from beffroi.cli.benchrecord import measure

    with tempfile.TemporaryDirectory(prefix="bench-", dir=data) as folder:
        result = asyncio.run(measure(Path(folder), streams=streams, seconds=seconds, kbit_s=kbit_s))
    if as_json:
        print(json.dumps(result, indent=1))
    else:
        _show(result)
    if result["frames_missing"]:
        raise typer.Exit(1)


def _show(result: dict[str, Any]) -> None:
    for name, value in result.items():
        print(f"{name:<32} {value}")
    print(time.strftime("%Y-%m-%d %H:%M"))
