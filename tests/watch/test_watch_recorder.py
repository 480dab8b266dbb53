"""With a real recorder on a simulated camera: live pictures, then the same minute played back, then the door shut."""

import asyncio
import base64
import io
import struct
from collections.abc import Iterator
from itertools import pairwise, takewhile
from pathlib import Path

import av
import pytest
from tests.support.cameras import CameraSpec, simulated_cameras
from tests.support.gates import TableLaw, live, replay
from tests.support.ports import busy
from tests.support.recorder import RunningRecorder, recorder
from tests.support.register import open_ledger
from tests.support.viewing import Orders, RecordingSink

from beffroi.base.clock import SystemClock
from beffroi.capture.client import RecorderClient
from beffroi.domain.ids import ConnectionId
from beffroi.domain.ranges import WallRange
from beffroi.gate.answers import CutCode
from beffroi.gate.gate import Gate
from beffroi.ledger.entry import EntryKind
from beffroi.ledger.verify import verify
from beffroi.watch.hub import LiveHub
from beffroi.watch.live import LiveView
from beffroi.watch.ports import NotCapturedError
from beffroi.watch.recorder import RecorderLive
from beffroi.watch.replay import ReplayView

CAMERA = "rue-1"


@pytest.fixture(scope="module")
def rec(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRecorder]:
    with (
        simulated_cameras([CameraSpec(CAMERA)]) as sim,
        recorder(tmp_path_factory.mktemp("data"), sim, streams=("main", "sub")) as running,
    ):
        running.wait_recording(CAMERA)
        running.wait_recording(CAMERA, "sub", frames=100)
        yield running


async def test_live_then_replay_then_nothing(rec: RunningRecorder, tmp_path: Path) -> None:
    clock, law = SystemClock(), TableLaw({("p1", CAMERA)})
    ledger = open_ledger(tmp_path, clock=clock)
    async with Gate(law, ledger, rec.world.gate_key, clock) as gate, RecorderClient(rec.paths.control) as client:
        upstream = RecorderLive(client)
        captured = await upstream.captured(live("p1", CAMERA).camera)
        assert (sorted(captured.codecs), captured.awaited) == (["main", "sub"], {})
        nothing = await upstream.captured(live("p1", "nowhere").camera)
        assert (nothing.codecs, nothing.awaited) == ({}, {})
        view = await gate.open(live("p1", CAMERA), ConnectionId("c1"), {"name": "x"})
        sink = RecordingSink()
        hub = LiveHub(upstream)
        watching = LiveView(hub, gate, view, upstream, sink, h265=False, verify_key=gate.verify_key, clock=clock)
        task = asyncio.create_task(watching.run())
        await sink.until_fragments(100)  # four seconds at 25 a second: renewed leases carried it
        assert sink.of_type("init")[0]["stream"] == "sub"
        lag_us = [sent_us - wall_us for wall_us, sent_us in (_times(message) for message in sink.fragments[-25:])]
        assert min(lag_us) < 2_000_000 * busy(), "live: the ring's past, or a queue, would be late each time"
        stored = b"".join(
            message[1 if message[0] == 1 else 18 :] for message in sink.sent if isinstance(message, bytes)
        )
        assert _pictures(stored, {}) >= 90
        law.withdraw("p1", CAMERA)
        gate.poke()
        sent, cut = await asyncio.wait_for(task, 5 * busy())
        assert cut is not None
        assert cut.code is CutCode.WITHDRAWN
        assert sent.frames >= 100

        law.allow("p1", CAMERA)
        now_us = clock.wall_us()
        footage = WallRange(now_us - 60_000_000, now_us - 1_000_000)
        replayed = await gate.open(replay(footage, "p1", CAMERA), ConnectionId("c2"), {"name": "x"})
        back, orders = RecordingSink(), Orders()
        playing = ReplayView(
            client,
            rec.world.keyrings,
            gate,
            replayed,
            back,
            orders,
            h265=False,
            verify_key=gate.verify_key,
            clock=clock,
        )
        task = asyncio.create_task(playing.run())
        timeline = await back.until_type("timeline")
        assert timeline["recorded"]
        orders.seek(1, timeline["recorded"][0][0])
        await back.until_fragments(2)
        init = back.of_type("init")[0]
        assert init["stream"] == "main"
        assert _pictures(_stored(back), {"decryption_key": _hex(init["key"])}) > 0
        walls = [_times(message)[0] for message in back.fragments]
        assert all(a < b for a, b in pairwise(walls))
        orders.leave()
        sent, cut = await task
        assert cut is None
        assert sent.frames > 0

        with pytest.raises(NotCapturedError):
            await upstream(live("p1", "nowhere").camera, "sub", view.lease)
    kinds = [ledger.record(index).kind for index in range(ledger.size)]
    assert kinds == [
        EntryKind.VIEW_OPENED,
        EntryKind.VIEW_CUT,
        EntryKind.VIEW_ENDED,
        EntryKind.VIEW_OPENED,
        EntryKind.VIEW_ENDED,
    ]
    assert verify(tmp_path / "ledger", ledger.verifier, payloads=tmp_path / "payloads.sqlite").clean
    ledger.close()


def _times(message: bytes) -> tuple[int, int]:
    _, wall_us, sent_us, _ = struct.unpack(">BQQB", message[:18])
    return int(wall_us), int(sent_us)


def _hex(text: str) -> str:
    return base64.urlsafe_b64decode(text + "==").hex()


def _stored(sink: RecordingSink) -> bytes:
    """The first init segment and the fragments up to the next: the ten minutes' turn begins a file with another key."""
    init, *binaries = [message for message in sink.sent if isinstance(message, bytes)]
    return init[1:] + b"".join(message[18:] for message in takewhile(lambda one: one[0] == 2, binaries))


def _pictures(stored: bytes, options: dict[str, str]) -> int:
    with av.open(io.BytesIO(stored), "r", options=options) as container:
        return len(list(container.decode(video=0)))
