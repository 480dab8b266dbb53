"""Over an hour of H.264 with one IDR picture, its first: files end and begin at its open groups, and any range shows,
from its instant on, exactly what a decoder that saw everything shows there."""

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import av
import pytest
from tests.support.faultmatrix import run_seed
from tests.support.frames import clear_frames
from tests.support.oddcamera import OddCamera
from tests.support.oddclips import OddClip, odd_clip
from tests.support.timelab import LabClock, Stack, stack

from beffroi.domain.ranges import WallRange
from beffroi.media.frame import Frame
from beffroi.media.rtp_h264 import H264Depacketiser
from beffroi.vault.export import Source, export_clear
from beffroi.vault.reader import ChunkReader
from beffroi.vault.sealing import chunk_info

FPS: Final = 2
MINUTES: Final = 65
START_US: Final = 1_770_000_900_000_000  # five minutes before the end of an hour, and ten seconds


@dataclass(frozen=True)
class Hour:
    """What was sent, and what lies on disk."""

    clip: OddClip
    lab: Stack
    sources: list[Source]
    files: list[list[tuple[int, Frame]]]  # of each file, decrypted: wall time and picture

    @property
    def stored(self) -> list[tuple[int, Frame]]:
        return [one for file in self.files for one in file]


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hour]:
    folder = tmp_path_factory.mktemp("hour")
    clip = odd_clip(count=MINUTES * 60 * FPS, gop=20, fps=FPS, width=64, height=48, bframes=2, open_gop=True)
    camera, clock = OddCamera(clip), LabClock(START_US)
    with stack(folder, clock) as lab:
        lab.intake.session("h264", clip.sets)
        video = H264Depacketiser(96)
        for number, picture in enumerate(clip.pictures):
            clock.true_s = picture.sent_90k / 90_000
            units: list[Any] = []
            video.interleaved(camera.packets(number), 0, units)
            lab.intake.units(units)
        lab.stop()
        sources, files = [], []
        for row in lab.rows():
            path = folder / "recorder" / row.path
            with ChunkReader.open(path) as reader:
                header = reader.header
                key = lab.world.ring.unseal(header.term_days, header.hour, header.sealed_key, info=chunk_info(header))
                files.append([(gop.wall_us, one) for gop in reader.gops for one in clear_frames(reader, gop, key)])
            sources.append(Source(path, key))
        yield Hour(clip, lab, sources, files)


def test_files_rotate_at_open_groups_each_ten_minutes_and_at_the_hour(hour: Hour) -> None:
    sent = hour.clip.pictures[: len(hour.stored)]
    idr = [picture for picture in hour.clip.pictures if any(unit[0] & 0x1F == 5 for unit in picture.units)]
    keys = sum(picture.key for picture in sent)
    print(f"{len(sent)} pictures, {keys} of them key, {len(idr)} IDR: {len(hour.files)} files")  # noqa: T201
    assert len(sent) >= len(hour.clip.pictures) - 1, "the last one waits for its marker to be believed"
    assert [one.data for _, one in hour.stored] == [picture.stored("h264") for picture in sent]
    assert [one.key for _, one in hour.stored] == [picture.key for picture in sent]
    assert len(idr) == 1
    assert len(hour.files) >= 8
    assert all(file[0][1].key for file in hour.files)
    rows = hour.lab.rows()
    assert len({row.run for row in rows}) == 1
    assert len({row.hour for row in rows}) >= 2
    longest_us = max(row.wall_end_us - row.wall_start_us for row in rows if row.wall_end_us)
    assert longest_us <= 610_000_000, "ten minutes and one group"


def test_any_range_is_what_was_sent_and_shows_what_a_decoder_of_everything_shows(hour: Hour) -> None:
    zero_us, order = hour.stored[0][0], [one.data for _, one in hour.stored]
    packets, shown = _opened(b"".join(export_clear(hour.sources, WallRange(zero_us, zero_us + 8_000_000_000))))
    assert [data for data, _ in packets] == order
    truth = dict(shown)
    assert len(truth) == len(order)
    seeded = random.Random(run_seed())  # noqa: S311  a repeatable choice is wanted, not a secret
    for _ in range(6):
        from_us = zero_us + seeded.randrange(600_000_000, 3_600_000_000)
        got, shown = _opened(b"".join(export_clear(hour.sources, WallRange(from_us, from_us + 45_000_000))))
        start = order.index(got[0][0])
        assert hour.stored[start][1].key
        assert [data for data, _ in got] == order[start : start + len(got)]
        shift_90k = packets[start][1] - got[0][1]  # the same picture in both files
        visible = [(at, image) for at, image in shown if at >= 0]
        assert len(visible) >= 45 * FPS - 3, "one is shown at the instant already, two come with the next group"
        assert [image for _, image in visible] == [truth[at + shift_90k] for at, _ in visible]


def _opened(mp4: bytes) -> tuple[list[tuple[bytes, int]], list[tuple[int, bytes]]]:
    """Packets with their presentation times (90 kHz), and times with pixels of what FFmpeg's decoder shows."""
    with av.open(io.BytesIO(mp4), "r") as container:
        packets = [(bytes(item), item.pts or 0) for item in container.demux(video=0) if item.size]
    with av.open(io.BytesIO(mp4), "r") as container:
        return packets, [
            (one.pts or 0, one.to_ndarray(format="yuv420p").tobytes()) for one in container.decode(video=0)
        ]
