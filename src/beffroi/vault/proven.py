"""What of an unfinished file is proven whole: fragments that no checkpoint names, and no footer can be believed for.

Each fragment is closed by a digest of itself, of its file and of its place. After a power cut the disk may hold zeros,
older blocks of this or another file, or parts of a write in any order; after a failed fsync the page cache may show
what the disk has not. So the file is read from the disk, and a fragment counts only with its digest.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Final

from beffroi.media.errors import MalformedMediaError
from beffroi.media.parse import Fragment
from beffroi.media.repair import iterate
from beffroi.vault.chunkformat import DIGEST_BOX_BYTES, Footer, GopEntry, digest_box
from beffroi.vault.reader import ChunkReader, entry_of

_ZEROS: Final = bytes(64)  # 64 zero bytes in a row appear in ciphertext once in 2^512; the disk writes whole blocks


def forget_cached(fd: int) -> None:
    """Have the next reads come from the disk. Call once all is written: a page that is not stays in memory."""
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def proven_entries(reader: ChunkReader, start: int) -> Iterator[GopEntry]:
    """The entries of the fragments from ``start`` on that are whole, up to the first that is not. Never raises for
    hostile bytes: it stops at them."""
    try:
        for found, _ in iterate(reader.data, start=start, codec=reader.codec):
            if found is None:
                continue
            entry = _proven(reader, found) if found.start == start else None
            if entry is None:
                return
            yield entry
            start = entry.offset + entry.length
    except MalformedMediaError:
        return


def footer_is_proven(reader: ChunkReader, footer: Footer, confirmed: Sequence[GopEntry]) -> bool:
    """Whether the bytes that no checkpoint confirmed are those that the footer names."""
    if footer.entries[: len(confirmed)] != tuple(confirmed):
        return False
    if reader.sha256(0, reader.head_length) != footer.head_sha256:
        return False
    return all(reader.sha256(entry.offset, entry.length) == entry.sha256 for entry in footer.entries[len(confirmed) :])


def _proven(reader: ChunkReader, found: Fragment) -> GopEntry | None:
    size = found.end - found.start
    if reader.header.version == 1:
        entry = entry_of(found, reader.header, reader.sha256(found.start, size))
        return None if _has_zeros(reader, found) else entry
    digest = reader.sha256(found.start, size)
    closing = reader.read(found.end, DIGEST_BOX_BYTES)
    if closing != digest_box(reader.header.kid, found.start, digest):
        return None
    whole = reader.sha256(found.start, size + len(closing))
    return entry_of(found, reader.header, whole, length=size + len(closing))


def _has_zeros(reader: ChunkReader, found: Fragment) -> bool:
    """Files of the first format have no digests: whether the disk left a block of zeros in the encrypted samples."""
    start = found.start + found.samples[0].offset
    return bool(found.samples[0].iv) and _ZEROS in reader.read(start, found.end - start)
