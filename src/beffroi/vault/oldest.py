"""What a recorder's catalogue says about room: the oldest files of some cameras, measured rates, bytes held."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from beffroi.domain.ids import CameraId, StreamName
from beffroi.vault.catalogue import Catalogue, ChunkRow, ChunkState
from beffroi.vault.catalogueschema import connect

_HOURS: Final = (
    "SELECT hour, authority, term_days FROM chunk WHERE (hour, authority, term_days) > (?, ?, ?) "
    "ORDER BY hour, authority, term_days LIMIT 1"
)
_RATES: Final = (
    "SELECT s.camera, s.name, SUM(c.size), SUM(c.wall_end_us - c.wall_start_us) FROM stream s JOIN chunk c "
    "ON c.stream_id = s.id AND c.wall_start_us >= ? WHERE c.wall_end_us > c.wall_start_us GROUP BY s.id"
)
_SURE_US: Final = 60_000_000
"""Less footage than this says nothing about a rate."""


def oldest_files(
    path: Path,
    catalogue: Catalogue,
    givers: Mapping[CameraId, tuple[str, int]],
    wanted: int,
    *,
    without: Collection[int] = (),
) -> list[ChunkRow]:
    """Closed files of these cameras, oldest hour first, until they make up ``wanted`` bytes.

    Args:
        path: the catalogue's file.
        catalogue: the same, open.
        givers: camera → (authority, term in days): footage of another authority or term is not its order's to give.
        wanted: bytes.
        without: ids of files that may not go (held).

    Raises:
        CatalogueError: it does not answer.
    """
    found: list[ChunkRow] = []
    total = 0
    owners = set(givers.values())
    for hour, authority, term_days in _hours(path):
        if total >= wanted:
            break
        if (authority, term_days) not in owners:
            continue
        rows = catalogue.chunks_of_hour(authority, term_days, hour)
        for row in sorted(rows, key=lambda row: (row.wall_start_us, row.id)):
            if total >= wanted:
                break
            if (
                row.state is ChunkState.CLOSED
                and row.id not in without
                and givers.get(row.camera) == (authority, term_days)
            ):
                found.append(row)
                total += row.size
    return found


def measured_rates(path: Path, since_us: int) -> dict[CameraId, dict[StreamName, float]]:
    """kbit/s of each stream over the files begun since an instant (those still open as far as they are confirmed)."""
    found: dict[CameraId, dict[StreamName, float]] = {}
    with closing(connect(path, create=False)) as db:
        for camera, stream, size, span_us in db.execute(_RATES, (since_us,)):
            if span_us >= _SURE_US:
                found.setdefault(CameraId(camera), {})[stream] = size * 8000 / span_us
    return found


def held_bytes(path: Path) -> int:
    """Bytes of all files that the catalogue knows."""
    with closing(connect(path, create=False)) as db:
        return int(db.execute("SELECT COALESCE(SUM(size), 0) FROM chunk").fetchone()[0])


def recorded_cameras(path: Path) -> set[CameraId]:
    """Cameras that have been recorded here."""
    with closing(connect(path, create=False)) as db:
        return {CameraId(row[0]) for row in db.execute("SELECT DISTINCT camera FROM stream")}


def _hours(path: Path) -> Iterator[tuple[int, str, int]]:
    """(hour, authority, term) that have files, oldest first, leaping in the index."""
    with closing(connect(path, create=False)) as db:
        at: tuple[int, str, int] = (-1, "", 0)
        while row := db.execute(_HOURS, at).fetchone():
            at = row
            yield at
