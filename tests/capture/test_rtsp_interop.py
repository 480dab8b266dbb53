"""Real streams over real TCP: what we make of them is, packet by packet, what FFmpeg makes of them."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import pytest
from av.bitstream import BitStreamFilterContext
from tests.support.cameras import CameraSpec, SimulatedCameras, simulated_cameras
from tests.support.rtspclient import Caller

from beffroi.capture.ends import RunEnd
from beffroi.capture.rtsp import SourceError
from beffroi.media.codec import annexb_to_lengths, config_from_parameter_sets
from beffroi.media.nal import Codec
from beffroi.media.reorder import DecodeTimes, RtpTime, reorder_depth
from beffroi.media.rtp import AccessUnit
from simulate.clips import tiny

CAMERAS: dict[str, Codec] = {"h264": "h264", "h265": "h265", "h264-b": "h264", "h265-b": "h265", "sound": "h264"}
COUNT = 45


@pytest.fixture(scope="module")
def sim() -> Iterator[SimulatedCameras]:
    specs = [
        CameraSpec("h264", user="us er", password="p@ss:word"),
        CameraSpec("h265", "h265"),
        CameraSpec("h264-b", clip=tiny("h264", bframes=3)),
        CameraSpec("h265-b", "h265", clip=tiny("h265", bframes=2)),
        CameraSpec("sound", audio=True, join="key"),
        CameraSpec("lossy"),
        CameraSpec("faulty"),
    ]
    with simulated_cameras(specs) as running:
        yield running


class Oracle(threading.Thread):
    """FFmpeg's demuxer and parser on the same stream, at the same time."""

    def __init__(self, url: str, codec: Codec, count: int) -> None:
        super().__init__(daemon=True)
        self._url, self._codec, self._count = url, codec, count
        self.pictures: list[tuple[bytes, bool, tuple[bytes, ...]]] = []
        self.times: list[int] = []

    def run(self) -> None:
        options = {"rtsp_transport": "tcp", "analyzeduration": "0", "probesize": "32", "allowed_media_types": "video"}
        with av.open(self._url, format="rtsp", options=options) as container:
            for packet in container.demux(video=0):
                self.pictures.append(annexb_to_lengths(self._codec, bytes(packet)))
                self.times.append(-1 if packet.pts is None else packet.pts)
                if len(self.pictures) >= self._count:
                    return


def of(unit: AccessUnit) -> tuple[bytes, bool, tuple[bytes, ...]]:
    return unit.data, unit.key, unit.sets


@dataclass
class Taken:
    """The same stream taken by both, at the same time."""

    codec: Codec | None
    sets: tuple[bytes, ...]
    units: list[AccessUnit]
    rtp_lost: int
    oracle: Oracle


@pytest.fixture(scope="module")
def taken(sim: SimulatedCameras) -> dict[str, Taken]:
    """All cameras at once."""

    def take(camera: str) -> Taken:
        oracle = Oracle(sim.url(camera), CAMERAS[camera], COUNT)
        with Caller(sim.url(camera)) as caller:
            caller.pictures(1)
            oracle.start()  # what it takes, we take too
            units = caller.run(lambda: not oracle.is_alive() and len(caller.units) >= COUNT + 20)
        return Taken(caller.session.codec, caller.session.sets, units, caller.session.rtp_lost, oracle)

    with ThreadPoolExecutor(len(CAMERAS)) as pool:
        return dict(zip(CAMERAS, pool.map(take, CAMERAS), strict=True))


@pytest.mark.parametrize("camera", CAMERAS)
def test_equal_to_ffmpeg_packet_by_packet(taken: dict[str, Taken], camera: str) -> None:
    ours, theirs = taken[camera].units, taken[camera].oracle
    assert len(theirs.pictures) == COUNT
    assert taken[camera].codec == CAMERAS[camera]
    # It joined a little after us: find where one lies in the other.
    begin = next(place for place, unit in enumerate(ours) if of(unit) in theirs.pictures[:40])
    there = theirs.pictures.index(of(ours[begin]))
    common = min(COUNT - there, len(ours) - begin)
    assert common > 25
    assert [of(unit) for unit in ours[begin : begin + common]] == theirs.pictures[there : there + common]
    unwrap = RtpTime()
    shown = [unwrap.unwrap(unit.rtp_time) for unit in ours[begin : begin + common]]
    pairs = [(ours, their) for ours, their in zip(shown, theirs.times[there:], strict=False) if their >= 0]
    assert len(pairs) > 20
    assert len({ours - their for ours, their in pairs}) == 1, "the same clock, up to a constant"
    assert not any(unit.lost for unit in ours)
    assert taken[camera].rtp_lost == 0


@pytest.mark.parametrize("camera", CAMERAS)
def test_decode_times_of_real_streams(taken: dict[str, Taken], camera: str) -> None:
    config = config_from_parameter_sets(CAMERAS[camera], taken[camera].sets)
    units = taken[camera].units
    times, unwrap = DecodeTimes(reorder_depth(config)), RtpTime()
    key = next(place for place, unit in enumerate(units) if unit.key)
    placed = []
    for unit in units[key:]:
        pts = unwrap.unwrap(unit.rtp_time)
        dts = times.place(pts, key=unit.key)
        assert dts is not None
        assert dts <= pts
        placed.append(dts)
    assert {after - before for before, after in pairwise(placed)} == {3600}


def test_the_camera_tells_its_wall_time(taken: dict[str, Taken]) -> None:
    told = [unit.camera_us for unit in taken["h264"].units if unit.camera_us is not None]
    assert len(told) > 20
    steps = {round((after - before) / 1000) for before, after in pairwise(told)}
    assert steps <= {39, 40, 41}


def test_lost_packets_are_seen(sim: SimulatedCameras) -> None:
    """One packet in five dropped by the camera: the numbers say so, and every picture is whole or marked."""
    with Caller(sim.url("lossy")) as caller:
        caller.pictures(5)
        assert caller.session.rtp_lost == 0
        sim.fault("lossy", "drop:0.2")
        caller.run(lambda: caller.session.rtp_lost >= 5)
        sim.fault("lossy", "none")
        begun = len(caller.units)
        caller.run(lambda: len(caller.units) >= begun + 15)
    loop = of_clip(tiny("h264", gop=10))
    marked = [unit for unit in caller.units if unit.lost]
    print(f"{caller.session.rtp_lost} packets lost, {len(marked)} pictures marked")  # noqa: T201  a figure
    assert 1 <= len(marked) <= 2 * caller.session.rtp_lost
    assert all(of(unit) in loop for unit in caller.units if not unit.lost)


def of_clip(path: Path) -> list[tuple[bytes, bool, tuple[bytes, ...]]]:
    """The pictures of a clip, read from its file."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        sink = BitStreamFilterContext("h264_mp4toannexb", stream)
        units = [part for packet in container.demux(stream) for part in sink.filter(packet if packet.size else None)]
    return [annexb_to_lengths("h264", bytes(unit)) for unit in units]


@pytest.mark.parametrize(
    ("fault", "end"), [("refuse", ConnectionError), ("close", ConnectionError), ("silent", SourceError)]
)
def test_faults_of_a_camera(sim: SimulatedCameras, fault: str, end: type[Exception]) -> None:
    try:
        if fault == "close":
            with Caller(sim.url("faulty")) as caller:
                caller.pictures(3)
                sim.fault("faulty", fault)
                with pytest.raises(ConnectionError):
                    caller.pictures(100)
            return
        sim.fault("faulty", fault)
        with Caller(sim.url("faulty")) as caller, pytest.raises(end) as ended:
            caller.pictures(1)
        if isinstance(ended.value, SourceError):
            assert ended.value.end is RunEnd.STALLED
    finally:
        sim.fault("faulty", "none")


def test_a_wrong_password(sim: SimulatedCameras) -> None:
    with Caller(sim.url("h264").replace("p%40ss", "wrong")) as caller, pytest.raises(SourceError) as ended:
        caller.pictures(1)
    assert ended.value.end is RunEnd.UNAUTHORISED
