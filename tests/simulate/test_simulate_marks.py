"""The number drawn in a frame comes back from any picture of it, or nothing does: never another number."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from simulate import marks
from simulate.clips import Encoder, tiny
from simulate.nal import Codec


@given(
    frame=st.integers(0, marks.MAX_FRAMES - 1),
    scene=st.integers(0, marks.MAX_SCENES - 1),
    width=st.integers(240, 1920),
    ratio=st.sampled_from([16 / 9, 4 / 3, 1.0]),
    grey=st.integers(0, 255),
)
def test_any_number_at_any_size(frame: int, scene: int, width: int, ratio: float, grey: int) -> None:
    picture = np.full((round(width / ratio), width, 3), grey, np.uint8)
    marks.draw(picture, scene, frame)
    assert marks.read_both(picture) == (scene, frame)
    assert marks.read(picture) == frame


@pytest.mark.parametrize("width", [1280, 640, 480, 320, 240])
@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_through_a_codec_and_a_resize(codec: Codec, width: int, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    encoder = Encoder(path, codec, 640, 360, Fraction(25), gop=50, bframes=0, kbit_s=400)
    rng = np.random.default_rng(1)
    street = np.repeat(np.repeat(rng.integers(0, 255, (45, 80, 3), dtype=np.uint8), 8, 0), 8, 1)
    for number in range(1000, 1030):
        picture = np.roll(street, number * 3, 1).copy()
        marks.draw(picture, 5, number)
        encoder.add(av.VideoFrame.from_ndarray(picture, format="rgb24"))
    encoder.close()
    with av.open(str(path)) as clip:
        pictures = [
            Image.fromarray(frame.to_ndarray(format="rgb24")).resize((width, width * 9 // 16))
            for frame in clip.decode(video=0)
        ]
    assert [marks.read_both(np.asarray(one)) for one in pictures] == [(5, number) for number in range(1000, 1030)]


@given(level=st.integers(0, 255), seed=st.integers(0, 2**32 - 1))
def test_a_picture_without_marks_gives_nothing(level: int, seed: int) -> None:
    assert marks.read(np.full((360, 640, 3), level, np.uint8)) is None
    noise = np.random.default_rng(seed).integers(0, 255, (360, 640, 3), dtype=np.uint8)
    assert marks.read(noise) is None


@given(frame=st.integers(0, marks.MAX_FRAMES - 1), cell=st.integers(0, 27))
def test_a_square_turned_over_is_seen(frame: int, cell: int) -> None:
    picture = np.full((360, 640, 3), 100, np.uint8)
    marks.draw(picture, 3, frame)
    row, column = divmod(cell, 14)
    side = 640 / 48
    x, y = round(640 / 96 + column * side), round(360 - 640 / 96 - (2 - row) * side)
    picture[y : y + 13, x : x + 13] = 255 - picture[y : y + 13, x : x + 13]
    assert marks.read(picture) is None


def test_numbers_that_do_not_fit_are_refused() -> None:
    picture = np.zeros((180, 320, 3), np.uint8)
    for scene, frame in ((0, -1), (0, marks.MAX_FRAMES), (marks.MAX_SCENES, 0), (-1, 0)):
        with pytest.raises(ValueError, match="does not fit"):
            marks.draw(picture, scene, frame)


def test_every_frame_of_a_tiny_clip_says_its_number() -> None:
    with av.open(str(tiny("h264", 320, 180, seconds=2.0))) as clip:
        numbers = [marks.read(frame.to_ndarray(format="rgb24")) for frame in clip.decode(video=0)]
    assert numbers == list(range(50))
    small = Image.new("RGB", (120, 68))
    assert marks.read(np.asarray(small)) is None
