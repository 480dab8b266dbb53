"""Is this the disk that this recorder wrote on? A mark on the recorder's folder and one on the folder of its files.

Both hold the vault's id, the recorder's public name and how many times it was opened. A mount point whose disk is not
there, another recorder's disk, or an older copy of either, is refused before anything is written: an image on the wrong
disk is an image that nobody destroys at its term.

A mark is two records of 256 bytes in turn: a power cut in the middle of one leaves the other. At each opening the mark
of the files is written first, the folder's second: one step of difference is a crash between the two, more is another
disk.
"""

import hashlib
import os
import secrets
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from beffroi.base.files import fsync_dir, fsync_fd
from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text

MARK: Final = "vault.mark"
RECORD_BYTES: Final = 256
_MAGIC: Final = b"BFDM\x00\x00\x00\x01"
_BODY: Final = struct.Struct(">8s16s32sQ")
_DIGEST_BYTES: Final = 32


class WrongDiskError(BrokenError):
    """The disk under a folder is not the one that this recorder wrote on. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a mark says. ``recorder`` is the hash of the recorder's public key; ``opened`` counts openings from 1."""

    vault: bytes
    recorder: bytes
    opened: int

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The newer of the two records that are whole; None when there is no mark.

        Raises:
            WrongDiskError: there is a mark and no record of it is whole.
        """
        try:
            data = (folder / MARK).read_bytes()
        except FileNotFoundError:
            return None
        found = [cls._parse(data[at : at + RECORD_BYTES]) for at in (0, RECORD_BYTES)]
        whole = [mark for mark in found if mark is not None]
        if not whole:
            raise WrongDiskError(
                Text(
                    fr=f"La marque du disque {folder / MARK} est illisible : vérifiez ce disque. S'il est bien celui "
                    "de cet enregistreur, effacez ce fichier puis relancez.",
                    en=f"The disk's mark {folder / MARK} cannot be read: check this disk. If it is this recorder's "
                    "own, remove that file and start again.",
                )
            )
        return max(whole, key=lambda mark: mark.opened)

    def write(self, folder: Path) -> None:
        """Write into the record that is not the newest one, and have it confirmed.

        Raises:
            FsyncFailedError: let it end the process. OSError: the disk refuses.
        """
        path = folder / MARK
        is_new = not path.exists()
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(fd, self._pack(), self.opened % 2 * RECORD_BYTES)
            fsync_fd(fd, path)
        finally:
            os.close(fd)
        if is_new:
            fsync_dir(folder)

    def _pack(self) -> bytes:
        body = _BODY.pack(_MAGIC, self.vault, self.recorder, self.opened)
        padded = body.ljust(RECORD_BYTES - _DIGEST_BYTES, b"\0")
        return padded + hashlib.sha256(padded).digest()

    @classmethod
    def _parse(cls, record: bytes) -> Self | None:
        padded, digest = record[:-_DIGEST_BYTES], record[-_DIGEST_BYTES:]
        if len(record) != RECORD_BYTES or hashlib.sha256(padded).digest() != digest:
            return None
        magic, vault, recorder, opened = _BODY.unpack_from(padded)
        return cls(vault, recorder, opened) if magic == _MAGIC else None


def open_disk(root: Path, recorder: bytes) -> Mark:
    """Check that the recorder's folder and its ``streams`` belong together and to this recorder, and count the opening.

    Args:
        root: the recorder's folder.
        recorder: the recorder's public key.

    Raises:
        WrongDiskError: with what to do. FsyncFailedError: let it end the process.
    """
    streams = root / "streams"
    name = hashlib.sha256(recorder).digest()
    mine, theirs = Mark.read(root), Mark.read(streams)
    if mine is None and theirs is None:
        mark = Mark(secrets.token_bytes(16), name, 1)
    else:
        mark = _agree(root, name, mine, theirs)
    mark.write(streams)
    mark.write(root)
    return mark


def disk_is_there(root: Path) -> bool:
    """Whether the files' folder still carries a mark when the recorder's does: asked before each new file. A folder
    without any mark (an older one, a test's) says nothing."""
    return (root / "streams" / MARK).exists() or not (root / MARK).exists()


def _agree(root: Path, name: bytes, mine: Mark | None, theirs: Mark | None) -> Mark:
    streams = root / "streams"
    if theirs is None:
        raise WrongDiskError(
            Text(
                fr=f"Le disque des images n'est pas monté sur {streams} : rien n'a été écrit. Montez-le puis "
                f"relancez. S'il est remplacé par un disque neuf, effacez {root / MARK} puis relancez.",
                en=f"The disk of the images is not mounted on {streams}: nothing was written. Mount it and start "
                f"again. If a new disk replaces it, remove {root / MARK} and start again.",
            )
        )
    if mine is None and theirs.recorder == name:
        return replace(theirs, opened=theirs.opened + 1)  # the folder was restored from a back-up, its disk lived on
    if mine is None or mine.vault != theirs.vault or not mine.recorder == theirs.recorder == name:
        raise WrongDiskError(
            Text(
                fr=f"Le disque monté sur {streams} appartient à un autre enregistreur : rien n'a été écrit. Montez le "
                f"bon disque. Pour reprendre celui-ci, effacez {streams / MARK} et {root / MARK}, puis relancez.",
                en=f"The disk mounted on {streams} belongs to another recorder: nothing was written. Mount the right "
                f"one. To take this one over, remove {streams / MARK} and {root / MARK}, then start again.",
            )
        )
    if not 0 <= theirs.opened - mine.opened <= 1:
        older = streams if theirs.opened < mine.opened else root
        raise WrongDiskError(
            Text(
                fr=f"Le dossier {older} est une copie plus ancienne (ouverture {min(mine.opened, theirs.opened)} au "
                f"lieu de {max(mine.opened, theirs.opened)}) : rien n'a été écrit. Remontez l'original. Si la copie "
                f"doit servir, effacez {streams / MARK} et {root / MARK}, puis relancez.",
                en=f"The folder {older} is an older copy (opening {min(mine.opened, theirs.opened)} instead of "
                f"{max(mine.opened, theirs.opened)}): nothing was written. Mount the original again. If the copy is to "
                f"serve, remove {streams / MARK} and {root / MARK}, then start again.",
            )
        )
    return replace(theirs, opened=theirs.opened + 1)
