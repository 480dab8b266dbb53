"""Two persons settle the clock: signed by the centre, for this boot and this quarter of an hour, once, and entered."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.keys import key_world

from beffroi.capture.destroying import Destroying
from beffroi.capture.paths import RecorderPaths
from beffroi.domain.clock import ManualClock
from beffroi.domain.errors import BadInputError
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.clocksettle import NAME, VALID_US, Settlement, install, take
from beffroi.vault.clockstamp import boot_id
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.freezer import Freezer
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.ringkeeper import RingKeeper
from beffroi.vault.signed import sign_paper

KEY = Ed25519PrivateKey.generate()
BOOT = "boot-1"


def doubted() -> tuple[ManualClock, ClockWatch]:
    clock = ManualClock()
    watch = ClockWatch(clock, boot=BOOT)
    clock.step(7200)
    assert watch.doubtful()
    return clock, watch


def attempt(folder: Path, clock: ManualClock, watch: ClockWatch) -> list[Settlement]:
    told: list[Settlement] = []
    take(folder, [KEY.public_key()], watch, clock, enter=told.append, boot=BOOT)
    return told


def test_two_persons_are_believed_once(tmp_path: Path) -> None:
    clock, watch = doubted()
    said = Settlement(BOOT, clock.wall_us(), ("person-a", "person-b"))
    install(tmp_path, said, KEY)
    clock.advance(120)
    assert attempt(tmp_path, clock, watch) == [said]
    assert not watch.doubtful()
    assert not (tmp_path / NAME).exists()
    assert attempt(tmp_path, clock, watch) == []


@pytest.mark.parametrize(
    "change",
    [{"boot": "another"}, {"wall_us": VALID_US + 1}, {"wall_us": -VALID_US - 1}],
    ids=["another boot", "too late", "of the future"],
)
def test_a_settlement_of_another_hour_or_boot_settles_nothing(tmp_path: Path, change: dict[str, Any]) -> None:
    clock, watch = doubted()
    shift = change.pop("wall_us", 0)
    said = replace(Settlement(BOOT, clock.wall_us() - shift, ("a", "b")), **change)
    install(tmp_path, said, KEY)
    assert attempt(tmp_path, clock, watch) == []
    assert watch.doubtful()
    assert not (tmp_path / NAME).exists(), "it is set aside, not tried for ever"


@pytest.mark.parametrize(
    "body",
    [
        {}, {"boot": BOOT, "wall_us": 1}, {"boot": BOOT, "wall_us": "1", "by": ["a", "b"]},
        {"boot": BOOT, "wall_us": 1, "by": ["a"]}, {"boot": BOOT, "wall_us": 1, "by": ["a", "a"]},
        {"boot": BOOT, "wall_us": 1, "by": ["a", 7]}, {"boot": BOOT, "wall_us": 1, "by": ["a", "b"], "more": 1},
    ],
)  # fmt: skip
def test_one_person_alone_or_a_malformed_paper_settles_nothing(tmp_path: Path, body: dict[str, Any]) -> None:
    clock, watch = doubted()
    if body.get("wall_us") == 1:
        body = {**body, "wall_us": clock.wall_us()}
    (tmp_path / NAME).write_bytes(sign_paper("clock-settlement/1", body, KEY))
    assert attempt(tmp_path, clock, watch) == []
    assert watch.doubtful()


def test_a_forged_or_torn_paper_settles_nothing(tmp_path: Path) -> None:
    clock, watch = doubted()
    said = Settlement(BOOT, clock.wall_us(), ("a", "b"))
    install(tmp_path, said, Ed25519PrivateKey.generate())
    assert attempt(tmp_path, clock, watch) == []
    install(tmp_path, said, KEY)
    raw = (tmp_path / NAME).read_bytes()
    for bad in (raw[:-3], raw + b" ", os.urandom(200), b"", raw.replace(b'"a"', b'"c"')):
        (tmp_path / NAME).write_bytes(bad)
        assert attempt(tmp_path, clock, watch) == []
    assert watch.doubtful()
    with pytest.raises(BadInputError):
        install(tmp_path, Settlement(BOOT, 1, ("a", "a")), KEY)


def test_what_cannot_be_entered_is_not_followed(tmp_path: Path) -> None:
    clock, watch = doubted()
    install(tmp_path, Settlement(BOOT, clock.wall_us(), ("a", "b")), KEY)

    def refuse(_: Settlement) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        take(tmp_path, [KEY.public_key()], watch, clock, enter=refuse, boot=BOOT)
    assert watch.doubtful()
    assert (tmp_path / NAME).exists()


def test_the_recorder_and_the_ring_take_it_in_their_next_minute(tmp_path: Path) -> None:
    clock = ManualClock()
    world = key_world(tmp_path, clock)
    paths = RecorderPaths(tmp_path)
    paths.prepare()
    catalogue, journal = Catalogue.open(paths.catalogue), Journal.open(paths.journal)
    watch = ClockWatch(clock)
    freezer = Freezer(
        paths.root, catalogue=catalogue, journal=lambda: journal, clock=clock, watch=watch, legal_tz=lambda *_: None
    )
    duty = Destroying(
        paths, catalogue=catalogue, journal=lambda: journal, clock=clock, watch=watch, freezer=freezer,
        min_days=lambda _: None, every_s=60,
    )  # fmt: skip
    keeper = RingKeeper(world.ring, world.ring.directory, clock, settlers=[world.sheet_key.public_key()])
    clock.step(-7200)
    duty.once()
    keeper.once()
    assert watch.doubtful()
    assert keeper.watch.doubtful()
    said = Settlement(boot_id(), clock.wall_us(), ("person-a", "person-b"))
    for folder in (paths.root, world.ring.directory):
        install(folder, said, world.sheet_key)
    duty.once()
    keeper.once()
    assert not watch.doubtful()
    assert not keeper.watch.doubtful()
    (act,) = [entry for entry in journal.read_after(0) if entry.kind is ActKind.CLOCK_SETTLED]
    assert act.fields["by"] == ["person-a", "person-b"]
