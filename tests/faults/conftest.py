"""Where trials of killed processes lie."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_MEMORY = Path("/dev/shm")


@pytest.fixture
def quick_path() -> Iterator[Path]:
    """An empty folder in memory, gone after the test; on disk where the machine has no such place.

    For faults in which the machine lives on, its page cache with it: a process killed or refused at a call, a file
    spoilt by the test. What the disk has confirmed plays no part there, and hundreds of trials wait for it for nothing.
    """
    with tempfile.TemporaryDirectory(prefix="beffroi-faults-", dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        yield Path(folder)
