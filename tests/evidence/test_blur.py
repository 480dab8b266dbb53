"""The derived copy carries nothing of what is masked: two sources that differ there alone give the same bytes."""

import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.clips import clip, gops

from beffroi.domain.errors import BadInputError
from beffroi.domain.ranges import WallRange
from beffroi.evidence.blur import FULL, MOST_REGIONS, Key, Masking, Mode, Region, allowed, masking_from, masking_of
from beffroi.evidence.blurcopy import (
    MARK,
    Group,
    Picture,
    Strip,
    UnreadablePicturesError,
    jpeg,
    masked,
    pictures,
    write_copy,
)
from beffroi.media.errors import MalformedMediaError
from beffroi.media.fragment import fragment

Noise = npt.NDArray[np.uint8]
STEP_US = 40_000
NAMES = count()


@st.composite
def maskings(draw: st.DrawFn) -> Masking:
    """Boxes that move over a second."""
    regions = []
    for _ in range(draw(st.integers(1, 3))):
        times = sorted(draw(st.sets(st.integers(-200_000, 1_200_000), min_size=1, max_size=4)))
        keys = []
        for at_us in times:
            left, top = draw(st.integers(0, FULL - 1)), draw(st.integers(0, FULL - 1))
            keys.append([at_us, left, top, draw(st.integers(left + 1, FULL)), draw(st.integers(top + 1, FULL))])
        regions.append(keys)
    return masking_of(draw(st.sampled_from(Mode)), regions)


def noise(seed: int, number: int, width: int, height: int) -> Picture:
    rng = np.random.default_rng([seed, number])
    half = (height + 1) // 2, (width + 1) // 2
    planes = [rng.integers(0, 256, shape, dtype=np.uint8) for shape in ((height, width), half, half)]
    return Picture(number * STEP_US, (planes[0], planes[1], planes[2]), full_range=False)


def spliced(shown: Picture, hidden: Picture, masking: Masking) -> Picture:
    """``shown`` where the mask lets it leave, ``hidden`` elsewhere: decided pixel by pixel, from the plain rule."""
    planes = [plane.copy() for plane in shown.planes]
    for y in range(shown.height):
        for x in range(shown.width):
            if not may_leave(masking, shown, x, y):
                planes[0][y, x] = hidden.planes[0][y, x]
    for y in range(planes[1].shape[0]):
        for x in range(planes[1].shape[1]):
            four = [(2 * x + dx, 2 * y + dy) for dx in (0, 1) for dy in (0, 1)]
            inside = [(a, b) for a, b in four if a < shown.width and b < shown.height]
            if not all(may_leave(masking, shown, a, b) for a, b in inside):
                planes[1][y, x], planes[2][y, x] = hidden.planes[1][y, x], hidden.planes[2][y, x]
    return Picture(shown.wall_us, (planes[0], planes[1], planes[2]), shown.full_range)


def may_leave(masking: Masking, picture: Picture, x: int, y: int) -> bool:
    """An oracle in real numbers: a pixel is a square; kept when it lies wholly in a box, hidden when it touches one."""
    keep, wall_us, width, height = masking.mode is Mode.KEEP, picture.wall_us, picture.width, picture.height
    for region in masking.regions:
        box = real_box(region, wall_us)
        if box is None:
            continue
        left, top, right, bottom = (one * size / FULL for one, size in zip(box, (width, height) * 2, strict=True))
        if keep and left <= x and x + 1 <= right and top <= y and y + 1 <= bottom:
            return True
        if not keep and x < right and left < x + 1 and y < bottom and top < y + 1:
            return False
    return not keep


def real_box(region: Region, wall_us: int) -> tuple[float, ...] | None:
    keys = region.keys
    if not keys[0].at_us <= wall_us <= keys[-1].at_us:
        return None
    times = [float(key.at_us) for key in keys]
    return tuple(float(np.interp(wall_us, times, [key.box[n] for key in keys])) for n in range(4))


@settings(max_examples=30, deadline=None)
@given(masking=maskings(), seeds=st.tuples(st.integers(0, 99), st.integers(100, 199)), odd=st.booleans())
def test_what_is_masked_leaves_no_trace(
    tmp_path_factory: pytest.TempPathFactory, masking: Masking, seeds: tuple[int, int], odd: bool
) -> None:
    width, height = (23, 17) if odd else (22, 18)
    folder, name = tmp_path_factory.getbasetemp(), next(NAMES)
    first = [noise(seeds[0], n, width, height) for n in range(4)]
    other = [spliced(one, noise(seeds[1], n, width, height), masking) for n, one in enumerate(first)]
    copies = []
    for number, source in enumerate((first, other)):
        path = folder / f"copy-{name}-{number}.mp4"
        assert write_copy(path, source, masking, MARK) == 4
        copies.append(path.read_bytes())
        path.unlink()
    assert copies[0] == copies[1], "a masked pixel changed the copy"


@settings(max_examples=100, deadline=None)
@given(masking=maskings(), number=st.integers(0, 25), seed=st.integers(0, 99))
def test_what_may_leave_is_shown_as_it_was_and_all_else_is_grey(masking: Masking, number: int, seed: int) -> None:
    source = noise(seed, number, 40, 30)
    made, shown = masked(source, masking), allowed(masking, source.wall_us, 40, 30)
    whole = shown.repeat(2, axis=0).repeat(2, axis=1)
    assert (made.planes[0][whole] == source.planes[0][whole]).all()
    assert (made.planes[0][~whole] == made.planes[0][~whole][:1]).all(), "one grey"
    for plane, before in zip(made.planes[1:], source.planes[1:], strict=True):
        assert (plane[shown] == before[shown]).all()
        assert (plane[~shown] == 128).all()


def test_the_box_to_keep_is_not_there_before_its_first_key_nor_after_its_last() -> None:
    masking = Masking(Mode.KEEP, (Region((Key(100, 0, 0, FULL, FULL), Key(200, 0, 0, FULL, FULL))),))
    assert [bool(allowed(masking, at, 8, 8).any()) for at in (99, 100, 200, 201)] == [False, True, True, False]
    assert not allowed(Masking(Mode.KEEP, ()), 0, 8, 8).any(), "nothing drawn, nothing shown"


@pytest.mark.parametrize(
    "regions",
    [
        [[]],
        [[[0, 0, 0, 10]]],
        [[[0, 10, 0, 10, 10]]],
        [[[0, -1, 0, 10, 10]]],
        [[[0, 0, 0, FULL + 1, 10]]],
        [[[5, 0, 0, 10, 10], [5, 0, 0, 10, 10]]],
        [[[5, 0, 0, 10, 10], [4, 0, 0, 10, 10]]],
        [[[0, 0, 0, True, 10]]],
        [[[0, 0, 0, 10, 10]]] * (MOST_REGIONS + 1),
    ],
)
def test_boxes_that_are_none(regions: list[list[list[int]]]) -> None:
    with pytest.raises(BadInputError):
        masking_of(Mode.KEEP, regions)


def test_hiding_nothing_is_refused() -> None:
    with pytest.raises(BadInputError):
        masking_of(Mode.HIDE, [])


def groups(codec: str = "h264", b_frames: int = 2) -> list[Group]:
    config, frames = clip("h265" if codec == "h265" else "h264", count=50, b_frames=b_frames)
    found = []
    for number, some in enumerate(gops(frames), 1):
        data = b"".join(bytes(one) for one in fragment(some, sequence=number, protection=None, first_sample=0))
        found.append(Group(config, data, some[0].pts_90k * 100 // 9))
    return found


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_from_recorded_groups_to_a_file_that_players_open(tmp_path: Path, codec: str) -> None:
    first_us = groups(codec)[0].wall_us
    asked = WallRange(first_us + 400_000, first_us + 1_600_000)
    began_s = time.perf_counter()
    found = list(pictures(groups(codec), asked))
    times = [one.wall_us for one in found]
    assert times == sorted(times)
    assert len(found) == 30
    assert asked.from_us <= times[0]
    assert times[-1] < asked.to_us
    masking = masking_from(
        masking_of(Mode.KEEP, [[[asked.from_us, 0, 0, 5000, 5000], [asked.to_us, 5000, 5000, FULL, FULL]]]).as_json()
    )
    out = tmp_path / "copie.mp4"
    assert write_copy(out, found, masking, f"{MARK} S-1") == 30
    took_s = time.perf_counter() - began_s
    with av.open(str(out)) as container:
        assert [one.type for one in container.streams] == ["video"], "no sound"
        assert MARK in container.metadata["title"]
        shown = [one.to_ndarray(format="gray") for one in container.decode(video=0)]
    assert len(shown) == 30
    assert jpeg(masked(found[0], masking, Strip(MARK, 160, 90)))[:2] == b"\xff\xd8"
    sys.stdout.write(f"\n{codec}: 30 pictures of 160x90 decoded, masked and encoded in {took_s:.2f} s\n")


def test_no_picture_no_file(tmp_path: Path) -> None:
    assert write_copy(tmp_path / "copie.mp4", [], Masking(Mode.KEEP, ()), MARK) == 0
    assert list(tmp_path.iterdir()) == []


def test_pictures_that_change_size_leave_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePicturesError):
        write_copy(tmp_path / "c.mp4", [noise(1, 0, 32, 24), noise(1, 1, 64, 24)], Masking(Mode.KEEP, ()), MARK)
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_fails_half_way_leaves_no_file(tmp_path: Path) -> None:
    """After many pictures the encoder has written some: the error is the source's, not that of the file's end."""

    def failing() -> Iterator[Picture]:
        yield from (noise(1, number, 64, 48) for number in range(120))
        raise UnreadablePicturesError

    with pytest.raises(UnreadablePicturesError):
        write_copy(tmp_path / "c.mp4", failing(), Masking(Mode.KEEP, ()), MARK)
    assert list(tmp_path.iterdir()) == []


def test_a_torn_group_is_said_to_be_one(tmp_path: Path) -> None:
    (whole, *_) = groups()
    with pytest.raises(MalformedMediaError):
        list(pictures([Group(whole.config, whole.data[:-9], 0)], WallRange(0, 10**9)))
    wrong = bytearray(whole.data)
    wrong[-2000:] = bytes(range(250)) * 8
    source = pictures([Group(whole.config, bytes(wrong), 0)], WallRange(0, 10**9))
    try:  # either is right: an error of ours, or pictures that the decoder could mend
        write_copy(tmp_path / "c.mp4", source, Masking(Mode.KEEP, ()), MARK)
    except UnreadablePicturesError:
        assert list(tmp_path.iterdir()) == []
