"""How far a file that is being written reaches by now, at the cost of the few seconds since its last checkpoint."""

import os
from pathlib import Path

from beffroi.domain.ranges import WallRange
from beffroi.media.repair import whole_fragments
from beffroi.vault.catalogueschema import ChunkRow
from beffroi.vault.reader import FileBytes


def growing_range(root: Path, row: ChunkRow) -> WallRange:
    """The wall time that an open file holds: its row up to the last checkpoint, then the whole fragments after it.

    Raises:
        OSError: the file is gone, or cannot be read.
    """
    end_us = row.range.to_us
    fd = os.open(root / row.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = FileBytes(fd, os.fstat(fd).st_size)
        for found in whole_fragments(data, start=row.size).fragments[-1:]:
            if found.wall_us is not None:
                end_us = max(end_us, found.wall_us + found.duration_90k * 100 // 9)
    finally:
        os.close(fd)
    return WallRange(row.wall_start_us, end_us)
