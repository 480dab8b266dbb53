"""Each fault of a camera gives the stated run end and gap cause, and touches no other camera."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest
from tests.capture.conftest import loop_digests, missing_pictures, picture_digest
from tests.support.cameras import CameraSpec, SimulatedCameras, simulated_cameras
from tests.support.ports import busy, wait_for
from tests.support.recorder import RunningRecorder, recorder

from beffroi.vault.check import CheckLevel, check
from beffroi.vault.journal import ActKind

FAULTS = {
    "close": "close",
    "stall": "stall",
    "refuse": "refuse",
    "drop": "drop:0.05",
    "step": "clock-step:60",
    "back": "clock-step:-5",
    "sps": "new-sps",
    "sound": "none",
    "locked": "none",
}


@dataclass
class Story:
    """One recorder that lived through all faults at once."""

    sim: SimulatedCameras
    rec: RunningRecorder
    health: dict[tuple[str, str], dict[str, object]]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    specs = [CameraSpec(name, user="u", password="secret-1") for name in FAULTS]
    with (
        simulated_cameras(specs) as sim,
        recorder(tmp_path_factory.mktemp("data"), sim, passwords={"locked": "wrong-1"}) as rec,
    ):
        rec.wait_all(*(name for name in FAULTS if name != "locked"), frames=25)
        for name, fault in FAULTS.items():
            if fault != "none":
                sim.fault(name, fault)
        wait_for(
            lambda: rec.streams()["refuse", "main"]["cause"] == "camera_unreachable",
            what="the cause to become the latest one",
        )
        sim.fault("refuse", "none")
        rec.wait_all("close", "step", "back", "sps", frames=25)
        rec.wait_state("stall", "down")
        health = rec.streams()
        sim.fault("stall", "none")
        rec.wait_all("stall", "refuse", frames=25)
        assert rec.stop() == 0
        yield Story(sim, rec, health)


def ends(story: Story, camera: str) -> list[str]:
    return [
        entry.fields["end"]
        for entry in story.rec.journal()
        if entry.kind is ActKind.RECORDING_ENDED and entry.fields["camera"] == camera
    ]


def gaps(story: Story, camera: str) -> list[str]:
    return [
        entry.fields["cause"]
        for entry in story.rec.journal()
        if entry.kind is ActKind.GAP and entry.fields["camera"] == camera
    ]


@pytest.mark.parametrize(
    ("camera", "end", "causes"),
    [
        ("close", "closed", ["stream_closed"]),
        ("stall", "stalled", ["stream_stalled"]),
        ("refuse", "closed", ["stream_closed", "camera_unreachable"]),
        ("step", "timestamp", ["timestamps_jumped"]),
        ("back", "timestamp", ["timestamps_jumped"]),
    ],
)
def test_the_run_ends_for_the_stated_reason(story: Story, camera: str, end: str, causes: list[str]) -> None:
    assert ends(story, camera) == [end, "stopped"]
    assert gaps(story, camera)[: len(causes)] == causes


def test_new_parameter_sets_begin_a_new_file_without_a_lost_picture(story: Story) -> None:
    assert ends(story, "sps") == ["parameters", "stopped"]
    assert set(gaps(story, "sps")) <= {"parameters_changed"}
    codecs = {
        (entry.fields["run"], entry.fields["at_us"])
        for entry in story.rec.journal()
        if entry.kind is ActKind.RECORDING_STARTED and entry.fields["camera"] == "sps"
    }
    assert len(codecs) == 2
    recorded = story.rec.whole_calendar("sps").recorded
    assert len(recorded) == 1, "one stretch of time"


def test_lost_packets_do_not_end_the_run(story: Story) -> None:
    assert ends(story, "drop") == ["stopped"]


def test_other_cameras_lose_nothing(story: Story) -> None:
    assert ends(story, "sound") == ["stopped"]
    loop = loop_digests(story.sim.cameras["sound"].main)
    got = [picture_digest("h264", frame.data) for _, frame in story.rec.frames("sound")]
    assert missing_pictures(got, loop) == 0


def test_a_lost_stream_is_called_again_within_a_second(story: Story) -> None:
    closed = story.rec.whole_calendar("close")
    missing = [gap for gap in story.rec.journal() if gap.kind is ActKind.GAP and gap.fields["camera"] == "close"]
    lasted_s = (missing[0].fields["to_us"] - missing[0].fields["from_us"]) / 1e6
    assert lasted_s < 2.5 * busy(), "a second at most before the call, then the next key frame"
    assert closed.recorded


def test_a_camera_that_refuses_the_password_is_told_as_such(story: Story) -> None:
    health = story.health["locked", "main"]
    assert (health["state"], health["cause"]) == ("down", "refused_by_camera")
    assert story.rec.chunks("locked") == []


def test_time_is_conserved(story: Story) -> None:
    """From the first picture to the last: recorded, or a stored gap, and nothing is both or neither."""
    for camera in FAULTS:
        if camera == "locked":
            continue
        calendar = story.rec.whole_calendar(camera)
        pieces = sorted([*calendar.recorded, *(gap.range for gap in calendar.gaps)])
        for before, after in pairwise(pieces):
            assert before.to_us == after.from_us, camera
        assert all(gap.cause.value != "unknown" for gap in calendar.gaps), camera


def test_the_vault_is_whole_after_all_that(story: Story) -> None:
    catalogue = story.rec.catalogue()
    try:
        assert check(story.rec.paths.root, catalogue, level=CheckLevel.HASH) == []
    finally:
        catalogue.close()
    assert wait_for(lambda: not story.rec.paths.control.exists(), what="the socket to go")
