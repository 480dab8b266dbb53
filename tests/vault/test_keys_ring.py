"""The keyring: made ahead, opened by a passphrase, destroyed for ever."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.keys import AUTHORITY, CHEAP, PASSPHRASE, KeyWorld, key_world

from beffroi.domain.clock import ManualClock
from beffroi.domain.errors import BadInputError
from beffroi.vault.hourkeys import (
    SEALED_KEY_BYTES,
    HourDestroyedError,
    HourKeyring,
    HourMissingError,
    SealBrokenError,
    WrongPassphraseError,
    content_key_info,
    hour_of,
    seal_content_key,
)
from beffroi.vault.keyerrors import HourDamagedError, NotDueError, RingLockedError
from beffroi.vault.keyslots import SLOT_BYTES, KeyState, unpack
from beffroi.vault.publichours import open_bundle
from beffroi.vault.ringfile import RingDamagedError
from beffroi.vault.term import hour_term_end_us

_WORLD = key_world(Path(tempfile.mkdtemp()), ManualClock())
"""One world for the generated examples, which only read it."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def world(tmp_path: Path, clock: ManualClock) -> KeyWorld:
    return key_world(tmp_path, clock)


def ring_dir(world: KeyWorld) -> Path:
    return world.data / "centre" / "keyrings" / "maire-99001"


def info(world: KeyWorld, hour: int, camera: str = "cam-1") -> bytes:
    return content_key_info(
        authority=world.authority, term_days=30, hour=hour, camera=camera, stream="main", run="ab" * 8, kid=bytes(16)
    )


def sealed(world: KeyWorld, hour: int, key: bytes = b"k" * 16) -> bytes:
    return seal_content_key(world.hours.public_for(world.authority, 30, hour), key, info=info(world, hour))


def test_what_the_public_half_seals_only_the_private_half_opens(world: KeyWorld, clock: ManualClock) -> None:
    hour = hour_of(clock.wall_us())
    box = sealed(world, hour)
    assert len(box) == SEALED_KEY_BYTES
    assert world.ring.unseal(30, hour, box, info=info(world, hour)) == b"k" * 16
    with pytest.raises(SealBrokenError):
        world.ring.unseal(30, hour + 1, box, info=info(world, hour))


def test_a_sealed_key_does_not_move_to_another_chunk(world: KeyWorld, clock: ManualClock) -> None:
    hour = hour_of(clock.wall_us())
    box = sealed(world, hour)
    with pytest.raises(SealBrokenError):
        world.ring.unseal(30, hour, box, info=info(world, hour, "cam-2"))


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, SEALED_KEY_BYTES - 1), bit=st.integers(0, 7), cut=st.integers(0, SEALED_KEY_BYTES - 1))
def test_any_altered_or_cut_sealed_key_is_refused(place: int, bit: int, cut: int) -> None:
    world = _WORLD
    hour = hour_of(world.clock.wall_us())
    box = bytearray(sealed(world, hour))
    box[place] ^= 1 << bit
    for bad in (bytes(box), bytes(box[:cut])):
        with pytest.raises(SealBrokenError):
            world.ring.unseal(30, hour, bad, info=info(world, hour))


def test_prepare_forty_days_is_quick_and_idempotent(tmp_path: Path, clock: ManualClock) -> None:
    ring = HourKeyring.create(tmp_path / "ring", AUTHORITY, PASSPHRASE, clock=clock, cost=CHEAP)
    first = hour_of(clock.wall_us())
    assert ring.prepare(30, first, 40 * 24) == 960
    before = {path.name: path.read_bytes() for path in (tmp_path / "ring" / "30d").iterdir()}
    assert len(before) <= 41, "one file, and one wait for the disk, a day"
    assert ring.prepare(30, first, 40 * 24) == 0
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "ring" / "30d").iterdir()}
    assert (
        len(
            set(
                open_bundle(ring.public_bundle(30, first, 960, _WORLD.sheet_key), (_WORLD.sheet_key.public_key(),)).keys
            )
        )
        == 960
    )


def test_reopening_needs_the_passphrase(world: KeyWorld, clock: ManualClock) -> None:
    hour = hour_of(clock.wall_us())
    box = sealed(world, hour)
    again = HourKeyring.open(ring_dir(world), PASSPHRASE, clock=clock)
    assert again.unseal(30, hour, box, info=info(world, hour)) == b"k" * 16
    with pytest.raises(WrongPassphraseError):
        HourKeyring.open(ring_dir(world), PASSPHRASE + "x", clock=clock)
    locked = HourKeyring.open(ring_dir(world), None, clock=clock)
    assert locked.has(30, hour)
    for act in (
        lambda: locked.unseal(30, hour, box, info=info(world, hour)),
        lambda: locked.prepare(30, hour, 1),
        lambda: locked.public_bundle(30, hour, 1, world.sheet_key),
    ):
        with pytest.raises(RingLockedError):
            act()


def test_change_of_passphrase(world: KeyWorld, clock: ManualClock) -> None:
    world.ring.change_passphrase("une autre phrase de passe")
    with pytest.raises(WrongPassphraseError):
        HourKeyring.open(ring_dir(world), PASSPHRASE)
    assert HourKeyring.open(ring_dir(world), "une autre phrase de passe").held_hours(30)


def test_a_destroyed_hour_opens_for_nobody_and_is_never_made_again(world: KeyWorld, clock: ManualClock) -> None:
    hour = hour_of(clock.wall_us())
    box = sealed(world, hour)
    clock.wall = hour_term_end_us(hour, 30, "Europe/Paris")
    locked = HourKeyring.open(ring_dir(world), None, clock=clock)
    proof = locked.destroy(30, hour)
    assert (proof.was, proof.destroyed_us, proof.read_back) == ("held", clock.wall, True)
    with pytest.raises(HourDestroyedError):
        world.ring.unseal(30, hour, box, info=info(world, hour))
    clock.wall -= 29 * 86_400_000_000
    assert world.ring.prepare(30, hour, 1) == 0
    with pytest.raises(HourDestroyedError):
        HourKeyring.open(ring_dir(world), PASSPHRASE, clock=clock).unseal(30, hour, box, info=info(world, hour))
    bundle = open_bundle(world.ring.public_bundle(30, hour, 2, world.sheet_key), (world.sheet_key.public_key(),))
    assert bundle.keys[0] is None
    assert bundle.keys[1] is not None


def test_the_wrapped_private_half_is_nowhere_in_the_ring_after_destruction(world: KeyWorld, clock: ManualClock) -> None:
    hour = hour_of(clock.wall_us())
    path = next(p for p in (ring_dir(world) / "30d").iterdir() if p.stem == "2026-03-02")
    inode, raw = path.stat().st_ino, path.read_bytes()
    slot = unpack(raw[hour % 24 * SLOT_BYTES :][:SLOT_BYTES], hour)
    assert slot.state is KeyState.HELD
    world.ring.destroy(30, hour, before_term=True)
    assert path.stat().st_ino == inode, "rewritten elsewhere: the old blocks would keep the key"
    assert not any(slot.wrapped in p.read_bytes() for p in ring_dir(world).rglob("*") if p.is_file())


def test_only_a_copy_of_the_ring_taken_before_would_open(world: KeyWorld, clock: ManualClock, tmp_path: Path) -> None:
    """What docs/design/keys.md states about back-ups: this is why none may keep a private hour key past its term."""
    hour = hour_of(clock.wall_us())
    box = sealed(world, hour)
    shutil.copytree(ring_dir(world), tmp_path / "backup")
    world.ring.destroy(30, hour, before_term=True)
    old = HourKeyring.open(tmp_path / "backup", PASSPHRASE, clock=clock)
    assert old.unseal(30, hour, box, info=info(world, hour)) == b"k" * 16


def test_destroy_before_term_must_be_meant_and_twice_is_once(world: KeyWorld, clock: ManualClock) -> None:
    hour = hour_of(clock.wall_us())
    with pytest.raises(NotDueError):
        world.ring.destroy(30, hour)
    assert world.ring.has(30, hour)
    first = world.ring.destroy(30, hour, before_term=True)
    clock.advance(60)
    second = world.ring.destroy(30, hour, before_term=True)
    assert second == replace(first, was="destroyed")


def test_due_hours_are_those_past_their_own_term(world: KeyWorld, clock: ManualClock) -> None:
    first = world.ring.held_hours(30)[0]
    end = hour_term_end_us(first, 30, "Europe/Paris")
    assert world.ring.due_hours(end - 1) == []
    assert world.ring.due_hours(end) == [(30, first)]


def test_a_damaged_slot_is_said_never_overwritten_and_can_be_destroyed(world: KeyWorld, clock: ManualClock) -> None:
    hour = hour_of(clock.wall_us())
    path = ring_dir(world) / "30d" / "2026-03-02.keys"
    raw = bytearray(path.read_bytes())
    raw[hour % 24 * SLOT_BYTES + 60] ^= 1
    path.write_bytes(raw)
    with pytest.raises(HourDamagedError):
        world.ring.unseal(30, hour, b"", info=b"")
    assert world.ring.prepare(30, hour, 1) == 0
    assert world.ring.destroy(30, hour, before_term=True).was == "damaged"
    assert world.ring.state(30, hour) is KeyState.DESTROYED


def test_a_public_key_slipped_into_the_slot_file_is_never_signed(world: KeyWorld, clock: ManualClock) -> None:
    """An intruder who can write the ring's folder but has no passphrase cannot make recordings seal to his key."""
    hour = hour_of(clock.wall_us())
    path = ring_dir(world) / "30d" / "2026-03-02.keys"
    raw = bytearray(path.read_bytes())
    offset = hour % 24 * SLOT_BYTES
    slot = unpack(bytes(raw[offset : offset + SLOT_BYTES]), hour)
    raw[offset : offset + SLOT_BYTES] = replace(slot, public=b"\x09" + bytes(31)).pack()
    path.write_bytes(raw)
    with pytest.raises(HourDamagedError):
        world.ring.public_bundle(30, hour, 1, world.sheet_key)


def test_an_hour_never_prepared_says_so(world: KeyWorld) -> None:
    with pytest.raises(HourMissingError) as caught:
        world.ring.unseal(30, 1, b"", info=b"")
    assert "prepare" in caught.value.text.fr


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"version":1}', b"[" * 100_000, b'{"cost":{"memory_kib":99999999}}']
)
def test_a_hostile_ring_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ring.json").write_bytes(content)
    with pytest.raises(RingDamagedError):
        HourKeyring.open(tmp_path, PASSPHRASE)


def test_a_ring_is_never_made_over_another_nor_with_a_weak_phrase(world: KeyWorld, tmp_path: Path) -> None:
    with pytest.raises(BadInputError):
        HourKeyring.create(ring_dir(world), AUTHORITY, PASSPHRASE, cost=CHEAP)
    with pytest.raises(BadInputError):
        HourKeyring.create(tmp_path / "other", AUTHORITY, "short", cost=CHEAP)
    with pytest.raises(BadInputError):
        HourKeyring.create(tmp_path / "other", AUTHORITY, PASSPHRASE, legal_tz="../../etc/passwd", cost=CHEAP)
