"""The figures of a month, added up camera by camera: views, refusals, outages, destructions. Never per person."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from beffroi.domain.acts import Act
from beffroi.domain.gaps import GapCause
from beffroi.domain.ranges import WallRange
from beffroi.ledger.entry import EntryKind, Record
from beffroi.publish.registers.period import Period
from beffroi.publish.registers.privacy import secret_of
from beffroi.publish.registers.recordings import images_of, on_time
from beffroi.publish.registers.views import View


@dataclass(slots=True)
class Outage:
    """Gaps of one camera for one cause: how many, and how long in all, in microseconds of wall time without a picture
    (two streams missing at once count once)."""

    ranges: list[WallRange] = field(default_factory=list)

    @property
    def missing_us(self) -> int:
        """The length of their union."""
        total, until = 0, 0
        for one in sorted(self.ranges):
            total += max(0, one.to_us - max(one.from_us, until))
            until = max(until, one.to_us)
        return total

    @property
    def times(self) -> int:
        """How often: gaps that touch are one."""
        count, until = 0, -1
        for one in sorted(self.ranges):
            count += one.from_us > until
            until = max(until, one.to_us)
        return count


@dataclass(slots=True)
class Tally:
    """Add the entries of one camera after the other, in any number of parts; those of procedures are passed over."""

    period: Period
    views: Counter[Act] = field(default_factory=Counter)
    purposes: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    outages: dict[tuple[str, GapCause], Outage] = field(default_factory=dict)
    files: int = 0
    late: int = 0
    early: int = 0
    unknown: int = 0
    keys: int = 0
    _opened: set[int] = field(default_factory=set)
    _cut: set[int] = field(default_factory=set)
    """Numbers of openings that are counted, and of those that a cut followed: the two may come in different parts."""

    @property
    def cut(self) -> int:
        """How many of the views were cut."""
        return len(self._opened & self._cut)

    def add(self, records: Iterable[Record]) -> None:
        """Add entries, each once."""
        for record in records:
            if record.kind in {EntryKind.VIEW_OPENED, EntryKind.VIEW_REFUSED}:
                self._view(View(record))
            elif record.kind is EntryKind.VIEW_CUT and record.opened is not None:
                self._cut.add(record.opened)
            elif record.kind is EntryKind.DESTRUCTION and self._within(record) and secret_of(record) is None:
                self._destroyed(record)
            elif record.kind is EntryKind.RECORDER and record.outcome == "gap":
                self._gap(record)

    def _view(self, view: View) -> None:
        if not self._within(view.first) or secret_of(view.first) is not None:
            return
        if view.refused:
            self.refusals[", ".join(view.articles) or "-"] += 1
            return
        self._opened.add(view.first.index)
        if view.first.act is not None:
            self.views[view.first.act] += 1
        if view.first.purpose is not None:
            self.purposes[view.first.purpose.value] += 1

    def _destroyed(self, record: Record) -> None:
        if record.camera is None:
            self.keys += 1
            return
        self.files += 1
        punctual = on_time(record)
        self.late += punctual is False
        self.unknown += punctual is None
        self.early += record.detail.get("cause") == "disk_full"

    def _gap(self, record: Record) -> None:
        missing, span = images_of(record), self.period.span
        if missing is None or record.camera is None or not missing.overlaps(span):
            return
        known = GapCause.told(record.detail.get("cause"))
        within = WallRange(max(missing.from_us, span.from_us), min(missing.to_us, span.to_us))
        self.outages.setdefault((record.camera, known), Outage()).ranges.append(within)

    def _within(self, record: Record) -> bool:
        return self.period.span.from_us <= record.happened_us < self.period.span.to_us
