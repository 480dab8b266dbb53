"""``beffroi bench``: measured figures. Simulated cameras on this machine; the generator's own cost is told apart."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from beffroi.cli.bench_ledger import ledger
from beffroi.cli.benchbars import CATALOGUE, BarPastError, Past, hold, record_bars

Data = Annotated[Path | None, typer.Option(help="Où écrire. / Where to write.")]

app = typer.Typer(add_completion=False, help="Chiffres mesurés. / Measured figures.")


app.command()(ledger)


@app.callback()
def bench() -> None:
    """Measured figures, with what they cost."""


@app.command()
def record(
    streams: Annotated[int, typer.Option(help="Caméras simulées. / Simulated cameras.")] = 64,
    kind: Annotated[str, typer.Option(help="main : 1080p, 4 Mbit/s ; sub : 360p, 0,4 Mbit/s.")] = "main",
    seconds: Annotated[float, typer.Option(help="Durée mesurée. / Measured time.")] = 20.0,
    rounds: Annotated[int, typer.Option(help="Tours A B. / Rounds A B.")] = 2,
    peer: Annotated[bool, typer.Option(help="Mesurer aussi ffmpeg. / Measure ffmpeg too.")] = True,
    sweep: Annotated[bool, typer.Option(help="8, 16, 32, 64, 128 flux. / 8 to 128 streams.")] = False,
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON. / As JSON.")] = False,
) -> None:
    """Record N streams of 25 pictures a second for S seconds, then have ffmpeg do it: pictures missing, CPU, memory.

    Exit code 1 past a bar: a picture missing, or, from 64 main streams on, the ratios to ffmpeg.
    """
    from beffroi.cli.benchmodel import measure_sweep
    from beffroi.cli.benchrecord import measure

    if kind not in {"main", "sub"}:
        raise typer.BadParameter("main, sub")
    chosen: Literal["main", "sub"] = "main" if kind == "main" else "sub"
    with tempfile.TemporaryDirectory(prefix="bench-", dir=data) as folder:
        if sweep:
            result = measure_sweep(Path(folder), seconds=seconds)
        else:
            result = measure(Path(folder), streams=streams, seconds=seconds, kind=chosen, rounds=rounds, peer=peer)
    if as_json:
        print(json.dumps(result, indent=1))
    else:
        _show(result)
    hold("record, 8 → 128" if sweep else f"record, {streams} {kind}", result, record_bars(result))


@app.command()
def flush(
    streams: Annotated[int, typer.Option(help="Flux écrits. / Streams written.")] = 64,
    kbit_s: Annotated[int, typer.Option(help="Débit d'un flux. / Rate of a stream.")] = 4000,
    seconds: Annotated[float, typer.Option(help="Durée mesurée. / Measured time.")] = 30.0,
    intervals: Annotated[str, typer.Option(help="Secondes. / Seconds.")] = "2,5,10",
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON. / As JSON.")] = False,
) -> None:
    """What the flush interval of the recorder (--flush-s) costs a disk: give a folder of it with --data."""
    from beffroi.cli.benchflush import flush_figures

    intervals_s = [float(word) for word in intervals.split(",")]
    with tempfile.TemporaryDirectory(prefix="bench-", dir=data) as folder:
        result = flush_figures(Path(folder), streams=streams, seconds=seconds, kbit_s=kbit_s, intervals_s=intervals_s)
    if as_json:
        print(json.dumps(result, indent=1))
    else:
        _show(result)


@app.command()
def rtp(
    streams: Annotated[int, typer.Option(help="Sessions nourries tour à tour. / Sessions fed in turn.")] = 64,
    seconds: Annotated[float, typer.Option(help="Durée de vidéo. / Length of video.")] = 4.0,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON. / As JSON.")] = False,
) -> None:
    """What taking RTP costs, per packet and picture, without sockets and disks."""
    from beffroi.cli.benchrtp import measure_rtp

    figures = measure_rtp(streams, seconds)
    if as_json:
        print(json.dumps(figures, indent=1))
    else:
        _show({f"{one['codec']} {one['kbit_s']} kbit/s": one for one in figures})


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


@app.command()
def catalogue(
    rows: Annotated[int, typer.Option(help="Fichiers au catalogue. / Files in the catalogue.")] = 1_000_000,
    seconds: Annotated[float, typer.Option(help="Durée de chaque débit. / Length of each rate.")] = 10.0,
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON. / As JSON.")] = False,
) -> None:
    """What a recorder's catalogue costs at that size: a day's view, files coming and going, a pass of destruction.

    Exit code 1 past a bar.
    """
    from beffroi.cli.bench_catalogue import catalogue_figures

    with tempfile.TemporaryDirectory(prefix="bench-", dir=data) as folder:
        figures = catalogue_figures(Path(folder), rows=rows, seconds=seconds)
    if as_json:
        print(json.dumps(figures, indent=1))
    else:
        _show(figures)
    hold(f"catalogue, {rows}", figures, CATALOGUE)


@app.command(name="all")
def everything(data: Data = None) -> None:
    """Every bench with its bars, some five minutes: 64 main streams and ffmpeg in turn, twice; 150 sub and 60 main.

    What is past a bar is told at the end, with exit code 1.
    """
    long: dict[str, Any] = {"seconds": 12.0, "data": data}
    steps: tuple[tuple[str, Callable[[], None]], ...] = (
        ("law", law),
        ("gate", partial(gate, data)),
        ("fragment", partial(fragment, data)),
        ("record: 64 main, A B A B", partial(record, streams=64, kind="main", rounds=2, peer=True, **long)),
        ("record: 150 sub", partial(record, streams=150, kind="sub", rounds=1, peer=False, **long)),
        ("record: 60 main", partial(record, streams=60, kind="main", rounds=1, peer=False, **long)),
        ("catalogue", partial(catalogue, rows=1_000_000, data=data)),
        ("ledger", partial(ledger, entries=1_000_000, data=data)),
    )
    past: list[Past] = []
    for title, run in steps:
        print(f"== {title}", flush=True)
        began_s = time.monotonic()
        try:
            run()
        except BarPastError as error:
            past += error.past
        print(f"({time.monotonic() - began_s:.0f} s)", flush=True)
    if past:
        raise BarPastError(past)


def _show(result: dict[str, Any]) -> None:
    for name, value in _lines(result):
        print(f"{name:<48} {value}")
    print(time.strftime("%Y-%m-%d %H:%M"))


def _lines(result: dict[str, Any], under: str = "") -> Iterator[tuple[str, Any]]:
    """Figures within figures, each under its full name."""
    for name, value in result.items():
        if isinstance(value, dict):
            yield from _lines(value, f"{under}{name}.")
        else:
            yield under + name, value
