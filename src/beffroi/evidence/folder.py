"""A package as somebody hands it over, a folder or a zip file: names are checked before anything is read."""

import hashlib
import os
import re
import stat
import struct
import zipfile
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}(/[A-Za-z0-9][A-Za-z0-9._-]{0,120}){0,3}")
_BLOCK: Final = 1 << 20
MAX_FILES: Final = 20_000


class Package(Protocol):
    """Files by name. `strange` are names or kinds of file that no package has."""

    names: frozenset[str]
    strange: tuple[str, ...]

    def read(self, name: str, *, most: int) -> bytes | None:
        """The whole file; None when it is not there or longer than ``most``."""
        ...

    def sha256(self, name: str) -> str:
        """Hash of a file, in hexadecimal."""
        ...

    def opened(self, name: str) -> "Opened":
        """A file that can be read anywhere."""
        ...


class Opened:
    """A stretch of a file of a disk, read where it is sliced: nothing stays open, however many files there are."""

    def __init__(self, path: Path, start: int, size: int) -> None:
        self._path, self._start, self._size = path, start, size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, at: slice) -> bytes:
        start, stop, _ = at.indices(self._size)
        fd = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            return os.pread(fd, stop - start, self._start + start) if stop > start else b""
        finally:
            os.close(fd)


class FilePackage:
    """Files of a disk, each found at a place of an open descriptor: a folder's own files, or stretches of a zip."""

    def __init__(self, found: dict[str, Opened], strange: list[str]) -> None:
        self._found = found
        self.names = frozenset(found)
        self.strange = tuple(sorted(strange))

    def read(self, name: str, *, most: int) -> bytes | None:
        opened = self._found.get(name)
        return None if opened is None or len(opened) > most else opened[0 : len(opened)]

    def sha256(self, name: str) -> str:
        hasher, opened = hashlib.sha256(), self._found[name]
        for at in range(0, len(opened), _BLOCK):
            hasher.update(opened[at : at + _BLOCK])
        return hasher.hexdigest()

    def opened(self, name: str) -> Opened:
        return self._found[name]


def open_package(path: Path) -> FilePackage:
    """Open a folder or a zip file.

    Raises:
        OSError: it cannot be read. zipfile.BadZipFile: not a zip file.
    """
    return _folder(path) if path.is_dir() else _zip(path)


def is_name(name: str) -> bool:
    """Whether a name may stand in a package: plain letters, no hidden file, nothing that leads out of it."""
    return bool(_NAME.fullmatch(name)) and ".." not in PurePosixPath(name).parts


def _folder(root: Path) -> FilePackage:
    found: dict[str, Opened] = {}
    strange: list[str] = []
    for folder, folders, files in os.walk(root, followlinks=False):
        for name in [*folders, *files]:
            path = Path(folder, name)
            status = path.lstat()
            kind = status.st_mode
            relative = os.fsencode(path.relative_to(root).as_posix()).decode(errors="replace")
            if stat.S_ISDIR(kind):
                continue
            if not stat.S_ISREG(kind) or not is_name(relative) or len(found) >= MAX_FILES:
                strange.append(relative)
                continue
            found[relative] = Opened(path, 0, status.st_size)
    return FilePackage(found, strange)


def _zip(path: Path) -> FilePackage:
    found: dict[str, Opened] = {}
    strange: list[str] = []
    whole = Opened(path, 0, path.stat().st_size)
    items, directory_at = _directory(path)
    spans: list[tuple[int, int]] = []
    for item in items:
        name = item.orig_filename  # as it is written: `filename` ends at its first NUL
        local = whole[item.header_offset : item.header_offset + 30]
        name_length = int.from_bytes(local[26:28], "little")
        start = item.header_offset + 30 + name_length + int.from_bytes(local[28:30], "little")
        spans.append((item.header_offset, start + item.compress_size))
        if name.endswith("/") and is_name(name[:-1]):
            continue
        inside = item.header_offset >= 0 and start + item.file_size <= len(
            whole
        )  # else nobody ends reading what is not there
        if not _is_plain(item, local) or not inside or name in found or len(found) >= MAX_FILES:
            strange.append(name[:200])
            continue
        # Some programs unpack by this header and never read the directory.
        if whole[item.header_offset + 30 : item.header_offset + 30 + name_length] != name.encode():
            strange.append(name[:200])
            continue
        found[name] = Opened(path, start, item.file_size)
    if not strange:
        _check_no_more(whole, spans, directory_at)
    return FilePackage(found, strange)


def _check_no_more(whole: Opened, spans: list[tuple[int, int]], directory_at: int) -> None:
    """Every byte is a file's, the directory's or the end's: another program may unpack what the rest hides.

    Raises:
        zipfile.BadZipFile: there is more, before, between or after.
    """
    at = 0
    for begin, end in sorted(spans):
        if begin != at:
            raise zipfile.BadZipFile("bytes that no file has")
        at = end
    tail = whole[max(0, len(whole) - 22) : len(whole)]
    if at != directory_at or tail[:4] != b"PK\x05\x06" or tail[20:] != bytes(2):
        raise zipfile.BadZipFile("bytes that no file has")


def _directory(path: Path) -> tuple[list[zipfile.ZipInfo], int]:
    """Its lines, and where it begins."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.infolist(), archive.start_dir
    except (ValueError, LookupError, NotImplementedError, OverflowError, struct.error) as error:
        # names that are no UTF-8, versions and places that no zip has: zipfile lets them through as they come
        raise zipfile.BadZipFile(type(error).__name__) from error


def _is_plain(item: zipfile.ZipInfo, local: bytes) -> bool:
    """Stored as it is, under a name that a package may have: neither packed, nor encrypted, nor a link."""
    stored = item.compress_type == zipfile.ZIP_STORED and item.compress_size == item.file_size
    is_link = stat.S_ISLNK(item.external_attr >> 16)
    encrypted = bool(item.flag_bits & 0x1)
    return is_name(item.orig_filename) and stored and not is_link and not encrypted and local[:4] == b"PK\x03\x04"
