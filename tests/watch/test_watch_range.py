"""One file of a range, in slices: reads what it needs and no more, holds little, and stops with its lease."""

import asyncio
import hashlib
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.clips import clip
from tests.support.gates import replay
from tests.support.oddclips import odd_clip
from tests.support.viewing import CAMERA, HERE, ReplayHouse

from beffroi.domain.errors import NotFoundError
from beffroi.domain.lease import LeaseRefusedError
from beffroi.domain.ranges import WallRange
from beffroi.media.codec import config_from_parameter_sets
from beffroi.media.frame import Frame
from beffroi.vault.release import CHUNK_SPAN_US
from beffroi.vault.sealing import SealedChunk
from beffroi.watch.rangeview import BLOCK_BYTES, RangeTooLongError, RangeView

S = 1_000_000


class Releaser:
    """The house's keyrings; counts which keys were asked for."""

    def __init__(self, house: ReplayHouse) -> None:
        self._house = house
        self.asked: list[int] = []

    def release(self, header: SealedChunk, lease_token: str, *, now_us: int) -> bytes:
        self.asked.append(header.wall_start_us)
        return self._house.world.keyrings.release(header, lease_token, now_us=now_us)


class Taken:
    """What was handed over; `hold` makes it somebody who does not take it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.hold = asyncio.Event()
        self.hold.set()

    async def __call__(self, data: bytes) -> None:
        await self.hold.wait()
        self.data += data


@pytest.fixture
def house(tmp_path: Path) -> Iterator[ReplayHouse]:
    found = ReplayHouse(tmp_path)
    yield found
    found.close()


async def view_of(house: ReplayHouse, footage: WallRange) -> tuple[RangeView, Releaser]:
    view = await house.gate.open(replay(footage, camera=CAMERA), HERE, {"name": "x"})
    releaser = Releaser(house)
    made = RangeView(
        house.footage,
        releaser,
        house.gate,
        view,
        stream="main",
        verify_key=house.gate.verify_key,
        clock=house.clock,
    )
    await made.prepare()
    return made, releaser


async def test_a_slice_reads_its_fragments_and_asks_their_keys_only(house: ReplayHouse) -> None:
    """Over an hour and a half: the list comes in windows, and no fragment counts twice."""
    start = house.clock.wall - 7_200 * S
    starts = [start + n * 600 * S for n in range(9)]
    for at in starts:
        house.chunk(at, seconds=20)
    view, releaser = await view_of(house, WallRange(start - S, start + 5_400 * S))
    layout = view.layout
    assert (len(layout.fragments), layout.frames) == (9 * 20, 9 * 100)
    assert releaser.asked == []
    first = layout.fragments[0]
    assert house.footage.reads[1:] == [(1, first.gop.offset, first.gop.length)], "an init segment and one fragment"
    assert len(house.footage.reads) == 2

    house.footage.reads.clear()
    taken, wanted = Taken(), layout.fragments[4 * 20 + 3 : 4 * 20 + 6]
    await view.write(wanted[0].at + 5, wanted[-1].at + 5, taken)
    assert releaser.asked == [starts[4]]
    assert [(offset, length) for _, offset, length in house.footage.reads] == [
        (placed.gop.offset, placed.gop.length) for placed in wanted
    ]
    assert len(taken.data) == wanted[-1].at - wanted[0].at
    assert view.sent.frames == 15
    assert view.sent.bytes == len(taken.data)


async def test_it_never_holds_more_than_a_fragment_or_so(house: ReplayHouse) -> None:
    odd = odd_clip(count=40, gop=4, fps=2, width=1280, height=720, noise=120)
    frames = tuple(Frame(p.stored("h264"), p.key, p.sent_90k, p.shown_90k, 0, 0, None) for p in odd.pictures)
    start = house.clock.wall - 600 * S
    house.chunk(start, source=(config_from_parameter_sets("h264", odd.sets), frames))
    view, _ = await view_of(house, WallRange(start, start + 30 * S))
    hasher, largest = hashlib.sha256(), max(placed.gop.length for placed in view.layout.fragments)

    async def take(data: bytes) -> None:
        assert len(data) <= BLOCK_BYTES
        hasher.update(data)

    tracemalloc.start()
    await view.write(0, view.layout.size, take)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"file {view.layout.size}, largest fragment {largest}, peak {peak}")  # noqa: T201  the figure
    assert view.layout.size > 4 * largest
    assert peak < 6 * largest


async def test_a_withdrawal_stops_it_where_it_stands(house: ReplayHouse) -> None:
    start = house.clock.wall - 600 * S
    house.chunk(start, seconds=20)
    view, _ = await view_of(house, WallRange(start, start + 20 * S))
    taken = Taken()

    async def take(data: bytes) -> None:
        await taken(data)
        if len(taken.data) > view.layout.size // 2:
            house.law.withdraw("p1", CAMERA)
            await house.gate.tick()

    task = asyncio.create_task(view.write(0, view.layout.size, take))
    with pytest.raises(LeaseRefusedError):
        await asyncio.wait_for(task, 60)
    assert view.layout.size // 2 < len(taken.data) < view.layout.size // 2 + 2 * BLOCK_BYTES
    assert view.sent.bytes == len(taken.data)


async def test_a_lease_that_is_late_makes_it_wait(house: ReplayHouse) -> None:
    start = house.clock.wall - 600 * S
    house.chunk(start, seconds=20)
    view, _ = await view_of(house, WallRange(start, start + 20 * S))
    taken = Taken()
    house.clock.advance(4)
    task = asyncio.create_task(view.write(0, view.layout.size, taken))
    await asyncio.sleep(0.2)
    assert not taken.data
    await house.gate.tick()
    await asyncio.wait_for(task, 60)
    assert len(taken.data) == view.layout.size


async def test_what_cannot_be_one_file_is_said(house: ReplayHouse) -> None:
    start = house.clock.wall - 600 * S
    house.chunk(start, seconds=20)
    for wanted, error in (
        (WallRange(start + 100 * S, start + 200 * S), NotFoundError),
        (WallRange(start - 13 * 3600 * S, start), RangeTooLongError),
    ):
        with pytest.raises(error) as refused:
            await view_of(house, wanted)
        assert refused.value.text.fr != refused.value.text.en


async def test_the_key_of_a_file_outside_the_lease_is_never_asked(house: ReplayHouse) -> None:
    start = house.clock.wall - 7_000 * S
    house.chunk(start, seconds=20)
    house.chunk(start + CHUNK_SPAN_US + 60 * S, seconds=20)
    view, releaser = await view_of(house, WallRange(start, start + 10 * S))
    taken = Taken()
    await view.write(0, view.layout.size, taken)
    assert releaser.asked == [start]
    assert view.sent.footage == WallRange(start, start + 10 * S)


async def test_a_range_that_begins_inside_a_group_takes_that_group(house: ReplayHouse) -> None:
    start = house.clock.wall - 600 * S
    house.chunk(start, source=clip(count=100, gop=50, fps=5))
    view, _ = await view_of(house, WallRange(start + 7 * S, start + 12 * S))
    assert (view.layout.footage.from_us, view.layout.lead_in_us) == (start, 7 * S)
