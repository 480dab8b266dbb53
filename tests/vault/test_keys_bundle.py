"""Public hours: what a recorder takes from the centre, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.keys import AUTHORITY, CHEAP, PASSPHRASE, KeyWorld, key_world

from beffroi.domain.clock import ManualClock
from beffroi.vault.hourkeys import HourKeyring, NoHourKeyError, PublicHours, hour_of
from beffroi.vault.publichours import open_bundle
from beffroi.vault.signed import PaperRefusedError, sign_paper


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def world(tmp_path: Path, clock: ManualClock) -> KeyWorld:
    return key_world(tmp_path, clock)


def bundle_file(world: KeyWorld) -> Path:
    return world.data / "recorder" / "hours" / "maire-99001-30d.json"


def test_a_recorder_reads_what_the_ring_gave(world: KeyWorld, clock: ManualClock) -> None:
    hour = hour_of(clock.wall_us())
    again = PublicHours.load(bundle_file(world).parent, world.hours.trusted)
    assert again.problems == []
    assert again.public_for(AUTHORITY, 30, hour) == world.hours.public_for(AUTHORITY, 30, hour)
    assert again.last_hour(AUTHORITY, 30) == hour + 47
    assert again.legal_tz(AUTHORITY, 30) == "Europe/Paris"
    for authority, term, when in ((AUTHORITY, 30, hour + 48), (AUTHORITY, 15, hour), ("maire/99002", 30, hour)):
        with pytest.raises(NoHourKeyError) as caught:
            again.public_for(authority, term, when)
        assert "clé" in caught.value.text.fr
    assert again.last_hour("maire/99002", 30) is None


def test_no_private_half_is_in_the_bundle(world: KeyWorld) -> None:
    fields = json.loads(bundle_file(world).read_bytes())
    assert set(fields["body"]) == {"authority", "first_hour", "issued_us", "keys", "legal_tz", "term_days"}
    ring = b"".join(path.read_bytes() for path in (world.data / "centre").rglob("*.keys"))
    wrapped = [ring[n + 52 : n + 100] for n in range(0, len(ring), 128) if any(ring[n + 52 : n + 100])]
    assert len(wrapped) == 50
    assert not any(piece in bundle_file(world).read_bytes() for piece in wrapped)


def test_a_newer_bundle_takes_over_and_an_older_one_never_comes_back(world: KeyWorld, clock: ManualClock) -> None:
    hour, old = hour_of(clock.wall_us()), bundle_file(world).read_bytes()
    clock.advance(60)
    world.ring.prepare(30, hour, 100)
    world.hours.install(world.ring.public_bundle(30, hour, 100, world.sheet_key), now_us=clock.wall_us())
    assert world.hours.last_hour(AUTHORITY, 30) == hour + 99
    with pytest.raises(PaperRefusedError, match="older"):
        world.hours.install(old, now_us=clock.wall_us())
    shorter = world.ring.public_bundle(30, hour, 10, world.sheet_key)
    with pytest.raises(PaperRefusedError, match="older"):
        world.hours.install(shorter, now_us=clock.wall_us())


def test_a_bundle_whose_hours_are_over_is_stale(world: KeyWorld, tmp_path: Path) -> None:
    fresh = PublicHours(tmp_path / "empty", world.hours.trusted)
    with pytest.raises(PaperRefusedError, match="over"):
        fresh.install(bundle_file(world).read_bytes(), now_us=world.clock.wall_us() + 49 * 3_600_000_000)


def test_a_key_may_not_change_under_an_hour(world: KeyWorld, clock: ManualClock, tmp_path: Path) -> None:
    """A ring made anew gives other keys for the same hours: taken silently, what the old sealed would be lost."""
    hour = hour_of(clock.wall_us())
    other = HourKeyring.create(tmp_path / "anew", AUTHORITY, PASSPHRASE, clock=clock, cost=CHEAP)
    other.prepare(30, hour, 100)
    with pytest.raises(PaperRefusedError, match="changes the key"):
        world.hours.install(other.public_bundle(30, hour, 100, world.sheet_key), now_us=clock.wall_us())


def test_a_forged_or_torn_file_does_not_stop_the_others(world: KeyWorld, clock: ManualClock) -> None:
    folder, raw = bundle_file(world).parent, bundle_file(world).read_bytes()
    forged = world.ring.public_bundle(30, hour_of(clock.wall_us()), 2, Ed25519PrivateKey.generate())
    (folder / "0-forged.json").write_bytes(forged)
    (folder / "1-torn.json").write_bytes(raw[: len(raw) // 2])
    (folder / "2-empty.json").write_bytes(b"")
    again = PublicHours.load(folder, world.hours.trusted)
    assert len(again.problems) == 3
    assert again.public_for(AUTHORITY, 30, hour_of(clock.wall_us()))


def _set(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda body: body.update(fields)


def _twin(body: dict[str, Any]) -> None:
    body["keys"][1] = body["keys"][0]


@pytest.mark.parametrize(
    "alter",
    [
        _twin,
        _set(keys="x"),
        _set(keys=["AAAA"]),
        _set(keys=["A" * 43 + "="]),
        _set(keys=[7]),
        _set(keys=[None] * 10_000),
        _set(first_hour=-1),
        _set(first_hour=True),
        _set(issued_us="now"),
        _set(term_days=32),
        _set(term_days=0),
        _set(legal_tz="../../etc/passwd"),
        _set(authority=""),
        _set(authority=["maire/99001"]),
        _set(extra=1),
        lambda body: body.pop("keys"),
    ],
)
def test_a_signed_but_senseless_bundle_is_refused(world: KeyWorld, alter: Callable[[dict[str, Any]], None]) -> None:
    body = json.loads(bundle_file(world).read_bytes())["body"]
    alter(body)
    with pytest.raises(PaperRefusedError):
        open_bundle(sign_paper("hour-keys/1", body, world.sheet_key), world.hours.trusted)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_no_byte_of_a_bundle_can_change(data: st.DataObject) -> None:
    raw = bytearray(_RAW)
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    for bad in (bytes(raw), bytes(raw[:place])):
        with pytest.raises(PaperRefusedError):
            open_bundle(bad, (_SIGNER.public_key(),))


_SIGNER = Ed25519PrivateKey.generate()
_RAW = sign_paper(
    "hour-keys/1",
    {
        "authority": "maire/99001",
        "first_hour": 1,
        "issued_us": 1,
        "keys": [None, "A" * 42 + "E="],
        "legal_tz": "Europe/Paris",
        "term_days": 30,
    },
    _SIGNER,
)


def test_the_sample_of_the_test_above_is_good() -> None:
    assert open_bundle(_RAW, (_SIGNER.public_key(),)).last_hour == 2
