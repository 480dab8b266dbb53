"""The monthly report of each commune: made from the 2nd on for the month before, kept, its hash entered."""

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from beffroi.base.files import write_durable
from beffroi.capture.client import RecorderClient
from beffroi.domain.errors import BeffroiError
from beffroi.domain.ids import BodyId
from beffroi.domain.ranges import WallRange
from beffroi.ledger.choosing import Choice, every
from beffroi.ledger.entry import Entry, EntryKind, Record
from beffroi.publish.registers.draw import Place
from beffroi.publish.registers.heads import head_of
from beffroi.publish.registers.pdf import pdf_of
from beffroi.publish.registers.period import Period
from beffroi.publish.registers.privacy import counts, secret_of
from beffroi.publish.registers.report import Machine, report_of
from beffroi.publish.registers.table import reference
from beffroi.publish.registers.tally import Tally
from beffroi.publish.registers.views import VIEW_KINDS
from beffroi.server.centre import Centre
from beffroi.server.registers import MOST, today_of

_log = structlog.get_logger(__name__)

LOOK_S: Final = 900.0
"""How often the month is looked at, and how long after the start first: opening the centre comes before papers."""
_TOLD: Final = frozenset({EntryKind.RECORDER, EntryKind.DESTRUCTION})
"""What recorders tell."""

_DAY_US: Final = 86_400_000_000
_ACCOUNT_S: Final = 120.0
_CROSSING: Final = timedelta(days=1)
"""After the month's end: a gap or a view that crosses its last midnight is entered when it ends."""

_PATIENCE: Final = timedelta(days=7)
"""After that, for a recorder that does not answer: what is kept is never made again."""

Account = dict[str, dict[str, int]]
"""The recorder's sums by camera, in microseconds."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A report that was made. ``entry`` is its entry's number, ``reference`` what a commune may know of it."""

    commune: str
    month: str
    sha256: str
    entry: int
    reference: str
    made_us: int


class Reports:
    """One per centre; ``folder`` is the centre's. A report that failed is tried again at the next look; so is one that
    would lack the recorder's account, until its patience is at its end."""

    def __init__(self, centre: Centre, folder: Path) -> None:
        self._centre = centre
        self._folder = folder / "reports"
        self._making = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reports", daemon=True)

    def start(self) -> None:
        """Begin to look whether a month is over."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def listed(self) -> list[Kept]:
        """The reports that were made, newest month first."""
        found = [Kept(**json.loads(path.read_text())) for path in self._folder.glob("*.json")]
        return sorted(found, key=lambda one: (one.month, one.commune), reverse=True)

    def pdf(self, commune: str, month: str) -> bytes | None:
        """A report that was made."""
        kept = next((one for one in self.listed() if (one.commune, one.month) == (commune, month)), None)
        return None if kept is None else self._path(kept.commune, kept.month).with_suffix(".pdf").read_bytes()

    def look(self) -> int:
        """Make what the month that is over still lacks; how many. On the 1st, still of the month before.

        What fails is logged, and tried again at the next look.
        """
        today = today_of(self._centre)
        over = (today - _CROSSING).replace(day=1) - timedelta(days=1)
        month = Period.month(over.strftime("%Y-%m"))
        facts = self._centre.registry.facts()
        made = 0
        for commune in sorted({camera.commune for camera in facts.cameras.values()}):
            if self._stopping.is_set() or self._path(commune, month.name).with_suffix(".json").exists():
                continue
            try:
                made += self._made(Place.of(facts, commune), commune, month, today)
            except Exception:  # noqa: BLE001  whatever one commune's report meets, the others have theirs
                _log.exception("monthly report not made")
        return made

    def _made(self, place: Place, commune: BodyId, month: Period, today: date) -> bool:
        account, faults = asyncio.run(account_of(self._centre.recorder_socket, place, month))
        if account is None and today - month.last <= _CROSSING + _PATIENCE:
            _log.warning("monthly report put off: the recorder does not answer", month=month.name)
            return False
        self._make(place, commune, month, account, faults)
        return True

    def _make(self, place: Place, commune: BodyId, month: Period, account: Account | None, faults: int) -> Kept:
        """Draw a report, enter its hash, keep both. A stop between entry and file makes it again, with an entry of its
        own: the register then tells of two, the folder holds the last."""
        with self._making:
            sheet = sheet_of(self._centre, place, month, account, faults)
            body = pdf_of("report", sheet)
            sha256 = hashlib.sha256(body).hexdigest()
            detail = {"report": month.name, "commune": commune, "sha256": sha256, "bytes": len(body)}
            index = self._centre.ledger.append(Entry(EntryKind.REPORT_MADE, outcome="month", detail=detail))
            record = self._centre.ledger.record(index)
            kept = Kept(commune, month.name, sha256, index, reference(record), record.time_us)
            self._folder.mkdir(mode=0o700, exist_ok=True)
            path = self._path(commune, month.name)
            write_durable(path.with_suffix(".pdf"), body)
            write_durable(path.with_suffix(".json"), json.dumps(asdict(kept)).encode())
            return kept

    def _path(self, commune: str, month: str) -> Path:
        # a commune's code may hold any character: the file is named by its hash
        return self._folder / f"{month}-{hashlib.sha256(commune.encode()).hexdigest()[:16]}"

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            try:
                self.look()
            except Exception:  # noqa: BLE001  the database may refuse once: the thread must look again
                _log.exception("monthly report not made")


def sheet_of(centre: Centre, place: Place, month: Period, account: Account | None, faults: int) -> dict[str, Any]:
    """The data of a commune's report. Blocking: seconds for each camera and month of recordings."""
    today = today_of(centre)
    tally, counted = tallied(place, month, centre.ledger.chosen)
    status = centre.witnessing.status()
    head = head_of(centre.ledger.checkpoint(), centre.ledger.checkpoint_note())
    return report_of(
        place,
        month,
        tally,
        counts(counted, month, today, whole=False),
        Machine(account, faults, status.text, status.witnessed),
        head=head,
        reasons={one.purpose.value: one.text.fr for one in centre.duties.reasons()},
        drawn_us=centre.clock.wall_us(),
        today=today,
    )


def tallied(place: Place, month: Period, chosen: Callable[[Choice], list[Record]]) -> tuple[Tally, list[Record]]:
    """The figures of a month, and the entries of procedures to be counted; a camera and five days at a time, or less
    where a stream flaps, so that two hundred thousand entries never lie in memory at once.

    Raises:
        TooDenseError: more entries of one second than are ever read at once: no report rather than one that leaves
            some out.
    """
    tally, counted = Tally(month), list[Record]()
    within = month.span
    for camera in sorted(place.cameras):
        of_camera = frozenset({camera})
        views = Choice(_after(within, _DAY_US), VIEW_KINDS | {EntryKind.HOLD}, of_camera, limit=MOST)
        for records in every(chosen, views):
            tally.add(records)
            of_month = (one for one in records if within.from_us <= one.happened_us < within.to_us)
            counted += [one for one in of_month if secret_of(one) is not None]
        for span in _slices(within):
            for records in every(chosen, Choice(span, _TOLD, of_camera, limit=MOST)):
                tally.add(records)
    nowhere = Choice(within, frozenset({EntryKind.DESTRUCTION}), frozenset(), place.authorities, MOST)
    for records in every(chosen, nowhere):
        tally.add(records)
    return tally, counted


def _after(span: WallRange, more_us: int) -> WallRange:
    return WallRange(span.from_us, span.to_us + more_us)


def _slices(span: WallRange) -> Iterator[WallRange]:
    """Five days at a time, and one more day for gaps that were told late."""
    begin, end = span.from_us, span.to_us + _DAY_US
    while begin < end:
        yield WallRange(begin, min(end, begin + 5 * _DAY_US))
        begin += 5 * _DAY_US


async def account_of(socket: Path, place: Place, month: Period) -> tuple[Account | None, int]:
    """The recorder's sums by camera, in microseconds, and how many faults; None when it does not answer. A camera at a
    time: each has the time that an account may take, and the recorder's other duties have theirs in between."""
    days: list[dict[str, Any]] = []
    first, last = month.first.isoformat(), month.last.isoformat()
    try:
        async with RecorderClient(socket) as recorder:
            await recorder.ping()
        async with RecorderClient(socket, timeout_s=_ACCOUNT_S) as recorder:
            for camera in sorted(place.cameras):
                days += (await recorder.account(first, last, [camera]))["days"]
    except BeffroiError:
        return None, 0
    sums: Account = {}
    for line in days:
        if line["camera"] not in place.cameras or line["stream"] != "main":
            continue
        of_camera = sums.setdefault(line["camera"], {})
        for name, value in line.items():
            if name.endswith("_us") and name != "frozen_us":
                of_camera[name.removesuffix("_us")] = of_camera.get(name.removesuffix("_us"), 0) + int(value)
    return sums, sum(len(line["wrong"]) for line in days if line["camera"] in place.cameras)
