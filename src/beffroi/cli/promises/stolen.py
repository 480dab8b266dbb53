"""Files carried off while the programs that write them go on."""

import contextlib
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

_SQLITE: Final = b"SQLite format 3\0"
_BESIDE_DATABASE: Final = ("-wal", "-shm")


def take(source: Path, target: Path, *, deep: bool = True) -> None:
    """Copy the files of a folder, with those of its folders unless not ``deep``. One that goes meanwhile is not there.

    A database is taken as one moment of it; what lies raw beside it gets another name, for the two are of two moments.
    """
    target.mkdir(parents=True, exist_ok=True)
    for folder, _, names in os.walk(source):  # which bears that a folder goes meanwhile
        for name in names:
            path = Path(folder, name)
            with contextlib.suppress(FileNotFoundError):
                if path.is_file():
                    _copy(path, target / path.relative_to(source))
        if not deep:
            return


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.name.endswith(_BESIDE_DATABASE):
        shutil.copyfile(path, target.with_name(f"{target.name}.raw"))
        return
    with path.open("rb") as file:
        database = file.read(len(_SQLITE)) == _SQLITE
    if not database:
        shutil.copyfile(path, target)
        return
    with (
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as taken,
        closing(sqlite3.connect(target)) as copy,
    ):
        taken.backup(copy)
