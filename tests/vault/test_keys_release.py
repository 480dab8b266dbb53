"""Releasing a key: the same contract for the ring held here and for the commune's own process."""

import json
import secrets
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.keys import KeyWorld, key_world

from beffroi.domain.acts import Act
from beffroi.domain.clock import ManualClock
from beffroi.domain.errors import BeffroiError
from beffroi.domain.ids import AuthorityId
from beffroi.domain.lease import MAX_LIFE_US, LeaseRefusedError
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.hourkeys import (
    HOUR_US,
    HourDestroyedError,
    HourKeyring,
    HourMissingError,
    KeyReleaser,
    LocalKeyrings,
    NoKeyringError,
    SealBrokenError,
    TermPassedError,
    chunk_info,
    hour_of,
    seal_content_key,
)
from beffroi.vault.keyerrors import RingLockedError
from beffroi.vault.keyring_remote import (
    MAX_LINE,
    BadQuestionError,
    ChunkClaim,
    KeyringServer,
    KeyringUnreachableError,
    RemoteKeyring,
)
from beffroi.vault.term import hour_term_end_us

MINUTE_US = 60_000_000


@dataclass
class House:
    world: KeyWorld
    clock: ManualClock
    releaser: KeyReleaser
    chunk: ChunkClaim
    key: bytes

    def lease(self, act: Act = Act.REPLAY, **changes: Any) -> str:
        start = self.chunk.wall_start_us
        given: dict[str, Any] = {
            "camera": "cam-1",
            "from_us": start + MINUTE_US,
            "to_us": start + 2 * MINUTE_US,
        } | changes
        return self.world.lease(act=act, **given)

    def release(self, token: str, chunk: ChunkClaim | None = None) -> bytes:
        return self.releaser.release(chunk or self.chunk, token, now_us=self.clock.wall_us())


def make_chunk(world: KeyWorld, key: bytes, start_us: int, **changes: Any) -> ChunkClaim:
    blank = ChunkClaim(
        camera="cam-1",
        stream="main",
        run="ab" * 8,
        authority=world.authority,
        term_days=30,
        hour=hour_of(start_us),
        kid=secrets.token_bytes(16),
        sealed_key=b"",
        wall_start_us=start_us,
    )
    blank = replace(blank, **changes)
    public = world.hours.public_for(blank.authority, blank.term_days, blank.hour)
    return replace(blank, sealed_key=seal_content_key(public, key, info=chunk_info(blank)))


@pytest.fixture(params=["local", "remote"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    clock = ManualClock()
    world = key_world(tmp_path, clock)
    key = secrets.token_bytes(16)
    chunk = make_chunk(world, key, clock.wall_us() - 30 * MINUTE_US)
    if request.param == "local":
        yield House(world, clock, world.keyrings, chunk, key)
        return
    server = KeyringServer(tmp_path / "ring.sock", world.keyrings, clock)
    thread = server.start()
    yield House(world, clock, RemoteKeyring(tmp_path / "ring.sock"), chunk, key)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("act", [Act.REPLAY, Act.EXTRACT])
def test_a_good_lease_gives_the_key(house: House, act: Act) -> None:
    assert house.release(house.lease(act)) == house.key


@pytest.mark.parametrize("act", [Act.LIVE, Act.PTZ, Act.RELAY, Act.READ_REGISTER, Act.CONFIGURE])
def test_no_other_act_does(house: House, act: Act) -> None:
    with pytest.raises(LeaseRefusedError, match="other act"):
        house.release(house.lease(act))


def test_another_camera_authority_or_gate_is_refused(house: House) -> None:
    with pytest.raises(LeaseRefusedError, match="other camera"):
        house.release(house.lease(camera="cam-2"))
    with pytest.raises(LeaseRefusedError, match="other authority"):
        house.release(house.lease(authority="maire/99002"))
    forged = replace(house.world, gate_key=Ed25519PrivateKey.generate())
    with pytest.raises(LeaseRefusedError, match="malformed"):
        house.release(House(forged, house.clock, house.releaser, house.chunk, house.key).lease())
    for token in ("", ".", "a.b", house.lease()[:-2], house.lease() + "A", "é" * 3, "x" * 5000):
        with pytest.raises(LeaseRefusedError):
            house.release(token)


def test_a_lease_dies_after_three_seconds(house: House) -> None:
    token = house.lease()
    house.clock.advance(2.99)
    assert house.release(token) == house.key
    house.clock.advance(0.02)
    with pytest.raises(LeaseRefusedError, match="expired"):
        house.release(token)
    with pytest.raises(LeaseRefusedError, match="expired"):
        house.release(house.lease(life_us=MAX_LIFE_US + 1))
    with pytest.raises(LeaseRefusedError, match="expired"):
        house.release(house.lease(issued_us=house.clock.wall_us() + 1_000_000))


def test_footage_must_touch_the_chunk(house: House) -> None:
    start = house.chunk.wall_start_us
    for from_us, to_us in ((0, start), (start + 16 * MINUTE_US, start + 20 * MINUTE_US), (0, 0)):
        with pytest.raises(LeaseRefusedError, match="outside"):
            house.release(house.lease(from_us=from_us, to_us=to_us))
    for from_us, to_us in ((0, start + 1), (start, start + HOUR_US), (start + 14 * MINUTE_US, start + 20 * MINUTE_US)):
        assert house.release(house.lease(from_us=from_us, to_us=to_us)) == house.key


def test_a_header_that_lies_opens_nothing(house: House) -> None:
    lie = house.chunk.wall_start_us - HOUR_US
    with pytest.raises(LeaseRefusedError, match="hour of its key"):
        house.release(house.lease(from_us=lie, to_us=lie + 1), replace(house.chunk, wall_start_us=lie))
    with pytest.raises(SealBrokenError):
        house.release(
            house.lease(from_us=lie, to_us=lie + 1),
            replace(house.chunk, wall_start_us=lie, hour=house.chunk.hour - 1),
        )
    moved: list[dict[str, Any]] = [{"stream": "sub"}, {"run": "cd" * 8}, {"kid": bytes(16)}, {"sealed_key": bytes(64)}]
    for changes in moved:
        with pytest.raises(SealBrokenError):
            house.release(house.lease(), replace(house.chunk, **changes))


def test_past_its_term_it_is_refused_even_while_the_key_stands(house: House) -> None:
    end = hour_term_end_us(house.chunk.hour, 30, "Europe/Paris")
    house.clock.wall = end - 1
    assert house.release(house.lease()) == house.key
    house.clock.wall = end
    assert house.world.ring.has(30, house.chunk.hour)
    with pytest.raises(TermPassedError) as caught:
        house.release(house.lease())
    assert "30 jours" in caught.value.text.fr


def test_a_term_that_is_not_the_chunks_does_not_lengthen_it(house: House) -> None:
    """A shorter term with a longer-lived key beside it: claiming the longer term opens nothing."""
    world = house.world
    world.ring.prepare(15, house.chunk.hour, 1)
    world.hours.install(world.ring.public_bundle(15, house.chunk.hour, 1, world.sheet_key), now_us=0)
    short = make_chunk(world, house.key, house.chunk.wall_start_us, term_days=15)
    assert house.release(house.lease(), short) == house.key
    with pytest.raises(SealBrokenError):
        house.release(house.lease(), replace(short, term_days=30))


def test_a_destroyed_or_unknown_hour(house: House) -> None:
    missing = house.chunk.hour - 20
    start = missing * HOUR_US
    with pytest.raises(HourMissingError):
        house.release(
            house.lease(from_us=start, to_us=start + 1), replace(house.chunk, hour=missing, wall_start_us=start)
        )
    house.world.ring.destroy(30, house.chunk.hour, before_term=True)
    with pytest.raises(HourDestroyedError):
        house.release(house.lease())


def test_another_authoritys_ring_is_not_here(house: House) -> None:
    other = replace(house.chunk, authority="maire/99002")
    with pytest.raises(NoKeyringError):
        house.release(house.lease(authority="maire/99002"), other)


def test_a_locked_ring_opens_nothing(tmp_path: Path) -> None:
    clock = ManualClock()
    world = key_world(tmp_path, clock)
    chunk = make_chunk(world, b"k" * 16, clock.wall_us())
    locked = HourKeyring.open(tmp_path / "centre" / "keyrings" / "maire-99001", None, clock=clock)
    releaser = LocalKeyrings([locked], world.gate_key.public_key())
    token = world.lease("cam-1", from_us=chunk.wall_start_us, to_us=chunk.wall_start_us + 1)
    with pytest.raises(RingLockedError):
        releaser.release(chunk, token, now_us=clock.wall_us())


def test_with_a_watch_either_clock_refuses_what_is_past_its_term(tmp_path: Path) -> None:
    """The wall clock set back does not bring back what the steady clock knows to be over."""
    clock = ManualClock()
    world = key_world(tmp_path, clock)
    chunk = make_chunk(world, b"k" * 16, clock.wall_us())
    releaser = LocalKeyrings([world.ring], world.gate_key.public_key(), watch=ClockWatch(clock))
    clock.advance((hour_term_end_us(chunk.hour, 30, "Europe/Paris") - clock.wall) / 1_000_000)
    clock.step(-10 * 86_400)
    token = world.lease("cam-1", from_us=chunk.wall_start_us, to_us=chunk.wall_start_us + 1)
    with pytest.raises(TermPassedError):
        releaser.release(chunk, token, now_us=clock.wall_us())
    assert world.keyrings.release(chunk, token, now_us=clock.wall_us()) == b"k" * 16, "only the watch knew"


def test_two_rings_each_open_their_own(tmp_path: Path) -> None:
    clock = ManualClock()
    one = key_world(tmp_path / "a", clock)
    two = key_world(tmp_path / "b", clock, authority=AuthorityId("maire/99002"))
    releaser = LocalKeyrings([one.ring, two.ring], one.gate_key.public_key())
    for world, key in ((one, b"1" * 16), (two, b"2" * 16)):
        chunk = make_chunk(world, key, clock.wall_us())
        token = one.lease("cam-1", authority=world.authority, from_us=clock.wall_us(), to_us=clock.wall_us() + 1)
        assert releaser.release(chunk, token, now_us=clock.wall_us()) == key


class TestRemoteOnly:
    @pytest.fixture
    def served(self, tmp_path: Path) -> Iterator[tuple[KeyWorld, ManualClock, Path]]:
        clock = ManualClock()
        world = key_world(tmp_path, clock)
        server = KeyringServer(tmp_path / "ring.sock", world.keyrings, clock, ring=world.ring)
        thread = server.start()
        yield world, clock, tmp_path / "ring.sock"
        server.shutdown()
        thread.join()
        server.server_close()

    def test_the_communes_clock_decides_not_the_centres(self, served: tuple[KeyWorld, ManualClock, Path]) -> None:
        world, clock, path = served
        chunk = make_chunk(world, b"k" * 16, clock.wall_us())
        token = world.lease("cam-1", from_us=chunk.wall_start_us, to_us=chunk.wall_start_us + 1)
        old = clock.wall_us()
        clock.advance(10)
        with pytest.raises(LeaseRefusedError, match="expired"):
            RemoteKeyring(path).release(chunk, token, now_us=old)

    def test_the_commune_makes_the_keys_and_the_centre_signs_them(
        self, served: tuple[KeyWorld, ManualClock, Path]
    ) -> None:
        world, clock, path = served
        hour = hour_of(clock.wall_us())
        raw = RemoteKeyring(path).public_bundle(15, hour, 40 * 24, world.sheet_key, now_us=clock.wall_us())
        bundle = world.hours.install(raw, now_us=clock.wall_us())
        assert (bundle.authority, bundle.legal_tz, bundle.last_hour) == (world.authority, "Europe/Paris", hour + 959)
        chunk = make_chunk(world, b"k" * 16, clock.wall_us(), term_days=15)
        token = world.lease("cam-1", from_us=chunk.wall_start_us, to_us=chunk.wall_start_us + 1)
        assert RemoteKeyring(path).release(chunk, token, now_us=0) == b"k" * 16

    @pytest.mark.parametrize(
        ("term", "first", "count"), [(0, 1, 1), (32, 1, 1), (30, -1, 1), (30, 1, 0), (30, 1, 10_000)]
    )
    def test_hours_out_of_bounds_are_refused(
        self, served: tuple[KeyWorld, ManualClock, Path], term: int, first: int, count: int
    ) -> None:
        world, _, path = served
        with pytest.raises(BadQuestionError):
            RemoteKeyring(path).public_bundle(term, first, count, world.sheet_key, now_us=0)

    def test_only_the_same_account_reaches_the_socket(self, served: tuple[KeyWorld, ManualClock, Path]) -> None:
        assert served[2].stat().st_mode & 0o777 == 0o660

    def test_a_second_server_does_not_take_the_socket_and_a_dead_one_leaves_it(
        self, served: tuple[KeyWorld, ManualClock, Path]
    ) -> None:
        world, clock, path = served
        with pytest.raises(OSError, match="in use"):
            KeyringServer(path, world.keyrings, clock)
        stale = path.with_name("stale.sock")
        with socket.socket(socket.AF_UNIX) as gone:
            gone.bind(str(stale))
        KeyringServer(stale, world.keyrings, clock).server_close()

    def test_nobody_there_is_a_sentence(self, tmp_path: Path, served: tuple[KeyWorld, ManualClock, Path]) -> None:
        world, clock, _ = served
        with pytest.raises(KeyringUnreachableError) as caught:
            RemoteKeyring(tmp_path / "none.sock").release(make_chunk(world, b"k" * 16, clock.wall_us()), "", now_us=0)
        assert "keyring serve" in caught.value.text.fr

    @pytest.mark.parametrize(
        "said",
        [
            b"",
            b"null\n",
            b"{}\n",
            b'{"key":"AAAA"}\n',
            b'{"key":7}\n',
            b'{"refused":"x"}\n',
            b'{"keys":[1],"authority":7}\n',
        ],
    )
    def test_a_senseless_answer_is_no_key(
        self, tmp_path: Path, said: bytes, served: tuple[KeyWorld, ManualClock, Path]
    ) -> None:
        world, clock, _ = served
        with socket.socket(socket.AF_UNIX) as fake:
            fake.bind(str(tmp_path / "fake.sock"))
            fake.listen()

            def answer() -> None:
                for _ in range(2):
                    link, _ = fake.accept()
                    link.recv(MAX_LINE)
                    link.sendall(said)
                    link.close()

            thread = threading.Thread(target=answer)
            thread.start()
            with pytest.raises(KeyringUnreachableError):
                RemoteKeyring(tmp_path / "fake.sock").release(
                    make_chunk(world, b"k" * 16, clock.wall_us()), "", now_us=0
                )
            with pytest.raises(KeyringUnreachableError):
                RemoteKeyring(tmp_path / "fake.sock").public_bundle(30, 1, 1, world.sheet_key, now_us=0)
            thread.join()

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(
        line=st.binary(max_size=300)
        | st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda inner: st.dictionaries(st.sampled_from(["chunk", "lease", "kid", "publics", "count", "x"]), inner),
        ).map(lambda value: json.dumps(value).encode())
    )
    def test_any_line_gets_a_refusal_and_the_server_lives(
        self, served: tuple[KeyWorld, ManualClock, Path], line: bytes
    ) -> None:
        line = line.replace(b"\n", b"")
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(5)
            link.connect(str(served[2]))
            link.sendall(line + b"\n")
            assert json.loads(link.makefile("rb").readline()) == {"refused": "malformed", "why": ""}

    def test_a_line_without_end_is_cut_short(self, served: tuple[KeyWorld, ManualClock, Path]) -> None:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(5)
            link.connect(str(served[2]))
            link.sendall(b"x" * MAX_LINE)
            with link.makefile("rb") as stream:
                assert json.loads(stream.readline())["refused"] == "malformed"
                assert stream.readline() == b""


def test_every_refusal_is_a_sentence_in_both_languages(house: House) -> None:
    with pytest.raises(BeffroiError) as caught:
        house.release(house.lease(camera="cam-2"))
    assert caught.value.text.fr.endswith((".", "!"))
    assert caught.value.text.en.endswith(".")
