"""The sources of the account of one stream and one day, read one by one: journal, files, catalogue."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from beffroi.domain.gaps import Gap
from beffroi.vault.catalogue import MAX_CHUNK_US
from beffroi.vault.catalogueschema import CHUNK_SELECT, ChunkRow, ChunkState, Connection, chunk_row
from beffroi.vault.chunkformat import ChunkHeader, DamagedChunkError, Footer, GopEntry, unpack_entries
from beffroi.vault.journal import Journal
from beffroi.vault.reader import ChunkReader
from beffroi.vault.spans import Span

_STREAM: Final = "json_extract(fields, '$.camera') = ? AND json_extract(fields, '$.stream') = ?"
_TO: Final = "json_extract(fields, '$.to_us')"
_PIECES: Final = f"""
SELECT seq, kind, fields FROM act WHERE kind IN ('chunk_closed', 'chunk_lost', 'destruction')
AND {_STREAM} AND {_TO} > ? AND {_TO} < ?
"""  # noqa: S608  constants of ours
_GAPS: Final = f"SELECT seq, fields FROM act WHERE kind = 'gap' AND {_STREAM} AND {_TO} > ?"  # noqa: S608
_CARRIED: Final = """
SELECT kind, from_us, to_us, detail FROM carried WHERE camera = ? AND stream = ? AND to_us > ? AND from_us < ?
"""


@dataclass(frozen=True, slots=True)
class Act:
    """An act about a file or a gap."""

    seq: int
    span: Span
    fields: dict[str, Any]


@dataclass
class Acts:
    """What the journal says of a stream around a day. By path, but gaps and the opening balance: spans by kind, and
    those of gaps and of what was destroyed with their cause or term."""

    closed: dict[str, Act] = field(default_factory=dict)
    lost: dict[str, Act] = field(default_factory=dict)
    destroyed: dict[str, Act] = field(default_factory=dict)
    gaps: list[Act] = field(default_factory=list)
    carried: dict[str, list[Span]] = field(default_factory=dict)
    carried_gaps: set[tuple[int, int, str]] = field(default_factory=set)
    carried_terms: list[tuple[Span, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file that is present. ``why`` tells what makes it unreadable; ``footer`` is None while it is written."""

    path: str
    size: int
    span: Span
    header: ChunkHeader | None
    footer: Footer | None
    why: str = ""


def read_acts(journal: Journal, camera: str, stream: str, lo: int, hi: int) -> Acts:
    """The acts whose time overlaps ``[lo, hi)``, whenever they were entered.

    Raises:
        JournalBrokenError: it cannot be read.
    """
    found = Acts()
    books = {"chunk_closed": found.closed, "chunk_lost": found.lost, "destruction": found.destroyed}
    for seq, kind, text in journal.select(_PIECES, (camera, stream, lo, hi + MAX_CHUNK_US)):
        fields = json.loads(text)
        if fields.get("store", "rolling") != "rolling":
            continue  # a copy that a hold had asked for: the frozen store's own affair
        books[kind][fields["path"]] = Act(seq, (fields["from_us"], fields["to_us"]), fields)
    for seq, text in journal.select(_GAPS, (camera, stream, lo)):
        fields = json.loads(text)
        if fields["from_us"] < hi:
            found.gaps.append(Act(seq, (fields["from_us"], fields["to_us"]), fields))
    for kind, start, end, detail in journal.select(_CARRIED, (camera, stream, lo, hi)):
        found.carried.setdefault(kind, []).append((start, end))
        if kind == "gap":
            found.carried_gaps.add((start, end, detail))
        elif kind == "destruction":
            found.carried_terms.append(((start, end), detail))
    return found


def told_from_to(journal: Journal, camera: str, stream: str) -> tuple[int | None, int]:
    """The first and the last instant of which the journal says anything about a stream."""
    found: list[tuple[Any, ...]] = []
    last = 0
    for kinds in ("kind IN ('chunk_closed', 'chunk_lost', 'destruction')", "kind = 'gap'"):
        # Through the index of ends; after a clock was set back the first to end is not the first to begin.
        sql = f"SELECT json_extract(fields, '$.from_us') FROM act WHERE {kinds} AND {_STREAM} ORDER BY {_TO} LIMIT 500"  # noqa: S608
        found += journal.select(sql, (camera, stream))
        sql = f"SELECT MAX({_TO}) FROM act WHERE {kinds} AND {_STREAM}"  # noqa: S608
        last = max(last, journal.select(sql, (camera, stream))[0][0] or 0)
    sql = "SELECT MIN(from_us), MAX(to_us) FROM carried WHERE camera = ? AND stream = ?"
    found += journal.select(sql, (camera, stream))
    first = min((row[0] for row in found if row[0] is not None), default=None)
    return first, max(last, found[-1][1] or 0)


def read_files(root: Path, camera: str, stream: str, lo: int, hi: int) -> dict[str, FileFact]:
    """The files that begin in ``[lo, hi)``, by path: heads and indexes are read, no picture."""
    found = {}
    for path in sorted((root / "streams" / camera / stream).glob("*.mp4")):
        start_us = _start_us(path)
        if start_us is None or not lo <= start_us < hi:
            continue
        try:
            found[str(path.relative_to(root))] = _file(root, path, start_us)
        except FileNotFoundError:
            continue  # destroyed while we looked
    return found


def _start_us(path: Path) -> int | None:
    text = path.name.partition("-")[0]
    return int(text) * 1000 if text.isdigit() else None


def _file(root: Path, path: Path, start_us: int) -> FileFact:
    relative, size = str(path.relative_to(root)), path.stat().st_size
    try:
        with ChunkReader.open(path) as reader:
            held = reader.range
            return FileFact(relative, reader.size, (held.from_us, held.to_us), reader.header, reader.footer)
    except (DamagedChunkError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        why = error.what if isinstance(error, DamagedChunkError) else str(error.strerror)
        return FileFact(relative, size, (start_us, start_us), None, None, why)


def read_rows(db: Connection, camera: str, stream: str, lo: int, hi: int) -> dict[str, ChunkRow]:
    """The catalogue's rows of files that begin in ``[lo, hi)``, by path."""
    sql = f"{CHUNK_SELECT} WHERE s.camera = ? AND s.name = ? AND c.wall_start_us >= ? AND c.wall_start_us < ?"
    return {row.path: row for row in map(_row, db.execute(sql, (camera, stream, lo, hi)))}


def row_at(db: Connection, path: str) -> ChunkRow | None:
    """The row of one file."""
    found = db.execute(f"{CHUNK_SELECT} WHERE c.path = ?", (path,)).fetchone()
    return _row(found) if found else None


def _row(values: tuple[Any, ...]) -> ChunkRow:
    """A row; one whose state or reason does not exist has a negative size, which no file has."""
    try:
        return chunk_row(values)
    except ValueError:
        row = chunk_row((*values[:-2], ChunkState.LOST.value, None))
        return replace(row, size=-1)


def read_gap_rows(db: Connection, camera: str, stream: str, lo: int, hi: int) -> set[tuple[int, int, str]]:
    """The catalogue's gaps that overlap ``[lo, hi)``."""
    sql = (
        "SELECT g.from_us, g.to_us, g.cause FROM gap g JOIN stream s ON s.id = g.stream_id "
        "WHERE s.camera = ? AND s.name = ? AND g.to_us > ? AND g.from_us < ?"
    )
    return set(db.execute(sql, (camera, stream, lo, hi)))


def read_destroyed_rows(db: Connection, camera: str, stream: str, lo: int, hi: int) -> list[tuple[Span, str]]:
    """The catalogue's destroyed ranges that overlap ``[lo, hi)``, with their term."""
    sql = (
        "SELECT d.from_us, d.to_us, d.term_days FROM destroyed d JOIN stream s ON s.id = d.stream_id "
        "WHERE s.camera = ? AND s.name = ? AND d.to_us > ? AND d.from_us < ?"
    )
    return [((start, end), str(days)) for start, end, days in db.execute(sql, (camera, stream, lo, hi))]


def read_tail(db: Connection, chunk_id: int) -> tuple[int, list[GopEntry]]:
    """Of an open file's row: the bytes that its checkpoints confirm, and their index.

    Raises:
        ValueError: an index is cut, or does not end where the disk confirmed.
    """
    confirmed, index = 0, []
    for durable, packed in db.execute("SELECT durable, entries FROM tail WHERE chunk_id = ? ORDER BY id", (chunk_id,)):
        index += unpack_entries(packed)
        confirmed = durable
        if not index or index[-1].offset + index[-1].length != durable:
            raise ValueError("tail")
    if any(one.offset + one.length != other.offset for one, other in pairwise(index)):
        raise ValueError("tail")
    return confirmed, index


def header_gaps(files: dict[str, FileFact]) -> Iterator[tuple[str, Gap]]:
    """The gaps that files repeat in their heads, with the file."""
    for path, fact in files.items():
        for gap in fact.header.gaps if fact.header else ():
            yield path, gap
