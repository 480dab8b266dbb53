"""Durable files: write, fsync, rename, fsync the directory; and no second try after a failed fsync."""

import os
import secrets
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text


class FsyncFailedError(BrokenError):
    """The disk did not confirm a write. The process must end: the kernel may have dropped the pages, so a retry
    would report success for data that is not there (fsync errors are reported once only)."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            Text(
                fr=f"Le disque n'a pas confirmé l'écriture de {path.name} : le programme s'arrête pour ne rien "
                "affirmer de faux. Vérifiez le disque, puis relancez.",
                en=f"The disk did not confirm the write of {path.name}: the program stops rather than claim what it "
                "cannot know. Check the disk, then start again.",
            )
        )
        self.path = path


@dataclass
class Syncs:
    """How long this process has waited for its disk: a count and a sum that only grow, for figures."""

    count: int = 0
    seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, seconds: float) -> None:
        """One more confirmed write."""
        with self._lock:
            self.count += 1
            self.seconds += seconds


SYNCS: Final = Syncs()


def fsync_fd(fd: int, path: Path, *, data_only: bool = False) -> None:
    """Force one open file to disk.

    Raises:
        FsyncFailedError: never retried; the caller lets it end the process.
    """
    began_s = time.perf_counter()
    try:
        if data_only:
            os.fdatasync(fd)
        else:
            os.fsync(fd)
    except OSError as error:
        raise FsyncFailedError(path) from error
    SYNCS.add(time.perf_counter() - began_s)


def fsync_dir(path: Path) -> None:
    """Force the entries of a directory to disk."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fsync_fd(fd, path)
    finally:
        os.close(fd)


def write_durable(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Replace a file so that after a power cut either the old or the new content is there, whole."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        fsync_fd(fd, path)
    finally:
        os.close(fd)
    temporary.replace(path)
    fsync_dir(path.parent)


def unlink_durable(path: Path) -> None:
    """Remove a file and make the removal durable; a missing file is already removed."""
    path.unlink(missing_ok=True)
    fsync_dir(path.parent)
