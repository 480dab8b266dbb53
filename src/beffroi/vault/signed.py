"""Signed papers of the vault: canonical JSON under an Ed25519 signature, with a domain of use.

A sheet, a revocation and a bundle of hour keys are all this envelope. The bytes on disk must be *the* canonical
bytes of what they say: one meaning, one file, one signature.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

MAX_PAPER_BYTES: Final = 1 << 20
GROUP_READS: Final = 0o640
"""Mode of a signed paper: the centre writes it, the recorder, another user of the same group, reads it."""

_PEM: Final = re.compile(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.S)


class PaperRefusedError(BadInputError):
    """A signed paper is not what it claims to be; nothing of it was used."""

    def __init__(self, name: str, why_fr: str, why_en: str) -> None:
        super().__init__(
            Text(
                fr=f"Le document signé « {name} » est refusé : {why_fr}. Rien n'en a été pris ; "
                "redemandez-le au centre.",
                en=f"The signed paper “{name}” is refused: {why_en}. Nothing of it was used; "
                "ask the centre for it again.",
            )
        )
        self.why = why_en


def canonical(value: Any) -> bytes:
    """The one JSON encoding of a value: sorted keys, no spaces, ASCII.

    Raises:
        ValueError: for a number that JSON has not (NaN, infinity).
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def b64(raw: bytes) -> str:
    """Standard base64, padded."""
    return base64.b64encode(raw).decode()


def unb64(text: object) -> bytes:
    """Strict inverse of `b64`.

    Raises:
        ValueError: when the text is not the one base64 encoding of some bytes.
    """
    if not isinstance(text, str):
        raise ValueError("base64 text expected")  # noqa: TRY004  callers treat all malformed input alike
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64") from error
    if b64(raw) != text:
        raise ValueError("base64 is not canonical")
    return raw


def public_bytes(key: Ed25519PublicKey) -> bytes:
    """The 32 raw bytes of a public key."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_name(key: Ed25519PublicKey) -> str:
    """Short name of a signing key: 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public_bytes(key)).hexdigest()[:16]


def load_public_keys(path: Path) -> tuple[Ed25519PublicKey, ...]:
    """The Ed25519 public keys of a PEM file that may hold several (a key and its successor).

    Raises:
        BadInputError: no file, no key, or a key of another kind.
    """
    try:
        blocks = _PEM.findall(path.read_bytes())
        keys = [load_pem_public_key(block) for block in blocks]
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise _no_keys(path) from error
    good = tuple(key for key in keys if isinstance(key, Ed25519PublicKey))
    if not good or len(good) != len(keys):
        raise _no_keys(path)
    return good


def _no_keys(path: Path) -> BadInputError:
    return BadInputError(
        Text(
            fr=f"« {path.name} » ne contient pas de clé publique Ed25519 (PEM) : copiez celle du centre.",
            en=f"“{path.name}” holds no Ed25519 public key (PEM): copy the centre's.",
        )
    )


def sign_paper(kind: str, body: dict[str, Any], key: Ed25519PrivateKey) -> bytes:
    """The signed file of a body. ``kind`` separates uses: a signed sheet can never pass for a revocation."""
    signature = key.sign(_message(kind, body))
    return canonical({"body": body, "key": key_name(key.public_key()), "kind": kind, "signature": b64(signature)})


def open_paper(kind: str, raw: bytes, trusted: Sequence[Ed25519PublicKey], *, name: str) -> dict[str, Any]:
    """Verify a signed file and return its body; the fields of the body are still to be checked by the caller.

    Raises:
        PaperRefusedError: too long, truncated, non-canonical, of another kind, or not signed by a trusted key.
    """
    if len(raw) > MAX_PAPER_BYTES:
        raise PaperRefusedError(name, "il est trop long", "it is too long")
    try:
        paper = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise PaperRefusedError(name, "il est tronqué ou illisible", "it is truncated or unreadable") from error
    if not isinstance(paper, dict) or set(paper) != {"body", "key", "kind", "signature"}:
        raise PaperRefusedError(name, "ses champs ne sont pas ceux attendus", "its fields are not the expected ones")
    body = paper["body"]
    if paper["kind"] != kind or not isinstance(body, dict):
        raise PaperRefusedError(name, "il est d'une autre nature", "it is of another kind")
    try:
        if canonical(paper) != raw:
            raise PaperRefusedError(name, "son écriture n'est pas canonique", "its encoding is not canonical")
        signature = unb64(paper["signature"])
    except (ValueError, RecursionError) as error:
        raise PaperRefusedError(name, "il est mal formé", "it is malformed") from error
    for key in trusted:
        if key_name(key) != paper["key"]:
            continue
        try:
            key.verify(signature, _message(kind, body))
        except InvalidSignature:
            break
        return body
    raise PaperRefusedError(name, "il n'est pas signé par une clé reconnue", "it is not signed by a recognised key")


def _message(kind: str, body: dict[str, Any]) -> bytes:
    return b"beffroi\x00" + kind.encode() + b"\x00" + canonical(body)


def read_paper(path: Path) -> bytes:
    """The bytes of a signed file, never more than a paper may have.

    Raises:
        PaperRefusedError: unreadable, not a plain file, or too long.
    """
    try:
        if path.is_file():
            with path.open("rb") as file:
                raw = file.read(MAX_PAPER_BYTES + 1)
            if len(raw) <= MAX_PAPER_BYTES:
                return raw
    except OSError as error:
        raise PaperRefusedError(path.name, "il est illisible", "it is unreadable") from error
    raise PaperRefusedError(path.name, "il est trop long ou n'est pas un fichier", "it is too long or not a file")
