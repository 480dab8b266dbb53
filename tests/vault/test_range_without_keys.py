"""Files that begin without a key frame, of a real encoder's periodic intra refresh: what is asked is given, no more,
and marked; a decoder shows it exactly once the refresh has gone round."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import pytest
from tests.support.oddcamera import OddCamera
from tests.support.oddclips import OddClip, odd_clip
from tests.support.timelab import LabClock, Stack, stack

from beffroi.capture.ends import RunEnd
from beffroi.capture.rotation import CHUNK_US, NO_KEY_US
from beffroi.domain.ranges import WallRange
from beffroi.media.rtp_h264 import H264Depacketiser
from beffroi.vault.export import Source, export_clear
from beffroi.vault.frozen import FrozenPiece, write_piece
from beffroi.vault.reader import ChunkReader
from beffroi.vault.sealing import chunk_info

FPS: Final = 2
ROUND_S: Final = 10
MINUTES: Final = 25
SECOND_US: Final = 1_000_000
START_US: Final = 1_770_000_900_000_000


@dataclass(frozen=True)
class Kept:
    """What was sent, and what lies on disk."""

    clip: OddClip
    lab: Stack
    sources: list[Source]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("refreshed")
    shape = {"gop": ROUND_S * FPS, "fps": FPS, "width": 64, "height": 48}
    clip = odd_clip(count=MINUTES * 60 * FPS, more="intra-refresh=1", **shape)
    camera, clock = OddCamera(clip), LabClock(START_US)
    with stack(folder, clock) as lab:
        for count, since_s in ((len(clip.pictures), 0), (60 * FPS, MINUTES * 60 + 5)):  # then it is called again
            lab.intake.session("h264", clip.sets)
            video = H264Depacketiser(96)
            for number, picture in enumerate(clip.pictures[:count]):
                clock.true_s = since_s + picture.sent_90k / 90_000
                units: list[Any] = []
                video.interleaved(camera.packets(number), 0, units)
                lab.intake.units(units)
            lab.intake.end(RunEnd.CLOSED)
        lab.stop()
        sources = []
        for row in lab.rows():
            path = folder / "recorder" / row.path
            with ChunkReader.open(path) as reader:
                header = reader.header
                key = lab.world.ring.unseal(header.term_days, header.hour, header.sealed_key, info=chunk_info(header))
            sources.append(Source(path, key))
        yield Kept(clip, lab, sources)


def test_only_the_first_file_of_a_session_begins_with_a_key_frame(kept: Kept) -> None:
    firsts = [next(gop for row, gop in kept.lab.groups() if row.id == one.id) for one in kept.lab.rows()]
    print(f"{len(firsts)} files of {MINUTES} minutes")  # noqa: T201
    assert [gop.key for gop in firsts] == [True, *[False] * (len(firsts) - 2), True]
    assert len(firsts) > MINUTES * 60_000_000 // (CHUNK_US + NO_KEY_US)


def test_a_range_is_given_as_it_was_recorded_and_marked(kept: Kept) -> None:
    """No picture that was not asked for leaves with it: without a key frame before, it would show nothing more."""
    second = kept.lab.rows()[1]
    asked = WallRange(second.wall_start_us + 61 * SECOND_US, second.wall_start_us + 121 * SECOND_US)
    overlap = [gop for _, gop in kept.lab.groups() if WallRange(gop.wall_us, gop.end_us).overlaps(asked)]
    packets, shown = _opened(b"".join(export_clear(kept.sources, asked)))
    order = [picture.stored("h264") for picture in kept.clip.pictures]
    first = order.index(packets[0][0])
    assert [data for data, _, _ in packets] == order[first : first + sum(gop.frames for gop in overlap)]
    assert not any(key for _, _, key in packets)
    session = WallRange(START_US, START_US + MINUTES * 60 * SECOND_US)
    whole, all_shown = _opened(b"".join(export_clear(kept.sources, session)))
    assert [data for data, _, _ in whole] == order[: len(whole)]
    shift_90k, truth = whole[first][1] - packets[0][1], dict(all_shown)
    right = [at / 90_000 for at, image in shown if truth[at + shift_90k] == image]
    after = [at / 90_000 for at, _ in shown if at >= 2 * ROUND_S * 90_000]
    print(f"{len(shown)} pictures shown of {len(packets)}, {len(right)} as a decoder of everything shows them")  # noqa: T201
    assert len(after) >= (60 - 2 * ROUND_S) * FPS - 2
    assert set(after) <= set(right), "exact, once the refresh has gone round"


def test_what_lies_before_a_key_frame_of_another_file_is_given_too(kept: Kept) -> None:
    *_, before, last = kept.lab.rows()
    asked = WallRange(before.wall_end_us - 30 * SECOND_US, last.wall_start_us + 30 * SECOND_US)
    packets, _ = _opened(b"".join(export_clear(kept.sources, asked)))
    keys = [number for number, (_, _, key) in enumerate(packets) if key]
    assert keys, "the camera was called again"
    assert keys[0] in range(30 * FPS, 32 * FPS + 1), "the half minute before it is not thrown away"


def test_a_range_over_the_end_of_the_first_file_begins_at_its_key_frame(kept: Kept) -> None:
    first, second = kept.lab.rows()[:2]
    asked = WallRange(second.wall_start_us - 30 * SECOND_US, second.wall_start_us + 30 * SECOND_US)
    packets, _ = _opened(b"".join(export_clear(kept.sources, asked)))
    assert packets[0][2]
    assert len(packets) >= (second.wall_start_us - first.wall_start_us) * FPS // SECOND_US + 30 * FPS


def test_a_hold_of_it_copies_what_is_asked_and_no_minute_before(kept: Kept, tmp_path: Path) -> None:
    second = kept.lab.rows()[1]
    asked = WallRange(second.wall_start_us + 301 * SECOND_US, second.wall_start_us + 331 * SECOND_US)
    with ChunkReader.open(kept.sources[1].path) as reader:
        chosen = reader.gops_in(asked)
        assert chosen[0].wall_us > asked.from_us - 2 * SECOND_US
        assert reader.footer is not None
        target = tmp_path / "one.piece"
        write_piece(reader, reader.footer, chosen, target, hold="00" * 8, case="dossier-1", term_end_us=asked.to_us)
    later = WallRange(asked.from_us + 10 * SECOND_US, asked.to_us)
    with FrozenPiece.open(target) as piece:
        assert piece.wrong() == []
        assert piece.gops_in(later)[0].wall_us > later.from_us - 2 * SECOND_US


def _opened(mp4: bytes) -> tuple[list[tuple[bytes, int, bool]], list[tuple[int, bytes]]]:
    """Packets with their presentation times (90 kHz) and whether the file marks them key (FFmpeg's own look into them
    takes each start of a refresh for one), and what its decoder shows."""
    with av.open(io.BytesIO(mp4), "r", options={"fflags": "noparse"}) as container:
        packets = [(bytes(item), item.pts or 0, item.is_keyframe) for item in container.demux(video=0) if item.size]
    with av.open(io.BytesIO(mp4), "r") as container:
        return packets, [
            (one.pts or 0, one.to_ndarray(format="yuv420p").tobytes()) for one in container.decode(video=0)
        ]
