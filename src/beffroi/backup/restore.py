"""`beffroi restore FOLDER --into DATA`: an archive becomes a centre again, whole or not at all, and shut.

Everything is written and verified in a folder beside the target, which gets its name last.
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from beffroi.backup.archive import ArchiveReader
from beffroi.backup.database import check_empty, load
from beffroi.backup.errors import BackupRefusedError, RestoreFailedError
from beffroi.backup.hourplace import PLACE_RECORD
from beffroi.backup.make import archives
from beffroi.backup.registercopy import PAYLOADS, VERIFIER
from beffroi.base.db import open_engine
from beffroi.base.files import fsync_dir, fsync_fd, write_durable
from beffroi.domain.clock import Clock
from beffroi.gate.restored import RestoredMark
from beffroi.ledger.note import NoteError, parse_verifier
from beffroi.ledger.verify import verify
from beffroi.vault.ringcopy import CopyMissingError, RingCopy
from beffroi.vault.signed import canonical

_DATABASE: Final = "beffroi.sqlite"


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back: the archive, its instant, entries of the register, private hour keys; ``expired`` of them were
    past their term and destroyed instead. ``recorder``: its identity came from the archive (False: it was there)."""

    archive: str
    backup_us: int
    entries: int
    hours: int
    expired: int
    recorder: bool


def chosen(source: Path) -> Path:
    """The archive meant: a file, or the newest of a folder.

    Raises:
        RestoreFailedError: there is none.
    """
    found = [source] if source.is_file() else archives(source)
    if not found:
        raise RestoreFailedError(f"aucune sauvegarde dans « {source} »", f"there is no back-up in “{source}”")
    return found[0]


def restore(
    source: Path,
    data: Path,
    passphrase: str,
    clock: Clock,
    *,
    hours: Path | None = None,
    without_hours: bool = False,
    clock_is_right: bool = False,
    engine: Engine | None = None,
) -> Restored:
    """Bring a centre back.

    Args:
        source: an archive, or the folder that holds them (the newest is taken).
        data: the data folder; it holds no centre. A recorder that lies there goes on, untouched.
        passphrase: the archive's.
        clock: what is past its term by it is destroyed, not restored.
        hours: where the copy of the hour keys lies; ``hours`` beside the archive by default.
        clock_is_right: a person checked the time, although the copy was last written more than 7 days ago.
        without_hours: do without it: all that was recorded until now stays shut for ever.
        engine: an empty database to fill instead of the folder's own SQLite file.

    Raises:
        BackupRefusedError, BackupPassphraseError: the archive is not whole, or not opened by this.
        RestoreFailedError: the target is not empty, or is of another centre. CopyMissingError: no hour keys there.
        CopyClockError: the machine's time is to be checked first.
    """
    archive = chosen(source)
    centre = data / "centre"
    if os.path.lexists(centre):
        raise RestoreFailedError("un centre s'y trouve déjà", "a centre is there already")
    copy = None if without_hours else RingCopy.open(hours if hours is not None else archive.parent / "hours")
    if copy is not None and not clock_is_right:
        copy.check_clock(clock.wall_us())
    if engine is not None:
        check_empty(engine)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    staging = data / f".restoring-{secrets.token_hex(4)}"
    staging.mkdir(mode=0o700)
    try:
        info = _unpack(archive, passphrase, staging)
        _verify_register(staging / "centre", info, archive.name)
        new_recorder = _check_recorder(data / "recorder", staging / "recorder")
        expired, poured = (0, 0) if copy is None else _pour(staging / "centre", copy, clock)
        own = None if engine is not None else open_engine(f"sqlite:///{staging / 'centre' / _DATABASE}")
        target = engine if engine is not None else own
        assert target is not None  # noqa: S101  one of the two
        load(target, info["database"], _lines(staging / "database"), name=archive.name)
        if own is not None:
            own.dispose()
        done = Restored(archive.name, info["created_us"], info["register"]["size"], poured, expired, new_recorder)
        _mark(staging / "centre", info, done, clock)
        _publish(staging, data, with_recorder=new_recorder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return done


def _unpack(archive: Path, passphrase: str, staging: Path) -> dict[str, Any]:
    with archive.open("rb") as file:
        reader = ArchiveReader(file, passphrase, name=archive.name)
        folders = {staging}
        for one in reader.files():
            path = staging / one.name
            try:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, one.mode)
            except (FileExistsError, NotADirectoryError) as error:
                raise BackupRefusedError(
                    archive.name, "deux fichiers y ont la même place", "two files have one place in it"
                ) from error
            with os.fdopen(fd, "wb") as out:
                for piece in one.pieces:
                    out.write(piece)
                out.flush()
                os.fchmod(out.fileno(), one.mode)
                fsync_fd(out.fileno(), path)
            folders |= set(path.parents) & {path.parent, *path.parent.parents}
        info = reader.info
    for folder in folders:
        if folder.is_relative_to(staging):
            folder.chmod(0o700)
            fsync_dir(folder)
    _check_info(info, archive.name)
    return info


def _check_info(info: dict[str, Any], name: str) -> None:
    register, database = info.get("register"), info.get("database")
    numbers = (info.get("created_us"), register.get("size") if isinstance(register, dict) else None)
    if not isinstance(database, dict) or not all(isinstance(one, int) and one >= 0 for one in numbers):
        raise BackupRefusedError(name, "son inventaire est incomplet", "its manifest is incomplete")


def _verify_register(centre: Path, info: dict[str, Any], name: str) -> None:
    try:
        verifier = parse_verifier((centre / VERIFIER).read_text())
    except (OSError, NoteError, UnicodeDecodeError) as error:
        raise BackupRefusedError(name, "la clé du registre y manque", "the register's key is missing in it") from error
    report = verify(centre / "ledger", verifier, payloads=centre / PAYLOADS)
    if not report.clean or report.checkpoint is None or report.checkpoint.size != info["register"]["size"]:
        raise BackupRefusedError(name, "son registre ne se vérifie pas", "its register does not verify")


def _check_recorder(there: Path, archived: Path) -> bool:
    """Whether the recorder's identity is to come from the archive. One that lies there must trust this centre.

    Raises:
        RestoreFailedError: the recorder that is there belongs to another centre.
    """
    key = "trust/sheet.pub"
    if not (there / key).exists():
        return archived.exists() and not there.exists()
    if (archived / key).exists() and (there / key).read_bytes() != (archived / key).read_bytes():
        raise RestoreFailedError(
            "l'enregistreur de ce dossier obéit à un autre centre", "the recorder in this folder obeys another centre"
        )
    return False


def _pour(centre: Path, copy: RingCopy, clock: Clock) -> tuple[int, int]:
    """Hour keys past their term are destroyed in the copy first; what is left goes into the rings."""
    expired, poured = copy.destroy_due(clock.wall_us()), 0
    for head in sorted((centre / "keyrings").glob("*/ring.json")):
        try:
            poured += copy.pour(head.parent)
        except CopyMissingError:
            continue  # a ring that never had an hour
    write_durable(centre / PLACE_RECORD, canonical({"name": copy.name, "path": str(copy.place.absolute())}))
    return expired, poured


def _lines(folder: Path) -> Callable[[str], Iterator[bytes]]:
    def lines(table: str) -> Iterator[bytes]:
        path = folder / f"{table}.jsonl"
        if not path.is_file():
            raise ValueError(table)
        with path.open("rb") as file:
            yield from file

    return lines


def _mark(centre: Path, info: dict[str, Any], done: Restored, clock: Clock) -> None:
    RestoredMark(centre).write(
        {
            "version": 1,
            "archive": done.archive,
            "backup_us": done.backup_us,
            "restored_us": clock.wall_us(),
            "entries": done.entries,
            "checkpoint": info["register"].get("checkpoint"),
            "hours": done.hours,
            "expired": done.expired,
        }
    )


def _publish(staging: Path, data: Path, *, with_recorder: bool) -> None:
    """Give the folders their names; the centre's last: before that, nothing was restored."""
    if with_recorder:
        (staging / "recorder").rename(data / "recorder")
    (data / "run").mkdir(exist_ok=True, mode=0o750)
    (staging / "centre").rename(data / "centre")
    fsync_dir(data)
