"""``beffroi recorder``: the program that captures and writes. It needs nothing of the centre."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from beffroi.capture.paths import RecorderPaths
from beffroi.vault.chunk import FLUSH_S, MAX_FLUSH_S, MIN_FLUSH_S

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Enregistreur : capte et écrit. / Recorder: captures and writes.",
)

Data = Annotated[Path | None, typer.Option("--data", help="Dossier de données. / Data folder.")]
Metrics = Annotated[
    str | None,
    typer.Option(help="Mesures Prometheus, sur cette machine. / Prometheus figures: 127.0.0.1:9101 or unix:/path"),
]


Flush = Annotated[
    float,
    typer.Option(
        min=MIN_FLUSH_S, max=MAX_FLUSH_S,
        help="Secondes de vidéo qu'une coupure de courant peut coûter. / Seconds of video that a power cut may cost.",
    ),
]  # fmt: skip


@app.callback(invoke_without_command=True)
def recorder(
    context: typer.Context,
    data: Data = None,
    cores: Annotated[int | None, typer.Option(help="Processus de capture. / Capture processes.")] = None,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING…")] = "INFO",
    metrics: Metrics = None,
    flush_s: Flush = FLUSH_S,
) -> None:
    """Record what the sheets in DIR/recorder/sheets order, until stopped."""
    if context.invoked_subcommand is None:
        run(data=data, cores=cores, log_level=log_level, metrics=metrics, flush_s=flush_s)


@app.command()
def run(
    data: Data = None,
    cores: Annotated[int | None, typer.Option(help="Processus de capture. / Capture processes.")] = None,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING…")] = "INFO",
    metrics: Metrics = None,
    flush_s: Flush = FLUSH_S,
) -> None:
    """Record (the default)."""
    from beffroi.capture.lean import lean

    lean()
    from beffroi.base import log
    from beffroi.capture.supervisor import Supervisor

    log.configure(level=log_level)
    paths = RecorderPaths(_folder(data))

    async def record() -> None:
        await Supervisor(paths, cores=cores, log_level=log_level, metrics=metrics, flush_s=flush_s).run()

    asyncio.run(record())


@app.command()
def status(data: Data = None) -> None:
    """One line per stream: state, since when, pictures per second, kbit/s, cause."""
    from beffroi.capture.client import RecorderClient

    async def ask() -> list[dict[str, Any]]:
        async with RecorderClient(RecorderPaths(_folder(data)).control) as client:
            return await client.streams()

    streams = asyncio.run(ask())
    for item in streams:
        since = datetime.fromtimestamp(item.get("since_us", 0) / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")
        name = f"{item['camera']}/{item['stream']}"
        rate = f"{item.get('fps', 0):6.2f}/s {item.get('kbit_s', 0):8.1f} kbit/s"
        print(f"{name:<40} {item['state']:<11} {since} {rate} {item.get('cause') or ''}".rstrip())
    down = sum(item["state"] == "down" for item in streams)
    if down:
        print(f"{down} flux en panne / streams down", file=sys.stderr)
        raise typer.Exit(1)


@app.command()
def register(
    data: Data = None,
    key: Annotated[
        Path | None,
        typer.Option(help="Clé du registre. / The register's key (ledger.vkey); DIR/centre/ledger.vkey by default."),
    ] = None,
    anew: Annotated[
        bool,
        typer.Option("--anew", help="Après une restauration du centre. / After the centre was restored: begin anew."),
    ] = False,
) -> None:
    """Give the recorder the register's key: it keeps the register's checkpoints from then on, and is its witness."""
    from beffroi.cli.recorder_register import join_register

    join_register(_folder(data), key, anew=anew)


def _folder(data: Path | None) -> Path:
    if data is None:
        raise typer.BadParameter("dites le dossier / name the folder: --data /var/lib/beffroi")
    return data.absolute()
