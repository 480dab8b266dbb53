"""Decode times from presentation times: the encoder's own where the depth is known, never above, never back."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clips import clip

from beffroi.media import h264, h265
from beffroi.media.bits import BitReader
from beffroi.media.h264_vui import vui_reorder
from beffroi.media.nal import CODECS, Codec
from beffroi.media.reorder import LONGEST_STEP_90K, DecodeTimes, PresentationBreakError, RtpTime, reorder_depth


def orders(b_frames: int, pyramid: bool, length: int) -> list[int]:
    """Presentation ranks in decode order: groups of one reference picture and the B-frames shown before it."""
    out, at = [0], 1
    while at < length:
        group = list(range(at, at + b_frames + 1))
        last, between = group[-1], group[:-1]
        if pyramid and between:
            middle = between.pop(len(between) // 2)
            between = [middle, *between]
        out += [last, *between]
        at += b_frames + 1
    return out


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("b_frames", range(5))
def test_the_depth_of_real_streams_is_read(codec: Codec, b_frames: int) -> None:
    """No picture comes later than it says (x264 says one more than it uses for two B-frames)."""
    config, frames = clip(codec, count=60, b_frames=b_frames)
    late = [sum(other.pts_90k > frame.pts_90k for other in frames[:place]) for place, frame in enumerate(frames)]
    depth = reorder_depth(config)
    assert depth is not None
    assert max(late) <= depth <= max(late) + 1


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("b_frames", range(5))
def test_decode_times_are_those_of_the_encoder(codec: Codec, b_frames: int) -> None:
    config, frames = clip(codec, count=60, b_frames=b_frames)
    times = DecodeTimes(reorder_depth(config))
    got = [times.place(frame.pts_90k, key=frame.key) for frame in frames]
    assert None not in got
    lag = {frame.dts_90k - (dts or 0) for frame, dts in zip(frames, got, strict=True)}
    assert len(lag) == 1, "the same clock, up to a constant"


@given(
    b_frames=st.integers(0, 6),
    pyramid=st.booleans(),
    lost=st.sets(st.integers(1, 299)),
    steps=st.lists(st.integers(1, 40_000), min_size=310, max_size=310),
)
def test_never_above_and_never_back_whatever_is_lost(
    b_frames: int, pyramid: bool, lost: set[int], steps: list[int]
) -> None:
    """With the true depth: any frame rate that changes, any pictures missing."""
    ranks = orders(b_frames, pyramid, 300)
    depth = max(sum(other > rank for other in ranks[:place]) for place, rank in enumerate(ranks))
    shown = [sum(steps[:rank]) for rank in range(max(ranks) + 1)]
    times = DecodeTimes(depth)
    got = []
    for place, rank in enumerate(ranks):
        if place in lost:
            continue
        dts = times.place(shown[rank], key=place == 0)
        assert dts is not None
        assert dts <= shown[rank]
        got.append(dts)
    assert all(before < after for before, after in pairwise(got))


@given(b_frames=st.integers(0, 6), pyramid=st.booleans(), quiet=st.integers(0, 100), gop=st.integers(5, 60))
def test_an_unknown_depth_is_learnt(b_frames: int, pyramid: bool, quiet: int, gop: int) -> None:
    """B-frames from the start or all of a sudden: runs break until the depth is known, and then no more."""
    ranks = list(range(quiet)) + [quiet + rank for rank in orders(b_frames, pyramid, 400)]
    times = DecodeTimes(None)
    breaks, last, newest = [], None, -1
    for place, rank in enumerate(ranks):
        key = rank > newest and place % gop == 0
        newest = max(newest, rank)
        try:
            dts = times.place(rank * 3600, key=key)
        except PresentationBreakError:
            breaks.append(place)
            times.restart()
            last = None
            continue
        if dts is not None:
            assert dts <= rank * 3600
            assert last is None or last < dts
            last = dts
    assert len(breaks) <= 3
    assert all(place < quiet + 150 for place in breaks)


def test_without_b_frames_an_unknown_depth_ends_at_none() -> None:
    times = DecodeTimes(None)
    got = [times.place(number * 3600, key=number % 25 == 0) for number in range(100)]
    assert got[:50] == [(number - 2) * 3600 for number in range(50)]
    assert got[50:] == [number * 3600 for number in range(50, 100)]


def test_leading_pictures_of_the_first_key_picture_are_left_out() -> None:
    times = DecodeTimes(1)
    got = [times.place(rank * 3600, key=rank == 3) for rank in (3, 1, 2, 5, 4, 7, 6)]
    assert got == [2 * 3600, None, None, 3 * 3600, 4 * 3600, 5 * 3600, 6 * 3600]


@pytest.mark.parametrize("depth", [0, 2, None])
@pytest.mark.parametrize("step", [LONGEST_STEP_90K + 1, -LONGEST_STEP_90K - 1, 1 << 40])
def test_a_leap_ends_the_run_before_the_picture_that_leaps(depth: int | None, step: int) -> None:
    times = DecodeTimes(depth)
    for number in range(10):
        times.place(number * 3600, key=number == 0)
    with pytest.raises(PresentationBreakError) as broken:
        times.place(9 * 3600 + step, key=True)
    assert broken.value.step_90k == step
    times.restart()
    assert times.place(9 * 3600 + step, key=True) is not None


def test_a_time_that_stands_still_ends_the_run_and_teaches_nothing() -> None:
    times = DecodeTimes(0)
    times.place(100, key=True)
    with pytest.raises(PresentationBreakError):
        times.place(100, key=False)
    assert times.depth == 0


def test_a_camera_whose_parameter_sets_lie_about_the_depth_is_believed_once() -> None:
    """It says 0 and sends B-frames: the second break teaches more than its word."""
    times, breaks = DecodeTimes(0), 0
    for place, rank in enumerate(orders(1, False, 200)):
        try:
            times.place(rank * 3600, key=place == 0)
        except PresentationBreakError:
            breaks += 1
            times.restart()
    assert breaks == 2
    assert times.depth == 1


@given(start=st.integers(0, (1 << 32) - 1), steps=st.lists(st.integers(-(1 << 31) + 1, (1 << 31) - 1), max_size=50))
def test_rtp_time_is_unwrapped(start: int, steps: list[int]) -> None:
    unwrap = RtpTime()
    assert unwrap.unwrap(start) == start
    at = start
    for step in steps:
        at += step
        assert unwrap.unwrap(at & 0xFFFFFFFF) == at


@pytest.mark.parametrize("codec", CODECS)
def test_a_torn_sps_says_no_depth_or_does_not_parse(codec: Codec) -> None:
    """Cut anywhere: no depth is invented, and nothing but the one error is raised."""
    from beffroi.media.errors import MalformedMediaError

    config, _ = clip(codec, count=60, b_frames=2)
    place = 0 if codec == "h264" else 1
    sps = config.parameter_sets[place]
    whole = (h264.parse_sps if codec == "h264" else h265.parse_sps)(sps).reorder
    for size in range(len(sps)):
        try:
            found = (h264.parse_sps if codec == "h264" else h265.parse_sps)(sps[:size]).reorder
        except MalformedMediaError:
            continue
        assert found in {None, whole}


def bits(*fields: tuple[int, int]) -> BitReader:
    """A reader over (value, width) fields."""
    text = "".join(f"{value:0{width}b}" for value, width in fields) + "0" * 32
    return BitReader(int(text, 2).to_bytes((len(text) + 7) // 8, "big") if len(text) % 8 == 0 else _padded(text))


def _padded(text: str) -> bytes:
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def ue(value: int) -> tuple[int, int]:
    return value + 1, 2 * (value + 1).bit_length() - 1


def test_every_field_of_the_vui_is_stepped_over() -> None:
    model = [ue(1), (0, 8), ue(5), ue(6), (1, 1), ue(7), ue(8), (0, 1), (0, 20)]
    everything = [
        (1, 1), (1, 1), (255, 8), (0x0001_0001, 32), (1, 1), (1, 1), (1, 1), (5, 4), (1, 1), (0x010101, 24),
        (1, 1), ue(2), ue(3), (1, 1), (0, 32), (1, 32), (1, 1), (1, 1), *model, (1, 1), *model, (0, 1), (1, 1),
        (1, 1), (1, 1), ue(1), ue(2), ue(10), ue(11), ue(3), ue(4),
    ]  # fmt: skip
    assert vui_reorder(bits(*everything)) == 3
    nothing = [(1, 1)] + [(0, 1)] * 9
    assert vui_reorder(bits(*nothing, (0, 1))) is None
    assert vui_reorder(bits((0, 1))) is None
    assert vui_reorder(bits((1, 1), *[(0, 1)] * 8, (1, 1), (1, 1), ue(0), ue(0), ue(0), ue(0), ue(17))) is None
    assert vui_reorder(bits((1, 1), *[(0, 1)] * 5, (1, 1), ue(99))) is None
