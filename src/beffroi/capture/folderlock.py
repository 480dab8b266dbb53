"""One recorder a folder."""

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text

_LOCK_S: Final = 30.0


class AlreadyRunningError(BrokenError):
    """Another recorder, or a rebuilding of its catalogue, works in this folder."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Un enregistreur, ou « beffroi vault rebuild », travaille déjà dans ce dossier : arrêtez-le ou "
                "attendez sa fin, ou choisissez un autre dossier.",
                en="A recorder, or “beffroi vault rebuild”, already works in this folder: stop it or wait for its end, "
                "or choose another folder.",
            )
        )


def lock_folder(path: Path, *, wait_s: float = _LOCK_S) -> int:
    """Lock the file; the lock is inherited by the workers: it is free once all of them have closed their files.

    Raises:
        AlreadyRunningError: still held after ``wait_s``.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline_s = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline_s:
                os.close(fd)
                raise AlreadyRunningError from None
            time.sleep(0.1)
        else:
            return fd
