"""The recorder's requests about holds: each under its lease, no minute told without one; and a hold from end to end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.chunks import CAMERA, begin, feed
from tests.support.clips import clip, gops
from tests.support.holdworld import DAY_US, HoldWorld, hold_world

from beffroi.capture.holding import Holding
from beffroi.capture.methods import Method
from beffroi.capture.paths import RecorderPaths
from beffroi.domain.acts import Act
from beffroi.domain.errors import BadInputError, BeffroiError, NotFoundError
from beffroi.domain.lease import LeaseRefusedError
from beffroi.vault.reader import ChunkReader
from beffroi.vault.signed import b64
from beffroi.watch.holds import HoldWish, Secured, secure

SECOND_US = 1_000_000


@dataclass
class Desk:
    """The centre and one recorder without a socket between them."""

    world: HoldWorld
    methods: dict[str, Method]

    async def call(self, method: str, params: dict[str, Any]) -> Any:
        return self.ask(method, **params)

    def ask(self, method: str, **params: Any) -> Any:
        return self.methods[method](params)

    def secure(self, from_us: int, to_us: int, *, lease: Callable[[], str] | None = None, days: int = 30) -> Secured:
        until_us = self.world.clock.wall_us() + days * DAY_US
        wish = HoldWish("dossier-1", CAMERA, from_us, to_us, until_us, 7 * DAY_US)
        work = secure(self, self.world.cases, wish, lease or self.world.lease, self.world.clock)
        return asyncio.run(work)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    world = hold_world(tmp_path)
    paths = RecorderPaths(tmp_path)
    paths.prepare()
    holding = Holding(
        paths, catalogue=world.catalogue, journal=lambda: world.journal, clock=world.clock, watch=world.watch
    )
    world.freezer = holding.freezer
    return Desk(world, holding.methods())


def test_a_hold_from_end_to_end_and_again(desk: Desk) -> None:
    start = desk.world.clock.wall_us()
    for number in range(70):  # more than a page
        desk.world.write(start + number * 7 * SECOND_US, seconds=1)
    done = desk.secure(start, start + 600 * SECOND_US)
    assert (done.held, done.ahead, done.complete) == (70, True, False)
    desk.world.clock.advance(600)
    assert desk.secure(start, start + 600 * SECOND_US).complete
    again = desk.secure(start, start + 600 * SECOND_US, days=40)
    assert (again.hold, again.held) == (done.hold, 70)
    (told,) = desk.ask("holds")["holds"]
    assert told["counts"] == {"sealed": 70}
    assert not {"from_us", "to_us", "wall_start_us", "pieces", "gops"} & set(told), "no minute without a lease"


def test_a_file_that_grows_is_held_once_it_is_closed(desk: Desk) -> None:
    start = desk.world.clock.wall_us()
    config, frames = clip(count=75)
    writer, _ = begin(desk.world.root, desk.world.catalogue, config, wall_start_us=start)
    feed(writer, gops(frames))
    done = desk.secure(start, start + SECOND_US)
    assert (done.growing, done.held, done.complete) == (1, 0, False)
    header, _ = desk.world.write(start + 10 * SECOND_US)
    done = desk.secure(start, start + 11 * SECOND_US)
    assert (done.growing, done.held) == (1, 1)
    assert header.camera == CAMERA


def test_a_key_that_cannot_be_sealed_is_told_and_keeps_no_other_from_being_held(desk: Desk) -> None:
    start = desk.world.clock.wall_us()
    lost, _ = desk.world.write(start)
    desk.world.write(start + 3600 * SECOND_US)
    desk.world.keys.ring.destroy(15, lost.hour, before_term=True)
    done = desk.secure(start, start + 3700 * SECOND_US)
    assert (done.held, len(done.refused), done.complete) == (1, 1, False)


def test_nothing_is_done_without_the_right_lease(desk: Desk) -> None:
    start = desk.world.clock.wall_us()
    desk.world.write(start)
    done = desk.secure(start, start + 2 * SECOND_US)
    (piece,) = desk.ask("hold_pieces", hold=done.hold, lease=desk.world.lease())["pieces"]
    key = {"hold": done.hold, "kid": piece["kid"]}
    asked = {"case": "c", "camera": CAMERA, "from_us": start, "to_us": start + SECOND_US, "until_us": start + DAY_US}
    wrong = [
        desk.world.lease(Act.LIVE),
        desk.world.lease(camera="another"),
        desk.world.lease(from_us=start + 3600 * SECOND_US, to_us=start + 3601 * SECOND_US),
        desk.world.keys.lease(CAMERA, Act.EXTRACT, from_us=0, to_us=1 << 60, authority="maire/99002"),
        desk.world.keys.lease(CAMERA, Act.EXTRACT, from_us=0, to_us=1 << 60, issued_us=start - 10 * SECOND_US),
        "",
    ]
    for lease in wrong:
        for method, params in (
            ("hold_pieces", key),
            ("hold_read", {**key, "offset": 0, "length": 10}),
            ("hold_seal", {**key, "beyond_us": 0, "sealed_key": piece["held_key"]}),
            ("hold_end", key),
        ):
            with pytest.raises(LeaseRefusedError):
                desk.ask(method, **params, lease=lease)
    replay = desk.world.lease(Act.REPLAY)
    for method, params in (
        ("hold", {**asked, "beyond_us": 0}),
        ("hold_seal", {**key, "beyond_us": 0, "sealed_key": piece["held_key"]}),
        ("hold_end", key),
    ):
        with pytest.raises(LeaseRefusedError):
            desk.ask(method, **params, lease=replay)
    narrow = desk.world.lease(from_us=start, to_us=start + SECOND_US // 2)
    with pytest.raises(LeaseRefusedError):
        desk.ask("hold", **asked, beyond_us=0, lease=narrow)
    assert desk.ask("hold_end", **key, lease=desk.world.lease()) == {"destroyed": 1}
    with pytest.raises(NotFoundError):
        desk.ask("hold_end", **key, lease=desk.world.lease())


def test_bytes_of_a_piece_are_those_of_the_file_and_no_more_than_the_lease_says(desk: Desk) -> None:
    start = desk.world.clock.wall_us()
    header, _ = desk.world.write(start)
    done = desk.secure(start, start + 4 * SECOND_US)
    replay = desk.world.lease(Act.REPLAY, from_us=start, to_us=start + SECOND_US)
    (piece,) = desk.ask("hold_pieces", hold=done.hold, lease=replay)["pieces"]
    assert len(piece["gops"]) == 1, "no more of the index than the lease's footage"
    key = {"hold": done.hold, "kid": piece["kid"], "lease": replay}
    with ChunkReader.open(desk.world.root / header.relative_path()) as reader:
        first, second = reader.gops[:2]
        assert desk.ask("hold_read", **key, offset=0, length=piece["head_length"]) == reader.read(0, reader.head_length)
        gop = piece["gops"][0]
        assert desk.ask("hold_read", **key, offset=gop["offset"], length=gop["length"]) == reader.read(
            first.offset, first.length
        )
    with pytest.raises(LeaseRefusedError):
        desk.ask("hold_read", **key, offset=gop["offset"] + gop["length"], length=second.length)
    desk.world.go_to(desk.world.end_us(header) + 7 * DAY_US)
    late = desk.world.lease(Act.REPLAY, from_us=start, to_us=start + SECOND_US)
    with pytest.raises(NotFoundError):
        desk.ask("hold_read", **{**key, "lease": late}, offset=0, length=10)


values = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 1 << 70), st.text(max_size=40), st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2), st.just(CAMERA), st.just("../x"),
)  # fmt: skip
names = ("case", "camera", "from_us", "to_us", "until_us", "beyond_us", "hold", "kid", "offset", "length", "sealed_key")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(
    method=st.sampled_from(["hold", "hold_pieces", "hold_seal", "hold_read", "hold_end"]),
    params=st.dictionaries(st.sampled_from(names), values),
)
def test_hostile_parameters_are_refused_and_leave_nothing(desk: Desk, method: str, params: dict[str, Any]) -> None:
    with pytest.raises(BeffroiError):
        desk.ask(method, **params, lease=desk.world.lease())
    assert desk.ask("holds") == {"holds": [], "damaged": [], "problems": []}
    assert not list(desk.world.root.glob("**/x*"))


def test_a_seal_of_the_wrong_size_is_refused(desk: Desk) -> None:
    start = desk.world.clock.wall_us()
    desk.world.write(start)
    done = desk.secure(start, start + SECOND_US)
    (piece,) = desk.ask("hold_pieces", hold=done.hold, lease=desk.world.lease())["pieces"]
    key = {"hold": done.hold, "kid": piece["kid"], "lease": desk.world.lease()}
    for change in (
        {"sealed_key": b64(b"short"), "beyond_us": 0},
        {"sealed_key": "%%%", "beyond_us": 0},
        {"sealed_key": piece["held_key"], "beyond_us": 8 * DAY_US},
    ):
        with pytest.raises(BadInputError):
            desk.ask("hold_seal", **key, **change)
