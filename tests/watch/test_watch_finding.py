"""A live view whose camera gives nothing yet, or whose recorder is away: it waits, says so, and is one act."""

import asyncio
from pathlib import Path

from tests.support.liveworld import LiveWorld
from tests.support.viewing import CAMERA

from beffroi.capture.client import RecorderGoneError
from beffroi.domain.gaps import GapCause
from beffroi.domain.ids import CameraId, StreamName
from beffroi.gate.answers import CutCode
from beffroi.ledger.entry import EntryKind
from beffroi.watch.finding import find_stream
from beffroi.watch.ports import BACKOFF_S, Captured
from beffroi.watch.queue import LATE, Note, gap

H264, H265 = "avc1.64001f", "hvc1.1.6.L93.B0"
DOWN = GapCause.CAMERA_UNREACHABLE


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


async def test_a_small_stream_known_to_be_down_is_not_waited_for() -> None:
    assert await found(Captured({"main": H264}, {"sub": DOWN})) == ("main", [], 1)


async def test_the_reason_why_nothing_comes_is_told_also_while_it_is_tried_again() -> None:
    down, trying = Captured({}, {"main": DOWN, "sub": None}), Captured({}, {"main": None, "sub": None})
    ready = Captured({"sub": H264}, {"main": None})
    assert await found(trying, down, trying, ready) == ("sub", [LATE, gap(DOWN), gap(DOWN)], 4)


async def test_a_large_stream_that_does_not_play_waits_for_the_small_one() -> None:
    unplayable, ready = Captured({"main": H265}, {"sub": DOWN}), Captured({"main": H265, "sub": H264}, {})
    assert await found(unplayable, ready) == ("sub", [gap(DOWN)], 2)


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
