"""`beffroi demo`: INGEAGGLO on this machine."""

import contextlib
import itertools
import os
import signal
import socket
import tempfile
import time
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from beffroi.base import log
from beffroi.base.clock import SystemClock
from beffroi.base.ports import free_port
from beffroi.capture.folderlock import AlreadyRunningError, lock_folder
from beffroi.capture.paths import RecorderPaths
from beffroi.cli.children import Children
from beffroi.cli.house import ACCOUNTS_FILE, BANNER, House
from beffroi.cli.ingeagglo import load_account
from beffroi.domain.clock import now
from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text
from beffroi.profiles.ingeagglo_places import PATCHY

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help="INGEAGGLO on this machine.")

DEFAULT_DATA: Final = Path("demo-data")
DEFAULT_PORT: Final = 8040
_PATCHY_EVERY_S: Final = 120.0
_PATCHY_FOR_S: Final = 20.0

_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_ENDING: Final = Text(
    fr="Fin de la démonstration : tout s'arrête, en une demi-minute au plus (encore Ctrl+C : tout de suite).",
    en="The demonstration ends: everything stops, in half a minute at most (Ctrl+C again: at once).",
)
_KILLED: Final = Text(fr="Arrêt immédiat : ce qui restait est tué.", en="Stopped at once: what was left is killed.")

Data = Annotated[Path, typer.Option(help="folder of the demonstration, made anew at each start")]


@app.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    data: Data = DEFAULT_DATA,
    port: Annotated[int, typer.Option(min=1, max=65535, help="port of the console")] = DEFAULT_PORT,
    cameras: Annotated[int, typer.Option(min=16, max=64, help="how many simulated cameras")] = 16,
    check: Annotated[bool, typer.Option("--check", help="start on free ports, check the promises, stop")] = False,
) -> None:
    """Start INGEAGGLO: simulated cameras over RTSP, a recorder, the centre; or check its promises."""
    if context.invoked_subcommand is not None:
        return
    log.configure(json=False, level="WARNING")
    if check:
        raise SystemExit(_check())
    _refuse_busy(port)
    _refuse_running(data.resolve())
    house = House(data.resolve(), port, free_port(), free_port(), cameras=cameras, say=print)
    print(f"{BANNER.fr}\n{BANNER.en}\n")
    _heed_signals(house.children)
    try:
        house.build()
        house.start()
        _welcome(house)
        _follow(house)
    except KeyboardInterrupt:
        print(f"\n{_ENDING.fr}\n{_ENDING.en}")
    finally:
        _stop(house)


@app.command()
def code(
    context: typer.Context,
    role: Annotated[str, typer.Argument(help="operator, supervisor, police, … or the account's name")],
    data: Annotated[Path | None, typer.Option(help="folder of the demonstration; also before `code`")] = None,
) -> None:
    """Print the current one-time code of a demonstration account."""
    before = context.parent.params["data"] if context.parent is not None else DEFAULT_DATA
    folder = data or before
    path = folder / ACCOUNTS_FILE
    if not path.exists():
        raise BrokenError(
            Text(
                fr=f"Aucune démonstration dans « {folder} » : lancez « make demo », ou dites son dossier avec "
                "« --data ».",
                en=f"No demonstration in “{folder}”: run `make demo`, or name its folder with `--data`.",
            )
        )
    print(load_account(path, role).code(now(SystemClock())))


def _heed_signals(children: Children) -> None:
    """Asked to end in any polite way, the children end too. A shell that starts us in the background ignores Ctrl+C."""

    def first(*_: object) -> None:
        _kill_at_signals(children)
        raise KeyboardInterrupt

    for number in _SIGNALS:
        signal.signal(number, first)


def _kill_at_signals(children: Children) -> None:
    """From here on, whoever asks (again) does not want to wait. Nothing is raised: every child is ended in its turn."""

    def again(*_: object) -> None:
        children.kill_all()
        with contextlib.suppress(OSError):  # the terminal may be gone; `print` may be under way
            os.write(1, f"{_KILLED.fr}\n{_KILLED.en}\n".encode())

    for number in _SIGNALS:
        signal.signal(number, again)


def _stop(house: House) -> None:
    _kill_at_signals(house.children)
    house.stop()


def _refuse_busy(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise BrokenError(
                Text(
                    fr=f"Le port {port} est déjà pris : arrêtez l'autre programme, ou lancez "
                    "« .venv/bin/beffroi demo --port 8041 ».",
                    en=f"Port {port} is taken: stop the other program, or start `.venv/bin/beffroi demo --port 8041`.",
                )
            ) from error


def _refuse_running(data: Path) -> None:
    """A demonstration that works in this folder is not thrown away under its feet."""
    lock = RecorderPaths(data).lock
    if lock.exists():
        try:
            os.close(lock_folder(lock, wait_s=0))
        except AlreadyRunningError as error:
            raise BrokenError(
                Text(
                    fr=f"Une démonstration est en cours dans « {data.name} » : arrêtez-la (Ctrl+C), ou ajoutez "
                    "« --data AUTRE-DOSSIER ».",
                    en=f"A demonstration is under way in “{data.name}”: stop it (Ctrl+C), or add "
                    "`--data ANOTHER-FOLDER`.",
                )
            ) from error


def _welcome(house: House) -> None:
    table = Table(title=f"Console : {house.address}", title_justify="left")
    for heading in ("compte / account", "mot de passe / password", "rôle / role"):
        table.add_column(heading)
    for account in house.world.accounts if house.world else ():
        table.add_row(account.account, account.password, account.label.fr)
    Console().print(table)
    print("Second facteur / second factor: beffroi demo code COMPTE   (.venv/bin/beffroi …)")
    if house.world:
        print(f"L'arrêté d'une caméra prend fin à / one camera's order ends at {house.world.lapses_at:%H:%M:%S} UTC.")
    print("Ctrl+C arrête tout. / Ctrl+C stops everything.")


def _follow(house: House) -> None:
    """Until a part ends or Ctrl+C: the camera on the mobile link drops out now and then."""
    patchy = [place.id for place in house.world.places if place.link == PATCHY] if house.world else []
    for down in itertools.cycle((False, True)):
        for camera in patchy:
            house.fault(camera, "refuse" if down else "none")
        until = time.monotonic() + (_PATCHY_FOR_S if down else _PATCHY_EVERY_S)
        while time.monotonic() < until:
            ended = house.children.ended()
            if ended == "cameras":
                raise BrokenError(
                    Text(
                        fr="Les caméras simulées se sont arrêtées : relancez la démonstration.",
                        en="The simulated cameras stopped: start the demonstration again.",
                    )
                )
            if ended is not None:
                print(f"« {ended} » s'est arrêté ; le reste continue. / “{ended}” stopped; the rest goes on.")
                house.children.forget(ended)
            time.sleep(0.5)


def _check() -> int:
    from beffroi.cli.promises.run import check_house

    os.environ.setdefault("BEFFROI_SCENES", str(Path(".scenes").resolve()))
    with tempfile.TemporaryDirectory(prefix="beffroi-check-") as folder:
        house = House(Path(folder) / "house", free_port(), free_port(), free_port(), order_lapses_s=75.0, say=print)
        _heed_signals(house.children)
        try:
            return check_house(house)
        finally:
            _stop(house)
