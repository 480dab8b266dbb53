"""Sealing a content key to a public hour key (HPKE, RFC 9180 base mode, X25519 / HKDF-SHA256 / AES-128-GCM).

Who seals holds only a public half and cannot open again. Everything that says *which* picture the key opens is bound in
as HPKE ``info``: a sealed key moved to another chunk, camera or hour does not open.
"""

from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text
from beffroi.vault.signed import canonical

CONTENT_KEY_BYTES: Final = 16
"""AES-128, the key of the `cenc` scheme (ISO/IEC 23001-7)."""

SEALED_KEY_BYTES: Final = 32 + CONTENT_KEY_BYTES + 16
"""Encapsulated X25519 share, ciphertext, GCM tag."""

HOUR_US: Final = 3_600_000_000

_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


class SealedChunk(Protocol):
    """What a releaser needs to know of a chunk: `beffroi.vault.chunk.ChunkHeader` satisfies it."""

    @property
    def camera(self) -> str: ...
    @property
    def stream(self) -> str: ...
    @property
    def run(self) -> str: ...
    @property
    def authority(self) -> str: ...
    @property
    def term_days(self) -> int: ...
    @property
    def hour(self) -> int: ...
    @property
    def kid(self) -> bytes: ...
    @property
    def sealed_key(self) -> bytes: ...
    @property
    def wall_start_us(self) -> int: ...


class SealBrokenError(BrokenError):
    """A sealed key does not open: altered, moved to another chunk, or sealed to another hour."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="La clé scellée de ce fichier ne s'ouvre pas : elle a été altérée ou n'est pas celle de ce fichier. "
                "Lancez `beffroi vault check --level hash`.",
                en="This file's sealed key does not open: it was altered or is not this file's. "
                "Run `beffroi vault check --level hash`.",
            )
        )


def hour_of(wall_us: int) -> int:
    """The unix hour of a wall time in microseconds."""
    return wall_us // HOUR_US


def content_key_info(
    *, authority: str, term_days: int, hour: int, camera: str, stream: str, run: str, kid: bytes
) -> bytes:
    """The HPKE ``info`` of a content key: canonical JSON that names the one chunk it may open."""
    return canonical(
        {
            "authority": authority,
            "camera": camera,
            "hour": hour,
            "kid": kid.hex(),
            "run": run,
            "stream": stream,
            "term_days": term_days,
        }
    )


def chunk_info(chunk: SealedChunk) -> bytes:
    """`content_key_info` of a chunk's header."""
    return content_key_info(
        authority=chunk.authority,
        term_days=chunk.term_days,
        hour=chunk.hour,
        camera=chunk.camera,
        stream=chunk.stream,
        run=chunk.run,
        kid=chunk.kid,
    )


def seal(public: bytes, plain: bytes, *, info: bytes) -> bytes:
    """HPKE-seal bytes to a raw 32-byte X25519 public key.

    Raises:
        ValueError: when ``public`` is not a usable X25519 key.
    """
    return _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(public), info)


def unseal(private: X25519PrivateKey, sealed: bytes, *, info: bytes) -> bytes:
    """Open what `seal` made.

    Raises:
        SealBrokenError: altered, or for another key or ``info``.
    """
    try:
        return _SUITE.decrypt(sealed, private, info)
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError from error


def seal_content_key(public: bytes, key: bytes, *, info: bytes) -> bytes:
    """Seal one 16-byte content key to a public hour key; the result is `SEALED_KEY_BYTES` long.

    Args:
        public: raw X25519 public half (`PublicHours.public_for`).
        key: the 16-byte content key of one chunk file, never used for another.
        info: `content_key_info` of the same chunk.

    Raises:
        ValueError: wrong key length or unusable public key.
    """
    if len(key) != CONTENT_KEY_BYTES:
        raise ValueError("a content key has 16 bytes")
    return seal(public, key, info=info)
