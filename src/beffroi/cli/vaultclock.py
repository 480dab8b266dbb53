"""`beffroi vault clock`: what the recorder believes of its clock; two persons settle a doubt."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The clock that terms are counted by.")

Data = Annotated[Path, typer.Option("--data", help="The data folder (holds `recorder` and `centre`).")]


@app.callback()
def _group() -> None:
    """The clock that terms are counted by."""


@app.command()
def settle(
    data: Data,
    first: Annotated[str, typer.Option("--first", help="Account of the first person.")],
    second: Annotated[str, typer.Option("--second", help="Account of the second person.")],
) -> None:
    """Two persons, each with password and code, say that this machine's clock is right now. Destruction at term goes on
    by it; the recorder and the local keyrings each enter who said so."""
    from beffroi.base.clock import SystemClock
    from beffroi.base.secrets import SecretBox, load_or_create_key, read_signing_key
    from beffroi.cli.opening import opened_registry
    from beffroi.domain.clock import instant
    from beffroi.identity.service import Identity
    from beffroi.vault.clocksettle import Settlement, install, two_persons
    from beffroi.vault.clockstamp import boot_id

    secrets, clock = data / "centre" / "secrets", SystemClock()
    persons = []
    two_persons(first, second)
    shown = instant(clock.wall_us()).isoformat(timespec="seconds")
    print(f"Cette machine dit / this machine says: {shown}")
    print("Comparez avec une autre horloge (téléphone). / Compare with another clock (a telephone).")
    with opened_registry(data, write=False) as (_, engine):
        identity = Identity(engine, SecretBox(load_or_create_key(secrets / "factors.key")), clock)
        for account in (first, second):
            opened = identity.login(
                account, _ask(f"{account}, mot de passe / password: "), _ask(f"{account}, code : "),
                address="command line",
            )  # fmt: skip
            persons.append(str(opened.account.person))
            identity.logout(opened.token)
    said = Settlement(boot_id(), clock.wall_us(), two_persons(*persons))
    folders = [data / "recorder", *sorted((data / "centre" / "keyrings").glob("*/"))]
    for folder in folders:
        if folder.is_dir():
            install(folder, said, read_signing_key(secrets / "sheet.key"))
    print("L'heure est confirmée : pris en compte dans la minute. / The time is confirmed: followed within the minute.")


def _ask(prompt: str) -> str:
    if not sys.stdin.isatty():
        raise BadInputError(
            Text(
                fr="Les deux personnes doivent être devant un terminal : leur mot de passe y est demandé.",
                en="Both persons must be at a terminal: their password is asked there.",
            )
        )
    return getpass.getpass(prompt)
