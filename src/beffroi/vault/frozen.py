"""A frozen piece: the minutes of one file that a hold asked for, as they were stored, with what proves them.

    head of the file, verbatim · the asked fragments, verbatim · uuid(proof) · uuid(seal)

The proof has, per fragment, its index entry and its path to the file's Merkle root: the piece proves itself without
the rest of the file, which is not kept. The seal, a place of fixed size at the end, takes the content key sealed to the
case; it is written in place. The head still names the key sealed to the *hour*: it opens nothing once that hour's
private half is destroyed at its term, in this copy as in any other.
"""

import json
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from beffroi.base.files import fsync_fd
from beffroi.domain.ranges import WallRange
from beffroi.ledger import merkle
from beffroi.media.boxes import box
from beffroi.vault.chunkformat import ChunkHeader, DamagedChunkError, Footer, GopEntry, decoded_from, unpack_entries
from beffroi.vault.reader import ChunkReader
from beffroi.vault.sealing import SEALED_KEY_BYTES
from beffroi.vault.signed import canonical

PROOF_UUID: Final = bytes.fromhex("5f0e3c9a1d7b4c629a41b7e8f3d20c03")
SEAL_UUID: Final = bytes.fromhex("5f0e3c9a1d7b4c629a41b7e8f3d20c04")
PIECE_SUFFIX: Final = ".piece"
FOLDER: Final = "frozen"
HEAD_BYTES: Final = 1 << 20
"""What is overwritten at the start of a file: no header is longer."""

_SEAL: Final = struct.Struct(f">4sB3xQQ{SEALED_KEY_BYTES}s36xI")
_SEALS: Final = 2
"""Two places, written in turn: a renewal torn by a power cut leaves the seal before it."""

_SEAL_MAGIC: Final = b"BFSL"
_SEAL_BOX: Final = 24 + _SEALS * _SEAL.size
_TRAILER: Final = struct.Struct(">I4s")
_PROOF_MAGIC: Final = b"BFPR"
_MAX_PROOF: Final = 16 << 20
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class PieceFacts:
    """What a piece says of itself. ``beyond_us`` and ``sealed_key`` are the seal's; empty until it is written."""

    hold: str
    case: str
    term_end_us: int
    leaves: int
    root: bytes
    head_sha256: bytes
    head_path: tuple[bytes, ...]
    leaf_numbers: tuple[int, ...]
    paths: tuple[tuple[bytes, ...], ...]


def write_piece(
    source: ChunkReader, footer: Footer, chosen: Sequence[GopEntry], target: Path, *, hold: str, case: str,
    term_end_us: int,
) -> int:  # fmt: skip
    """Write the piece of a closed file, confirmed by the disk; the caller renames it to its place. Returns its size.

    Args:
        source: the file, open.
        footer: its index.
        chosen: entries of that index, in order, one at least.
        target: a path that does not exist.
        hold, case, term_end_us: what the piece is for, and the end of the images' own term.

    Raises:
        OSError: the disk refuses; nothing is left at ``target``. FsyncFailedError: let it end the process.
    """
    numbers = [footer.entries.index(entry) + 1 for entry in chosen]
    leaves = [merkle.leaf_hash(leaf) for leaf in footer.leaves()]
    fields: dict[str, Any] = {
        "case": case,
        "entries": b"".join(entry.pack() for entry in chosen).hex(),
        "head_path": _hexes(_path(leaves, 0)),
        "head_sha256": footer.head_sha256.hex(),
        "hold": hold,
        "leaves": len(leaves),
        "numbers": numbers,
        "paths": [_hexes(_path(leaves, number)) for number in numbers],
        "root": footer.root.hex(),
        "term_end_us": term_end_us,
    }
    raw = canonical(fields)
    size = 24 + len(raw) + _TRAILER.size
    proof = box(b"uuid", PROOF_UUID, raw, _TRAILER.pack(size, _PROOF_MAGIC))
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    try:
        _copy(source, 0, source.head_length, fd)
        for entry in chosen:
            _copy(source, entry.offset, entry.length, fd)
        _write(fd, proof)
        _write(fd, box(b"uuid", SEAL_UUID, bytes(_SEALS * _SEAL.size)))
        fsync_fd(fd, target)
        return os.fstat(fd).st_size
    except OSError:
        target.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)


def write_seal(path: Path, beyond_us: int, sealed_key: bytes) -> None:
    """Put the content key sealed to the case in its place, confirmed by the disk. A torn seal is as none.

    Raises:
        ValueError: not a sealed key. OSError, FsyncFailedError: the disk refuses.
    """
    if len(sealed_key) != SEALED_KEY_BYTES:
        raise ValueError(f"a sealed key has {SEALED_KEY_BYTES} bytes")
    fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        end = os.fstat(fd).st_size
        place, number, _, _ = _newest_seal(os.pread(fd, _SEALS * _SEAL.size, end - _SEALS * _SEAL.size))
        raw = _SEAL.pack(_SEAL_MAGIC, 1, number + 1, beyond_us, sealed_key, 0)[:-4]
        raw += zlib.crc32(raw).to_bytes(4, "big")
        if os.pwrite(fd, raw, end - (1 + place) * _SEAL.size) != len(raw):
            raise OSError(f"short write in {path.name}")
        fsync_fd(fd, path)
    finally:
        os.close(fd)


def erase_keys(path: Path, head_bytes: int) -> None:
    """Overwrite the head and the seal, where the sealed keys lie, and have the disk confirm it.

    Raises:
        OSError, FsyncFailedError: the disk refuses.
    """
    fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        size = os.fstat(fd).st_size
        os.pwrite(fd, bytes(min(size, head_bytes)), 0)
        tail = min(size, _SEAL_BOX)
        os.pwrite(fd, bytes(tail), size - tail)
        fsync_fd(fd, path, data_only=True)
    finally:
        os.close(fd)


class FrozenPiece:
    """One piece, open for reading. `gops`, `gops_in`, `init`, `read` and `header` are as `ChunkReader`'s, by its own
    offsets; ``entries`` are the file's, as its Merkle root covers them."""

    def __init__(self, reader: ChunkReader, path: Path) -> None:
        """Use `open`."""
        self._reader = reader
        self.path = path
        self.size = reader.size
        self.header: ChunkHeader = reader.header
        self.head_length, self.init_length = reader.head_length, reader.init_length
        self.facts, self.entries, self._end = _read_proof(reader, path.name)
        _, _, self.beyond_us, self.sealed_key = _newest_seal(
            reader.read(reader.size - _SEALS * _SEAL.size, _SEALS * _SEAL.size)
        )
        self.gops = tuple(_rebased(self.entries, self.head_length))
        if self.gops and self.gops[-1].offset + self.gops[-1].length != self._end:
            raise DamagedChunkError(path.name, "piece size")

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a piece.

        Raises:
            FileNotFoundError: no such piece. DamagedChunkError: not one, or cut.
        """
        reader = ChunkReader.open(path, trust_footer=False)
        try:
            return cls(reader, path)
        except BaseException:
            reader.close()
            raise

    @property
    def sealed(self) -> bool:
        """Whether its content key is sealed to the case."""
        return bool(self.sealed_key)

    @property
    def range(self) -> WallRange:
        """Wall time covered."""
        return WallRange(self.gops[0].wall_us, max(self.gops[0].wall_us, self.gops[-1].end_us))

    def gops_in(self, asked: WallRange) -> list[GopEntry]:
        """The entries that overlap a range, begun at a key frame where the piece has it."""
        chosen = [n for n, gop in enumerate(self.gops) if WallRange(gop.wall_us, gop.end_us).overlaps(asked)]
        if not chosen:
            return []
        return list(self.gops[decoded_from(self.gops, chosen[0]) : chosen[-1] + 1])

    def init(self) -> bytes:
        """`ftyp` + `moov`."""
        return self._reader.init()

    def read(self, offset: int, length: int) -> bytes:
        """Raw bytes."""
        return self._reader.read(offset, length)

    def wrong(self) -> list[str]:
        """What does not prove itself: "head", or the number of a fragment from 1; empty when all is well."""
        facts, found = self.facts, []
        if self._reader.sha256(0, self.head_length) != facts.head_sha256 or not merkle.verify_inclusion(
            merkle.leaf_hash(facts.head_sha256), 0, facts.leaves, facts.head_path, facts.root
        ):
            found.append("head")
        stored = zip(self.entries, self.gops, facts.leaf_numbers, facts.paths, strict=True)
        for number, (entry, gop, leaf, path) in enumerate(stored, 1):
            proven = merkle.verify_inclusion(merkle.leaf_hash(entry.pack()), leaf, facts.leaves, path, facts.root)
            if not proven or self._reader.sha256(gop.offset, gop.length) != entry.sha256:
                found.append(str(number))
        return found

    def close(self) -> None:
        """Close the file."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def piece_files(root: Path) -> Iterator[Path]:
    """Every piece of a recorder's frozen store, by hold. A hold may end, and its folder go, while we look."""
    for hold in sorted((root / FOLDER).glob("*")):
        with suppress(FileNotFoundError):
            yield from sorted(hold.glob(f"*{PIECE_SUFFIX}"))


def _read_proof(reader: ChunkReader, name: str) -> tuple[PieceFacts, tuple[GopEntry, ...], int]:
    trailer_at = reader.size - _SEAL_BOX - _TRAILER.size
    if trailer_at < reader.head_length or reader.read(reader.size - _SEAL_BOX + 8, 16) != SEAL_UUID:
        raise DamagedChunkError(name, "not a piece")
    size, magic = _TRAILER.unpack(reader.read(trailer_at, _TRAILER.size))
    start = trailer_at + _TRAILER.size - size
    if magic != _PROOF_MAGIC or size > _MAX_PROOF or start < reader.head_length:
        raise DamagedChunkError(name, "not a piece")
    if reader.read(start + 8, 16) != PROOF_UUID:
        raise DamagedChunkError(name, "not a piece")
    try:
        fields = json.loads(reader.read(start + 24, size - 24 - _TRAILER.size))
        entries = tuple(unpack_entries(bytes.fromhex(fields["entries"])))
        facts = PieceFacts(
            hold=str(fields["hold"]),
            case=str(fields["case"]),
            term_end_us=int(fields["term_end_us"]),
            leaves=int(fields["leaves"]),
            root=bytes.fromhex(fields["root"]),
            head_sha256=bytes.fromhex(fields["head_sha256"]),
            head_path=_raw(fields["head_path"]),
            leaf_numbers=tuple(int(number) for number in fields["numbers"]),
            paths=tuple(_raw(path) for path in fields["paths"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedChunkError(name, "piece proof") from error
    if not entries or not len(entries) == len(facts.leaf_numbers) == len(facts.paths):
        raise DamagedChunkError(name, "piece proof")
    return facts, entries, start


def _newest_seal(raw: bytes) -> tuple[int, int, int, bytes]:
    """Where the newest whole seal is not (from 0), its number, and what it says; number 0 and nothing when none is."""
    place, newest, beyond_us, sealed_key = 0, 0, 0, b""
    for at in range(_SEALS):
        one = raw[at * _SEAL.size : (at + 1) * _SEAL.size]
        magic, state, number, beyond, sealed, crc = _SEAL.unpack(one)
        if magic == _SEAL_MAGIC and state == 1 and crc == zlib.crc32(one[:-4]) and number > newest:
            # Places are counted from the end by the writer: the other one is at the same count from the start.
            place, newest, beyond_us, sealed_key = at, number, beyond, sealed
    return place, newest, beyond_us, sealed_key


def _rebased(entries: Sequence[GopEntry], at: int) -> Iterator[GopEntry]:
    for entry in entries:
        yield GopEntry(
            at, entry.length, entry.wall_us, entry.dts_90k, entry.duration_90k, entry.frames, entry.key, entry.sha256
        )
        at += entry.length


def _path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    return merkle.inclusion_proof(merkle.nodes_of(leaves), index, len(leaves))


def _hexes(path: Sequence[bytes]) -> list[str]:
    return [step.hex() for step in path]


def _raw(path: Any) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(step) for step in path)


def _copy(source: ChunkReader, offset: int, length: int, fd: int) -> None:
    for at in range(offset, offset + length, _BLOCK):
        block = source.read(at, min(_BLOCK, offset + length - at))
        if not block:
            raise OSError(f"{source.path.name} ends before its index says")
        _write(fd, block)


def _write(fd: int, raw: bytes) -> None:
    view = memoryview(raw)
    while view:
        view = view[os.write(fd, view) :]
