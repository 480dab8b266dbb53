"""A feed's end: the last viewer leaves in the very moment in which the feed lets go of the recorder."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from tests.support.liveworld import LiveWorld
from tests.support.ports import busy
from tests.support.viewing import CAMERA

from beffroi.capture.client import LiveMessage, LiveNotice
from beffroi.domain.ids import CameraId, StreamName
from beffroi.gate.answers import CutCode
from beffroi.ledger.entry import EntryKind
from beffroi.watch.hub import LiveHub


class _LateToLeave:
    """An upstream without pictures; once nobody is to read it any more, that takes until ``may_end``."""

    def __init__(self) -> None:
        self.read, self.left, self.may_end = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def __call__(self, camera: CameraId, stream: StreamName, lease: str) -> "_LateToLeave":
        return self

    def renew(self, lease: str) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[LiveMessage]:
        self.read.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()
            await self.may_end.wait()
        yield LiveNotice({})

    async def close(self) -> None:
        pass


async def test_a_viewer_that_leaves_while_its_feed_lets_go_is_let_go() -> None:
    """Both follow from one withdrawal: the feed sees that the lease is gone just before the view is ended."""
    upstream = _LateToLeave()
    hub, lease = LiveHub(upstream), ["lease"]

    async def watch() -> None:
        async with hub.subscribe(CAMERA, "sub", lambda: lease[0] if lease else None) as viewer:
            await viewer.queue.get()

    watching = asyncio.create_task(watch())
    await upstream.read.wait()
    lease.clear()
    await upstream.left.wait()
    watching.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    upstream.may_end.set()
    done, _ = await asyncio.wait({watching}, timeout=2 * busy())
    assert done, "the view never ended: its cut was never said"
    assert hub.upstreams() == 0


async def test_a_view_that_does_not_let_go_is_cut_and_told_all_the_same(tmp_path: Path) -> None:
    """Whatever hangs on the recorder's side: the picture on the screen goes when the right goes."""
    async with LiveWorld(tmp_path) as world:
        upstream = world.upstream = _LateToLeave()
        viewer = await world.watch()
        await upstream.read.wait()
        world.law.withdraw("p1", str(CAMERA))
        world.gate.poke()
        cut = await viewer.sink.until_type("cut")
        assert cut["code"] == CutCode.WITHDRAWN
        await asyncio.wait_for(viewer.task, 5 * busy())
        kinds = [entry.kind for entry in world.ledger.entries_of_view(viewer.view.id)]
        assert kinds == [EntryKind.VIEW_OPENED, EntryKind.VIEW_CUT, EntryKind.VIEW_ENDED]
        upstream.may_end.set()
