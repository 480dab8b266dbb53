"""One encrypted, authenticated stream in a file: AES-256-GCM by segments of 1 MiB (STREAM), under a passphrase.

A segment's nonce holds its number and whether it is the last: a segment cut off, repeated, moved or altered, a byte too
many, the head of another archive are all refused. The random data key is wrapped under the passphrase's key (Argon2id).
"""

import json
import os
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from beffroi.backup.errors import BackupPassphraseError, BackupRefusedError
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from beffroi.vault.ringfile import RING_KEY_BYTES, KdfCost, derive
from beffroi.vault.signed import b64, canonical, unb64

MAGIC: Final = b"BEFFROI-BACKUP\n"
VERSION: Final = 1
SEGMENT_BYTES: Final = 1 << 20
LEAST_PASSPHRASE: Final = 12
_TAG_BYTES: Final = 16
_HEAD_LIMIT: Final = 4096
_LAST_SEGMENT: Final = (1 << 32) - 1
_FIELDS: Final = {"cost", "nonce", "prefix", "salt", "version", "wrapped"}


@dataclass(frozen=True, slots=True)
class _Key:
    """Turns a segment's number into its nonce; ``head`` is bound to every segment."""

    aead: AESGCM
    prefix: bytes
    head: bytes

    def nonce(self, number: int, *, last: bool) -> bytes:
        return self.prefix + number.to_bytes(4, "big") + bytes([last])


class SealedWriter:
    """Writes one stream. What was written counts once `close` has returned."""

    def __init__(self, file: BinaryIO, passphrase: str, *, cost: KdfCost | None = None) -> None:
        """Write the head.

        Raises:
            BadInputError: a passphrase of fewer than 12 characters.
        """
        if len(passphrase) < LEAST_PASSPHRASE:
            raise BadInputError(
                Text(
                    fr=f"La phrase de passe d'une sauvegarde a au moins {LEAST_PASSPHRASE} caractères : choisissez-en "
                    "une plus longue.",
                    en=f"A back-up's passphrase has at least {LEAST_PASSPHRASE} characters: choose a longer one.",
                )
            )
        cost, salt, key, nonce = cost or KdfCost(), os.urandom(16), os.urandom(RING_KEY_BYTES), os.urandom(12)
        fields: dict[str, Any] = {
            "version": VERSION,
            "cost": asdict(cost),
            "salt": b64(salt),
            "nonce": b64(nonce),
            "prefix": b64(os.urandom(7)),
        }
        wrapped = AESGCM(derive(passphrase, salt, cost)).encrypt(nonce, key, canonical(fields))
        head = canonical(fields | {"wrapped": b64(wrapped)})
        file.write(MAGIC + len(head).to_bytes(4, "big") + head)
        self._file = file
        self._key = _Key(AESGCM(key), unb64(fields["prefix"]), head)
        self._number = 0
        self._pending = bytearray()

    def write(self, data: bytes | memoryview) -> None:
        """Add bytes."""
        self._pending += data
        while len(self._pending) > SEGMENT_BYTES:  # the last segment is never empty but in an empty stream
            self._segment(bytes(self._pending[:SEGMENT_BYTES]), last=False)
            del self._pending[:SEGMENT_BYTES]

    def close(self) -> None:
        """Write the last segment. The file is neither forced to disk nor closed."""
        self._segment(bytes(self._pending), last=True)
        self._pending.clear()

    def _segment(self, data: bytes, *, last: bool) -> None:
        if self._number >= _LAST_SEGMENT:
            raise OverflowError("an archive has at most four petabytes")
        nonce = self._key.nonce(self._number, last=last)
        self._file.write(self._key.aead.encrypt(nonce, data, self._key.head))
        self._number += 1


class SealedReader:
    """Reads one stream; every byte it gives was authenticated."""

    def __init__(self, file: BinaryIO, passphrase: str, *, name: str) -> None:
        """Read the head.

        Raises:
            BackupRefusedError: not a back-up, truncated, or of another version.
            BackupPassphraseError: not its passphrase.
        """
        self._file = file
        self._name = name
        self._key = self._open(passphrase)
        self._number = 0
        self._buffer = bytearray()
        self._ahead = self._file.read(SEGMENT_BYTES + _TAG_BYTES)
        self._ended = False

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes.

        Raises:
            BackupRefusedError: altered or cut.
        """
        while len(self._buffer) < size:
            if self._ended:
                raise self.refused("son contenu s'arrête trop tôt", "its content ends too early")
            self._next()
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def finish(self) -> None:
        """The stream must be over here.

        Raises:
            BackupRefusedError: altered, cut, or something follows.
        """
        if not self._ended:
            self._next()
        if self._buffer or not self._ended:
            raise self.refused("quelque chose suit sa fin", "something follows its end")

    def refused(self, fr: str, en: str) -> BackupRefusedError:
        """The refusal of this archive."""
        return BackupRefusedError(self._name, fr, en)

    def _next(self) -> None:
        segment, self._ahead = self._ahead, self._file.read(SEGMENT_BYTES + _TAG_BYTES)
        last = not self._ahead
        try:
            self._buffer += self._key.aead.decrypt(self._key.nonce(self._number, last=last), segment, self._key.head)
        except (InvalidTag, ValueError) as error:
            raise self.refused("elle est altérée ou tronquée", "it is altered or truncated") from error
        self._number += 1
        self._ended = last

    def _open(self, passphrase: str) -> _Key:
        if self._file.read(len(MAGIC)) != MAGIC:
            raise self.refused("ce n'est pas une sauvegarde de Beffroi", "it is not a back-up of Beffroi")
        length = int.from_bytes(self._file.read(4), "big")
        if length > _HEAD_LIMIT:
            raise self.refused("son en-tête est trop long", "its head is too long")
        head = self._file.read(length)
        fields = self._parsed(head)
        bound = canonical({name: value for name, value in fields.items() if name != "wrapped"})
        try:
            cost, salt = KdfCost(**fields["cost"]), unb64(fields["salt"])
            nonce, wrapped, prefix = (unb64(fields[name]) for name in ("nonce", "wrapped", "prefix"))
        except (ValueError, TypeError) as error:
            raise self.refused("son en-tête est mal formé", "its head is malformed") from error
        if (len(salt), len(nonce), len(prefix)) != (16, 12, 7):
            raise self.refused("son en-tête est mal formé", "its head is malformed")
        try:
            key = AESGCM(derive(passphrase, salt, cost)).decrypt(nonce, wrapped, bound)
            return _Key(AESGCM(key), prefix, head)
        except (InvalidTag, ValueError) as error:
            raise BackupPassphraseError(self._name) from error

    def _parsed(self, head: bytes) -> dict[str, Any]:
        try:
            fields = json.loads(head)
        except (ValueError, RecursionError) as error:
            raise self.refused("son en-tête est illisible", "its head is unreadable") from error
        if isinstance(fields, dict) and fields.get("version") not in {None, VERSION}:
            raise self.refused(
                "elle a été faite par une autre version : restaurez-la avec celle-là",
                "it was made by another version: restore it with that one",
            )
        if not isinstance(fields, dict) or set(fields) != _FIELDS or canonical(fields) != head:
            raise self.refused("son en-tête est mal formé", "its head is malformed")
        return fields
