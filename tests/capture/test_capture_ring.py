"""The ring: nobody waits, a slow reader restarts at a key frame and knows what it lost."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from beffroi.capture.ring import Ring


@dataclass
class Item:
    number: int
    key: bool = False
    size: int = 100


def numbers(items: list[Item]) -> list[int]:
    return [item.number for item in items]


def filled(count: int, gop: int = 10, cap: int = 1 << 20) -> Ring[Item]:
    ring: Ring[Item] = Ring(cap)
    for number in range(count):
        if number % gop == 0:
            ring.trim()
        ring.push(Item(number, number % gop == 0))
    return ring


def test_a_viewer_joins_at_the_newest_key_frame() -> None:
    batch, cursor = filled(25).read(None)
    assert numbers(batch.items) == [20, 21, 22, 23, 24]
    assert (batch.dropped, cursor) == (0, 25)


def test_a_reader_a_few_frames_late_at_a_key_frame_loses_nothing() -> None:
    ring = filled(19)
    _, cursor = ring.read(None)
    for number in range(19, 23):
        if number == 20:
            ring.trim()
        ring.push(Item(number, number == 20))
    batch, _ = ring.read(cursor)
    assert numbers(batch.items) == [19, 20, 21, 22]


def test_a_slow_reader_restarts_at_a_key_frame_and_is_told() -> None:
    ring = filled(3)
    _, cursor = ring.read(None)
    for number in range(3, 35):
        if number % 10 == 0:
            ring.trim()
        ring.push(Item(number, number % 10 == 0))
    batch, _ = ring.read(cursor)
    assert numbers(batch.items) == [30, 31, 32, 33, 34]
    assert batch.dropped == 27


def test_before_the_first_key_frame_nothing_is_given() -> None:
    ring: Ring[Item] = Ring()
    ring.push(Item(0))
    assert ring.read(None) == ring.read(None)
    batch, cursor = ring.read(None)
    assert (batch.items, cursor) == ([], None)


def test_a_new_run_is_not_joined_to_the_old() -> None:
    ring = filled(5)
    _, cursor = ring.read(None)
    ring.clear()
    assert ring.read(cursor)[0].items == []
    ring.push(Item(5, key=True))
    assert numbers(ring.read(cursor)[0].items) == [5]


@given(sizes=st.lists(st.integers(1, 1000), min_size=1, max_size=200), gop=st.integers(1, 50))
def test_the_cap_holds_and_readers_see_a_line_without_holes(sizes: list[int], gop: int) -> None:
    ring: Ring[Item] = Ring(5_000)
    seen: list[int] = []
    cursor = None
    for number, size in enumerate(sizes):
        if number % gop == 0:
            ring.trim()
        ring.push(Item(number, number % gop == 0, size))
        if number % 7 == 0:
            batch, cursor = ring.read(cursor)
            if batch.items and (batch.dropped or not seen):
                assert batch.items[0].key
            elif batch.items:
                assert batch.items[0].number == seen[-1] + 1
            assert sum(item.size for item in batch.items) <= 5_000
            got = numbers(batch.items)
            assert got == list(range(got[0], got[-1] + 1)) if got else True
            seen += got
    assert seen == sorted(set(seen))
