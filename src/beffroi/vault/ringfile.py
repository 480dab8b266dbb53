"""The head of a keyring: whose it is, its legal time, its ring key under a passphrase (Argon2id, AES-256-GCM)."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from beffroi.domain.errors import BadInputError, BrokenError, RefusedError
from beffroi.domain.ids import AuthorityId
from beffroi.domain.text import Text
from beffroi.vault.signed import b64, canonical, unb64

RING_KEY_BYTES: Final = 32
_FIELDS: Final = {"version", "authority", "legal_tz", "salt", "cost", "nonce", "wrapped"}


@dataclass(frozen=True, slots=True)
class KdfCost:
    """Argon2id cost. The default is the second recommended choice of RFC 9106 §4: 64 MiB, 3 passes, 4 lanes."""

    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        whole = all(isinstance(value, int) for value in (self.memory_kib, self.passes, self.lanes))
        if not whole or not (8 <= self.memory_kib <= 1 << 20 and 1 <= self.passes <= 16 and 1 <= self.lanes <= 16):
            raise ValueError("Argon2id cost out of bounds")


class WrongPassphraseError(RefusedError):
    """The passphrase does not open this keyring."""

    def __init__(self, authority: str) -> None:
        super().__init__(
            Text(
                fr=f"Cette phrase de passe n'ouvre pas le trousseau de {authority} : recommencez.",
                en=f"This passphrase does not open the keyring of {authority}: try again.",
            )
        )


class RingDamagedError(BrokenError):
    """ring.json is missing or unreadable."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            Text(
                fr=f"Le trousseau « {directory.name} » est absent ou illisible : "
                "vérifiez le chemin, ou restaurez ring.json.",
                en=f"The keyring “{directory.name}” is missing or unreadable: check the path, or restore ring.json.",
            )
        )


@dataclass(frozen=True, slots=True)
class RingFile:
    """What ring.json holds."""

    authority: AuthorityId
    legal_tz: str
    salt: bytes
    cost: KdfCost
    nonce: bytes
    wrapped: bytes

    def head(self) -> dict[str, Any]:
        """The public fields, bound to the wrapped key as associated data."""
        return {
            "version": 1,
            "authority": self.authority,
            "legal_tz": self.legal_tz,
            "salt": b64(self.salt),
            "cost": asdict(self.cost),
        }

    def encode(self) -> bytes:
        """The file's bytes."""
        return canonical({**self.head(), "nonce": b64(self.nonce), "wrapped": b64(self.wrapped)})

    def unwrap(self, passphrase: str) -> bytes:
        """The ring key.

        Raises:
            WrongPassphraseError: the passphrase, or the file, is not the right one.
        """
        key = derive(passphrase, self.salt, self.cost)
        try:
            return AESGCM(key).decrypt(self.nonce, self.wrapped, canonical(self.head()))
        except InvalidTag as error:
            raise WrongPassphraseError(self.authority) from error


def wrap(ring_key: bytes, passphrase: str, *, authority: AuthorityId, legal_tz: str, cost: KdfCost) -> RingFile:
    """A ring file whose key opens with this passphrase.

    Raises:
        BadInputError: a passphrase of fewer than 12 characters.
    """
    if len(passphrase) < 12:
        raise BadInputError(
            Text(
                fr="La phrase de passe d'un trousseau a au moins 12 caractères : choisissez-en une plus longue.",
                en="A keyring's passphrase has at least 12 characters: choose a longer one.",
            )
        )
    blank = RingFile(authority, legal_tz, os.urandom(16), cost, os.urandom(12), b"")
    key = derive(passphrase, blank.salt, cost)
    wrapped = AESGCM(key).encrypt(blank.nonce, ring_key, canonical(blank.head()))
    return RingFile(authority, legal_tz, blank.salt, cost, blank.nonce, wrapped)


def read(directory: Path) -> RingFile:
    """Read ring.json.

    Raises:
        RingDamagedError: missing, truncated or malformed.
    """
    try:
        fields = json.loads((directory / "ring.json").read_bytes())
        return _ring_file(fields)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise RingDamagedError(directory) from error


def _ring_file(fields: Any) -> RingFile:
    if not isinstance(fields, dict) or set(fields) != _FIELDS or fields["version"] != 1:
        raise ValueError("fields")
    return RingFile(
        authority=AuthorityId(str(fields["authority"])),
        legal_tz=str(fields["legal_tz"]),
        salt=unb64(fields["salt"]),
        cost=KdfCost(**fields["cost"]),
        nonce=unb64(fields["nonce"]),
        wrapped=unb64(fields["wrapped"]),
    )


def derive(passphrase: str, salt: bytes, cost: KdfCost) -> bytes:
    """The 32-byte key of a passphrase, Argon2id."""
    return hash_secret_raw(
        passphrase.encode(),
        salt,
        time_cost=cost.passes,
        memory_cost=cost.memory_kib,
        parallelism=cost.lanes,
        hash_len=RING_KEY_BYTES,
        type=Type.ID,
    )
