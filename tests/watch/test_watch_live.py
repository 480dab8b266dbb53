"""Live: a real worker's socket, a real gate, real time. One upstream for all; nothing leaves without a lease."""

import asyncio
import base64
import json
import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.support.liveworld import LiveWorld
from tests.support.ports import busy
from tests.support.viewing import CAMERA

from beffroi.domain.clock import ManualClock
from beffroi.domain.ids import AuthorityId, StreamName
from beffroi.domain.lease import LeaseRefusedError, check
from beffroi.domain.ranges import WallRange
from beffroi.gate.answers import CutCode
from beffroi.ledger.entry import EntryKind
from beffroi.watch.choice import LIVE_ORDER, choose
from beffroi.watch.outlet import Outlet


def walls(fragments: list[bytes]) -> list[int]:
    return [int(struct.unpack(">BQQB", message[:18])[1]) for message in fragments]


def key(message: bytes) -> bool:
    return bool(message[17] & 1)


def raw(message: dict[str, Any] | bytes) -> bytes:
    assert isinstance(message, bytes)
    return message


async def test_a_live_view_starts_at_a_key_frame_after_its_init(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        world.push(8)
        viewer = await world.watch()
        await viewer.sink.until_fragments(3)
        world.push(4)
        await viewer.sink.until_fragments(7)
        first = viewer.sink.sent[0]
        assert isinstance(first, dict)
        assert (first["type"], first["codec"], first["stream"]) == ("init", world.config.codec_string, "sub")
        assert raw(viewer.sink.sent[1])[:1] == b"\x01"
        assert key(viewer.sink.fragments[0])
        steps = [b - a for a, b in pairwise(walls(viewer.sink.fragments))]
        assert set(steps) == {40_000}
        viewer.sink.gone = True
        world.push()
        sent, cut = await viewer.task
        assert cut is None
        assert sent.frames == len(viewer.sink.fragments) + 1  # the last was handed over as the client left
        entries = world.ledger.entries_of_view(viewer.view.id)
        assert [entry.kind for entry in entries] == [EntryKind.VIEW_OPENED, EntryKind.VIEW_ENDED]
        assert entries[1].sent == sent


async def test_viewers_share_one_upstream_and_the_last_to_leave_closes_it(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        world.push(5)
        viewers = [await world.watch(person) for person in ("p1", "p2", "p3")]
        for viewer in viewers:
            await viewer.sink.until_fragments(5)
        world.push(3)
        for viewer in viewers:
            await viewer.sink.until_fragments(8)
        assert world.connections == 1
        assert world.hub.upstreams() == 1
        assert world.stream.viewers == 1
        for viewer in viewers:
            viewer.sink.gone = True
        world.push()
        await asyncio.gather(*(viewer.task for viewer in viewers))
        assert world.hub.upstreams() == 0


async def test_when_the_carrier_leaves_the_others_miss_nothing(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        world.begin_run("run-2", gop=25)  # the recorder's ring then holds the last second or two, as with a camera
        world.push(5)
        carrier = await world.watch("p1")
        await carrier.sink.until_fragments(5)
        other = await world.watch("p2")
        await other.sink.until_fragments(5)
        carrier.task.cancel()
        await asyncio.gather(carrier.task, return_exceptions=True)
        for _ in range(30):
            world.push()
            await asyncio.sleep(0.04)
        await other.sink.until_fragments(35)
        assert world.connections == 2
        assert {b - a for a, b in pairwise(walls(other.sink.fragments))} == {40_000}
        assert len(other.sink.of_type("init")) == 1
        assert other.sink.of_type("notice") == []


async def test_a_withdrawal_blanks_at_once_even_a_client_that_goes_on_reading(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        world.push(5)
        viewer, other = await world.watch("p1"), await world.watch("p2")
        for one in (viewer, other):
            await one.sink.until_fragments(5)
        world.law.withdraw("p1", str(CAMERA))
        world.gate.poke()
        _, cut = await asyncio.wait_for(viewer.task, 5 * busy())
        assert cut is not None
        assert cut.code is CutCode.WITHDRAWN
        assert viewer.sink.texts[-1]["type"] == "cut"
        seen = len(viewer.sink.fragments)
        world.push(10)
        await other.sink.until_fragments(15)
        assert len(viewer.sink.fragments) == seen


async def test_a_client_that_does_not_read_is_cut_all_the_same(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        world.push(5)
        viewer = await world.watch()
        viewer.sink.hold = True
        world.push(20)
        world.law.withdraw("p1", str(CAMERA))
        world.gate.poke()
        _, cut = await asyncio.wait_for(viewer.task, 5 * busy())
        assert cut is not None
        kinds = [entry.kind for entry in world.ledger.entries_of_view(viewer.view.id)]
        assert kinds == [EntryKind.VIEW_OPENED, EntryKind.VIEW_CUT, EntryKind.VIEW_ENDED]


async def test_a_slow_viewer_drops_to_a_key_frame_and_is_told_how_many(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        world.push(5)
        slow, quick = await world.watch("p1"), await world.watch("p2")
        for one in (slow, quick):
            await one.sink.until_fragments(5)
        slow.sink.hold = True
        for _ in range(30):
            world.push(5)
            await quick.sink.until_fragments(world.number)
        slow.sink.hold = False
        await slow.sink.until_type("notice")
        world.push(5)
        last_us = world.start_us + (world.number - 1) * 40_000
        await slow.sink.until(lambda: walls(slow.sink.fragments)[-1] == last_us)
        told = sum(notice["frames"] for notice in slow.sink.of_type("notice"))
        assert told > 0
        assert len(slow.sink.fragments) + told == world.number
        at = slow.sink.sent.index(slow.sink.of_type("notice")[0])
        after = slow.sink.sent[at + 1]
        assert isinstance(after, bytes)
        assert key(after)
        assert {b - a for a, b in pairwise(walls(quick.sink.fragments))} == {40_000}


async def test_a_new_run_brings_a_new_init(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        world.push(7)
        viewer = await world.watch()
        await viewer.sink.until_fragments(2)
        world.begin_run("run-2", width=128)
        world.push(3)
        await viewer.sink.until_type("init", 2)
        await viewer.sink.until_fragments(5)
        inits = viewer.sink.of_type("init")
        assert [init["width"] for init in inits] == [160, 128]
        at = viewer.sink.sent.index(inits[1])
        assert raw(viewer.sink.sent[at + 1])[:1] == b"\x01"
        assert key(raw(viewer.sink.sent[at + 2]))


async def test_an_upstream_that_is_lost_is_said_and_comes_back(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        world.push(5)
        viewer = await world.watch()
        await viewer.sink.until_fragments(5)
        await world.server.stop()
        state = await viewer.sink.until_type("state")
        assert state["state"] == "late"
        await world.server.start(tmp_path / "live.sock")
        world.push(5)
        await viewer.sink.until_fragments(10)
        assert {b - a for a, b in pairwise(walls(viewer.sink.fragments))} == {40_000}


class _Stolen:
    """A gate that gives another view's lease: what a bug, or a thief, would offer."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def current_lease(self, _view: object) -> str | None:
        return self._token


async def test_the_way_out_checks_every_lease_itself(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        world.push(5)
        viewer, other = await world.watch("p1"), await world.watch("p2")
        stolen = world.gate.current_lease(other.view.id)
        assert stolen is not None
        forged = stolen[:-4] + "AAAA"
        sink = viewer.sink
        for token in (stolen, forged, None, ""):
            outlet = Outlet(
                _Stolen(token),  # type: ignore[arg-type]  # of a gate, only what the outlet asks of it
                viewer.view,
                sink,
                verify_key=world.gate.verify_key,
                clock=world.clock,
            )
            before = len(sink.fragments)
            with pytest.raises(LeaseRefusedError):
                await outlet.fragment(b"picture", wall_us=1, end_us=2, frames=1, key=True)
            with pytest.raises(LeaseRefusedError):
                await outlet.init(b"init")
            with pytest.raises(LeaseRefusedError):
                await outlet.text({"type": "timeline"})
            assert outlet.sent.bytes == 0
            assert len(sink.fragments) == before


async def test_the_same_lease_is_worth_nothing_once_its_time_is_over(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        viewer = await world.watch()
        token = viewer.view.lease
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
        clock = ManualClock(wall=claims["issued_us"])  # however long ago the machine let it be issued
        outlet = Outlet(
            _Stolen(token),  # type: ignore[arg-type]  # of a gate, only what the outlet asks of it
            viewer.view,
            viewer.sink,
            verify_key=world.gate.verify_key,
            clock=clock,
        )
        await outlet.init(b"first")
        clock.advance(2.5)
        await outlet.init(b"second")
        with pytest.raises(LeaseRefusedError, match="outside"):
            outlet.permit(footage=WallRange(1, 2))
        clock.advance(0.5)
        with pytest.raises(LeaseRefusedError, match="expired"):
            await outlet.init(b"third")
        clock.step(-10)
        with pytest.raises(LeaseRefusedError, match="expired"):
            await outlet.init(b"fourth")
        assert outlet.sent.bytes == len(b"firstsecond")


async def test_renewals_are_passed_on(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        world.push(5)
        viewer = await world.watch()
        message = await viewer.sink.until_type("lease")
        lease = check(
            message["lease"], world.gate.verify_key, now_us=world.clock.wall_us(), connection=viewer.view.connection
        )
        assert lease.view == viewer.view.id


async def test_an_agent_of_another_authority_sees_what_is_recorded_under_the_mayor_s(tmp_path: Path) -> None:
    """Its row allows it under its own authority, and so the register says; the recorder knows the camera's place."""
    async with LiveWorld(tmp_path) as world:
        world.law.authority, world.law.recorded_under = AuthorityId("president-cd/95"), AuthorityId("maire/99001")
        world.push(5)
        viewer = await world.watch()
        await viewer.sink.until_fragments(5)
        (opened,) = world.ledger.entries_of_view(viewer.view.id)
        assert opened.authority == "president-cd/95"
        lease = world.gate.current_lease(viewer.view.id)
        assert lease is not None
        assert check(lease, world.gate.verify_key, now_us=world.clock.wall_us()).authority == "maire/99001"


async def test_a_camera_that_comes_under_another_authority_ends_its_views(tmp_path: Path) -> None:
    """The lease that was granted names the former one's recordings."""
    async with LiveWorld(tmp_path) as world:
        world.law.authority, world.law.recorded_under = AuthorityId("president-cd/95"), AuthorityId("maire/99001")
        world.push(5)
        viewer = await world.watch()
        await viewer.sink.until_fragments(5)
        world.law.recorded_under = AuthorityId("maire/99002")
        world.law.changes += 1
        world.gate.poke()
        _, cut = await asyncio.wait_for(viewer.task, 5 * busy())
        assert cut is not None
        assert cut.code is CutCode.WITHDRAWN


async def test_a_view_whose_lease_the_recorder_refuses_darkens_no_other(tmp_path: Path) -> None:
    """Who comes first carries the pictures for all: when the recorder does not take that lease, the next one does."""
    async with LiveWorld(tmp_path) as world:
        world.law.authority = AuthorityId("president-cd/95")  # whose recordings these are not
        world.push(5)
        stranger = await world.watch("p1")
        await stranger.sink.until(lambda: bool(stranger.sink.of_type("state")))
        world.law.authority = AuthorityId("maire/99001")
        mayor = await world.watch("p2")
        await mayor.sink.until_fragments(5)


def test_the_stream_is_one_that_the_browser_plays() -> None:
    h264, h265 = "avc1.64001f", "hvc1.1.6.L93.B0"
    assert choose({"main": h264, "sub": h264}, LIVE_ORDER, h265=False) == "sub"
    assert choose({"main": h264, "sub": h265}, LIVE_ORDER, h265=False) == "main"
    assert choose({"main": h264, "sub": h265}, LIVE_ORDER, h265=True) == "sub"
    assert choose({"main": h264}, LIVE_ORDER, h265=False) == "main"
    nothing: tuple[dict[StreamName, str], ...] = ({}, {"main": h265})
    for none in nothing:
        assert choose(none, LIVE_ORDER, h265=False) is None
