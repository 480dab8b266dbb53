"""`vault account`: is every second that was ordered accounted for, and every second that was recorded?

Per camera, stream and legal day, from four sources that do not lean on one another: the signed sheets, the journal
kept at capture, the files present, the proofs of destruction or loss. The catalogue is held against them as a fifth.
Whatever another hand took out or changed is named (see docs/guide/account.md).
"""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.domain.clock import instant, to_wall_us
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.vault import accountsource as source
from beffroi.vault.accountcheck import Seen, check_day
from beffroi.vault.accountfrozen import check_frozen, frozen_spans
from beffroi.vault.accountsum import StreamFacts, Sums, sum_up
from beffroi.vault.accounttext import Discrepancy, Fault, discrepancy
from beffroi.vault.accountwhole import check_whole, span_text, times
from beffroi.vault.catalogue import MAX_CHUNK_US
from beffroi.vault.catalogueschema import CatalogueError, ChunkRow, ChunkState, Connection, connect
from beffroi.vault.chunkformat import GopEntry
from beffroi.vault.journal import Journal
from beffroi.vault.mandates import Orders, StreamId, read_orders
from beffroi.vault.spans import Span, clip, length

_TIMES: Final = frozenset({Fault.TIME_UNTOLD, Fault.TIME_UNORDERED, Fault.TIME_MISSING, Fault.TIME_UNRECORDED})
SOURCES: Final = ("catalogue.sqlite", "journal.sqlite", "mandates.sqlite")


@dataclass(frozen=True, slots=True)
class Line:
    """One stream on one legal day of the authority. ``frozen_us``: copied for a hold, counted apart."""

    camera: str
    stream: str
    day: date
    sums: Sums
    wrong: tuple[Discrepancy, ...]
    frozen_us: int = 0

    @property
    def adds_up(self) -> bool:
        """Both sums are exact and every file, row and act is where it must be."""
        return self.sums.adds_up and not self.wrong


@dataclass
class Account:
    """The answer. ``whole``: what concerns no day: the chain of the journal, the sheets, a source that is gone."""

    lines: list[Line] = field(default_factory=list)
    whole: list[Discrepancy] = field(default_factory=list)
    now_us: int = 0

    @property
    def adds_up(self) -> bool:
        """Nothing is wrong."""
        return not self.whole and all(line.adds_up for line in self.lines)

    def wrong(self) -> Iterator[Discrepancy]:
        """Everything that is wrong."""
        yield from self.whole
        for line in self.lines:
            yield from line.wrong


@dataclass
class House:
    """A recorder's folder, its sources open. ``running``: a recorder works in it now."""

    root: Path
    journal: Journal
    mandates: Journal
    trusted: tuple[Ed25519PublicKey, ...]
    now_us: Callable[[], int]
    running: bool


def missing_sources(root: Path) -> list[Discrepancy]:
    """The sources that are gone: nothing can be accounted for, and opening them would make empty ones."""
    return [discrepancy(Fault.SOURCE_MISSING, name) for name in SOURCES if not (root / name).is_file()]


def account(
    house: House,
    *,
    cameras: Collection[str] | None = None,
    first: date | None = None,
    last: date | None = None,
    whole: bool = True,
    breathe: Callable[[], None] = lambda: None,
) -> Account:
    """Account for what is asked.

    Args:
        house: the recorder's folder.
        cameras: all when None.
        first: first legal day; from the opening of the books when None.
        last: last legal day; today when None.
        whole: also check what concerns no day (reads the whole journal).
        breathe: called after each line, so that a long account gives way.

    Raises:
        CatalogueError, JournalBrokenError: a source cannot be read.
    """
    now_us = house.now_us()
    orders = read_orders(house.mandates, house.trusted, wanted=lambda one: cameras is None or one in cameras)
    found = Account(now_us=now_us)
    frozen, unreadable = frozen_spans(house.root)
    try:
        with closing(connect(house.root / "catalogue.sqlite", create=False)) as db:
            for camera, stream in _streams(house.root, db, orders, cameras):
                one = _Stream(house, db, orders, (camera, stream))
                pieces = frozen.get((camera, stream), [])
                for day, span in _days(orders, (camera, stream), first, last, now_us):
                    held_us = length(clip(pieces, *day_span(day, zone_of(orders, camera))))
                    found.lines.append(replace(one.line(day, span), frozen_us=held_us))
                    breathe()
            if whole:
                found.whole = check_whole(house.root, house.journal, house.mandates, orders, db)
                found.whole += [*unreadable, *check_frozen(house.root, house.journal)]
    except sqlite3.Error as error:
        raise CatalogueError(str(error)) from error
    return found


def zone_of(orders: Orders, camera: str) -> ZoneInfo:
    """The legal time zone of a camera, by its last sheet."""
    names = [item.legal_tz for key, items in orders.mandated.items() if key[0] == camera for item in items[-1:]]
    return ZoneInfo(names[0] if names else LEGAL_TIME_ZONE)


def day_span(day: date, zone: ZoneInfo) -> Span:
    """A legal day as instants: 23, 24 or 25 hours."""
    start, end = (datetime(one.year, one.month, one.day, tzinfo=zone) for one in (day, day + timedelta(days=1)))
    return to_wall_us(start), to_wall_us(end)


def _days(
    orders: Orders, key: StreamId, first: date | None, last: date | None, now_us: int
) -> Iterator[tuple[date, Span]]:
    zone = zone_of(orders, key[0])
    today, opened = (instant(at).astimezone(zone).date() for at in (now_us, min(orders.opened_us, now_us)))
    day, end = max(first or opened, opened), min(last or today, today)
    while day <= end:
        start_us, end_us = day_span(day, zone)
        yield day, (max(start_us, min(orders.opened_us, now_us)), end_us)
        day += timedelta(days=1)


def _streams(root: Path, db: Connection, orders: Orders, cameras: Collection[str] | None) -> list[StreamId]:
    known: set[StreamId] = set(orders.mandated)
    known |= {(path.parent.name, path.name) for path in (root / "streams").glob("*/*") if path.is_dir()}
    known |= {(row[0], row[1]) for row in db.execute("SELECT camera, name FROM stream")}
    return sorted(key for key in known if cameras is None or key[0] in cameras)


@dataclass(frozen=True, slots=True)
class _Stream:
    """One stream, to be looked at day by day."""

    house: House
    db: Connection
    orders: Orders
    key: StreamId

    def line(self, day: date, span: Span) -> Line:
        """The line of a day."""
        line = self._look(day, span)
        if line.adds_up or not self.house.running:
            return line
        # A recorder at work closes and destroys files while we read: what is wrong is wrong twice.
        before = {(one.kind, one.name) for one in line.wrong}
        again = self._look(day, span)
        wrong = (one for one in again.wrong if one.kind in _TIMES or (one.kind, one.name) in before)
        return replace(again, wrong=tuple(wrong))

    def _look(self, day: date, span: Span) -> Line:
        (camera, stream), house, db = self.key, self.house, self.db
        start_us, end_us = span
        lo, hi = start_us - MAX_CHUNK_US, end_us + MAX_CHUNK_US
        files = source.read_files(house.root, camera, stream, lo, hi)
        rows = source.read_rows(db, camera, stream, lo, hi)
        acts = source.read_acts(house.journal, camera, stream, lo, hi)
        for path in {*files, *acts.closed, *acts.lost} - rows.keys():
            row = source.row_at(db, path)
            if row is not None:
                rows[path] = row
        seen = Seen(
            start_us=start_us,
            end_us=end_us,
            now_us=house.now_us(),
            acts=acts,
            files=files,
            rows=rows,
            gap_rows=source.read_gap_rows(db, camera, stream, lo, hi),
            destroyed_rows=source.read_destroyed_rows(db, camera, stream, lo, hi),
            tails=dict(_tails(db, rows)),
            running=house.running,
        )
        sums = sum_up(self._facts(seen), start_us, end_us)
        wrong = [*check_day(seen), *_sum_faults(sums, zone_of(self.orders, camera))]
        placed = (replace(one, camera=camera, stream=stream, day=day.isoformat()) for one in wrong)
        return Line(camera, stream, day, sums, tuple(placed))

    def _facts(self, seen: Seen) -> StreamFacts:
        acts, carried = seen.acts, seen.acts.carried
        lo, hi = seen.start_us - MAX_CHUNK_US, seen.end_us + MAX_CHUNK_US
        ended = {*acts.destroyed, *acts.lost}
        growing = {path for path in seen.files if path not in ended and _growing(seen, path)}
        first_us, last_us = source.told_from_to(self.house.journal, *self.key)
        began = [first_us, *(seen.files[path].span[0] for path in growing)]
        unclosed = [one.span for path, one in acts.lost.items() if path not in acts.closed]
        ordered = self.orders.mandated.get(self.key, ())
        return StreamFacts(
            mandated=clip([(one.range.from_us, one.range.to_us) for one in ordered], lo, hi),
            recorded=[*_spans(acts.closed), *unclosed, *carried.get("chunk_closed", [])],
            gaps=[*(one.span for one in acts.gaps), *carried.get("gap", [])],
            held=[
                file.span
                for path, file in seen.files.items()
                if not file.why and path not in ended and path not in growing
            ],
            growing=[seen.files[path].span for path in growing],
            destroyed=[*_spans(acts.destroyed, acts.lost), *carried.get("destruction", [])],
            lost=[*_spans(acts.lost), *carried.get("chunk_lost", [])],
            first_us=min((at for at in began if at is not None), default=None),
            last_us=last_us,
            now_us=seen.now_us,
            stopped=not self.house.running,
        )


def _tails(db: Connection, rows: dict[str, ChunkRow]) -> Iterator[tuple[str, tuple[int, list[GopEntry]]]]:
    for path, row in rows.items():
        if row.state is ChunkState.OPEN:
            with suppress(ValueError):
                yield path, source.read_tail(db, row.id)


def _spans(acts: dict[str, source.Act], without: Collection[str] = ()) -> list[Span]:
    return [one.span for path, one in acts.items() if path not in without]


def _growing(seen: Seen, path: str) -> bool:
    """A file being written, or just closed: the journal has not told of it yet."""
    row = seen.rows.get(path)
    fresh = seen.fresh(seen.files[path].span[1])
    return path not in seen.acts.closed and row is not None and (row.state is ChunkState.OPEN or fresh)


def _sum_faults(sums: Sums, zone: ZoneInfo) -> Iterator[Discrepancy]:
    kinds = (
        (Fault.TIME_UNTOLD, sums.untold),
        (Fault.TIME_UNORDERED, sums.unordered),
        (Fault.TIME_MISSING, sums.missing),
        (Fault.TIME_UNRECORDED, sums.unrecorded),
    )
    for kind, spans in kinds:
        for span in spans:
            yield discrepancy(kind, span_text(span, zone), times(span[1] - span[0]))
