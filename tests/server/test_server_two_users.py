"""In production recorder and centre are two Unix users of one group: what they share is open to it, no further."""

import stat
from pathlib import Path

from tests.support.liveworld import LiveWorld

from beffroi.capture.control import ControlServer


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_the_recorder_s_sockets_are_open_to_the_group_and_to_nobody_else(tmp_path: Path) -> None:
    async with LiveWorld(tmp_path) as world:
        assert mode(world.folder / "live.sock") == 0o660
    control = ControlServer(None)  # type: ignore[arg-type]  # nobody asks anything here
    await control.start(tmp_path / "recorder.sock")
    assert mode(tmp_path / "recorder.sock") == 0o660
    await control.stop()
