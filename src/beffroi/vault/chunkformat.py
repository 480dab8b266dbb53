"""The private parts of a chunk file: header box after `moov`, index box at the end. See docs/design/storage.md.

A chunk is `ftyp moov uuid(header) (moof mdat uuid(digest))* uuid(footer)`. The last eight bytes of the footer are its
own size and a magic word, so that a reader finds it from the end of the file.
"""

import base64
import binascii
import hashlib
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any, Final

from beffroi.domain.errors import BadInputError
from beffroi.domain.gaps import Gap, GapCause
from beffroi.domain.ids import CameraId, StreamName
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.ledger import merkle
from beffroi.media.boxes import box

HEADER_UUID: Final = bytes.fromhex("5f0e3c9a1d7b4c629a41b7e8f3d20c01")
FOOTER_UUID: Final = bytes.fromhex("5f0e3c9a1d7b4c629a41b7e8f3d20c02")
DIGEST_UUID: Final = bytes.fromhex("5f0e3c9a1d7b4c629a41b7e8f3d20c03")
FORMAT_VERSION: Final = 2
_READABLE: Final = frozenset({1, 2})  # 1: fragments without their digest box
HASH_BYTES: Final = 32
MAX_HEADER_BYTES: Final = 1 << 20
_FOOTER_VERSION: Final = 1
_FOOTER_MAGIC: Final = b"BFCF"
_TRAILER_BYTES: Final = 8
DIGEST_BOX_BYTES: Final = 8 + len(DIGEST_UUID) + HASH_BYTES
_ENTRY: Final = struct.Struct(">QIqQIIB32s")
ENTRY_BYTES: Final = _ENTRY.size


class CloseReason(StrEnum):
    """Why a chunk ended."""

    ROTATED = "rotated"
    RUN_ENDED = "run_ended"
    STOPPED = "stopped"
    RECOVERED = "recovered"


_REASONS: Final = tuple(CloseReason)


class DamagedChunkError(BadInputError):
    """A chunk file that cannot be what it claims. ``what`` is the short reason."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(
            Text(
                fr=f"Le fichier {name} est abîmé ({what}) : lancez « beffroi vault check », puis la réparation.",
                en=f"The file {name} is damaged ({what}): run “beffroi vault check”, then the repair.",
            )
        )
        self.what = what


@dataclass(frozen=True, slots=True)
class ChunkHeader:
    """What a chunk says of itself. ``hour`` is unix seconds // 3600 of its hour key; ``run`` a hex id.

    ``start_90k`` is the decode time, inside the run, of the picture taken at ``wall_start_us``. ``sealed_key`` is the
    content key sealed to the authority's key of that hour. ``gaps`` are those since the stream's previous chunk.
    """

    camera: CameraId
    stream: StreamName
    run: str
    authority: str
    term_days: int
    hour: int
    kid: bytes
    sealed_key: bytes
    wall_start_us: int
    start_90k: int
    config_digest: str
    codec_string: str
    width: int
    height: int
    recorder: str
    version: int = FORMAT_VERSION
    gaps: tuple[Gap, ...] = ()

    def relative_path(self) -> PurePosixPath:
        """Where the file lies under the recorder's root."""
        name = f"{self.wall_start_us // 1000}-{self.run[:8]}-{self.kid.hex()[:8]}.mp4"
        return PurePosixPath("streams") / self.camera / self.stream / name

    def to_box(self) -> bytes:
        """The private box."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN_FIELDS}
        fields["kid"] = self.kid.hex()
        fields["sealed_key"] = base64.b64encode(self.sealed_key).decode()
        fields["gaps"] = [[gap.range.from_us, gap.range.to_us, gap.cause.value] for gap in self.gaps]
        return box(b"uuid", HEADER_UUID, json.dumps(fields, sort_keys=True, separators=(",", ":")).encode())


_PLAIN_FIELDS: Final[dict[str, type]] = {
    "camera": str, "stream": str, "run": str, "authority": str, "term_days": int, "hour": int, "wall_start_us": int,
    "start_90k": int, "config_digest": str, "codec_string": str, "width": int, "height": int, "recorder": str,
    "version": int,
}  # fmt: skip


def parse_header(payload: bytes, name: str) -> ChunkHeader:
    """Read the JSON of a header box (without the box's uuid).

    Raises:
        DamagedChunkError: not ours, another version, or a field of the wrong kind.
    """
    try:
        fields = json.loads(payload)
        plain = {key: fields[key] for key in _PLAIN_FIELDS}
        if any(type(plain[key]) is not kind for key, kind in _PLAIN_FIELDS.items()):
            raise DamagedChunkError(name, "header fields")
        if plain["version"] not in _READABLE:
            raise DamagedChunkError(name, f"format version {plain['version']}")
        gaps = tuple(Gap(WallRange(start, end), GapCause(cause)) for start, end, cause in fields["gaps"])
        kid = bytes.fromhex(fields["kid"])
        sealed = base64.b64decode(fields["sealed_key"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise DamagedChunkError(name, "header") from error
    if len(kid) != 16:
        raise DamagedChunkError(name, "key id")
    return ChunkHeader(**plain, kid=kid, sealed_key=sealed, gaps=gaps)


@dataclass(frozen=True, slots=True)
class GopEntry:
    """One fragment of a chunk, usually one GOP: `moof`, `mdat` and digest box. ``sha256`` is over all its stored bytes.

    ``key`` is False for the further pieces of a GOP that was too long for one fragment, and for each piece of a file
    that found no key frame to begin with.
    """

    offset: int
    length: int
    wall_us: int
    dts_90k: int
    duration_90k: int
    frames: int
    key: bool
    sha256: bytes

    @property
    def end_us(self) -> int:
        """Wall time after its last frame."""
        return self.wall_us + self.duration_90k * 100 // 9

    def pack(self) -> bytes:
        """The fixed-size bytes that the footer holds and the Merkle tree hashes."""
        return _ENTRY.pack(
            self.offset, self.length, self.wall_us, self.dts_90k, self.duration_90k, self.frames, self.key, self.sha256
        )


def unpack_entries(data: bytes) -> list[GopEntry]:
    """The entries of packed bytes.

    Raises:
        ValueError: not a whole number of entries.
    """
    if len(data) % ENTRY_BYTES:
        raise ValueError("entries are cut")
    return [
        GopEntry(offset, length, wall_us, dts_90k, duration_90k, frames, bool(key), sha256)
        for offset, length, wall_us, dts_90k, duration_90k, frames, key, sha256 in _ENTRY.iter_unpack(data)
    ]


@dataclass(frozen=True, slots=True)
class Footer:
    """The index of a closed chunk. ``head_sha256`` covers everything before the first fragment."""

    reason: CloseReason
    head_sha256: bytes
    entries: tuple[GopEntry, ...]

    @property
    def root(self) -> bytes:
        """Merkle root: the head's hash is leaf 0, the packed entries follow."""
        edge = merkle.CompactRange()
        for leaf in self.leaves():
            edge.append(merkle.leaf_hash(leaf))
        return edge.root()

    def leaves(self) -> list[bytes]:
        """The leaf data of the tree."""
        return [self.head_sha256, *(entry.pack() for entry in self.entries)]

    def to_box(self) -> bytes:
        """The private box, its size and magic word at its end."""
        content = b"".join(
            (
                FOOTER_UUID,
                bytes((_FOOTER_VERSION, _REASONS.index(self.reason))),
                len(self.entries).to_bytes(4, "big"),
                self.head_sha256,
                *(entry.pack() for entry in self.entries),
                self.root,
            )
        )
        size = 8 + len(content) + _TRAILER_BYTES
        return box(b"uuid", content, size.to_bytes(4, "big"), _FOOTER_MAGIC)


def parse_footer(payload: bytes, name: str) -> Footer:
    """Read a footer box's content (with its uuid, without the trailer) and check its Merkle root.

    Raises:
        DamagedChunkError: cut, or its root does not match its entries.
    """
    head = len(FOOTER_UUID) + 6 + HASH_BYTES
    if len(payload) < head + HASH_BYTES or payload[:16] != FOOTER_UUID or payload[16] != _FOOTER_VERSION:
        raise DamagedChunkError(name, "footer")
    count = int.from_bytes(payload[18:22], "big")
    if payload[17] >= len(_REASONS) or len(payload) != head + count * ENTRY_BYTES + HASH_BYTES:
        raise DamagedChunkError(name, "footer size")
    packed = payload[head:-HASH_BYTES]
    footer = Footer(_REASONS[payload[17]], payload[22:head], tuple(unpack_entries(packed)))
    # The root is over what was understood: a bit that has no meaning must not have changed either.
    if footer.root != payload[-HASH_BYTES:] or b"".join(footer.leaves()[1:]) != packed:
        raise DamagedChunkError(name, "footer root")
    return footer


def digest_box(kid: bytes, offset: int, sha256: bytes) -> bytes:
    """What closes a fragment: proof that it is whole, of this file and at this place, for who finds it without index.

    Args:
        kid: key id of the file, offset: where the fragment begins in it.
        sha256: over its `moof` and `mdat`.
    """
    return box(b"uuid", DIGEST_UUID, hashlib.sha256(kid + offset.to_bytes(8, "big") + sha256).digest())


def footer_size(tail: bytes) -> int | None:
    """Size of the footer box from the last eight bytes of a file, None when there is no footer."""
    if len(tail) != _TRAILER_BYTES or tail[4:] != _FOOTER_MAGIC:
        return None
    return int.from_bytes(tail[:4], "big")


def head_hash(head: bytes) -> bytes:
    """SHA-256 of the bytes before the first fragment."""
    return hashlib.sha256(head).digest()


def decoded_from(entries: Sequence[GopEntry], number: int) -> int:
    """Number of the entry with the key frame that an entry is decoded from. When its file has none before, the entry
    itself: what lies before would show nothing more, and was not asked for."""
    first = number
    while first > 0 and not entries[first].key:
        first -= 1
    return first if entries[first].key else number


def entries_in_order(entries: Sequence[GopEntry], head_length: int) -> bool:
    """Whether the entries lie end to end from the head on."""
    at = head_length
    for entry in entries:
        if entry.offset != at:
            return False
        at += entry.length
    return True
