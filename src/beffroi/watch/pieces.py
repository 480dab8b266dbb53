"""What a recorder says of its files, read into the house's types, and put in playing order."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from beffroi.domain.errors import BrokenError
from beffroi.domain.gaps import GapCause
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.vault.chunkformat import ChunkHeader, GopEntry

DESTROYED_TEXT: Final = Text(
    fr="Images détruites à la fin de leur durée de conservation.", en="Images destroyed at the end of their term."
)
LOST_TEXT: Final = Text(
    fr="Images perdues : le fichier manque ou est abîmé.", en="Images lost: the file is missing or damaged."
)
NO_KEY_TEXT: Final = Text(
    fr="Images enregistrées sans image clé avant elles dans leur fichier : la relecture ne peut pas les montrer, "
    "l'extrait les contient. Si cela dure, réglez la caméra sur une image clé toutes les 2 secondes.",
    en="Images recorded without a key frame before them in their file: replay cannot show them, the extract has them. "
    "If it goes on, set the camera to a key frame every 2 seconds.",
)


class RecorderAnswerError(BrokenError):
    """The recorder's answer cannot be read."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="La réponse de l'enregistreur est illisible : vérifiez que les deux programmes ont la même version.",
                en="The recorder's answer cannot be read: check that both programs have the same version.",
            )
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """One file over the range asked for: its header, its fragments in order."""

    id: int
    header: ChunkHeader
    init_length: int
    gops: tuple[GopEntry, ...]


@dataclass(frozen=True, slots=True)
class Hole:
    """No picture in this range, and why."""

    range: WallRange
    cause: Text

    def as_dict(self) -> dict[str, Any]:
        """For the console."""
        return {"from": self.range.from_us, "to": self.range.to_us, "cause": self.cause.as_dict()}


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is held, what is not and why, over the range granted."""

    recorded: tuple[WallRange, ...]
    gaps: tuple[Hole, ...]
    destroyed: tuple[Hole, ...]

    def without(self, *holes: Hole) -> "Timeline":
        """The same, with holes found while playing."""
        return replace(self, gaps=(*self.gaps, *(hole for hole in holes if hole not in self.gaps)))

    def cause(self, missing: WallRange) -> Text | None:
        """The cause that covers most of a missing range; None when none is known."""
        holes = [hole for hole in (*self.destroyed, *self.gaps) if hole.range.overlaps(missing)]
        if not holes:
            return None
        return max(holes, key=lambda hole: _overlap(hole.range, missing)).cause

    def next_recorded(self, at_us: int) -> int | None:
        """The first instant at or after ``at_us`` with a picture."""
        starts = [max(held.from_us, at_us) for held in self.recorded if held.to_us > at_us]
        return min(starts, default=None)


def _overlap(one: WallRange, other: WallRange) -> int:
    return min(one.to_us, other.to_us) - max(one.from_us, other.from_us)


def read_timeline(answer: dict[str, Any]) -> Timeline:
    """Read a calendar.

    Raises:
        RecorderAnswerError: malformed.
    """
    try:
        gaps = [Hole(WallRange(int(a), int(b)), GapCause(cause).text) for a, b, cause in answer["gaps"]]
        gaps += [Hole(WallRange(int(a), int(b)), LOST_TEXT) for a, b in answer["lost"]]
        return Timeline(
            recorded=tuple(WallRange(int(a), int(b)) for a, b in answer["recorded"]),
            gaps=tuple(sorted(gaps, key=lambda hole: hole.range)),
            destroyed=tuple(Hole(WallRange(int(a), int(b)), DESTROYED_TEXT) for a, b, _ in answer["destroyed"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RecorderAnswerError from error


def read_pieces(answer: Sequence[dict[str, Any]]) -> list[Piece]:
    """Read a list of files, oldest first.

    Raises:
        RecorderAnswerError: malformed.
    """
    try:
        pieces = [_piece(item) for item in answer]
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise RecorderAnswerError from error
    return sorted(pieces, key=lambda piece: piece.header.wall_start_us)


_PLAIN: Final = (
    *("camera", "stream", "run", "authority", "term_days", "hour", "wall_start_us", "start_90k"),
    *("config_digest", "codec_string", "width", "height", "recorder", "version"),
)


def _piece(item: dict[str, Any]) -> Piece:
    header = ChunkHeader(
        **{name: item[name] for name in _PLAIN},
        kid=bytes.fromhex(item["kid"]),
        sealed_key=base64.b64decode(item["sealed_key"], validate=True),
    )
    gops = tuple(
        GopEntry(
            offset=gop["offset"],
            length=gop["length"],
            wall_us=gop["wall_us"],
            dts_90k=gop["dts_90k"],
            duration_90k=gop["duration_90k"],
            frames=gop["frames"],
            key=gop["key"],
            sha256=bytes.fromhex(gop["sha256"]),
        )
        for gop in item["gops"]
    )
    return Piece(int(item["id"]), header, int(item["init_length"]), gops)


Step = tuple[Piece, GopEntry]


def in_order(pieces: Sequence[Piece], granted: WallRange, after_us: int, *, whole: bool = False) -> list[Step]:
    """The fragments that begin inside the range granted and after ``after_us``, by wall time; ``whole``: that end
    inside of it too. Those of `unshown` are left out.

    The group of pictures that straddles the beginning is left out: it begins before what was granted, and a browser
    throws away pictures before its time zero anyway.
    """
    steps = [
        (piece, gop)
        for piece in pieces
        for gop in piece.gops[_keyless(piece) :]
        if granted.from_us <= gop.wall_us < granted.to_us and gop.wall_us > after_us
        if not whole or gop.end_us <= granted.to_us
    ]
    return sorted(steps, key=lambda step: (step[1].wall_us, step[0].header.wall_start_us))


def unshown(pieces: Sequence[Piece]) -> list[Hole]:
    """What no browser shows: it begins each file at a key frame, and these have none before them in theirs."""
    left_out = [piece.gops[: _keyless(piece)] for piece in pieces]
    return [Hole(WallRange(gops[0].wall_us, gops[-1].end_us), NO_KEY_TEXT) for gops in left_out if gops]


def _keyless(piece: Piece) -> int:
    return next((number for number, gop in enumerate(piece.gops) if gop.key), len(piece.gops))


def start_at(steps: Sequence[Step], at_us: int) -> int:
    """Index of the key frame at or before the instant, when its group reaches it; else of the next key frame."""
    best = None
    for number, (_, gop) in enumerate(steps):
        if gop.wall_us > at_us and best is not None:
            break
        if gop.key:
            best = number
            if gop.wall_us > at_us:
                break
    if best is None:
        return len(steps)
    end = best + 1
    while end < len(steps) and not steps[end][1].key:
        end += 1
    if steps[end - 1][1].end_us > at_us:
        return best
    return start_at(steps[end:], at_us) + end if end < len(steps) else end
