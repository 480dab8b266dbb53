"""A recorder's journal behind its real control socket, a register, and the centre's part between the two."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.register import KEY, ORIGIN, fill, open_ledger

from beffroi.capture.acts import RecorderJournal
from beffroi.capture.client import RecorderClient
from beffroi.capture.control import ControlServer
from beffroi.capture.handle import StreamId
from beffroi.capture.leases import LeaseChecker
from beffroi.capture.methods import Methods
from beffroi.capture.registerheads import RegisterHeads
from beffroi.domain.clock import ManualClock
from beffroi.domain.text import Text
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.note import Verifier
from beffroi.server.crosssign import JOURNAL_MARK, CrossSigning
from beffroi.server.intake import JournalIntake
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.crosscheck import cross
from beffroi.vault.crossfindings import CrossKind, CrossReport
from beffroi.vault.journal import ActKind
from beffroi.vault.journalchain import act_hash
from beffroi.vault.signed import canonical

VERIFIER = Verifier(ORIGIN, KEY.public_key())
NAME = "recorder"
HOUR_S = 3600.0


class _Nobody:
    """The rest of a recorder: no stream is asked about here."""

    def health(self) -> dict[StreamId, dict[str, object]]:
        return {}

    def reload(self) -> None:
        raise NotImplementedError


@dataclass
class Pair:
    """``round`` is what the centre does every two seconds; ``told`` what it shows now, by subject."""

    folder: Path
    clock: ManualClock
    acts: RecorderJournal
    heads: RegisterHeads
    client: RecorderClient
    ledger: Ledger
    told: dict[str, Text] = field(default_factory=dict)
    _taking: JournalIntake | None = None

    @property
    def trust(self) -> Path:
        return self.folder / "trust" / "register.vkey"

    @property
    def journal_file(self) -> Path:
        return self.folder / "journal.sqlite"

    @property
    def register(self) -> Path:
        return self.folder / "centre" / "ledger"

    def say(self, what: str, why: Text | None) -> None:
        self.told.pop(what, None)
        if why is not None:
            self.told[what] = why

    def act(self, count: int = 1, kind: ActKind = ActKind.RECORDING_STARTED, **fields: Any) -> None:
        """Acts of the recorder, each durable."""
        journal = self.acts.reader()
        for _ in range(count):
            number = journal.last_seq() + 1
            said = {"camera": f"cam-{number % 3}", "rate": number + 0.25, "run": number, **fields}
            journal.append(kind, said, wall_us=self.clock.wall_us())

    async def round(self) -> int:
        """Compare, hand over a checkpoint when due, take in; a restart of the centre is a new `serve`."""
        if self._taking is None:
            self.serve(self.ledger)
        assert self._taking is not None
        return await self._taking.once()

    def serve(self, ledger: Ledger) -> None:
        """A centre that starts on this register."""
        self.ledger = ledger
        self.told.clear()
        signing = CrossSigning(
            self.client, ledger, name=NAME, mark=self.folder / "centre" / JOURNAL_MARK, tell=self.say
        )
        self._taking = JournalIntake(self.client, ledger, name=NAME, cross=signing)

    async def hours(self, count: int, *, entries: int = 20, acts: int = 5) -> None:
        """Hours of a site at work, with its centre."""
        for _ in range(count):
            self.act(acts)
            fill(self.ledger, entries)
            await self.round()
            await self.round()
            self.clock.advance(HOUR_S)

    def kept(self) -> list[tuple[int, int]]:
        """(act, size) of the checkpoints in the journal."""
        sql = "SELECT seq, json_extract(fields, '$.size') FROM act WHERE kind = 'register_head' ORDER BY seq"
        return [(seq, size) for seq, size in self.acts.reader().select(sql)]

    def alarms(self) -> list[dict[str, Any]]:
        return [one.fields for one in self.acts.reader().read_after(0, 10_000) if one.kind is ActKind.ALARM]

    def cross(self, **more: Any) -> CrossReport:
        """Offline, on the files."""
        return cross(self.register, VERIFIER, self.journal_file, recorder=NAME, **more)

    def kinds(self) -> set[CrossKind]:
        return {one.kind for one in self.cross().findings}


@asynccontextmanager
async def pair(folder: Path, *, key: bool = True) -> AsyncIterator[Pair]:
    """Everything at work in a folder; ``key``: the recorder was given the register's key."""
    clock = ManualClock()
    (folder / "trust").mkdir(parents=True)
    (folder / "centre").mkdir()
    if key:
        (folder / "trust" / "register.vkey").write_text(VERIFIER.encode() + "\n")
    acts = RecorderJournal(folder / "journal.sqlite", clock)
    heads = RegisterHeads(folder / "trust" / "register.vkey", journal=acts.reader, clock=clock)
    catalogue = Catalogue.open(folder / "catalogue.sqlite")
    served = ControlServer(
        Methods(
            root=folder,
            catalogue=catalogue,
            journal=acts.reader,
            leases=LeaseChecker(folder / "gate.pub", clock),
            recorder=_Nobody(),
            clock=clock,
            more=heads.methods(),
        )
    )
    await served.start(folder / "s")
    made: Pair | None = None
    try:
        async with RecorderClient(folder / "s") as client:
            made = Pair(folder, clock, acts, heads, client, open_ledger(folder / "centre", clock=clock))
            yield made
    finally:
        await served.stop()
        acts.close()
        catalogue.close()
        if made is not None:
            made.ledger.close()


Row = tuple[int, int, str, str, str | None]


def rewrite(path: Path, change: Callable[[list[Row]], list[Row]], *, chained: bool = True) -> None:
    """The acts of a journal made other ones by whoever may write the file; ``chained``: hashes are computed anew."""
    with sqlite3.connect(path) as db:
        opening = db.execute("SELECT hash FROM opening").fetchone()
        rows = db.execute("SELECT seq, wall_us, kind, fields, once, hash FROM act ORDER BY seq").fetchall()
        known = {row[0]: row[5] for row in rows}
        db.execute("DELETE FROM act")
        before = opening[0] if opening else bytes(32)
        for row in change([tuple(row[:5]) for row in rows]):
            before = act_hash(before, row) if chained else known.get(row[0], bytes(32))
            db.execute("INSERT INTO act VALUES (?, ?, ?, ?, ?, ?)", (*row, before))
        db.execute("UPDATE sqlite_sequence SET seq = (SELECT IFNULL(MAX(seq), 0) FROM act) WHERE name = 'act'")
    db.close()


def edited(seq: int, **fields: Any) -> Callable[[list[Row]], list[Row]]:
    """Another content of one act."""
    text = canonical(fields).decode()
    return lambda rows: [(*row[:3], text, row[4]) if row[0] == seq else row for row in rows]


def crossed(folder: Path, **more: Any) -> CrossReport:
    """Offline, on the files of a pair that has ended."""
    return cross(folder / "centre" / "ledger", VERIFIER, folder / "journal.sqlite", recorder=NAME, **more)


def kinds(report: CrossReport) -> set[CrossKind]:
    """What was found, by kind."""
    return {one.kind for one in report.findings}
