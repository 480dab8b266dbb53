"""What the cameras sent is on disk, picture by picture, encrypted, silent, and explained where it is not."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest
from tests.capture.conftest import clip_config, loop_digests, missing_pictures, picture_digest
from tests.support.cameras import CameraSpec, SimulatedCameras, simulated_cameras
from tests.support.ports import busy
from tests.support.recorder import RunningRecorder, recorder

from beffroi.base.clock import SystemClock
from beffroi.domain.ids import StreamName
from beffroi.media.codec import Codec, config_from_init
from beffroi.vault.check import CheckLevel, check
from beffroi.vault.reader import ChunkReader

SECONDS = 6


@dataclass
class Recorded:
    """What was sent and what was kept."""

    sim: SimulatedCameras
    rec: RunningRecorder
    health: dict[tuple[str, str], dict[str, Any]]
    ended_us: int


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Two cameras, four streams, recorded for six seconds and stopped in order."""
    specs = [
        CameraSpec("rue-1", user="beffroi", password="p@ss:w/ôrd", audio=True),
        CameraSpec("place-2", codec="h265"),
    ]
    with (
        simulated_cameras(specs) as sim,
        recorder(tmp_path_factory.mktemp("data"), sim, streams=("main", "sub"), cores=2) as rec,
    ):
        rec.wait_all("rue-1", "place-2")
        rec.wait_all("rue-1", "place-2", stream="sub", frames=25 * SECONDS)
        health = rec.streams()
        ended_us = SystemClock().wall_us()
        assert rec.stop() == 0
        yield Recorded(sim, rec, health, ended_us)


STREAMS: list[tuple[str, StreamName]] = [("rue-1", "main"), ("rue-1", "sub"), ("place-2", "main"), ("place-2", "sub")]


@pytest.mark.parametrize(("camera", "stream"), STREAMS)
def test_every_picture_sent_is_on_disk_in_order(recorded: Recorded, camera: str, stream: StreamName) -> None:
    sim, rec = recorded.sim, recorded.rec
    known = sim.cameras[camera]
    frames = [frame for _, frame in rec.frames(camera, stream)]
    codec: Codec = "h265" if camera == "place-2" else "h264"
    got = [picture_digest(codec, frame.data) for frame in frames]
    assert len(got) >= 25 * SECONDS - 25
    assert missing_pictures(got, loop_digests(known.main if stream == "main" else known.sub)) == 0
    last_us = frames[-1].arrival_us
    assert recorded.ended_us - last_us < 400_000 * busy(), "up to the moment of the stop"


@pytest.mark.parametrize(("camera", "stream"), STREAMS)
def test_the_parameter_sets_sent_stand_at_the_head_of_every_file(
    recorded: Recorded, camera: str, stream: StreamName
) -> None:
    known = recorded.sim.cameras[camera]
    sent = clip_config(known.main if stream == "main" else known.sub)
    paths = recorded.rec.chunks(camera, stream)
    assert paths
    for path in paths:
        with ChunkReader.open(path) as reader:
            assert config_from_init(reader.init()).parameter_sets == sent.parameter_sets


@pytest.mark.parametrize(("camera", "stream"), STREAMS)
def test_wall_time_is_when_the_picture_was_shown(recorded: Recorded, camera: str, stream: StreamName) -> None:
    """The simulator shows frame n at n/25 s since 1970, by this machine's clock."""
    sim, rec = recorded.sim, recorded.rec
    known = sim.cameras[camera]
    loop = loop_digests(known.main if stream == "main" else known.sub)
    codec: Codec = "h265" if camera == "place-2" else "h264"
    for _, frame in rec.frames(camera, stream):
        shown_us = loop.index(picture_digest(codec, frame.data)) * 40_000
        error_us = (frame.arrival_us - shown_us) % (len(loop) * 40_000)
        assert error_us < 150_000 * busy(), "the parser holds a frame for 40 ms; the rest is the machine's load"
    assert -150 * busy() < recorded.health[camera, stream]["camera_offset_ms"] < 10


def test_no_sound_is_asked_for_nor_written(recorded: Recorded) -> None:
    sim, rec = recorded.sim, recorded.rec
    with av.open(sim.url("rue-1"), options={"rtsp_transport": "tcp"}) as offered:
        assert len(offered.streams.audio) == 1, "the camera offers sound"
    for path in rec.chunks("rue-1"):
        with av.open(str(path)) as container:
            assert [stream.type for stream in container.streams] == ["video"]
        assert b"soun" not in path.read_bytes()[:4096]


def test_what_is_on_disk_is_ciphertext_and_the_vault_finds_it_whole(recorded: Recorded) -> None:
    rec = recorded.rec
    catalogue = rec.catalogue()
    try:
        assert check(rec.paths.root, catalogue, level=CheckLevel.HASH) == []
        assert catalogue.open_chunks() == []
    finally:
        catalogue.close()
    path = rec.chunks("rue-1")[0]
    clear = rec.frames("rue-1")[0][1].data[5:]
    assert len(clear) > 100
    assert clear[:64] not in path.read_bytes()


def test_files_carry_their_authority_hour_and_run(recorded: Recorded) -> None:
    rec = recorded.rec
    kids = set()
    for camera, stream in STREAMS:
        for path in rec.chunks(camera, stream):
            with ChunkReader.open(path) as reader:
                header = reader.header
            assert (header.camera, header.stream, header.authority) == (camera, stream, rec.world.authority)
            assert header.hour == header.wall_start_us // 3_600_000_000
            kids.add(header.kid)
    assert len(kids) == sum(len(rec.chunks(camera, stream)) for camera, stream in STREAMS), "a key for each file"


def test_a_stop_is_told_apart_from_a_crash(tmp_path: Path) -> None:
    with simulated_cameras([CameraSpec("rue-1")]) as sim, recorder(tmp_path, sim) as rec:
        rec.wait_recording("rue-1")
        assert rec.stop() == 0
        time.sleep(1.5)  # a gap long enough to be seen in the calendar
        rec.start()
        rec.wait_recording("rue-1", frames=10)
        rec.kill()
        time.sleep(1.5)
        rec.start()
        rec.wait_recording("rue-1", frames=10)
        assert rec.process
        rec.process.kill()  # the supervisor alone: its workers see it, close their files and end
        rec.process.wait()
        recoveries = _kinds(rec).count("recovery")
        rec.start()  # waits for them
        rec.wait_recording("rue-1", frames=10)
        assert _kinds(rec).count("recovery") == recoveries
        causes = [gap[2] for gap in rec.calendar("rue-1")["gaps"]]
        assert rec.stop() == 0
    assert causes[:2] == ["recorder_stopped", "recorder_killed"]
    assert _clean(rec) == []
    kinds = _kinds(rec)
    assert kinds.count("recorder_started") == 4
    assert kinds.count("recorder_stopped") == 2
    assert recoveries >= 1


def _kinds(rec: RunningRecorder) -> list[str]:
    return [entry.kind.value for entry in rec.journal()]


def _clean(rec: RunningRecorder) -> list[object]:
    catalogue = rec.catalogue()
    try:
        return list(check(rec.paths.root, catalogue, level=CheckLevel.HASH))
    finally:
        catalogue.close()
