"""A live view whose camera gives nothing yet, or whose recorder is away: it waits, says so, and is one act."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.support.liveworld import LiveWorld
from tests.support.viewing import CAMERA

from beffroi.capture.client import RecorderGoneError
from beffroi.capture.ends import RunEnd
from beffroi.domain.gaps import GapCause
from beffroi.domain.ids import CameraId, StreamName
from beffroi.gate.answers import CutCode
from beffroi.ledger.entry import EntryKind
from beffroi.watch import finding, hub
from beffroi.watch.finding import find_stream
from beffroi.watch.ports import BACKOFF_S, Captured, NotCapturedError
from beffroi.watch.queue import LATE, NOT_CAPTURED, NOT_PLAYED, Note, gap
from beffroi.watch.recorder import RecorderLive

H264, H265 = "avc1.64001f", "hvc1.1.6.L93.B0"
DOWN = GapCause.CAMERA_UNREACHABLE


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "BACKOFF_S", (0.01,) * len(BACKOFF_S))


class Answers:
    """A recorder that gives these answers in turn, then the last for ever."""

    def __init__(self, *answers: Captured | None) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def captured(self, camera: CameraId) -> Captured:
        assert camera == CAMERA
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            raise RecorderGoneError
        return answer


async def found(*answers: Captured | None, h265: bool = False) -> tuple[StreamName, list[Note], int]:
    """The stream, what was said meanwhile, and how often the recorder was asked."""
    said: list[Note] = []

    async def say(note: Note) -> None:
        said.append(note)

    recorder = Answers(*answers)
    return await find_stream(recorder, CAMERA, say, h265=h265), said, recorder.asked


async def test_what_runs_is_taken_at_once() -> None:
    assert await found(Captured({"main": H264, "sub": H264}, {})) == ("sub", [], 1)
    assert await found(Captured({"main": H264}, {})) == ("main", [], 1)
    assert await found(Captured({"main": H264, "sub": H265}, {})) == ("main", [], 1)
    assert await found(Captured({"sub": H264}, {"main": None})) == ("sub", [], 1)


async def test_a_recorder_that_starts_again_is_waited_for() -> None:
    none = Captured({}, {"main": None, "sub": None})
    ready = Captured({"main": H264, "sub": H264}, {})
    assert await found(None, Captured({}, {}), none, ready) == ("sub", [LATE, LATE, LATE], 4)


async def test_the_small_stream_that_is_being_connected_to_is_waited_for_and_no_longer_than_that() -> None:
    large = Captured({"main": H264}, {"sub": None})
    assert await found(large, Captured({"main": H264, "sub": H264}, {})) == ("sub", [LATE], 2)
    stream, said, asked = await found(large)
    assert (stream, said, asked) == ("main", [LATE] * len(BACKOFF_S), len(BACKOFF_S) + 1)


async def test_it_is_waited_for_from_when_the_large_one_runs_not_from_the_view_s_beginning() -> None:
    large, both = Captured({"main": H264}, {"sub": None}), Captured({"main": H264, "sub": H264}, {})
    away = [None] * (len(BACKOFF_S) + 1)
    assert await found(*away, large, large, both) == ("sub", [LATE] * (len(away) + 2), len(away) + 3)


async def test_a_small_stream_known_to_be_down_is_not_waited_for() -> None:
    assert await found(Captured({"main": H264}, {"sub": DOWN})) == ("main", [], 1)


async def test_the_reason_why_nothing_comes_is_told_also_while_it_is_tried_again() -> None:
    down, trying = Captured({}, {"main": DOWN, "sub": None}), Captured({}, {"main": None, "sub": None})
    ready = Captured({"sub": H264}, {"main": None})
    assert await found(trying, down, trying, ready) == ("sub", [LATE, gap(DOWN), gap(DOWN)], 4)


async def test_a_large_stream_that_does_not_play_waits_for_the_small_one() -> None:
    beginning, down = Captured({"main": H265}, {"sub": None}), Captured({"main": H265}, {"sub": DOWN})
    ready = Captured({"main": H265, "sub": H264}, {})
    assert await found(beginning, down, ready) == ("sub", [LATE, NOT_PLAYED], 3)


async def test_a_camera_that_the_recorder_does_not_know_is_told_once_it_has_had_time_to_start() -> None:
    nothing, ready = Captured({}, {}), Captured({"sub": H264}, {})
    asked = [nothing] * (len(BACKOFF_S) + 1)
    assert await found(*asked, ready) == ("sub", [LATE] * len(BACKOFF_S) + [NOT_CAPTURED], len(asked) + 1)


async def test_a_recorder_that_hangs_is_told_meanwhile_again_and_again() -> None:
    """A console that hears nothing takes its link for dead, and asks for the view anew: one more act each time."""
    enough, said = asyncio.Event(), 0

    class Hung:
        async def captured(self, camera: CameraId) -> Captured:
            await enough.wait()
            return Captured({"sub": H264}, {})

    async def say(note: Note) -> None:
        nonlocal said
        said += note == LATE
        if said == 3:
            enough.set()

    assert await find_stream(Hung(), CAMERA, say, h265=False, said_each_s=0.01) == "sub"
    assert said >= 3


async def test_all_that_wait_share_one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred and eighty tiles of a site that is cut off must not keep the recorder's one door, nor this loop."""
    monkeypatch.setattr("beffroi.watch.recorder._FRESH_S", 60.0)  # this process may stand still between two questions

    class Door:
        asked = 0

        async def streams(self) -> list[dict[str, Any]]:
            self.asked += 1
            await asyncio.sleep(0)
            if self.asked == 1:
                raise RecorderGoneError
            row = {"camera": str(CAMERA), "stream": "sub", "codec_string": H264, "live": "", "cause": None}
            return [row, {**row, "stream": "main", "live": "live.sock"}, {**row, "camera": "another"}]

    door = Door()
    live = RecorderLive(door)  # type: ignore[arg-type]  # of a client, only what it asks
    refused = await asyncio.gather(*(live.captured(CAMERA) for _ in range(180)), return_exceptions=True)
    assert all(isinstance(one, RecorderGoneError) for one in refused)
    assert door.asked == 1
    answers = await asyncio.gather(*(live.captured(CAMERA) for _ in range(180)))
    assert {tuple(one.codecs) for one in answers} == {("main",)}
    assert all(one.awaited == {"sub": None} for one in answers), "a stream without its door is being begun"
    assert (await live.captured(CAMERA)).codecs == {"main": H264}
    assert door.asked == 2
    leaving = asyncio.create_task(live("another", "main", ""))  # type: ignore[arg-type]  # a name is enough
    await asyncio.sleep(0)
    leaving.cancel()  # takes nothing from those who asked with it
    with pytest.raises(NotCapturedError):
        await live("nowhere", "sub", "")  # type: ignore[arg-type]  # a name is enough
    assert door.asked == 3


async def test_a_stream_that_is_taken_away_gives_way_to_another_in_the_same_view(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        world.push(5)
        viewer = await world.watch()
        await viewer.sink.until_fragments(5)
        world.taken_away = True
        asked = world.asked
        await world.cut_connections()
        await viewer.sink.until(lambda: world.asked > asked)
        world.taken_away = False
        world.begin_run("run-2")
        world.push(5)
        await viewer.sink.until_fragments(10)
        assert [entry.kind for entry in world.ledger.entries_of_view(viewer.view.id)] == [EntryKind.VIEW_OPENED]


async def test_what_is_the_matter_is_told_again_while_nothing_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "SAID_EACH_S", 0.1)
    async with LiveWorld(tmp_path) as world:
        world.push(5)
        viewer = await world.watch()
        await viewer.sink.until_fragments(5)
        await viewer.sink.until(lambda: viewer.sink.of_type("state").count(LATE.message) >= 2)
        world.stream.end(RunEnd.CLOSED)
        await viewer.sink.until(lambda: [one["state"] for one in viewer.sink.of_type("state")].count("gap") >= 3)
        late = await world.watch("p2")
        await late.sink.until(lambda: bool(late.sink.of_type("state")))
        assert late.sink.of_type("state")[0]["state"] == "gap", "whoever joins meanwhile is told too"
        assert late.sink.fragments == [], "the last pictures of a camera that is down are not live"
        world.begin_run("run-2")
        world.push(5)
        await late.sink.until_fragments(5)


async def test_pictures_from_before_the_recorder_went_away_are_not_given_as_live(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        world.push(5)
        viewer = await world.watch()
        await viewer.sink.until_fragments(5)
        await world.server.stop()
        await viewer.sink.until(lambda: LATE.message in viewer.sink.sent)
        late = await world.watch("p2")
        await late.sink.until(lambda: LATE.message in late.sink.sent)
        assert late.sink.fragments == []
        await world.server.start(tmp_path / "live.sock")
        world.push(5)
        await viewer.sink.until_fragments(10)
        await late.sink.until_fragments(5)
        assert late.sink.fragments[0][17] & 1, "from a key picture on"


async def test_a_view_asked_while_the_recorder_is_away_is_one_act_and_comes_by_itself(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        world.away = True
        viewer = await world.watch()
        await viewer.sink.until(lambda: len(viewer.sink.of_type("state")) >= 2)
        assert viewer.sink.of_type("state")[0] == LATE.message
        world.captures, world.away = Captured({}, {"sub": DOWN}), False
        await viewer.sink.until(lambda: gap(DOWN).message in viewer.sink.sent)
        world.captures = None
        world.push(5)
        await viewer.sink.until_fragments(5)
        assert world.asked >= 4
        assert [entry.kind for entry in world.ledger.entries_of_view(viewer.view.id)] == [EntryKind.VIEW_OPENED]


async def test_it_is_dark_and_silent_while_its_lease_is_withdrawn(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        world.away = True
        viewer = await world.watch()
        await viewer.sink.until(lambda: bool(viewer.sink.of_type("state")))
        world.law.withdraw("p1", str(CAMERA))
        world.gate.poke()
        _, cut = await asyncio.wait_for(viewer.task, 60)
        assert cut is not None
        assert cut.code is CutCode.WITHDRAWN
        assert viewer.sink.texts[-1]["type"] == "cut"
        asked = world.asked
        world.away = False
        world.push(5)
        await asyncio.sleep(2 * BACKOFF_S[0])  # what is proven is that nothing comes
        assert (world.asked, viewer.sink.fragments) == (asked, [])


async def test_a_camera_that_this_browser_cannot_play_is_told_once_and_not_asked_again(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        world.captures = Captured({"main": H265}, {})
        viewer = await world.watch()
        _, cut = await asyncio.wait_for(viewer.task, 60)
        assert cut is not None
        assert cut.code is CutCode.ENDED, "the console asks again by itself where it is « unreachable »"
        assert "H.265" in cut.text.fr
        assert viewer.sink.texts[-1] == {
            "type": "cut",
            "text": cut.text.as_dict(),
            "refusal": None,
            "code": "ended",
        }
        assert world.asked == 1
