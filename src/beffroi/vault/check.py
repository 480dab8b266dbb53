"""`vault check`: do the catalogue and the files say the same? Three costs: present, size, hash.

Presence asks the directory, size opens each file and reads its head and index, hash reads every byte. No key is
needed: hashes are over the ciphertext.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from beffroi.domain.clock import instant
from beffroi.domain.text import Text
from beffroi.vault.catalogue import Catalogue, ChunkRow, ChunkState
from beffroi.vault.chunkformat import DamagedChunkError
from beffroi.vault.reader import ChunkReader
from beffroi.vault.recover import TORN_SUFFIX, being_written, chunk_files


class CheckLevel(StrEnum):
    """How deep to look; each level includes the ones before."""

    PRESENT = "present"
    SIZE = "size"
    HASH = "hash"


class FindingKind(StrEnum):
    """Closed list of what can be wrong."""

    MISSING = "missing"
    UNKNOWN_FILE = "unknown_file"
    QUARANTINED = "quarantined"
    LOST = "lost"
    UNFINISHED = "unfinished"
    WRONG_SIZE = "wrong_size"
    UNREADABLE = "unreadable"
    DAMAGED = "damaged"
    CONTRADICTION = "contradiction"
    HEAD_CHANGED = "head_changed"
    GOP_CHANGED = "gop_changed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, in one file. ``gop`` counts from 1; ``wall_us`` is where that GOP begins."""

    kind: FindingKind
    path: str
    text: Text
    gop: int | None = None
    wall_us: int | None = None


_RUN_RECOVERY: Final = Text(
    fr="Lancez la réparation (au démarrage de l'enregistreur).", en="Run the repair (the recorder's start does)."
)


def _a_moment() -> None:
    """Longer than a recorder takes between two steps that neither a row nor a lock tells of."""
    time.sleep(0.3)


def check(root: Path, catalogue: Catalogue, *, level: CheckLevel | str = CheckLevel.SIZE) -> list[Finding]:
    """Everything that is wrong, in the order of the files; an empty list means that all is well.

    Args:
        root: the recorder's directory.
        catalogue: its catalogue.
        level: how deep to look.

    Raises:
        ValueError: no such level.
        CatalogueError: the catalogue itself cannot be read.
    """
    return list(findings(root, catalogue, CheckLevel(level)))


def findings(
    root: Path, catalogue: Catalogue, level: CheckLevel, *, pause: Callable[[], None] = _a_moment
) -> Iterator[Finding]:
    """As `check`, one by one: a full check of a disk takes hours. ``pause`` waits a moment, once, and only when a file
    without a row is to be looked at again."""
    known = set()
    for row in catalogue.all_chunks():
        known.add(row.path)
        yield from _check_standing(root, catalogue, row, level)
    names = (str(path.relative_to(root)) for path in chunk_files(root))
    strangers = [name for name in names if name not in known and _is_stranger(root, catalogue, name)]
    if strangers:
        pause()
    for name in strangers:
        if _is_stranger(root, catalogue, name):
            yield _finding(
                FindingKind.UNKNOWN_FILE, name, "n'est pas au catalogue.", "is not in the catalogue.", _RUN_RECOVERY,
            )  # fmt: skip
    for path in sorted((root / "streams").glob(f"*/*/*{TORN_SUFFIX}")):
        yield _finding(
            FindingKind.QUARANTINED, str(path.relative_to(root)),
            "a été mis à l'écart : son en-tête est incomplet, il ne contient aucune image.",
            "was set aside: its head is incomplete and it holds no picture.",
        )  # fmt: skip


def _is_stranger(root: Path, catalogue: Catalogue, name: str) -> bool:
    """Whether a file has no row, and no writer that is about to enter one.

    The lock first, then the row: a writer locks its file before the head, enters its row and lets go only after.
    """
    path = root / name
    try:
        if being_written(path):
            return False
    except OSError:  # gone, or nothing that opens (a link to nowhere): whether it is there is asked below
        pass
    return os.path.lexists(path) and catalogue.chunk_at(name) is None


def _check_standing(root: Path, catalogue: Catalogue, row: ChunkRow, level: CheckLevel) -> list[Finding]:
    """What is wrong with a file whose row has not changed meanwhile: the recorder goes on finishing and destroying
    files while they are looked at, and a row may be hours old when its turn comes."""
    while found := list(_check_row(root, row, level)):
        # By its number first: a spoilt index of paths must not make a row that is there look destroyed.
        now = catalogue.chunk(row.id) or catalogue.chunk_at(row.path)
        if now is None:
            return []  # destroyed at its term, its row with it
        if now == row or (now.id == row.id and _lasting(now) != _lasting(row)):
            break  # as it was; or the catalogue says two things of one file, which no recorder does
        row = now
    return found


def _lasting(row: ChunkRow) -> tuple[object, ...]:
    """What a row says for as long as its file exists."""
    return row.path, row.camera, row.stream, row.run, row.kid, row.authority, row.term_days, row.hour, row.wall_start_us


def _check_row(root: Path, row: ChunkRow, level: CheckLevel) -> Iterator[Finding]:
    path = root / row.path
    if row.state is ChunkState.LOST:
        yield _finding(FindingKind.LOST, row.path, "est perdu.", "is lost.")
        return
    if row.state is ChunkState.GARBAGE:
        return  # being destroyed at its term: present or gone, both are right
    try:
        size = path.stat().st_size
        unfinished = row.state is ChunkState.OPEN and not being_written(path)
    except FileNotFoundError:  # an empty file may go between the two: its row tells, when it is looked at again
        yield _finding(
            FindingKind.MISSING, row.path, "manque sur le disque alors que le catalogue l'annonce.",
            "is missing from the disk while the catalogue announces it.",
        )  # fmt: skip
        return
    if row.state is ChunkState.OPEN:
        if unfinished:
            yield _finding(
                FindingKind.UNFINISHED, row.path, "n'a pas été terminé et personne ne l'écrit.",
                "was not finished and nobody is writing it.", _RUN_RECOVERY,
            )  # fmt: skip
        return
    if level is CheckLevel.PRESENT:
        return
    if size != row.size:
        yield _finding(
            FindingKind.WRONG_SIZE, row.path, f"fait {size} octets au lieu de {row.size}.",
            f"is {size} bytes long instead of {row.size}.",
        )  # fmt: skip
    try:
        yield from _check_content(path, row, level)
    except OSError as error:
        yield _finding(
            FindingKind.UNREADABLE, row.path, f"ne peut pas être lu ({error.strerror}) : vérifiez le disque.",
            f"cannot be read ({error.strerror}): check the disk.",
        )  # fmt: skip


def _check_content(path: Path, row: ChunkRow, level: CheckLevel) -> Iterator[Finding]:
    try:
        reader = ChunkReader.open(path)
    except DamagedChunkError as error:
        yield _finding(FindingKind.DAMAGED, row.path, f"est abîmé ({error.what}).", f"is damaged ({error.what}).")
        return
    with reader:
        footer = reader.footer
        if footer is None:
            yield _finding(FindingKind.DAMAGED, row.path, "n'a plus son index final.", "has lost its final index.")
            return
        header = reader.header
        same = (
            (header.camera, header.stream, header.run, header.kid) == (row.camera, row.stream, row.run, row.kid)
            and (header.authority, header.term_days, header.hour) == (row.authority, row.term_days, row.hour)
            and header.wall_start_us == row.wall_start_us
        )
        if not same or footer.root != row.root or footer.reason != row.reason:
            yield _finding(
                FindingKind.CONTRADICTION, row.path, "ne dit pas la même chose que le catalogue.",
                "does not say the same as the catalogue.",
            )  # fmt: skip
        if level is not CheckLevel.HASH:
            return
        if reader.sha256(0, reader.head_length) != footer.head_sha256:
            yield _finding(FindingKind.HEAD_CHANGED, row.path, "a un en-tête modifié.", "has a changed head.")
        for number, entry in enumerate(footer.entries, 1):
            if reader.sha256(entry.offset, entry.length) != entry.sha256:
                at = instant(entry.wall_us).isoformat(timespec="milliseconds")
                yield _finding(
                    FindingKind.GOP_CHANGED, row.path, f"est modifié dans son groupe d'images {number} ({at}).",
                    f"is changed in its group of pictures {number} ({at}).", gop=number, wall_us=entry.wall_us,
                )  # fmt: skip


def _finding(
    kind: FindingKind, path: str, fr: str, en: str, advice: Text | None = None, *, gop: int | None = None,
    wall_us: int | None = None,
) -> Finding:  # fmt: skip
    more_fr, more_en = (f" {advice.fr}", f" {advice.en}") if advice else ("", "")
    text = Text(fr=f"Le fichier {path} {fr}{more_fr}", en=f"The file {path} {en}{more_en}")
    return Finding(kind, path, text, gop, wall_us)
