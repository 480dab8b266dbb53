"""`beffroi ledger signer`: the register's key, in a process of its own."""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from beffroi.domain.errors import BadInputError, BrokenError
from beffroi.domain.text import Text

SOCKET = Path("run") / "register-signer.sock"
MEMORY = Path("centre") / "signer"


def signer(
    data: Annotated[Path, typer.Option("--data", help="The data folder (holds `centre`).")],
    key: Annotated[Path | None, typer.Option("--key", help="The key; centre/secrets/register.key by default.")] = None,
    memory: Annotated[Path | None, typer.Option("--memory", help="Where the last signature is remembered.")] = None,
    socket: Annotated[Path | None, typer.Option("--socket", help="Where to answer.")] = None,
    user: Annotated[
        list[str] | None, typer.Option("--user", help="A user who may ask, besides this one; repeat for each.")
    ] = None,
    until_input_ends: Annotated[
        bool, typer.Option("--until-input-ends", help="End with the process that holds the other end of the input.")
    ] = False,
) -> None:
    """Hold the register's key and sign only what goes on from the last checkpoint signed."""
    from beffroi.base import log
    from beffroi.base.secrets import read_signing_key
    from beffroi.ledger.ledger import DEFAULT_ORIGIN
    from beffroi.ledger.note import NoteError
    from beffroi.ledger.signer import Desk, SignerServer

    log.configure(level="INFO")
    where = socket or data / SOCKET
    others = frozenset(_number(name) for name in user or [])
    secret = read_signing_key(key or data / "centre" / "secrets" / "register.key")
    try:
        desk = Desk(memory or data / MEMORY, secret, DEFAULT_ORIGIN)
    except BlockingIOError as error:
        raise BrokenError(
            Text(fr="Un signataire tourne déjà pour ce registre.", en="A signer already runs for this register.")
        ) from error
    except NoteError as error:
        raise BrokenError(
            Text(
                fr="La mémoire du signataire n'a pas été signée par cette clé : n'effacez rien, prévenez le DPO.",
                en="The signer's memory was not signed by this key: delete nothing, tell the DPO.",
            )
        ) from error
    where.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    server = SignerServer(desk, where, users=others | {os.getuid()}, mode=0o660 if others else 0o600)
    if until_input_ends:
        # A service manager or Ctrl+C asks all processes to end at once: the centre still has its last entries to write.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        threading.Thread(target=_follow_input, daemon=True).start()
    server.serve()


def _follow_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _number(name: str) -> int:
    import pwd

    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError as error:
        raise BadInputError(
            Text(fr=f"L'utilisateur « {name} » n'existe pas.", en=f"There is no user “{name}”.")
        ) from error
