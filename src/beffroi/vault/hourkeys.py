"""Hour keys, in one place to import from: the keyring, the public halves, sealing, and release under a lease."""

from beffroi.vault.keyerrors import HourDestroyedError, HourMissingError
from beffroi.vault.keyring import HourKeyring, KeyDestroyed
from beffroi.vault.publichours import Bundle, NoHourKeyError, PublicHours
from beffroi.vault.release import KeyReleaser, LocalKeyrings, NoKeyringError, TermPassedError
from beffroi.vault.ringfile import KdfCost, WrongPassphraseError
from beffroi.vault.sealing import (
    CONTENT_KEY_BYTES,
    HOUR_US,
    SEALED_KEY_BYTES,
    SealBrokenError,
    SealedChunk,
    chunk_info,
    content_key_info,
    hour_of,
    seal_content_key,
)

__all__ = [
    "CONTENT_KEY_BYTES",
    "HOUR_US",
    "SEALED_KEY_BYTES",
    "Bundle",
    "HourDestroyedError",
    "HourKeyring",
    "HourMissingError",
    "KdfCost",
    "KeyDestroyed",
    "KeyReleaser",
    "LocalKeyrings",
    "NoHourKeyError",
    "NoKeyringError",
    "PublicHours",
    "SealBrokenError",
    "SealedChunk",
    "TermPassedError",
    "WrongPassphraseError",
    "chunk_info",
    "content_key_info",
    "hour_of",
    "seal_content_key",
]
