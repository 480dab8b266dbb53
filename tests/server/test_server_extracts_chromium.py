"""A real browser plays the file of a range straight from the centre, by HTTP Range, and seeks in it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.support.clips import clip
from tests.support.footagetown import TAKER, FootageTown, footage_town

_PLAY = """
async ({url, seek}) => {
  const video = document.createElement('video'), shown = [], notes = [];
  video.muted = true;
  document.documentElement.append(video);
  const over = new Promise(done => {
    video.onended = () => done('ended');
    video.onerror = () => { notes.push(video.error.message); done('error'); };
  });
  const note = (_, meta) => { shown.push(meta.mediaTime); video.requestVideoFrameCallback(note); };
  video.requestVideoFrameCallback(note);
  const ready = new Promise(done => video.addEventListener('loadedmetadata', done, {once: true}));
  video.src = url;
  await Promise.race([ready, over]);
  const duration = video.duration;
  if (seek !== null) {
    const there = new Promise(done => video.addEventListener('seeked', done, {once: true}));
    video.currentTime = seek;
    await Promise.race([there, over]);
    // Its picture is on the screen before the next ones come: a busy machine would pass over it.
    for (let turn = 0; turn < 400 && !shown.some(at => at > 1); turn++) await new Promise(go => setTimeout(go, 50));
  }
  video.play().catch(error => notes.push('play: ' + error.message));
  const end = await Promise.race([over, new Promise(done => setTimeout(() => done('timeout'), 60000))]);
  const quality = video.getVideoPlaybackQuality();
  video.remove();
  return {end, notes, duration, shown, total: quality.totalVideoFrames, corrupted: quality.corruptedVideoFrames};
}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FootageTown]:
    with footage_town(tmp_path_factory.mktemp("played") / "data") as one:
        one.record(clip(count=100, b_frames=2, width=320, height=180))
        one.record(clip(count=100, b_frames=2, width=320, height=180), at_s=5, run="b2" * 16)
        yield one


@pytest.fixture(scope="module")
def page(browser: Browser, place: FootageTown) -> Iterator[Page]:
    who = place.town.person(TAKER)
    context = browser.new_context()
    context.add_cookies([{"name": name, "value": value, "url": who.origin} for name, value in who.cookies.items()])
    opened = context.new_page()
    opened.goto(f"{who.origin}/api/me")
    yield opened
    context.close()


def played(page: Page, told: dict[str, Any], seek: float | None = None) -> dict[str, Any]:
    result: dict[str, Any] = page.evaluate(_PLAY, {"url": told["url"], "seek": seek})
    return result


def test_it_plays_from_the_instant_asked_for_over_two_runs_and_a_hole(place: FootageTown, page: Page) -> None:
    ranges: list[str] = []
    page.on("request", lambda request: ranges.append(request.headers.get("range", "")))
    _, told = place.opened(1.52, 9)
    result = played(page, told)
    assert (result["end"], result["notes"], result["corrupted"]) == ("ended", [], 0)
    assert result["duration"] == pytest.approx(9 - 1.52, abs=0.05), "the hidden beginning is not counted"
    assert min(result["shown"]) >= 0
    assert result["shown"] == sorted(result["shown"])
    assert result["total"] > 100
    assert any(re.fullmatch(r"bytes=\d+-", one) for one in ranges)


def test_it_seeks_by_its_index(place: FootageTown, page: Page) -> None:
    _, told = place.opened(0, 9)
    result = played(page, told, seek=7.3)
    assert (result["end"], result["notes"]) == ("ended", [])
    after = [at for at in result["shown"] if at > 1]
    assert min(after) == pytest.approx(7.3, abs=0.08)
