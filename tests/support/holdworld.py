"""A recorder's vault and a ring side by side, on one clock, for the tests of terms and holds: real files, real SQLite,
real keys. What dies (a process) is made again with `restart`."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.support.chunks import CAMERA, feed, header_for
from tests.support.clips import clip, gops
from tests.support.frames import clear_frames
from tests.support.keys import KeyWorld, key_world

from beffroi.domain.acts import Act, Keeping
from beffroi.domain.clock import ManualClock
from beffroi.domain.ids import StreamName
from beffroi.vault.caserelease import HeldKey, LocalCases
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.chunk import ChunkHeader, ChunkWriter, CloseReason
from beffroi.vault.clockstamp import StampFile
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.destruction import Destroyer
from beffroi.vault.freezer import Freezer
from beffroi.vault.frozen import FrozenPiece
from beffroi.vault.hold import Hold
from beffroi.vault.journal import ActKind, Journal, JournalEntry
from beffroi.vault.keyring_remote import ChunkClaim
from beffroi.vault.ringkeeper import RingKeeper
from beffroi.vault.sealing import chunk_info, seal_content_key
from beffroi.vault.term import hour_term_end_us

TERM = 15
DAY_US = 86_400_000_000
MINUTE_US = 60_000_000
Trace = Callable[[str], None]


@dataclass
class HoldWorld:
    """Everything of one commune."""

    keys: KeyWorld
    clock: ManualClock
    root: Path
    catalogue: Catalogue
    journal: Journal
    watch: ClockWatch
    keeper: RingKeeper
    freezer: Freezer
    on_step: list[Trace] = field(default_factory=list)

    def step(self, at: str) -> None:
        """Each step of the recorder, before it is taken."""
        for told in list(self.on_step):
            told(at)

    def write(self, start_us: int, *, stream: StreamName = "main", seconds: int = 6) -> tuple[ChunkHeader, bytes]:
        """A closed file of one-second groups, its key sealed to its hour."""
        config, frames = clip(count=25 * seconds)
        key = secrets.token_bytes(16)
        header = replace(header_for(config, wall_start_us=start_us, stream=stream), sealed_key=b"")
        public = self.keys.hours.public_for(header.authority, TERM, header.hour)
        header = replace(header, sealed_key=seal_content_key(public, key, info=chunk_info(header)))
        writer = ChunkWriter.create(self.root, header, config, key, self.catalogue)
        feed(writer, gops(frames))
        writer.close(CloseReason.ROTATED)
        return header, key

    def hold(self, from_us: int, to_us: int, *, case: str = "dossier-1", days: int = 30, beyond_days: int = 20) -> Hold:
        """A hold of these minutes, asked now."""
        now_us = self.clock.wall_us()
        return Hold(
            case=case,
            authority=self.keys.authority,
            camera=CAMERA,
            from_us=from_us,
            to_us=to_us,
            until_us=now_us + days * DAY_US,
            beyond_us=beyond_days * DAY_US,
            asked_us=now_us,
            requested_by="operator-1",
            ledger_index=7,
        )

    @property
    def cases(self) -> LocalCases:
        """The case keys of the ring, refusing by the keeper's watch."""
        return LocalCases([self.keys.ring], self.keys.gate_key.public_key(), watch=self.keeper.watch)

    def lease(
        self, act: Act | Keeping = Act.EXTRACT, *, camera: str = CAMERA, from_us: int = 0, to_us: int = 1 << 61
    ) -> str:
        """A lease for all minutes, unless told."""
        return self.keys.lease(camera, act, from_us=from_us, to_us=to_us)

    def pieces(self, hold: Hold) -> list[Path]:
        """The files of a hold."""
        return sorted(self.freezer.store.directory(hold.id).glob("*.piece"))

    def reseal(self, hold: Hold, path: Path) -> None:
        """What the centre does for one piece: ask the ring, give the recorder the answer."""
        with FrozenPiece.open(path) as piece:
            held = HeldKey(hold.case, piece.beyond_us, piece.sealed_key)
            chunk = claim(piece.header)
        now_us = self.clock.wall_us()
        sealed = self.cases.reseal(
            chunk, held, self.lease(), until_us=hold.until_us, beyond_us=hold.beyond_us, now_us=now_us
        )
        self.freezer.seal(hold.id, path.stem, hold.beyond_us, sealed)

    def secure(self, hold: Hold) -> Hold:
        """Place a hold and seal all that is copied."""
        placed = self.freezer.place(hold)
        for path in self.pieces(placed):
            self.reseal(placed, path)
        return placed

    def frames(self, hold: Hold) -> list[bytes]:
        """The pictures of a hold, opened by the case key: what was shown, in order."""
        found = []
        for path in self.pieces(hold):
            with FrozenPiece.open(path) as piece:
                held = HeldKey(hold.case, piece.beyond_us, piece.sealed_key)
                key = self.cases.release_held(
                    claim(piece.header), held, self.lease(Act.REPLAY), now_us=self.clock.wall_us()
                )
                for gop in piece.gops:
                    found += [frame.data for frame in clear_frames(piece, gop, key)]  # type: ignore[arg-type]  # same interface
        return found

    def destroyer(self, trace: Trace | None = None, *, min_days: int | None = 0) -> Destroyer:
        """The recorder's."""
        return Destroyer(
            self.root,
            catalogue=self.catalogue,
            journal=self.journal,
            clock=self.clock,
            watch=self.watch,
            legal_tz=self.keys.hours.legal_tz,
            freezer=self.freezer,
            min_days=lambda _: min_days,
            trace=trace or self.step,
        )

    def make_freezer(self, trace: Trace | None = None) -> Freezer:
        """The recorder's, from what lies on disk."""
        return Freezer(
            self.root,
            catalogue=self.catalogue,
            journal=lambda: self.journal,
            clock=self.clock,
            watch=self.watch,
            legal_tz=self.keys.hours.legal_tz,
            trace=trace or self.step,
        )

    def restart(self) -> None:
        """The recorder and the ring's process start again: only what is on disk is left."""
        self.catalogue.close()
        self.journal.close()
        self.catalogue = Catalogue.open(self.root / "catalogue.sqlite")
        self.journal = Journal.open(self.root / "journal.sqlite")
        self.watch = ClockWatch(self.clock, stamp=StampFile(self.root / "clock.json"), boot="boot-1")
        self.freezer = self.make_freezer()
        self.keeper = RingKeeper(self.keys.ring, self.keys.ring.directory, self.clock, boot="boot-1")

    def minute(self) -> None:
        """What the duties of the recorder and of the ring's process do each minute."""
        self.keeper.once()
        self.destroyer().run()
        self.freezer.once()
        self.watch.note()

    def end_us(self, header: ChunkHeader) -> int:
        """The end of a file's own term."""
        return hour_term_end_us(header.hour, TERM, "Europe/Paris")

    def go_to(self, wall_us: int) -> None:
        """Let time pass up to an instant."""
        self.clock.advance((wall_us - self.clock.wall) / 1_000_000)

    def acts(self, *kinds: ActKind) -> list[JournalEntry]:
        """The journal's acts of these kinds."""
        return [entry for entry in self.journal.read_after(0, 10_000) if entry.kind in kinds]


def claim(header: ChunkHeader) -> ChunkClaim:
    """What a keyring needs of a header."""
    return ChunkClaim(
        header.camera, header.stream, header.run, header.authority, header.term_days, header.hour, header.kid,
        header.sealed_key, header.wall_start_us,
    )  # fmt: skip


def hold_world(folder: Path) -> HoldWorld:
    """A new one under a folder."""
    clock = ManualClock()
    keys = key_world(folder, clock, term_days=TERM)
    root = folder / "recorder"
    watch = ClockWatch(clock, stamp=StampFile(root / "clock.json"), boot="boot-1")
    catalogue, journal = Catalogue.open(root / "catalogue.sqlite"), Journal.open(root / "journal.sqlite")
    keeper = RingKeeper(keys.ring, keys.ring.directory, clock, boot="boot-1")
    steps: list[Trace] = []

    def told(at: str) -> None:
        for one in list(steps):
            one(at)

    freezer = Freezer(
        root,
        catalogue=catalogue,
        journal=lambda: journal,
        clock=clock,
        watch=watch,
        legal_tz=keys.hours.legal_tz,
        trace=told,
    )
    return HoldWorld(keys, clock, root, catalogue, journal, watch, keeper, freezer, steps)
