"""`beffroi backup FOLDER`: one archive of a centre, made while it runs, read back before it counts."""

import os
import secrets
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from sqlalchemy import Engine

from beffroi import __version__
from beffroi.backup.archive import PIECE_BYTES, ArchiveReader, ArchiveWriter
from beffroi.backup.database import dump
from beffroi.backup.errors import BackupFailedError
from beffroi.backup.hourplace import PLACE_RECORD, reach, sync_all
from beffroi.backup.registercopy import PAYLOADS, VERIFIER, copy_register, discard
from beffroi.base.files import fsync_dir, fsync_fd, write_durable
from beffroi.domain.clock import Clock, instant
from beffroi.gate.restored import MARK_FILE
from beffroi.vault.ringcopy import CopyReport
from beffroi.vault.ringfile import KdfCost
from beffroi.vault.signed import canonical

SUFFIX: Final = ".backup"
KEEP: Final = 14
LAST_FILE: Final = "last-backup.json"
"""In the centre's folder: when the last one was made, for those who look after the machine."""

_IMAGES: Final = frozenset({"packages", "derived"})
"""Deliveries and masked copies that wait to be handed over: pictures must not outlive their end in an archive."""
_LEFT_OUT: Final = frozenset({"ledger", "beffroi.sqlite", "ledger-index.sqlite", PAYLOADS, VERIFIER}) | _IMAGES
_SQLITE_ASIDE: Final = ("-wal", "-shm", "-journal")
_OWN: Final = frozenset({PLACE_RECORD, LAST_FILE, MARK_FILE})
_RECORDER: Final = ("identity.key", "identity.pub", "trust")
_STAGING: Final = ".backup-"


@dataclass(frozen=True, slots=True)
class Made:
    """One back-up: its file, its size in bytes, entries of the register in it, files in it, and the hour keys' copy."""

    path: Path
    bytes: int
    entries: int
    files: int
    hours: CopyReport


def make(
    data: Path,
    folder: Path,
    passphrase: str,
    engine: Engine,
    clock: Clock,
    *,
    hours: Path | None = None,
    keep: int = KEEP,
    cost: KdfCost | None = None,
) -> Made:
    """Save a centre. It may be running.

    Args:
        data: the data folder.
        folder: where archives lie; the newest ``keep`` of them are kept.
        passphrase: seals the archive; at least 12 characters.
        engine: the centre's database.
        clock: dates it.
        hours: where the one copy of the hour keys lies; ``folder/hours`` by default.
        keep: how many archives stay.
        cost: what guessing the passphrase costs (tests lower it).

    Raises:
        BackupFailedError: something could not be read whole. CopyMissingError: the hour keys' disk is not there.
        BadInputError: a short passphrase. OSError: the disk.
    """
    centre = data / "centre"
    if not (centre / "secrets").is_dir():
        raise BackupFailedError("ce dossier n'est pas celui d'un centre", "this folder is not a centre's")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    copied = sync_all(centre, reach(centre, hours if hours is not None else folder / "hours"))
    created_us, name = clock.wall_us(), secrets.token_hex(4)
    path = folder / f"beffroi-{instant(created_us):%Y%m%dT%H%M%SZ}-{name}{SUFFIX}"
    staging, partial = centre / f"{_STAGING}{name}", path.with_name(f".{path.name}.partial")
    staging.mkdir(mode=0o700)
    try:
        fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as file:
            writer = ArchiveWriter(file, passphrase, cost=cost)
            info = _write(writer, data, staging, engine)
            info |= {"created_us": created_us, "hours_held": copied.held, "program": __version__}
            writer.close(info)
            file.flush()
            fsync_fd(file.fileno(), partial)
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        files = read_back(partial, passphrase)
        partial.replace(path)
        fsync_dir(folder)
    finally:
        discard(staging)
        partial.unlink(missing_ok=True)
    _drop_older(folder, keep)
    entries = int(info["register"]["size"])
    write_durable(
        centre / LAST_FILE, canonical({"at_us": created_us, "entries": entries, "file": path.name, "files": files})
    )
    return Made(path, path.stat().st_size, entries, files, copied)


def read_back(path: Path, passphrase: str) -> int:
    """Read an archive through: every byte authenticated, every digest computed again. Returns how many files.

    Raises:
        BackupRefusedError, BackupPassphraseError.
    """
    with path.open("rb") as file:
        count = 0
        for one in ArchiveReader(file, passphrase, name=path.name).files():
            count += 1
            for _ in one.pieces:
                pass
    return count


def archives(folder: Path) -> list[Path]:
    """The archives of a folder, newest first; of two of the same second, the one written last."""

    def age(path: Path) -> tuple[str, int]:
        return path.name[: len("beffroi-20260101T000000Z")], path.stat().st_mtime_ns

    return sorted(folder.glob(f"beffroi-*{SUFFIX}"), key=age, reverse=True)


def _write(writer: ArchiveWriter, data: Path, staging: Path, engine: Engine) -> dict[str, Any]:
    """Everything in its order: rows refer to files and entries that exist before them, never after."""
    centre, recorder = data / "centre", data / "recorder"
    rows = dump(engine, writer.add)
    for path in _files(centre):
        _add(writer, path, data)
    for top in _RECORDER:
        for path in _files(recorder / top):
            _add(writer, path, data)
    register = copy_register(centre, staging)
    writer.add(f"centre/{VERIFIER}", pieces(centre / VERIFIER), mode=0o644)
    for path in _plain(staging):
        writer.add(f"centre/{path.relative_to(staging).as_posix()}", pieces(path), mode=_mode(path.lstat()))
    return {"database": rows, "register": register}


def _add(writer: ArchiveWriter, path: Path, data: Path) -> None:
    """One file; nothing when the running centre has removed it meanwhile, as it does at its end."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        writer.add(path.relative_to(data).as_posix(), _read(file), mode=_mode(os.fstat(file.fileno())))


def _files(root: Path) -> Iterator[Path]:
    """What is saved of a folder as it lies there: all but the register, the databases, the private hour
    keys, and pictures."""
    if root.is_file() and not root.is_symlink():
        yield root
        return
    for path in _plain(root, without=_LEFT_OUT | _OWN):
        parts = path.relative_to(root).parts
        if path.name.endswith(_SQLITE_ASIDE):
            continue
        if parts[0] == "keyrings" and len(parts) > 3:
            continue  # private halves of hours and cases, in folders of the ring: only in the one copy
        yield path


def _plain(root: Path, *, without: Collection[str] = ()) -> Iterator[Path]:
    """The files of a folder, in order, but those ``without``. What vanishes meanwhile, a centre at work removed."""
    try:
        found = sorted(root.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    for path in found:
        if path.name.startswith(".") or path.name in without:
            continue  # a passing name, gone or renamed in a moment; or a lock
        try:
            kind = path.lstat().st_mode
        except FileNotFoundError:
            continue
        if stat.S_ISDIR(kind):
            yield from _plain(path)
        elif stat.S_ISREG(kind):
            yield path
        elif not stat.S_ISSOCK(kind):
            raise BackupFailedError(
                f"« {path.name} » n'est pas un fichier ordinaire : retirez-le", f"“{path.name}” is not a plain file"
            )


def pieces(path: Path) -> Iterator[bytes]:
    """A file's bytes."""
    with path.open("rb") as file:
        yield from _read(file)


def _read(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE_BYTES):
        yield piece


def _mode(status: os.stat_result) -> int:
    return stat.S_IMODE(status.st_mode)


def _drop_older(folder: Path, keep: int) -> None:
    for path in archives(folder)[max(1, keep) :]:
        path.unlink()
    fsync_dir(folder)
