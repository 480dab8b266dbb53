"""A small recorder's house for the accounts: the real parts that write (recording, journal, catalogue, sheets,
destruction), on a clock that moves when told. One frame stands for a stretch of time, so that days are cheap."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

from tests.support.clips import clip
from tests.support.keys import KeyWorld, key_world
from tests.support.sheets import good_sheet

from beffroi.capture.ends import RunEnd
from beffroi.capture.groups import Group
from beffroi.capture.intake import Run
from beffroi.capture.mandate import Mandate, StreamKey
from beffroi.capture.recording import Shelf, StreamRecording
from beffroi.domain.clock import ManualClock
from beffroi.domain.gaps import GapCause
from beffroi.domain.ids import CameraId
from beffroi.vault.account import Account, account
from beffroi.vault.accountline import House
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.destruction import Destroyer
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.mandates import MandateBook
from beffroi.vault.recover import recover
from beffroi.vault.sheet import SheetSigner, SheetStream
from beffroi.vault.sheetstore import SheetStore
from beffroi.vault.tell import tell_untold

CAMERA: Final = CameraId("cam-1")
S: Final = 1_000_000
MINUTE: Final = 60 * S
DAY: Final = 86_400 * S
TERM: Final = 2


class SmallHouse:
    """One camera, one stream. Every method that takes time moves the clock."""

    def __init__(self, data: Path, clock: ManualClock | None = None, *, legal_tz: str = "Europe/Paris") -> None:
        self.data, self.root, self.clock = data, data / "recorder", clock or ManualClock()
        self.world: KeyWorld = key_world(data, self.clock, term_days=TERM, hours_after=24 * 8, legal_tz=legal_tz)
        self.catalogue = Catalogue.open(self.root / "catalogue.sqlite")
        self.journal = Journal.open(self.root / "journal.sqlite")
        self.mandates = MandateBook.open(self.root / "mandates.sqlite")
        self.watch = ClockWatch(self.clock)
        self.signer = SheetSigner(self.world.sheet_key)
        self.legal_tz = legal_tz
        self.recording: StreamRecording | None = None
        self.cause = GapCause.RECORDER_STOPPED
        self.serial = 0
        self.ordered_us = 0
        self.runs = 0
        self.lose_acts = False

    # --- sheets ---

    def order(self, days: float = 31, **changes: Any) -> None:
        """A new sheet comes, from now on."""
        now_us = self.clock.wall_us()
        self.serial += 1
        self.ordered_us = now_us
        sheet = good_sheet(now_us, camera=CAMERA, serial=self.serial, term_days=TERM, legal_tz=self.legal_tz)
        sheet = replace(sheet, issued_us=now_us, valid_from_us=now_us, streams=(SheetStream("main", "rtsp://h/m"),))
        sheet = replace(sheet, valid_until_us=now_us + round(days * DAY), **changes)
        self.store().install(self.signer.sign(sheet))
        self.read_sheets()
        self.post(ActKind.SHEET_APPLIED, {"camera": CAMERA, "serial": self.serial})

    def revoke(self) -> None:
        """The order is withdrawn; the stream stops."""
        notice = self.signer.revoke(CAMERA, up_to_serial=self.serial, issued_us=self.clock.wall_us(), reason="essai")
        self.store().install_revocation(notice)
        self.read_sheets()
        self.stop(GapCause.NO_ORDER)

    def store(self) -> SheetStore:
        return SheetStore(self.root / "sheets", (self.world.sheet_key.public_key(),))

    def read_sheets(self) -> None:
        """As the recorder does each 15 s."""
        now_us = self.clock.wall_us()
        self.mandates.note(self.store().load(now_us), self.root / "sheets", now_us)

    # --- recording ---

    def post(self, kind: ActKind, fields: dict[str, Any], *, once: str | None = None) -> None:
        """As `RecorderJournal.post`; lost when the process is about to die."""
        if not self.lose_acts:
            self.journal.append(kind, fields, wall_us=self.clock.wall_us(), once=once)

    def start(self) -> StreamRecording:
        """The stream's thread begins; what is accounted for is found as the worker finds it."""
        if self.recording is None:
            shelf = Shelf(
                root=self.root,
                catalogue=self.catalogue,
                hours=lambda: self.world.hours,
                recorder="enregistreur-1",
                journal=self.post,
                clock=self.clock,
            )
            key = StreamKey(CAMERA, "main")
            mandate = Mandate(key, self.world.authority, TERM, 0, 1 << 60, 1, "rtsp://h/m", open_url=lambda: "")
            self.recording = StreamRecording(mandate, shelf, self.catalogue.accounted_us(CAMERA, "main"), self.cause)
            self.runs += 1
        return self.recording

    def record(self, seconds: float, *, group_s: float = 60.0, slew_us: int = 0) -> None:
        """Pictures come for that long, in groups; ``slew_us`` is what the clock slews at each group."""
        recording = self.start()
        config, frames = clip(count=1, gop=1)
        run = cast(Run, SimpleNamespace(id=f"{self.runs:032x}", config=config))
        end_us = self.clock.wall_us() + round(seconds * S)
        at_90k = self.clock.wall_us() % (1 << 20) * 9 // 100
        while self.clock.wall_us() < end_us:
            start_us = self.clock.wall_us() + slew_us
            lasts_us = max(1000, min(round(group_s * S), end_us - self.clock.wall_us()))
            lasts_90k = lasts_us * 9 // 100
            frame = replace(frames[0], dts_90k=at_90k, pts_90k=at_90k)
            after = start_us + lasts_us
            recording.write(Group(run, [frame], start_us, after, at_90k + lasts_90k, len(frame.data)))
            at_90k += lasts_90k
            self.clock.advance(lasts_us / S)

    def miss(self, seconds: float, end: RunEnd = RunEnd.STALLED, *, step_us: int = 0) -> None:
        """The run ends and nothing comes for that long; calls fail meanwhile."""
        recording = self.start()
        recording.run_ended(end, step_us)
        self.runs += 1
        until_us = self.clock.wall_us() + round(seconds * S)
        while self.clock.wall_us() < until_us:
            self.clock.advance(min(300.0, (until_us - self.clock.wall_us()) / S))
            recording.attempt_failed(RunEnd.REFUSED)

    def stop(self, cause: GapCause = GapCause.RECORDER_STOPPED) -> None:
        """The stream ends in order."""
        if self.recording is not None:
            self.recording.run_ended(RunEnd.SHEET if cause is GapCause.NO_ORDER else RunEnd.STOPPED)
            self.recording.close(cause)
            self.recording = None
        self.cause = cause

    def crash(self, *, acts_lost: bool = False) -> None:
        """The process dies: the open file has no footer; with ``acts_lost`` it was closed and its act never entered."""
        if self.recording is not None:
            if acts_lost:
                self.lose_acts = True
                self.recording.run_ended(RunEnd.CLOSED)
                self.lose_acts = False
            chunk = self.recording._chunk
            if chunk is not None:
                chunk.abandon()
            self.recording = None
        self.cause = GapCause.RECORDER_KILLED

    def recover(self) -> None:
        """What the next start does before the first worker."""
        recover(self.root, self.catalogue)
        tell_untold(self.root / "catalogue.sqlite", self.root / "journal.sqlite", self.post)

    def destroy(self, trace: Callable[[str], None] | None = None) -> int:
        """A pass of destruction. ``trace`` is told each step before it is taken."""
        self.watch.settle()
        destroyer = Destroyer(
            self.root,
            catalogue=self.catalogue,
            journal=self.journal,
            clock=self.clock,
            watch=self.watch,
            legal_tz=lambda *_: self.legal_tz,
            trace=trace,
        )
        return destroyer.run().destroyed

    # --- the account ---

    def account(self, *, running: bool = True, patience: Callable[[], None] = lambda: None, **asked: Any) -> Account:
        """``patience``: what happens before anything is looked at again."""
        house = House(
            self.root, self.journal, self.mandates.journal, (self.world.sheet_key.public_key(),),
            self.clock.wall_us, running,
        )  # fmt: skip
        return account(house, patience=patience, **asked)

    def close(self) -> None:
        self.catalogue.close()
        self.journal.close()
        self.mandates.close()


@dataclass
class Frozen:
    """A house that stands still on disk: copied, damaged, accounted for."""

    data: Path
    now_us: int
    key: Any

    def damaged(self, where: Path, damage: Callable[[Path], None]) -> Account:
        """The account of a copy after ``damage`` was done to its recorder's folder."""
        shutil.rmtree(where, ignore_errors=True)
        shutil.copytree(self.data / "recorder", where)
        damage(where)
        journal, mandates = Journal.open(where / "journal.sqlite"), Journal.open(where / "mandates.sqlite")
        try:
            return account(House(where, journal, mandates, (self.key,), lambda: self.now_us, running=False))
        finally:
            journal.close()
            mandates.close()
