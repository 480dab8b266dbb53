"""What the catalogue holds and the journal does not tell yet: told late, once, before the first worker begins.

An act is handed to the journal just after its row is on disk: a crash in between leaves a file, a gap or a loss without
its act. The names given here make telling it twice the same as once.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from beffroi.domain.gaps import GapCause
from beffroi.domain.ranges import WallRange
from beffroi.vault.catalogueschema import CatalogueError, connect
from beffroi.vault.journal import ActKind

Post = Callable[..., None]
"""``post(kind, fields, once=name)``, as `beffroi.capture.acts.RecorderJournal.post`."""

_UNTOLD_FILES = """
SELECT s.camera, s.name, c.path, c.wall_start_us, c.wall_end_us, c.size, c.root, c.reason, c.state
FROM chunk c JOIN stream s ON s.id = c.stream_id
WHERE c.state = ? AND NOT EXISTS (SELECT 1 FROM journal.act a WHERE a.once = ? || c.path)
"""
_UNTOLD_GAPS = """
SELECT s.camera, s.name, g.from_us, g.to_us, g.cause FROM gap g JOIN stream s ON s.id = g.stream_id
WHERE g.to_us > ? AND NOT EXISTS (SELECT 1 FROM journal.act a
    WHERE a.once = 'gap:' || s.camera || ':' || s.name || ':' || g.from_us || ':' || g.to_us || ':' || g.cause)
"""


def closed_name(path: str) -> str:
    """The name of the act that tells of a file's end."""
    return f"closed:{path}"


def lost_name(path: str) -> str:
    """The name of the act that tells of a file's loss."""
    return f"lost:{path}"


def gap_name(camera: str, stream: str, missing: WallRange, cause: GapCause) -> str:
    """The name of the act that tells of a gap."""
    return f"gap:{camera}:{stream}:{missing.from_us}:{missing.to_us}:{cause.value}"


def tell_untold(catalogue: Path, journal: Path, post: Post) -> int:
    """Enter what is missing; how many acts.

    Args:
        catalogue: the catalogue's file.
        journal: the journal's file.
        post: enters an act.

    Raises:
        CatalogueError: one of the two cannot be read.
    """
    acts: list[tuple[ActKind, dict[str, Any], str]] = []
    with closing(connect(catalogue, create=False)) as db:
        try:
            db.execute("ATTACH ? AS journal", (str(journal),))
            for camera, stream, path, start, end, size, root, reason, _ in db.execute(
                _UNTOLD_FILES, ("closed", "closed:")
            ):
                what = {"camera": camera, "stream": stream, "path": path, "root": root.hex(), "size": size}
                fields = {**what, "reason": reason, "from_us": start, "to_us": end, "late": True}
                acts.append((ActKind.CHUNK_CLOSED, fields, closed_name(path)))
            for camera, stream, path, start, end, *_ in db.execute(_UNTOLD_FILES, ("lost", "lost:")):
                what = {"camera": camera, "stream": stream, "path": path, "found": "missing after a crash"}
                fields = {**what, "from_us": start, "to_us": max(start, end), "late": True}
                acts.append((ActKind.CHUNK_LOST, fields, lost_name(path)))
            opened = db.execute("SELECT MIN(wall_us) FROM journal.act").fetchone()[0] or 0
            for camera, stream, start, end, cause in db.execute(_UNTOLD_GAPS, (opened,)):
                fields = {"camera": camera, "stream": stream, "from_us": start, "to_us": end, "cause": cause}
                name = gap_name(camera, stream, WallRange(start, end), GapCause(cause))
                acts.append((ActKind.GAP, {**fields, "late": True}, name))
        except sqlite3.Error as error:
            raise CatalogueError(str(error)) from error
    for kind, fields, name in acts:
        post(kind, fields, once=name)
    return len(acts)
