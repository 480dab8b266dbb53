"""What is known of time, kept on disk: the last believed instant, in which boot, and how long the clock was doubted.

Monotonic stamps are only compared within one boot (`boot_id`). The clock meant here counts the time a machine was
suspended (CLOCK_BOOTTIME): with CLOCK_MONOTONIC, which stands still meanwhile, every wake-up would look like a step.
"""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from beffroi.base.files import write_durable

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "boot": (str,), "known_us": (int,), "at_s": (int, float), "origin_us": (int,), "origin_s": (int, float),
    "doubt_s": (int, float), "doubtful": (bool,), "since_boot": (bool,),
}  # fmt: skip


def boot_id() -> str:
    """This boot's name by the kernel; empty when it gives none (then each start counts as a new boot)."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a `ClockWatch` knew when it was written.

    ``known_us`` is the believed wall time (in doubt: by the steady clock) at ``at_s`` of the boot's steady clock;
    ``origin_us`` and ``origin_s`` the same when it began to watch. ``doubt_s`` is what the present doubt has already
    lasted; ``since_boot``: the doubt was there at this boot's start.
    """

    boot: str
    known_us: int
    at_s: float
    origin_us: int
    origin_s: float
    doubt_s: float
    doubtful: bool
    since_boot: bool


class StampFile:
    """One stamp in one file, replaced whole. A file that cannot be read is as none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Stamp | None:
        """The stamp, or None."""
        try:
            fields: Any = json.loads(self._path.read_bytes()[:4096])
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(fields, dict) or set(fields) != set(_KINDS):
            return None
        if any(type(value) not in _KINDS[name] for name, value in fields.items()):
            return None
        numbers = [value for value in fields.values() if type(value) in (int, float)]
        if not all(math.isfinite(value) and 0 <= value < 1 << 62 for value in numbers):
            return None
        return Stamp(**fields)

    def write(self, stamp: Stamp) -> None:
        """Replace it, durably.

        Raises:
            OSError, FsyncFailedError: the disk refuses.
        """
        write_durable(self._path, json.dumps(asdict(stamp)).encode())
