"""Tables of a recorder's catalogue, its rows as values, and how a connection is opened."""

import sqlite3
from dataclasses import dataclass
from dataclasses import fields as fields_of
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from beffroi.base.files import fsync_dir
from beffroi.domain.errors import BrokenError
from beffroi.domain.ids import CameraId, StreamName
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.vault.chunkformat import CloseReason

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS stream (
    id INTEGER PRIMARY KEY, camera TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (camera, name)
);
-- What does not change within a run of a stream.
CREATE TABLE IF NOT EXISTS run (
    id INTEGER PRIMARY KEY, stream_id INTEGER NOT NULL REFERENCES stream, run TEXT NOT NULL, recorder TEXT NOT NULL,
    codec_string TEXT NOT NULL, config_digest TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    UNIQUE (stream_id, run)
);
-- One row per file. state: open, closed, garbage (about to be unlinked), lost. A destroyed chunk has no row here. An id
-- is never given twice: a writer whose open file was destroyed must not close another file's row.
CREATE TABLE IF NOT EXISTS chunk (
    id INTEGER PRIMARY KEY AUTOINCREMENT, stream_id INTEGER NOT NULL REFERENCES stream,
    run_id INTEGER NOT NULL REFERENCES run,
    path TEXT NOT NULL UNIQUE, wall_start_us INTEGER NOT NULL, wall_end_us INTEGER NOT NULL,
    start_90k INTEGER NOT NULL, authority TEXT NOT NULL, term_days INTEGER NOT NULL, hour INTEGER NOT NULL,
    kid BLOB NOT NULL, sealed_key BLOB, size INTEGER NOT NULL, gops INTEGER NOT NULL, frames INTEGER NOT NULL,
    root BLOB, state TEXT NOT NULL, reason TEXT
);
CREATE INDEX IF NOT EXISTS chunk_by_time ON chunk (stream_id, wall_start_us);
CREATE INDEX IF NOT EXISTS chunk_by_hour ON chunk (hour, authority, term_days);
CREATE INDEX IF NOT EXISTS chunk_by_run ON chunk (run_id);
CREATE INDEX IF NOT EXISTS chunk_unfinished ON chunk (state) WHERE state <> 'closed';
-- carried_by: the chunk whose header repeats the gap, so that it survives the loss of this database.
CREATE TABLE IF NOT EXISTS gap (
    id INTEGER PRIMARY KEY, stream_id INTEGER NOT NULL REFERENCES stream, from_us INTEGER NOT NULL,
    to_us INTEGER NOT NULL, cause TEXT NOT NULL, carried_by INTEGER,
    UNIQUE (stream_id, from_us, to_us, cause)
);
CREATE INDEX IF NOT EXISTS gap_by_time ON gap (stream_id, to_us);
CREATE INDEX IF NOT EXISTS gap_uncarried ON gap (stream_id) WHERE carried_by IS NULL;
-- Only for files still open: up to where the disk confirmed, and the index entries since the previous row.
CREATE TABLE IF NOT EXISTS tail (
    id INTEGER PRIMARY KEY, chunk_id INTEGER NOT NULL, durable INTEGER NOT NULL, entries BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS tail_by_chunk ON tail (chunk_id, id);
CREATE TABLE IF NOT EXISTS destroyed (
    id INTEGER PRIMARY KEY, stream_id INTEGER NOT NULL REFERENCES stream, from_us INTEGER NOT NULL,
    to_us INTEGER NOT NULL, term_days INTEGER NOT NULL, destroyed_us INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS destroyed_by_time ON destroyed (stream_id, to_us);
"""

MAX_CHUNK_US: Final = 2 * 3600 * 1_000_000
"""No chunk is longer, and by far (`beffroi.capture.rotation`: a quarter of an hour): bounds a search by start time."""

_BUSY_TIMEOUT_MS: Final = 15_000


class CatalogueError(BrokenError):
    """The catalogue could not be read or written."""

    def __init__(self, why: str) -> None:
        super().__init__(
            Text(
                fr=f"Le catalogue de l'enregistreur ne répond pas ({why}) : vérifiez le disque ; le catalogue se "
                "reconstruit depuis les fichiers.",
                en=f"The recorder's catalogue does not answer ({why}): check the disk; the catalogue can be rebuilt "
                "from the files.",
            )
        )


class ChunkState(StrEnum):
    """Where a chunk stands in its life."""

    OPEN = "open"
    CLOSED = "closed"
    GARBAGE = "garbage"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """One file, as the catalogue knows it. ``path`` is relative to the recorder's root.

    For an open chunk ``wall_end_us``, ``size``, ``gops`` and ``frames`` are those of the last checkpoint.
    ``sealed_key`` is None once it was dropped for destruction.
    """

    id: int
    camera: CameraId
    stream: StreamName
    run: str
    recorder: str
    codec_string: str
    config_digest: str
    width: int
    height: int
    path: str
    wall_start_us: int
    wall_end_us: int
    start_90k: int
    authority: str
    term_days: int
    hour: int
    kid: bytes
    sealed_key: bytes | None
    size: int
    gops: int
    frames: int
    root: bytes | None
    state: ChunkState
    reason: CloseReason | None

    @property
    def range(self) -> WallRange:
        """Wall time that it covers."""
        return WallRange(self.wall_start_us, max(self.wall_start_us, self.wall_end_us))


_COLUMNS: Final = tuple(field.name for field in fields_of(ChunkRow))

CHUNK_SELECT: Final = """
SELECT c.id, s.camera, s.name, r.run, r.recorder, r.codec_string, r.config_digest, r.width, r.height, c.path,
       c.wall_start_us, c.wall_end_us, c.start_90k, c.authority, c.term_days, c.hour, c.kid, c.sealed_key, c.size,
       c.gops, c.frames, c.root, c.state, c.reason
FROM chunk c JOIN stream s ON s.id = c.stream_id JOIN run r ON r.id = c.run_id
"""


def chunk_row(row: tuple[Any, ...]) -> ChunkRow:
    """A row of `CHUNK_SELECT` as a value."""
    fields: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    fields["state"] = ChunkState(fields["state"])
    fields["reason"] = CloseReason(fields["reason"]) if fields["reason"] else None
    return ChunkRow(**fields)


class Connection(sqlite3.Connection):
    """A connection that can be referred to weakly: it closes with the thread that used it."""


def connect(path: Path, *, create: bool = True) -> Connection:
    """Open the database: WAL, every commit on disk before it returns, waits for the other processes.

    Raises:
        CatalogueError: the file cannot be opened or is not a database.
        FsyncFailedError: let it end the process.
    """
    try:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Connection)
        db.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        if create and db.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise sqlite3.OperationalError("no write-ahead log")  # SQLite says nothing
        db.execute("PRAGMA synchronous = FULL")
        if create:
            db.executescript(SCHEMA)
    except sqlite3.Error as error:
        raise CatalogueError(str(error)) from error
    if create:
        fsync_dir(path.parent)  # SQLite ignores a failure here, and without its log's name the last commits are gone
    return db
