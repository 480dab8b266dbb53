"""Recordings and their destruction, a row for each camera and day of images.

A row stands for some three hundred files; the numbers of their entries, folded, are its source.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from beffroi.domain.acts import Act
from beffroi.domain.facts import Camera
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.ledger.entry import EntryKind, Record
from beffroi.publish.registers.period import Period, legal_day, told, told_range
from beffroi.publish.registers.table import Cell, Row, Source, numbers
from beffroi.publish.registers.views import views_of
from beffroi.vault.proofs import Cause

ON_TIME_US: Final = 3_600_000_000
"""Files die within the hour after their term; from the term on, nothing of them opens."""

_CAMERA: Final = Text(fr="Caméra", en="Camera")
_DAY: Final = Text(fr="Images du", en="Images of")
_FILES: Final = Text(fr="Fichiers", en="Files")
_SPAN: Final = Text(fr="De – à", en="From – to")
DESTRUCTION_COLUMNS: Final = (
    _CAMERA,
    _DAY,
    _FILES,
    _SPAN,
    Text(fr="Détruites le", en="Destroyed on"),
    Text(fr="Cause", en="Cause"),
    Text(fr="Dans le délai", en="On time"),
)
COLUMNS: Final = (
    _CAMERA,
    Text(fr="Enregistrements du", en="Recordings of"),
    _FILES,
    _SPAN,
    Text(fr="Date de destruction", en="Date of destruction"),
    Text(fr="Transmission au parquet", en="Transmission to the prosecutor"),
)
_CAUSES: Final[Mapping[str, Text]] = {
    Cause.TERM.value: Text(fr="terme", en="term"),
    Cause.DISK_FULL.value: Text(fr="disque plein (avant le terme)", en="disk full (before the term)"),
    Cause.HOLD_ENDED.value: Text(fr="fin d'un gel", en="end of a hold"),
}
_HOUR_KEY: Final = Text(fr="Clé d'heure", en="Hour key")
_NOT_YET: Final = Text(fr="conservé", en="kept")
_COUNTED: Final = Text(fr="voir les décomptes mensuels", en="see the monthly counts")
_YES, _NO = Text(fr="oui", en="yes"), Text(fr="non", en="no")


@dataclass(slots=True)
class _Files:
    records: list[Record] = field(default_factory=list)

    @property
    def span(self) -> WallRange | None:
        ranges = [one for record in self.records if (one := images_of(record))]
        return WallRange(min(one.from_us for one in ranges), max(one.to_us for one in ranges)) if ranges else None


def images_of(record: Record) -> WallRange | None:
    """The images that a file's entry is about."""
    begin, end = record.detail.get("from_us"), record.detail.get("to_us")
    if not isinstance(begin, int) or not isinstance(end, int) or end < begin:
        return None
    return WallRange(begin, end)


def on_time(record: Record) -> bool | None:
    """Whether a destruction came within the hour after the term; None when its entry does not say."""
    term = record.detail.get("term_end_us")
    return record.happened_us <= term + ON_TIME_US if isinstance(term, int) else None


def destructions(cameras: Mapping[str, Camera], records: Iterable[Record], period: Period) -> list[Row]:
    """What was destroyed in a period, by camera, day of images and cause; then hour keys by day."""
    files: dict[tuple[str, date, str], _Files] = {}
    keys: dict[tuple[date, str], list[Record]] = {}
    for record in records:
        if record.kind is not EntryKind.DESTRUCTION or not _in(period, record):
            continue
        images = images_of(record)
        if record.camera is None:
            keys.setdefault((legal_day(record.happened_us), str(record.outcome)), []).append(record)
        elif images is not None:
            cause = str(record.detail.get("cause", ""))
            files.setdefault((record.camera, legal_day(images.from_us), cause), _Files()).records.append(record)
    rows = []
    for (camera, day, cause), found in sorted(files.items(), key=lambda one: one[0]):
        cells: tuple[Cell, ...] = (
            _name(cameras, camera),
            day.strftime("%d/%m/%Y"),
            str(len(found.records)),
            told_range(found.span),
            _when(found.records),
            _CAUSES.get(cause, cause),
            _punctual(found.records),
        )
        rows.append(Row(Source.of(found.records), cells))
    for (day, _), found_keys in sorted(keys.items()):
        cells = (
            _HOUR_KEY,
            day.strftime("%d/%m/%Y"),
            str(len(found_keys)),
            "",
            _when(found_keys),
            _CAUSES["term"],
            _punctual(found_keys),
        )
        rows.append(Row(Source.of(found_keys), cells))
    return rows


def former(cameras: Mapping[str, Camera], records: Sequence[Record], period: Period, *, whole: bool) -> list[Row]:
    """Recordings made in a period, by camera and day; when they were destroyed, if they were; what was handed over on
    requisition (to a commune: in the monthly counts)."""
    made: dict[tuple[str, date], _Files] = {}
    gone: dict[tuple[str, date], list[Record]] = {}
    for record in records:
        images = images_of(record)
        if record.camera is None or images is None:
            continue
        day = legal_day(images.from_us)
        if not period.first <= day <= period.last:
            continue
        if record.kind is EntryKind.RECORDER and record.outcome == "chunk_closed":
            made.setdefault((record.camera, day), _Files()).records.append(record)
        elif record.kind is EntryKind.DESTRUCTION:
            gone.setdefault((record.camera, day), []).append(record)
    handed = _handed(records) if whole else {}
    rows = []
    for camera, day in sorted({*made, *gone}):
        files, destroyed = made.get((camera, day), _Files()), gone.get((camera, day), [])
        given = [one for one in handed.get(camera, []) if one.footage and _touches(one.footage, day)]
        cells: tuple[Cell, ...] = (
            _name(cameras, camera),
            day.strftime("%d/%m/%Y"),
            str(len(files.records) or len(destroyed)),
            told_range(files.span or _Files(destroyed).span),
            _destroyed(files.records, destroyed),
            numbers(sorted(one.index for one in given)) if whole else _COUNTED,
        )
        rows.append(Row(Source.of([*files.records, *destroyed, *given]), cells))
    return rows


def _handed(records: Iterable[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for view in views_of(records):
        first = view.first
        titles = {one.partition("/")[0] for one in first.decision.documents} if first.decision else set[str]()
        if not view.refused and first.act is Act.EXTRACT and "requisition" in titles and first.camera:
            found.setdefault(first.camera, []).append(first)
    return found


def _touches(footage: WallRange, day: date) -> bool:
    return legal_day(footage.from_us) <= day <= legal_day(max(footage.from_us, footage.to_us - 1))


def _destroyed(made: Sequence[Record], gone: Sequence[Record]) -> Cell:
    if not gone:
        return _NOT_YET
    when = _when(gone)
    if len(gone) >= len(made):
        return when
    some = f"{len(gone)}/{len(made)}"
    return Text(fr=f"{when} ({some} fichiers ; les autres conservés)", en=f"{when} ({some} files; the others kept)")


def _when(records: Sequence[Record]) -> str:
    first, last = min(one.happened_us for one in records), max(one.happened_us for one in records)
    return told(first)[:10] if told(first)[:10] == told(last)[:10] else f"{told(first)[:10]} – {told(last)[:10]}"


def _punctual(records: Iterable[Record]) -> Cell:
    known = [one for record in records if (one := on_time(record)) is not None]
    return "" if not known else _YES if all(known) else _NO


def _name(cameras: Mapping[str, Camera], camera: str) -> str:
    return cameras[camera].name if camera in cameras else camera


def _in(period: Period, record: Record) -> bool:
    return period.span.from_us <= record.happened_us < period.span.to_us
