"""Secrets at rest: files that only their owner reads, and small values sealed inside the database."""

import os
import stat
from pathlib import Path
from secrets import token_bytes
from typing import Final

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from beffroi.base.files import fsync_dir, write_durable
from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text

_NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32


class SecretBrokenError(BrokenError):
    """A secret is missing, readable by others, or does not open."""

    def __init__(self, what: str, why_fr: str, why_en: str) -> None:
        super().__init__(Text(fr=f"Le secret {what} {why_fr}.", en=f"The secret {what} {why_en}."))


def private_folder(path: Path) -> Path:
    """Create a folder that only its owner enters (0700); one that exists is closed to others. Returns it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    fsync_dir(path.parent)
    return path


def write_secret(path: Path, data: bytes) -> None:
    """Write a new secret file (0600), durably.

    Raises:
        FileExistsError: a secret is never overwritten.
    """
    if path.exists():
        raise FileExistsError(path)
    write_durable(path, data, mode=0o600)


def read_secret(path: Path) -> bytes:
    """The content of a secret file.

    Raises:
        SecretBrokenError: the file is missing, or others than its owner may read it.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise SecretBrokenError(
            path.name,
            "est introuvable : restaurez-le depuis la sauvegarde",
            "cannot be found: restore it from the backup",
        ) from error
    with os.fdopen(fd, "rb") as file:
        if stat.S_IMODE(os.fstat(fd).st_mode) & 0o077:
            raise SecretBrokenError(
                path.name,
                "est lisible par d'autres comptes de la machine : retirez-leur le droit (chmod 600)",
                "can be read by other accounts of this machine: take that right away (chmod 600)",
            )
        return file.read()


def load_or_create_key(path: Path) -> bytes:
    """A 32-byte random key kept in a file, made on first use."""
    if not path.exists():
        write_secret(path, token_bytes(KEY_BYTES))
    key = read_secret(path)
    if len(key) != KEY_BYTES:
        raise SecretBrokenError(
            path.name, "n'a pas la bonne longueur : restaurez-le", "has the wrong length: restore it"
        )
    return key


def read_signing_key(path: Path) -> Ed25519PrivateKey:
    """An Ed25519 key kept in a secret PEM file.

    Raises:
        SecretBrokenError: missing, readable by others, or not such a key.
    """
    try:
        key = load_pem_private_key(read_secret(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SecretBrokenError(
            path.name, "n'est pas une clé Ed25519 : restaurez-le", "is not an Ed25519 key: restore it"
        )
    return key


class SecretBox:
    """Seals small values (AES-256-GCM). ``about`` is bound in: a sealed value moved to another row does not open."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, value: bytes, *, about: str) -> bytes:
        """Nonce and ciphertext."""
        nonce = token_bytes(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, value, about.encode())

    def open(self, sealed: bytes, *, about: str) -> bytes:
        """The value.

        Raises:
            SecretBrokenError: wrong key, altered, or sealed for something else.
        """
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError) as error:
            raise SecretBrokenError(
                about, "ne s'ouvre pas : clé changée ou donnée altérée", "does not open: key changed or data altered"
            ) from error
