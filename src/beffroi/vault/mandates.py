"""What was ordered, and when: the signed sheets that a recorder followed, kept with the instants at which it did.

The folder of sheets holds the present ones only. This book, a journal of its own (`mandates.sqlite`), keeps every sheet
as it was signed, so that a past day can be accounted for from the order itself.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.domain.errors import BeffroiError
from beffroi.domain.ranges import WallRange
from beffroi.vault.journal import ActKind, Journal, JournalEntry
from beffroi.vault.sheet import SHEET_LIFE_US, RecordingSheet, open_sheet
from beffroi.vault.sheetstore import SheetBook
from beffroi.vault.signed import read_paper

NEVER_US: Final = 1 << 62
_PAGE: Final = 1000
_DAY_US: Final = 86_400_000_000
_KEEP_US: Final = 122 * _DAY_US
"""Acts are kept for 90 days; a sheet received up to 31 days before may still have ordered the first of them."""

StreamId = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Mandated:
    """A stretch of time during which one stream was to be recorded, and the sheet that said so."""

    range: WallRange
    serial: int
    legal_tz: str


@dataclass(frozen=True, slots=True)
class BadSheet:
    """A sheet of the book that does not open: ``seq`` is its number in the book."""

    seq: int
    camera: str
    serial: int
    why: str


@dataclass(frozen=True, slots=True)
class Orders:
    """The book, read. ``last`` gives each camera's sheet that is followed still, by serial. Nothing is known of what
    was ordered before ``opened_us``."""

    opened_us: int
    mandated: dict[StreamId, tuple[Mandated, ...]]
    serials: frozenset[tuple[str, int]]
    last: dict[str, int]
    bad: tuple[BadSheet, ...]


class MandateBook:
    """Written by the recorder each time it reads its sheets; an entry only when something changed."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._state: dict[str, tuple[object, ...]] = {}
        for entry in _entries(journal):
            self._state[str(entry.fields["camera"])] = _state_of(entry)

    @classmethod
    def open(cls, path: Path) -> "MandateBook":
        """Open or create the book.

        Raises:
            JournalBrokenError: the disk refuses.
        """
        return cls(Journal.open(path))

    def note(self, book: SheetBook, folder: Path, at_us: int) -> None:
        """Enter what is followed, and what no longer is, from this instant.

        Args:
            book: what the folder of sheets says now.
            folder: that folder: the signed bytes of a revocation are copied from it.
            at_us: wall time, microseconds.
        """
        for camera, active in book.active.items():
            sheet = active.sheet
            fields: dict[str, Any] = {"camera": camera, "serial": sheet.serial, "on_trust": active.on_trust}
            self._enter(ActKind.SHEET_APPLIED, fields, active.paper, at_us)
        for ended in book.ended:
            fields = {"camera": ended.camera, "serial": ended.serial, "cause": ended.cause}
            notice = ended.cause == "revoked"
            paper = folder / f"{ended.camera}.revoked" if notice else None
            self._enter(ActKind.SHEET_ENDED, fields, paper, at_us)
        self.journal.ack(self.journal.last_seq())
        self.journal.prune(at_us - _KEEP_US, batch_us=_DAY_US)

    def close(self) -> None:
        """Close the file."""
        self.journal.close()

    def _enter(self, kind: ActKind, fields: dict[str, Any], paper: bytes | Path | None, at_us: int) -> None:
        state = (kind, *sorted(fields.items()))
        if self._state.get(fields["camera"]) == state:
            return
        raw = read_paper(paper) if isinstance(paper, Path) else paper or b""
        self.journal.append(kind, {**fields, "paper": raw.decode("ascii", "replace")}, wall_us=at_us)
        self._state[fields["camera"]] = state


def read_orders(
    journal: Journal, trusted: Sequence[Ed25519PublicKey], *, wanted: Callable[[str], bool] = lambda _: True
) -> Orders:
    """The book as stretches of time, by stream.

    A sheet counts from the instant at which the recorder followed it up to its end, to its revocation as received, or
    to the sheet after it.

    Raises:
        JournalBrokenError: the book cannot be read.
    """
    found: dict[StreamId, list[Mandated]] = {}
    running: dict[str, tuple[RecordingSheet, int, int]] = {}
    serials: set[tuple[str, int]] = set()
    last: dict[str, int] = {}
    bad: list[BadSheet] = []
    opened_us: int | None = None

    def stop(camera: str, at_us: int) -> None:
        if camera in running:
            sheet, start, end = running.pop(camera)
            for stream in sheet.streams if start < min(end, at_us) else ():
                stretch = Mandated(WallRange(start, min(end, at_us)), sheet.serial, sheet.legal_tz)
                found.setdefault((camera, stream.name), []).append(stretch)

    for entry in _entries(journal):
        camera, serial = str(entry.fields["camera"]), int(entry.fields["serial"])
        if opened_us is None:
            opened_us = entry.wall_us if entry.seq == 1 else entry.wall_us + SHEET_LIFE_US
        if not wanted(camera):
            continue
        stop(camera, entry.wall_us)
        last.pop(camera, None)
        if entry.kind is not ActKind.SHEET_APPLIED:
            continue
        serials.add((camera, serial))
        last[camera] = serial
        try:
            sheet = open_sheet(entry.fields["paper"].encode(), trusted, name=f"{camera}.json")
        except BeffroiError as error:
            bad.append(BadSheet(entry.seq, camera, serial, error.text.en))
            continue
        if (sheet.camera, sheet.serial) != (camera, serial):
            bad.append(BadSheet(entry.seq, camera, serial, "another sheet stands in its place"))
            continue
        end = NEVER_US if entry.fields["on_trust"] else sheet.valid_until_us
        running[camera] = (sheet, entry.wall_us, end)
    for camera in list(running):
        stop(camera, NEVER_US)
    streams = {key: tuple(stretches) for key, stretches in found.items()}
    return Orders(NEVER_US if opened_us is None else opened_us, streams, frozenset(serials), last, tuple(bad))


def _entries(journal: Journal) -> Iterator[JournalEntry]:
    """The entries of kinds that are known: another hand's are named by the chain."""
    kinds = (ActKind.SHEET_APPLIED.value, ActKind.SHEET_ENDED.value)
    seq = 0
    while page := journal.select(
        "SELECT seq, wall_us, kind, fields FROM act WHERE seq > ? AND kind IN (?, ?) ORDER BY seq LIMIT ?",
        (seq, *kinds, _PAGE),
    ):
        for seq, wall_us, kind, fields in page:
            yield JournalEntry(seq, wall_us, ActKind(kind), json.loads(fields))


def _state_of(entry: JournalEntry) -> tuple[object, ...]:
    return (entry.kind, *sorted(item for item in entry.fields.items() if item[0] != "paper"))
