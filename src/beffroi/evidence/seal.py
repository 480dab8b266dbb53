"""The signature of a manifest: a signed note (C2SP) over its hash, by the centre's evidence key."""

import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beffroi.evidence.findings import Finding, Kind
from beffroi.ledger.note import NoteError, Verifier, sign_text, split_note

KEY_NAME: Final = "beffroi/evidence"
_TITLE: Final = "beffroi evidence manifest 1"


def seal(manifest: bytes, key: Ed25519PrivateKey, name: str = KEY_NAME) -> bytes:
    """The content of ``manifest.sig``."""
    return sign_text(_text(manifest), name, key)


def check_seal(manifest: bytes, note: bytes | None, key: Verifier) -> list[Finding]:
    """Whether this key signed this manifest."""
    if note is None:
        return [Finding(Kind.SIGNATURE_MISSING)]
    try:
        text, signatures = split_note(note)
    except NoteError:
        return [Finding(Kind.SIGNATURE_WRONG)]
    if text != _text(manifest):
        return [Finding(Kind.SIGNATURE_WRONG)]
    ours = [raw for name, raw in signatures if name == key.name and raw[:4] == key.key_id]
    if not ours:
        return [Finding(Kind.KEY_UNKNOWN, detail=", ".join(sorted({name for name, _ in signatures}))[:200])]
    try:
        key.key.verify(ours[0][4:], text.encode())
    except InvalidSignature:
        return [Finding(Kind.SIGNATURE_WRONG)]
    return []


def _text(manifest: bytes) -> str:
    return f"{_TITLE}\n{hashlib.sha256(manifest).hexdigest()}\n"
