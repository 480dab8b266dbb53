"""What an independent client (FFmpeg, through PyAV) sees of the simulated cameras, in health and under each fault."""

import itertools
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import av
import pytest
from tests.support.cameras import CameraSpec, SimulatedCameras, simulated_cameras
from tests.support.ports import wait_for

from beffroi.domain.errors import BadInputError
from simulate import marks
from simulate.clips import tiny
from simulate.nal import Codec

OPTIONS = {"rtsp_transport": "tcp", "timeout": "30000000", "analyzeduration": "0", "probesize": "32"}
IMPATIENT = {**OPTIONS, "timeout": "1000000"}
"""A client that gives up after a second: for cameras that are not going to answer. The others are given half a minute,
which a busy machine may take."""


def _short(codec: Codec) -> dict[str, Any]:
    """Clips of 2 s, so that a test sees the end of the loop soon."""
    return {"clip": tiny(codec, seconds=2.0, gop=10), "sub_clip": tiny(codec, 240, 136, seconds=2.0, gop=10)}


@pytest.fixture(scope="module")
def sim() -> Iterator[SimulatedCameras]:
    specs = [
        CameraSpec("h264", user="viewer", password="p@ss/word:1", join="key", **_short("h264")),
        CameraSpec("h265", codec="h265", join="key", **_short("h265")),
        CameraSpec("live"),
        CameraSpec("sound", audio=True, join="key"),
        CameraSpec("later", offset_s=1.0, join="key"),
    ]
    with simulated_cameras(specs) as running:
        yield running


@pytest.fixture(autouse=True)
def _well_again(sim: SimulatedCameras) -> Iterator[None]:
    yield
    for name in sim.cameras:
        sim.fault(name, "none")


def watch(url: str, frames: int) -> list[tuple[int | None, int | None, float]]:
    """(pts, number read in the picture, arrival) of this many decoded frames."""
    seen: list[tuple[int | None, int | None, float]] = []
    with av.open(url, options=OPTIONS) as client:
        for packet in client.demux(client.streams.video[0]):
            if not packet.size:
                break
            for frame in packet.decode():
                assert isinstance(frame, av.VideoFrame)
                seen.append((frame.pts, marks.read(frame.to_ndarray(format="rgb24")), time.time()))
            if len(seen) >= frames:
                break
    return seen


@pytest.mark.parametrize(("camera", "stream"), [("h264", "main"), ("h264", "sub"), ("h265", "main"), ("h265", "sub")])
def test_frames_follow_one_another_over_the_end_of_the_loop(sim: SimulatedCameras, camera: str, stream: str) -> None:
    seen = watch(sim.url(camera, stream), 58)  # the clip has 50 frames: a loop is always crossed
    numbers = [number for _, number, _ in seen]
    assert None not in numbers
    assert [(b - a) % 50 for a, b in itertools.pairwise(numbers) if a is not None and b is not None] == [1] * (
        len(numbers) - 1
    )
    times = [pts for pts, _, _ in seen[2:] if pts is not None]
    assert [b - a for a, b in itertools.pairwise(times)] == [3600] * (len(times) - 1)


def test_the_frame_shown_is_a_function_of_wall_time(sim: SimulatedCameras) -> None:
    """The quickest of many frames tells: a client that was kept waiting for one catches up with those after it."""
    for camera, offset, loop in (("h264", 0, 50), ("later", 25, 100)):
        seen = watch(sim.url(camera), 30)
        # Early by two frames at most: the camera's clock does not follow the machine's while that one is slewed.
        lags = [(int(at * 25) + offset - number + 2) % loop - 2 for _, number, at in seen if number is not None]
        assert min(lags) <= 10, lags  # a wrong clock would be anywhere


def test_a_live_join_begins_in_the_middle_of_a_group(sim: SimulatedCameras) -> None:
    firsts = []
    for _ in range(4):
        with av.open(sim.url("live"), options=OPTIONS) as client:
            firsts.append(next(client.demux(client.streams.video[0])).is_keyframe)
        time.sleep(0.05)
    assert False in firsts


def test_the_camera_tells_its_own_wall_time(sim: SimulatedCameras) -> None:
    with av.open(sim.url("h265"), options=OPTIONS) as client:
        packets = [packet for packet, _ in zip(client.demux(client.streams.video[0]), range(12), strict=False)]
    told = int.from_bytes(bytes(packets[-1].get_sidedata("prft"))[:8], "little") / 1e6
    assert abs(told - time.time()) < 2


def test_sound_is_offered_and_can_be_left(sim: SimulatedCameras) -> None:
    with av.open(sim.url("sound"), options=OPTIONS) as client:
        assert [stream.type for stream in client.streams] == ["video", "audio"]
        kinds = {packet.stream.type for packet, _ in zip(client.demux(), range(40), strict=False)}
    assert kinds == {"video", "audio"}


def test_a_wrong_or_missing_password_is_refused(sim: SimulatedCameras) -> None:
    for url in (sim.url("h264", credentials=False), sim.url("h264").replace("word", "wort")):
        with pytest.raises(av.error.HTTPUnauthorizedError):
            av.open(url, options=OPTIONS)


def test_udp_is_refused(sim: SimulatedCameras) -> None:
    with pytest.raises(av.error.FFmpegError):
        av.open(sim.url("live"), options={**OPTIONS, "rtsp_transport": "udp"})


def test_unknown_cameras_and_streams_are_not_found(sim: SimulatedCameras) -> None:
    for url in (sim.url("live").replace("live", "nobody"), sim.url("live", "third")):
        with pytest.raises(av.error.HTTPNotFoundError):
            av.open(url, options=OPTIONS)
    with pytest.raises(BadInputError):
        sim.fault("nobody", "stall")
    with pytest.raises(BadInputError):
        sim.fault("live", "explode")


def _packets(
    sim: SimulatedCameras, camera: str, fault: str, *, at: int = 10, options: dict[str, str] = OPTIONS
) -> Iterator[Any]:
    """Video packets of a camera, put at fault after the first ``at``."""
    with av.open(sim.url(camera), options=options) as client:
        for count, packet in enumerate(client.demux(client.streams.video[0])):
            if count == at:
                sim.fault(camera, fault)
            yield packet


def test_close_looks_like_the_end_of_a_file(sim: SimulatedCameras) -> None:
    *_, last = _packets(sim, "h265", "close")
    assert last.size == 0
    assert len(watch(sim.url("h265"), 3)) >= 3  # and the next connection is served


def test_stall_ends_by_the_clients_timeout(sim: SimulatedCameras) -> None:
    started = time.monotonic()
    with pytest.raises(av.error.TimeoutError):
        for _ in _packets(sim, "h265", "stall", options=IMPATIENT):
            pass
    assert time.monotonic() - started > 0.9


def test_refuse_and_silent_fail_at_open(sim: SimulatedCameras) -> None:
    for fault in ("refuse", "silent"):
        sim.fault("h264", fault)
        with pytest.raises((av.error.InvalidDataError, av.error.TimeoutError, av.error.ConnectionResetError)):
            av.open(sim.url("h264"), options=IMPATIENT)
    sim.fault("h264", "none")
    assert watch(sim.url("h264"), 3)


def test_drop_and_corrupt_raise_nothing_and_spoil_pictures(sim: SimulatedCameras) -> None:
    for fault in ("drop:0.3", "corrupt:0.5"):
        packets = []
        for packet in _packets(sim, "h265", fault):
            packets.append(packet)
            if len(packets) == 30:
                break
        assert not any(packet.is_corrupt for packet in packets)
        sim.fault("h265", "none")
    sim.fault("live", "drop:1")
    impatient = {**OPTIONS, "timeout": "300000"}
    with pytest.raises(av.error.FFmpegError), av.open(sim.url("live"), options=impatient) as client:
        next(client.demux(client.streams.video[0]))


def test_corruption_changes_what_is_decoded(sim: SimulatedCameras) -> None:
    sim.fault("live", "corrupt:1")
    numbers: list[int | None] = []
    with av.open(sim.url("live"), options=OPTIONS) as client:
        for packet, _ in zip(client.demux(client.streams.video[0]), range(40), strict=False):
            try:
                numbers += [
                    marks.read(f.to_ndarray(format="rgb24")) for f in packet.decode() if isinstance(f, av.VideoFrame)
                ]
            except av.error.InvalidDataError:
                numbers.append(None)
    steps = [(b - a) % 100 for a, b in itertools.pairwise(numbers) if a is not None and b is not None]
    assert None in numbers or steps != [1] * (len(numbers) - 1)


def test_burst_holds_then_sends_at_once(sim: SimulatedCameras) -> None:
    arrivals = []
    for packet in _packets(sim, "h264", "burst:0.6"):
        arrivals.append(time.monotonic())
        assert packet.size
        if len(arrivals) == 50:
            break
    waits = [b - a for a, b in itertools.pairwise(arrivals)]
    assert max(waits) > 0.4
    assert sum(wait < 0.01 for wait in waits) > 20


def test_clock_step_jumps_timestamps(sim: SimulatedCameras) -> None:
    times = []
    for packet in _packets(sim, "h264", "clock-step:60"):
        if packet.pts is not None:
            times.append(packet.pts)
        # Ten after the leap; a client that lags behind the camera sees it later.
        if len(times) > 10 and times[-1] - times[-11] > 60 * 90_000:
            break
        assert len(times) < 500, "no leap"
    jumps = [b - a for a, b in itertools.pairwise(times)]
    assert max(jumps) == pytest.approx(60 * 90_000 + 3600, abs=3600)
    assert sum(jump != 3600 for jump in jumps[2:]) == 1


@pytest.mark.parametrize("camera", ["h264", "h265"])
def test_new_sps_changes_the_size_in_the_stream(sim: SimulatedCameras, camera: str) -> None:
    sizes = []
    for packet in _packets(sim, camera, "new-sps"):
        sizes += [(frame.width, frame.height) for frame in packet.decode()]
        if sizes.count((240, 136)) == 20:
            break
        assert len(sizes) < 500, "no change"
    assert sizes[0] == (320, 180)
    assert sizes[-1] == (240, 136)
    assert sizes == sorted(sizes, reverse=True)  # one change, no way back
    sim.fault(camera, "new-sps")


def test_all_viewers_are_shown_the_same_bytes(sim: SimulatedCameras) -> None:
    with av.open(sim.url("h265"), options=OPTIONS) as one, av.open(sim.url("h265"), options=OPTIONS) as two:
        first = [bytes(p) for p, _ in zip(one.demux(one.streams.video[0]), range(40), strict=False)]
        second = [bytes(p) for p, _ in zip(two.demux(two.streams.video[0]), range(40), strict=False)]
        # Who watched before has closed already; that the camera has noticed is awaited.
        wait_for(lambda: sim.status()["h265"]["viewers"]["main"] == 2, timeout_s=30, what="two viewers")
    assert len(set(first) & set(second)) > 20


def test_a_camera_comes_back_on_the_same_port() -> None:
    with simulated_cameras([CameraSpec("rue", join="key")]) as sim:
        port = sim.port
        assert watch(sim.url("rue"), 3)
        sim.stop()
        with pytest.raises(av.error.FFmpegError):
            av.open(sim.url("rue"), options=OPTIONS)
        sim.start()
        assert sim.port == port
        assert watch(sim.url("rue"), 3)


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
def test_ffprobe_agrees(sim: SimulatedCameras) -> None:
    command = [
        "ffprobe",
        "-v",
        "error",
        "-rtsp_transport",
        "tcp",
        "-show_entries",
        "stream=codec_name,width",
        "-of",
        "csv=p=0",
    ]
    told = subprocess.run([*command, sim.url("h265")], capture_output=True, text=True, timeout=60, check=True).stdout
    assert re.match(r"hevc,320", told)


def test_pictures_are_pictures(sim: SimulatedCameras) -> None:
    with av.open(sim.url("h264"), options=OPTIONS) as client:
        picture = next(client.decode(client.streams.video[0])).to_ndarray(format="rgb24")
    assert int(picture.max()) - int(picture.min()) > 150
