"""`beffroi witness`: the witness of a town hall, on a machine of its own: remembers, demands a proof, cosigns."""

import ipaddress
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from beffroi.domain.errors import BadInputError, BrokenError, NotFoundError
from beffroi.domain.text import Text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from beffroi.ledger.note import Verifier

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The witness of a town hall.")

Folder = Annotated[Path, typer.Argument(help="The witness's folder.")]
PORT = 8047


@app.callback()
def _group() -> None:
    """A witness remembers the last checkpoint of each register, and cosigns only what goes on from it."""


@app.command()
def init(
    directory: Folder,
    name: Annotated[str, typer.Option("--name", help="Its name in the quorum file, e.g. mairie-de-x.example/temoin.")],
    host: Annotated[
        str | None, typer.Option("--host", help="Name or address under which it is called: makes a certificate.")
    ] = None,
) -> None:
    """Make the witness's key, and a certificate when it is to be called from another machine."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from beffroi.base.clock import SystemClock
    from beffroi.base.secrets import private_folder, write_secret
    from beffroi.cli.tls import make_certificates
    from beffroi.domain.clock import now
    from beffroi.ledger.cosignature import WitnessKey
    from beffroi.ledger.note import NoteError

    if (directory / "witness.key").exists():
        raise BadInputError(
            Text(
                fr=f"Le dossier {directory} a déjà une clé de témoin : gardez-la, ou donnez un autre dossier.",
                en=f"The folder {directory} has a witness's key already: keep it, or give another folder.",
            )
        )
    key = Ed25519PrivateKey.generate()
    try:
        public = WitnessKey(name, key.public_key()).encode()
    except NoteError as error:
        raise BadInputError(
            Text(
                fr="Le nom d'un témoin ne contient ni espace ni « + » : choisissez-en un autre.",
                en="A witness's name has neither a space nor a “+”: choose another one.",
            )
        ) from error
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_secret(directory / "witness.key", key.private_bytes_raw())
    (directory / "witness.vkey").write_text(public + "\n")
    if host is not None:
        private_folder(directory / "tls")
        make_certificates(directory / "tls", directory, host, now(SystemClock()))
    print(public)


@app.command()
def watch(directory: Folder, log: Annotated[str, typer.Argument(help="The register's key: name+id+key.")]) -> None:
    """Add a register to follow. Its key is had from the centre by another way than its files: on paper, by phone."""
    from beffroi.ledger.note import NoteError, parse_verifier

    try:
        verifier = parse_verifier(log)
    except NoteError as error:
        raise BadInputError(
            Text(
                fr=f"Cette clé de registre est mal formée ({error}) : recopiez la ligne que donne le centre.",
                en=f"This register's key is malformed ({error}): copy the line that the centre gives.",
            )
        ) from error
    known = _logs(directory)
    if any(other.name == verifier.name and other != verifier for other in known):
        raise BadInputError(
            Text(
                fr=f"Un registre « {verifier.name} » est déjà suivi avec une autre clé : un changement de clé se "
                "décide à deux, retirez l'ancienne de logs.txt.",
                en=f"A register “{verifier.name}” is followed with another key already: two persons decide on a "
                "change of key, take the old one out of logs.txt.",
            )
        )
    if verifier not in known:
        with (directory / "logs.txt").open("a") as file:
            file.write(verifier.encode() + "\n")
    print(f"{verifier.name}")


@app.command()
def serve(
    directory: Folder,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="TCP port.")] = PORT,
) -> None:
    """Answer registers (C2SP tlog-witness, `POST /add-checkpoint`). Off this machine: TLS only."""
    import uvicorn

    from beffroi.base import log
    from beffroi.base.clock import SystemClock
    from beffroi.ledger.witness import Witness
    from beffroi.server.witnessapp import witness_app

    tls = directory / "tls"
    secured = (tls / "server.pem").exists()
    if not secured and not _is_loopback(host):
        raise BadInputError(
            Text(
                fr="Sans certificat, le témoin n'écoute que sur cette machine : refaites « beffroi witness init » avec "
                "--host, dans un nouveau dossier.",
                en="Without a certificate the witness listens on this machine only: run `beffroi witness init` again "
                "with --host, in a new folder.",
            )
        )
    log.configure()
    public = (directory / "witness.vkey").read_text().strip() if (directory / "witness.vkey").exists() else ""
    witness = Witness(directory, public.split("+")[0], _key(directory), _logs(directory), SystemClock())
    config = uvicorn.Config(
        witness_app(witness), host=host, port=port, log_config=None, access_log=False, server_header=False
    )
    if secured:
        config.ssl_certfile, config.ssl_keyfile = str(tls / "server.pem"), str(tls / "server.key")
    uvicorn.Server(config).run()


@app.command()
def head(
    directory: Folder,
    register: Annotated[
        str | None, typer.Option("--register", help="Name of the register. Needed when it follows several.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Every register, one a line: its name, its checkpoint or null.")
    ] = False,
) -> None:
    """Print the last checkpoint of the register: saved to a file, `beffroi ledger verify --checkpoint` takes it."""
    logs = [one for one in _logs(directory) if register in {None, one.name}]
    if as_json:
        for one in logs:
            told = {"register": one.name, "checkpoint": _remembered(directory, one)}
            print(json.dumps(told, ensure_ascii=False))
        return
    if len(logs) != 1:
        raise _which(directory)
    note = _remembered(directory, logs[0])
    if note is None:
        raise NotFoundError(
            Text(
                fr=f"Le témoin n'a encore vu aucun point de contrôle de « {logs[0].name} » : le centre l'a-t-il dans "
                "quorum.txt ?",
                en=f"The witness has not seen any checkpoint of “{logs[0].name}” yet: does the centre have it in "
                "quorum.txt?",
            )
        )
    print(note, end="")


def _which(directory: Path) -> BadInputError:
    names = ", ".join(one.name for one in _logs(directory))
    if not names:
        return BadInputError(
            Text(
                fr=f"Le témoin de {directory} ne suit aucun registre : lancez d'abord « beffroi witness watch ».",
                en=f"The witness of {directory} follows no register: run `beffroi witness watch` first.",
            )
        )
    return BadInputError(
        Text(
            fr=f"Le témoin suit : {names}. Donnez le nom de l'un avec --register.",
            en=f"The witness follows: {names}. Give the name of one with --register.",
        )
    )


def _remembered(directory: Path, log: "Verifier") -> str | None:
    from beffroi.ledger.note import NoteError, open_note
    from beffroi.ledger.witness import remembered

    note = remembered(directory, log)
    try:
        if note is not None:
            open_note(note, log)
    except NoteError as error:  # handed on, it would read as a forgery by the centre
        raise BrokenError(
            Text(
                fr=f"La mémoire du témoin sur « {log.name} » est abîmée ({error}) : gardez son dossier tel quel et "
                "prévenez le délégué à la protection des données.",
                en=f"The witness's memory of “{log.name}” is damaged ({error}): keep its folder as it is and tell the "
                "data protection officer.",
            )
        ) from error
    return None if note is None else note.decode()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _logs(directory: Path) -> "list[Verifier]":
    from beffroi.ledger.note import NoteError, parse_verifier

    path = directory / "logs.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    try:
        return [parse_verifier(line) for line in lines if line.strip() and not line.startswith("#")]
    except NoteError as error:
        raise BadInputError(
            Text(
                fr=f"Une clé de {path} est mal formée ({error}) : corrigez ou retirez la ligne.",
                en=f"A key in {path} is malformed ({error}): correct or remove the line.",
            )
        ) from error


def _key(directory: Path) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from beffroi.base.secrets import read_secret

    path = directory / "witness.key"
    if not path.exists():
        raise BadInputError(
            Text(
                fr=f"Le dossier {directory} n'a pas de clé de témoin : lancez d'abord « beffroi witness init ».",
                en=f"The folder {directory} has no witness's key: run `beffroi witness init` first.",
            )
        )
    return Ed25519PrivateKey.from_private_bytes(read_secret(path))
