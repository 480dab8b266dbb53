"""Reading a chunk, closed, still being written, or torn. Knows no key: what it hands out is what the disk holds."""

import hashlib
import os
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from beffroi.domain.ranges import WallRange
from beffroi.media.boxes import Bytes, walk
from beffroi.media.errors import MalformedMediaError
from beffroi.media.nal import Codec
from beffroi.media.parse import Fragment
from beffroi.media.repair import Whole, whole_fragments
from beffroi.vault.chunkformat import (
    HEADER_UUID,
    MAX_HEADER_BYTES,
    ChunkHeader,
    DamagedChunkError,
    Footer,
    GopEntry,
    decoded_from,
    entries_in_order,
    footer_size,
    parse_footer,
    parse_header,
)

_MAX_FOOTER_BYTES: Final = 64 << 20
_MAX_INIT_BYTES: Final = 1 << 20
_HASH_BLOCK_BYTES: Final = 1 << 20


class FileBytes:
    """A file as bytes that are read when sliced. Unlike a memory map it survives the file being cut meanwhile."""

    def __init__(self, fd: int, size: int) -> None:
        self._fd, self._size = fd, size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, at: slice) -> bytes:
        start, stop, _ = at.indices(self._size)
        return os.pread(self._fd, stop - start, start) if stop > start else b""


class ChunkReader:
    """One chunk file, open for reading. ``footer`` is None while it is written and when it is torn."""

    def __init__(self, fd: int, path: Path, *, trust_footer: bool = True) -> None:
        """Use `open`, which owns its file; here the caller keeps ``fd`` open as long as the reader is used."""
        self.path = path
        self._fd = fd
        self.size = os.fstat(fd).st_size
        self.data = FileBytes(fd, self.size)
        self.init_length, self.head_length, self.header = read_head(self.data, path.name)
        self.footer = _read_footer(self.data, path.name, self.head_length) if trust_footer else None

    @classmethod
    def open(cls, path: Path, *, trust_footer: bool = True) -> Self:
        """Open a chunk. Without ``trust_footer`` it is read as if it had none.

        Raises:
            FileNotFoundError: no such file.
            DamagedChunkError: its head is cut or not ours, or it has a footer that contradicts it.
        """
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return cls(fd, path, trust_footer=trust_footer)
        except BaseException:
            os.close(fd)
            raise

    @property
    def codec(self) -> Codec:
        """H.264 or H.265, from the header's codec string."""
        return "h264" if self.header.codec_string.startswith("avc") else "h265"

    @cached_property
    def walked(self) -> Whole:
        """The whole fragments, found by walking the boxes."""
        end = self.footer_offset if self.footer else None
        return whole_fragments(self.data, start=self.head_length, end=end)

    @cached_property
    def gops(self) -> tuple[GopEntry, ...]:
        """The index: the footer's, or, without a footer, what a walk finds (then without hashes)."""
        if self.footer is not None:
            return self.footer.entries
        return tuple(entry_of(item, self.header, b"") for item in self.walked.fragments)

    @property
    def footer_offset(self) -> int:
        """Where the video ends."""
        if self.footer is None:
            return self.walked.length
        last = self.footer.entries[-1] if self.footer.entries else None
        return last.offset + last.length if last else self.head_length

    @property
    def range(self) -> WallRange:
        """Wall time covered by what is readable."""
        gops = self.gops
        start = self.header.wall_start_us
        return WallRange(start, max(start, gops[-1].end_us)) if gops else WallRange(start, start)

    def gops_in(self, asked: WallRange) -> list[GopEntry]:
        """The entries that overlap a range, begun at a key frame where the file has it: a further piece of a GOP brings
        its beginning."""
        chosen = [number for number, gop in enumerate(self.gops) if WallRange(gop.wall_us, gop.end_us).overlaps(asked)]
        if not chosen:
            return []
        return list(self.gops[decoded_from(self.gops, chosen[0]) : chosen[-1] + 1])

    def read(self, offset: int, length: int) -> bytes:
        """Raw bytes; fewer when the file ends before. Safe from several threads."""
        return self.data[offset : offset + length]

    def init(self) -> bytes:
        """`ftyp` + `moov`."""
        return self.read(0, self.init_length)

    def sha256(self, offset: int, length: int) -> bytes:
        """Hash of a stretch of the file, read block by block."""
        hasher = hashlib.sha256()
        for at in range(offset, offset + length, _HASH_BLOCK_BYTES):
            hasher.update(self.read(at, min(_HASH_BLOCK_BYTES, offset + length - at)))
        return hasher.digest()

    def close(self) -> None:
        """Close the file. Further reads fail."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def entry_of(found: Fragment, header: ChunkHeader, sha256: bytes, *, length: int | None = None) -> GopEntry:
    """The index entry of a fragment, of ``length`` bytes with its digest box. Its wall time is its own; an older file's
    comes from the header's anchor."""
    wall_us = found.wall_us
    if wall_us is None:
        wall_us = header.wall_start_us + (found.dts_90k - header.start_90k) * 100 // 9
    return GopEntry(
        offset=found.start,
        length=found.end - found.start if length is None else length,
        wall_us=wall_us,
        dts_90k=found.dts_90k,
        duration_90k=found.duration_90k,
        frames=len(found.samples),
        key=found.samples[0].key,
        sha256=sha256,
    )


def read_head(data: Bytes, name: str) -> tuple[int, int, ChunkHeader]:
    """Length of the init segment, offset of the first fragment, and the header.

    Raises:
        DamagedChunkError: cut, or not the head of a chunk.
    """
    try:
        boxes = walk(data)
        ftyp, moov, private = next(boxes), next(boxes), next(boxes)
    except (MalformedMediaError, StopIteration) as error:
        raise DamagedChunkError(name, "head is cut") from error
    kinds = (ftyp.kind, moov.kind, private.kind)
    if kinds != (b"ftyp", b"moov", b"uuid") or moov.end > _MAX_INIT_BYTES:
        raise DamagedChunkError(name, "not a chunk")
    payload = bytes(data[private.body : min(private.end, private.body + MAX_HEADER_BYTES)])
    if payload[:16] != HEADER_UUID:
        raise DamagedChunkError(name, "not a chunk")
    return moov.end, private.end, parse_header(payload[16:], name)


def _read_footer(data: FileBytes, name: str, head_length: int) -> Footer | None:
    size = footer_size(data[max(0, len(data) - 8) : len(data)])
    if size is None:
        return None
    start = len(data) - size
    if not head_length <= start <= len(data) - 16 or size > _MAX_FOOTER_BYTES:
        raise DamagedChunkError(name, "footer size")
    if data[start : start + 8] != size.to_bytes(4, "big") + b"uuid":
        raise DamagedChunkError(name, "footer")
    footer = parse_footer(data[start + 8 : len(data) - 8], name)
    last_end = footer.entries[-1].offset + footer.entries[-1].length if footer.entries else head_length
    if not entries_in_order(footer.entries, head_length) or last_end != start:
        raise DamagedChunkError(name, "footer index")
    return footer
