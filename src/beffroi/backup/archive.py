"""The files of an archive, one after the other, and the manifest that closes it: SHA-256 of each, nothing besides.

Inside the envelope: for each file a JSON head (length first), pieces (length first, 0 ends), and last the manifest.
Names are checked on both sides: what cannot be restored is not archived.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final

from beffroi.backup.envelope import SealedReader, SealedWriter
from beffroi.backup.errors import BackupFailedError
from beffroi.vault.ringfile import KdfCost
from beffroi.vault.signed import canonical

PIECE_BYTES: Final = 256 * 1024
MANIFEST: Final = "manifest"
_HEAD_LIMIT: Final = 4096
_MANIFEST_LIMIT: Final = 256 << 20
_MODES: Final = frozenset({0o600, 0o640, 0o644})
_PART: Final = re.compile(r"[A-Za-z0-9._+@=-]{1,200}")
_TOPS: Final = frozenset({"centre", "recorder", "database"})


def safe_name(name: object) -> bool:
    """Whether a file of this name may lie in an archive: relative, plain, under a known top folder."""
    if not isinstance(name, str) or not 0 < len(name) <= 500:
        return False
    parts = name.split("/")
    return (
        len(parts) > 1
        and parts[0] in _TOPS
        and all(part not in {".", ".."} and _PART.fullmatch(part) is not None for part in parts)
        and PurePosixPath(name).as_posix() == name
    )


@dataclass
class ArchiveWriter:
    """Writes one archive into an open file."""

    file: BinaryIO
    passphrase: str
    cost: KdfCost | None = None
    _files: dict[str, list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._out = SealedWriter(self.file, self.passphrase, cost=self.cost)

    def add(self, name: str, pieces: Iterable[bytes], *, mode: int = 0o600) -> None:
        """Add one file.

        Raises:
            BackupFailedError: a name that could not be restored, or twice the same.
        """
        if not safe_name(name) or name in self._files:
            raise BackupFailedError(f"« {name[:200]} » ne peut être archivé", f"“{name[:200]}” cannot be archived")
        self._head({"mode": mode if mode in _MODES else 0o600, "path": name})
        self._files[name] = list(self._pieces(pieces))

    def close(self, info: dict[str, Any]) -> None:
        """Write the manifest and end the stream."""
        manifest = canonical({"files": self._files, "info": info})
        self._head({MANIFEST: len(manifest)})
        self._out.write(manifest)
        self._out.close()

    def _head(self, fields: dict[str, Any]) -> None:
        head = canonical(fields)
        self._out.write(len(head).to_bytes(4, "big") + head)

    def _pieces(self, pieces: Iterable[bytes]) -> Iterator[int | str]:
        digest, size = hashlib.sha256(), 0
        for piece in pieces:
            for at in range(0, len(piece), PIECE_BYTES):
                part = piece[at : at + PIECE_BYTES]
                self._out.write(len(part).to_bytes(4, "big") + part)
                digest.update(part)
                size += len(part)
        self._out.write(bytes(4))
        yield size
        yield digest.hexdigest()


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """One file on its way out of an archive. ``pieces`` is to be used up before the next file is asked for."""

    name: str
    mode: int
    pieces: Iterator[bytes]


class ArchiveReader:
    """Reads one archive from front to back. `info` is known, and the whole believed, once `files` has ended."""

    def __init__(self, file: BinaryIO, passphrase: str, *, name: str) -> None:
        """Open it.

        Raises:
            BackupRefusedError, BackupPassphraseError.
        """
        self._in = SealedReader(file, passphrase, name=name)
        self._seen: dict[str, list[Any]] = {}
        self.info: dict[str, Any] = {}

    def files(self) -> Iterator[ArchivedFile]:
        """Every file, in order; ends when the manifest agrees with all of them.

        Raises:
            BackupRefusedError: altered, truncated, malformed, a name that leaves the target, a manifest that does not
                agree.
        """
        while True:
            head = self._fields(self._length(_HEAD_LIMIT))
            if set(head) == {MANIFEST}:
                self._close(head[MANIFEST])
                return
            name, mode = head.get("path"), head.get("mode")
            if set(head) != {"mode", "path"} or not isinstance(name, str) or mode not in _MODES:
                raise self._in.refused("un de ses fichiers est mal décrit", "one of its files is badly described")
            if not safe_name(name) or name in self._seen:
                raise self._in.refused("un nom de fichier sort de la cible", "a file name leaves the target")
            yield ArchivedFile(name, mode, self._pieces(name))
            if name not in self._seen:
                raise RuntimeError("a file of the archive was not read to its end")

    def _pieces(self, name: str) -> Iterator[bytes]:
        digest, size = hashlib.sha256(), 0
        while length := self._length(PIECE_BYTES):
            piece = self._in.read(length)
            digest.update(piece)
            size += length
            yield piece
        self._seen[name] = [size, digest.hexdigest()]

    def _close(self, length: object) -> None:
        if not isinstance(length, int) or not 0 < length <= _MANIFEST_LIMIT:
            raise self._in.refused("son inventaire est mal formé", "its manifest is malformed")
        manifest = self._fields(length)
        self._in.finish()
        if manifest.get("files") != self._seen or not isinstance(manifest.get("info"), dict):
            raise self._in.refused("son inventaire n'est pas celui de ses fichiers", "its manifest is not of its files")
        self.info = manifest["info"]

    def _length(self, limit: int) -> int:
        length = int.from_bytes(self._in.read(4), "big")
        if length > limit:
            raise self._in.refused("une longueur est hors bornes", "a length is out of bounds")
        return length

    def _fields(self, length: int) -> dict[str, Any]:
        try:
            fields = json.loads(self._in.read(length))
        except (ValueError, RecursionError) as error:
            raise self._in.refused("une description est illisible", "a description is unreadable") from error
        if not isinstance(fields, dict):
            raise self._in.refused("une description est mal formée", "a description is malformed")
        return fields
