"""The truth written beside a scene is the truth of its pictures."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from simulate import marks
from simulate.packets import load_clip
from simulate.scenes import SCENES, Scene, files, render_scene, scene, truth
from simulate.scenes.actors import LOOP_S, cast
from simulate.scenes.stage import Stage


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    return {name: Stage(scene(name)) for name in ("day", "night")}


@pytest.mark.parametrize("name", ["day", "night"])
def test_a_box_holds_something_that_the_empty_street_does_not(stages: dict[str, Stage], name: str) -> None:
    stage = stages[name]
    empty = stage.backdrop.picture.astype(int)
    strip = marks.strip_box(1280, 720)
    looked = different = 0
    for number in range(0, 1500, 150):
        picture, seen = stage.draw(number)
        change = np.abs(picture.astype(int) - empty).max(axis=2) > 8
        for one in seen:
            x, y, w, h = one.box
            assert 0 <= x < x + w <= 1280
            assert 0 <= y < y + h <= 720
            if w < 12 or h < 24 or (y + h > strip[1] and x < strip[2] + 90) or y < 80:
                continue  # too far, or under the marks or the caption
            looked += 1
            different += bool(change[y : y + h, x : x + w].mean() > 0.15)
    assert looked > 40
    assert different >= looked * 0.9  # the rest stand behind a tree


def test_nothing_changes_outside_the_boxes(stages: dict[str, Stage]) -> None:
    stage = stages["day"]
    picture, seen = stage.draw(333)
    change = np.abs(picture.astype(int) - stage.backdrop.picture.astype(int)).max(axis=2) > 60
    left, top, right, bottom = marks.strip_box(1280, 720)
    change[top:bottom, left : right + 90] = False
    change[14:74, 16:400] = False
    for one in seen:
        x, y, w, h = one.box
        change[max(0, y - 6) : y + h + 20, max(0, x - 30) : x + w + 40] = False  # and the shadow at its feet
    assert change.sum() < 60


@pytest.mark.parametrize("one", SCENES, ids=lambda one: one.name)
def test_the_minute_ends_as_it_begins(one: Scene) -> None:
    for actor in cast(one.street, one.seed, busy=one.busy):
        assert actor.lasts_s < LOOP_S
        end, begin = actor.at(LOOP_S - 1e-6), actor.at(0.0)
        assert (end is None) == (begin is None) or actor.start_s == 0.0
        if end and begin:
            assert abs(end[0] - begin[0]) + abs(end[1] - begin[1]) < 0.01


def test_sizes_are_those_of_people_and_vehicles(stages: dict[str, Stage]) -> None:
    heights: dict[str, list[int]] = {}
    for number in range(0, 1500, 60):
        for one in stages["day"].draw(number)[1]:
            if one.box[0] > 0 and one.box[0] + one.box[2] < 1280:
                heights.setdefault(one.kind, []).append(one.box[3])
    assert {"person", "bicycle", "car"} <= set(heights)
    assert all(50 <= height <= 165 for height in heights["person"])  # 1.5-1.9 m at 10-23 m
    assert all(60 <= height <= 190 for height in heights["car"])


@pytest.mark.parametrize("name", ["day", "dusk"])
def test_a_rendered_scene_is_served_and_says_its_numbers(name: str, tmp_path: Path) -> None:
    one = scene(name)
    made = render_scene(one, tmp_path, frames=60)
    assert made == files(one, tmp_path, frames=60)
    assert made.complete
    assert not list(tmp_path.glob(".making-*"))
    for path, size, codec in ((made.main, (1280, 720), one.codec), (made.sub, (640, 360), "h264")):
        clip = load_clip(path)
        assert (clip.codec, (clip.width, clip.height), len(clip.frames), float(clip.fps)) == (codec, size, 60, 25.0)
        assert [n for n, frame in enumerate(clip.frames) if frame.key] == [0, 50]
        assert [frame.order for frame in clip.frames] == list(range(60))  # no B-frames
        with av.open(str(path)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                small = Image.fromarray(frame.to_ndarray(format="rgb24")).resize((240, 135))
                assert marks.read_both(np.asarray(small)) == (one.number, number)
    assert [entry["frame"] for entry in truth(made)] == list(range(60))
    before = made.main.stat().st_mtime_ns
    render_scene(one, tmp_path, frames=60)
    assert made.main.stat().st_mtime_ns == before  # kept, not made again
