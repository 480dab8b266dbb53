"""After a crash: finish the files that were being written, and take in files that have no row.

A torn chunk is cut after its last whole fragment before anyone reads it. Up to the last checkpoint the catalogue's
index is believed; past it a fragment counts only with its digest (`beffroi.vault.proven`), a footer only when the
fragments are what it says. Doing it twice changes nothing. Files that a recorder is writing are locked, and left alone.
"""

import fcntl
import os
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import structlog

from beffroi.base.files import fsync_dir, fsync_fd, unlink_durable
from beffroi.vault.catalogue import Catalogue, ChunkRow, ChunkState
from beffroi.vault.chunkformat import CloseReason, DamagedChunkError, Footer, GopEntry, entries_in_order
from beffroi.vault.proven import footer_is_proven, forget_cached, proven_entries
from beffroi.vault.reader import ChunkReader

_log = structlog.get_logger(__name__)

_VOID_BYTES: Final = 64 * 1024  # no head is longer
TORN_SUFFIX: Final = ".torn"
_AT_ONCE: Final = 4
"""Files finished at once: reading, hashing and confirming let go of the interpreter lock, and wait for the disk."""


class Outcome(StrEnum):
    """What became of one unfinished file."""

    FINISHED = "finished"  # its footer was already there: the row was closed
    CUT = "cut"  # cut to its last whole fragment, footer written
    EMPTY = "empty"  # held no picture: removed
    QUARANTINED = "quarantined"  # no whole head: renamed `.torn`
    MISSING = "missing"  # a row without a file: marked lost
    POSTPONED = "postponed"  # the disk refused (full, unreadable): the row stays open, the next recovery tries again
    BUSY = "busy"  # being written by a living process


@dataclass(frozen=True, slots=True)
class Recovered:
    """One file dealt with. ``cut_bytes`` were after the last whole fragment; ``end_us`` is where its video ends now."""

    path: str
    outcome: Outcome
    frames: int = 0
    cut_bytes: int = 0
    end_us: int | None = None


def recover(root: Path, catalogue: Catalogue, *, streams: Collection[tuple[str, str]] | None = None) -> list[Recovered]:
    """Finish every unfinished file of a recorder, and take in files that have no row.

    Args:
        root: the recorder's directory.
        catalogue: its catalogue.
        streams: (camera, stream) pairs to look at; all by default. A restarted worker names its own.

    Raises:
        FsyncFailedError, CatalogueError: let them end the process.
    """
    rows = [row for row in catalogue.open_chunks() if streams is None or (row.camera, row.stream) in streams]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        done = list(threads.map(lambda row: _finish(root, catalogue, row), rows)) if len(rows) > 1 else []
    done = done or [_finish(root, catalogue, row) for row in rows]
    for folder in sorted((root / "streams").glob("*/*")):
        camera, stream = folder.parent.name, folder.name
        if streams is None or (camera, stream) in streams:
            done += [_adopt(root, catalogue, path) for path in _without_row(root, catalogue, camera, stream)]
    return done


def _without_row(root: Path, catalogue: Catalogue, camera: str, stream: str) -> list[str]:
    """The files of a stream that have no row, in time order. A month of a stream is four thousand files: they are
    listed without a question for each."""
    folder = f"streams/{camera}/{stream}"
    try:
        with os.scandir(root / folder) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(".mp4")]
    except NotADirectoryError:
        return []
    known = catalogue.paths(camera, stream) if names else set()
    return sorted(path for name in names if (path := f"{folder}/{name}") not in known)


def finish_left(root: Path, catalogue: Catalogue, path: str) -> Recovered | None:
    """Finish one file that its own writer had to leave without an index, for want of room; None when nothing is left.

    Raises: as `recover`.
    """
    row = catalogue.chunk_at(path)
    return _finish(root, catalogue, row) if row is not None and row.state is ChunkState.OPEN else None


def chunk_files(root: Path) -> Iterator[Path]:
    """Every chunk file under the root, by stream and time."""
    yield from sorted((root / "streams").glob("*/*/*.mp4"))


def being_written(path: Path) -> bool:
    """Whether a living process holds the file open for writing."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe of that name would be waited for
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _adopt(root: Path, catalogue: Catalogue, relative: str) -> Recovered:
    """A file without a row: the process died between the two, or the catalogue was lost."""
    path = root / relative
    try:
        if being_written(path):
            return Recovered(relative, Outcome.BUSY)
        with ChunkReader.open(path, trust_footer=False) as reader:
            header, size = reader.header, reader.size
    except OSError as error:
        return _postponed(relative, error)
    except DamagedChunkError:
        if _is_void(path):
            unlink_durable(path)
            return Recovered(relative, Outcome.EMPTY)
        _quarantine(path)
        return Recovered(relative, Outcome.QUARANTINED)
    chunk_id = catalogue.open_chunk(header, relative, size)
    row = catalogue.chunk(chunk_id)
    if row is None:
        raise LookupError(f"row {chunk_id} vanished")
    return _finish(root, catalogue, row)


def _finish(root: Path, catalogue: Catalogue, row: ChunkRow) -> Recovered:
    path = root / row.path
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        if missing:
            catalogue.mark_lost(row.id)
        return Recovered(row.path, Outcome.MISSING) if missing else _postponed(row.path, error)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return Recovered(row.path, Outcome.BUSY)
    reader: ChunkReader | None = None
    try:
        fsync_fd(fd, path)
        forget_cached(fd)
        try:
            reader = ChunkReader(fd, path)
        except DamagedChunkError:
            reader = ChunkReader(fd, path, trust_footer=False)
        confirmed = _confirmed(catalogue, row, reader)
        footer = reader.footer
        if footer is not None and footer.entries and footer_is_proven(reader, footer, confirmed):
            _close_row(catalogue, row, reader.size, footer)
            return Recovered(row.path, Outcome.FINISHED, _frames(footer.entries), 0, footer.entries[-1].end_us)
        return _cut(catalogue, row, reader, fd, confirmed)
    except OSError as error:
        return _postponed(row.path, error)
    except DamagedChunkError:
        _quarantine(path)
        catalogue.mark_lost(row.id)
        return Recovered(row.path, Outcome.QUARANTINED)
    finally:
        os.close(fd)


def _postponed(path: str, error: OSError) -> Recovered:
    _log.error("recovery postponed", path=path, error=str(error))
    return Recovered(path, Outcome.POSTPONED)


def _cut(
    catalogue: Catalogue, row: ChunkRow, reader: ChunkReader, fd: int, confirmed: Collection[GopEntry]
) -> Recovered:
    entries = list(confirmed)
    entries += proven_entries(reader, entries[-1].offset + entries[-1].length if entries else reader.head_length)
    if not entries:
        catalogue.discard_chunk(row.id)  # first: a row without its file would be told as lost
        unlink_durable(reader.path)
        return Recovered(row.path, Outcome.EMPTY, 0, reader.size - reader.head_length)
    end = entries[-1].offset + entries[-1].length
    head_sha256 = reader.sha256(0, reader.head_length)
    footer = Footer(CloseReason.RECOVERED, head_sha256, tuple(entries))
    os.ftruncate(fd, end)
    box = memoryview(footer.to_box())
    size = end + len(box)
    at = end
    try:
        while box:
            written = os.pwrite(fd, box, at)
            box, at = box[written:], at + written
    except OSError:
        os.ftruncate(fd, end)  # without its index the file is still whole and readable
        raise
    fsync_fd(fd, reader.path)
    _close_row(catalogue, row, size, footer)
    return Recovered(row.path, Outcome.CUT, _frames(entries), reader.size - end, entries[-1].end_us)


def _confirmed(catalogue: Catalogue, row: ChunkRow, reader: ChunkReader) -> list[GopEntry]:
    """The index entries that checkpoints confirmed, as far as the file goes."""
    _, confirmed = catalogue.tail(row.id)
    entries = [entry for entry in confirmed if entry.offset + entry.length <= reader.size]
    return entries if entries_in_order(entries, reader.head_length) else []


def _close_row(catalogue: Catalogue, row: ChunkRow, size: int, footer: Footer) -> None:
    catalogue.close_chunk(row.id, size=size, entries=footer.entries, root=footer.root, reason=footer.reason)


def _frames(entries: Collection[GopEntry]) -> int:
    return sum(entry.frames for entry in entries)


def _is_void(path: Path) -> bool:
    """Whether a file holds no byte but zeros: a power cut came between its creation and its head."""
    data = path.read_bytes() if path.stat().st_size <= _VOID_BYTES else b"?"
    return not any(data)


def _quarantine(path: Path) -> None:
    path.rename(path.with_name(path.name + TORN_SUFFIX))
    fsync_dir(path.parent)
