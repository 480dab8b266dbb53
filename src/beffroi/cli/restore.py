"""`beffroi restore FOLDER --into DATA`, then `beffroi restore reconcile`: a centre back from a back-up."""

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from beffroi.cli.backup import Data, Database, DefaultCommand, Hours, Sure
from beffroi.cli.passphrase import FdOption, FileOption, read_passphrase
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from beffroi.identity import Identity
    from beffroi.identity.accounts import Account


class _Restore(DefaultCommand):
    default = "into"


app = typer.Typer(
    cls=_Restore,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Bring a centre back: beffroi restore FOLDER --into DATA",
)


@app.callback()
def _group() -> None:
    """Bring a centre back: beffroi restore FOLDER --into DATA."""


@app.command()
def into(
    source: Annotated[Path, typer.Argument(help="An archive, or the folder of archives (the newest is taken).")],
    target: Annotated[Path, typer.Option("--into", help="Data folder without a centre; a recorder may lie there.")],
    hours: Hours = None,
    without_hours: Annotated[
        bool, typer.Option("--without-hours", help="The copy of the hour keys is lost: all images so far stay shut.")
    ] = False,
    database: Database = None,
    clock_is_right: Sure = False,
    passphrase_file: FileOption = None,
    passphrase_fd: FdOption = None,
) -> None:
    """Restore, whole or not at all. The restored centre shows no image until two persons have reconciled it."""
    from beffroi.backup.restore import restore
    from beffroi.base.clock import SystemClock
    from beffroi.base.db import open_engine

    engine = None if database is None else open_engine(database)
    passphrase = read_passphrase(passphrase_file, passphrase_fd)
    try:
        done = restore(
            source,
            target,
            passphrase,
            SystemClock(),
            hours=hours,
            without_hours=without_hours,
            clock_is_right=clock_is_right,
            engine=engine,
        )
    finally:
        if engine is not None:
            engine.dispose()
    print(f"{done.archive}: {done.entries} écritures/entries, {done.hours} clés horaires/hour keys")
    print(f"{done.expired} clés passées de terme détruites / keys past their term destroyed")
    print("Les images restent fermées jusqu'à « beffroi restore reconcile » (deux personnes).")
    print("Images stay shut until `beffroi restore reconcile` (two persons).")


@app.command()
def reconcile(
    data: Data,
    checkpoint: Annotated[
        list[Path] | None, typer.Option("--checkpoint", help="Checkpoint of the register kept elsewhere; repeat.")
    ] = None,
    database: Database = None,
) -> None:
    """Two persons state that what was withdrawn since the back-up has been withdrawn again. Images may open then."""
    from beffroi.backup.compare import compare
    from beffroi.backup.reconcile import check_two, settle, state
    from beffroi.base.clock import SystemClock
    from beffroi.base.db import open_engine
    from beffroi.base.secrets import SecretBox, read_secret
    from beffroi.cli.registerkey import open_register
    from beffroi.gate.restored import RestoredMark
    from beffroi.identity import Identity
    from beffroi.ledger.closed import LedgerClosedError

    centre, clock = data / "centre", SystemClock()
    mark = RestoredMark(centre)
    if not mark.standing():
        print("Rien à rapprocher : ce centre est ouvert. / Nothing to reconcile: this centre is open.")
        return
    last_seq = _last_seq(centre)
    found = compare(data, int(mark.read()["backup_us"]), checkpoints=checkpoint or [], last_seq=last_seq)
    for line in found.lines():
        print(f"- {line.fr}\n  {line.en}")
    engine: Engine = open_engine(database or f"sqlite:///{centre / 'beffroi.sqlite'}")
    try:
        identity = Identity(engine, SecretBox(read_secret(centre / "secrets" / "factors.key")), clock)
        first, second = _person(identity, "1"), _person(identity, "2")
        check_two(first, second)
        state(mark, first, second, found, clock)
    finally:
        engine.dispose()
    try:
        ledger = open_register(centre, clock)
    except LedgerClosedError:
        print("Le centre tourne : il l'inscrit et rouvre les images dans la demi-minute.")
        print("The running centre registers this and opens images within half a minute.")
        return
    try:
        settle(mark, ledger)
    finally:
        ledger.close()
    print("Rapprochement inscrit au registre : les images peuvent s'ouvrir.")
    print("Reconciliation entered in the register: images may open.")


def _last_seq(centre: Path) -> int:
    """The last act of the recorder in the register, from its files: the centre may be running."""
    from beffroi.ledger.entry import EntryKind
    from beffroi.ledger.note import parse_verifier
    from beffroi.ledger.pruning import pruning_of
    from beffroi.ledger.reading import records

    last = 0
    for record in records(centre / "ledger", parse_verifier((centre / "ledger.vkey").read_text())):
        if record.source is not None and not record.source.recorder.startswith("restoration/"):
            last = max(last, record.source.seq)
        if record.kind is EntryKind.REGISTER_PRUNED:  # what was pruned was taken in
            taken = pruning_of(record).sources.items()
            last = max([last, *(seq for name, seq in taken if not name.startswith("restoration/"))])
    return last


def _person(identity: "Identity", rank: str) -> "Account":
    """One person, by account, password and code; each is asked for, never an argument."""
    print(f"Personne {rank} / person {rank}")
    name, password = _asked("Compte / account: "), _asked("Mot de passe / password: ", hidden=True)
    opened = identity.login(name, password, _asked("Code: "), address="console")
    identity.logout(opened.token)
    return opened.account


def _asked(prompt: str, *, hidden: bool = False) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(prompt) if hidden else input(prompt)
    line = sys.stdin.readline()
    if not line:
        raise BadInputError(
            Text(
                fr="Il manque une réponse : compte, mot de passe et code de chacune des deux personnes.",
                en="An answer is missing: account, password and code of each of the two persons.",
            )
        )
    return line.rstrip("\n")
