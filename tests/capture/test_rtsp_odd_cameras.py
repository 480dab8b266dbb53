"""A real recorder on cameras that break the rules: every picture that was sent whole is on disk, every loss is told."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.capture.conftest import missing_pictures, picture_digest
from tests.support.faultmatrix import record
from tests.support.oddcameras import Odd, OddCameras, odd_cameras
from tests.support.ports import wait_for
from tests.support.recorder import RunningRecorder, recorder
from tests.support.rtppackets import Packet, Wire
from tests.support.rtspcamera import Camera, talk
from tests.support.rtspclient import Caller

from beffroi.capture.rtsp import Session
from beffroi.media.frame import Frame
from beffroi.vault.check import CheckLevel, check
from beffroi.vault.journal import ActKind

WHOLE = {
    "right": Odd(),
    "marker-on-sei": Odd(marker="sei"),
    "marker-nowhere": Odd(marker="none"),
    "marker-everywhere": Odd(marker="every"),
    "no-reports": Odd(reports=False),
    "ssrc-a-picture": Odd(ssrc="each picture"),
    "ssrc-a-packet": Odd(ssrc="each packet"),
    "glued-units": Odd(glued=True),
    "sets-in-band-only": Odd(announces_sets=False),
}
FAULTY = {
    "lossy": Odd(loss=0.01),
    "flapping": Odd(after="closes", pictures=12),
    "stalls": Odd(after="mute", pictures=30),
    "mute": Odd(after="mute", pictures=0),
    "silent": Odd(after="silent"),
}


@dataclass
class Story:
    """One recorder that lived with all of them at once."""

    sim: OddCameras
    rec: RunningRecorder
    health: dict[tuple[str, str], dict[str, Any]]
    """Of each stream, near the end; of those that fall silent, when they were seen down: they are called again."""

    dropped: tuple[int, int]
    """Packets that the lossy camera had not sent, before and after the recorder was asked."""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with (
        odd_cameras(WHOLE | FAULTY) as sim,
        # The recorder asks of its cameras what the simulator's answer: names, addresses, credentials.
        recorder(tmp_path_factory.mktemp("data"), sim) as rec,  # type: ignore[arg-type]  # see above
    ):
        rec.wait_all(*WHOLE, "lossy", frames=100)
        wait_for(lambda: sim.dropped["lossy"] >= 5, timeout_s=60, what="5 packets to be lost")
        down = {(name, "main"): rec.wait_state(name, "down") for name in ("stalls", "mute", "silent")}
        wait_for(lambda: sim.calls["flapping"] >= 3, timeout_s=60, what="the flapping camera to be called thrice")
        before = sim.dropped["lossy"]
        health = wait_for(
            lambda: (found := rec.streams())["lossy", "main"]["rtp_lost"] >= before and found,
            what="the losses in health",
        )
        after = sim.dropped["lossy"]
        assert rec.stop() == 0
        yield Story(sim, rec, health | down, (before, after))


def pictures(story: Story, camera: str) -> list[Frame]:
    return [frame for _, frame in story.rec.frames(camera)]


def loop_of(story: Story, camera: str) -> list[str]:
    return [picture_digest("h264", unit) for unit in story.sim.sent(camera)]


def digests(frames: list[Frame]) -> list[str]:
    return [picture_digest("h264", frame.data) for frame in frames]


@pytest.mark.parametrize("camera", WHOLE)
def test_every_picture_is_on_disk(story: Story, camera: str) -> None:
    got = pictures(story, camera)
    assert len(got) >= 90
    assert missing_pictures(digests(got), loop_of(story, camera)) == 0
    runs = [e for e in story.rec.journal() if e.kind is ActKind.RECORDING_ENDED and e.fields["camera"] == camera]
    assert [entry.fields["end"] for entry in runs] == ["stopped"], "one run from the first picture to the stop"
    assert story.health[camera, "main"]["rtp_lost"] == 0


def test_no_odd_camera_lost_a_picture(story: Story) -> None:
    got = {camera: digests(pictures(story, camera)) for camera in WHOLE}
    missing = sum(missing_pictures(of_one, loop_of(story, camera)) for camera, of_one in got.items())
    assert missing == 0
    record(
        "odd-cameras",
        seen=f"{missing} missing of {sum(map(len, got.values()))} pictures of {len(WHOLE)} cameras",
        runs=len(WHOLE),
        seed=None,
    )


def test_without_reports_the_camera_has_no_clock(story: Story) -> None:
    assert story.health["no-reports", "main"]["camera_offset_ms"] is None
    assert abs(story.health["right", "main"]["camera_offset_ms"]) < 1000


def test_losses_are_counted_told_and_never_glued(story: Story) -> None:
    """1 % of the packets: the count is that of the camera, the journal tells it, what is on disk is pictures sent."""
    whole = {frame.data for frame in story.sim.frames}
    units = {
        frame.data[at : at + 4 + int.from_bytes(frame.data[at : at + 4], "big")]
        for frame in story.sim.frames
        for at in _starts(frame.data)
    }
    got = pictures(story, "lossy")
    torn = [frame for frame in got if frame.data not in whole]
    for frame in torn:
        parts = [frame.data[at : at + 4 + int.from_bytes(frame.data[at : at + 4], "big")] for at in _starts(frame.data)]
        assert set(parts) <= units, "a slice on disk is a slice that was sent"
    lost = story.health["lossy", "main"]["rtp_lost"]
    assert story.dropped[0] <= lost <= story.dropped[1]
    told = [
        entry.fields
        for entry in story.rec.journal()
        if entry.kind is ActKind.ALARM and entry.fields["what"] == "rtp_lost" and entry.fields["camera"] == "lossy"
    ]
    assert told
    assert told[0]["packets"] >= 1
    assert told[0]["pictures"] >= 1
    record(
        "rtp-lost",
        seen=f"{lost} packets lost and told, {len(got)} pictures of which {len(torn)} torn, 0 glued",
        runs=len(got),
        seed=None,
    )


def _starts(data: bytes) -> list[int]:
    starts, at = [], 0
    while at < len(data):
        starts.append(at)
        at += 4 + int.from_bytes(data[at : at + 4], "big")
    return starts


def test_a_flapping_camera_is_called_again_and_keeps_what_it_sent(story: Story) -> None:
    ends = [
        entry.fields["end"]
        for entry in story.rec.journal()
        if entry.kind is ActKind.RECORDING_ENDED and entry.fields["camera"] == "flapping"
    ]
    assert len(ends) >= 3
    assert set(ends[:-1]) == {"closed"}
    got = digests(pictures(story, "flapping"))
    assert len(got) >= 3
    assert set(got) <= set(digests(list(story.sim.frames)))


@pytest.mark.parametrize("camera", ["stalls", "mute", "silent"])
def test_a_camera_that_says_nothing_is_down_and_told_as_stalled(story: Story, camera: str) -> None:
    health = story.health[camera, "main"]
    assert (health["state"], health["cause"]) == ("down", "stream_stalled")
    if camera == "stalls":
        assert "stream_stalled" in {
            entry.fields["cause"]
            for entry in story.rec.journal()
            if entry.kind is ActKind.GAP and entry.fields["camera"] == camera
        }
    else:
        assert pictures(story, camera) == []


def test_what_is_on_disk_proves_itself(story: Story) -> None:
    catalogue = story.rec.catalogue()
    try:
        assert check(story.rec.paths.root, catalogue, level=CheckLevel.HASH) == []
    finally:
        catalogue.close()


def cycle(number: int) -> None:
    """A session that plays, is torn in the middle of a picture, and is forgotten."""
    session, camera = Session("rtsp://u:p@camera.test/main", now_s=0.0), Camera()
    talk(session, camera)
    wire = Wire(sequence=number & 0xFFFF)
    session.receive(wire.frame(Packet(b"\x7c\x85\x88" + bytes(20_000), number)), 0.0)
    session.receive(wire.frame(Packet(b"\x7c\x05" + bytes(20_000), number))[:9000], 0.0)
    session.close()


def test_a_thousand_sessions_leave_nothing_behind() -> None:
    for number in range(100):
        cycle(number)
    gc.collect()
    before = len(gc.get_objects())
    for number in range(1000):
        cycle(number)
    gc.collect()
    left = len(gc.get_objects()) - before
    assert left < 50
    record("camera-flapping", seen=f"{left} objects left by 1,000 torn sessions", runs=1000, seed=None)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_calls_of_a_flapping_camera_leave_no_socket_behind() -> None:
    with odd_cameras({"flapping": Odd(after="closes", pictures=2)}) as sim:

        def call() -> None:
            with Caller(sim.url("flapping")) as caller, pytest.raises(ConnectionError):
                caller.pictures(1000)

        call()
        before = open_files()
        for _ in range(20):
            call()
        wait_for(lambda: open_files() <= before + 1, what="the sockets to be closed")
        assert sim.calls["flapping"] == 21
