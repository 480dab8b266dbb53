"""Whoever stole a folder tries everything in it as a key: every string of the right length, however it is written."""

import base64
import binascii
import contextlib
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from beffroi.vault.chunkformat import ChunkHeader
from beffroi.vault.sealing import CONTENT_KEY_BYTES, SealBrokenError, chunk_info, unseal

PRIVATE_BYTES: Final = 32
_SHORT_BYTES: Final = 256
_HEAD_BYTES: Final = 1536
_LARGE_BYTES: Final = 1 << 18
_VIDEO: Final = (".mp4", ".piece")
"""Of the rolling store and of the frozen one: past their heads, encrypted pictures."""

_WORD: Final = re.compile(rb"[A-Za-z0-9+/_=-]{20,}")
_SQLITE: Final = b"SQLite format 3\0"


@dataclass
class Loot:
    """Strings found: ``keys`` of 16 bytes (content keys), ``privates`` of 32 (X25519 halves)."""

    keys: set[bytes] = field(default_factory=set)
    privates: set[bytes] = field(default_factory=set)

    def without(self, other: "Loot") -> "Loot":
        """What the other has not."""
        return Loot(self.keys - other.keys, self.privates - other.privates)

    def __len__(self) -> int:
        return len(self.keys) + len(self.privates)

    def add(self, data: bytes, *, step: int = 1) -> None:
        """Every stretch of a string; private halves are sought every ``step`` bytes."""
        self.keys |= {data[at : at + CONTENT_KEY_BYTES] for at in range(len(data) - CONTENT_KEY_BYTES + 1)}
        self.privates |= {data[at : at + PRIVATE_BYTES] for at in range(0, len(data) - PRIVATE_BYTES + 1, step)}


def gather(places: Iterable[Path]) -> Loot:
    """All that could be a key in these files and folders. Of a video file, the head before the first picture."""
    loot = Loot()
    for path in sorted({path for place in places for path in (place, *place.rglob("*")) if path.is_file()}):
        data = path.read_bytes()
        if path.suffix in _VIDEO:
            data = data[:_HEAD_BYTES]
        strings = _values(path) if data.startswith(_SQLITE) else (data[:_LARGE_BYTES],)
        for string in strings:
            for meant in (meaning for word in _WORD.findall(string) for meaning in _meanings(word)):
                loot.add(meant[:_HEAD_BYTES])
            if not string.startswith(b"{"):
                loot.add(string, step=1 if len(string) <= _SHORT_BYTES else 4)
    return loot


def opens(loot: Loot, header: ChunkHeader, public: bytes, iv: bytes, cipher: bytes, clear: bytes) -> list[str]:
    """Which strings open a file: as its content key, or as the private half that its sealed key was made for.

    A private half opens what was sealed to its public half and nothing else (HPKE, RFC 9180 §9.1): that comparison is
    made for every string, and the opening itself for those that pass it.

    Args:
        loot: what to try.
        header: the file's.
        public: the public half that its key was sealed to, 32 bytes.
        iv: 8 bytes, of one of its pictures.
        cipher, clear: the same 16 first protected bytes of this picture, stored and true.
    """
    stream = bytes(left ^ right for left, right in zip(cipher, clear, strict=True))
    found = [f"AES {key.hex()[:8]}…" for key in loot.keys if _first_block(key, iv) == stream]
    info = chunk_info(header)
    for private in loot.privates:
        half = X25519PrivateKey.from_private_bytes(private)
        if half.public_key().public_bytes_raw() != public:
            continue
        with contextlib.suppress(SealBrokenError):
            unseal(half, header.sealed_key, info=info)
            found.append(f"HPKE {private.hex()[:8]}…")
    return found


def _first_block(key: bytes, iv: bytes) -> bytes:
    return Cipher(AES(key), ECB()).encryptor().update(iv + bytes(8))  # noqa: S305  one block of the counter mode


def _meanings(word: bytes) -> Iterator[bytes]:
    """What a word of text may stand for: hexadecimal, or base64 in either alphabet."""
    with contextlib.suppress(ValueError):
        yield bytes.fromhex(word.decode())
    plain = word.rstrip(b"=")
    padded = plain + b"=" * (-len(plain) % 4)
    for altchars in (b"+/", b"-_"):
        with contextlib.suppress(binascii.Error, ValueError):
            yield base64.b64decode(padded, altchars=altchars, validate=True)


def _values(path: Path) -> Iterator[bytes]:
    """Every text and blob of a database, and what lies raw in its file."""
    yield path.read_bytes()[:_LARGE_BYTES]
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        db.text_factory = bytes
        tables = [name.decode() for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in db.execute(f'SELECT * FROM "{table}"'):  # noqa: S608  the file's own table names
                yield from (value for value in row if isinstance(value, bytes) and len(value) <= _LARGE_BYTES)
