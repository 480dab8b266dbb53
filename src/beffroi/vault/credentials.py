"""Camera passwords: sealed by the centre to one recorder's identity key, opened in that recorder's memory only."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from beffroi.base.files import fsync_dir, write_durable
from beffroi.domain.errors import BadInputError, BrokenError
from beffroi.domain.text import Text
from beffroi.vault.cameraurl import CameraUrl, SecretUrl, UrlRefusedError
from beffroi.vault.sealing import SealBrokenError, seal, unseal
from beffroi.vault.signed import b64, canonical, unb64

__all__ = [
    "CameraUrl",
    "Credentials",
    "RecorderIdentity",
    "SecretUrl",
    "UrlRefusedError",
    "open_credentials",
    "read_identity_public",
    "seal_credentials",
]

_BLOB_BYTES: Final = 512
"""Plain credentials are padded to this: the blob does not tell the length of a password."""


class IdentityBrokenError(BrokenError):
    """The recorder's identity key is unreadable, or readable by others."""

    def __init__(self, why_fr: str, why_en: str) -> None:
        super().__init__(
            Text(
                fr=f"La clé d'identité de l'enregistreur {why_fr}.",
                en=f"The recorder's identity key {why_en}.",
            )
        )


class CredentialsRefusedError(BadInputError):
    """Sealed camera credentials that this recorder cannot use."""

    def __init__(self, camera: str) -> None:
        super().__init__(
            Text(
                fr=f"Les identifiants scellés de la caméra {camera} ne s'ouvrent pas ici : ils ont été scellés pour un "
                "autre enregistreur ou une autre caméra. Saisissez-les de nouveau au centre.",
                en=f"The sealed credentials of camera {camera} do not open here: they were sealed for another recorder "
                "or camera. Enter them again at the centre.",
            )
        )


@dataclass(frozen=True, slots=True)
class Credentials:
    """User and password of a camera; the password never shows in a repr."""

    user: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        for value in (self.user, self.password):
            if len(value.encode()) > 128 or any(ord(char) < 32 or ord(char) == 127 for char in value):
                raise BadInputError(
                    Text(
                        fr="Un identifiant ou un mot de passe de caméra a au plus 128 octets et pas de caractère de "
                        "contrôle : corrigez-le.",
                        en="A camera's user or password has at most 128 bytes and no control character: correct it.",
                    )
                )
        if ":" in self.user:
            raise BadInputError(
                Text(
                    fr="L'identifiant d'une caméra ne peut pas contenir « : » (RFC 7617) : changez-le sur la caméra.",
                    en="A camera's user cannot contain “:” (RFC 7617): change it on the camera.",
                )
            )


class RecorderIdentity:
    """The recorder's own X25519 pair. It opens camera credentials and nothing else: no image."""

    def __init__(self, private: X25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def open_or_create(cls, directory: Path) -> "RecorderIdentity":
        """Read ``identity.key``, or make it on first start (0600), with ``identity.pub`` beside it.

        Raises:
            IdentityBrokenError: unreadable, of another kind, or readable by other users.
        """
        path = directory / "identity.key"
        if not path.exists():
            _create(directory, path)
        if path.stat().st_mode & 0o077:
            raise IdentityBrokenError(
                "est lisible par d'autres comptes : faites `chmod 600 identity.key`",
                "is readable by other accounts: run `chmod 600 identity.key`",
            )
        try:
            private = load_pem_private_key(path.read_bytes(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise _unreadable() from error
        if not isinstance(private, X25519PrivateKey):
            raise _unreadable()
        public = directory / "identity.pub"
        if not public.exists():
            pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            write_durable(public, pem, mode=0o644)
        return cls(private)

    @property
    def public(self) -> bytes:
        """The raw 32-byte public half, for the centre."""
        return self._private.public_key().public_bytes_raw()

    def unseal(self, sealed: bytes, *, info: bytes) -> bytes:
        """Open what was sealed to this recorder.

        Raises:
            SealBrokenError: not for this recorder or this use.
        """
        return unseal(self._private, sealed, info=info)


def _create(directory: Path, path: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    pem = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    temporary = directory / f".identity.{os.getpid()}.{os.urandom(4).hex()}"
    write_durable(temporary, pem)
    try:
        os.link(temporary, path)  # fails when another process was first: its key stands
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
        fsync_dir(directory)


def _unreadable() -> IdentityBrokenError:
    return IdentityBrokenError(
        "est illisible : restaurez-la, ou effacez-la et faites sceller de nouveau les identifiants des caméras",
        "is unreadable: restore it, or delete it and have the cameras' credentials sealed again",
    )


def read_identity_public(path: Path) -> bytes:
    """The raw public half from an ``identity.pub`` PEM file.

    Raises:
        BadInputError: not an X25519 public key.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, X25519PublicKey):
        raise BadInputError(
            Text(
                fr=f"« {path.name} » n'est pas la clé publique d'un enregistreur : copiez son identity.pub.",
                en=f"“{path.name}” is not a recorder's public key: copy its identity.pub.",
            )
        )
    return key.public_bytes_raw()


def seal_credentials(identity_public: bytes, credentials: Credentials, *, camera: str) -> str:
    """Seal credentials to one recorder, for one camera; the text goes into the camera's recording sheet.

    Raises:
        ValueError: ``identity_public`` is not a usable X25519 key.
    """
    plain = canonical({"password": credentials.password, "user": credentials.user}).ljust(_BLOB_BYTES)
    return b64(seal(identity_public, plain, info=_info(camera)))


def open_credentials(identity: RecorderIdentity, sealed: str, *, camera: str) -> Credentials:
    """Open the credentials of a sheet; an empty text means a camera without a password.

    Raises:
        CredentialsRefusedError: sealed for another recorder or camera, or malformed.
    """
    if not sealed:
        return Credentials("", "")
    try:
        fields = json.loads(identity.unseal(unb64(sealed), info=_info(camera)))
        return Credentials(str(fields["user"]), str(fields["password"]))
    except (ValueError, TypeError, KeyError, SealBrokenError) as error:
        raise CredentialsRefusedError(camera) from error


def _info(camera: str) -> bytes:
    return canonical({"camera": camera, "use": "camera-credentials/1"})
