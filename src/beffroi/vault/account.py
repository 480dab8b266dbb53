"""`vault account`: is every second that was ordered accounted for, and every second that was recorded?

Per camera, stream and legal day, from four sources that do not lean on one another: the signed sheets, the journal
kept at capture, the files present, the proofs of destruction or loss. The catalogue is held against them as a fifth.
Whatever another hand took out or changed is named (see docs/guide/account.md).
"""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final, Self

from beffroi.domain.clock import instant
from beffroi.vault.accountfrozen import check_frozen, frozen_spans
from beffroi.vault.accountline import House, Line, StreamLook, day_span, still, still_wrong, zone_of
from beffroi.vault.accounttext import Discrepancy, Fault, discrepancy
from beffroi.vault.accountwhole import Told, check_chains, check_dangling, check_sheets, told_sheets
from beffroi.vault.catalogueschema import CatalogueError, Connection, connect
from beffroi.vault.mandates import Orders, StreamId, read_orders
from beffroi.vault.spans import Span

SOURCES: Final = ("catalogue.sqlite", "journal.sqlite", "mandates.sqlite")
PATIENCE_S: Final = 2.0
"""Between two steps of a file that dies, of a copy or of a sheet, the disk confirms a few writes."""

LOOKS: Final = 2
"""How often what is wrong is looked at again."""


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


def missing_sources(root: Path) -> list[Discrepancy]:
    """The sources that are gone: nothing can be accounted for, and opening them would make empty ones."""
    return [discrepancy(Fault.SOURCE_MISSING, name) for name in SOURCES if not (root / name).is_file()]


def known_cameras(house: House) -> set[str]:
    """Every camera that `account` may have a line of: ordered, recorded or in the catalogue.

    Raises:
        CatalogueError, JournalBrokenError: a source cannot be read.
    """
    book = "SELECT DISTINCT json_extract(fields, '$.camera') FROM act WHERE kind = 'sheet_applied'"
    ordered = {str(camera) for (camera,) in house.mandates.select(book)}
    recorded = {path.name for path in (house.root / "streams").glob("*") if path.is_dir()}
    try:
        with closing(connect(house.root / "catalogue.sqlite", create=False)) as db:
            return ordered | recorded | {str(camera) for (camera,) in db.execute("SELECT DISTINCT camera FROM stream")}
    except sqlite3.Error as error:
        raise CatalogueError(str(error)) from error


def a_moment() -> None:
    """Let pass what a step takes."""
    time.sleep(PATIENCE_S)


def account(
    house: House,
    *,
    cameras: Collection[str] | None = None,
    first: date | None = None,
    last: date | None = None,
    whole: bool = True,
    breathe: Callable[[], None] = lambda: None,
    patience: Callable[[], None] = a_moment,
) -> Account:
    """Account for what is asked.

    A recorder at work closes, copies and destroys files while we read: what is wrong is looked at again, a few times,
    and said when it stays. The chains of the journal and of the sheets' book are read on one view, and said at once.

    Args:
        house: the recorder's folder.
        cameras: all when None.
        first: first legal day; from the opening of the books when None.
        last: last legal day; today when None.
        whole: also check what concerns no day (reads the whole journal).
        breathe: called after each line, so that a long account gives way.
        patience: called before anything is looked at again, never when all is well or no recorder runs; lets a moment
            pass.

    Raises:
        CatalogueError, JournalBrokenError: a source cannot be read.
    """
    now_us = house.now_us()
    found = Account(now_us=now_us)
    try:
        with closing(connect(house.root / "catalogue.sqlite", create=False)) as db:
            look = _Look.now(house, db, cameras)
            asked = [(key, *day) for key in look.streams() for day in _days(look.orders, key, first, last, now_us)]
            for key, day, span in asked:
                found.lines.append(look.line(key, day, span))
                breathe()
            found.whole = look.whole() if whole else []
            for _ in range(LOOKS if house.running else 0):
                if found.adds_up:
                    break
                patience()
                look = _Look.now(house, db, cameras)
                for number, (key, day, span) in enumerate(asked):
                    if not found.lines[number].adds_up:
                        again = look.line(key, day, span)
                        found.lines[number] = still_wrong(found.lines[number], again, zone_of(look.orders, key[0]))
                        breathe()
                found.whole = still(found.whole, look.whole()) if found.whole else []
            if whole:
                found.whole = [*check_chains(house.journal, house.mandates), *found.whole]
    except sqlite3.Error as error:
        raise CatalogueError(str(error)) from error
    return found


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look at a recorder begins with."""

    house: House
    db: Connection
    cameras: Collection[str] | None
    told: list[Told]
    orders: Orders
    frozen: dict[StreamId, list[Span]]
    unreadable: list[Discrepancy]

    @classmethod
    def now(cls, house: House, db: Connection, cameras: Collection[str] | None) -> Self:
        """A sheet is in the book before the journal tells of it: read the other way round, none is missing there."""
        told = told_sheets(house.journal, cameras)
        orders = read_orders(house.mandates, house.trusted, wanted=lambda one: cameras is None or one in cameras)
        return cls(house, db, cameras, told, orders, *frozen_spans(house.root))

    def streams(self) -> list[StreamId]:
        """Every stream that was ordered, recorded or is in the catalogue."""
        known: set[StreamId] = set(self.orders.mandated)
        folders = (self.house.root / "streams").glob("*/*")
        known |= {(path.parent.name, path.name) for path in folders if path.is_dir()}
        known |= {(row[0], row[1]) for row in self.db.execute("SELECT camera, name FROM stream")}
        return sorted(key for key in known if self.cameras is None or key[0] in self.cameras)

    def line(self, key: StreamId, day: date, span: Span) -> Line:
        """One stream on one day."""
        return StreamLook(self.house, self.db, self.orders, key, self.frozen.get(key, [])).line(day, span)

    def whole(self) -> list[Discrepancy]:
        """What concerns no day, but the chains."""
        wrong = check_sheets(self.house.root, self.told, self.orders) + check_dangling(self.db)
        return [*wrong, *self.unreadable, *check_frozen(self.house.root, self.house.journal)]


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
