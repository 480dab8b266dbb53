"""A real browser plays what we write: clear live fragments, and encrypted chunks whose key changes between files."""

import base64
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.support.chunks import START_US, Written, write_chunk
from tests.support.clips import clip, gops
from tests.support.oddclips import odd_clip

from beffroi.domain.ranges import WallRange
from beffroi.media.codec import CodecConfig, config_from_parameter_sets
from beffroi.media.fmp4 import fragment, init_segment
from beffroi.media.frame import Frame
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.export import Source, export_clear
from beffroi.vault.reader import ChunkReader

# Appends the parts in order, plays to the end, returns what was shown: media times, mean colours, errors.
_PLAYER = """
async ({codec, parts, keys, until}) => {
  const video = document.querySelector('video'), seen = [], notes = [];
  const over = new Promise(done => {
    video.addEventListener('ended', () => done('ended'), {once: true});
    video.addEventListener('error', () => { notes.push('video: ' + video.error.message); done('error'); });
  });
  if (keys.length) {
    const access = await navigator.requestMediaKeySystemAccess('org.w3.clearkey', [{
      initDataTypes: ['keyids'], videoCapabilities: [{contentType: `video/mp4; codecs="${codec}"`}]}]);
    const mediaKeys = await access.createMediaKeys();
    await video.setMediaKeys(mediaKeys);
    const session = mediaKeys.createSession('temporary');
    const ready = new Promise(done => session.addEventListener('message', done, {once: true}));
    const ids = new TextEncoder().encode(JSON.stringify({kids: keys.map(k => k.kid)}));
    await session.generateRequest('keyids', ids);
    await ready;
    await session.update(new TextEncoder().encode(JSON.stringify({keys, type: 'temporary'})));
  }
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  await new Promise(done => source.addEventListener('sourceopen', done, {once: true}));
  const buffer = source.addSourceBuffer(`video/mp4; codecs="${codec}"`);
  for (const part of parts) {
    const bytes = await (await fetch(part.url)).arrayBuffer();
    if (part.offset !== null) buffer.timestampOffset = part.offset;
    const added = new Promise(done => buffer.addEventListener('updateend', done, {once: true}));
    buffer.appendBuffer(bytes);
    await added;
  }
  if (source.readyState === 'open') source.endOfStream();
  const canvas = new OffscreenCanvas(8, 8), pen = canvas.getContext('2d', {willReadFrequently: true});
  const shown = (_, meta) => {
    pen.drawImage(video, 0, 0, 8, 8);
    seen.push([meta.mediaTime, Array.from(pen.getImageData(4, 4, 1, 1).data)]);
    video.requestVideoFrameCallback(shown);
  };
  video.requestVideoFrameCallback(shown);
  video.play().catch(error => notes.push('play: ' + error.message));
  const end = await Promise.race([over, new Promise(done => setTimeout(() => done('timeout'), until * 1000))]);
  const quality = video.getVideoPlaybackQuality();
  return {end, seen, notes, total: quality.totalVideoFrames, corrupted: quality.corruptedVideoFrames,
          audio: video.audioTracks ? video.audioTracks.length : 0,
          buffered: buffer.buffered.length ? [buffer.buffered.start(0), buffer.buffered.end(0)] : null};
}
"""

# Plays one file as a page does that knows nothing of its inside, returns the times shown.
_FILE = """
async ({url, until}) => {
  const video = document.querySelector('video'), seen = [], notes = [];
  const over = new Promise(done => {
    video.addEventListener('ended', () => done('ended'), {once: true});
    video.addEventListener('error', () => { notes.push('video: ' + video.error.message); done('error'); });
  });
  const shown = (_, meta) => { seen.push(meta.mediaTime); video.requestVideoFrameCallback(shown); };
  video.requestVideoFrameCallback(shown);
  video.src = url;
  video.play().catch(error => notes.push('play: ' + error.message));
  const end = await Promise.race([over, new Promise(done => setTimeout(() => done('timeout'), until * 1000))]);
  const quality = video.getVideoPlaybackQuality();
  return {end, seen, notes, total: quality.totalVideoFrames, corrupted: quality.corruptedVideoFrames};
}
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the standard library's
        del format, args


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    root = tmp_path_factory.mktemp("site")
    (root / "index.html").write_text("<!doctype html><title>test</title><video muted></video>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield root, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def page(browser: Browser, site: tuple[Path, str]) -> Iterator[Page]:
    opened = browser.new_page()
    opened.goto(site[1] + "/index.html")
    yield opened
    opened.close()


def _play(page: Page, codec: str, parts: list[dict[str, Any]], keys: list[dict[str, str]]) -> dict[str, Any]:
    page.reload()
    result: dict[str, Any] = page.evaluate(_PLAYER, {"codec": codec, "parts": parts, "keys": keys, "until": 60})
    return result


def _jwk(written: Written, key: bytes | None = None) -> dict[str, str]:
    def b64(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    return {"kty": "oct", "kid": b64(written.header.kid), "k": b64(key or written.key)}


def _stored(site_root: Path, name: str, written: Written) -> None:
    with ChunkReader.open(written.path) as reader:
        body = b"".join(reader.read(gop.offset, gop.length) for gop in reader.gops)
        (site_root / name).write_bytes(reader.init() + body)


def test_live_fragments_of_one_frame_play(site: tuple[Path, str], page: Page) -> None:
    config, frames = clip(count=50, width=320, height=180)
    live: list[bytes | memoryview] = [init_segment(config, protection=None)]
    for number, frame in enumerate(frames, 1):
        live += fragment([frame], sequence=number, protection=None, first_sample=0)
    (site[0] / "live.mp4").write_bytes(b"".join(live))

    result = _play(page, config.codec_string, [{"url": "live.mp4", "offset": None}], [])

    assert (result["end"], result["notes"], result["corrupted"]) == ("ended", [], 0)
    assert result["total"] == 50
    assert result["buffered"] == pytest.approx([0, 2.0], abs=0.001)


def test_b_frames_under_a_key_play_in_their_order(site: tuple[Path, str], page: Page, tmp_path: Path) -> None:
    catalogue = Catalogue.open(tmp_path / "catalogue.sqlite")
    source = clip(count=75, width=320, height=180, b_frames=3)
    written = write_chunk(tmp_path, catalogue, source)
    catalogue.close()
    _stored(site[0], "b.mp4", written)

    result = _play(page, source[0].codec_string, [{"url": "b.mp4", "offset": 0}], [_jwk(written)])

    assert (result["end"], result["notes"], result["corrupted"]) == ("ended", [], 0)
    assert result["total"] == 75
    times = [time for time, _ in result["seen"]]
    assert times == sorted(times)
    late_s = source[1][0].pts_90k / 90_000
    assert result["buffered"] == pytest.approx([late_s, late_s + 3.0], abs=0.001), "shown from its composition time on"


def _open_groups() -> tuple[CodecConfig, tuple[Frame, ...]]:
    """H.264 whose second and third group begin with an I picture that is no IDR, with pictures that lead it."""
    odd = odd_clip(count=75, gop=26, width=320, height=192, bframes=2, open_gop=True, more="b-pyramid=none")
    frames = tuple(Frame(one.stored("h264"), one.key, one.sent_90k, one.shown_90k, 0, 0, None) for one in odd.pictures)
    return config_from_parameter_sets("h264", odd.sets), frames


def test_whoever_joins_a_live_stream_at_an_open_group_of_h264_sees_it(site: tuple[Path, str], page: Page) -> None:
    config, frames = _open_groups()
    joined = [frame for group in gops(frames)[1:] for frame in group]
    lead = sum(frame.pts_90k < joined[0].pts_90k for frame in joined)
    assert lead, "the stream has pictures that lead the group"
    live: list[bytes | memoryview] = [init_segment(config, protection=None)]
    for number, frame in enumerate(joined, 1):
        live += fragment([frame], sequence=number, protection=None, first_sample=0)
    (site[0] / "joined.mp4").write_bytes(b"".join(live))

    offset = -joined[0].dts_90k / 90_000  # as the console does: pictures before time 0 would be thrown away
    result = _play(page, config.codec_string, [{"url": "joined.mp4", "offset": offset}], [])

    assert (result["end"], result["notes"], result["corrupted"]) == ("ended", [], 0)
    assert result["total"] == len(joined) - lead


def test_one_file_of_a_range_begins_at_an_open_group_of_h264(
    site: tuple[Path, str], page: Page, tmp_path: Path
) -> None:
    catalogue = Catalogue.open(tmp_path / "catalogue.sqlite")
    source = _open_groups()
    written = write_chunk(tmp_path, catalogue, source)
    catalogue.close()
    group = gops(source[1])[1]
    from_us = START_US + group[0].dts_90k * 100 // 9
    asked = WallRange(from_us, START_US + 60_000_000)
    (site[0] / "range.mp4").write_bytes(b"".join(export_clear([Source(written.path, written.key)], asked)))

    page.reload()
    result = page.evaluate(_FILE, {"url": "range.mp4", "until": 60})

    assert (result["end"], result["notes"], result["corrupted"]) == ("ended", [], 0)
    lead = sum(frame.pts_90k < group[0].pts_90k for frame in group)
    assert result["total"] == 75 - 25 - lead


def test_two_chunks_with_two_keys_play_in_one_buffer(site: tuple[Path, str], page: Page, tmp_path: Path) -> None:
    catalogue = Catalogue.open(tmp_path / "catalogue.sqlite")
    source = clip(count=50, width=320, height=180)
    first = write_chunk(tmp_path, catalogue, source, run="a1" * 16)
    second = write_chunk(tmp_path, catalogue, source, run="b2" * 16, wall_start_us=START_US + 2_000_000)
    catalogue.close()
    _stored(site[0], "first.mp4", first)
    _stored(site[0], "second.mp4", second)
    parts = [{"url": "first.mp4", "offset": 0}, {"url": "second.mp4", "offset": 2}]

    result = _play(page, source[0].codec_string, parts, [_jwk(first), _jwk(second)])

    assert (result["end"], result["notes"], result["corrupted"]) == ("ended", [], 0), json.dumps(result)[:600]
    assert result["total"] == 100
    assert result["buffered"] == pytest.approx([0, 4.0], abs=0.001)
    times = [time for time, _ in result["seen"]]
    assert times[-1] > 3.5, "frames of the second chunk were shown"
    assert len(times) > 20, "frames really reached the screen"


def test_the_wrong_key_shows_no_true_picture(site: tuple[Path, str], page: Page, tmp_path: Path) -> None:
    catalogue = Catalogue.open(tmp_path / "catalogue.sqlite")
    source = clip(count=25, width=320, height=180)
    written = write_chunk(
        tmp_path, catalogue, source, key=bytes(range(16))
    )  # of some keys a decoder makes a grey picture
    catalogue.close()
    _stored(site[0], "wrong.mp4", written)

    result = _play(page, source[0].codec_string, [{"url": "wrong.mp4", "offset": 0}], [_jwk(written, b"\x01" * 16)])

    assert result["end"] == "error"
    assert not result["seen"], "the decoder fails instead of showing rubbish"
