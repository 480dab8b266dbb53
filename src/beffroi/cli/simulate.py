"""`beffroi simulate`: simulated cameras alone, for trying Beffroi without a street."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from simulate.__main__ import serve as serve_cameras
from simulate.config import Config, read_config
from simulate.control import ask
from simulate.defaults import default_cameras
from simulate.folder import cameras_of
from simulate.scenes import render_all

app = typer.Typer(no_args_is_help=True, help="Simulated cameras: RTSP, street scenes, faults on command.")


@app.command()
def run(
    config: Annotated[Path | None, typer.Option(help="JSON file of cameras")] = None,
    clips: Annotated[Path | None, typer.Option(help="serve the video files of this folder instead of scenes")] = None,
    count: Annotated[int, typer.Option(min=1, max=500, help="how many cameras of the default set")] = 4,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="RTSP port; 0 = any")] = 8554,
    control_port: Annotated[int, typer.Option(help="port for faults; 0 = any")] = 8555,
    user: Annotated[str, typer.Option(help="user of every camera")] = "beffroi",
    show: Annotated[bool, typer.Option("--show", help="print the passwords in the addresses")] = False,
) -> None:
    """Serve cameras until Ctrl-C. The password is $BEFFROI_SIMULATE_PASSWORD, or made at random."""
    password = os.environ.get("BEFFROI_SIMULATE_PASSWORD")
    if config:
        chosen = read_config(config)
    elif clips:
        cameras = cameras_of(clips, user=user if password else "", password=password or "")
        chosen = Config(cameras=cameras, host=host, port=port, control_port=control_port)
    else:
        cameras = default_cameras(render_all(say=typer.echo), count, user=user, password=password)
        chosen = Config(cameras=cameras, host=host, port=port, control_port=control_port)
    for camera in chosen.cameras:
        login = f"{camera.user}:{camera.password if show else '***'}@" if camera.password else ""
        for stream in ("main", "sub"):
            typer.echo(f"rtsp://{login}{chosen.host}:{chosen.port}/{camera.name}/{stream}")
    asyncio.run(serve_cameras(chosen))


@app.command()
def render(
    folder: Annotated[Path | None, typer.Option("--dir", help="default: $BEFFROI_SCENES or .scenes")] = None,
) -> None:
    """Draw and encode the street scenes that are missing (about a minute on two cores)."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    for made in render_all(folder, say=typer.echo).values():
        typer.echo(str(made.main))


@app.command()
def fault(
    camera: Annotated[str, typer.Argument(help="name of the camera")],
    kind: Annotated[
        str,
        typer.Argument(help="none, stall, silent, drop:p, corrupt:p, close, refuse, burst:s, clock-step:s, new-sps"),
    ],
    control_port: Annotated[int, typer.Option(help="control port of the simulator")] = 8555,
) -> None:
    """Put a running simulated camera at fault."""
    ask(control_port, {"camera": camera, "fault": kind})


@app.command()
def status(control_port: Annotated[int, typer.Option(help="control port of the simulator")] = 8555) -> None:
    """Fault, viewers and frames sent of each running simulated camera."""
    for name, state in ask(control_port, {"status": True})["status"].items():
        typer.echo(f"{name}: {state['fault']} {state['viewers']} {state['frames_sent']}")
