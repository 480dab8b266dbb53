"""A replay of what the disk has changed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from tests.support.clips import clip
from tests.support.faultmatrix import run_seed
from tests.support.viewing import ReplayHouse

from beffroi.domain.ranges import WallRange
from beffroi.vault.reader import ChunkReader

S = 1_000_000


@pytest.fixture
def house(tmp_path: Path) -> Iterator[ReplayHouse]:
    found = ReplayHouse(tmp_path)
    yield found
    found.close()


async def test_what_needs_a_damaged_fragment_is_not_sent_either(house: ReplayHouse) -> None:
    """Of a long group: a browser drops what follows up to the next key frame, and it would count as shown."""
    start = house.clock.wall - 900 * S
    house.chunk(start, source=clip(count=60, gop=30, fps=5))
    (path,) = house.root.rglob("*.mp4")
    with ChunkReader.open(path) as reader:
        gops = list(reader.gops)
    first, second = (at for at, gop in enumerate(gops) if gop.key)
    assert second - first >= 3, "several fragments of one group"
    data = bytearray(path.read_bytes())
    data[gops[first].offset + gops[first].length // 2] ^= 1
    path.write_bytes(data)
    _, replay = await house.open(WallRange(start, start + 12 * S))
    task = asyncio.create_task(replay.run())
    house.orders.seek(1, start)
    await house.sink.until_type("end")
    assert len(house.sink.fragments) == len(gops) - second
    assert [(gap["from"], gap["to"]) for gap in house.sink.of_type("gap")] == [(start, gops[second].wall_us)]
    house.orders.leave()
    await task


@pytest.mark.parametrize("spoilt", [1, 2])
async def test_fragments_with_a_flipped_bit_are_not_sent_and_what_follows_is_played(
    house: ReplayHouse, spoilt: int
) -> None:
    """A hole of more than a second says why it is one, as any hole does."""
    start = house.clock.wall - 900 * S
    house.chunk(start, seconds=5)
    (path,) = house.root.rglob("*.mp4")
    with ChunkReader.open(path) as reader:
        gops = reader.gops[2 : 2 + spoilt]
    draw = Random(run_seed())  # noqa: S311  choice of bits
    data = bytearray(path.read_bytes())
    for gop in gops:
        data[gop.offset + draw.randrange(gop.length)] ^= 1 << draw.randrange(8)
    path.write_bytes(data)
    _, replay = await house.open(WallRange(start, start + 5 * S))
    task = asyncio.create_task(replay.run())
    house.orders.seek(1, start)
    await house.sink.until_type("end")
    assert len(house.sink.fragments) == 5 - spoilt, "those before and after"
    gaps = house.sink.of_type("gap")
    assert [(gap["from"], gap["to"]) for gap in gaps] == [(gops[0].wall_us, gops[-1].end_us)][: spoilt - 1]
    assert all("damaged on the disk" in gap["cause"]["en"] for gap in gaps)
    assert all("abîmées sur le disque" in gap["cause"]["fr"] for gap in gaps)
    house.orders.leave()
    _, cut = await task
    assert cut is None
