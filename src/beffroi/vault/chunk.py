"""Writing a chunk: one file of one stream, ciphertext from its first byte of video.

Order on creation: the file (O_EXCL) -> its head -> fsync -> fsync of the directory -> the catalogue row. A failed fsync
is never tried again (`FsyncFailedError`). While it is written the file is locked, so that recovery leaves it alone.
"""

import errno
import fcntl
import hashlib
import os
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from beffroi.base.clock import SystemClock
from beffroi.base.files import fsync_dir, fsync_fd, unlink_durable
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BrokenError
from beffroi.domain.gaps import GapCause
from beffroi.domain.text import Text
from beffroi.media.codec import CodecConfig
from beffroi.media.fmp4 import Protection, fragment, init_segment
from beffroi.media.fragment import Scratch, durations_90k
from beffroi.media.frame import Frame
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.chunkformat import ChunkHeader, CloseReason, Footer, GopEntry, digest_box, head_hash
from beffroi.vault.diskmark import disk_is_there

__all__ = ["ChunkHeader", "ChunkWriteError", "ChunkWriter", "CloseReason", "GopEntry"]

FLUSH_S: Final = 10.0
"""Seconds between two confirmations of a file by the disk, unless the recorder is told otherwise."""

MIN_FLUSH_S: Final = 1.0
MAX_FLUSH_S: Final = 60.0
MAX_FRAGMENT_90K: Final = 2 * 90_000
MAX_FRAGMENT_BYTES: Final = 4 << 20
_MAX_BUFFERS: Final = 1024  # IOV_MAX of Linux


class _Kept(threading.local):
    """What each thread that writes keeps from one fragment to the next."""

    def __init__(self) -> None:
        self.scratch = Scratch()


_KEPT: Final = _Kept()


class ChunkWriteError(BrokenError):
    """The disk refused a write. ``cause`` is the gap that follows; what was written before is whole."""

    def __init__(self, path: Path, error: OSError) -> None:
        self.cause = GapCause.DISK_FULL if error.errno in {errno.ENOSPC, errno.EDQUOT} else GapCause.DISK_ERROR
        reason = self.cause.text
        super().__init__(
            Text(
                fr=f"Écriture de {path.name} impossible. {reason.fr} Libérez de la place ou remplacez le disque.",
                en=f"Cannot write {path.name}. {reason.en} Make room or replace the disk.",
            )
        )


class ChunkWriter:
    """One open chunk. Not for several threads at once. The content key is forgotten at `close`."""

    def __init__(
        self, fd: int, path: Path, *, chunk_id: int, header: ChunkHeader, config: CodecConfig, protection: Protection,
        catalogue: Catalogue, head: bytes, flush_s: float, clock: Clock,
    ) -> None:  # fmt: skip
        """Use `create`."""
        self.path, self.chunk_id, self.header = path, chunk_id, header
        self._fd: int | None = fd
        self._config, self._catalogue, self._clock = config, catalogue, clock
        self._protection: Protection | None = protection
        self._head_sha256 = head_hash(head)
        self._length = len(head)
        self._entries: list[GopEntry] = []
        self._confirmed = 0  # entries that a checkpoint holds
        self._samples = 0
        self._flush_s = flush_s
        # Streams that began together are confirmed one after the other: each has its own place in the interval.
        self._due_s = clock.monotonic_s() + flush_s * (1 - _place(header))

    @classmethod
    def create(
        cls,
        root: Path,
        header: ChunkHeader,
        config: CodecConfig,
        key: bytes,
        catalogue: Catalogue,
        *,
        flush_s: float = FLUSH_S,
        clock: Clock | None = None,
    ) -> Self:
        """Create the file and its row; gaps of the stream that no file carries yet go into its header.

        Args:
            root: the recorder's directory.
            header: what the chunk is; its ``gaps`` are filled in here.
            config: codec configuration, written as the init segment.
            key: 16-byte content key, new for this file.
            catalogue: where the row goes.
            flush_s: a power cut costs at most so many seconds of video, the group under way included.
            clock: for tests.

        Raises:
            FileExistsError: a file of that start, run and key exists: never two writers, never a key twice.
            ChunkWriteError: the disk refused.
            FsyncFailedError, CatalogueError: let them end the process.
        """
        if not disk_is_there(root):
            absent = OSError(errno.ENODEV, "the disk of the images is not mounted")
            raise ChunkWriteError(root / header.relative_path(), absent) from absent
        header = replace(header, gaps=catalogue.uncarried_gaps(header.camera, header.stream))
        relative = header.relative_path()
        path = root / relative
        protection = Protection(header.kid, key)
        head = init_segment(config, protection=protection) + header.to_box()
        _make_durable_dirs(root, path.parent)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            try:
                _write_all(fd, [head])
            except OSError as error:
                path.unlink(missing_ok=True)
                raise ChunkWriteError(path, error) from error
            fsync_fd(fd, path)
            fsync_dir(path.parent)
            chunk_id = catalogue.open_chunk(header, str(relative), len(head))
        except BaseException:
            os.close(fd)
            raise
        return cls(
            fd, path, chunk_id=chunk_id, header=header, config=config, protection=protection, catalogue=catalogue,
            head=head, flush_s=flush_s, clock=clock or SystemClock(),
        )  # fmt: skip

    @property
    def length(self) -> int:
        """Bytes written so far."""
        return self._length

    @property
    def entries(self) -> tuple[GopEntry, ...]:
        """The index so far."""
        return tuple(self._entries)

    @property
    def confirmed(self) -> int:
        """How many entries of the index the disk has confirmed: what a power cut leaves."""
        return self._confirmed

    def write_gop(self, frames: Sequence[Frame], wall_us: int, *, next_dts_90k: int | None = None) -> None:
        """Encrypt and append one GOP, or a further part of a long one, by one `writev` per fragment.

        Args:
            frames: in decoding order, of this run.
            wall_us: wall time of the first frame.
            next_dts_90k: decode time of the frame that will follow, when known.

        Raises:
            ChunkWriteError: the disk refused; the file was cut back to what was whole. Close the chunk.
            FsyncFailedError, CatalogueError: let them end the process.
            MalformedMediaError: a frame is not made of length-prefixed NAL units; nothing was written.
        """
        pieces = list(_pieces(frames))
        for number, piece in enumerate(pieces):
            following = pieces[number + 1][0].dts_90k if number + 1 < len(pieces) else next_dts_90k
            at_us = wall_us + (piece[0].pts_90k - frames[0].pts_90k) * 100 // 9
            self._write_fragment(piece, at_us, following)
        following_s = (self._entries[-1].end_us - wall_us) / 1e6
        if self._clock.monotonic_s() + following_s > self._due_s:  # with the next group it would be too late
            self.sync()

    def sync(self) -> None:
        """Have the disk confirm what is written, and note it in the catalogue.

        Raises:
            FsyncFailedError: never retried.
        """
        fsync_fd(self._open_fd(), self.path, data_only=True)
        self._due_s = self._clock.monotonic_s() + self._flush_s
        self._catalogue.checkpoint(self.chunk_id, self._length, self._entries[self._confirmed :])
        self._confirmed = len(self._entries)

    def close(self, reason: CloseReason) -> bytes | None:
        """Write the footer, have it confirmed, close the row. Returns the Merkle root, None for an empty chunk.

        A chunk that never received a picture is removed. Forgets the content key, whatever happens.

        Raises:
            ChunkWriteError: no room for the footer: the file stays open in the catalogue and recovery finishes it.
            FsyncFailedError, CatalogueError: let them end the process.
        """
        self._protection = None
        fd = self._open_fd()
        try:
            if not self._entries:
                self._catalogue.discard_chunk(self.chunk_id)  # first: a row without its file would be told as lost
                unlink_durable(self.path)
                return None
            footer = Footer(reason, self._head_sha256, tuple(self._entries))
            box = footer.to_box()
            self._append(fd, [box])
            fsync_fd(fd, self.path)
            self._catalogue.close_chunk(
                self.chunk_id, size=self._length, entries=self._entries, root=footer.root, reason=reason
            )
            return footer.root
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let go of the file without a footer (the disk failed): recovery will finish it. Forgets the key."""
        self._protection = None
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _write_fragment(self, piece: Sequence[Frame], wall_us: int, next_dts_90k: int | None) -> None:
        if self._protection is None:
            raise ValueError("the chunk is closed")
        first_sample = self._samples
        # Counted before the write: a sample number, hence an IV, is never used twice even when the write fails.
        self._samples += len(piece)
        buffers = fragment(
            piece,
            sequence=len(self._entries) + 1,
            protection=self._protection,
            first_sample=first_sample,
            codec=self._config.codec,
            next_dts_90k=next_dts_90k,
            wall_us=wall_us,
            scratch=_KEPT.scratch,
        )
        offset = self._length
        hasher = hashlib.sha256()
        for buffer in buffers:
            hasher.update(buffer)
        if self.header.version > 1:
            buffers.append(digest_box(self.header.kid, offset, hasher.digest()))
            hasher.update(buffers[-1])
        self._append(self._open_fd(), buffers)
        self._entries.append(
            GopEntry(
                offset=offset,
                length=self._length - offset,
                wall_us=wall_us,
                dts_90k=piece[0].dts_90k,
                duration_90k=sum(durations_90k(piece, next_dts_90k)),
                frames=len(piece),
                key=piece[0].key,
                sha256=hasher.digest(),
            )
        )

    def _append(self, fd: int, buffers: Sequence[bytes | memoryview]) -> None:
        try:
            self._length += _write_all(fd, buffers)
        except OSError as error:
            try:
                os.ftruncate(fd, self._length)
                os.lseek(fd, self._length, os.SEEK_SET)
            except OSError:
                self.abandon()  # a torn end that cannot be cut here is cut by recovery; nothing may follow it
            raise ChunkWriteError(self.path, error) from error

    def _open_fd(self) -> int:
        if self._fd is None:
            raise ValueError("the chunk is closed")
        return self._fd


def _place(header: ChunkHeader) -> float:
    """0 to 1, the same for a stream always, spread evenly over streams."""
    return zlib.crc32(f"{header.camera}/{header.stream}".encode()) / (1 << 32)


def _pieces(frames: Sequence[Frame]) -> Iterator[list[Frame]]:
    """Cut at 2 s or 4 MB: what is not yet written may be lost with the process."""
    piece: list[Frame] = []
    size = 0
    for frame in frames:
        too_long = piece and frame.dts_90k - piece[0].dts_90k >= MAX_FRAGMENT_90K
        if too_long or (piece and size + len(frame.data) > MAX_FRAGMENT_BYTES):
            yield piece
            piece, size = [], 0
        piece.append(frame)
        size += len(frame.data)
    if piece:
        yield piece


def _write_all(fd: int, buffers: Sequence[bytes | memoryview]) -> int:
    """Write every buffer; one system call unless there are more than 1,024 or the disk takes less than given."""
    total = 0
    for start in range(0, len(buffers), _MAX_BUFFERS):
        batch = buffers[start : start + _MAX_BUFFERS]
        expected = sum(map(len, batch))
        written = os.writev(fd, batch)
        if written < expected:
            rest = memoryview(b"".join(batch))[written:]
            while rest:
                rest = rest[os.write(fd, rest) :]
        total += expected
    return total


def _make_durable_dirs(root: Path, directory: Path) -> None:
    missing = []
    while directory != root and not directory.is_dir():
        missing.append(directory)
        directory = directory.parent
    for item in reversed(missing):
        item.mkdir(mode=0o750, exist_ok=True)
        fsync_dir(item.parent)
