"""C2SP signed-note and tlog-checkpoint: how the register signs its size and root, with Ed25519.

A note is text, a blank line, then one line a signature: ``— name base64(key id ‖ signature)``. Every base64 must be the
one spelling that the encoder gives: two spellings of a signature would be two checkpoints for one head.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import ClassVar, Final, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_LETTER: Final = r"[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff+]"
"""Of a name, spelled out: what ``\\s`` means differs from one language to the other, and with it what a note is."""
_NAME: Final = re.compile(_LETTER + "{1,200}")
_LINE: Final = re.compile(rf"— ({_LETTER}{{1,200}}) ([A-Za-z0-9+/=]+)")
_AROUND: Final = " \t\r\n"
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
NOTE_LIMIT: Final = 16_384


K = TypeVar("K", bound="NamedKey")


class NoteError(ValueError):
    """The note is malformed, not canonical, or not signed by the key."""


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A named public key; `encode` gives its *vkey*. ``algorithm`` is the byte that says what the key signs."""

    name: str
    key: Ed25519PublicKey
    algorithm: ClassVar[bytes]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise NoteError("a key name has no space and no '+'")

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256(name ‖ LF ‖ algorithm ‖ public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.algorithm + self.key.public_bytes_raw()).digest()[:4]

    def encode(self) -> str:
        """``name+hex(key id)+base64(algorithm ‖ public key)``."""
        public = base64.b64encode(self.algorithm + self.key.public_bytes_raw()).decode()
        return f"{self.name}+{self.key_id.hex()}+{public}"


@dataclass(frozen=True, slots=True)
class Verifier(NamedKey):
    """The key of a register, or of whoever signs a note."""

    algorithm: ClassVar[bytes] = b"\x01"


def parse_verifier(text: str) -> Verifier:
    """Read the *vkey* of a signer.

    Raises:
        NoteError: malformed, another kind of key, or a key id that is not that of the key.
    """
    return parse_key(text, Verifier)


def parse_key(text: str, kind: type[K]) -> K:
    """Read a *vkey* of one kind.

    Raises:
        NoteError: malformed, another kind of key, or a key id that is not that of the key.
    """
    given = text.strip(_AROUND)
    parts = given.split("+", 2)
    if len(parts) != 3:
        raise NoteError("a verifier key is name+id+key")
    raw = strict_base64(parts[2])
    if len(raw) != 33 or raw[:1] != kind.algorithm:
        raise NoteError("not a key of this kind")
    found = kind(parts[0], Ed25519PublicKey.from_public_bytes(raw[1:]))
    if found.encode() != given:
        raise NoteError("the key id is not that of the key")
    return found


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of the register: its name, its number of entries, its root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note's text, without extension lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> bytes:
    """The signed note of a checkpoint; the key's name is the origin, as tlog-checkpoint asks."""
    return sign_text(checkpoint.text(), checkpoint.origin, key)


def sign_text(text: str, name: str, key: Ed25519PrivateKey) -> bytes:
    """The signed note of a text that ends with a line feed.

    Raises:
        NoteError: the name cannot be a key's.
    """
    verifier = Verifier(name, key.public_key())
    signature = base64.b64encode(verifier.key_id + key.sign(text.encode())).decode()
    return f"{text}\n— {verifier.name} {signature}\n".encode()


def open_note(note: bytes, verifier: Verifier) -> Checkpoint:
    """Verify a signed checkpoint and read it. Signatures by other keys (witnesses) are skipped.

    Raises:
        NoteError: malformed, not canonical, or without a valid signature by this key.
    """
    text, signatures = split_note(note)
    for name, raw in signatures:
        if name == verifier.name and raw[:4] == verifier.key_id:
            try:
                verifier.key.verify(raw[4:], text.encode())
            except InvalidSignature as error:
                raise NoteError("the signature does not match") from error
            checkpoint = parse_text(text)
            if checkpoint.origin != verifier.name:
                raise NoteError("signed under another name")
            return checkpoint
    raise NoteError("no signature by this key")


def alone(note: bytes, verifier: Verifier, *others: NamedKey) -> bytes:
    """A verified note with the signature of this key, and those of ``others``, alone: what anybody else added is left
    out. The others' are not verified.

    Raises:
        NoteError: as `open_note`.
    """
    open_note(note, verifier)
    text, signatures = split_note(note)
    by = {(one.name, one.key_id) for one in others}
    own = next(raw for name, raw in signatures if name == verifier.name and raw[:4] == verifier.key_id)
    kept = [(verifier.name, own), *((name, raw) for name, raw in signatures if (name, raw[:4]) in by)]
    lines = "".join(f"— {name} {base64.b64encode(raw).decode()}\n" for name, raw in kept)
    return f"{text}\n{lines}".encode()


def parse_checkpoint(note: bytes) -> Checkpoint:
    """What a note claims, its signatures not verified: to know which key to verify it with.

    Raises:
        NoteError: malformed or not canonical.
    """
    return parse_text(split_note(note)[0])


def split_note(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """The text that is signed, and each signature line as (name, key id ‖ signature); none is verified.

    Raises:
        NoteError: not a signed note, or not in its one spelling.
    """
    if len(note) > NOTE_LIMIT:
        raise NoteError("too long")
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise NoteError("not text") from error
    if any(ord(c) < 0x20 and c != "\n" for c in whole):
        raise NoteError("a control character")
    text, blank, tail = whole.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise NoteError("no signature block")
    signatures: list[tuple[str, bytes]] = []
    for line in tail[:-1].split("\n"):
        match = _LINE.fullmatch(line)
        if match is None:
            raise NoteError("a signature line is malformed")
        raw = strict_base64(match[2])
        if len(raw) < 5:
            raise NoteError("a signature is too short")
        signatures.append((match[1], raw))
    return text + "\n", signatures


def parse_text(text: str) -> Checkpoint:
    """The text of a checkpoint, without its signatures.

    Raises:
        NoteError: malformed or not canonical.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] != "":
        raise NoteError("a checkpoint has three lines")
    origin, size, root = lines[:3]
    if not _NAME.fullmatch(origin) or not _SIZE.fullmatch(size) or "" in lines[3:-1]:
        raise NoteError("a checkpoint line is malformed")
    raw = strict_base64(root)
    if len(raw) != 32:
        raise NoteError("a root has 32 bytes")
    return Checkpoint(origin, int(size), raw)


def strict_base64(text: str) -> bytes:
    """Decode base64, refusing every spelling but the encoder's.

    Raises:
        NoteError: not base64, or with other padding or trailing bits.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("not base64") from error
    if base64.b64encode(raw).decode() != text:
        raise NoteError("base64 in another spelling")
    return raw
