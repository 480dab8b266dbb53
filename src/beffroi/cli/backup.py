"""`beffroi backup FOLDER`: save documents, attached files, register and keyrings of a centre, running or not."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from beffroi.cli.passphrase import FdOption, FileOption, read_passphrase


class DefaultCommand(typer.core.TyperGroup):
    """A group whose first command needs no name: `beffroi backup FOLDER`."""

    default = "make"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command's name back where it was left out."""
        if args and args[0] not in self.commands and args[0] not in {"--help", "-h"}:
            args = [self.default, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=DefaultCommand,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Save a centre: beffroi backup FOLDER --data DATA",
)

Data = Annotated[Path, typer.Option("--data", help="The data folder (holds `centre`).")]
Hours = Annotated[
    Path | None, typer.Option("--hours", help="Where the one copy of the hour keys lies (FOLDER/hours by default).")
]
Database = Annotated[
    str | None, typer.Option("--database", help="SQLAlchemy URL, without a password, instead of the SQLite file.")
]
Sure = Annotated[
    bool, typer.Option("--clock-is-right", help="A person checked this machine's time against another clock.")
]
_KEEP: Final = 14


@app.callback()
def _group() -> None:
    """Save a centre: beffroi backup FOLDER --data DATA."""


@app.command()
def make(
    folder: Annotated[Path, typer.Argument(help="Where archives lie; best another machine's disk.")],
    data: Data,
    hours: Hours = None,
    database: Database = None,
    keep: Annotated[int, typer.Option("--keep", min=1, max=1000, help="How many archives stay.")] = _KEEP,
    passphrase_file: FileOption = None,
    passphrase_fd: FdOption = None,
) -> None:
    """Save a centre. It may be running; the archive is read back before it counts."""
    from beffroi.backup.make import make as make_archive
    from beffroi.base.clock import SystemClock
    from beffroi.base.db import open_engine

    passphrase = read_passphrase(passphrase_file, passphrase_fd, confirm=True)
    engine = open_engine(database or f"sqlite:///{data / 'centre' / 'beffroi.sqlite'}")
    try:
        made = make_archive(data, folder, passphrase, engine, SystemClock(), hours=hours, keep=keep)
    finally:
        engine.dispose()
    print(f"{made.path} ({made.bytes / 1e6:.1f} Mo/MB, {made.files} fichiers/files, {made.entries} écritures/entries)")
    print(f"Clés horaires dans la copie / hour keys in the copy: {made.hours.held}")
    if made.hours.refused:
        print(f"⚠ {made.hours.refused} clés de la copie sont d'un autre trousseau / are of another keyring")


@app.command()
def check(
    archive: Annotated[Path, typer.Argument(help="An archive, or the folder of archives (the newest is read).")],
    passphrase_file: FileOption = None,
    passphrase_fd: FdOption = None,
) -> None:
    """Read an archive through: opens with this passphrase, whole, every digest computed again."""
    from beffroi.backup.make import read_back
    from beffroi.backup.restore import chosen

    path = chosen(archive)
    files = read_back(path, read_passphrase(passphrase_file, passphrase_fd))
    print(f"{path.name}: entière / whole, {files} fichiers/files")


@app.command()
def prune(
    place: Annotated[Path, typer.Argument(help="Where the copy of the hour keys lies.")],
    clock_is_right: Sure = False,
) -> None:
    """Destroy, in the copy of the hour keys, every hour past its term. Needs neither centre nor passphrase."""
    from beffroi.base.clock import SystemClock
    from beffroi.vault.ringcopy import RingCopy

    copy, now_us = RingCopy.open(place), SystemClock().wall_us()
    if not clock_is_right:
        copy.check_clock(now_us)
    destroyed = copy.destroy_due(now_us)
    print(f"{destroyed} clés détruites / keys destroyed; {copy.held()} restent / remain")


@app.command()
def retire(
    data: Data,
    lost: Annotated[bool, typer.Option("--lost", help="Its medium is lost: only forget it.")] = False,
) -> None:
    """Give the copy of the hour keys up: destroy all that it holds. The next back-up begins another one."""
    from beffroi.backup.hourplace import retire as give_up
    from beffroi.base.clock import SystemClock

    destroyed = give_up(data / "centre", SystemClock().wall_us(), lost=lost)
    print(f"{destroyed} clés détruites dans la copie / keys destroyed in the copy")
    if lost:
        print(
            "⚠ Qui a ce support, une archive et les deux phrases de passe ouvre les images qu'il couvre, même après "
            "leur terme : changez les phrases de passe et signalez la perte au délégué à la protection des données."
        )
        print(
            "⚠ Whoever has that medium, an archive and both passphrases opens the images that it covers, even past "
            "their term: change the passphrases and report the loss to the data protection officer."
        )
