"""Replay: real files, real keys, a real gate. What leaves is what the lease covers, no sooner than it is needed."""

import asyncio
import base64
import io
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest
from tests.support.clips import clip
from tests.support.viewing import CAMERA, ReplayHouse

from beffroi.domain.gaps import GapCause
from beffroi.domain.ranges import WallRange
from beffroi.gate.answers import CutCode, GateRefusedError, OpenedView
from beffroi.ledger.entry import EntryKind
from beffroi.media.repair import whole_fragments

S = 1_000_000


@pytest.fixture
def house(tmp_path: Path) -> Iterator[ReplayHouse]:
    found = ReplayHouse(tmp_path)
    yield found
    found.close()


async def play(house: ReplayHouse, footage: WallRange) -> tuple[OpenedView, "asyncio.Task[Any]"]:
    view, replay = await house.open(footage)
    task = asyncio.create_task(replay.run())
    await house.sink.until_type("timeline")
    return view, task


def wall_of(message: bytes) -> int:
    kind, wall_us, _sent_us, _flags = struct.unpack(">BQQB", message[:18])
    assert kind == 2
    return int(wall_us)


async def test_a_replay_from_timeline_to_end(house: ReplayHouse) -> None:
    start = house.clock.wall - 600 * S
    first = house.chunk(start, seconds=8)
    second = house.chunk(start + 8 * S, seconds=6, start_90k=8 * 90_000)
    footage = WallRange(start, start + 14 * S)
    view, task = await play(house, footage)
    timeline = house.sink.of_type("timeline")[0]
    assert (timeline["from"], timeline["to"]) == (footage.from_us, footage.to_us)
    assert timeline["recorded"] == [[footage.from_us, footage.to_us]]
    house.orders.seek(1, start)
    house.orders.position(start + 9 * S)
    end = await house.sink.until_type("end")
    assert end == {"type": "end", "at_us": footage.to_us, "seek": 1}
    assert [wall_of(message) for message in house.sink.fragments] == [start + n * S for n in range(14)]
    inits = house.sink.of_type("init")
    assert [_keys(init) for init in inits] == [first, second]
    assert [init["seek"] for init in inits] == [1, 1]
    assert [init["offset_s"] for init in inits] == [0, 0]  # one run: media time follows on by itself
    house.orders.leave()
    sent, cut = await task
    assert cut is None
    assert (sent.frames, sent.footage) == (70, footage)
    records = house.ledger.entries_of_view(view.id)
    assert [record.kind for record in records] == [EntryKind.VIEW_OPENED, EntryKind.VIEW_ENDED]
    assert records[0].footage == footage
    assert records[1].sent == sent


async def test_with_b_frames_media_time_is_that_of_showing(house: ReplayHouse) -> None:
    """Wall time is that of the picture shown: the decoder's delay moves nothing, nor does a cut inside a group."""
    start = house.clock.wall - 600 * S
    source = clip(count=125, gop=125, fps=25, b_frames=3)
    late_90k = source[1][0].pts_90k
    assert late_90k > 0
    house.chunk(start, source=source)
    _, task = await play(house, WallRange(start, start + 5 * S))
    house.orders.seek(1, start)
    house.orders.position(start + 5 * S)
    await house.sink.until_type("end")
    assert [init["offset_s"] for init in house.sink.of_type("init")] == [pytest.approx(-late_90k / 90_000, abs=1e-5)]
    assert len(house.sink.fragments) == 3, "cut at 2 s"
    house.orders.leave()
    await task


def _keys(init: dict[str, Any]) -> tuple[bytes, bytes]:
    kid, key = (base64.urlsafe_b64decode(init[name] + "==") for name in ("kid", "key"))
    return kid, key


async def test_what_is_sent_opens_with_the_key_given_and_not_without(house: ReplayHouse) -> None:
    start = house.clock.wall - 600 * S
    house.chunk(start, seconds=4)
    _, task = await play(house, WallRange(start, start + 4 * S))
    house.orders.seek(1, start)
    await house.sink.until_type("end")
    binaries = [message for message in house.sink.sent if isinstance(message, bytes)]
    stored = binaries[0][1:] + b"".join(message[18:] for message in binaries[1:])
    key = _keys(house.sink.of_type("init")[0])[1]
    assert _pictures(stored, {"decryption_key": key.hex()}) == 20
    with pytest.raises(av.error.FFmpegError):
        _pictures(stored, {})
    house.orders.leave()
    await task


def _pictures(stored: bytes, options: dict[str, str]) -> int:
    with av.open(io.BytesIO(stored), "r", options=options) as container:
        return len(list(container.decode(video=0)))


async def test_media_time_is_wall_time_since_the_beginning_of_the_range(house: ReplayHouse) -> None:
    """Two runs, the second with a clock that drifts: every fragment lies within a frame of its wall time."""
    start = house.clock.wall - 600 * S
    house.chunk(start, seconds=5, start_90k=123_456_789)
    # 10 ms more of wall time each second: 100 times what the recorder allows itself
    house.chunk(start + 30 * S, seconds=9, run="6f" * 16, wall_of=lambda dts: start + 30 * S + dts * 101 // 9)
    _, task = await play(house, WallRange(start - 2 * S, start + 60 * S))
    house.orders.seek(1, start - 2 * S)
    house.orders.position(start + 20 * S)
    await house.sink.until_type("end")
    offset_s, checked = 0.0, 0
    for message in house.sink.sent:
        if isinstance(message, dict) and message["type"] == "init":
            offset_s = message["offset_s"]
        elif isinstance(message, bytes) and message[0] == 2:
            media_s = whole_fragments(message[18:], start=0, end=None).fragments[0].dts_90k / 90_000 + offset_s
            assert abs(media_s - (wall_of(message) - (start - 2 * S)) / 1e6) <= 0.0401
            checked += 1
    assert checked == 14
    assert len(house.sink.of_type("init")) == 3  # two files, and the second's clock corrected once
    house.orders.leave()
    await task


async def test_no_more_than_ten_seconds_ahead_of_the_client(house: ReplayHouse) -> None:
    start = house.clock.wall - 900 * S
    house.chunk(start, seconds=60)
    _, task = await play(house, WallRange(start, start + 60 * S))
    house.orders.seek(1, start)
    await house.sink.until(lambda: len(house.sink.fragments) == 10)
    await _settled(house)
    assert len(house.sink.fragments) == 10
    house.orders.position(start + 3 * S)
    await house.sink.until(lambda: len(house.sink.fragments) == 13)
    await _settled(house)
    assert len(house.sink.fragments) == 13
    house.orders.leave()
    sent, _ = await task
    assert sent.frames == 13 * 5


async def _settled(house: ReplayHouse) -> None:
    """Let every task that can run, run: files are read in this very loop, so nothing is under way elsewhere."""
    for _ in range(200):
        await asyncio.sleep(0)


async def test_a_seek_starts_at_the_key_frame_before_and_its_number_is_echoed(house: ReplayHouse) -> None:
    start = house.clock.wall - 900 * S
    house.chunk(start, seconds=60)
    _, task = await play(house, WallRange(start, start + 60 * S))
    house.orders.seek(1, start)
    await house.sink.until(lambda: len(house.sink.fragments) == 10)
    house.orders.seek(2, start + 42 * S + 700_000)
    await house.sink.until(lambda: len(house.sink.fragments) >= 11)
    at = house.sink.sent.index(house.sink.of_type("init")[1])
    later = [message for message in house.sink.sent[at:] if isinstance(message, bytes) and message[0] == 2]
    assert wall_of(later[0]) == start + 42 * S
    assert house.sink.of_type("init")[1]["seek"] == 2
    house.orders.leave()
    await task


async def test_gaps_are_messages_with_their_cause_and_playing_goes_on_behind_them(house: ReplayHouse) -> None:
    start = house.clock.wall - 3000 * S
    house.chunk(start, seconds=4)
    missing = WallRange(start + 4 * S, start + 1900 * S)
    house.catalogue.add_gap(CAMERA, "main", missing, GapCause.CAMERA_UNREACHABLE)
    house.chunk(missing.to_us, seconds=3, run="6f" * 16)
    _, task = await play(house, WallRange(start, start + 2000 * S))
    assert house.sink.of_type("timeline")[0]["gaps"] == [
        {"from": missing.from_us, "to": missing.to_us, "cause": GapCause.CAMERA_UNREACHABLE.text.as_dict()}
    ]
    house.orders.seek(1, start)
    await house.sink.until_type("end")
    gaps = house.sink.of_type("gap")
    assert (gaps[0]["from"], gaps[0]["to"], gaps[0]["cause"], gaps[0]["seek"]) == (
        missing.from_us,
        missing.to_us,
        GapCause.CAMERA_UNREACHABLE.text.as_dict(),
        1,
    )
    assert len(house.sink.fragments) == 7
    # an instant inside the gap: said at once, then what follows it
    house.orders.seek(2, start + 1000 * S)
    await house.sink.until_type("end", 2)
    assert next(gap["from"] for gap in house.sink.of_type("gap") if gap["seek"] == 2) == start + 1000 * S
    assert len(house.sink.fragments) == 10
    house.orders.leave()
    await task


@pytest.mark.parametrize("hole_us", [1, 200_000, 700_000, S])
async def test_the_end_is_told_where_the_pictures_stop_when_no_gap_is_told_behind_them(
    house: ReplayHouse, hole_us: int
) -> None:
    start = house.clock.wall - 900 * S
    house.chunk(start, seconds=4)
    _, task = await play(house, WallRange(start, start + 4 * S + hole_us))
    house.orders.seek(1, start)
    end = await house.sink.until_type("end")
    assert house.sink.of_type("gap") == []
    assert end == {"type": "end", "at_us": start + 4 * S, "seek": 1}
    house.orders.seek(2, start + 4 * S + hole_us - 1)
    assert (await house.sink.until_type("end", 2))["at_us"] <= start + 4 * S + hole_us
    house.orders.leave()
    await task


async def test_nothing_begins_before_the_range_nor_after_it(house: ReplayHouse) -> None:
    start = house.clock.wall - 900 * S
    house.chunk(start, seconds=60)
    granted = WallRange(start + 20 * S + 500_000, start + 25 * S + 500_000)
    _, task = await play(house, granted)
    house.orders.seek(1, 0)  # a client that asks for what it was not given
    await house.sink.until_type("end")
    house.orders.seek(2, start + 50 * S)
    await house.sink.until_type("end", 2)
    walls = [wall_of(message) for message in house.sink.fragments]
    assert walls == [start + n * S for n in range(21, 26)]
    assert all(granted.from_us <= wall < granted.to_us for wall in walls)
    house.orders.leave()
    sent, _ = await task
    assert sent.footage is not None
    assert sent.footage.from_us >= granted.from_us


async def test_a_withdrawal_stops_the_bytes_at_once_for_a_client_that_goes_on_asking(house: ReplayHouse) -> None:
    start = house.clock.wall - 900 * S
    house.chunk(start, seconds=60)
    view, task = await play(house, WallRange(start, start + 60 * S))
    house.orders.seek(1, start)
    await house.sink.until(lambda: len(house.sink.fragments) == 10)
    reads = len(house.footage.reads)
    house.law.withdraw("p1", CAMERA)
    await house.gate.tick()
    for number in range(5):
        house.orders.position(start + 50 * S)
        house.orders.seek(2 + number, start + 30 * S)
    sent, cut = await task
    assert cut is not None
    assert cut.code is CutCode.WITHDRAWN
    assert len(house.sink.fragments) == 10
    assert len(house.footage.reads) == reads
    last = house.sink.texts[-1]
    assert (last["type"], last["code"], last["text"]["en"]) == ("cut", "withdrawn", "Refused.")
    kinds = [record.kind for record in house.ledger.entries_of_view(view.id)]
    assert kinds == [EntryKind.VIEW_OPENED, EntryKind.VIEW_CUT, EntryKind.VIEW_ENDED]
    assert house.ledger.entries_of_view(view.id)[2].sent == sent


async def test_a_withdrawal_ends_even_a_view_whose_client_does_not_read(house: ReplayHouse) -> None:
    start = house.clock.wall - 900 * S
    house.chunk(start, seconds=60)
    _, task = await play(house, WallRange(start, start + 60 * S))
    house.sink.hold = True
    house.orders.seek(1, start)
    await _settled(house)
    house.law.withdraw("p1", CAMERA)
    await house.gate.tick()
    _, cut = await asyncio.wait_for(task, 60)
    assert cut is not None
    assert house.sink.fragments == []


async def test_an_unrenewed_lease_holds_everything_back_until_it_is_renewed(house: ReplayHouse) -> None:
    start = house.clock.wall - 900 * S
    house.chunk(start, seconds=60)
    _, task = await play(house, WallRange(start, start + 60 * S))
    house.clock.advance(3)
    house.orders.seek(1, start)
    await _settled(house)
    assert house.sink.fragments == []
    assert house.sink.of_type("init") == []
    await house.gate.tick()
    await house.sink.until(lambda: len(house.sink.fragments) == 10)
    house.orders.leave()
    await task


async def test_without_a_right_there_is_nothing(house: ReplayHouse) -> None:
    house.law.withdraw("p1", CAMERA)
    with pytest.raises(GateRefusedError):
        await house.open(WallRange(house.clock.wall - 60 * S, house.clock.wall))
    assert house.sink.sent == []


async def test_the_sub_stream_is_played_when_the_main_one_cannot_be(house: ReplayHouse) -> None:
    start = house.clock.wall - 900 * S
    house.chunk(start, seconds=4, source=clip("h265", count=20, gop=5, fps=5))
    house.chunk(start, seconds=4, stream="sub")
    _, task = await play(house, WallRange(start, start + 4 * S))
    house.orders.seek(1, start)
    await house.sink.until_type("end")
    assert {init["stream"] for init in house.sink.of_type("init")} == {"sub"}
    assert len(house.sink.fragments) == 4
    house.orders.leave()
    await task


async def test_a_view_with_nothing_playable_says_so(house: ReplayHouse) -> None:
    start = house.clock.wall - 900 * S
    house.chunk(start, seconds=4, source=clip("h265", count=20, gop=5, fps=5))
    _, task = await play(house, WallRange(start, start + 4 * S))
    house.orders.seek(1, start)
    _, cut = await task
    assert cut is not None
    assert "H.265" in cut.text.en


async def test_footage_past_its_term_is_a_hole_not_a_failure(house: ReplayHouse) -> None:
    start = house.clock.wall - 900 * S
    house.chunk(start, seconds=4)
    house.world.ring.destroy(house.world.term_days, start // (3600 * S), before_term=True)
    _, task = await play(house, WallRange(start, start + 10 * S))
    house.orders.seek(1, start)
    await house.sink.until_type("end")
    assert house.sink.fragments == []
    (gap,) = house.sink.of_type("gap")
    assert (gap["from"], gap["to"]) == (start, start + 10 * S)
    assert "destroyed" in gap["cause"]["en"]
    house.orders.leave()
    await task


@pytest.mark.parametrize(
    "message",
    [
        *(7, "x", None, [], {}, {"type": "seek"}, {"type": "seek", "seek": -1, "at_us": 5}),
        *({"type": "seek", "seek": 1, "at_us": 1.5}, {"type": "position", "at_us": True}),
        *({"type": "position", "at_us": 1 << 60}, {"type": "give_me_all"}, {"type": ["seek"]}),
    ],
)
async def test_hostile_orders_end_the_view_with_a_sentence(house: ReplayHouse, message: Any) -> None:
    start = house.clock.wall - 900 * S
    house.chunk(start, seconds=4)
    _, task = await play(house, WallRange(start, start + 4 * S))
    house.orders.say(message)
    _, cut = await asyncio.wait_for(task, 60)
    assert cut is not None
    assert house.sink.fragments == []


async def test_a_file_without_a_key_frame_is_a_gap_that_says_so(house: ReplayHouse) -> None:
    """A browser begins each file at a key frame: what lies before the first one is kept, and shown by the extract."""
    start = house.clock.wall - 600 * S
    config, frames = clip(count=60, gop=60, fps=5)
    refreshed = (frames[0], *(replace(frame, key=False) for frame in frames[1:]))
    house.chunk(start, source=(config, refreshed))
    for at in (12, 24):
        house.chunk(start + at * S, source=(config, tuple(replace(frame, key=False) for frame in frames)))
    house.chunk(start + 36 * S, seconds=4, run="a1" * 16)
    _, task = await play(house, WallRange(start, start + 40 * S))
    house.orders.seek(1, start)
    house.orders.position(start + 40 * S)
    await house.sink.until_type("end")
    shown = [*range(0, 12, 2), 36, 37, 38, 39]
    assert [wall_of(message) for message in house.sink.fragments] == [start + at * S for at in shown]
    (gap,) = house.sink.of_type("gap")
    assert (gap["from"], gap["to"]) == (start + 12 * S, start + 36 * S)
    assert "key frame" in gap["cause"]["en"]
    house.orders.seek(2, start + 20 * S)
    house.orders.position(start + 40 * S)
    await house.sink.until_type("end", count=2)
    assert [(one["from"], one["to"]) for one in house.sink.of_type("gap")][1:] == [(start + 20 * S, start + 36 * S)]
    assert "key frame" in house.sink.of_type("gap")[1]["cause"]["en"]
    house.orders.leave()
    await task


async def test_a_range_without_any_key_frame_says_so_and_not_unknown(house: ReplayHouse) -> None:
    start = house.clock.wall - 600 * S
    config, frames = clip(count=100, gop=100, fps=5)
    house.chunk(start, source=(config, tuple(replace(frame, key=False) for frame in frames)))
    _, task = await play(house, WallRange(start + 4 * S, start + 16 * S))
    house.orders.seek(1, start + 4 * S)
    assert (await house.sink.until_type("end"))["at_us"] == start + 16 * S
    (gap,) = house.sink.of_type("gap")
    assert (gap["from"], gap["to"]) == (start + 4 * S, start + 16 * S)
    assert "key frame" in gap["cause"]["en"]
    assert house.sink.fragments == []
    house.orders.leave()
    await task
