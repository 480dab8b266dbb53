"""Odd streams, each sent once over real RTSP: what lies on disk, decrypted, is packet by packet what was sent."""

import io
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import av
import pytest
from tests.formats.page import PAGE, Row, page
from tests.support.faultmatrix import run_seed
from tests.support.keys import key_world
from tests.support.oddcamera import OddCamera, OddServer, odd_cameras
from tests.support.oddclips import TICKS, OddClip, joined, odd_clip
from tests.support.ports import wait_for
from tests.support.recorder import RunningRecorder

from beffroi.base.clock import SystemClock
from beffroi.domain.gaps import GapCause
from beffroi.domain.ranges import WallRange
from beffroi.media.codec import config_from_init
from beffroi.media.frame import Frame
from beffroi.vault.check import CheckLevel, check
from beffroi.vault.chunkformat import GopEntry
from beffroi.vault.export import Source, export_clear
from beffroi.vault.rangeerrors import SettingsChangedError
from beffroi.vault.reader import ChunkReader

EVER: Final = WallRange(0, 1 << 61)
LIMIT_US: Final = 100_000
"""The bar for wall time: what the recorder dates is within 100 ms of when it was sent (docs/design/time.md)."""


def _cameras() -> dict[str, OddCamera]:
    h264, h265 = partial(odd_clip, "h264"), partial(odd_clip, "h265")
    return {
        "h264": OddCamera(h264(count=75, gop=25), reports=True),
        "h264-sans-rapport": OddCamera(h264(count=75, gop=25)),
        "h264-b": OddCamera(h264(count=75, gop=25, bframes=3)),
        "h264-b-ouvert": OddCamera(h264(count=75, gop=26, bframes=2, open_gop=True), reports=True),
        "h264-rafraichi": OddCamera(h264(count=75, gop=25, more="intra-refresh=1")),
        "h265": OddCamera(h265(count=75, gop=25), reports=True),
        "h265-b": OddCamera(h265(count=75, gop=25, bframes=3)),
        "h265-b-ouvert": OddCamera(h265(count=75, gop=27, bframes=3, open_gop=True)),
        "gop-12-s": OddCamera(h264(count=135, gop=120, fps=10), reports=True),
        "gop-sans-fin": OddCamera(h264(count=75, gop=1000, width=1280, height=720, noise=60, quality=30)),
        "reglages-h264": OddCamera(joined(h264(count=40, gop=20), h264(count=40, gop=20, width=320, height=192))),
        "reglages-h265": OddCamera(
            joined(h265(count=40, gop=20), h265(count=40, gop=20, width=320, height=192), pause_90k=2 * TICKS)
        ),
        "4k-h264": OddCamera(h264(count=12, gop=6, width=3840, height=2160)),
        "4k-h265": OddCamera(h265(count=4, gop=2, fps=2, width=3840, height=2160), reports=True),
        "une-par-seconde": OddCamera(h264(count=8, gop=4, fps=1)),
        "soixante-par-seconde": OddCamera(h264(count=180, gop=60, fps=60), reports=True),
        "cadence-variable": OddCamera(h264(count=60, gop=20, steps=(3600, 1800, 7200, 2700, 13_500))),
        "cadence-variable-b": OddCamera(h264(count=60, gop=20, bframes=2, steps=(3600, 1800, 7200, 2700, 13_500))),
    }


WHAT: Final = {
    "h264": "25 a second, groups of 1 s",
    "h264-sans-rapport": "25 a second, no sender reports",
    "h264-b": "B-frames, three between two others",
    "h264-b-ouvert": "B-frames, open groups (I pictures with a recovery point, no IDR)",
    "h264-rafraichi": "periodic intra refresh (recovery points that are reached pictures later)",
    "h265": "25 a second, groups of 1 s",
    "h265-b": "B-frames, three between two others",
    "h265-b-ouvert": "B-frames, open groups (CRA with leading pictures)",
    "gop-12-s": "10 a second, groups of 12 s",
    "gop-sans-fin": "one key frame for ever, over 4 MB in 2 s",
    "reglages-h264": "settings changed while streaming, without a pause",
    "reglages-h265": "settings changed, the camera silent for 2 s",
    "4k-h264": "4K, 25 a second",
    "4k-h265": "4K, 2 a second",
    "une-par-seconde": "1 a second",
    "soixante-par-seconde": "60 a second",
    "cadence-variable": "variable rate, 6.7 to 50 a second",
    "cadence-variable-b": "variable rate with B-frames",
}
NAMES: Final = tuple(WHAT)


@dataclass
class Recorded:
    """What was sent and what was kept."""

    sim: OddServer
    rec: RunningRecorder
    stored: dict[str, int] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)

    def clip(self, name: str) -> OddClip:
        return self.sim.cameras[name].clip

    def runs(self, name: str) -> list[list[tuple[GopEntry, Frame]]]:
        """What lies on disk, run by run."""
        found: dict[str, list[tuple[GopEntry, Frame]]] = {}
        everything = iter(self.rec.frames(name))
        for path in self.rec.chunks(name):
            with ChunkReader.open(path) as reader:
                count = sum(gop.frames for gop in reader.gops)
                found.setdefault(reader.header.run, []).extend(next(everything) for _ in range(count))
        return list(found.values())

    def sources(self, name: str) -> list[Source]:
        return [Source(path, self.rec.content_key(path)) for path in self.rec.chunks(name)]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """All of them at once, to one recorder, which is stopped in order at the end."""
    data = tmp_path_factory.mktemp("data")
    with odd_cameras(_cameras()) as sim, RunningRecorder(data, key_world(data, SystemClock()), cores=2) as rec:
        for name in sim.cameras:
            rec.write_sheet(name, {"main": sim.url(name)})
        rec.start()
        for name in sim.cameras:
            sim.wait_sent(name)
        wait_for(lambda: _all_received(sim, rec), timeout_s=60, what=f"the last picture of each; {rec.log[-2000:]}")
        assert rec.stop() == 0
        yield Recorded(sim, rec)


def _all_received(sim: OddServer, rec: RunningRecorder) -> bool:
    """Whether the recorder counts all that was sent: what it has not read yet when it is stopped is rightly lost."""
    streams = rec.streams()
    counted = {name: streams.get((name, "main"), {}).get("frames", 0) for name in sim.cameras}
    return all(counted[name] >= len(camera.clip.pictures) for name, camera in sim.cameras.items())


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_sent_is_on_disk_in_order_at_its_time(recorded: Recorded, name: str) -> None:
    clip = recorded.clip(name)
    runs = recorded.runs(name)
    stored = [frame for run in runs for _, frame in run]
    assert [frame.data for frame in stored] == [picture.stored(clip.codec) for picture in clip.pictures]
    assert [frame.key for frame in stored] == [picture.key for picture in clip.pictures]
    assert len(runs) == clip.settings
    at = 0
    for run in runs:
        sent = clip.pictures[at : at + len(run)]
        at += len(run)
        shown = [picture.shown_90k - sent[0].shown_90k for picture in sent]
        assert [frame.pts_90k - run[0][1].pts_90k for _, frame in run] == shown
        decoded = [frame.dts_90k for _, frame in run]
        assert decoded == sorted(decoded)
        assert all(frame.dts_90k <= frame.pts_90k for _, frame in run)
    recorded.stored[name] = len(stored)


@pytest.mark.parametrize("name", NAMES)
def test_a_decoder_shows_every_picture(recorded: Recorded, name: str) -> None:
    """From the one clear file of the whole range; or of each part, where the settings changed."""
    clip, sources = recorded.clip(name), recorded.sources(name)
    parts: tuple[WallRange, ...] = (EVER,)
    if clip.settings > 1:
        with pytest.raises(SettingsChangedError) as changed:
            b"".join(export_clear(sources, EVER))
        parts = changed.value.ranges
    assert len(parts) == clip.settings
    shown = 0
    for part in parts:
        data = b"".join(export_clear(sources, part))
        with av.open(io.BytesIO(data), "r") as container:
            assert container.streams.video[0].codec_context.codec_tag == ("avc1" if clip.codec == "h264" else "hvc1")
            times = [picture.pts or 0 for picture in container.decode(video=0)]
        assert times == sorted(set(times)), "each once, in order"
        shown += len(times)
    assert shown == len(clip.pictures)
    recorded.shown[name] = shown


@pytest.mark.parametrize("name", NAMES)
def test_any_range_is_a_stretch_of_what_was_sent(recorded: Recorded, name: str) -> None:
    """Random ranges: from a key frame on, without a missing picture, at least all that was shown within the range."""
    clip, sources = recorded.clip(name), recorded.sources(name)
    seeded = random.Random(f"{run_seed()} {name}")  # noqa: S311  a repeatable choice is wanted, not a secret
    sent = [picture.stored(clip.codec) for picture in clip.pictures]
    at = 0
    for run in recorded.runs(name):
        pictures, at = clip.pictures[at : at + len(run)], at + len(run)
        wall_us = [frame.arrival_us for _, frame in run]
        for _ in range(4):
            middle_us = seeded.randrange(min(wall_us), max(wall_us))
            asked = WallRange(middle_us, middle_us + seeded.randrange(1, 3_000_000))
            first_us, last_us = min(wall_us), max(wall_us) + 1
            asked = WallRange(max(first_us, asked.from_us), max(first_us + 1, min(last_us, asked.to_us)))
            data = b"".join(export_clear(sources, asked))
            with av.open(io.BytesIO(data), "r") as container:
                got = [(bytes(item), item.pts or 0) for item in container.demux(video=0) if item.size]
            start = sent.index(got[0][0])
            assert [payload for payload, _ in got] == sent[start : start + len(got)], asked
            begin = start - (at - len(run))
            assert pictures[begin].key
            # Pictures that lead an open group belong to it: at the very end of a range they come with the next one.
            inside = [n for n, us in enumerate(wall_us) if asked.from_us <= us and run[n][0].wall_us < asked.to_us > us]
            assert set(inside) <= set(range(begin, begin + len(got))), asked
            # Inside one fragment media time is wall time; from one to the next the recorder's clock may slew.
            held = [n for n in range(begin, begin + len(got)) if run[n][0].wall_us <= asked.from_us]
            for n in [n for n in held if run[n][0] == run[held[-1]][0]]:
                assert abs(got[n - begin][1] * 100 // 9 - (wall_us[n] - asked.from_us)) <= 50, "0 is the instant asked"


@pytest.mark.parametrize("name", ["h264-b-ouvert", "h265-b-ouvert"])
def test_pictures_that_lead_an_open_group_are_hidden_where_the_file_begins_with_it(
    recorded: Recorded, name: str
) -> None:
    """They refer to the group before. A decoder leaves them out; what it shows begins at the key frame, at time 0."""
    (run,) = recorded.runs(name)
    keys = [number for number, (_, frame) in enumerate(run) if frame.key]
    leading = [number for number, (_, frame) in enumerate(run[: keys[2]]) if number > keys[1]
               and frame.pts_90k < run[keys[1]][1].pts_90k]  # fmt: skip
    assert leading, "the stream has such pictures"
    from_us = run[keys[1]][1].arrival_us
    data = b"".join(export_clear(recorded.sources(name), WallRange(from_us, from_us + 60_000_000)))
    with av.open(io.BytesIO(data), "r") as container:
        shown = [picture.pts or 0 for picture in container.decode(video=0)]
    assert min(shown) == 0
    assert len(shown) == len(run) - keys[1] - len(leading)


@pytest.mark.parametrize("name", ["reglages-h264", "reglages-h265"])
def test_new_settings_make_a_new_run_with_its_own_head_and_a_gap_that_says_so(recorded: Recorded, name: str) -> None:
    sizes: dict[str, tuple[int, int]] = {}  # of each run: the hour may turn meanwhile, which makes one more file of it
    for path in recorded.rec.chunks(name):
        with ChunkReader.open(path) as reader:
            config: Any = config_from_init(reader.init())
            size = (config.width, config.height)
            assert sizes.setdefault(reader.header.run, size) == size
    assert list(sizes.values()) == [(160, 96), (320, 192)]
    ends = [act.fields for act in recorded.rec.journal() if act.kind.value == "recording_ended"]
    assert next(act["end"] for act in ends if act["camera"] == name) == "parameters"
    gaps = [gap for gap in recorded.rec.whole_calendar(name).gaps if gap.cause is GapCause.PARAMETERS_CHANGED]
    if name == "reglages-h264":
        assert gaps == [], "no picture is missing between the two, hence no time"
    else:
        (gap,) = gaps
        camera = recorded.sim.cameras[name]
        # What is known of a run's time when its file begins is what the pictures of its first group told.
        for at_us, first, due_90k in (
            (gap.range.from_us, 0, camera.clip.pictures[39].shown_90k + 3600),
            (gap.range.to_us, 40, camera.clip.pictures[40].shown_90k),
        ):
            due_us = due_90k * 100 // 9
            earliest_us = camera.zero_us(range(first, first + 40)) + due_us
            latest_us = camera.zero_us(range(first, first + 20)) + due_us
            assert earliest_us - LIMIT_US < at_us < latest_us + LIMIT_US, "silent from then to then"


@pytest.mark.parametrize("name", NAMES)
def test_no_fragment_is_longer_than_two_seconds_or_four_megabytes(recorded: Recorded, name: str) -> None:
    largest = max(len(picture.stored(recorded.clip(name).codec)) for picture in recorded.clip(name).pictures)
    fragments = 0
    for path in recorded.rec.chunks(name):
        with ChunkReader.open(path) as reader:
            for gop in reader.gops:
                fragments += 1
                longest = 2 * 90_000 + 90_000  # the last picture may last a second
                assert gop.duration_90k <= longest
                assert gop.length <= (4 << 20) + largest + 64_000
    if name == "gop-sans-fin":
        assert sum(1 for p in recorded.clip(name).pictures if p.key) == 1
        assert fragments > 2


def test_the_vault_finds_it_whole(recorded: Recorded) -> None:
    catalogue = recorded.rec.catalogue()
    try:
        assert check(recorded.rec.paths.root, catalogue, level=CheckLevel.HASH) == []
    finally:
        catalogue.close()


def test_the_page_of_formats_says_what_was_measured(recorded: Recorded) -> None:
    """Last of its file: the counts are those of the tests above."""
    assert set(recorded.stored) == set(recorded.shown) == set(NAMES), "run this file as a whole"
    rows = []
    for name, what in WHAT.items():
        camera, sizes, codecs = recorded.sim.cameras[name], [], []
        for path in recorded.rec.chunks(name):
            with ChunkReader.open(path) as reader:
                sizes.append(f"{reader.header.width}×{reader.header.height}")
                codecs.append(reader.header.codec_string)
        clip = camera.clip
        rows.append(
            Row(
                what,
                " ".join(dict.fromkeys(codecs)),
                ", ".join(dict.fromkeys(sizes)),
                camera.reports,
                len(clip.pictures),
                recorded.stored[name],
                recorded.shown[name],
                clip.settings,
            )
        )
    wanted = page(rows)
    if os.environ.get("BEFFROI_REGENERATE"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == wanted, "BEFFROI_REGENERATE=1 pytest tests/formats"
