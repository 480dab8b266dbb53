"""Files of documents: kept once each under their SHA-256, whatever they are called, and never altered.

A file is what a person scanned or received: it is evidence, not a source. Nothing in it is run or shown as a page.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from beffroi.base.files import fsync_dir, write_durable
from beffroi.domain.errors import BadInputError, BrokenError, NotFoundError
from beffroi.domain.text import Text
from beffroi.registry.scan import ScanDates, read_scan

MAX_BYTES: Final = 25 * 1024 * 1024

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MAGIC: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
# An ODT is a ZIP whose first entry, stored as it is, must be its own type (OpenDocument 1.3, part 2, 3.3).
_ODT_TYPE: Final = "application/vnd.oasis.opendocument.text"
_ODT_FIRST: Final = b"mimetype" + _ODT_TYPE.encode()
_ZIP: Final = b"PK\x03\x04"
_ZIP_NAME_AT: Final = 30

SUFFIXES: Final = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    _ODT_TYPE: ".odt",
}
"""Media types that are taken, and how a copy handed out is called."""


_UNREAD: Final = ScanDates()


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the folder. ``media_type`` was told from its first bytes, never from its name; ``read`` are the dates
    that a machine read on it."""

    sha256: str
    media_type: str
    size_bytes: int
    read: ScanDates = _UNREAD


class Attachments:
    """The folder of attached files.

    Args:
        folder: made when it is not there; only the centre's user enters it.
        read: what reads the dates on a file.
    """

    def __init__(self, folder: Path, *, read: Callable[[bytes], ScanDates] = read_scan) -> None:
        self._folder = folder
        self._read = read

    def put(self, data: bytes) -> StoredFile:
        """Keep a file; the same bytes are kept once. When this returns, the file is on disk.

        Raises:
            BadInputError: empty, larger than `MAX_BYTES`, or neither PDF, PNG, JPEG nor ODT by its first bytes.
        """
        kind = media_type(data)
        stored = StoredFile(hashlib.sha256(data).hexdigest(), kind, len(data), self._read(data))
        path = self._path(stored.sha256)
        if not path.exists() or not self._whole(path, stored.sha256):
            self._make(path.parent)
            write_durable(path, data)
        return stored

    def open(self, sha256: str) -> bytes:
        """The bytes of a file, checked against their digest.

        Raises:
            NotFoundError: no such file. BrokenError: the file on disk is no longer the one that was kept.
        """
        path = self._path(sha256)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError(Text(fr="Ce fichier n'est pas enregistré.", en="This file is not recorded.")) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise BrokenError(
                Text(
                    fr="Le fichier de cette pièce est abîmé sur le disque : restaurez-le depuis une sauvegarde.",
                    en="The file of this document is damaged on disk: restore it from a backup.",
                )
            )
        return data

    def stat(self, sha256: str) -> StoredFile | None:
        """What is kept under a digest; None: nothing, or what is there is damaged."""
        path = self._path(sha256)
        if not path.exists() or not self._whole(path, sha256):
            return None
        data = path.read_bytes()
        return StoredFile(sha256, media_type(data), len(data), self._read(data))

    def _path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise NotFoundError(Text(fr="Ce fichier n'est pas enregistré.", en="This file is not recorded."))
        return self._folder / sha256[:2] / sha256

    def _whole(self, path: Path, sha256: str) -> bool:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256

    def _make(self, folder: Path) -> None:
        for one in (self._folder, folder):
            if not one.exists():
                one.mkdir(mode=0o700, parents=True, exist_ok=True)
                fsync_dir(one.parent)


def media_type(data: bytes) -> str:
    """The type of a file, from its first bytes.

    Raises:
        BadInputError: empty, too large, or none of the types that are taken.
    """
    if len(data) > MAX_BYTES:
        raise BadInputError(
            Text(
                fr=f"Ce fichier dépasse {MAX_BYTES // 1024 // 1024} Mo : numérisez-le en moindre définition.",
                en=f"This file is larger than {MAX_BYTES // 1024 // 1024} MB: scan it at a lower resolution.",
            )
        )
    for magic, found in _MAGIC:
        if data.startswith(magic):
            return found
    if data.startswith(_ZIP) and data[_ZIP_NAME_AT : _ZIP_NAME_AT + len(_ODT_FIRST)] == _ODT_FIRST:
        return _ODT_TYPE
    raise BadInputError(
        Text(
            fr="Ce fichier n'est ni un PDF, ni une image PNG ou JPEG, ni un document ODT : convertissez-le en PDF.",
            en="This file is neither a PDF, nor a PNG or JPEG picture, nor an ODT document: convert it to PDF.",
        )
    )
