"""Where a passphrase may come from: a file, a file descriptor, a systemd credential or a prompt; never an argument."""

import getpass
import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

CREDENTIAL: Final = "keyring-passphrase"
"""Name of the systemd credential (LoadCredential= or LoadCredentialEncrypted=)."""

_MAX_BYTES: Final = 4096

FileOption = Annotated[
    Path | None, typer.Option("--passphrase-file", help="File that holds the passphrase (mode 0600 or stricter).")
]
FdOption = Annotated[int | None, typer.Option("--passphrase-fd", help="Open file descriptor that gives it.")]


def read_passphrase(file: Path | None, fd: int | None, *, confirm: bool = False) -> str:
    """The passphrase, from the first of: file, descriptor, systemd credential, prompt (twice when it is new).

    Raises:
        BadInputError: none of them, unreadable, readable by others, or two entries that differ.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if file is not None:
        return _from_file(file, private=not (folder and file.is_relative_to(folder)))  # systemd guards its own folder
    if fd is not None:
        return _from_fd(fd)
    if folder and (Path(folder) / CREDENTIAL).is_file():
        return _from_file(Path(folder) / CREDENTIAL, private=False)
    if not sys.stdin.isatty():
        raise _refused(
            "Aucune phrase de passe : donnez --passphrase-file, --passphrase-fd ou un credential systemd.",
            "No passphrase: give --passphrase-file, --passphrase-fd or a systemd credential.",
        )
    first = getpass.getpass("Phrase de passe / passphrase: ")
    if confirm and getpass.getpass("Encore / again: ") != first:
        raise _refused("Les deux saisies diffèrent : recommencez.", "The two entries differ: try again.")
    return first


def _from_file(path: Path, *, private: bool) -> str:
    try:
        if private and path.stat().st_mode & 0o077:
            raise _refused(
                f"« {path.name} » est lisible par d'autres comptes : faites chmod 600.",
                f"“{path.name}” is readable by other accounts: chmod 600.",
            )
        return _text(path.read_bytes())
    except OSError as error:
        raise _refused(f"« {path.name} » est illisible.", f"“{path.name}” is unreadable.") from error


def _from_fd(fd: int) -> str:
    try:
        with os.fdopen(fd, "rb", closefd=True) as file:
            return _text(file.read(_MAX_BYTES + 1))
    except OSError as error:
        raise _refused(f"Le descripteur {fd} est illisible.", f"Descriptor {fd} is unreadable.") from error


def _text(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = ""
    text = text.removesuffix("\n").removesuffix("\r")
    if not text or len(raw) > _MAX_BYTES or "\n" in text:
        raise _refused(
            "La phrase de passe est vide, trop longue ou sur plusieurs lignes.",
            "The passphrase is empty, too long or on several lines.",
        )
    return text


def _refused(fr: str, en: str) -> BadInputError:
    return BadInputError(Text(fr=fr, en=en))
