"""`beffroi vault`: check the files, decrypt a range under a lease."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from beffroi.cli import vaultclock
from beffroi.cli.passphrase import FdOption, FileOption, read_passphrase
from beffroi.cli.vault_account import account
from beffroi.cli.vault_rebuild import rebuild
from beffroi.domain.errors import BadInputError
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The files of a recorder.")


app.command()(account)
app.command()(rebuild)


app.add_typer(vaultclock.app, name="clock")


@app.callback()
def _group() -> None:
    """The files of a recorder."""


@app.command()
def check(
    data: Annotated[Path, typer.Option("--data", help="The data folder (holds `recorder`).")],
    level: Annotated[str, typer.Option("--level", help="present, size or hash: each costs more.")] = "size",
) -> None:
    """Compare the catalogue with the files. Exit code: 0 all well, 1 something was found."""
    from beffroi.vault.catalogue import Catalogue
    from beffroi.vault.check import CheckLevel, findings

    if level not in list(CheckLevel):
        raise _refused(
            f"« {level} » n'est pas un niveau : present, size ou hash.", f"“{level}”: present, size or hash."
        )
    root = data / "recorder"
    if not (root / "catalogue.sqlite").is_file():
        raise _refused(f"Pas de catalogue dans {root} : vérifiez --data.", f"No catalogue in {root}: check --data.")
    catalogue = Catalogue.open(root / "catalogue.sqlite")
    found = 0
    try:
        for finding in findings(root, catalogue, CheckLevel(level)):
            found += 1
            print(f"{finding.kind.value}: {finding.text.fr}\n{finding.kind.value}: {finding.text.en}")
    finally:
        catalogue.close()
    print(f"{found} anomalie(s) / finding(s), {level}")
    if found:
        raise typer.Exit(1)


@app.command()
def decrypt(
    chunks: Annotated[list[Path], typer.Argument(help="Chunk files of one stream.")],
    range_: Annotated[str, typer.Option("--range", help="FROM/TO, ISO 8601 with time zone.")],
    lease: Annotated[str, typer.Option("--lease", help="Token handed out by the gate (replay or extract).")],
    out: Annotated[Path, typer.Option("--out", help="MP4 file to write; must not exist.")],
    gate_key: Annotated[Path, typer.Option("--gate-key", help="The gate's Ed25519 public key (PEM).")],
    ring: Annotated[Path | None, typer.Option("--ring", help="Folder of the authority's keyring.")] = None,
    socket: Annotated[Path | None, typer.Option("--socket", help="Or the socket of `beffroi keyring serve`.")] = None,
    passphrase_file: FileOption = None,
    passphrase_fd: FdOption = None,
) -> None:
    """Write the clear pictures of a range, under a lease that covers it whole."""
    from beffroi.base.clock import SystemClock
    from beffroi.base.files import fsync_fd
    from beffroi.domain.lease import check as check_lease
    from beffroi.vault.export import Source, export_clear
    from beffroi.vault.hourkeys import HourKeyring, KeyReleaser, LocalKeyrings
    from beffroi.vault.keyring_remote import RemoteKeyring
    from beffroi.vault.reader import ChunkReader
    from beffroi.vault.signed import load_public_keys

    asked, gate, clock = _range(range_), load_public_keys(gate_key)[0], SystemClock()
    releaser: KeyReleaser
    if socket is not None:
        releaser = RemoteKeyring(socket)
    elif ring is not None:
        passphrase = read_passphrase(passphrase_file, passphrase_fd)
        releaser = LocalKeyrings([HourKeyring.open(ring, passphrase, clock=clock)], gate)
    else:
        raise _refused("Donnez --ring ou --socket.", "Give --ring or --socket.")
    check_lease(lease, gate, now_us=clock.wall_us(), footage=asked)
    sources, streams = [], set()
    for path in chunks:
        with ChunkReader.open(path) as reader:
            streams.add((reader.header.camera, reader.header.stream))
            sources.append(Source(path, releaser.release(reader.header, lease, now_us=clock.wall_us())))
    if len(streams) > 1:
        raise _refused("Ces fichiers ne sont pas d'un seul flux.", "These files are not of one stream.")
    try:
        fd = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise _refused(
            f"« {out.name} » existe déjà ou ne peut être créé : choisissez un autre fichier.",
            f"“{out.name}” exists already or cannot be made: choose another file.",
        ) from error
    try:
        with os.fdopen(fd, "wb") as file:
            for piece in export_clear(sources, asked):
                file.write(piece)
            file.flush()
            fsync_fd(file.fileno(), out)
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    print(f"{out}")


def _range(text: str) -> WallRange:
    from beffroi.domain.clock import to_wall_us

    try:
        start, end = (to_wall_us(datetime.fromisoformat(part)) for part in text.split("/"))
        return WallRange(start, end)
    except ValueError as error:
        raise _refused(
            f"« {text[:80]} » n'est pas un intervalle : écrivez 2026-03-02T09:00+01:00/2026-03-02T09:03+01:00.",
            f"“{text[:80]}” is not a range: write 2026-03-02T09:00+01:00/2026-03-02T09:03+01:00.",
        ) from error


def _refused(fr: str, en: str) -> BadInputError:
    return BadInputError(Text(fr=fr, en=en))
