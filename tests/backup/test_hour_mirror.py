"""The copy of the hour keys, followed by the running centre; what stands in its way is told, and told right."""

import os
import shutil
from pathlib import Path

import pytest
from tests.support.keys import AUTHORITY, CHEAP, PASSPHRASE

from beffroi.backup.hourplace import reach
from beffroi.domain.clock import ManualClock
from beffroi.server import hourmirror
from beffroi.server.hourmirror import HourMirror
from beffroi.vault.keyring import HourKeyring
from beffroi.vault.keyslots import KeyState, SlotFiles
from beffroi.vault.ringcopy import RingCopy
from beffroi.vault.sealing import hour_of

TERM = 30


@pytest.fixture
def ring(tmp_path: Path) -> HourKeyring:
    """A ring of a day, in a centre's folder, beside which the copy has begun."""
    clock = ManualClock()
    made = HourKeyring.create(
        tmp_path / "centre" / "keyrings" / "maire-99001", AUTHORITY, PASSPHRASE, clock=clock, cost=CHEAP
    )
    made.prepare(TERM, hour_of(clock.wall_us()), 24)
    reach(tmp_path / "centre", tmp_path / "disk" / "hours")
    return made


def slots(place: Path) -> SlotFiles:
    return SlotFiles(place / "maire-99001" / f"{TERM}d")


def codes(mirror: HourMirror) -> list[str]:
    return [notice.code for notice in mirror.notices()]


def test_made_and_destroyed_there_as_in_the_ring(ring: HourKeyring, tmp_path: Path) -> None:
    mirror, hours = HourMirror(tmp_path / "centre"), ring.held_hours(TERM)
    assert mirror.once()
    place = slots(tmp_path / "disk" / "hours")
    assert [place.read(hour) for hour in hours] == [slots(ring.directory.parent).read(hour) for hour in hours]
    ring.destroy(TERM, hours[3], before_term=True)
    assert mirror.once()
    assert place.read(hours[3]).state is KeyState.DESTROYED
    assert not any(place.read(hours[3]).wrapped)
    assert codes(mirror) == []


def test_what_the_ring_loses_stays_and_nothing_destroyed_comes_back(ring: HourKeyring, tmp_path: Path) -> None:
    copy, hours = RingCopy.open(tmp_path / "disk" / "hours"), ring.held_hours(TERM)
    assert copy.sync(ring.directory).held == 24
    day = next((ring.directory / f"{TERM}d").glob("*.keys"))
    kept = day.read_bytes()
    day.write_bytes(bytes(len(kept)))  # the ring's slots are gone, or damaged
    assert copy.sync(ring.directory).held == 24
    day.write_bytes(os.urandom(len(kept)))
    assert copy.sync(ring.directory).held == 24
    day.write_bytes(kept)
    assert copy.destroy_all(1) == 24
    report = copy.sync(ring.directory)
    assert (report.held, report.copied) == (0, 0)
    assert report.refused == sum(slots(ring.directory.parent).read(hour).state is KeyState.HELD for hour in hours)


def test_a_disk_taken_away_is_told_after_a_while_and_another_disk_is_not_written(
    ring: HourKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = HourMirror(tmp_path / "centre")
    assert mirror.once()
    shutil.move(tmp_path / "disk", tmp_path / "away")
    assert not mirror.once()
    assert codes(mirror) == []
    monkeypatch.setattr(hourmirror, "SILENT_S", -1.0)
    assert codes(mirror) == ["hour-copy-away"]
    other = RingCopy.create(tmp_path / "disk" / "hours")
    assert not mirror.once()
    assert other.held() == 0
    shutil.rmtree(tmp_path / "disk")
    shutil.move(tmp_path / "away", tmp_path / "disk")
    ring.destroy(TERM, ring.held_hours(TERM)[0], before_term=True)
    monkeypatch.setattr(hourmirror, "SILENT_S", 3600.0)
    assert mirror.once()
    assert RingCopy.open(tmp_path / "disk" / "hours").held() == 23


def test_another_ring_s_keys_are_never_overwritten(ring: HourKeyring, tmp_path: Path) -> None:
    mirror = HourMirror(tmp_path / "centre")
    assert mirror.once()
    hours = ring.held_hours(TERM)
    shutil.rmtree(ring.directory)
    again = HourKeyring.create(ring.directory, AUTHORITY, PASSPHRASE, clock=ManualClock(), cost=CHEAP)
    again.prepare(TERM, hours[0], 24)
    before = [slots(tmp_path / "disk" / "hours").read(hour) for hour in hours]
    assert mirror.once()
    assert [slots(tmp_path / "disk" / "hours").read(hour) for hour in hours] == before
    assert codes(mirror) == ["hour-copy-other"]


def test_a_write_that_its_disk_did_not_confirm_ends_the_following(
    ring: HourKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = HourMirror(tmp_path / "centre")

    def fails(_fd: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fails)
        assert not mirror.once()
    assert codes(mirror) == ["hour-copy-failed"]
    assert not mirror.once(), "never tried again by this process"
    assert HourMirror(tmp_path / "centre").once()
