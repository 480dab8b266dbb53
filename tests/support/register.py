"""Registers for tests: real files, a real key, a clock that moves when told."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beffroi.base.files import fsync_fd
from beffroi.domain.acts import Act, Purpose, Verdict
from beffroi.domain.clock import Clock, ManualClock
from beffroi.domain.errors import BrokenError
from beffroi.domain.ids import AuthorityId, CameraId, PersonId, ViewId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.ledger.entry import Asked, Entry, EntryKind, Trace
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.note import Checkpoint
from beffroi.ledger.signing import OwnKey, Proof, Signer, SignerGoneError
from beffroi.ledger.store import Fsync
from beffroi.ledger.tiles import ENTRIES, MAX_LEVEL, WIDTH, TileId

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "beffroi.example/register"
DAY_S = 86_400.0


def quick_fsync(_fd: int, _path: Path) -> None:
    """For tests of content, not of durability."""


def open_ledger(
    folder: Path,
    *,
    clock: Clock | None = None,
    fsync: Fsync = quick_fsync,
    key: Ed25519PrivateKey | Signer = KEY,
) -> Ledger:
    """A register in ``folder/ledger``; payloads and index in ``folder``."""
    return Ledger.open(folder / "ledger", clock or ManualClock(), key, origin=ORIGIN, fsync=fsync)


class DeafSigner(OwnKey):
    """Signs, remembers, and its answer is lost on the way: the next ``lost`` times."""

    def __init__(self) -> None:
        super().__init__(KEY, ORIGIN)
        self.lost = 0
        self.note: bytes | None = None

    def sign(self, head: Checkpoint, proof: Proof) -> bytes:
        """As its key does; the caller hears it, or does not."""
        self.note = super().sign(head, proof)
        if self.lost:
            self.lost -= 1
            raise SignerGoneError("the answer was lost")
        return self.note

    def last(self) -> bytes | None:
        """The newest checkpoint signed."""
        return self.note


def durable_ledger(folder: Path, clock: Clock) -> Ledger:
    """As `open_ledger`, with the real fsync."""
    return open_ledger(folder, clock=clock, fsync=fsync_fd)


@contextmanager
def silent(ledger: Ledger) -> Iterator[None]:
    """The register refuses every entry and says that it is closed, as after a disk that refused; then it is back. What
    it was writing is written."""
    error = BrokenError(Text(fr="muet", en="silent"))

    def refuse(_made: object) -> None:
        raise error

    with pytest.MonkeyPatch.context() as shut:
        shut.setattr(ledger, "_hand_in", refuse)
        shut.setattr(Ledger, "failure", property(lambda one: error if one is ledger else None))
        yield


def view_entry(number: int, *, person: str = "operateur-1") -> Entry:
    """The opening of a replay, with all its fields."""
    return Entry(
        EntryKind.VIEW_OPENED,
        actor=PersonId(person),
        session="s-1",
        view=ViewId(f"view-{number}"),
        camera=CameraId(f"cam-{number % 7}"),
        authority=AuthorityId("maire/99001"),
        act=Act.REPLAY,
        purpose=Purpose.F5,
        footage=WallRange(1_000_000, 2_000_000 + number),
        decision=Trace(
            Verdict.ALLOW,
            "G1",
            ("R1", "R2"),
            ("CSI L.132-14",),
            ("agreement/E-X",),
            "ab" * 32,
            "cd" * 32,
            Asked(at_us=1_700_000_000_000_000, revision=7, two_factor=True, post="poste-1"),
        ),
        outcome="allow",
        payload={"name": "Opérateur de permanence", "reason": f"réquisition n° {number}", "ip": "192.0.2.7"},
    )


def fill(ledger: Ledger, count: int, *, person: str = "operateur-1") -> None:
    """Append ``count`` entries, many to a commit."""
    futures = [ledger.submit(view_entry(number, person=person)) for number in range(count)]
    for future in futures:
        future.result(30)


def aged(folder: Path, old: int, young: int, *, signer: Signer | None = None) -> tuple[Ledger, ManualClock]:
    """``old`` entries written thirteen months ago and ``young`` ones now."""
    clock = ManualClock()
    ledger = open_ledger(folder, clock=clock, key=signer or KEY)
    fill(ledger, old)
    clock.advance(400 * DAY_S)
    fill(ledger, young)
    return ledger, clock


def bundle(folder: Path, number: int) -> Path:
    """The file of a whole bundle of entries."""
    return folder / "ledger" / TileId(ENTRIES, number).path


def tiles_of(size: int) -> list[TileId]:
    """Every hash tile and entry bundle of a tree of ``size`` leaves, right edges last in each level."""
    found: list[TileId] = []
    for level in (ENTRIES, *range(MAX_LEVEL + 1)):
        count = size >> (8 * max(level, 0))
        found.extend(TileId(level, index) for index in range(count // WIDTH))
        if count % WIDTH:
            found.append(TileId(level, count // WIDTH, count % WIDTH))
    return found
