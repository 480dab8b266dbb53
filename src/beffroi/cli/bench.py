"""``beffroi bench``: measured figures. Simulated cameras on this machine; the generator's own cost is told apart."""

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

Data = Annotated[Path | None, typer.Option(help="Où écrire. / Where to write.")]

app = typer.Typer(add_completion=False, help="Chiffres mesurés. / Measured figures.")


@app.callback()
def bench() -> None:
    """Measured figures, with what they cost."""


@app.command()
def record(
    streams: Annotated[int, typer.Option(help="Caméras simulées. / Simulated cameras.")] = 48,
    seconds: Annotated[float, typer.Option(help="Durée mesurée. / Measured time.")] = 20.0,
    kbit_s: Annotated[int, typer.Option(help="Débit par flux. / Rate of each stream.")] = 2000,
    data: Data = None,
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


@app.command()
def law() -> None:
    """How long a decision of the law takes, on a territory of 60 bodies and 100 cameras."""
    from beffroi.cli.bench_gate import law_figures

    _show(law_figures())


@app.command()
def gate(data: Data = None) -> None:
    """How long it takes to open a view: the law, an entry on disk, a lease."""
    from beffroi.cli.bench_gate import gate_figures

    with tempfile.TemporaryDirectory(prefix="bench-", dir=data) as folder:
        _show(gate_figures(Path(folder)))


@app.command()
def fragment(data: Data = None) -> None:
    """What writing encrypted files costs, beside a clear remux by PyAV."""
    from beffroi.cli.bench_fragment import fragment_figures

    with tempfile.TemporaryDirectory(prefix="bench-", dir=data) as folder:
        _show(fragment_figures(Path(folder)))


@app.command(name="all")
def everything(data: Data = None) -> None:
    """Law, gate, fragments, then forty-eight recorded streams. Exit code 1 when a picture is missing."""
    for title, run in (("law", law), ("gate", lambda: gate(data)), ("fragment", lambda: fragment(data))):
        print(f"== {title}")
        run()
    print("== record")
    record(streams=48, seconds=20.0, kbit_s=2000, data=data, as_json=False)


def _show(result: dict[str, Any]) -> None:
    for name, value in result.items():
        print(f"{name:<32} {value}")
    print(time.strftime("%Y-%m-%d %H:%M"))
