"""A lost catalogue made again: files from what lies on the disk, and what no file can tell from the journal.

Destroyed ranges, lost files and the gaps that no head repeats come back from the acts and from the journal's opening
balance, so that the calendar after is the one before.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from beffroi.domain.gaps import GapCause
from beffroi.domain.ids import CameraId, StreamName
from beffroi.domain.ranges import WallRange
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.recover import Recovered, recover

_PAGE: Final = 5000


def rebuild(root: Path, catalogue: Catalogue, journal: Journal) -> list[Recovered]:
    """Fill an empty catalogue. The caller holds the recorder's lock: no writer starts meanwhile.

    Args:
        root: the recorder's directory.
        catalogue: an empty one.
        journal: the recorder's journal.

    Raises:
        CatalogueError, JournalBrokenError, FsyncFailedError: let them end the process.
    """
    with catalogue.one_transaction():
        done = recover(root, catalogue)
        lost: set[_Piece] = set()
        for kind, camera, stream, start, end, detail in journal.select(
            "SELECT kind, camera, stream, from_us, to_us, detail FROM carried ORDER BY n"
        ):
            piece = _Piece(CameraId(camera), "main" if stream == "main" else "sub", WallRange(start, end))
            if kind == "chunk_lost":
                _lost(catalogue, piece, f"lost/{camera}/{stream}/{start}-{end}", lost)
            elif kind == "gap":
                catalogue.add_gap(piece.camera, piece.stream, piece.span, GapCause(detail))
            elif kind == "destruction":
                catalogue.add_destroyed(piece.camera, piece.stream, piece.span, int(detail), end)
        gone: set[str] = set()
        for _, fields in _acts(journal, ActKind.CHUNK_LOST):
            gone.add(fields["path"])
            _lost(catalogue, _piece(fields), fields["path"], lost)
        for _, fields in _acts(journal, ActKind.GAP):
            piece = _piece(fields)
            catalogue.add_gap(piece.camera, piece.stream, piece.span, GapCause(fields["cause"]))
        for wall_us, fields in _acts(journal, ActKind.DESTRUCTION):
            if fields.get("store", "rolling") == "rolling" and fields["path"] not in gone:
                gone.add(fields["path"])
                piece = _piece(fields)
                catalogue.add_destroyed(piece.camera, piece.stream, piece.span, fields["term_days"], wall_us)
        for _, fields in _acts(journal, ActKind.CHUNK_CLOSED):
            if fields["path"] not in gone and not (root / fields["path"]).exists():
                _lost(catalogue, _piece(fields), fields["path"], lost)
    return done


@dataclass(frozen=True, slots=True)
class _Piece:
    camera: CameraId
    stream: StreamName
    span: WallRange


def _piece(fields: dict[str, Any]) -> _Piece:
    span = WallRange(fields["from_us"], fields["to_us"])
    return _Piece(CameraId(fields["camera"]), "main" if fields["stream"] == "main" else "sub", span)


def _lost(catalogue: Catalogue, piece: _Piece, path: str, known: set[_Piece]) -> None:
    """A loss, once: the opening balance tells it by its span alone, and an act may tell it again by its path."""
    if catalogue.chunk_at(path) is None and piece not in known:
        known.add(piece)
        catalogue.add_lost(piece.camera, piece.stream, piece.span, path)


def _acts(journal: Journal, kind: ActKind) -> Iterator[tuple[int, dict[str, Any]]]:
    """When and what, of the acts of a kind that tell of a span, in order."""
    seq = 0
    sql = "SELECT seq, wall_us, fields FROM act WHERE seq > ? AND kind = ? ORDER BY seq LIMIT ?"
    while page := journal.select(sql, (seq, kind.value, _PAGE)):
        for _, wall_us, text in page:
            fields = json.loads(text)
            if "from_us" in fields and "to_us" in fields:
                yield wall_us, fields
        seq = page[-1][0]
