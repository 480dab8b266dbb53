"""C2SP tlog-cosignature: a witness signs a checkpoint that it found to go on from the last one it saw, with the time.

The signed message is ``cosignature/v1``, a line ``time <seconds since 1970>``, then the text of the checkpoint. On the
note it is one more signature line: ``— name base64(key id ‖ time as 8 bytes, big-endian ‖ Ed25519 signature)``.
"""

import base64
from dataclasses import dataclass
from typing import ClassVar, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beffroi.ledger.note import NamedKey, NoteError, parse_key, split_note

_BYTES: Final = 4 + 8 + 64


@dataclass(frozen=True, slots=True)
class WitnessKey(NamedKey):
    """A witness's name and public key."""

    algorithm: ClassVar[bytes] = b"\x04"


def parse_witness_key(text: str) -> WitnessKey:
    """Read a witness's *vkey*.

    Raises:
        NoteError: malformed, a key of another kind, or a key id that is not that of the key.
    """
    return parse_key(text, WitnessKey)


def cosign(note: bytes, name: str, key: Ed25519PrivateKey, *, now_s: int) -> bytes:
    """The signature line of a witness for a checkpoint's text. Whoever calls has verified the checkpoint.

    Raises:
        NoteError: the note is malformed.
    """
    text, _ = split_note(note)
    witness = WitnessKey(name, key.public_key())
    raw = witness.key_id + now_s.to_bytes(8, "big") + key.sign(_message(text, now_s))
    return f"— {name} {base64.b64encode(raw).decode()}\n".encode()


def cosigned_at_s(note: bytes, witness: WitnessKey) -> int | None:
    """When this witness cosigned the note (seconds since 1970, its own clock); None when it did not.

    Raises:
        NoteError: the note is malformed, or a signature under this witness's name and key is wrong.
    """
    text, signatures = split_note(note)
    newest: int | None = None
    for name, raw in signatures:
        if name != witness.name or raw[:4] != witness.key_id:
            continue
        if len(raw) != _BYTES:
            raise NoteError("a cosignature is not of its length")
        time_s = int.from_bytes(raw[4:12], "big")
        try:
            witness.key.verify(raw[12:], _message(text, time_s))
        except InvalidSignature as error:
            raise NoteError("a cosignature does not match") from error
        newest = time_s if newest is None else max(newest, time_s)
    return newest


def _message(text: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()
