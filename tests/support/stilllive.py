"""A recorder's live side that shows one still picture again and again, whatever the lease: the centre checks too."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from beffroi.capture.client import LiveFragment, LiveInfo, LiveInit, LiveMessage
from beffroi.domain.ids import CameraId, StreamName
from beffroi.watch.hub import LiveHub
from beffroi.watch.ports import Captured

PICTURE = b"a picture"
PERIOD_S = 0.05


class StillConnection:
    """One upstream."""

    def __init__(self) -> None:
        self._left = asyncio.Event()

    def renew(self, lease: str) -> None:
        """Any lease will do here."""

    async def __aiter__(self) -> AsyncIterator[LiveMessage]:
        yield LiveInfo({"run": "run-1", "codec_string": "avc1.64001f", "width": 160, "height": 120})
        yield LiveInit(b"init")
        number = 0
        while not self._left.is_set():
            number += 1
            yield LiveFragment(number, number, True, PICTURE)
            await asyncio.sleep(PERIOD_S)

    async def close(self) -> None:
        """Leave."""
        self._left.set()


class StillLive:
    """Stands for `beffroi.watch.recorder.RecorderLive`."""

    async def __call__(self, camera: CameraId, stream: StreamName, lease: str) -> StillConnection:
        return StillConnection()

    async def captured(self, camera: CameraId) -> Captured:
        """One small stream."""
        return Captured({"sub": "avc1.64001f"}, {})


def show_stills(app: Any) -> None:
    """Have this centre's views show stills."""
    still = StillLive()
    app.state.viewing._live = still
    app.state.viewing.hub = LiveHub(still)
