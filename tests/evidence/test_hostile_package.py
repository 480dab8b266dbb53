"""What is handed over was made to stop, mislead or tire out whoever verifies it: it is refused, and said."""

import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.evidence.test_package import kinds, zipped
from tests.support.commands import run
from tests.support.evidence import Made, forge, make_package

from beffroi.evidence.findings import Kind
from beffroi.evidence.frames import check_file, parse_proof
from beffroi.evidence.key import vkey


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("evidence")
    (root / "streams").mkdir()
    return make_package(root)


def _line(raw: bytearray, name: bytes) -> int:
    return raw.rindex(b"PK\x01\x02", 0, raw.rindex(name))


def _beyond(raw: bytearray) -> None:
    """The directory gives a file a size that no reader would see the end of."""
    struct.pack_into("<II", raw, _line(raw, b"proof/log.json") + 20, 0x7FFF_FFFF, 0x7FFF_FFFF)


def _renamed(raw: bytearray, name: bytes) -> None:
    at = _line(raw, b"proof/log.json") + 46
    raw[at : at + 14] = name


def _no_text(raw: bytearray) -> None:
    struct.pack_into("<H", raw, _line(raw, b"proof/log.json") + 8, 0x800)
    _renamed(raw, b"proof/log.jso\xff")


def _version(raw: bytearray) -> None:
    raw[_line(raw, b"proof/log.json") + 6] = 99


DIRECTORIES: dict[str, tuple[Callable[[bytearray], None], Kind]] = {
    "a size beyond the file": (_beyond, Kind.FILE_STRAY),
    "a name with NUL": (lambda raw: _renamed(raw, b"proof/log.js\0n"), Kind.FILE_STRAY),
    "a folder with two strokes": (lambda raw: _renamed(raw, b"proof/folder//"), Kind.FILE_STRAY),
    "a name that is no text": (_no_text, Kind.MANIFEST_MISSING),
    "a version that no zip has": (_version, Kind.MANIFEST_MISSING),
}


def torn_directory(made: Made, to: Path, name: str) -> Path:
    raw = bytearray(zipped(made.folder, to).read_bytes())
    DIRECTORIES[name][0](raw)
    to.write_bytes(raw)
    return to


@pytest.mark.parametrize("name", DIRECTORIES)
def test_a_zip_whose_directory_lies_is_never_valid(made: Made, tmp_path: Path, name: str) -> None:
    found = kinds(torn_directory(made, tmp_path / "remise.zip", name))
    assert DIRECTORIES[name][1] in found


def _moved(raw: bytearray, at: int, by: int) -> None:
    """The directory follows what was put in at ``at``."""
    end = raw.rindex(b"PK\x05\x06")
    line, start = struct.unpack_from("<I", raw, end + 16)[0] + by, end + 16
    struct.pack_into("<I", raw, start, line)
    while raw[line : line + 4] == b"PK\x01\x02":
        name, extra, comment = struct.unpack_from("<HHH", raw, line + 28)
        offset = struct.unpack_from("<I", raw, line + 42)[0]
        struct.pack_into("<I", raw, line + 42, offset + by * (offset >= at))
        line += 46 + name + extra + comment


def _hidden() -> bytes:
    """A whole file of its own, as a program that reads from the beginning unpacks it."""
    name = b"manifest.json"
    return struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 2, 2, len(name), 0) + name + b"{}"


def _prefix(raw: bytearray) -> None:
    raw[0:0] = _hidden()


def _prefix_told(raw: bytearray) -> None:
    hidden = _hidden()
    raw[0:0] = hidden
    _moved(raw, 0, len(hidden))


def _between(raw: bytearray) -> None:
    hidden, at = _hidden(), raw.index(b"PK\x03\x04", 100)
    raw[at:at] = hidden
    _moved(raw, at, len(hidden))


def _before_directory(raw: bytearray) -> None:
    hidden, at = _hidden(), raw.index(b"PK\x01\x02")
    raw[at:at] = hidden
    _moved(raw, at, len(hidden))


def _after(raw: bytearray) -> None:
    raw.extend(b"and more")


def _commented(raw: bytearray) -> None:
    raw[-2:] = struct.pack("<H", 8)
    raw.extend(b"and more")


def _local_name(raw: bytearray) -> None:
    at = raw.index(b"PK\x03\x04", raw.index(b"proof/log.json") - 30) + 30
    raw[at : at + 14] = b"proof/log.jsom"


MORE_THAN_FILES: dict[str, tuple[Callable[[bytearray], None], Kind]] = {
    "a file before the archive": (_prefix, Kind.MANIFEST_MISSING),
    "a file before the archive, and the directory knows": (_prefix_told, Kind.MANIFEST_MISSING),
    "a file between two files": (_between, Kind.MANIFEST_MISSING),
    "a file before the directory": (_before_directory, Kind.MANIFEST_MISSING),
    "bytes after the end": (_after, Kind.MANIFEST_MISSING),
    "a comment": (_commented, Kind.MANIFEST_MISSING),
    "another name in front of the file": (_local_name, Kind.FILE_STRAY),
}


@pytest.mark.parametrize("name", MORE_THAN_FILES)
def test_a_zip_that_another_program_unpacks_otherwise_is_never_valid(made: Made, tmp_path: Path, name: str) -> None:
    raw = bytearray(zipped(made.folder, tmp_path / "remise.zip").read_bytes())
    change, expected = MORE_THAN_FILES[name]
    change(raw)
    (tmp_path / "remise.zip").write_bytes(raw)
    assert expected in kinds(tmp_path / "remise.zip")


@pytest.mark.parametrize("folders", [False, True])
def test_a_zip_with_or_without_its_folders_is_as_good(made: Made, tmp_path: Path, folders: bool) -> None:
    with zipfile.ZipFile(tmp_path / "remise.zip", "w") as archive:
        for one in sorted(made.folder.rglob("*")):
            if folders or one.is_file():
                archive.write(one, one.relative_to(made.folder).as_posix())
    assert kinds(tmp_path / "remise.zip") == kinds(made.folder)


def test_a_name_that_ends_at_its_nul_is_not_the_file_of_that_name(made: Made, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "remise.zip", "w") as archive:
        for one in sorted(made.folder.rglob("*")):
            if one.is_file():
                info = zipfile.ZipInfo(one.relative_to(made.folder).as_posix())
                info.filename += "\0x" * (info.filename == "manifest.json")
                archive.writestr(info, one.read_bytes())
    assert kinds(tmp_path / "remise.zip") == {Kind.MANIFEST_MISSING}


class _Behind:
    """A file behind a terabyte that is not there (a sparse file): nobody may ask for it whole."""

    SIZE = 1 << 40

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def __len__(self) -> int:
        return self.SIZE + len(self._raw)

    def __getitem__(self, at: slice) -> bytes:
        assert at.stop - at.start < 1 << 30
        return self._raw[at.start - self.SIZE : at.stop - self.SIZE]


def test_a_head_of_a_terabyte_is_not_read(made: Made) -> None:
    one = made.manifest.files[0]
    raw, proof = (made.folder / one.path).read_bytes(), parse_proof((made.folder / one.proof).read_bytes())
    assert check_file(one.path, raw, proof) == []
    assert {found.kind for found in check_file(one.path, _Behind(raw), proof)} == {Kind.HEAD_ALTERED}


@pytest.mark.parametrize("name", [b"\x1b[8mVALIDE", b"a\nVALIDE", b"\xc2\x9b8m", "\u202emp4".encode(), b"\xff\xfe"])
def test_a_name_in_the_package_cannot_write_the_verdict(made: Made, tmp_path: Path, name: bytes) -> None:
    folder = forge(made, tmp_path / "forged")
    Path(folder, os.fsdecode(name)).write_bytes(b"x")
    for more in ((), ("--json",)):
        said = run("evidence", "verify", str(folder), *more)
        assert said.code == 1
        assert said.output.encode()
        assert not any(line.startswith("VALID") for line in said.output.splitlines())
        assert "\x1b" not in said.output
    shown = run("evidence", "verify", str(folder)).output
    assert not {"\x9b", "\u202e"} & set(shown)


def test_the_first_key_of_a_name_is_the_one_as_the_page_takes_it(made: Made, tmp_path: Path) -> None:
    folder = forge(made, tmp_path / "forged")
    more = vkey(Ed25519PrivateKey.generate())
    (folder / "verify" / "keys.txt").open("a").write(f"{more}\n")
    found = json.loads(run("evidence", "verify", str(folder), "--json").output)["findings"]
    assert {(one["kind"], one["where"]) for one in found} == {("file_altered", "verify/keys.txt")}
