"""Another time of day for whole programs, from outside: each process that is started with `environment` reads the
machine's clocks through a shim of Python's `time` that adds what a file says. Wall, monotonic and boot time move
together, as on a machine that was asleep. The programs themselves know nothing of it."""

import os
import struct
from pathlib import Path

from beffroi.base.clock import SystemClock

_SHIM = """
import mmap, os, struct, time

_file = open(os.environ["SHIFTED_CLOCK"], "rb")
_map = mmap.mmap(_file.fileno(), 8, prot=mmap.PROT_READ)
_REAL = {name: getattr(time, name) for name in ("time", "time_ns", "monotonic", "monotonic_ns", "clock_gettime")}

def _shift_ns():
    return struct.unpack("<q", _map[:8])[0]

time.time_ns = lambda: _REAL["time_ns"]() + _shift_ns()
time.time = lambda: time.time_ns() / 1e9
time.monotonic_ns = lambda: _REAL["monotonic_ns"]() + _shift_ns()
time.monotonic = lambda: time.monotonic_ns() / 1e9
time.clock_gettime = lambda clock: _REAL["clock_gettime"](clock) + (_shift_ns() / 1e9 if clock in (0, 1, 7) else 0)
"""


class ShiftedClock(SystemClock):
    """The same shifted time, in the test's own process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "shift"
        folder.mkdir(parents=True)
        (folder / "sitecustomize.py").write_text(_SHIM)
        self._path.write_bytes(struct.pack("<q", 0))

    @property
    def environment(self) -> dict[str, str]:
        """What a program is started with."""
        return {**os.environ, "PYTHONPATH": str(self._folder), "SHIFTED_CLOCK": str(self._path)}

    @property
    def shift_us(self) -> int:
        """How far ahead of the machine it is."""
        found: int = struct.unpack("<q", self._path.read_bytes())[0]
        return found // 1000

    def wall_us(self) -> int:
        return super().wall_us() + self.shift_us

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.shift_us / 1e6

    def go_to(self, wall_us: int) -> None:
        """Be there now; never back."""
        ahead_us = max(0, wall_us - self.wall_us())
        with self._path.open("r+b") as file:
            file.write(struct.pack("<q", (self.shift_us + ahead_us) * 1000))
