"""The centre's evidence key: signs what is handed over. Made once; a court has its public half from elsewhere."""

import hashlib
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from beffroi.base.secrets import read_signing_key, write_secret
from beffroi.evidence.seal import KEY_NAME
from beffroi.ledger.note import Verifier

FILE: Final = "evidence.key"


def evidence_key(secrets: Path) -> Ed25519PrivateKey:
    """The key of a centre's folder of secrets, made at its first use.

    Raises:
        OSError, BrokenError: it cannot be written or read.
    """
    path = secrets / FILE
    if not path.exists():
        raw = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_secret(path, raw)
    return read_signing_key(path)


def vkey(key: Ed25519PrivateKey) -> str:
    """Its public half as a line: name, id, key."""
    return Verifier(KEY_NAME, key.public_key()).encode()


def key_print(verifier: Verifier) -> str:
    """The print that the viewer shows of a key (console/evidence/verify/note.ts), to be read out on the telephone."""
    raw = hashlib.sha256(verifier.algorithm + verifier.key.public_bytes_raw()).hexdigest()
    return " ".join(raw[at : at + 4] for at in range(0, len(raw), 4))
