"""One line of the account: one stream on one legal day, looked at once, and what stays of what was wrong."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.domain.clock import to_wall_us
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.vault import accountsource as source
from beffroi.vault.accountcheck import Seen, check_day
from beffroi.vault.accountsum import StreamFacts, Sums, lasting, sum_up
from beffroi.vault.accounttext import Discrepancy, Fault, discrepancy
from beffroi.vault.accountwhole import span_text, times
from beffroi.vault.catalogue import MAX_CHUNK_US
from beffroi.vault.catalogueschema import ChunkRow, ChunkState, Connection
from beffroi.vault.chunkformat import GopEntry
from beffroi.vault.journal import Journal
from beffroi.vault.mandates import Orders, StreamId
from beffroi.vault.spans import Span, clip, length

_TIMES: Final = frozenset({Fault.TIME_UNTOLD, Fault.TIME_UNORDERED, Fault.TIME_MISSING, Fault.TIME_UNRECORDED})


@dataclass
class House:
    """A recorder's folder, its sources open. ``running``: a recorder works in it now."""

    root: Path
    journal: Journal
    mandates: Journal
    trusted: tuple[Ed25519PublicKey, ...]
    now_us: Callable[[], int]
    running: bool


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


def zone_of(orders: Orders, camera: str) -> ZoneInfo:
    """The legal time zone of a camera, by its last sheet."""
    names = [item.legal_tz for key, items in orders.mandated.items() if key[0] == camera for item in items[-1:]]
    return ZoneInfo(names[0] if names else LEGAL_TIME_ZONE)


def day_span(day: date, zone: ZoneInfo) -> Span:
    """A legal day as instants: 23, 24 or 25 hours."""
    start, end = (datetime(one.year, one.month, one.day, tzinfo=zone) for one in (day, day + timedelta(days=1)))
    return to_wall_us(start), to_wall_us(end)


def still(before: Sequence[Discrepancy], again: Sequence[Discrepancy]) -> list[Discrepancy]:
    """What is wrong again, perhaps otherwise, of what was wrong before: a file that dies is damaged, then gone."""
    names = {one.name for one in before}
    return [one for one in again if one.name in names]


def still_wrong(before: Line, again: Line, zone: ZoneInfo) -> Line:
    """A line looked at again: of files, rows, acts and time, what was not wrong before is on its way."""
    sums = lasting(before.sums, again.sums)
    wrong = still(before.wrong, [one for one in again.wrong if one.kind not in _TIMES])
    return replace(again, sums=sums, wrong=(*wrong, *_placed(again, _sum_faults(sums, zone))))


def _placed(line: Line, wrong: Iterable[Discrepancy]) -> Iterator[Discrepancy]:
    return (replace(one, camera=line.camera, stream=line.stream, day=line.day.isoformat()) for one in wrong)


@dataclass(frozen=True, slots=True)
class StreamLook:
    """One stream, to be looked at day by day. ``frozen``: the time that pieces of it hold."""

    house: House
    db: Connection
    orders: Orders
    key: StreamId
    frozen: Sequence[Span]

    def line(self, day: date, span: Span) -> Line:
        """The line of a day, looked at once."""
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
        zone = zone_of(self.orders, camera)
        line = Line(camera, stream, day, sums, (), length(clip(self.frozen, *day_span(day, zone))))
        return replace(line, wrong=tuple(_placed(line, [*check_day(seen), *_sum_faults(sums, zone)])))

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
