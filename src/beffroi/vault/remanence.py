"""What overwriting and unlinking cannot prove on the disk at hand: an honest list, by what the kernel says of it."""

import os
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final

_MOUNTS: Final = Path("/proc/self/mountinfo")
_COPY_ON_WRITE: Final = frozenset({"btrfs", "zfs", "bcachefs", "nilfs2", "f2fs", "overlay"})


class Remanence(StrEnum):
    """A way in which old bytes may remain."""

    SSD = "ssd"
    COPY_ON_WRITE = "copy_on_write"
    SNAPSHOTS = "snapshots"
    BACKUPS = "backups"


def remanence(path: Path) -> tuple[Remanence, ...]:
    """What cannot be proven for files under ``path``. A disk that does not say it is magnetic counts as an SSD."""
    try:
        device = path.stat().st_dev
    except OSError:
        device = 0
    return _of_device(device)


@lru_cache(maxsize=64)
def _of_device(device: int) -> tuple[Remanence, ...]:
    found = [] if _is_magnetic(device) else [Remanence.SSD]
    if _file_system(device) in _COPY_ON_WRITE:
        found.append(Remanence.COPY_ON_WRITE)
    return (*found, Remanence.SNAPSHOTS, Remanence.BACKUPS)


def _is_magnetic(device: int) -> bool:
    base = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    for place in (base / "queue", base.resolve().parent / "queue"):
        try:
            return (place / "rotational").read_text().strip() == "1"
        except OSError:
            continue
    return False


def _file_system(device: int) -> str:
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = _MOUNTS.read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        fields = line.split()
        if len(fields) > 2 and fields[2] == wanted and "-" in fields:
            return fields[fields.index("-") + 1]
    return ""
