"""When the recorder reads its sheets again: no change of their folder is missed, and none is read for ever."""

import math
import os
from pathlib import Path
from typing import Any

import pytest

from beffroi.capture import sheets as sheets_module
from beffroi.capture.paths import RecorderPaths
from beffroi.capture.sheets import SheetWatch
from beffroi.domain.clock import ManualClock
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.journal import ActKind


class Folder:
    """The folder of a recorder's sheets, its watch, and a clock that both go by."""

    def __init__(self, data: Path) -> None:
        self.paths = RecorderPaths(data)
        self.paths.prepare()
        self.clock = ManualClock()
        self.watch = SheetWatch(self.paths, self.clock, ClockWatch(self.clock), self._post)
        self.touched(-60.0)
        self.watch.changed()
        assert not self.watch.changed(), "nothing has changed since"

    def touched(self, seconds: float = 0.0) -> None:
        """A file came or went in it, now or so many seconds from now."""
        at_ns = self.clock.wall_us() * 1000 + round(seconds * 1e9)
        os.utime(self.paths.sheets, ns=(at_ns, at_ns))

    def _post(self, kind: ActKind, fields: dict[str, Any]) -> None:
        raise AssertionError(f"nothing is read here: {kind} {fields}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setattr(sheets_module, "REREAD_S", math.inf)  # what is asked is what the folder says
    return Folder(tmp_path)


def test_a_second_change_in_the_same_tick_of_the_file_system_is_seen(folder: Folder) -> None:
    """A sheet is a temporary file, then its name: the folder's time may be the same after both."""
    folder.touched()
    at_ns = folder.paths.sheets.stat().st_mtime_ns
    assert folder.watch.changed(), "the temporary file"
    os.utime(folder.paths.sheets, ns=(at_ns, at_ns))
    folder.clock.advance(0.5)
    assert folder.watch.changed(), "its name, in the same tick"
    folder.clock.advance(0.5)
    assert not folder.watch.changed(), "and once is enough"


@pytest.mark.parametrize("seconds", [-3600.0, -0.06, 0.06, 3600.0])
def test_a_change_of_another_tick_is_read_once(folder: Folder, seconds: float) -> None:
    """Also one from a clock that has been set back since."""
    folder.touched(seconds)
    assert folder.watch.changed()
    assert not folder.watch.changed()
